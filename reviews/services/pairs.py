"""A rater answers pairs: each answer is kept at once, the last one can be taken back, and the whole is submitted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.http import Http404
from django.utils import timezone

from foundation.refusals import Refusal
from foundation.trail.services import recording
from people.models import User
from reviews.methods.document import component_of
from reviews.methods.paired import (
    EVEN,
    FIRST,
    SECOND,
    completed_pairs,
    criteria_of,
    criterion_code,
    is_paired,
)
from reviews.models import Comparison, ComparisonReversal, Cycle, ScoreSheet
from reviews.models.cycles import Phase
from reviews.selectors.pairs import (
    PairForm,
    Question,
    cohort_of,
    pair_form_from,
    pair_form_of,
    standing_answers,
)

MOST_ANSWERS = 20_000


@transaction.atomic
def answer_pair(
    *,
    actor: User,
    cycle: Cycle,
    component: str,
    people: tuple[int, int],
    preferred: int | None,
    criterion: str = "",
) -> Comparison:
    """Who of two people did better by a criterion; preferred is one of their ids, None for "no difference".

    people   ids of employees, in any order; the pair need not be the one that was proposed
    Refusals: rating_not_open, sheet_submitted (403), pair_self, pair_oneself, pair_stranger, pair_unknown,
    pair_cohorts, pair_criterion, pair_preferred, pair_ties (422), pair_answered (409). A comparison that is not
    the actor's is Http404.
    """
    entry = _component(cycle, component)
    if criterion not in {criterion_code(entry, each) for each in criteria_of(entry)}:
        raise Refusal("pair_criterion", field="criterion", status=422)
    if people[0] == people[1]:
        raise Refusal("pair_self", field="people", status=422)
    sheets = list(
        ScoreSheet.objects.select_for_update(of=("self",))
        .filter(rater=actor, participant__cycle=cycle, component=component, participant__employee__in=people)
        .exclude(state=ScoreSheet.State.WITHDRAWN)
        .select_related("participant__cycle")
        .order_by("participant_id")
    )
    if len(sheets) < 2:
        _require_own(actor, cycle, component)
        raise Refusal("pair_oneself" if actor.pk in people else "pair_stranger", field="people", status=422)
    _check_open(sheets)
    if aside := [sheet.participant for sheet in sheets if sheet.ratee_unknown]:
        name = User.objects.get(pk=aside[0].employee_id).name
        raise Refusal("pair_unknown", field="people", status=422, name=name)
    first, second = (sheet.participant for sheet in sheets)
    if not (key := cohort_of(entry, first)) or key != cohort_of(entry, second):
        raise Refusal("pair_cohorts", field="people", status=422)
    outcomes = {first.employee_id: FIRST, second.employee_id: SECOND, None: EVEN}
    if preferred not in outcomes:
        raise Refusal("pair_preferred", field="preferred", status=422)
    if preferred is None and not entry["ties"]:
        raise Refusal("pair_ties", field="preferred", status=422)
    question = {
        "cycle": cycle,
        "component": component,
        "criterion": criterion,
        "rater": actor,
        "first": first,
        "second": second,
    }
    given = Comparison.objects.filter(**question)
    if given.filter(reversal__isnull=True).exists():
        raise Refusal("pair_answered", status=409)
    return Comparison.objects.create(**question, outcome=outcomes[preferred], attempt=given.count() + 1)


@transaction.atomic
def undo_pair(*, actor: User, cycle: Cycle, component: str) -> Comparison:
    """Takes the actor's last answer back. Refusals: pair_nothing_to_undo (409), rating_not_open, sheet_submitted
    (403)."""
    _component(cycle, component)
    own = (
        ScoreSheet.objects.filter(rater=actor, component=component, participant__cycle=cycle)
        .exclude(state=ScoreSheet.State.WITHDRAWN)
        .values("participant")
    )
    answers = standing_answers(cycle, component).filter(rater=actor, first__in=own, second__in=own)
    last = answers.last()
    if last is None:
        _require_own(actor, cycle, component)
        raise Refusal("pair_nothing_to_undo", status=409)
    sheets = list(
        ScoreSheet.objects.select_for_update(of=("self",))
        .filter(rater=actor, component=component, participant__in=[last.first_id, last.second_id])
        .exclude(state=ScoreSheet.State.WITHDRAWN)
        .select_related("participant__cycle")
        .order_by("participant_id")
    )
    if len(sheets) < 2:
        raise Refusal("pair_nothing_to_undo", status=409)
    _check_open(sheets)
    # Two that undo at once took turns at the forms; the second takes back what is the last by then, or finds nothing.
    if ComparisonReversal.objects.filter(comparison=last).exists():
        raise Refusal("pair_nothing_to_undo", status=409)
    ComparisonReversal.objects.create(comparison=last)
    return last


@transaction.atomic
def set_known(*, actor: User, cycle: Cycle, component: str, person: int, is_known: bool) -> ScoreSheet:
    """The rater does not know somebody (id of an employee) well enough, or does after all. Who is unknown is in none of
    the rater's pairs; answers that were given about them do not count while they are. The second time changes nothing.

    Refusals: pair_oneself, pair_stranger (422), rating_not_open, sheet_submitted (403).
    """
    _component(cycle, component)
    sheet = (
        ScoreSheet.objects.select_for_update(of=("self",))
        .filter(rater=actor, participant__cycle=cycle, component=component, participant__employee=person)
        .exclude(state=ScoreSheet.State.WITHDRAWN)
        .select_related("participant__cycle")
        .first()
        if 0 < person < 2**63
        else None
    )
    if sheet is None:
        _require_own(actor, cycle, component)
        raise Refusal("pair_oneself" if person == actor.pk else "pair_stranger", field="person", status=422)
    _check_open([sheet])
    if sheet.ratee_unknown == is_known:
        sheet.ratee_unknown = not is_known
        sheet.version += 1
        with recording(actor=actor):
            sheet.save(update_fields=["ratee_unknown", "version", "updated_at"])
    return sheet


@transaction.atomic
def submit_pairs(*, actor: User, cycle: Cycle, component: str) -> PairForm:
    """All forms of the comparison; the second time changes nothing.

    Refusals: pairs_apart, pairs_not_enough (422), rating_not_open (403).
    """
    entry = _component(cycle, component)
    sheets = list(
        ScoreSheet.objects.select_for_update(of=("self",))
        .filter(rater=actor, participant__cycle=cycle, component=component)
        .exclude(state=ScoreSheet.State.WITHDRAWN)
        .select_related("participant__employee", "participant__cycle", "rater")
        .order_by("pk")
    )
    if not sheets:
        raise Http404
    form = pair_form_from(Cycle.objects.get(pk=cycle.pk), entry, sheets)
    if form.is_submitted:
        return form
    _check_open([sheet for sheet in sheets if sheet.state == ScoreSheet.State.DRAFT])
    if (apart := form.missing) is not None:
        first, second = (form.participants[pk].employee.name for pk in apart)
        raise Refusal("pairs_apart", status=422, first=first, second=second)
    if not form.is_enough:
        raise Refusal(
            "pairs_not_enough",
            status=422,
            certainty=int(form.certainty * 100),
            wanted=f"{entry['certainty']:g}",
            count=form.left,
        )
    now = timezone.now()
    for sheet in sheets:
        if sheet.state == ScoreSheet.State.DRAFT:
            sheet.state = ScoreSheet.State.SUBMITTED
            sheet.submitted_at = now
            sheet.submitted_by = actor
            sheet.version += 1
            sheet.save(update_fields=["state", "submitted_at", "submitted_by", "version", "updated_at"])
    return form


Preference = Callable[[Question], int | None]


def answer_all(*, actor: User, cycle: Cycle, component: str, prefer: Preference, submit: bool = True) -> int:
    """Answers one question after the other until the order is sure enough, as somebody at the page would, and submits.

    prefer   gets the question and gives the id of the one who did better, or None for "no difference"
    returns  how many answers it took
    """
    form = pair_form_of(actor, cycle, component)
    count = 0
    while not form.is_enough and form.question is not None and count < MOST_ANSWERS:
        question = form.question
        given = answer_pair(
            actor=actor,
            cycle=cycle,
            component=component,
            people=(question.left, question.right),
            preferred=prefer(question),
            criterion=question.code,
        )
        form = PairForm(
            cycle=form.cycle,
            component=form.component,
            rater_id=form.rater_id,
            sheets=form.sheets,
            answers=[*form.answers, given],
        )
        count += 1
    if submit:
        submit_pairs(actor=actor, cycle=cycle, component=component)
    return count


def _component(cycle: Cycle, code: str) -> dict[str, Any]:
    entry = component_of(cycle.configuration, code)
    if not is_paired(entry):
        raise Http404
    return completed_pairs(entry or {})


def _require_own(actor: User, cycle: Cycle, component: str) -> None:
    """Whoever compares nobody here learns nothing of who could be compared."""
    if not ScoreSheet.objects.filter(rater=actor, participant__cycle=cycle, component=component).exists():
        raise Http404


def _check_open(sheets: list[ScoreSheet]) -> None:
    # Read with the forms after their lock: the cycle given may have been read before somebody closed the rating.
    if any(sheet.participant.cycle.phase != Phase.RATING for sheet in sheets):
        raise Refusal("rating_not_open", status=403)
    if any(sheet.state == ScoreSheet.State.SUBMITTED for sheet in sheets):
        raise Refusal("sheet_submitted", status=403)
