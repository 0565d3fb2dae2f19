"""Which KPIs cover which duties of a job: on the page, in the API, as YAML; what is refused stores nothing."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from foundation.documents import Problems
from foundation.refusals import Refusal
from metrics.models import DutyKPI
from metrics.selectors.duties import all_duties, duties_of
from metrics.services.duties import cover_duties
from metrics.services.duty_sections import load_duties
from operations.services.configuration import dump_configuration, load_configuration
from people.models import Job
from people.services.teams import save_job
from tests.cast import Cast
from tests.factories import JobFactory

pytestmark = pytest.mark.usefixtures("catalogue")

DUTIES = [
    {"code": "calls", "name_zh": "接听", "name_en": "Answering"},
    {"code": "records", "name_zh": "记录", "name_en": "Records"},
]
URL = "/duties/agent/"


@pytest.fixture
def job(cast: Cast) -> Job:
    return save_job(actor=cast.hr, code="agent", name_zh="客服人员", name_en="Agent", duties=DUTIES)


def covered(job: Job) -> dict[str, list[str]]:
    [found] = duties_of([job])
    return {duty.code: [kpi.code for kpi in duty.kpis] for duty in found.duties}


def test_what_is_named_is_replaced_and_the_rest_stays(cast: Cast, job: Job) -> None:
    cover_duties(actor=cast.hr, job=job, kpis={"calls": ["response_time", "resolution_rate"], "records": []})
    found = cover_duties(actor=cast.hr, job=job, kpis={"records": ["resolution_rate"]})
    assert covered(job) == {"calls": ["resolution_rate", "response_time"], "records": ["resolution_rate"]}
    assert found.uncovered == []
    cover_duties(actor=cast.hr, job=job, kpis={"calls": ["response_time", "response_time"]})
    assert covered(job)["calls"] == ["response_time"]


def test_a_duty_that_is_gone_counts_for_nothing(cast: Cast, job: Job) -> None:
    cover_duties(actor=cast.hr, job=job, kpis={"records": ["resolution_rate"]})
    job = save_job(actor=cast.hr, code="agent", name_en="Agent", duties=DUTIES[:1])
    assert covered(job) == {"calls": []}


@pytest.mark.parametrize("who", ["manager", "agent", "auditor", "payroll"])
def test_only_hr_says_it(cast: Cast, job: Job, who: str) -> None:
    with pytest.raises(Refusal) as refused:
        cover_duties(actor=getattr(cast, who), job=job, kpis={"calls": ["response_time"]})
    assert (refused.value.code, refused.value.status) == ("metrics_hr_only", 403)
    assert not DutyKPI.objects.exists()


@pytest.mark.parametrize(
    ("kpis", "code"),
    [
        ({"calls": ["response_time"], "cooking": []}, "duty_unknown"),
        ({"calls": ["response_time", "nothing"]}, "kpi_unknown"),
        ({"calls": ["response_time", "courtesy"]}, "duty_kpi_qualitative"),
    ],
)
def test_what_is_refused_stores_nothing(cast: Cast, job: Job, kpis: dict[str, list[str]], code: str) -> None:
    with pytest.raises(Refusal) as refused:
        cover_duties(actor=cast.hr, job=job, kpis=kpis)
    assert (refused.value.code, refused.value.status) == (code, 422)
    assert not DutyKPI.objects.exists()


def test_the_second_of_two_who_saw_the_same_is_refused(cast: Cast, job: Job) -> None:
    [seen] = duties_of([job])
    cover_duties(actor=cast.hr, job=job, kpis={"calls": ["response_time"]}, version=seen.version)
    with pytest.raises(Refusal) as refused:
        cover_duties(actor=cast.hr, job=job, kpis={"calls": []}, version=seen.version)
    assert (refused.value.code, refused.value.status) == ("duties_stale", 409)
    assert covered(job)["calls"] == ["response_time"]


def test_the_page_saves_shows_and_keeps_what_was_typed(cast: Cast, job: Job, client: Client) -> None:
    client.force_login(cast.hr)
    assert "no KPI covers it" in client.get("/duties/", headers={"Accept-Language": "en"}).content.decode()
    [seen] = duties_of([job])
    answer = client.post(URL, {"version": seen.version, "duty-calls": ["response_time"]})
    assert (answer.status_code, answer["Location"]) == (302, "/duties/")
    assert covered(job) == {"calls": ["response_time"], "records": []}
    stale = client.post(URL, {"version": seen.version, "duty-records": ["resolution_rate"]})
    assert stale.status_code == 409
    assert stale.context["form"]["duty-records"].value() == ["resolution_rate"]
    wrong = client.post(URL, {"version": "x", "duty-calls": ["nothing"]})
    assert wrong.status_code == 422
    assert covered(job) == {"calls": ["response_time"], "records": []}


def test_a_job_without_duties_says_what_next(cast: Cast, client: Client) -> None:
    client.force_login(cast.hr)
    page = client.get("/duties/team_leader/").content.decode()
    assert f"/people/jobs/{cast.job_leader.pk}/" in page


def test_the_api_reads_and_replaces(cast: Cast, job: Job) -> None:
    api = APIClient()
    api.force_authenticate(cast.hr)
    seen = api.get("/api/v1/duties/agent/").json()
    assert seen["duties"][0] == {"duty": "calls", "name": {"zh": "接听", "en": "Answering"}, "kpis": []}
    body = {"version": seen["version"], "duties": [{"duty": "calls", "kpis": ["response_time"]}]}
    answer = api.put("/api/v1/duties/agent/", body, format="json")
    assert (answer.status_code, answer.json()["duties"][0]["kpis"]) == (200, ["response_time"])
    assert api.put("/api/v1/duties/agent/", body, format="json").status_code == 409
    assert [each["job"] for each in api.get("/api/v1/duties/").json()] == ["agent"]
    twice = {"duties": [{"duty": "calls", "kpis": []}, {"duty": "calls", "kpis": []}]}
    malformed: list[Any] = [twice, {"duties": "x"}, {"duties": [{"duty": "calls", "kpis": 3}]}, [], "x"]
    for wrong in malformed:
        assert 400 <= api.put("/api/v1/duties/agent/", wrong, format="json").status_code < 500
    assert covered(job)["calls"] == ["response_time"]


def test_yaml_goes_out_and_comes_back(cast: Cast, job: Job) -> None:
    cover_duties(actor=cast.hr, job=job, kpis={"calls": ["response_time", "resolution_rate"]})
    dumped = dump_configuration(actor=cast.hr, sections=["duties"])
    cover_duties(actor=cast.hr, job=job, kpis={"calls": []})
    assert not list(load_configuration(actor=cast.hr, content=dumped).problems)
    assert dump_configuration(actor=cast.hr, sections=["duties"]) == dumped
    assert covered(job)["calls"] == ["resolution_rate", "response_time"]


@pytest.mark.parametrize(
    ("items", "place", "code"),
    [
        ("x", "duties", "document_list"),
        ([{"job": "cook", "duty": "calls", "kpis": []}], "duties[0].job", "duty_job_unknown"),
        ([{"job": "agent", "duty": "cooking", "kpis": []}], "duties[0].duty", "duty_unknown"),
        ([{"job": "agent", "duty": "calls", "kpis": ["x"]}], "duties[0].kpis", "kpi_unknown"),
        ([{"job": "agent", "duty": "calls", "kpis": [3]}], "duties[0].kpis[0]", "document_type"),
        ([{"job": "agent", "duty": "calls"}], "duties[0].kpis", "document_missing"),
        (
            [{"job": "agent", "duty": "calls", "kpis": [], "kpi": "x"}],
            "duties[0].kpi",
            "document_unknown_key",
        ),
        ([{"job": "agent", "duty": "calls", "kpis": []}] * 2, "duties[1].duty", "duty_twice"),
    ],
)
def test_problems_of_a_document_have_their_place(
    cast: Cast, job: Job, items: Any, place: str, code: str
) -> None:
    problems = Problems()
    load_duties(items, actor=cast.hr, problems=problems, path=("duties",))
    assert [(each.place, each.code) for each in problems] == [(place, code)]
    assert not DutyKPI.objects.exists()


def test_queries_do_not_grow_with_jobs(cast: Cast, job: Job) -> None:
    for _place in range(20):
        JobFactory(duties=DUTIES)
    with CaptureQueriesContext(connection) as queries:
        assert len(all_duties(cast.hr)) == 21
    assert len(queries) == 2
