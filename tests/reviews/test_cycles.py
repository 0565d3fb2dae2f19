"""Making, configuring and launching a cycle."""

from __future__ import annotations

import dataclasses
import datetime
from decimal import Decimal
from typing import Any

import pytest
import time_machine

from foundation.refusals import Refusal
from metrics.models import KPIVersion, Measure
from metrics.services.kpis import KPITerms, revise_kpi
from reviews.methods.document import fingerprint
from reviews.models import Cycle, CycleTemplate, Participant, PhaseChange, ScoreSheet
from reviews.models.cycles import Phase
from reviews.selectors.launch import launch_problems
from reviews.services.cycles import create_cycle, edit_configuration, edit_cycle, launch_cycle
from reviews.services.phases import advance_phase, cancel_cycle, release_cycle, return_phase
from tests.cast import Cast
from tests.reviews.conftest import conduct, configuration, judge, kpi_component, score

pytestmark = pytest.mark.django_db


def refusal_of(work: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        work()
    return caught.value


def new_cycle(cast: Cast, **changes: Any) -> Cycle:
    fields: dict[str, Any] = {
        "code": "nov",
        "name_en": "November",
        "first_day": datetime.date(2025, 11, 1),
        "last_day": datetime.date(2025, 11, 30),
    }
    return create_cycle(actor=cast.hr, **(fields | changes))


def test_a_cycle_starts_from_a_template(cast: Cast, kpis: Any) -> None:
    CycleTemplate.objects.create(code="monthly", name_en="Monthly", configuration=configuration())
    cycle = new_cycle(cast, template="monthly")
    assert cycle.phase == Phase.SETUP
    assert [component["code"] for component in cycle.configuration["components"]] == ["kpis", "conduct"]


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        pytest.param({"code": "a b"}, "cycle_code_malformed", "code", id="a code with a blank"),
        pytest.param({"name_en": " "}, "cycle_name_required", "name_zh", id="no name"),
        pytest.param({"last_day": None}, "cycle_period_missing", "last_day", id="no last day"),
        pytest.param(
            {"last_day": datetime.date(2025, 10, 1)}, "cycle_period_backwards", "last_day", id="backwards"
        ),
        pytest.param(
            {"last_day": datetime.date(2028, 1, 1)}, "cycle_period_too_long", "last_day", id="too long"
        ),
        pytest.param({"template": "nothing"}, "template_unknown", "template", id="no such template"),
        pytest.param(
            {"configuration": {"components": 3}}, "configuration_invalid", "components", id="bad document"
        ),
    ],
)
def test_what_cannot_be_a_cycle(cast: Cast, changes: dict[str, Any], code: str, field: str) -> None:
    refusal = refusal_of(lambda: new_cycle(cast, **changes))
    assert (refusal.code, refusal.field) == (code, field)
    assert not Cycle.objects.exists()


def test_a_code_is_taken_once(cast: Cast) -> None:
    new_cycle(cast)
    assert refusal_of(lambda: new_cycle(cast)).status == 409


@pytest.mark.parametrize("role", ["manager", "agent", "auditor", "payroll"])
def test_only_hr_makes_cycles(cast: Cast, role: str) -> None:
    refusal = refusal_of(
        lambda: create_cycle(
            actor=getattr(cast, role), code="x", name_en="X", first_day=cast.first_day, last_day=cast.last_day
        )
    )
    assert refusal.status == 403
    assert not Cycle.objects.exists()


def test_a_stale_edit_is_refused(cast: Cast, draft: Cycle) -> None:
    seen = draft.version
    edit_configuration(actor=cast.hr, cycle=draft, configuration=configuration(show_rank=False), version=seen)
    refusal = refusal_of(
        lambda: edit_configuration(actor=cast.hr, cycle=draft, configuration=configuration(), version=seen)
    )
    assert (refusal.code, refusal.status) == ("cycle_version_stale", 409)
    draft.refresh_from_db()
    assert draft.configuration["show_rank"] is False


def test_the_period_can_be_moved_in_setup_only(cast: Cast, draft: Cycle) -> None:
    due = datetime.date(2025, 11, 5)
    edited = edit_cycle(actor=cast.hr, cycle=draft, version=draft.version, rating_due_on=due, name_en="Oct")
    assert (edited.rating_due_on, edited.name_en, edited.name_zh) == (due, "Oct", "十月考核")
    launched = launch_cycle(actor=cast.hr, cycle=edited)
    refusal = refusal_of(
        lambda: edit_cycle(actor=cast.hr, cycle=launched, version=launched.version, name_en="X")
    )
    assert refusal.code == "cycle_frozen"


# Launch -----------------------------------------------------------------------------------------------------------


def test_launch_freezes_the_configuration_and_the_roster(cast: Cast, rating_cycle: Cycle) -> None:
    assert rating_cycle.phase == Phase.RATING
    assert rating_cycle.fingerprint == fingerprint(rating_cycle.configuration)
    csat, response = rating_cycle.configuration["components"][0]["kpis"]
    assert (csat["target"], csat["version"]["formula"]) == (4.6, "sum(csat_score) / count(csat_score)")
    assert response["target"] == 20  # the cycle's own, not the KPI's 25
    people = {part.employee_id: part for part in Participant.objects.filter(cycle=rating_cycle)}
    assert cast.names(people) == {"agent", "peer", "leaver", "outsider", "mover", "remote"}
    assert people[cast.agent.pk].rater_id == cast.manager.pk
    assert people[cast.mover.pk].team_id == cast.green.pk
    assert people[cast.mover.pk].rater_id == cast.other_manager.pk
    assert people[cast.remote.pk].rater_id == cast.director.pk
    assert (people[cast.leaver.pk].days_in_role, people[cast.leaver.pk].days_in_period) == (15, 31)
    assert ScoreSheet.objects.filter(participant__cycle=rating_cycle).count() == 6
    change = PhaseChange.objects.get(cycle=rating_cycle)
    assert (change.from_phase, change.to_phase, change.changed_by) == (Phase.SETUP, Phase.RATING, cast.hr)


def test_who_moves_later_keeps_the_team_of_the_launch(cast: Cast, rating_cycle: Cycle) -> None:
    cast.agent.memberships.update(team=cast.green)
    assert Participant.objects.get(cycle=rating_cycle, employee=cast.agent).team_id == cast.blue.pk


@pytest.mark.parametrize(
    ("document", "path", "code"),
    [
        pytest.param(
            configuration(components=[kpi_component(60), conduct()]),
            "components",
            "cycle_weights_not_100",
            id="weights 90",
        ),
        pytest.param(
            configuration(population={"sites": ["cd"], "jobs": ["team_leader"]}),
            "population",
            "no_people",
            id="nobody",
        ),
        pytest.param(configuration(components=[]), "components", "no_components", id="no components"),
        pytest.param(configuration(rating_bands=[]), "rating_bands", "bands_too_few", id="no bands"),
        pytest.param(
            configuration(population={"jobs": ["team_leader"]}),
            "population",
            "no_rater",
            id="the director has no rater",
        ),
    ],
)
def test_why_a_cycle_cannot_be_launched(
    cast: Cast, draft: Cycle, document: dict[str, Any], path: str, code: str
) -> None:
    cycle = edit_configuration(actor=cast.hr, cycle=draft, configuration=document, version=draft.version)
    assert [(problem.path, problem.code) for problem in launch_problems(cycle)] == [(path, code)]
    assert refusal_of(lambda: launch_cycle(actor=cast.hr, cycle=cycle)).code == "cycle_not_ready"
    cycle.refresh_from_db()
    assert cycle.phase == Phase.SETUP
    assert not Participant.objects.exists()


def test_a_kpi_without_data_stops_a_period_that_is_over(
    cast: Cast, draft: Cycle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reviews.selectors.launch.measures_with_data", lambda *_: {"csat_score"})
    [problem] = launch_problems(draft)
    assert (problem.code, problem.severity) == ("cycle_kpi_without_data", "error")
    assert "Response Time" in problem.text


def test_nothing_keeps_a_good_cycle_from_launch(draft: Cycle) -> None:
    assert launch_problems(draft) == []


def test_the_second_launch_is_refused(cast: Cast, rating_cycle: Cycle) -> None:
    assert refusal_of(lambda: launch_cycle(actor=cast.hr, cycle=rating_cycle)).status == 409
    assert PhaseChange.objects.count() == 1


def test_a_launched_cycle_keeps_its_kpis_from_being_corrected_in_place(
    cast: Cast, draft: Cycle, kpis: dict[str, KPIVersion]
) -> None:
    version = kpis["csat"]
    Measure.objects.get_or_create(code="csat_score", defaults={"name_en": "CSAT"})
    terms = dataclasses.replace(
        KPITerms.of(version), target=Decimal("3.9"), denominator_zh="答卷", denominator_en="answers"
    )
    launch_cycle(actor=cast.hr, cycle=draft)
    with pytest.raises(Refusal) as refusal:
        revise_kpi(actor=cast.hr, kpi=version.kpi, valid_from=version.valid_from, terms=terms)
    assert refusal.value.code == "kpi_version_frozen"
    version.refresh_from_db()
    assert version.target == Decimal("4.6")


def test_a_kpi_revised_later_does_not_change_the_cycle(cast: Cast, judged_cycle: Cycle, kpis: Any) -> None:
    old = kpis["csat"]
    KPIVersion.objects.create(
        kpi=old.kpi,
        number=2,
        valid_from=datetime.date(2025, 10, 15),
        formula="max(csat_score)",
        unit="score",
        direction="higher",
        target=1,
    )
    before = judged_cycle.fingerprint
    score(cast.hr, judged_cycle)
    judged_cycle.refresh_from_db()
    assert judged_cycle.fingerprint == before
    assert judged_cycle.configuration["components"][0]["kpis"][0]["version"]["id"] == old.pk


# Phases -----------------------------------------------------------------------------------------------------------


def test_through_the_phases(cast: Cast, draft: Cycle) -> None:
    cycle = launch_cycle(actor=cast.hr, cycle=draft, to_phase=Phase.GOALS)
    for phase in (Phase.COLLECTION, Phase.RATING):
        cycle = advance_phase(actor=cast.hr, cycle=cycle, to_phase=phase)
    cycle = return_phase(actor=cast.hr, cycle=cycle, to_phase=Phase.COLLECTION, reason="Data came late")
    steps = list(PhaseChange.objects.order_by("id").values_list("from_phase", "to_phase", "reason"))
    assert steps[-1] == (Phase.RATING, Phase.COLLECTION, "Data came late")
    assert len(steps) == 4


@pytest.mark.parametrize(
    ("to_phase", "status"),
    [
        pytest.param(Phase.RELEASE, 409, id="release has its own door"),
        pytest.param(Phase.SETUP, 409, id="a frozen configuration stays frozen"),
        pytest.param("nonsense", 409, id="no such phase"),
        pytest.param(Phase.CALIBRATION, 422, id="forms are still open"),
    ],
)
def test_steps_that_do_not_exist(cast: Cast, rating_cycle: Cycle, to_phase: str, status: int) -> None:
    assert (
        refusal_of(lambda: advance_phase(actor=cast.hr, cycle=rating_cycle, to_phase=to_phase)).status
        == status
    )
    rating_cycle.refresh_from_db()
    assert rating_cycle.phase == Phase.RATING


def test_going_on_without_forms_needs_results_and_a_reason(cast: Cast, scored_cycle: Cycle) -> None:
    refusal = refusal_of(lambda: advance_phase(actor=cast.hr, cycle=scored_cycle, to_phase=Phase.CALIBRATION))
    assert (refusal.code, refusal.params["count"]) == ("sheets_open", 1)
    cycle = advance_phase(
        actor=cast.hr, cycle=scored_cycle, to_phase=Phase.CALIBRATION, reason="The director is away"
    )
    assert cycle.phase == Phase.CALIBRATION


def test_cancelling_needs_a_reason_and_ends_it(cast: Cast, rating_cycle: Cycle) -> None:
    assert refusal_of(lambda: cancel_cycle(actor=cast.hr, cycle=rating_cycle, reason=" ")).field == "reason"
    cycle = cancel_cycle(actor=cast.hr, cycle=rating_cycle, reason="Merged into the quarter")
    assert cycle.phase == Phase.CANCELLED
    with pytest.raises(Refusal):
        judge(cycle, cast.agent, (4, 5))


def test_release_needs_fresh_results(cast: Cast, scored_cycle: Cycle) -> None:
    assert refusal_of(lambda: release_cycle(actor=cast.manager, cycle=scored_cycle)).status == 403
    judge(scored_cycle, cast.remote, (3, 3))
    refusal = refusal_of(lambda: release_cycle(actor=cast.hr, cycle=scored_cycle))
    assert (refusal.code, refusal.status) == ("results_stale", 409)
    score(cast.hr, scored_cycle)
    released = release_cycle(actor=cast.hr, cycle=scored_cycle)
    assert released.phase == Phase.RELEASE
    assert released.released_by == cast.hr
    assert refusal_of(lambda: release_cycle(actor=cast.hr, cycle=scored_cycle)).code == "cycle_released"


def test_release_before_the_period_ends_says_why(cast: Cast, scored_cycle: Cycle) -> None:
    with time_machine.travel(datetime.datetime(2025, 10, 31, 9, tzinfo=datetime.UTC), tick=False):
        with pytest.raises(Refusal) as refusal:
            release_cycle(actor=cast.hr, cycle=calibrated(cast, scored_cycle))
        assert (refusal.value.code, refusal.value.field) == ("period_not_over", "reason")
        scored_cycle.refresh_from_db()
        assert scored_cycle.released_at is None
        release_cycle(actor=cast.hr, cycle=scored_cycle, reason="The site closes on Monday")
    scored_cycle.refresh_from_db()
    assert scored_cycle.released_at is not None


def calibrated(cast: Cast, cycle: Cycle) -> Cycle:
    """All forms that are open are said to be so, so that the period alone is in question."""
    return advance_phase(actor=cast.hr, cycle=cycle, to_phase=Phase.CALIBRATION, reason="One form stays open")
