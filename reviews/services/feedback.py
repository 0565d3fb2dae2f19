"""Feedback before a release, and whose release waits for it."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from foundation.refusals import Refusal
from foundation.runs import services as runs
from foundation.trail.services import recording
from people.models import User
from reviews.methods.feedback import feedback_rule, parts_of
from reviews.models import Cycle, Feedback, FeedbackPoint, ReleaseHold
from reviews.selectors.feedback import get_feedback_participant_for, may_write, unanswered, unanswered_query
from reviews.services.notices import tell_of_opened_result
from reviews.services.rights import checked_reason, require_hr

TEXT_LIMIT = 1000
LEAST_WORDS = 4


@transaction.atomic
def save_feedback(
    *,
    actor: User,
    cycle: Cycle,
    employee_id: int,
    points: Sequence[Mapping[str, Any]],
    words: str = "",
    version: int,
) -> Feedback:
    """All that is said of one person's result, in place of what was said before.

    points   [{component, subject, is_strength, evidence, suggestion, due_on}]; what says nothing is left out
    version  the one that was read, 0 for the first; an older one is refused (409)
    Once the last weak point of somebody whose release waits has its suggestion, the result opens.
    Refusals: feedback_not_yours (403), feedback_not_open (409), feedback_part_unknown, feedback_twice,
    feedback_suggestion_short, feedback_day_missing, feedback_day_past, cycle_text_too_long (422),
    judgement_stale (409).
    """
    locked = Cycle.objects.select_for_update(of=("self",)).get(pk=cycle.pk)
    participant = get_feedback_participant_for(actor, locked, employee_id)
    if participant.rater_id != actor.pk and not actor.is_hr:
        raise Refusal("feedback_not_yours", status=403)
    if not may_write(actor, locked, participant):
        raise Refusal("feedback_not_open", status=409)
    known = Feedback.objects.filter(participant=participant).first()
    if (known.version if known else 0) != version:
        raise Refusal("judgement_stale", status=409, field="version")
    before = {
        (point.component, point.subject): point
        for point in FeedbackPoint.objects.filter(participant=participant)
    }
    checked = _checked_points(locked, points, before)
    feedback = known or Feedback(participant=participant, version=0)
    feedback.words = _checked_text(words, "words")
    feedback.version += 1
    feedback.written_by = actor
    with recording(actor=actor):
        feedback.save()
        for key, values in checked.items():
            point = before.pop(key, None) or FeedbackPoint(
                participant=participant, component=key[0], subject=key[1]
            )
            changed = [name for name, value in values.items() if getattr(point, name) != value]
            if point.pk is None or changed:
                for name, value in values.items():
                    setattr(point, name, value)
                point.save()
        for gone in before.values():
            gone.delete()
        hold = ReleaseHold.objects.filter(participant=participant, released_at__isnull=True).first()
        if hold is not None and not unanswered(locked, [employee_id]):
            _open(hold, actor=actor)
    return feedback


def _checked_points(
    cycle: Cycle, points: Sequence[Mapping[str, Any]], before: Mapping[tuple[str, str], FeedbackPoint]
) -> dict[tuple[str, str], dict[str, Any]]:
    parts = {(part.component, part.subject) for part in parts_of(cycle.configuration)}
    today = timezone.localdate()
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for index, point in enumerate(points):
        key = (str(point.get("component", "")), str(point.get("subject", "")))
        field = f"points.{index}"
        if key not in parts:
            raise Refusal("feedback_part_unknown", status=422, field=field, name=" / ".join(key)[:80])
        if key in found:
            raise Refusal("feedback_twice", status=422, field=field, name=" / ".join(key)[:80])
        is_strength = bool(point.get("is_strength"))
        evidence = _checked_text(point.get("evidence", ""), f"{field}.evidence")
        suggestion = "" if is_strength else _checked_text(point.get("suggestion", ""), f"{field}.suggestion")
        due_on = None if is_strength else point.get("due_on")
        if suggestion and len(suggestion) < LEAST_WORDS:
            raise Refusal(
                "feedback_suggestion_short", status=422, field=f"{field}.suggestion", least=LEAST_WORDS
            )
        if suggestion and due_on is None:
            raise Refusal("feedback_day_missing", status=422, field=f"{field}.due_on")
        kept = before.get(key)
        if due_on is not None and due_on < today and (kept is None or kept.due_on != due_on):
            raise Refusal("feedback_day_past", status=422, field=f"{field}.due_on")
        if evidence or suggestion:
            found[key] = {
                "is_strength": is_strength,
                "evidence": evidence,
                "suggestion": suggestion,
                "due_on": due_on if suggestion else None,
            }
    return found


def _checked_text(text: Any, field: str) -> str:
    found = str(text or "").strip()
    if len(found) > TEXT_LIMIT:
        raise Refusal("cycle_text_too_long", field=field, status=422, limit=TEXT_LIMIT)
    return found


# Whose release waits -------------------------------------------------------------------------------------------------

_HOLD = """
    INSERT INTO reviews_releasehold (participant_id, cycle_id, employee_id, missing, held_at, reason)
    SELECT owed.participant_id, %(cycle)s, owed.employee_id, owed.missing, %(now)s, ''
    FROM ({owed}) AS owed
"""


def hold_back(cycle: Cycle, now: datetime.datetime) -> int:
    """In the transaction that releases the cycle: everybody whose weak points have no suggestion yet stays shut.
    One statement for any number of people; the answer is how many."""
    if not feedback_rule(cycle.configuration).required:
        return 0
    owed, params = unanswered_query(cycle)
    with connection.cursor() as cursor:
        cursor.execute(_HOLD.format(owed=owed), {**params, "now": now})
        return int(cursor.rowcount)


@transaction.atomic
def release_held(*, actor: User, cycle: Cycle, employee_id: int, reason: str) -> ReleaseHold:
    """HR opens a result without the feedback that it waits for, and says why.

    Refusals: cycle_hr_only (403); nothing_held (409) where nothing waits; cycle_reason_required (422).
    """
    require_hr(actor)
    text = checked_reason(reason)
    hold = (
        ReleaseHold.objects.select_for_update(of=("self",))
        .filter(cycle=cycle, employee_id=employee_id, released_at__isnull=True)
        .first()
    )
    if hold is None:
        raise Refusal("nothing_held", status=409)
    with recording(actor=actor, reason=text):
        return _open(hold, actor=actor, reason=text)


def _open(hold: ReleaseHold, *, actor: User, reason: str = "") -> ReleaseHold:
    hold.released_at, hold.released_by, hold.reason = timezone.now(), actor, reason
    hold.save(update_fields=["released_at", "released_by", "reason"])
    tell_of_opened_result(hold)
    runs.emit("result.opened", cycle_id=hold.cycle_id)
    return hold
