"""The course of a plan: check-ins with the progress as it stands, measures done, and what came of it."""

from __future__ import annotations

import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from foundation.refusals import Refusal
from foundation.trail.services import recording
from people.models import User
from reviews.models import ImprovementPlan, PlanCheckIn, PlanMeasureDone, PlanOutcome, PlanTerms
from reviews.selectors.improvement_plans import get_plan_for, may_lead
from reviews.selectors.improvement_progress import progress
from reviews.services import improvement_notices as notices
from reviews.services.improvement_content import LONGEST_DAYS
from reviews.services.improvement_plans import locked_open_plan, locked_plan, serve_changed
from reviews.services.rights import checked_reason

NOTE_LIMIT = 2000
Verdict = PlanOutcome.Verdict


def snapshot(plan: ImprovementPlan, terms: PlanTerms) -> list[dict[str, Any]]:
    return [each.snapshot() for each in progress(plan, terms)]


@transaction.atomic
def record_check_in(
    *, actor: User, plan_id: int, note: str, held_on: datetime.date | None = None
) -> PlanCheckIn:
    """Of today, or of an earlier day since the terms stand; the progress is filled in as it stands now.

    Refusals: improvement_not_yours (403), improvement_closed, improvement_not_standing (409),
    improvement_text_required, cycle_text_too_long, improvement_check_in_day, improvement_check_in_twice (422).
    """
    plan, state = locked_plan(actor, plan_id)
    words = note.strip() if isinstance(note, str) else ""
    if not words:
        raise Refusal("improvement_text_required", field="note", status=422)
    if len(words) > NOTE_LIMIT:
        raise Refusal("cycle_text_too_long", field="note", status=422, limit=NOTE_LIMIT)
    if state.standing is None or state.since is None:
        raise Refusal("improvement_not_standing", status=409)
    today = timezone.localdate()
    day = held_on or today
    if not state.since <= day <= today:
        raise Refusal("improvement_check_in_day", field="held_on", status=422)
    if PlanCheckIn.objects.filter(plan=plan, held_on=day).exists():
        raise Refusal("improvement_check_in_twice", field="held_on", status=422)
    with recording(actor=actor):
        made = PlanCheckIn.objects.create(
            plan=plan, held_on=day, note=words, progress=snapshot(plan, state.standing), noted_by=actor
        )
    notices.tell_checked_in(plan, made)
    return made


@transaction.atomic
def mark_measure_done(
    *, actor: User, plan_id: int, measure: str, done_on: datetime.date | None = None
) -> PlanMeasureDone:
    """By whoever leads the plan, or by the person where the measure is theirs. Once: marking it again is no error.

    Refusals: improvement_not_yours (403), improvement_closed, improvement_not_standing (409),
    improvement_measure_unknown, improvement_check_in_day (422).
    """
    plan = get_plan_for(actor, plan_id)
    own = plan.employee_id == actor.pk
    if not own and not may_lead(actor, plan):
        raise Refusal("improvement_not_yours", status=403)
    plan, state = locked_open_plan(plan)
    if state.standing is None:
        raise Refusal("improvement_not_standing", status=409)
    found = next((each for each in state.standing.content["measures"] if each["code"] == measure), None)
    if found is None:
        raise Refusal("improvement_measure_unknown", field="measure", status=422)
    if own and found["who"] != "employee":
        raise Refusal("improvement_not_yours", status=403)
    known = PlanMeasureDone.objects.filter(plan=plan, measure=measure).first()
    if known is not None:
        return known
    today = timezone.localdate()
    day = done_on or today
    if not plan.opened_at.date() <= day <= today:
        raise Refusal("improvement_check_in_day", field="done_on", status=422)
    with recording(actor=actor):
        return PlanMeasureDone.objects.create(plan=plan, measure=measure, done_on=day, noted_by=actor)


@transaction.atomic
def decide_outcome(
    *, actor: User, plan_id: int, verdict: str, reason: str, until: datetime.date | None = None
) -> PlanOutcome:
    """met and not_met end it, withdrawn ends one that should not have been opened; extended serves terms with a later
    deadline. Always with a reason.

    until   the new deadline, for extended; targets and measures that were due at the old one move with it

    Refusals: improvement_not_yours (403), improvement_closed, improvement_not_standing (409),
    improvement_verdict_unknown, cycle_reason_required, improvement_until_required, improvement_until_range,
    improvement_until_only_extended (422).
    """
    plan, state = locked_plan(actor, plan_id)
    if verdict not in Verdict.values:
        raise Refusal(
            "improvement_verdict_unknown", field="verdict", status=422, allowed=", ".join(Verdict.values)
        )
    text = checked_reason(reason)
    if state.standing is None and verdict != Verdict.WITHDRAWN:
        raise Refusal("improvement_not_standing", status=409)
    today = timezone.localdate()
    if verdict != Verdict.EXTENDED:
        if until is not None:
            raise Refusal("improvement_until_only_extended", field="until", status=422)
        with recording(actor=actor, reason=text):
            made = _outcome(actor, plan, state.shown, verdict, text)
            plan.closed_on = today
            plan.save(update_fields=["closed_on"])
        notices.tell_closed(plan, made)
        return made
    if until is None:
        raise Refusal("improvement_until_required", field="until", status=422)
    if not max(state.deadline, today) < until <= today + datetime.timedelta(days=LONGEST_DAYS):
        raise Refusal("improvement_until_range", field="until", status=422)
    with recording(actor=actor, reason=text):
        made = _outcome(actor, plan, state.shown, verdict, text)
        serve_changed(actor, plan, state, _moved(state.shown.content, until), text)
    return made


def _outcome(actor: User, plan: ImprovementPlan, terms: PlanTerms, verdict: str, reason: str) -> PlanOutcome:
    return PlanOutcome.objects.create(
        plan=plan, verdict=verdict, reason=reason, progress=snapshot(plan, terms), decided_by=actor
    )


def _moved(content: dict[str, Any], until: datetime.date) -> dict[str, Any]:
    before, after = content["deadline"], until.isoformat()
    return {
        **content,
        **{
            part: [{**row, "by": after if row["by"] == before else row["by"]} for row in content[part]]
            for part in ("targets", "goals", "measures")
        },
        "deadline": after,
    }
