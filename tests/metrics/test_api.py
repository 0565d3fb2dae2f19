"""Measures, KPIs, sources, values and records by REST."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from foundation.clients.models import Scope
from foundation.clients.services.tokens import create_token
from foundation.runs.services import execute
from metrics.models import KPI, Batch, Measure, Record, Source
from metrics.services.standing_values import refresh_months
from people.models import User
from tests.cast import Cast
from tests.metrics import calls as call_log
from tests.metrics.conftest import import_file

pytestmark = pytest.mark.django_db

OCTOBER = datetime.date(2025, 10, 1)
READ, WRITE = Scope.METRICS_READ, Scope.METRICS_WRITE
Api = Callable[..., APIClient]


@pytest.fixture
def api() -> Api:
    def acting_as(user: User, *scopes: str) -> APIClient:
        _token, secret = create_token(actor=user, name="test", scopes=list(scopes or (READ, WRITE)))
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}", HTTP_ACCEPT_LANGUAGE="en")
        return client

    return acting_as


@pytest.fixture
def month(cast: Cast, telephone: Source, agents: list[str]) -> None:
    import_file(cast.hr, telephone, call_log.calls_csv(call_log.make_calls(agents, count=200, first=OCTOBER)))
    for run in refresh_months(OCTOBER, OCTOBER):
        execute(run.pk)


VERSION = {
    "valid_from": "2025-10-01",
    "formula": "sum(resolved) / sum(answered)",
    "unit": "percent",
    "direction": "higher",
    "target": "85.5",
    "bands": [[0, 20], [70, 60.5]],
    "denominator_zh": "已接听",
    "denominator_en": "answered calls",
}
KPI_BODY = {
    "code": "first_contact",
    "name_en": "First contact",
    "dimension": "quality",
    "perspective": "process",
    "version": VERSION,
}


def test_a_kpi_from_nothing_to_its_second_version(cast: Cast, catalogue: None, api: Api) -> None:
    client = api(cast.hr)
    response = client.post("/api/v1/kpis/", KPI_BODY, format="json")
    assert response.status_code == 201, response.content
    body = response.json()
    assert body["versions"][0]["target"] == "85.500000"
    assert body["versions"][0]["bands"] == [[0, 20], [70, 60.5]]
    later = {**VERSION, "valid_from": "2026-01-01", "target": "90"}
    response = client.post("/api/v1/kpis/first_contact/versions/", later, format="json")
    assert (response.status_code, response.json()["number"]) == (201, 2)
    response = client.patch(
        "/api/v1/kpis/first_contact/", {"is_active": False, "name_zh": "首解率"}, format="json"
    )
    assert (response.json()["is_active"], response.json()["name_zh"]) == (False, "首解率")


def test_a_wrong_formula_says_where(cast: Cast, catalogue: None, api: Api) -> None:
    body = {**KPI_BODY, "version": {**VERSION, "formula": "sum(resolved) ; 1"}}
    response = api(cast.hr).post("/api/v1/kpis/", body, format="json")
    assert response.status_code == 400
    problem = response.json()
    assert (problem["code"], problem["field"], problem["params"]["position"]) == (
        "formula_character",
        "formula",
        14,
    )
    assert not KPI.objects.filter(code="first_contact").exists()


MALFORMED: list[Any] = [
    pytest.param({}, id="nothing"),
    pytest.param([], id="a list"),
    pytest.param({**KPI_BODY, "version": "first"}, id="a version that is none"),
    pytest.param({**KPI_BODY, "version": {**VERSION, "target": 1e400}}, id="infinity"),
    pytest.param(
        {**KPI_BODY, "version": {**VERSION, "bands": [[0, 10**400]]}}, id="a huge number in the bands"
    ),
    pytest.param({**KPI_BODY, "version": {**VERSION, "bands": {"a": {}}}}, id="bands of another shape"),
    pytest.param({**KPI_BODY, "version": {**VERSION, "decimals": 10**30}}, id="a huge integer"),
    pytest.param({**KPI_BODY, "version": {**VERSION, "formula": "\x00"}}, id="NUL"),
    pytest.param({**KPI_BODY, "name_en": "\ud800"}, id="a lone surrogate"),
    pytest.param({**KPI_BODY, "version": {**VERSION, "valid_from": "9999-99-99"}}, id="no day"),
    pytest.param({**KPI_BODY, "dimension": ["quality"]}, id="a list for a choice"),
]


@pytest.mark.parametrize("body", MALFORMED)
def test_malformed_kpis_are_the_callers_mistake(cast: Cast, catalogue: None, api: Api, body: Any) -> None:
    before = KPI.objects.count()
    response = api(cast.hr).post("/api/v1/kpis/", json.dumps(body), content_type="application/json")
    assert 400 <= response.status_code < 500, response.content
    assert KPI.objects.count() == before


def test_measures_and_sources(cast: Cast, catalogue: None, api: Api) -> None:
    client = api(cast.hr)
    response = client.post(
        "/api/v1/measures/", {"code": "emails", "name_en": "E-mails", "minimum": 0}, format="json"
    )
    assert response.status_code == 201
    response = client.put("/api/v1/measures/emails/", {"name_en": "Mails", "maximum": 99.5}, format="json")
    assert response.json()["maximum"] == 99.5
    source = {"code": "phone", "name_en": "Phone", "kind": "records", "mapping": call_log.MAPPING}
    assert client.post("/api/v1/sources/", source, format="json").status_code == 201
    response = client.patch("/api/v1/sources/phone/", {"precedence": 5}, format="json")
    assert (response.json()["precedence"], response.json()["mapping"]) == (5, call_log.MAPPING)
    response = client.patch(
        "/api/v1/sources/phone/", {"mapping": {"columns": 1}, "precedence": 6}, format="json"
    )
    assert (response.status_code, response.json()["code"]) == (400, "mapping_place")
    assert Source.objects.get().precedence == 5


def test_values_of_a_month(cast: Cast, month: None, api: Api) -> None:
    response = api(cast.manager, READ).get(
        "/api/v1/kpi-values/?period=2025-10&employee=E0004&kpi=resolution_rate"
    )
    (value,) = response.json()["results"]
    assert (value["employee"], value["unit"], value["minimum_sample"]) == ("E0004", "percent", 50)
    assert set(value["inputs"]) == {"sum(resolved)", "sum(answered)"}
    assert value["n"] == value["inputs"]["sum(answered)"]
    own = api(cast.outsider, READ).get("/api/v1/kpi-values/?period=2025-10&employee=E0004").json()
    assert own["results"] == []
    for period in ("2025-13", "october", "99999-01", "", "2025-10-01"):
        assert api(cast.hr).get(f"/api/v1/kpi-values/?period={period}").status_code in (200, 400)


PUSH: dict[str, Any] = {
    "source": "telephone",
    "batch": "2025-10-08 morning",
    "records": [
        {
            "record_id": "R1",
            "employee": "E0004",
            "occurred_at": "2025-10-08T10:00:00+08:00",
            "values": {"answered": 1, "satisfaction": 5},
        },
        {
            "record_id": "R2",
            "employee": "E0005",
            "day": "2025-10-08",
            "values": {"answered": 0, "satisfaction": None},
        },
    ],
}


class TestPush:
    def test_records_are_stored_once(self, cast: Cast, telephone: Source, api: Api) -> None:
        client = api(cast.hr)
        key = {"HTTP_IDEMPOTENCY_KEY": "morning"}
        first = client.post("/api/v1/records/", PUSH, format="json", **key)
        assert first.status_code == 201, first.content
        assert first.json()["stored"] is True
        assert (first.json()["batch"]["rows"], first.json()["batch"]["first_day"]) == (2, "2025-10-08")
        again = client.post("/api/v1/records/", PUSH, format="json", **key)
        assert again.json() == first.json()
        assert again["Idempotency-Replayed"] == "true"
        without = client.post("/api/v1/records/", PUSH, format="json")
        assert (without.status_code, without.json()["stored"]) == (200, False)
        assert dict(Record.objects.values_list("external_id", "values")) == {
            "R1": {"answered": 1, "satisfaction": 5},
            "R2": {"answered": 0},
        }

    def test_the_same_name_replaces(self, cast: Cast, telephone: Source, api: Api) -> None:
        client = api(cast.hr)
        client.post("/api/v1/records/", PUSH, format="json")
        client.post("/api/v1/records/", {**PUSH, "records": PUSH["records"][:1]}, format="json")
        assert Record.objects.count() == 1
        assert sorted(Batch.objects.values_list("state", flat=True)) == ["live", "replaced"]

    def test_another_name_does_not(self, cast: Cast, telephone: Source, api: Api) -> None:
        client = api(cast.hr)
        client.post("/api/v1/records/", PUSH, format="json")
        response = client.post("/api/v1/records/", {**PUSH, "batch": "afternoon"}, format="json")
        assert response.status_code == 200  # the very same records are there already
        other = {**PUSH, "batch": "afternoon", "records": [{**PUSH["records"][0], "queue": "x"}]}
        response = client.post("/api/v1/records/", other, format="json")
        assert response.status_code == 422
        assert response.json()["errors"][0]["pointer"] == "#/records/0/record_id"
        assert response.json()["errors"][0]["code"] == "record_elsewhere"

    @pytest.mark.parametrize(
        ("change", "pointer", "code"),
        [
            pytest.param({"employee": "E9999"}, "#/records/1/employee", "employee_not_found", id="nobody"),
            pytest.param(
                {"day": None, "occurred_at": "soon"}, "#/records/1/day", "date_unreadable", id="no moment"
            ),
            pytest.param(
                {"values": {"satisfaction": 9}}, "#/records/1/values/satisfaction", "value_above", id="nine"
            ),
            pytest.param({"record_id": "R1"}, "#/records/1/record_id", "record_id_twice", id="twice"),
        ],
    )
    def test_one_wrong_record_stores_none(
        self, cast: Cast, telephone: Source, api: Api, change: dict[str, Any], pointer: str, code: str
    ) -> None:
        second = {key: value for key, value in {**PUSH["records"][1], **change}.items() if value is not None}
        body = {**PUSH, "records": [PUSH["records"][0], second]}
        response = api(cast.hr).post("/api/v1/records/", body, format="json")
        assert response.status_code == 422, response.content
        assert response.json()["errors"][0]["pointer"] == pointer
        assert response.json()["errors"][0]["code"] == code
        assert not Record.objects.exists()
        assert not Batch.objects.exists()

    @pytest.mark.parametrize(
        "body",
        [
            pytest.param({**PUSH, "source": "nowhere"}, id="unknown source"),
            pytest.param({**PUSH, "records": []}, id="no records"),
            pytest.param({**PUSH, "records": [{}]}, id="an empty record"),
            pytest.param({**PUSH, "records": "all"}, id="records that are none"),
            pytest.param({**PUSH, "batch": ""}, id="no name"),
            pytest.param({**PUSH, "replaces": 10**18}, id="a huge batch id"),
            pytest.param(
                {**PUSH, "records": [{**PUSH["records"][0], "values": {"luck": 1}}]}, id="unknown measure"
            ),
            pytest.param(
                {**PUSH, "records": [{**PUSH["records"][0], "values": {"answered": 1e308}}]}, id="huge value"
            ),
            pytest.param(
                {**PUSH, "records": [{**PUSH["records"][0], "values": {"answered": {}}}]}, id="no value"
            ),
            pytest.param({**PUSH, "records": [{**PUSH["records"][0], "record_id": "\x00"}]}, id="NUL"),
            pytest.param(
                {**PUSH, "records": [{**PUSH["records"][0], "values": {"": 1}}]},
                id="a measure without a code",
            ),
        ],
    )
    def test_malformed_pushes(self, cast: Cast, telephone: Source, api: Api, body: Any) -> None:
        response = api(cast.hr).post("/api/v1/records/", json.dumps(body), content_type="application/json")
        assert 400 <= response.status_code < 500, response.content
        assert not Record.objects.exists()


WRITES = [
    ("post", "/api/v1/kpis/", KPI_BODY),
    ("post", "/api/v1/kpis/resolution_rate/versions/", VERSION),
    ("patch", "/api/v1/kpis/resolution_rate/", {"is_active": False}),
    ("post", "/api/v1/measures/", {"code": "x", "name_en": "x"}),
    ("put", "/api/v1/measures/answered/", {"name_en": "x"}),
    ("post", "/api/v1/sources/", {"code": "x", "name_en": "x", "kind": "records"}),
    ("patch", "/api/v1/sources/telephone/", {"precedence": 1}),
    ("post", "/api/v1/records/", PUSH),
]


def test_nobody_else_writes(cast: Cast, month: None, api: Api) -> None:
    before = (KPI.objects.count(), Measure.objects.count(), Source.objects.count(), Record.objects.count())
    for who in (cast.auditor, cast.manager, cast.agent, cast.payroll):
        client = APIClient()
        client.force_login(who)  # no token could carry the scope; neither may the browser
        for method, address, body in WRITES:
            assert getattr(client, method)(address, body, format="json").status_code == 403, (
                who.login,
                address,
            )
    reader = api(cast.hr, READ)
    for method, address, body in WRITES:
        assert getattr(reader, method)(address, body, format="json").status_code == 403, address
    after = (KPI.objects.count(), Measure.objects.count(), Source.objects.count(), Record.objects.count())
    assert after == before
    assert KPI.objects.get(code="resolution_rate").is_active


READS = {
    "/api/v1/kpis/": {"hr", "auditor", "manager", "agent"},
    "/api/v1/kpis/resolution_rate/": {"hr", "auditor", "manager", "agent"},
    "/api/v1/measures/": {"hr", "auditor", "manager", "agent"},
    "/api/v1/sources/": {"hr", "auditor"},
    "/api/v1/sources/telephone/": {"hr", "auditor"},
    "/api/v1/batches/": {"hr", "auditor"},
    "/api/v1/kpi-values/": {"hr", "auditor", "manager", "agent"},
    "/api/v1/records/": {"hr", "auditor", "manager", "agent"},
}


def test_who_reads_what(cast: Cast, month: None, api: Api) -> None:
    for who in ("hr", "auditor", "manager", "agent"):
        client = api(getattr(cast, who), READ)
        for address, readers in READS.items():
            response = client.get(address)
            assert response.status_code == (200 if who in readers else 403), (who, address)
    employees = {row["employee"] for row in api(cast.agent, READ).get("/api/v1/records/").json()["results"]}
    assert employees == {"E0004"}
    employees = {
        row["employee"] for row in api(cast.outsider, READ).get("/api/v1/records/").json()["results"]
    }
    assert employees == {"E0008"}


@pytest.mark.parametrize(
    "address", ["/api/v1/records/", "/api/v1/kpi-values/", "/api/v1/kpis/", "/api/v1/batches/"]
)
def test_queries_do_not_grow_with_rows(cast: Cast, month: None, api: Api, address: str) -> None:
    client = api(cast.hr, READ)
    client.get(address)
    counts = []
    for limit in (2, 50):
        with CaptureQueriesContext(connection) as queries:
            assert client.get(f"{address}?limit={limit}").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]
