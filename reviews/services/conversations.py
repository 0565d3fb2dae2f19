"""Notes of the talk about a result: written by the manager, signed by both sides, void as soon as they change."""

from __future__ import annotations

import datetime
import hashlib
import json

from django.db import transaction
from django.http import Http404
from django.utils import timezone

from foundation.refusals import Refusal
from foundation.trail.services import recording
from people.models import User
from reviews.models import Conversation, ConversationSignature, Cycle, Participant
from reviews.selectors.conversations import conversation_part_for, is_open_to_person, side_of
from reviews.services.notices import tell_of_notes

NOTES_LIMIT = 4000
Side = ConversationSignature.Side


def content_hash(held_on: datetime.date, text: str) -> str:
    """SHA-256 of the very words that are signed."""
    return hashlib.sha256(json.dumps([held_on.isoformat(), text], ensure_ascii=False).encode()).hexdigest()


@transaction.atomic
def write_notes(
    *, actor: User, cycle: Cycle, employee_id: int, held_on: datetime.date, text: str, version: int
) -> Conversation:
    """Another day or text than before makes earlier signatures void. The employee is told that there is something to
    sign.

    Refusals: notes_not_yours (403), result_not_open (409), notes_empty, notes_day_in_future, cycle_text_too_long (422),
    judgement_stale (409).
    """
    participant = _locked(actor, cycle, employee_id)
    if side_of(actor, participant) != Side.MANAGER:
        raise Refusal("notes_not_yours", status=403)
    words = text.strip()
    if not words:
        raise Refusal("notes_empty", field="text", status=422)
    if len(words) > NOTES_LIMIT:
        raise Refusal("cycle_text_too_long", field="text", status=422, limit=NOTES_LIMIT)
    if held_on > timezone.localdate():
        raise Refusal("notes_day_in_future", field="held_on", status=422)
    known = Conversation.objects.filter(participant=participant).first()
    if (known.version if known else 0) != version:
        raise Refusal("judgement_stale", status=409, field="version")
    found = content_hash(held_on, words)
    if known is not None and known.content_hash == found:
        return known
    notes = known or Conversation(participant=participant, version=0)
    notes.held_on, notes.text, notes.content_hash = held_on, words, found
    notes.version += 1
    notes.written_by = actor
    with recording(actor=actor):
        notes.save()
    tell_of_notes(notes)
    return notes


@transaction.atomic
def sign_notes(*, actor: User, cycle: Cycle, employee_id: int, content_hash: str) -> ConversationSignature:
    """Of the very text that was read. Signing twice changes nothing.

    Refusals: notes_missing (409), notes_changed (409) where it has become another text, notes_not_yours (403).
    """
    participant = _locked(actor, cycle, employee_id)
    notes = Conversation.objects.select_for_update().filter(participant=participant).first()
    if notes is None:
        raise Refusal("notes_missing", status=409)
    side = side_of(actor, participant)
    if side is None:
        raise Refusal("notes_not_yours", status=403)
    if notes.content_hash != content_hash:
        raise Refusal("notes_changed", status=409)
    known = notes.signatures.filter(side=side, content_hash=content_hash).first()
    if known is not None:
        return known
    with recording(actor=actor):
        return ConversationSignature.objects.create(
            conversation=notes, side=side, content_hash=content_hash, signed_by=actor
        )


def _locked(actor: User, cycle: Cycle, employee_id: int) -> Participant:
    """Both sides of one talk come one after the other."""
    found = conversation_part_for(actor, cycle, employee_id)
    if not is_open_to_person(cycle, found):
        raise Refusal("result_not_open", status=409)
    locked = Participant.objects.select_for_update(of=("self",)).filter(pk=found.pk).first()
    if locked is None:
        raise Http404
    return locked
