"""Scoring a call: answers, fatal errors, submission, the records that come of it, disputes, and who sees what."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.db import transaction
from django.http import Http404
from django.utils import timezone

from foundation.refusals import Refusal
from foundation.runs.services import drain_outbox
from metrics.models import Batch, Inspection, InspectionDispute, InspectionScore, KPIValue, Record, Source
from metrics.selectors.inspection_agreement import agreement_of
from metrics.selectors.inspections import visible_disputes, visible_inspections
from metrics.selectors.kpi_values import standing_values
from metrics.selectors.records import visible_records
from metrics.services.inspection_disputes import decide_dispute, raise_dispute
from metrics.services.inspection_records import store_scores
from metrics.services.inspections import StaleAnswer, save_answer, submit_inspection
from metrics.services.inspectors import assign_inspector
from people.models import User
from tests.cast import Cast
from tests.factories import RoleGrantFactory
from tests.metrics.inspection_world import GOOD, OCTOBER, answer, draw, make_form, make_inspector, push_calls


@pytest.fixture
def iris(cast: Cast) -> User:
    return make_inspector(cast, "iris")


@pytest.fixture
def ivan(cast: Cast) -> User:
    return make_inspector(cast, "ivan")


@pytest.fixture
def calls(cast: Cast, telephone: Source) -> Source:
    push_calls(telephone, {"E0004": 30, "E0005": 30, cast.outsider.employee_number or "": 30})
    return telephone


@pytest.fixture
def inspection(cast: Cast, calls: Source, iris: User, ivan: User) -> Inspection:
    """One of the agent's, to be scored by iris, scored once."""
    assign_inspector(actor=cast.hr, user=iris, team_codes=["blue"])
    assign_inspector(actor=cast.hr, user=ivan, team_codes=["green"])
    sample = draw(make_form(), calls, double_percent=0)
    return sample.inspections.filter(employee=cast.agent).order_by("pk")[0]


# Answering -----------------------------------------------------------------------------------------------------------


def test_a_score_is_what_the_form_says(inspection: Inspection) -> None:
    answer(inspection)
    score = inspection.scores.get()
    assert (score.score, score.before_fatal, score.is_fatal) == (67.5, 67.5, False)
    assert score.answers["listening"] == {"answer": "4", "comment": ""}


def test_a_fatal_error_makes_it_zero_and_what_does_not_apply_gives_its_weight_away(
    inspection: Inspection,
) -> None:
    answer(
        inspection,
        {"greeting": "na", "listening": "5", "solved": "yes", "verification": "yes"},
        comments={"verification": "Gave the balance without asking for the number"},
    )
    score = inspection.scores.get()
    assert (score.score, score.before_fatal, score.is_fatal) == (0.0, 100.0, True)


def test_a_fatal_error_may_cap_instead(cast: Cast, calls: Source, iris: User) -> None:
    sample = draw(make_form(fatal_cap=40), calls, double_percent=0)
    found = answer(
        sample.inspections.all()[0], {**GOOD, "verification": "yes"}, comments={"verification": "Not asked"}
    )
    assert found.scores.get().score == 40


BAD_ANSWERS: dict[str, tuple[str, Any, str]] = {
    "a word": ("greeting", "banana", "inspection_answer"),
    "below the scale": ("listening", "-5", "inspection_answer"),
    "above the scale": ("listening", 6, "inspection_answer"),
    "partly where it is yes or no": ("greeting", "partly", "inspection_answer"),
    "does not apply where it always does": ("solved", "na", "inspection_answer"),
    "a list": ("greeting", ["yes"], "inspection_answer_malformed"),
    "true": ("greeting", True, "inspection_answer_malformed"),
    "an item of no form": ("charm", "yes", "inspection_item_unknown"),
    "half a fatal error": ("verification", "partly", "inspection_answer"),
}


@pytest.mark.parametrize("case", BAD_ANSWERS)
def test_what_is_no_answer_is_refused_and_nothing_is_stored(inspection: Inspection, case: str) -> None:
    item, value, code = BAD_ANSWERS[case]
    with pytest.raises(Refusal) as error:
        save_answer(
            actor=inspection.inspector, inspection_id=inspection.pk, item=item, version=0, answer=value
        )
    assert (error.value.code, error.value.status) == (code, 422)
    inspection.refresh_from_db()
    assert inspection.answers == {}


def test_somebody_elses_inspection_does_not_exist(cast: Cast, inspection: Inspection, ivan: User) -> None:
    for other in (ivan, cast.hr, cast.agent, cast.manager):
        with pytest.raises(Http404):
            save_answer(actor=other, inspection_id=inspection.pk, item="greeting", version=0, answer="yes")
        with pytest.raises(Http404):
            submit_inspection(actor=other, inspection_id=inspection.pk)
    inspection.refresh_from_db()
    assert inspection.answers == {}


def test_a_second_answer_to_one_item_is_a_conflict_that_shows_the_first(inspection: Inspection) -> None:
    iris = inspection.inspector
    save_answer(actor=iris, inspection_id=inspection.pk, item="greeting", version=0, answer="yes")
    with pytest.raises(StaleAnswer) as stale:
        save_answer(actor=iris, inspection_id=inspection.pk, item="greeting", version=0, answer="no")
    assert (stale.value.version, stale.value.current["answer"]) == (1, "yes")
    # the same once more is the answer that got lost on the way
    save_answer(actor=iris, inspection_id=inspection.pk, item="greeting", version=0, answer="yes")
    inspection.refresh_from_db()
    assert inspection.answers["greeting"] == {"answer": "yes", "version": 1}


def test_what_is_missing_is_said(inspection: Inspection) -> None:
    answer(inspection, {"greeting": "no"}, submit=False)
    with pytest.raises(Refusal) as error:
        submit_inspection(actor=inspection.inspector, inspection_id=inspection.pk)
    assert (error.value.code, error.value.params) == ("inspection_incomplete", {"count": 2})
    answer(inspection, {"listening": "1", "solved": "yes"}, submit=False)
    for item in ("greeting", "listening"):
        with pytest.raises(Refusal) as error:
            submit_inspection(actor=inspection.inspector, inspection_id=inspection.pk)
        assert (error.value.code, error.value.field) == ("inspection_comment_missing", item)
        save_answer(
            actor=inspection.inspector, inspection_id=inspection.pk, item=item, version=0, comment="Heard it"
        )
    submit_inspection(actor=inspection.inspector, inspection_id=inspection.pk)


def test_a_submitted_form_is_closed_and_a_second_click_changes_nothing(inspection: Inspection) -> None:
    answer(inspection)
    iris = inspection.inspector
    with pytest.raises(Refusal) as error:
        save_answer(actor=iris, inspection_id=inspection.pk, item="greeting", version=1, answer="no")
    assert error.value.code == "inspection_submitted"
    assert submit_inspection(actor=iris, inspection_id=inspection.pk) == inspection.scores.get()
    for change in (
        lambda: Inspection.objects.filter(pk=inspection.pk).update(answers={}),
        lambda: InspectionScore.objects.update(score=100),
        lambda: InspectionScore.objects.all().delete(),
    ):
        with pytest.raises(Exception, match="Cannot"), transaction.atomic():
            change()


def test_without_the_role_nothing_more_is_scored(cast: Cast, inspection: Inspection) -> None:
    inspection.inspector.role_grants.all().delete()
    iris = User.objects.get(pk=inspection.inspector_id)
    with pytest.raises(Refusal) as error:
        save_answer(actor=iris, inspection_id=inspection.pk, item="greeting", version=0, answer="yes")
    assert error.value.code == "inspection_role_lost"


# Records and KPIs ----------------------------------------------------------------------------------------------------


def test_scores_become_records_and_the_kpi_of_the_catalogue(cast: Cast, inspection: Inspection) -> None:
    answer(inspection)
    drain_outbox()
    record = Record.objects.get(batch__source__code="quality-inspection")
    assert record.external_id == f"inspection-{inspection.pk}"
    assert (record.employee_id, record.day) == (cast.agent.pk, inspection.day)
    assert record.values == {"inspection_score": 67.5, "inspections": 1, "inspection_fatal": 0}
    value = next(each for each in standing_values(cast.agent, OCTOBER[0]) if each.kpi.code == "inspection")
    assert value.current is not None
    assert (value.current.value, value.current.n) == (67.5, 1)


def test_storing_scores_twice_changes_nothing(inspection: Inspection) -> None:
    answer(inspection)
    drain_outbox()
    before = list(Batch.objects.order_by("pk").values_list("pk", "state"))
    assert store_scores(inspection.sample_id, inspection.day) is not None
    drain_outbox()
    assert list(Batch.objects.order_by("pk").values_list("pk", "state")) == before


def test_the_second_scoring_is_no_record(cast: Cast, calls: Source, iris: User, ivan: User) -> None:
    sample = draw(make_form(), calls, per_agent=1, double_percent=100)
    for each in sample.inspections.all():
        answer(each)
    drain_outbox()
    assert Record.objects.filter(batch__source__code="quality-inspection").count() == 3


# Disputes ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def disputed(cast: Cast, inspection: Inspection) -> Inspection:
    answer(inspection)
    drain_outbox()
    raise_dispute(
        actor=cast.agent, inspection_id=inspection.pk, reason="The customer was called back", items=["solved"]
    )
    return inspection


def test_an_accepted_dispute_adds_a_score_and_replaces_the_record(cast: Cast, disputed: Inspection) -> None:
    decide_dispute(
        actor=cast.hr,
        inspection_id=disputed.pk,
        decision="accepted",
        reason="Solved on the second line",
        answers={"solved": {"answer": "yes"}},
    )
    assert list(disputed.scores.values_list("number", "score")) == [(1, 67.5), (2, 92.5)]
    drain_outbox()
    record = Record.objects.get(batch__source__code="quality-inspection")
    assert record.values["inspection_score"] == 92.5
    value = next(each for each in standing_values(cast.agent, OCTOBER[0]) if each.kpi.code == "inspection")
    assert value.current is not None
    assert value.current.value == 92.5
    assert KPIValue.objects.filter(employee_id=cast.agent.pk, n=1, value=67.5).count() == 0


def test_a_rejected_dispute_leaves_the_score(cast: Cast, disputed: Inspection) -> None:
    decide_dispute(actor=cast.hr, inspection_id=disputed.pk, decision="rejected", reason="Never called back")
    assert disputed.scores.get().score == 67.5
    dispute = InspectionDispute.objects.get()
    assert (dispute.decision, dispute.decided_by, dispute.new_score) == ("rejected", cast.hr, None)
    with pytest.raises(Exception, match="Cannot"), transaction.atomic():
        InspectionDispute.objects.update(decision_reason="Other")


def test_only_the_agent_disputes_and_only_once(cast: Cast, inspection: Inspection) -> None:
    with pytest.raises(Http404):  # not scored yet
        raise_dispute(actor=cast.agent, inspection_id=inspection.pk, reason="No")
    answer(inspection)
    for other in (cast.peer, cast.manager, cast.hr, inspection.inspector):
        with pytest.raises(Http404):
            raise_dispute(actor=other, inspection_id=inspection.pk, reason="No")
    for how, code in (
        ({"reason": "  "}, "dispute_reason"),
        ({"reason": "x" * 2001}, "dispute_reason_long"),
        ({"reason": "No", "items": ["charm"]}, "inspection_item_unknown"),
    ):
        with pytest.raises(Refusal) as error:
            raise_dispute(actor=cast.agent, inspection_id=inspection.pk, **how)  # type: ignore[arg-type]
        assert error.value.code == code
    assert not InspectionDispute.objects.exists()
    raise_dispute(actor=cast.agent, inspection_id=inspection.pk, reason="No")
    with pytest.raises(Refusal) as error:
        raise_dispute(actor=cast.agent, inspection_id=inspection.pk, reason="Still no")
    assert error.value.code == "dispute_twice"


def test_a_dispute_that_comes_late_is_refused(
    cast: Cast, inspection: Inspection, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(inspection)
    today = timezone.localdate()
    monkeypatch.setattr(
        "metrics.services.inspection_disputes.timezone.localdate",
        lambda moment=None: today if moment else today + datetime.timedelta(days=8),
    )
    with pytest.raises(Refusal) as error:
        raise_dispute(actor=cast.agent, inspection_id=inspection.pk, reason="No")
    assert error.value.code == "dispute_closed"
    assert not InspectionDispute.objects.exists()


def test_who_decides(cast: Cast, disputed: Inspection, iris: User, ivan: User) -> None:
    def decide(actor: User, **how: Any) -> None:
        given = {"decision": "rejected", "reason": "Heard it again", **how}
        decide_dispute(actor=actor, inspection_id=disputed.pk, **given)

    for actor in (cast.manager, cast.agent, cast.auditor, iris, ivan):
        with pytest.raises(Refusal) as error:
            decide(actor)
        assert error.value.code == "dispute_reviewer_only"
    assign_inspector(actor=cast.hr, user=iris, is_reviewer=True)
    with pytest.raises(Refusal) as error:
        decide(iris)
    assert error.value.code == "dispute_own_score"
    RoleGrantFactory(user=cast.agent, role="hr")
    with pytest.raises(Refusal) as error:
        decide(User.objects.get(pk=cast.agent.pk))
    assert error.value.code == "dispute_own"
    for how, code in (
        ({"decision": "maybe"}, "dispute_decision"),
        ({"reason": ""}, "dispute_reason"),
        ({"decision": "accepted"}, "dispute_unchanged"),
        ({"decision": "accepted", "answers": {"solved": {"answer": "banana"}}}, "inspection_answer"),
        ({"decision": "accepted", "answers": {"solved": {"answer": "no"}}}, "inspection_comment_missing"),
        ({"decision": "accepted", "answers": {"charm": {"answer": "yes"}}}, "inspection_item_unknown"),
    ):
        with pytest.raises(Refusal) as error:
            decide(cast.hr, **how)
        assert error.value.code == code
    assert InspectionDispute.objects.get().decision == ""
    assert disputed.scores.count() == 1
    assign_inspector(actor=cast.hr, user=ivan, is_reviewer=True)
    decide(ivan)
    with pytest.raises(Refusal) as error:
        decide(cast.hr)
    assert error.value.code == "dispute_decided"


# Who sees what -------------------------------------------------------------------------------------------------------


def test_who_sees_an_inspection(cast: Cast, inspection: Inspection, iris: User, ivan: User) -> None:
    def seen_by() -> set[str]:
        people = {**{user.login: user for user in cast.people}, "iris": iris, "ivan": ivan}
        return {
            name
            for name, user in people.items()
            if visible_inspections(user).filter(pk=inspection.pk).exists()
        }

    assert seen_by() == {"hr", "auditor", "iris"}
    answer(inspection)
    above = {"manager", "site_manager", "director"}
    assert seen_by() == {"hr", "auditor", "iris", "agent"} | above
    raise_dispute(actor=cast.agent, inspection_id=inspection.pk, reason="No")
    assign_inspector(actor=cast.hr, user=ivan, is_reviewer=True)
    assert seen_by() == {"hr", "auditor", "iris", "ivan", "agent"} | above
    assert visible_disputes(ivan).count() == 1


def test_the_second_inspector_sees_the_first_score_nowhere(
    cast: Cast, calls: Source, iris: User, ivan: User
) -> None:
    sample = draw(make_form(), calls, per_agent=1, double_percent=100)
    first = sample.inspections.filter(position=1, employee=cast.agent).select_related("inspector").get()
    second = sample.inspections.select_related("inspector").get(position=2, external_id=first.external_id)
    answer(first)
    drain_outbox()
    other = second.inspector
    # even somebody who was made HR, a reviewer and the agent's leader since
    for role in ("hr", "payroll"):
        RoleGrantFactory(user=other, role=role)
    other = User.objects.get(pk=other.pk)
    assign_inspector(actor=cast.hr, user=other, is_reviewer=True)
    raise_dispute(actor=cast.agent, inspection_id=first.pk, reason="No")
    assert not visible_inspections(other).filter(pk=first.pk).exists()
    assert not visible_disputes(other).exists()
    assert not visible_records(other).filter(external_id=f"inspection-{first.pk}").exists()
    assert visible_records(cast.hr).filter(external_id=f"inspection-{first.pk}").exists()
    answer(second)
    assert visible_inspections(other).filter(pk=first.pk).exists()
    assert visible_records(other).filter(external_id=f"inspection-{first.pk}").exists()
    # nobody but the inspector, HR and auditors knows of the second scoring
    for user in (cast.agent, cast.manager):
        assert not visible_inspections(user).filter(pk=second.pk).exists()


# Agreement -----------------------------------------------------------------------------------------------------------


def test_agreement_says_when_it_is_not_enough_and_then_how_far(
    cast: Cast, calls: Source, iris: User, ivan: User
) -> None:
    form = make_form()
    sample = draw(form, calls, per_agent=4, double_percent=100)
    found = agreement_of(cast.hr, form)
    assert (found.pairs, found.waiting, found.icc, found.verdict, found.missing) == (
        0,
        12,
        None,
        "too_few",
        10,
    )
    assert {item.verdict for item in found.items} == {"too_few"}
    firsts = list(sample.inspections.filter(position=1).order_by("external_id"))
    for place, first in enumerate(firsts):
        second = sample.inspections.get(position=2, external_id=first.external_id)
        mine = {"greeting": "yes", "listening": str(place % 5 + 1), "solved": ("yes", "partly")[place % 2]}
        theirs = {**mine, "listening": str(min(5, place % 5 + 2))} if place < 3 else mine
        for each, answers in ((first, mine), (second, theirs)):
            low = answers["listening"] == "1"
            answer(each, answers, comments={"listening": "Interrupts"} if low else None)
    found = agreement_of(cast.hr, form)
    assert (found.pairs, found.waiting) == (12, 0)
    assert found.icc is not None
    assert found.verdict in ("good", "excellent")
    verdicts = {item.code: item.verdict for item in found.items}
    assert verdicts == {"greeting": "alike", "listening": "good", "solved": "good", "verification": "alike"}
    listening = next(item for item in found.items if item.code == "listening")
    assert (listening.pairs, listening.equal) == (12, 9)
