"""Noting what was seen, taking it back with a reason, replying to it. Nothing in a record is ever edited."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

from django.db import transaction
from django.http import Http404
from django.utils import timezone

from foundation.refusals import Refusal
from foundation.trail.services import recording
from people.models import Membership, User
from reviews.models import (
    Behaviour,
    Incident,
    IncidentReceipt,
    IncidentReply,
    IncidentStrength,
    IncidentWithdrawal,
)
from reviews.selectors.behaviours import newest_behaviour_version
from reviews.selectors.incidents import NOTES, NOTES_ALL, get_incident_for, is_known_to, people_to_note
from reviews.services.rights import checked_reason

TEXT_LIMIT, REFERENCE_LIMIT = 1000, 120


@transaction.atomic
def note_incident(
    *,
    actor: User,
    employee_id: int,
    behaviour: str,
    strength: str,
    is_good: bool,
    text: str,
    happened_on: datetime.date | None = None,
    reference: str = "",
    form_key: uuid.UUID | None = None,
) -> Incident:
    """HR and inspectors about anybody, managers about whoever they lead on that day (default: today).

    form_key   what was sent once with this key is given back the second time
    Refusals: incident_not_allowed (403), incident_about_self, incident_not_yours (403), incident_in_future,
    incident_no_member, behaviour_unknown, strength_unknown, incident_text_required, cycle_text_too_long (422). A person
    whom the actor may not see is Http404.
    """
    if not actor.has_role(*NOTES):
        raise Refusal("incident_not_allowed", status=403)
    if form_key is not None:
        known = Incident.objects.filter(form_key=form_key, noted_by=actor).first()
        if known is not None:
            return known
    day = happened_on or timezone.localdate()
    team_id = team_noted_in(actor, employee_id, day)
    content = _checked_content(
        behaviour=behaviour, strength=strength, is_good=is_good, text=text, reference=reference
    )
    with recording(actor=actor):
        return Incident.objects.create(
            employee_id=employee_id,
            happened_on=day,
            team_id=team_id,
            noted_by=actor,
            form_key=form_key,
            **content,
        )


@transaction.atomic
def withdraw_incident(*, actor: User, incident_id: int, reason: str) -> Incident:
    """It counts no more, and stays to be read with the reason. Refusals: incident_not_yours_to_change (403),
    incident_withdrawn (409)."""
    text = checked_reason(reason)
    incident = _changeable(actor, incident_id)
    with recording(actor=actor, reason=text):
        IncidentWithdrawal.objects.create(incident=incident, reason=text, withdrawn_by=actor)
    return get_incident_for(actor, incident.pk)


@transaction.atomic
def correct_incident(*, actor: User, incident_id: int, reason: str, **changes: Any) -> Incident:
    """Withdraws it and notes the corrected one in its place, which names it; about the same person.

    changes: behaviour, strength, is_good, text, happened_on, reference; what is left out stays. Refusals: those of
    note_incident and withdraw_incident, incident_unchanged (422).
    """
    text = checked_reason(reason)
    incident = _changeable(actor, incident_id)
    before = {
        "behaviour": incident.behaviour_version.behaviour.code,
        "strength": incident.strength.code,
        "is_good": incident.is_good,
        "text": incident.text,
        "reference": incident.reference,
        "happened_on": incident.happened_on,
    }
    wanted = {**before, **changes}
    if wanted == before:
        raise Refusal("incident_unchanged", status=422)
    day = wanted.pop("happened_on") or timezone.localdate()
    team_id = (
        incident.team_id if day == incident.happened_on else team_noted_in(actor, incident.employee_id, day)
    )
    content = _checked_content(**wanted, kept=incident)
    with recording(actor=actor, reason=text):
        IncidentWithdrawal.objects.create(incident=incident, reason=text, withdrawn_by=actor)
        return Incident.objects.create(
            employee_id=incident.employee_id,
            happened_on=day,
            team_id=team_id,
            noted_by=actor,
            replaces=incident,
            **content,
        )


@transaction.atomic
def reply_to_incident(*, actor: User, incident_id: int, text: str) -> IncidentReply:
    """The person's own word; having replied is having read. Refusals: incident_reply_own (403), incident_text_required,
    cycle_text_too_long (422)."""
    incident = get_incident_for(actor, incident_id)
    if incident.employee_id != actor.pk:
        raise Refusal("incident_reply_own", status=403)
    words = _checked_text(text, "text", TEXT_LIMIT)
    with recording(actor=actor):
        reply = IncidentReply.objects.create(incident=incident, text=words, created_by=actor)
    IncidentReceipt.objects.get_or_create(incident=incident)
    return reply


@transaction.atomic
def confirm_incidents(*, actor: User, incident_ids: list[int] | None = None) -> int:
    """The person has read these incidents about themself, or all of them; says how many were new."""
    unread = Incident.objects.filter(employee=actor, receipt__isnull=True)
    if incident_ids is not None:
        unread = unread.filter(pk__in=incident_ids)
    made = [IncidentReceipt(incident_id=pk) for pk in unread.values_list("pk", flat=True)]
    return len(IncidentReceipt.objects.bulk_create(made, ignore_conflicts=True))


def team_noted_in(actor: User, employee_id: int, day: datetime.date) -> int:
    """The team of the person on that day, when the actor may note about them then."""
    # HR and inspectors may know of everybody on the roster, also of those who were in no team that day.
    known = _is_on_roster(employee_id) and (
        actor.has_role(*NOTES_ALL) or is_known_to(actor, employee_id, day)
    )
    if not known:
        raise Http404
    if employee_id == actor.pk:
        raise Refusal("incident_about_self", field="employee", status=422)
    if day > timezone.localdate():
        raise Refusal("incident_in_future", field="happened_on", status=422)
    membership = Membership.objects.filter(user=employee_id, valid__contains=day).first()
    if membership is None:
        raise Refusal("incident_no_member", field="happened_on", status=422)
    if not people_to_note(actor, day).filter(pk=employee_id).exists():
        raise Refusal("incident_not_yours", field="happened_on", status=403)
    return membership.team_id


def _is_on_roster(employee_id: int) -> bool:
    return (
        0 < employee_id < 2**63
        and User.objects.filter(pk=employee_id, employee_number__isnull=False).exists()
    )


def _changeable(actor: User, incident_id: int) -> Incident:
    """Whoever noted it, and HR; locked, so that two corrections queue up here."""
    incident = get_incident_for(actor, incident_id)
    if not actor.is_hr and not (incident.noted_by_id == actor.pk and actor.has_role(*NOTES)):
        raise Refusal("incident_not_yours_to_change", status=403)
    locked = (
        Incident.objects.select_for_update(of=("self",))
        .select_related("behaviour_version__behaviour", "strength")
        .get(pk=incident.pk)
    )
    if IncidentWithdrawal.objects.filter(incident=locked).exists():
        raise Refusal("incident_withdrawn", status=409)
    return locked


def _checked_content(
    *, behaviour: str, strength: str, is_good: Any, text: Any, reference: Any, kept: Incident | None = None
) -> dict[str, Any]:
    """kept: the incident that is corrected; what it names stays possible after it was retired."""
    if not isinstance(is_good, bool):
        raise Refusal("cycle_value_malformed", field="is_good", status=422)
    expected = Behaviour.objects.filter(code=str(behaviour)[:60]).first()
    same = kept is not None and expected is not None and kept.behaviour_version.behaviour_id == expected.pk
    if expected is None or not (expected.is_active or same):
        raise Refusal("behaviour_unknown", field="behaviour", status=422, name=str(behaviour)[:60])
    how = IncidentStrength.objects.filter(code=str(strength)[:60]).first()
    if how is None or not (how.is_active or (kept is not None and kept.strength_id == how.pk)):
        raise Refusal("strength_unknown", field="strength", status=422, name=str(strength)[:60])
    if not isinstance(reference, str) or len(reference.strip()) > REFERENCE_LIMIT:
        raise Refusal("cycle_text_too_long", field="reference", status=422, limit=REFERENCE_LIMIT)
    return {
        "behaviour_version": kept.behaviour_version if kept and same else newest_behaviour_version(expected),
        "strength": how,
        "is_good": is_good,
        "text": _checked_text(text, "text", TEXT_LIMIT),
        "reference": reference.strip(),
    }


def _checked_text(text: Any, field: str, limit: int) -> str:
    if not isinstance(text, str) or not text.strip():
        raise Refusal("incident_text_required", field=field, status=422)
    if len(text.strip()) > limit:
        raise Refusal("cycle_text_too_long", field=field, status=422, limit=limit)
    return text.strip()
