"""Targets by person: frozen at launch, scored, explained, recomputed."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.utils import translation

from metrics.services.target_lines import TargetLine
from metrics.services.targets import save_targets
from people.models import Membership
from reviews.methods.document import as_draft
from reviews.methods.recompute import recompute
from reviews.models import Cycle, Participant, Result
from reviews.selectors.evidence import kpi_facts
from reviews.selectors.explanations import explanation_of
from reviews.selectors.launch import launch_problems
from reviews.services.cycles import create_cycle, edit_configuration, launch_cycle
from reviews.views.explaining import explanation_tree
from reviews.views.kpi_words import target_sentence
from tests.cast import Cast
from tests.factories import days
from tests.reviews.conftest import configuration, kpi_component, score

RAMP = (Decimal("0.6"), Decimal("0.85"))


@pytest.fixture
def new_hire(cast: Cast) -> Cast:
    """peer has been an agent since 10 September: October is the second month."""
    membership = Membership.objects.get(user=cast.peer)
    membership.valid = days("2025-09-10")
    membership.save()
    return cast


def table(cast: Cast, *lines: TargetLine, version: int = 0) -> None:
    save_targets(actor=cast.hr, lines=lines, version=version)


def scored(cast: Cast, **changes: Any) -> Cycle:
    component = kpi_component(100)
    component["kpis"][0]["cap"] = None
    cycle = create_cycle(
        actor=cast.hr,
        code="person-targets",
        name_en="Targets",
        first_day=cast.first_day,
        last_day=cast.last_day,
        configuration=configuration(components=[component], **changes),
    )
    cycle = launch_cycle(actor=cast.hr, cycle=cycle)
    score(cast.hr, cycle)
    return cycle


def explained(cycle: Cycle, who: Any) -> dict[str, Any]:
    result = Result.objects.get(run=cycle.published_run, employee=who)
    found = explanation_of(result, cycle)
    again = recompute(found)
    assert (again["score"], again["standard_error"]) == (result.score, result.standard_error)
    for stored, line in zip(
        found["components"][0]["lines"], again["components"]["kpis"]["lines"], strict=True
    ):
        assert {
            name: stored[name] for name in ("target", "points", "attainment", "standard_error", "rule")
        } == {name: line[name] for name in ("target", "points", "attainment", "standard_error", "rule")}
    return found


@pytest.mark.usefixtures("kpis", "measured")
def test_the_second_month_has_its_share_of_the_target(new_hire: Cast) -> None:
    table(new_hire, TargetLine(kpi="csat", job="agent", target=Decimal("4.5"), ramp=RAMP))
    cycle = scored(new_hire)
    line = explained(cycle, new_hire.peer)["components"][0]["lines"][0]
    # 4.5 x 0.85 = 3.825; 4.60 of it is 120.2614 %.
    assert (line["target"], line["points"]) == (3.825, 120.2614)
    assert line["target_parts"] == [{"month": "2025-10", "row": 1, "base": 4.5, "share": 0.85, "tenure": 1}]
    assert explained(cycle, new_hire.agent)["components"][0]["lines"][0]["target"] == 4.5


@pytest.mark.usefixtures("kpis", "measured")
def test_the_explanation_says_it_as_a_calculation(new_hire: Cast) -> None:
    table(new_hire, TargetLine(kpi="csat", job="agent", target=Decimal("4.5"), ramp=RAMP))
    cycle = scored(new_hire)
    found = explained(cycle, new_hire.peer)
    item = found["configuration"]["components"][0]["kpis"][0]
    with translation.override("en"):
        assert (
            target_sentence(found["components"][0]["lines"][0], item)
            == "3.825 = 4.5 × ramp 0.85 (month 2 in the job)"
        )
        assert "Target for this person" in str(explanation_tree(found, cycle))


@pytest.mark.usefixtures("kpis", "measured")
def test_a_line_that_names_its_target_wins(new_hire: Cast) -> None:
    table(new_hire, TargetLine(kpi="response_time", target=Decimal(15)))
    line = explained(scored(new_hire), new_hire.agent)["components"][0]["lines"][1]
    assert (line["target"], "target_parts" in line) == (20.0, False)


@pytest.mark.usefixtures("kpis", "measured")
def test_an_old_cycle_keeps_its_targets(new_hire: Cast) -> None:
    table(new_hire, TargetLine(kpi="csat", job="agent", target=Decimal("4.5")))
    cycle = scored(new_hire)
    table(new_hire, TargetLine(kpi="csat", job="agent", target=Decimal(3)), version=1)
    Membership.objects.filter(user=new_hire.agent).update(valid=days("2025-10-01"))
    score(new_hire.hr, cycle)
    assert explained(cycle, new_hire.agent)["components"][0]["lines"][0]["target"] == 4.5
    item = cycle.configuration["components"][0]["kpis"][0]
    assert (item["targets"]["edition"], item["target"]) == (1, None)
    # The next cycle like this one reads the table anew.
    assert "targets" not in as_draft(cycle.configuration)["components"][0]["kpis"][0]


@pytest.mark.usefixtures("kpis", "measured")
def test_without_a_target_a_line_does_not_count(new_hire: Cast) -> None:
    from metrics.models import KPIVersion

    KPIVersion.objects.filter(kpi__code="csat").update(target=None)
    table(
        new_hire,
        TargetLine(kpi="csat", tenure_from=12, target=Decimal("4.5")),
    )
    cycle = create_cycle(
        actor=new_hire.hr,
        code="x",
        name_en="x",
        first_day=new_hire.first_day,
        last_day=new_hire.last_day,
        configuration=configuration(components=[kpi_component(100)]),
    )
    problems = launch_problems(cycle)
    assert [(each.code, each.severity, each.params["count"]) for each in problems] == [
        ("people_without_target", "warning", 1)
    ]
    cycle = launch_cycle(actor=new_hire.hr, cycle=cycle)
    score(new_hire.hr, cycle)
    line = explained(cycle, new_hire.peer)["components"][0]["lines"][0]
    assert (line["rule"], line["target"], line["points"]) == ("no_target", None, None)


@pytest.mark.usefixtures("kpis", "measured")
def test_the_tenure_goes_on_over_a_transfer_and_begins_anew_with_another_job(cast: Cast) -> None:
    cycle = scored(cast)
    mover = Participant.objects.get(cycle=cycle, employee=cast.mover)
    assert mover.role_since is not None
    assert mover.role_since < datetime.date(2025, 10, 10)
    leaver = Participant.objects.get(cycle=cycle, employee=cast.leaver)
    assert leaver.role_until == datetime.date(2025, 10, 16)


@pytest.mark.usefixtures("kpis", "measured")
def test_pages_before_the_release_show_the_own_target(
    new_hire: Cast, query_count: Callable[[Callable[[], Any]], int]
) -> None:
    table(new_hire, TargetLine(kpi="csat", job="agent", target=Decimal("4.5"), ramp=RAMP))
    cycle = scored(new_hire)
    facts = kpi_facts(cycle, [new_hire.peer.pk, new_hire.agent.pk])
    assert [facts[who.pk][0].target for who in (new_hire.peer, new_hire.agent)] == [3.825, 4.5]
    assert facts[new_hire.peer.pk][1].target == 20
    one = query_count(lambda: kpi_facts(cycle, [new_hire.peer.pk]))
    assert one == query_count(lambda: kpi_facts(cycle, [user.pk for user in new_hire.employees]))


@pytest.mark.usefixtures("kpis", "measured")
def test_a_draft_may_name_a_kpi_whose_only_targets_stand_in_the_table(cast: Cast, draft: Cycle) -> None:
    from metrics.models import KPIVersion

    KPIVersion.objects.filter(kpi__code="csat").update(target=None)
    assert "cycle_kpi_without_target" in {each.code for each in launch_problems(draft)}
    table(cast, TargetLine(kpi="csat", target=Decimal("4.5")))
    assert "cycle_kpi_without_target" not in {each.code for each in launch_problems(draft)}
    edit_configuration(actor=cast.hr, cycle=draft, configuration=draft.configuration, version=draft.version)
