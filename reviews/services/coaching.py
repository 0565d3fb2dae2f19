"""Noting a coaching talk or an observation, and taking a note back with a reason. Nothing is ever edited."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from foundation.delivery.notices import notify
from foundation.refusals import Refusal
from foundation.trail.services import recording
from people.models import User
from reviews import topics
from reviews.models import CoachingNote, CoachingWithdrawal
from reviews.selectors.coaching import get_coaching_for
from reviews.selectors.incidents import NOTES
from reviews.services.incidents import team_noted_in
from reviews.services.rights import checked_reason

TEXT_LIMIT = 4000


@transaction.atomic
def note_coaching(
    *,
    actor: User,
    employee_id: int,
    text: str,
    kind: str = CoachingNote.Kind.COACHING,
    happened_on: datetime.date | None = None,
    form_key: uuid.UUID | None = None,
) -> CoachingNote:
    """HR and inspectors about anybody, managers about whoever they lead on that day (default: today). The person is
    told and reads it at once.

    form_key   what was sent once with this key is given back the second time
    Refusals: coaching_not_allowed, incident_not_yours (403), coaching_about_self, coaching_kind_unknown,
    coaching_text_required, incident_in_future, incident_no_member, cycle_text_too_long (422). A person whom the actor
    may not see is Http404.
    """
    if not actor.has_role(*NOTES):
        raise Refusal("coaching_not_allowed", status=403)
    if form_key is not None:
        known = CoachingNote.objects.filter(form_key=form_key, noted_by=actor).first()
        if known is not None:
            return known
    if employee_id == actor.pk:
        raise Refusal("coaching_about_self", field="employee", status=422)
    day = happened_on or timezone.localdate()
    team_id = team_noted_in(actor, employee_id, day)
    if kind not in CoachingNote.Kind.values:
        raise Refusal(
            "coaching_kind_unknown", field="kind", status=422, allowed=", ".join(CoachingNote.Kind.values)
        )
    words = _checked_text(text)
    with recording(actor=actor):
        note = CoachingNote.objects.create(
            employee_id=employee_id,
            kind=kind,
            happened_on=day,
            text=words,
            team_id=team_id,
            noted_by=actor,
            form_key=form_key,
        )
    notify(
        topic=topics.COACHED,
        key=f"coaching:{note.pk}",
        recipients=[employee_id],
        params={"by": actor.name, "day": {"day": day.isoformat()}},
        url=reverse("reviews:record"),
    )
    return note


@transaction.atomic
def withdraw_coaching(*, actor: User, note_id: int, reason: str) -> CoachingNote:
    """It stands no more, and stays to be read with the reason. For whoever noted it, and HR. Refusals:
    coaching_not_yours (403), coaching_withdrawn (409)."""
    text = checked_reason(reason)
    note = get_coaching_for(actor, note_id)
    if not actor.is_hr and not (note.noted_by_id == actor.pk and actor.has_role(*NOTES)):
        raise Refusal("coaching_not_yours", status=403)
    CoachingNote.objects.select_for_update().get(pk=note.pk)
    if CoachingWithdrawal.objects.filter(note=note).exists():
        raise Refusal("coaching_withdrawn", status=409)
    with recording(actor=actor, reason=text):
        CoachingWithdrawal.objects.create(note=note, reason=text, withdrawn_by=actor)
    return get_coaching_for(actor, note.pk)


def _checked_text(text: Any) -> str:
    if not isinstance(text, str) or not text.strip():
        raise Refusal("coaching_text_required", field="text", status=422)
    if len(text.strip()) > TEXT_LIMIT:
        raise Refusal("cycle_text_too_long", field="text", status=422, limit=TEXT_LIMIT)
    return text.strip()
