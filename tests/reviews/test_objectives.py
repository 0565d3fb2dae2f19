"""Objectives: who writes and reads them, two signatures under the same words, changes, the cascade, the score."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd
import pytest
from django.db import DatabaseError, transaction
from django.http import Http404

from foundation.delivery.models import Notice
from foundation.refusals import Refusal
from metrics.models import GroupValue
from people.models import User
from reviews.methods.objectives import score_objectives
from reviews.methods.recompute import recompute
from reviews.models import (
    CheckIn,
    Cycle,
    KeyResult,
    Objective,
    ObjectiveSignature,
    ObjectiveVersion,
    Result,
)
from reviews.selectors.explanations import explanation_of
from reviews.selectors.freshness import results_are_stale
from reviews.selectors.launch import launch_problems
from reviews.selectors.objective_progress import progress_of
from reviews.selectors.objective_scores import objective_scores
from reviews.selectors.objectives import get_objective_for, visible_objectives
from reviews.services.check_ins import check_in
from reviews.services.cycles import create_cycle, launch_cycle
from reviews.services.objective_agreement import agree_objectives, propose_objectives
from reviews.services.objective_assessments import assess_objective
from reviews.services.objectives import create_objective, drop_objective, revise_objective, undo_change
from reviews.services.phases import advance_phase
from tests.cast import Cast
from tests.reviews.conftest import configuration, kpi_component, score
from tests.reviews.goals import (
    agreed,
    content,
    digest,
    judged,
    launch_goals,
    numbers,
    objectives_component,
    seen,
    sign,
    with_conduct,
    write,
)

pytestmark = pytest.mark.django_db


@contextmanager
def refused(code: str) -> Iterator[Refusal]:
    with pytest.raises(Refusal) as caught:
        yield caught  # type: ignore[misc]
    assert caught.value.code == code, str(caught.value)
    assert "Refused:" not in str(caught.value)


@contextmanager
def stopped_by_database() -> Iterator[None]:
    with pytest.raises(DatabaseError), transaction.atomic():
        yield


@pytest.fixture
def goals(cast: Cast, measured: Any, kpis: Any) -> Cycle:
    return launch_goals(cast)


def rating(cast: Cast, cycle: Cycle) -> Cycle:
    return advance_phase(actor=cast.hr, cycle=cycle, to_phase="rating", reason="Not everybody has some")


# Writing ---------------------------------------------------------------------------------------------------------


def test_either_side_writes_and_nobody_else(cast: Cast, goals: Cycle) -> None:
    (own,) = write(cast.agent, goals, cast.agent)
    (given,) = write(cast.manager, goals, cast.peer)
    assert (own.state, given.state) == ("draft", "draft")
    for stranger in (cast.peer, cast.other_manager, cast.payroll):
        with pytest.raises(Http404):
            write(stranger, goals, cast.agent)
    for reader in (cast.hr, cast.auditor, cast.director):
        with refused("objective_not_yours"):
            write(reader, goals, cast.agent)
    with pytest.raises(Http404):
        write(cast.hr, goals, cast.auditor)  # an account, nobody in the cycle
    assert Objective.objects.count() == 2


def test_who_reads(cast: Cast, goals: Cycle) -> None:
    (mine,) = write(cast.agent, goals, cast.agent)
    for reader in (cast.agent, cast.manager, cast.site_manager, cast.director, cast.hr, cast.auditor):
        assert get_objective_for(reader, mine.pk) == mine
    for stranger in (cast.peer, cast.other_manager, cast.outsider, cast.payroll, cast.remote):
        with pytest.raises(Http404):
            get_objective_for(stranger, mine.pk)
        assert not visible_objectives(stranger).exists()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"title": "  "}, "objective_title_required"),
        ({"title": "x" * 201}, "cycle_text_too_long"),
        ({"title": 5}, "cycle_value_malformed"),
        ({"why": "x" * 2001}, "cycle_text_too_long"),
        ({"weight": 0}, "objective_weight"),
        ({"weight": 100.5}, "objective_weight"),
        ({"weight": "banana"}, "objective_weight"),
        ({"weight": None}, "objective_weight"),
        ({"weight": True}, "objective_weight"),
        ({"weight": "nan"}, "objective_weight"),
        ({"parent": 999999}, "objective_parent_unknown"),
        ({"parent": "banana"}, "objective_parent_unknown"),
        ({"parent": 2**80}, "objective_parent_unknown"),
        ({"key_results": []}, "key_results_none"),
        ({"key_results": [numbers()] * 11}, "key_results_too_many"),
        ({"key_results": "banana"}, "cycle_value_malformed"),
        ({"key_results": [numbers(title="")]}, "key_result_title_required"),
        ({"key_results": [numbers(target=None)]}, "key_result_target_required"),
        ({"key_results": [numbers(target=50)]}, "key_result_target_is_start"),
        ({"key_results": [numbers(target=math.inf)]}, "cycle_value_malformed"),
        ({"key_results": [numbers(target=True)]}, "cycle_value_malformed"),
        ({"key_results": [numbers(direction="lower")]}, "key_result_direction"),
        ({"key_results": [numbers(direction="banana")]}, "cycle_value_malformed"),
        ({"key_results": [numbers(weight=40), numbers(weight=50)]}, "key_result_weights"),
        ({"key_results": [numbers(kpi="banana")]}, "key_result_kpi_unknown"),
        ({"key_results": [judged(is_judged="yes")]}, "cycle_value_malformed"),
    ],
)
def test_what_is_not_stored(cast: Cast, goals: Cycle, change: dict[str, Any], code: str) -> None:
    with refused(code):
        write(cast.agent, goals, cast.agent, {**content(), **change})
    assert not Objective.objects.exists()
    assert not ObjectiveVersion.objects.exists()


def test_weights_left_out_are_shared_evenly(cast: Cast, goals: Cycle) -> None:
    (made,) = write(cast.agent, goals, cast.agent, content(key_results=[numbers(), numbers(), judged()]))
    weights = [float(each.weight) for each in made.latest_version.key_results.all()]  # type: ignore[union-attr]
    assert weights == [33.333, 33.333, 33.334]


def test_the_database_refuses_a_target_at_the_start(cast: Cast, goals: Cycle) -> None:
    (made,) = write(cast.agent, goals, cast.agent)
    with stopped_by_database():
        KeyResult.objects.filter(version__objective=made).update(target=50)


# Two signatures --------------------------------------------------------------------------------------------------


def test_it_counts_when_both_have_signed_the_same_words(cast: Cast, goals: Cycle) -> None:
    (made,) = write(cast.agent, goals, cast.agent)
    propose_objectives(actor=cast.agent, cycle=goals, employee_id=cast.agent.pk, seen=seen(made))
    made.refresh_from_db()
    assert (made.state, made.agreed_version) == ("proposed", None)
    assert objective_scores(goals, [cast.agent.pk]).empty  # one side only: counts not
    agree_objectives(actor=cast.manager, cycle=goals, employee_id=cast.agent.pk, seen=seen(made))
    made.refresh_from_db()
    assert made.state == "agreed"
    assert made.agreed_version == made.latest_version
    assert [(each.side, each.signed_by) for each in ObjectiveSignature.objects.order_by("id")] == [
        ("owner", cast.agent),
        ("superior", cast.manager),
    ]
    told = dict(Notice.objects.values_list("topic", "recipient__login"))
    assert told == {"objectives.proposed": "manager", "objectives.agreed": "agent"}


def test_the_manager_may_propose_first(cast: Cast, goals: Cycle) -> None:
    (made,) = write(cast.manager, goals, cast.agent)
    sign(cast.manager, cast.agent, goals, cast.agent, made)
    made.refresh_from_db()
    assert made.state == "agreed"


def test_nobody_signs_for_both(cast: Cast, goals: Cycle) -> None:
    (made,) = write(cast.agent, goals, cast.agent)
    with refused("objective_not_proposed"):
        agree_objectives(actor=cast.manager, cycle=goals, employee_id=cast.agent.pk, seen=seen(made))
    propose_objectives(actor=cast.agent, cycle=goals, employee_id=cast.agent.pk, seen=seen(made))
    with refused("objective_own_proposal"):
        agree_objectives(actor=cast.agent, cycle=goals, employee_id=cast.agent.pk, seen=seen(made))
    with refused("objective_signed"):
        propose_objectives(actor=cast.manager, cycle=goals, employee_id=cast.agent.pk, seen=seen(made))
    for reader in (cast.hr, cast.director, cast.auditor):
        with refused("objective_not_yours"):
            agree_objectives(actor=reader, cycle=goals, employee_id=cast.agent.pk, seen=seen(made))
    for stranger in (cast.peer, cast.other_manager):
        with pytest.raises(Http404):
            agree_objectives(actor=stranger, cycle=goals, employee_id=cast.agent.pk, seen=seen(made))
    assert ObjectiveSignature.objects.count() == 1


def test_an_edit_voids_the_other_sides_word(cast: Cast, goals: Cycle) -> None:
    (made,) = write(cast.agent, goals, cast.agent)
    propose_objectives(actor=cast.agent, cycle=goals, employee_id=cast.agent.pk, seen=seen(made))
    read = seen(made)
    revise_objective(
        actor=cast.manager,
        objective_id=made.pk,
        seen=digest(made),
        content=content(key_results=[numbers(target=90)]),
    )
    made.refresh_from_db()
    assert (made.state, made.latest_version.number) == ("draft", 2)  # type: ignore[union-attr]
    with refused("objective_not_proposed"):  # the signature stands under the first version alone
        agree_objectives(actor=cast.manager, cycle=goals, employee_id=cast.agent.pk, seen=seen(made))
    with refused("objective_stale"):
        agree_objectives(actor=cast.manager, cycle=goals, employee_id=cast.agent.pk, seen=read)
    sign(cast.manager, cast.agent, goals, cast.agent, made)
    made.refresh_from_db()
    assert made.state == "agreed"
    assert made.versions.count() == 2  # what the first proposal said can still be read


def test_a_draft_is_rewritten_in_place(cast: Cast, goals: Cycle) -> None:
    (made,) = write(cast.agent, goals, cast.agent)
    before = digest(made)
    revise_objective(actor=cast.agent, objective_id=made.pk, seen=before, content=content("Another"))
    made.refresh_from_db()
    assert [each.number for each in made.versions.all()] == [1]
    assert made.latest_version.title == "Another"  # type: ignore[union-attr]
    with refused("objective_stale"):
        revise_objective(actor=cast.manager, objective_id=made.pk, seen=before, content=content("Third"))
    with refused("objective_unchanged"):
        revise_objective(
            actor=cast.agent, objective_id=made.pk, seen=digest(made), content=content("Another")
        )


def test_weights_must_make_100_before_anybody_agrees(cast: Cast, goals: Cycle) -> None:
    first, second = write(cast.agent, goals, cast.agent, content(weight=60), content("Second", 30))
    propose_objectives(actor=cast.agent, cycle=goals, employee_id=cast.agent.pk, seen=seen(first, second))
    with refused("objective_weights") as caught:
        agree_objectives(actor=cast.manager, cycle=goals, employee_id=cast.agent.pk, seen=seen(first, second))
    assert "90" in str(caught.value)  # type: ignore[attr-defined]
    (third,) = write(cast.agent, goals, cast.agent, content("Third", 20))
    with refused("objective_weights_above"):
        propose_objectives(actor=cast.agent, cycle=goals, employee_id=cast.agent.pk, seen=seen(third))
    revise_objective(
        actor=cast.agent, objective_id=third.pk, seen=digest(third), content=content("Third", 10)
    )
    propose_objectives(actor=cast.agent, cycle=goals, employee_id=cast.agent.pk, seen=seen(third))
    agree_objectives(
        actor=cast.manager, cycle=goals, employee_id=cast.agent.pk, seen=seen(first, second, third)
    )
    assert Objective.objects.filter(state="agreed").count() == 3


def test_somebody_elses_objective_is_not_signed_along(cast: Cast, goals: Cycle) -> None:
    (mine,) = write(cast.agent, goals, cast.agent)
    (theirs,) = write(cast.peer, goals, cast.peer)
    with pytest.raises(Http404):
        propose_objectives(actor=cast.agent, cycle=goals, employee_id=cast.agent.pk, seen=seen(mine, theirs))
    with refused("objectives_none_chosen"):
        propose_objectives(actor=cast.agent, cycle=goals, employee_id=cast.agent.pk, seen={})
    assert not ObjectiveSignature.objects.exists()


def test_the_database_knows_who_signed_what(cast: Cast, goals: Cycle) -> None:
    (made,) = write(cast.agent, goals, cast.agent)
    latest = made.latest_version
    assert latest is not None
    with stopped_by_database():  # unsigned
        Objective.objects.filter(pk=made.pk).update(agreed_version=latest, state="agreed")
    propose_objectives(actor=cast.agent, cycle=goals, employee_id=cast.agent.pk, seen=seen(made))
    with stopped_by_database():  # signed by one side
        Objective.objects.filter(pk=made.pk).update(agreed_version=latest, state="agreed")
    with stopped_by_database():  # the same person for the other side
        ObjectiveSignature.objects.create(
            version=latest, side="superior", digest=latest.digest, signed_by=cast.agent
        )
    with stopped_by_database():  # what is signed stands
        ObjectiveVersion.objects.filter(pk=latest.pk).update(title="Less")
    with stopped_by_database():
        KeyResult.objects.filter(version=latest).update(target=51)
    with stopped_by_database():
        KeyResult.objects.create(version=latest, number=2, key=2, title="More", target=1, weight=1)
    with stopped_by_database():
        KeyResult.objects.filter(version=latest).delete()
    with stopped_by_database():
        ObjectiveSignature.objects.all().delete()
    with stopped_by_database():
        Objective.objects.filter(pk=made.pk).delete()
    with transaction.atomic():  # another wording under the signature of both is another digest
        ObjectiveSignature.objects.create(
            version=latest, side="superior", digest="0" * 64, signed_by=cast.manager
        )
        with stopped_by_database():
            Objective.objects.filter(pk=made.pk).update(agreed_version=latest, state="agreed")


# Changes ---------------------------------------------------------------------------------------------------------


def test_a_change_counts_when_both_have_agreed_to_it(cast: Cast, goals: Cycle) -> None:
    (made,) = agreed(cast, goals, cast.agent)
    advance_phase(actor=cast.hr, cycle=goals, to_phase="collection", reason="Others have none")
    with refused("cycle_reason_required"):
        revise_objective(
            actor=cast.agent,
            objective_id=made.pk,
            seen=digest(made),
            content=content(key_results=[numbers(key=1, target=80)]),
        )
    revise_objective(
        actor=cast.agent,
        objective_id=made.pk,
        seen=digest(made),
        content=content(key_results=[numbers(key=1, target=80)]),
        reason="The new phone system came late",
    )
    made.refresh_from_db()
    assert made.state == "agreed"
    assert made.has_open_change
    assert made.agreed_version.key_results.get().target == 100  # type: ignore[union-attr]
    sign(cast.agent, cast.manager, goals, cast.agent, made)
    made.refresh_from_db()
    assert made.agreed_version.key_results.get().target == 80  # type: ignore[union-attr]
    assert [each.number for each in made.versions.all()] == [1, 2]
    assert not made.has_open_change


def test_a_change_can_be_taken_back(cast: Cast, goals: Cycle) -> None:
    (made,) = agreed(cast, goals, cast.agent)
    with refused("objective_no_change"):
        undo_change(actor=cast.agent, objective_id=made.pk, seen=digest(made))
    revise_objective(
        actor=cast.agent, objective_id=made.pk, seen=digest(made), content=content("Easier"), reason="Why"
    )
    undo_change(actor=cast.manager, objective_id=made.pk, seen=digest(made))
    made.refresh_from_db()
    assert made.latest_version == made.agreed_version
    assert made.versions.count() == 1


def test_an_objective_ends_when_both_agree(cast: Cast, goals: Cycle) -> None:
    first, second = agreed(cast, goals, cast.agent, content(weight=60), content("Second", 40))
    drop_objective(actor=cast.agent, objective_id=second.pk, seen=digest(second), reason="Project stopped")
    revise_objective(
        actor=cast.agent,
        objective_id=first.pk,
        seen=digest(first),
        content=content(weight=100),
        reason="Takes the weight of the other",
    )
    assert len(objective_scores(goals, [cast.agent.pk])) == 2  # until both have agreed
    sign(cast.agent, cast.manager, goals, cast.agent, first, second)
    assert list(objective_scores(goals, [cast.agent.pk])["weight"]) == [100]
    second.refresh_from_db()
    assert second.state == "closed"
    with refused("objective_closed"):
        revise_objective(
            actor=cast.agent, objective_id=second.pk, seen=digest(second), content=content(), reason="x"
        )


def test_a_draft_ends_at_once(cast: Cast, goals: Cycle) -> None:
    (made,) = write(cast.agent, goals, cast.agent)
    drop_objective(actor=cast.agent, objective_id=made.pk, seen=digest(made), reason="")
    made.refresh_from_db()
    assert made.state == "closed"
    write(cast.agent, goals, cast.agent)  # its weight is free again


def test_nothing_is_written_once_scores_are_given(cast: Cast, goals: Cycle) -> None:
    (made,) = agreed(cast, goals, cast.agent)
    (draft,) = write(cast.peer, goals, cast.peer)
    rating(cast, goals)
    with refused("objectives_not_open"):
        write(cast.outsider, goals, cast.outsider)
    with refused("objectives_not_open"):
        propose_objectives(actor=cast.peer, cycle=goals, employee_id=cast.peer.pk, seen=seen(draft))
    with refused("objectives_not_open"):
        revise_objective(
            actor=cast.agent, objective_id=made.pk, seen=digest(made), content=content("x"), reason="x"
        )


# The cascade -----------------------------------------------------------------------------------------------------


def of_team(actor: User, cycle: Cycle, team: Any, title: str, **more: Any) -> Objective:
    return create_objective(actor=actor, cycle=cycle, team_id=team.pk, content=content(title, **more))


def test_company_and_team_goals_are_seen_once_agreed(cast: Cast, goals: Cycle) -> None:
    company = create_objective(actor=cast.hr, cycle=goals, content=content("Best service in town"))
    with refused("objective_not_yours"):
        create_objective(actor=cast.manager, cycle=goals, content=content())
    with pytest.raises(Http404):
        get_objective_for(cast.agent, company.pk)
    propose_objectives(actor=cast.hr, cycle=goals, seen=seen(company))
    company.refresh_from_db()
    assert company.state == "agreed"  # nobody stands above the company
    assert get_objective_for(cast.agent, company.pk) == company
    team = of_team(cast.manager, goals, cast.blue, "Blue answers first", parent=company.pk)
    with pytest.raises(Http404):
        get_objective_for(cast.agent, team.pk)
    propose_objectives(actor=cast.manager, cycle=goals, team_id=cast.blue.pk, seen=seen(team))
    agree_objectives(actor=cast.site_manager, cycle=goals, team_id=cast.blue.pk, seen=seen(team))
    (mine,) = write(cast.agent, goals, cast.agent, content(parent=team.pk))
    assert mine.parent == team
    with refused("objective_parent_unknown"):  # a team does not hang under a person
        of_team(cast.site_manager, goals, cast.shanghai, "Wrong way round", parent=mine.pk)


def test_a_circle_is_refused_by_the_service_and_by_the_database(cast: Cast, goals: Cycle) -> None:
    top = of_team(cast.site_manager, goals, cast.shanghai, "Top")
    middle = of_team(cast.site_manager, goals, cast.shanghai, "Middle", parent=top.pk)
    low = of_team(cast.manager, goals, cast.blue, "Low")
    revise_objective(
        actor=cast.site_manager,
        objective_id=low.pk,
        seen=digest(low),
        content=content("Low", parent=middle.pk),
    )
    for parent in (low, top):
        with refused("objective_loop"):
            revise_objective(
                actor=cast.site_manager,
                objective_id=top.pk,
                seen=digest(top),
                content=content("Top", parent=parent.pk),
            )
    with stopped_by_database():
        Objective.objects.filter(pk=top.pk).update(parent=low)
    with stopped_by_database():
        Objective.objects.filter(pk=top.pk).update(parent=top)
    top.refresh_from_db()
    assert top.parent is None


def test_a_goal_of_another_cycle_is_no_parent(cast: Cast, goals: Cycle) -> None:
    other = launch_goals(cast, code="mbo2")
    there = create_objective(actor=cast.hr, cycle=other, content=content())
    propose_objectives(actor=cast.hr, cycle=other, seen=seen(there))
    with refused("objective_parent_unknown"):
        write(cast.agent, goals, cast.agent, content(parent=there.pk))
    (mine,) = write(cast.agent, goals, cast.agent)
    with stopped_by_database():
        Objective.objects.filter(pk=mine.pk).update(parent=there)


# Check-ins -------------------------------------------------------------------------------------------------------


def test_check_ins_are_kept_and_the_newest_value_counts(cast: Cast, goals: Cycle) -> None:
    (made,) = agreed(cast, goals, cast.agent)
    check_in(actor=cast.agent, objective_id=made.pk, confidence=3, values={1: 60})
    check_in(actor=cast.manager, objective_id=made.pk, confidence=2, values={1: 75}, comment="Slower now")
    check_in(actor=cast.agent, objective_id=made.pk, comment="Only a word")
    assert objective_scores(goals, [cast.agent.pk])["score"].tolist() == [50]
    assert CheckIn.objects.count() == 3
    with stopped_by_database():
        CheckIn.objects.all().delete()
    with stopped_by_database():
        CheckIn.objects.update(confidence=1)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, "check_in_empty"),
        ({"confidence": 4}, "cycle_value_malformed"),
        ({"confidence": True}, "cycle_value_malformed"),
        ({"values": {9: 1}}, "key_result_unknown"),
        ({"values": {2: 1}}, "key_result_is_judged"),
        ({"values": {1: math.nan}}, "cycle_value_malformed"),
        ({"values": {1: "80"}}, "cycle_value_malformed"),
        ({"values": {1: 1e13}}, "cycle_value_malformed"),
        ({"comment": "x" * 1001}, "cycle_text_too_long"),
    ],
)
def test_no_check_in_is_stored(cast: Cast, goals: Cycle, change: dict[str, Any], code: str) -> None:
    (made,) = agreed(cast, goals, cast.agent, content(key_results=[numbers(), judged()]))
    with refused(code):
        check_in(actor=cast.agent, objective_id=made.pk, **change)
    assert not CheckIn.objects.exists()


def test_who_checks_in_and_when(cast: Cast, goals: Cycle) -> None:
    (made,) = write(cast.agent, goals, cast.agent)
    with refused("check_in_not_agreed"):
        check_in(actor=cast.agent, objective_id=made.pk, confidence=3)
    sign(cast.agent, cast.manager, goals, cast.agent, made)
    with refused("objective_not_yours"):
        check_in(actor=cast.hr, objective_id=made.pk, confidence=3)
    with pytest.raises(Http404):
        check_in(actor=cast.peer, objective_id=made.pk, confidence=3)


# The score -------------------------------------------------------------------------------------------------------


def the_result(cycle: Cycle, person: User) -> Result:
    return Result.objects.select_related("employee").get(run=cycle.published_run_id, employee=person)


def assert_explained(cycle: Cycle, person: User) -> dict[str, Any]:
    result = the_result(cycle, person)
    explanation = explanation_of(result, cycle)
    again = recompute(explanation)
    assert again["score"] == result.score
    assert again["standard_error"] == result.standard_error
    for component in explanation["components"]:
        answer = again["components"][component["code"]]
        assert answer["score"] == component["score"]
        assert answer["standard_error"] == component["standard_error"]
        for line, other in zip(component["lines"], answer["lines"], strict=True):
            for name in ("subject", "value", "attainment", "points", "standard_error", "rule"):
                assert other[name] == line[name], (line["subject"], name)
    return explanation


def test_from_agreement_to_a_score_that_explains_itself(cast: Cast, measured: Any, kpis: Any) -> None:
    cycle = launch_goals(cast, *with_conduct())
    first, _second = agreed(
        cast,
        cycle,
        cast.agent,
        content(weight=70, key_results=[numbers(weight=60), judged(weight=40)]),
        content(
            "Satisfied customers", 30, key_results=[numbers(title="CSAT", start=None, target=4.6, kpi="csat")]
        ),
    )
    check_in(actor=cast.agent, objective_id=first.pk, confidence=3, values={1: 90})
    rating(cast, cycle)
    with refused("assessment_comment_required"):
        assess_objective(actor=cast.agent, objective_id=first.pk, comment=" ", version=0, levels={2: 3})
    with refused("assessment_level_missing"):
        assess_objective(actor=cast.agent, objective_id=first.pk, comment="Well", version=0)
    with refused("assessment_level_unknown"):
        assess_objective(actor=cast.agent, objective_id=first.pk, comment="Well", version=0, levels={2: 9})
    assess_objective(actor=cast.agent, objective_id=first.pk, comment="Reached", version=0, levels={2: 4})
    assess_objective(actor=cast.manager, objective_id=first.pk, comment="Nearly", version=0, levels={2: 2})
    with refused("assessment_stale"):
        assess_objective(actor=cast.manager, objective_id=first.pk, comment="x", version=0, levels={2: 3})
    with refused("objective_not_yours"):
        assess_objective(actor=cast.hr, objective_id=first.pk, comment="x", version=0, levels={2: 3})
    score(cast.hr, cycle)
    explanation = assert_explained(cycle, cast.agent)
    component = explanation["components"][0]
    # 60 % × 80 + 40 % × 60 = 72; csat 4.37 / 4.6 = 95 %; 70 % × 72 + 30 % × 95
    lines = {
        line["subject"].partition(":")[0] + str(index): line for index, line in enumerate(component["lines"])
    }
    assert [line["points"] for line in component["lines"]] == [72, 80, 60, 95, 95]
    assert component["score"] == pytest.approx(78.9)
    assert lines["objective0"]["objective"]["superior_comment"] == "Nearly"
    assert lines["key4"]["inputs"] == {"sum(csat_score)": 4.37 * 50, "count(csat_score)": 50}
    assert component["standard_error"] is not None
    # Nobody judged the conduct, and the cycle holds back.
    assert the_result(cycle, cast.agent).state == "held_back"


def test_who_has_nothing_agreed_is_held_back_and_told(cast: Cast, goals: Cycle) -> None:
    (made,) = write(cast.peer, goals, cast.peer)
    propose_objectives(actor=cast.peer, cycle=goals, employee_id=cast.peer.pk, seen=seen(made))
    agreed(cast, goals, cast.agent)
    with refused("objectives_open"):
        advance_phase(actor=cast.hr, cycle=goals, to_phase="rating")
    rating(cast, goals)
    score(cast.hr, goals)
    assert the_result(goals, cast.agent).score == 0  # agreed, and nobody noted a value
    assert the_result(goals, cast.peer).score is None
    explanation = assert_explained(goals, cast.peer)
    assert [line["rule"] for line in explanation["components"][0]["lines"]] == ["none_agreed"]


def test_results_grow_stale_by_what_enters_them(cast: Cast, goals: Cycle) -> None:
    (made,) = agreed(cast, goals, cast.agent, content(key_results=[numbers(), judged()]))
    rating(cast, goals)
    score(cast.hr, goals)
    assert not results_are_stale(goals)
    check_in(actor=cast.agent, objective_id=made.pk, comment="Only a word")
    assess_objective(actor=cast.agent, objective_id=made.pk, comment="Mine", version=0, levels={2: 4})
    assert not results_are_stale(goals)
    check_in(actor=cast.agent, objective_id=made.pk, values={1: 70})
    assert results_are_stale(goals)
    score(cast.hr, goals)
    assess_objective(actor=cast.manager, objective_id=made.pk, comment="Well", version=0, levels={2: 3})
    assert results_are_stale(goals)


def test_a_later_version_does_not_rewrite_an_explanation(cast: Cast, goals: Cycle) -> None:
    (made,) = agreed(cast, goals, cast.agent)
    advance_phase(actor=cast.hr, cycle=goals, to_phase="collection", reason="Others have none")
    check_in(actor=cast.agent, objective_id=made.pk, values={1: 75})
    score(cast.hr, goals)
    before = assert_explained(goals, cast.agent)
    revise_objective(
        actor=cast.agent,
        objective_id=made.pk,
        seen=digest(made),
        content=content("Easier", key_results=[numbers(key=1, target=75)]),
        reason="Late system",
    )
    sign(cast.agent, cast.manager, goals, cast.agent, made)
    assert assert_explained(goals, cast.agent) == before
    assert results_are_stale(goals)
    score(cast.hr, goals)
    after = assert_explained(goals, cast.agent)
    assert (before["score"], after["score"]) == (50, 100)


def facts(*rows: dict[str, Any]) -> pd.DataFrame:
    base = {
        "employee_id": 1,
        "objective_id": 1,
        "version_id": 1,
        "weight": 100.0,
        "perspective": "",
        "key_weight": 100.0,
        "is_judged": False,
        "start": np.nan,
        "target": 10.0,
        "lower": False,
        "kpi_version_id": None,
        "minimum_sample": 0,
        "value": np.nan,
        "level": np.nan,
    }
    return pd.DataFrame([{**base, "key_result_id": index, **row} for index, row in enumerate(rows)])


NO_VALUES = pd.DataFrame(columns=["employee_id", "kpi_version_id", "value", "standard_error", "n"])
RULE = {"cap": 1.2, "levels": [{"value": 1, "points": 0}, {"value": 3, "points": 100}]}


@pytest.mark.parametrize(
    ("row", "points", "rule"),
    [
        ({"start": 50, "target": 100, "value": 75}, 50, "progress"),
        ({"start": 50, "target": 100, "value": 40}, 0, "progress"),
        ({"start": 50, "target": 100, "value": 500}, 120, "progress"),
        ({"start": 30, "target": 20, "value": 25, "lower": True}, 50, "progress"),
        ({"target": 20, "value": 18, "lower": True}, 110, "progress"),
        ({"target": 20, "value": 10}, 50, "progress"),
        ({"target": 0, "value": 0, "lower": True}, 100, "progress"),
        ({}, 0, "not_started"),
        ({"is_judged": True, "target": np.nan}, None, "not_judged"),
        ({"is_judged": True, "target": np.nan, "level": 3}, 100, "level"),
        ({"is_judged": True, "target": np.nan, "level": 7}, None, "not_judged"),
        ({"kpi_version_id": 5}, None, "no_value"),
    ],
)
def test_what_a_key_result_gives(row: dict[str, Any], points: float | None, rule: str) -> None:
    keys, found = score_objectives(RULE, facts(row), NO_VALUES)
    assert keys["rule"].tolist() == [rule]
    if points is None:
        assert keys["points"].isna().all()
        assert found["rule"].tolist() == ["nothing_counts"]
    else:
        assert keys["points"].tolist() == [points]
        assert found["points"].tolist() == [points]


def test_the_queries_do_not_depend_on_the_people(
    cast: Cast, goals: Cycle, query_count: Callable[[Callable[[], Any]], int]
) -> None:
    agreed(cast, goals, cast.agent)
    one = query_count(lambda: objective_scores(goals, [cast.agent.pk]))
    agreed(cast, goals, cast.peer)
    agreed(cast, goals, cast.outsider)
    three = query_count(lambda: objective_scores(goals, [cast.agent.pk, cast.peer.pk, cast.outsider.pk]))
    assert one == three


# Launching -------------------------------------------------------------------------------------------------------


def test_a_cycle_with_objectives_begins_with_goals(cast: Cast, measured: Any, kpis: Any) -> None:
    cycle = create_cycle(
        actor=cast.hr,
        code="direct",
        name_en="Direct",
        first_day=cast.first_day,
        last_day=cast.last_day,
        configuration=configuration(components=[objectives_component(50), kpi_component(50)]),
    )
    with refused("objectives_need_goals"):
        launch_cycle(actor=cast.hr, cycle=cycle)
    assert [(each.code, each.severity) for each in launch_problems(cycle)] == [
        ("objectives_not_held_back", "warning")
    ]
    assert launch_cycle(actor=cast.hr, cycle=cycle, to_phase="goals").phase == "goals"


def test_goals_of_a_team_and_of_the_company_follow_a_kpi_by_themselves(
    cast: Cast, goals: Cycle, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, list[int]]] = []

    def measured_groups(
        *, subject_type: str, subject_ids: Any, kpi_versions: Any, **days: Any
    ) -> list[GroupValue]:
        """Stands in for the data, which the room of metrics has its own tests for."""
        assert days == {"first_day": goals.first_day, "last_day": goals.last_day}
        asked.append((subject_type, sorted(subject_ids)))
        means = {cast.blue.pk: 4.55, cast.green.pk: 4.1, 0: 4.3}
        return [
            GroupValue(
                subject_id=pk, kpi_version=version, value=means[pk], standard_error=0.02, n=90 if pk else 3
            )
            for pk in subject_ids
            for version in kpi_versions
        ]

    monkeypatch.setattr("reviews.selectors.objective_progress.measured_groups", measured_groups)
    follows = numbers(title="CSAT", unit="", start=4, target=4.6, kpi="csat")
    company = create_objective(
        actor=cast.hr, cycle=goals, content=content("Best in town", key_results=[follows])
    )
    propose_objectives(actor=cast.hr, cycle=goals, seen=seen(company))
    teams = []
    for leader, team in ((cast.manager, cast.blue), (cast.other_manager, cast.green)):
        made = of_team(leader, goals, team, team.code, parent=company.pk, key_results=[follows, numbers()])
        propose_objectives(actor=leader, cycle=goals, team_id=team.pk, seen=seen(made))
        agree_objectives(actor=cast.site_manager, cycle=goals, team_id=team.pk, seen=seen(made))
        teams.append(made)
    with refused("key_result_follows"):  # nobody types what is measured
        check_in(actor=cast.manager, objective_id=teams[0].pk, values={1: 5.0}, confidence=3)
    own = write(cast.agent, goals, cast.agent, content(parent=teams[0].pk))
    sign(cast.agent, cast.manager, goals, cast.agent, *own)
    found = progress_of(
        goals, list(Objective.objects.filter(pk__in=[company.pk, own[0].pk, *(t.pk for t in teams)]))
    )
    blue, green = (found[each.pk] for each in teams)
    assert [(blue.keys[1].value, green.keys[1].value)] == [(4.55, 4.1)]
    assert blue.keys[1].points == pytest.approx(100 * 0.55 / 0.6, abs=1e-4)
    assert blue.points == pytest.approx(blue.keys[1].points / 2, abs=1e-4)  # the other was not started
    # Three answers are fewer than the KPI's minimum sample.
    assert (found[company.pk].keys[1].rule, found[company.pk].points) == ("below_minimum", None)
    assert found[own[0].pk].keys[1].rule == "not_started"
    assert sorted(asked) == [("c", [0]), ("t", sorted([cast.blue.pk, cast.green.pk]))]
