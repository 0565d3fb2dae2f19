"""Before the launch: what last month would have given, and whether the choice of indicators is good."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from foundation.refusals import Refusal
from foundation.runs import services as runs
from foundation.runs.models import Run
from metrics.models import KPI, KPIPeriod, KPIValue, KPIVersion
from metrics.services.duties import cover_duties
from metrics.services.target_lines import TargetLine
from metrics.services.targets import save_targets
from people.models import Membership, User
from people.services.teams import save_job
from reviews.models import ComponentScore, Cycle, Participant, Result
from reviews.selectors.choices import choice_findings
from reviews.selectors.previews import latest_preview, preview_summary
from reviews.services import previews
from reviews.services.cycles import create_cycle, launch_cycle
from reviews.services.previews import start_preview
from reviews.services.retention import drop_superseded_runs
from tests.cast import Cast
from tests.factories import MembershipFactory, UserFactory, keep_kpi_value
from tests.reviews.conftest import conduct, configuration, kpi_component, make_kpi


@pytest.fixture
def september(db: None) -> KPIPeriod:
    run = Run.objects.create(kind="kpi_values", scope="kpi_month:2025-09", state=Run.State.DONE)
    return KPIPeriod.objects.create(
        first_day=datetime.date(2025, 9, 1), last_day=datetime.date(2025, 9, 30), published_run=run
    )


@pytest.fixture
def november(cast: Cast, kpis: Any, measured: Any, monkeypatch: pytest.MonkeyPatch) -> Cycle:
    from reviews.services import scoring

    monkeypatch.setattr(previews, "compute_kpi_values", scoring.compute_kpi_values)
    return create_cycle(
        actor=cast.hr,
        code="nov",
        name_en="November",
        first_day=datetime.date(2025, 11, 1),
        last_day=datetime.date(2025, 11, 30),
        configuration=configuration(
            components=[kpi_component(70), conduct(30)], missing_component="hold_back"
        ),
    )


def computed(actor: User, cycle: Cycle) -> Run:
    run = start_preview(actor=actor, cycle=cycle)
    done = runs.execute(run.pk)
    assert done is not None
    assert done.state == Run.State.DONE, (done.error_code, done.error_params)
    return done


def test_a_preview_says_what_last_month_would_have_given(
    cast: Cast, november: Cycle, september: KPIPeriod
) -> None:
    run = computed(cast.hr, november)
    summary = preview_summary(run, november)
    assert summary is not None
    # In September all six agents were here; agent, outsider 104, peer 70, leaver 100, by KPIs alone.
    assert (summary["people"], summary["scored"], summary["without_score"]) == (6, 4, 2)
    assert (summary["lowest"], summary["median"], summary["highest"]) == (70.0, 102.0, 104.0)
    assert [each["count"] for each in summary["ratings"]] == [0, 1, 0, 3]
    assert summary["counts"] == []
    csat = summary["kpis"][0]
    assert (csat["counted"], csat["below_minimum"], csat["missing"], csat["weight"]) == (3, 1, 2, 28.0)


def test_it_touches_nothing_official(cast: Cast, november: Cycle, september: KPIPeriod) -> None:
    before = november.version
    run = computed(cast.hr, november)
    november.refresh_from_db()
    assert (november.published_run, november.phase, november.version) == (None, "setup", before)
    assert run.purpose == Run.Purpose.PREVIEW
    assert not Participant.objects.exists()
    september.refresh_from_db()
    assert september.published_run != run


def test_a_change_of_the_configuration_makes_it_stale(
    cast: Cast, november: Cycle, september: KPIPeriod
) -> None:
    run = computed(cast.hr, november)
    Cycle.objects.update(version=november.version + 1)
    november.refresh_from_db()
    assert (preview_summary(run, november) or {})["is_stale"]


def test_targets_of_the_table_are_those_of_the_previewed_month(
    cast: Cast, november: Cycle, september: KPIPeriod
) -> None:
    KPIVersion.objects.filter(kpi__code="csat").update(target=None)
    save_targets(
        actor=cast.hr,
        lines=[
            TargetLine(kpi="csat", tenure_from=12, target=Decimal("4.6"), month_to=datetime.date(2025, 9, 1)),
            TargetLine(kpi="csat", tenure_from=12, target=Decimal(9), month_from=datetime.date(2025, 10, 1)),
        ],
        version=0,
    )
    from tests.factories import days

    Membership.objects.filter(user=cast.peer).update(valid=days("2025-06-01"))
    summary = preview_summary(computed(cast.hr, november), november)
    assert summary is not None
    assert (summary["without_target"], summary["highest"]) == (1, 104.0)


def test_two_clicks_are_one_preview_and_a_newer_one_replaces_it(
    cast: Cast, november: Cycle, september: KPIPeriod
) -> None:
    first = start_preview(actor=cast.hr, cycle=november)
    assert start_preview(actor=cast.hr, cycle=november) == first
    runs.execute(first.pk)
    assert drop_superseded_runs() == 0
    second = computed(cast.hr, november)
    assert drop_superseded_runs() == 1
    assert latest_preview(november) == second
    for model in (Result, ComponentScore, KPIValue):
        assert set(model.objects.values_list("run", flat=True)) <= {second.pk}


@pytest.mark.parametrize("who", ["manager", "agent", "auditor", "payroll"])
def test_only_hr_starts_one(cast: Cast, november: Cycle, september: KPIPeriod, who: str) -> None:
    with pytest.raises(Refusal):
        start_preview(actor=getattr(cast, who), cycle=november)
    assert latest_preview(november) is None


def test_what_cannot_be_previewed(cast: Cast, november: Cycle, september: KPIPeriod) -> None:
    Cycle.objects.update(configuration=configuration(components=[conduct(100)]))
    with pytest.raises(Refusal, match="has none") as refused:
        start_preview(actor=cast.hr, cycle=november)
    assert refused.value.code == "preview_nothing_measured"
    Cycle.objects.update(configuration=configuration(components=[kpi_component(40)]))
    with pytest.raises(Refusal) as refused:
        start_preview(actor=cast.hr, cycle=november)
    assert refused.value.code == "preview_not_ready"
    Cycle.objects.update(configuration=configuration(components=[kpi_component(100)]))
    KPIPeriod.objects.all().delete()
    with pytest.raises(Refusal) as refused:
        start_preview(actor=cast.hr, cycle=november)
    assert refused.value.code == "preview_no_data"
    launch_cycle(actor=cast.hr, cycle=november)
    with pytest.raises(Refusal) as refused:
        start_preview(actor=cast.hr, cycle=november)
    assert (refused.value.code, refused.value.status) == ("preview_after_launch", 409)


def test_the_page_and_the_api_show_it(
    cast: Cast, november: Cycle, september: KPIPeriod, client: Client
) -> None:
    client.force_login(cast.hr)
    assert client.get("/cycles/nov/preview/").status_code == 200
    api = APIClient()
    api.force_authenticate(cast.hr)
    assert api.get("/api/v1/cycles/nov/preview/").status_code == 404
    assert client.post("/cycles/nov/preview/").status_code == 302
    run = latest_preview(november)
    assert run is not None
    assert client.get("/cycles/nov/preview/").status_code == 200
    runs.execute(run.pk)
    page = client.get("/cycles/nov/preview/").content.decode()
    assert "102" in page
    answer = api.get("/api/v1/cycles/nov/preview/").json()
    assert (answer["median"], answer["scored"], len(answer["kpis"])) == (102.0, 4, 2)


# The choice of indicators -------------------------------------------------------------------------------------------


def codes(cycle: Cycle) -> list[str]:
    return [finding.code for finding in choice_findings(cycle)]


def values(period: KPIPeriod, version: KPIVersion, people: dict[int, tuple[float | None, int]]) -> None:
    assert period.published_run
    for pk, (value, n) in people.items():
        keep_kpi_value(period.published_run, pk, version, value, n)


@pytest.fixture
def agents(cast: Cast) -> list[int]:
    made = [UserFactory() for _number in range(14)]
    for user in made:
        MembershipFactory(user=user, team=cast.blue, job=cast.job_agent)
    return [user.pk for user in made]


def test_what_nothing_measures_is_named(november: Cycle) -> None:
    [finding] = choice_findings(november)
    assert (finding.code, finding.severity) == ("choice_uncovered_judged", "warning")
    assert finding.text == "No KPI measures efficiency, cost. Judged components may cover it."
    KPI.objects.filter(code="csat").update(dimension="cost")
    KPI.objects.filter(code="response_time").update(dimension="efficiency")
    Cycle.objects.update(configuration=configuration(components=[kpi_component(100)]))
    november.refresh_from_db()
    assert [finding.text for finding in choice_findings(november)] == ["Nothing measures quality."]


def test_two_kpis_that_repeat_each_other(
    november: Cycle, september: KPIPeriod, kpis: dict[str, KPIVersion], agents: list[int]
) -> None:
    values(september, kpis["csat"], {pk: (4 + place / 20, 50) for place, pk in enumerate(agents)})
    values(september, kpis["response_time"], {pk: (40 - place, 50) for place, pk in enumerate(agents)})
    found = choice_findings(november)
    assert found[-1].text == (
        "70 % of the weight sits on two KPIs that repeat each other: Csat and Response Time (r = −1.00, n = 14)."
    )


def test_no_data_few_cases_and_no_variation(
    november: Cycle, september: KPIPeriod, kpis: dict[str, KPIVersion], agents: list[int]
) -> None:
    assert codes(november) == ["choice_uncovered_judged", "choice_no_data"]
    values(september, kpis["csat"], dict.fromkeys(agents, (4.0, 4)))
    values(september, kpis["response_time"], dict.fromkeys(agents, (20.0, 50)))
    found = choice_findings(november)
    assert [each.code for each in found] == ["choice_uncovered_judged", "choice_few", "choice_same"]
    assert "28 % of the weight" in found[1].text
    assert "September 2025" in found[2].text


def test_the_number_of_queries_does_not_depend_on_people(
    november: Cycle,
    september: KPIPeriod,
    kpis: dict[str, KPIVersion],
    agents: list[int],
    query_count: Callable[[Callable[[], Any]], int],
) -> None:
    few = query_count(lambda: choice_findings(november))
    values(september, kpis["csat"], {pk: (4 + place / 20, 50) for place, pk in enumerate(agents)})
    assert query_count(lambda: choice_findings(november)) <= few


def test_duties_that_no_kpi_of_the_cycle_covers(cast: Cast, november: Cycle, client: Client) -> None:
    duties = [
        {"code": "calls", "name_zh": "接听", "name_en": "Answering"},
        {"code": "records", "name_zh": "记录", "name_en": "Records"},
    ]
    job = save_job(actor=cast.hr, code="agent", name_en="Agent", duties=duties)
    assert choice_findings(november)[-1].text == "Agent: no KPI of this cycle covers Answering, Records."
    # A KPI that this cycle does not weigh covers nothing in it.
    make_kpi("elsewhere", "sum(calls)", target="1", minimum=1)
    cover_duties(actor=cast.hr, job=job, kpis={"calls": ["csat"], "records": ["elsewhere"]})
    assert choice_findings(november)[-1].text == "Agent: no KPI of this cycle covers Records."
    client.force_login(cast.hr)
    assert 'href="/duties/"' in client.get("/cycles/nov/").content.decode()
    cover_duties(actor=cast.hr, job=job, kpis={"records": ["response_time"]})
    assert codes(november) == ["choice_uncovered_judged"]
    # Jobs of nobody in the cycle are not asked about.
    save_job(actor=cast.hr, code="cook", name_en="Cook", duties=duties)
    assert codes(november) == ["choice_uncovered_judged"]


def test_the_cockpit_and_the_api_say_it(cast: Cast, november: Cycle, client: Client) -> None:
    client.force_login(cast.hr)
    client.cookies["django_language"] = "en"
    assert client.get("/cycles/nov/").status_code == 200
    api = APIClient()
    api.force_authenticate(cast.auditor)
    assert [each["code"] for each in api.get("/api/v1/cycles/nov/choices/").json()] == [
        "choice_uncovered_judged"
    ]
