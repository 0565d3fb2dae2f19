"""The pages of this room, by role, in both languages."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from foundation.intake.models import Import
from foundation.runs.services import execute
from metrics.models import KPI, KPIVersion, Measure, Record, Source
from metrics.services.standing_values import refresh_months
from people.models import User
from tests.cast import Cast
from tests.factories import MembershipFactory, UserFactory
from tests.metrics import calls as call_log
from tests.metrics.conftest import import_file

pytestmark = pytest.mark.django_db

OCTOBER = datetime.date(2025, 10, 1)
LAST = datetime.date(2025, 10, 31)
LANGUAGES = ["en", "zh-hans"]


@pytest.fixture
def month(cast: Cast, telephone: Source, agents: list[str]) -> None:
    import_file(cast.hr, telephone, call_log.calls_csv(call_log.make_calls(agents, count=300, first=OCTOBER)))
    for run in refresh_months(OCTOBER, LAST):
        execute(run.pk)


def sign_in(client: Client, user: User, language: str = "en") -> Client:
    User.objects.filter(pk=user.pk).update(locale=language)
    client.force_login(user)
    return client


def pages(cast: Cast) -> dict[str, tuple[str, set[str]]]:
    """Name of the page: address, and who of the cast may read it."""
    everyone = {"hr", "auditor", "payroll", "manager", "agent", "outsider"}
    readers = {"hr", "auditor"}
    return {
        "kpis": ("/kpis/", everyone),
        "kpi": ("/kpis/resolution_rate/", everyone),
        "qualitative kpi": ("/kpis/courtesy/", everyone),
        "new kpi": ("/kpis/new/", {"hr"}),
        "change kpi": ("/kpis/resolution_rate/edit/", {"hr"}),
        "measures": ("/measures/", readers),
        "new measure": ("/measures/new/", {"hr"}),
        "change measure": ("/measures/answered/edit/", {"hr"}),
        "sources": ("/sources/", readers),
        "source": ("/sources/telephone/", readers),
        "new source": ("/sources/new/", {"hr"}),
        "change source": ("/sources/telephone/edit/", {"hr"}),
        "numbers": ("/numbers/?month=2025-10", everyone),
        "number": (
            f"/numbers/{cast.agent.pk}/resolution_rate/?month=2025-10",
            {"hr", "auditor", "payroll", "manager", "agent"},
        ),
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_by_role(cast: Cast, month: None, language: str) -> None:
    for who in ("hr", "auditor", "payroll", "manager", "agent", "outsider"):
        client = sign_in(Client(), getattr(cast, who), language)
        for name, (address, readers) in pages(cast).items():
            response = client.get(address)
            expected = 200 if who in readers else 404 if name == "number" else 403
            assert response.status_code == expected, (name, who)
            if expected == 200:
                text = response.content.decode().partition("<main")[2].partition("</main>")[0]
                assert "%(" not in text, (name, who)
                assert 'style="' not in text, (name, who)


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_before_there_is_anything(cast: Cast, language: str) -> None:
    for who in ("hr", "manager", "agent", "auditor"):
        client = sign_in(Client(), getattr(cast, who), language)
        for address in ("/kpis/", "/numbers/", "/measures/", "/sources/"):
            assert client.get(address).status_code in (200, 403), address


def test_the_matrix_shows_the_team_and_nobody_else(cast: Cast, month: None) -> None:
    text = sign_in(Client(), cast.manager).get("/numbers/?month=2025-10").content.decode()
    assert cast.agent.name in text
    assert cast.peer.name in text
    assert cast.outsider.name not in text
    own = sign_in(Client(), cast.agent).get("/numbers/?month=2025-10").content.decode()
    assert "My numbers" in own
    assert cast.peer.name not in own


def test_a_foreign_and_a_missing_person_alike(cast: Cast, month: None) -> None:
    client = sign_in(Client(), cast.agent)
    answers = {
        client.get(f"/numbers/{pk}/resolution_rate/?month=2025-10").status_code
        for pk in (cast.outsider.pk, 999_999, 2**63, 10**30)
    }
    assert answers == {404}


@pytest.mark.parametrize(
    "query", ["month=2025-13", "month=x", "month=0000-01", "month=9999-12", "month=2025-10&cursor=x"]
)
def test_odd_addresses(cast: Cast, month: None, query: str) -> None:
    client = sign_in(Client(), cast.hr)
    for address in ("/numbers/", f"/numbers/{cast.agent.pk}/resolution_rate/"):
        assert client.get(f"{address}?{query}").status_code in (200, 400, 404)


def test_queries_do_not_grow_with_people(cast: Cast, month: None) -> None:
    def count() -> int:
        client = sign_in(Client(), cast.hr)
        client.get("/numbers/?month=2025-10")
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/numbers/?month=2025-10").status_code == 200
        return len(queries)

    few = count()
    for _number in range(40):
        MembershipFactory(user=UserFactory(), team=cast.blue, job=cast.job_agent)
    assert count() == few


def test_queries_do_not_grow_with_kpis(cast: Cast, month: None) -> None:
    client = sign_in(Client(), cast.hr)
    client.get("/kpis/")
    with CaptureQueriesContext(connection) as few:
        client.get("/kpis/")
    for number in range(20):
        kpi = KPI.objects.create(code=f"k{number}", name_en="K", dimension="quality", perspective="process")
        KPIVersion.objects.create(
            kpi=kpi, number=1, valid_from=OCTOBER, formula="sum(answered)", unit="count", direction="higher"
        )
    with CaptureQueriesContext(connection) as many:
        client.get("/kpis/")
    assert len(many) == len(few)


FORM: dict[str, Any] = {
    "code": "first_contact",
    "name_zh": "首次解决率",
    "name_en": "First contact resolution",
    "dimension": "quality",
    "perspective": "process",
    "valid_from": "2025-10-01",
    "formula": "sum(resolved) / sum(answered)",
    "unit": "percent",
    "direction": "higher",
    "target": "85",
    "bands": "0 = 20, 70 = 50，85＝85",
    "decimals": "1",
    "minimum_sample": "30",
    "denominator_zh": "已接听的服务",
    "denominator_en": "answered calls",
}


def test_a_kpi_is_made_and_changed_in_the_browser(cast: Cast, month: None) -> None:
    client = sign_in(Client(), cast.hr)
    response = client.post("/kpis/new/", FORM)
    assert response.status_code == 302
    version = KPI.objects.get(code="first_contact").versions.get()
    assert version.bands == [[0, 20], [70, 50], [85, 85]]
    change = {**FORM, "target": "90", "valid_from": "2025-11-01"}
    assert client.post("/kpis/first_contact/edit/", change).status_code == 302
    assert [each.target for each in KPI.objects.get(code="first_contact").versions.all()] == [90, 85]
    client.post("/kpis/first_contact/active/", {"active": "0"})
    assert not KPI.objects.get(code="first_contact").is_active


def test_the_editor_shows_a_round_target_as_people_write_it(cast: Cast, month: None) -> None:
    client = sign_in(Client(), cast.hr)
    assert client.post("/kpis/new/", {**FORM, "target": "240"}).status_code == 302
    page = client.get("/kpis/first_contact/edit/").content.decode()
    assert 'value="240"' in page
    assert "E+" not in page


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        pytest.param({"formula": "sum(resolved) / sum(luck)"}, "luck", id="unknown measure"),
        pytest.param({"denominator_en": ""}, "divided by", id="no denominator"),
        pytest.param({"bands": "some"}, "A band is two numbers", id="bands"),
        pytest.param({"code": "Großes"}, "A code begins with a letter", id="code"),
        pytest.param({"target": "1e400"}, "", id="a number that is none"),
        pytest.param({"valid_from": "soon"}, "", id="no day"),
    ],
)
def test_a_wrong_kpi_keeps_what_was_typed(
    cast: Cast, month: None, changes: dict[str, str], told: str
) -> None:
    client = sign_in(Client(), cast.hr)
    response = client.post("/kpis/new/", {**FORM, **changes})
    assert response.status_code == 422
    text = response.content.decode()
    assert told in text
    assert "首次解决率" in text
    assert not KPI.objects.filter(name_zh="首次解决率").exists()


CHECKS = [
    pytest.param(
        "sum(resolved) / sum(answered)", ["Resolved calls ÷ Answered calls", "October 2025"], id="good"
    ),
    pytest.param("sum(resolved) / sum(luck)", ["no measure luck", "<mark>l</mark>"], id="unknown measure"),
    pytest.param("sum(resolved) /", ["ends too early", "<mark>"], id="ends early"),
    pytest.param("<script>alert(1)</script>", ["&lt;", "no meaning"], id="a script"),
    pytest.param("(" * 400, ["nested too deeply"], id="deep"),
    pytest.param("x" * 1900, ["1900 characters"], id="long"),
    pytest.param("1 / 0", ["names no measure"], id="no measure at all"),
    pytest.param("sum(answered) / (sum(answered) - sum(answered))", ["no value"], id="a division by zero"),
    pytest.param("sum(sales_amount)", ["no value"], id="nothing came in"),
]


@pytest.mark.parametrize(("formula", "told"), CHECKS)
def test_the_live_check(cast: Cast, month: None, formula: str, told: list[str]) -> None:
    client = sign_in(Client(), cast.hr)
    text = client.post(
        "/kpis/check/", {"formula": formula, "unit": "percent", "decimals": "1"}
    ).content.decode()
    for part in told:
        assert part in text
    assert "<script>" not in text


def test_nobody_else_changes_anything(cast: Cast, month: None) -> None:
    before = (KPI.objects.count(), Measure.objects.count(), Source.objects.count())
    for who in (cast.auditor, cast.manager, cast.agent, cast.payroll):
        client = sign_in(Client(), who)
        for address, data in (
            ("/kpis/new/", FORM),
            ("/kpis/resolution_rate/edit/", FORM),
            ("/kpis/resolution_rate/active/", {"active": "0"}),
            ("/kpis/check/", FORM),
            ("/kpis/catalogue/", {}),
            ("/measures/new/", {"code": "x", "name_en": "x", "unit": "count"}),
            ("/measures/answered/edit/", {"name_en": "x", "unit": "count"}),
            (
                "/sources/new/",
                {"code": "x", "name_en": "x", "kind": "records", "time_zone": "UTC", "precedence": "1"},
            ),
            ("/sources/telephone/edit/", {"name_en": "x", "time_zone": "UTC", "precedence": "1"}),
        ):
            assert client.post(address, data).status_code == 403, (who.login, address)
    assert (KPI.objects.count(), Measure.objects.count(), Source.objects.count()) == before
    assert KPI.objects.get(code="resolution_rate").is_active


def test_measures_and_sources_in_the_browser(cast: Cast, catalogue: None) -> None:
    client = sign_in(Client(), cast.hr)
    client.post("/measures/new/", {"code": "emails", "name_en": "E-mails", "unit": "count", "minimum": "0"})
    assert Measure.objects.get(code="emails").minimum == 0
    client.post("/measures/emails/edit/", {"name_en": "Mails", "unit": "count", "maximum": "500"})
    assert Measure.objects.get(code="emails").name_en == "Mails"
    response = client.post(
        "/sources/new/",
        {
            "code": "mail",
            "name_zh": "邮件",
            "kind": "totals",
            "time_zone": "Asia/Shanghai",
            "precedence": "50",
        },
    )
    assert response["Location"] == "/sources/mail/"
    client.post(
        "/sources/mail/edit/",
        {"name_zh": "邮件系统", "time_zone": "UTC", "precedence": "60", "is_active": "on"},
    )
    assert Source.objects.get(code="mail").precedence == 60


def test_the_catalogue_is_taken_over_by_a_click(cast: Cast) -> None:
    client = sign_in(Client(), cast.hr)
    assert "Take over the catalogue" in client.get("/kpis/").content.decode()
    client.post("/kpis/catalogue/")
    assert KPI.objects.count() > 12


class TestMappingPage:
    """The columns of an unknown file, matched in the browser alone."""

    @pytest.fixture
    def draft(self, cast: Cast, catalogue: None, agents: list[str]) -> tuple[Client, Import]:
        client = sign_in(Client(), cast.hr)
        data = {
            "code": "phone",
            "name_en": "Phone",
            "kind": "records",
            "time_zone": "Asia/Shanghai",
            "precedence": "100",
        }
        client.post("/sources/new/", data)
        calls = call_log.make_calls(agents, count=50, first=OCTOBER)
        file = SimpleUploadedFile("log.csv", call_log.calls_csv(calls), "text/csv")
        response = client.post("/imports/new/", {"kind": "records", "source": "phone", "file": file})
        assert response.status_code == 302, response.content.decode()[:2000]
        return client, Import.objects.get()

    def test_a_good_first_guess(self, draft: tuple[Client, Import]) -> None:
        _client, record = draft
        assert record.mapping["columns"] == call_log.MAPPING["columns"]
        assert set(record.mapping["measures"]) == set(call_log.MAPPING["measures"])
        assert record.mapping["measures"]["talk_seconds"]["type"] == "duration"

    def test_what_is_shown(self, draft: tuple[Client, Import]) -> None:
        client, record = draft
        text = client.get(f"/imports/{record.pk}/").content.decode()
        assert "Speed of answer in seconds" in text
        assert "ID0001 · ID0002 · ID0003" in text
        assert 'value="Y=1, N=0"' in text

    @pytest.mark.parametrize(
        ("query", "told", "not_told"),
        [
            pytest.param(
                "line=col-6&new=1&col-6-what=measure:resolved",
                'value="Y=1, N=0"',
                "of one value",
                id="yes and no",
            ),
            pytest.param(
                "line=col-8&new=1&col-8-what=measure:talk_seconds",
                'value="duration" selected',
                "Y=1",
                id="a duration",
            ),
            pytest.param("line=col-1&new=1&col-1-what=role:employee", "", "select", id="no measure"),
            pytest.param(
                "line=col-7&col-7-what=measure:answer_seconds&col-7-type=number",
                'value="number" selected',
                "Y=1",
                id="as chosen",
            ),
            pytest.param(
                "line=more-0&new=1&more-0-what=measure:answered&more-0-column=each", "", "select", id="each"
            ),
            pytest.param(
                "line=col-9999&new=1&col-9999-what=measure:luck", "", "<script", id="no such column"
            ),
        ],
    )
    def test_how_a_column_is_written_follows_what_it_is(
        self, draft: tuple[Client, Import], query: str, told: str, not_told: str
    ) -> None:
        client, record = draft
        response = client.get(f"/sources/reading/{record.pk}/?{query}")
        assert response.status_code == 200
        text = response.content.decode()
        assert told in text
        assert not_told not in text
        assert client.get(f"/sources/reading/{record.pk}/?line=x").status_code == 404

    def post(self, record: Import, **changes: str) -> dict[str, str]:
        whats = {
            "Call Id": "role:record_id", "Agent": "role:employee", "Date": "role:date", "Time": "role:time",
            "Topic": "role:queue", "Answered (Y/N)": "measure:answered", "Resolved": "measure:resolved",
            "Speed of answer in seconds": "measure:answer_seconds", "AvgTalkDuration": "measure:talk_seconds",
            "Satisfaction rating": "measure:satisfaction",
        }  # fmt: skip
        data = {f"col-{i}-what": whats[column] for i, column in enumerate(record.columns)}
        types = {
            "measure:answered": "boolean",
            "measure:resolved": "boolean",
            "measure:talk_seconds": "duration",
        }
        data |= {f"col-{i}-type": types.get(whats[c], "number") for i, c in enumerate(record.columns)}
        data |= {
            "col-5-words": "Y=1, N=0",
            "col-6-words": "Y＝1；N＝0",
            "employee_key": "auto",
            "date_format": "auto",
        }
        return {**data, **changes}

    def test_from_columns_to_stored_records(self, draft: tuple[Client, Import]) -> None:
        client, record = draft
        response = client.post(f"/imports/{record.pk}/check/", self.post(record))
        assert response.status_code == 302, response.content.decode()[:3000]
        record.refresh_from_db()
        assert (record.state, record.rows_accepted, record.rows_rejected) == ("checked", 50, 0)
        assert Source.objects.get().mapping == call_log.MAPPING
        assert "Answered calls" in client.get(f"/imports/{record.pk}/").content.decode()
        client.post(f"/imports/{record.pk}/apply/")
        record.refresh_from_db()
        execute(record.run_id)
        assert Record.objects.count() == 50
        text = client.get("/sources/phone/").content.decode()
        assert "log.csv" in text
        assert "Y = 1" in text

    def test_options_and_further_measures(self, draft: tuple[Client, Import]) -> None:
        client, record = draft
        more = {
            "more-0-what": "measure:ideas_adopted",
            "more-0-column": "each",
            "more-0-value": "1",
            "option-period_first": "2025-10-05",
            "option-period_last": "2025-10-31",
        }
        client.post(f"/imports/{record.pk}/check/", self.post(record, **more))
        record.refresh_from_db()
        assert record.mapping["measures"]["ideas_adopted"] == {"type": "constant", "value": 1}
        assert record.rows_rejected > 0
        assert {reject.code for reject in record.rejects.all()} == {"date_outside_period"}

    @pytest.mark.parametrize(
        ("changes", "told"),
        [
            pytest.param({"col-4-what": "role:employee"}, "Two columns are marked", id="two employees"),
            pytest.param({"col-6-what": "measure:answered"}, "Two columns are marked", id="a measure twice"),
            pytest.param({"col-1-what": ""}, "Say which column holds the employee", id="no employee"),
            pytest.param({"col-5-words": "Y is one"}, "mean as Y=1, N=0", id="words without a meaning"),
            pytest.param({"col-5-what": "measure:luck"}, "no measure luck", id="no such measure"),
        ],
    )
    def test_what_was_chosen_is_kept(
        self, draft: tuple[Client, Import], changes: dict[str, str], told: str
    ) -> None:
        client, record = draft
        response = client.post(f"/imports/{record.pk}/check/", self.post(record, **changes))
        assert response.status_code in (400, 422)
        text = response.content.decode()
        assert told in text
        for value in changes.values():
            if value.startswith("role:") or value == "Y is one":
                assert value in text
        assert not Record.objects.exists()
