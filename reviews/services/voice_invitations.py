"""Choosing the raters: proposed from the tree, nominated by the ratee, approved by the manager, replaced or removed."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Q
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _

from foundation.refusals import Refusal
from foundation.runs.services import emit
from foundation.trail.services import recording
from people.models import User
from reviews.methods.multisource import BY_RATEE, CUSTOMERS, NAMED, group_of
from reviews.models import Cycle, Participant, VoiceInvitation, VoiceRound
from reviews.selectors.results import judged_by
from reviews.selectors.voice_rounds import (
    CHOOSING,
    STANDING,
    circle_on,
    component_of_round,
    leavers_of,
    loads_of,
)
from reviews.services.rights import checked_reason, require_hr
from reviews.services.voice_answers import forget_draft
from reviews.services.voice_rounds import days_from_now

State = VoiceInvitation.State
NAME_LIMIT = 80


def may_approve(actor: User, participant: Participant) -> bool:
    """HR, and whoever judges or leads the person; nobody approves the own raters."""
    if participant.employee_id == actor.pk:
        return False
    return actor.is_hr or judged_by(actor, participant.cycle).filter(pk=participant.pk).exists()


@transaction.atomic
def nominate(
    *,
    actor: User,
    voices: VoiceRound,
    participant: Participant,
    group: str,
    rater_id: int | None = None,
    contact_name: str = "",
    contact_email: str = "",
    language: str = "zh-hans",
) -> VoiceInvitation:
    """The ratee names somebody, or a manager or HR does. What a manager or HR names is approved with it.

    Refusals: voices_not_choosing (409), voice_group_unknown, voice_group_fixed, voice_rater_missing, rater_unknown,
    voice_about_self, voice_asked_already, voice_group_full, voice_load_full, voice_contact_missing (422),
    voice_not_yours (403).
    """
    locked = _open_for_choosing(voices)
    person = _of_round(locked, participant)
    approves = may_approve(actor, person)
    own = person.employee_id == actor.pk
    component = component_of_round(locked)
    if not approves and not (own and component.get("nomination", BY_RATEE) == BY_RATEE):
        raise Refusal("voice_not_yours", status=403)
    _check_group(component, group, fixed=not approves)
    if group == CUSTOMERS:
        who: dict[str, Any] = _contact(contact_name, contact_email, language)
        taken = Q(group=CUSTOMERS, contact_email__iexact=who["contact_email"])
    else:
        rater = _rater(rater_id, person, group)
        who = {"rater": rater}
        taken = Q(rater=rater)
    if VoiceInvitation.objects.filter(taken, round=locked, participant=person, state__in=STANDING).exists():
        raise Refusal("voice_asked_already", status=422)
    invitation = VoiceInvitation(
        round=locked, participant=person, group=group, state=State.NOMINATED, asked_by=actor, **who
    )
    _check_room(locked, component, person, group)
    if approves:
        _approve([invitation], locked, component)
    elif invitation.rater_id:
        _check_load(locked, component, {invitation.rater_id: 1}, group)
    with recording(actor=actor):
        invitation.save()
    if approves:
        _tell_asked([invitation])
    return invitation


@transaction.atomic
def withdraw_nomination(*, actor: User, invitation_id: int) -> VoiceInvitation:
    """The ratee takes back a proposal or nomination that nobody has approved yet."""
    invitation = _locked(invitation_id)
    if invitation.participant.employee_id != actor.pk:
        raise Http404
    if invitation.state not in (State.PROPOSED, State.NOMINATED):
        raise Refusal("voice_decided", status=409)
    with recording(actor=actor):
        invitation.state = State.REMOVED
        invitation.save(update_fields=["state"])
    return invitation


@transaction.atomic
def decide_raters(
    *,
    actor: User,
    voices: VoiceRound,
    participant: Participant,
    approve: Collection[int],
    decline: Collection[int] = (),
    reason: str = "",
) -> list[VoiceInvitation]:
    """The manager approves and declines what was proposed and nominated for one person; all of it or nothing.

    Refusals: voice_not_yours (403), voices_not_choosing, voice_decided (409), voice_load_full, voice_group_full (422).
    """
    locked = _open_for_choosing(voices)
    person = _of_round(locked, participant)
    if not may_approve(actor, person):
        raise Refusal("voice_not_yours", status=403)
    wanted = set(approve) | set(decline)
    found = list(
        VoiceInvitation.objects.select_for_update(of=("self",))
        .filter(pk__in=wanted, round=locked, participant=person)
        .select_related("rater")
        .order_by("pk")
    )
    if len(found) < len(wanted) or set(approve) & set(decline):
        raise Http404
    if any(each.state not in (State.PROPOSED, State.NOMINATED) for each in found):
        raise Refusal("voice_decided", status=409)
    text = checked_reason(reason, required=False)
    component = component_of_round(locked)
    approved = [each for each in found if each.pk in set(approve)]
    for group in {each.group for each in approved}:
        _check_room(locked, component, person, group, more=0)
    _approve(approved, locked, component)
    for each in found:
        if each not in approved:
            each.state, each.reason = State.DECLINED, text
    with recording(actor=actor, reason=text):
        for each in found:
            each.save(update_fields=["state", "reason", "nonce", "expires_on"])
    _tell_asked(approved)
    return found


@transaction.atomic
def approve_all(*, actor: User, voices: VoiceRound) -> int:
    """HR approves everything that waits, in one statement. Returns how many were approved.

    Where a rater would carry more than the cap, those above it are left for a person to decide."""
    require_hr(actor)
    locked = _open_for_choosing(voices)
    component = component_of_round(locked)
    waiting = list(
        VoiceInvitation.objects.select_for_update(of=("self",))
        .filter(round=locked, state__in=[State.PROPOSED, State.NOMINATED])
        .order_by("pk")
    )
    loads, cap = loads_of(locked), component.get("load_cap", 10**6)
    within = [each for each in waiting if each.rater_id is None or loads.get(each.rater_id, 0) <= cap]
    with recording(actor=actor):
        VoiceInvitation.objects.filter(pk__in=[each.pk for each in within if each.rater_id]).update(
            state=State.APPROVED
        )
        for each in within:
            each.state = State.APPROVED
            if each.rater_id is None:
                _approve([each], locked, component)
                each.save(update_fields=["state", "nonce", "expires_on"])
    _tell_asked(within)
    return len(within)


@transaction.atomic
def invite_in_bulk(
    *, actor: User, voices: VoiceRound, invitations: Iterable[tuple[int, str, int]]
) -> list[VoiceInvitation]:
    """HR asks many at once: (participant id, group, rater id). Nobody twice about a person, nobody about themself.

    For a company that keeps its own list of raters, and for the demonstration."""
    require_hr(actor)
    locked = _open_for_choosing(voices)
    component = component_of_round(locked)
    rows = list(invitations)
    people = Participant.objects.in_bulk({participant for participant, _g, _r in rows})
    raters = set(
        User.objects.filter(pk__in={rater for _p, _g, rater in rows}, is_active=True).values_list(
            "pk", flat=True
        )
    )
    standing = set(
        VoiceInvitation.objects.filter(round=locked, state__in=STANDING, rater__isnull=False).values_list(
            "participant", "rater"
        )
    )
    made = []
    for participant, group, rater in rows:
        person = people.get(participant)
        if person is None or person.cycle_id != locked.cycle_id:
            raise Http404
        _check_group(component, group, fixed=False)
        if group == CUSTOMERS or rater not in raters:
            raise Refusal("rater_unknown", field="rater", status=422)
        if (rater == person.employee_id) != (group == "self"):
            raise Refusal("voice_about_self", field="rater", status=422)
        if (participant, rater) in standing:
            raise Refusal("voice_asked_already", status=422)
        standing.add((participant, rater))
        made.append(
            VoiceInvitation(
                round=locked,
                participant=person,
                group=group,
                rater_id=rater,
                state=State.APPROVED,
                asked_by=actor,
            )
        )
    wanted: dict[int, int] = {}
    for each in made:
        if each.group not in NAMED and each.rater_id:
            wanted[each.rater_id] = wanted.get(each.rater_id, 0) + 1
    _check_load(locked, component, wanted, "")
    with recording(actor=actor):
        VoiceInvitation.objects.bulk_create(made, batch_size=5000)
    _tell_asked(made)
    return made


@transaction.atomic
def remove_rater(*, actor: User, invitation_id: int, reason: str) -> VoiceInvitation:
    """Takes somebody out while the questionnaire is open; a form that was begun goes with it, nobody else's is touched.

    Refusals: voice_not_yours (403), voices_closed, voice_decided (409); after the closing nobody's answer can be found.
    """
    invitation = _locked(invitation_id)
    return _take_out(actor, invitation, State.REMOVED, checked_reason(reason))


@transaction.atomic
def replace_rater(*, actor: User, invitation_id: int, rater_id: int, reason: str) -> VoiceInvitation:
    """Somebody else in the place of a rater who has left or cannot judge. Returns the new invitation."""
    invitation = _locked(invitation_id)
    if invitation.is_customer:
        raise Refusal("voice_group_fixed", field="rater", status=422)
    person = invitation.participant
    rater = _rater(rater_id, person, invitation.group)
    if VoiceInvitation.objects.filter(
        round=invitation.round, participant=person, rater=rater, state__in=STANDING
    ).exists():
        raise Refusal("voice_asked_already", field="rater", status=422)
    _take_out(actor, invitation, State.REPLACED, checked_reason(reason))
    component = component_of_round(invitation.round)
    new = VoiceInvitation(
        round=invitation.round, participant=person, group=invitation.group, rater=rater, asked_by=actor,
        replaces=invitation,
    )  # fmt: skip
    _approve([new], invitation.round, component)
    with recording(actor=actor, reason=reason):
        new.save()
    _tell_asked([new])
    return new


@transaction.atomic
def renew_link(*, actor: User, invitation_id: int) -> VoiceInvitation:
    """A customer's link anew, from today on; the one before opens nothing any more.

    Refusals: voice_group_fixed (422), voices_closed, voice_decided, voice_link_used (409)."""
    invitation = _locked(invitation_id)
    if not may_approve(actor, invitation.participant):
        raise Http404
    if not invitation.is_customer:
        raise Refusal("voice_group_fixed", status=422)
    if not invitation.round.is_open:
        raise Refusal("voices_closed", status=409)
    if invitation.state != State.APPROVED:
        raise Refusal("voice_decided", status=409)
    if invitation.has_answered:
        raise Refusal("voice_link_used", status=409)
    invitation.nonce = ""
    _approve([invitation], invitation.round, component_of_round(invitation.round))
    invitation.save(update_fields=["nonce", "expires_on"])
    _tell_asked([invitation])
    return invitation


@transaction.atomic
def replace_leavers(*, actor: User, voices: VoiceRound) -> int:
    """Everyone who has left and not answered is replaced by the next one of the same group in the tree, where there is
    one below the cap; the others are taken out. Returns how many places were looked at."""
    require_hr(actor)
    locked = _open_for_choosing(voices)
    gone = list(leavers_of(locked, timezone.localdate()))
    if not gone:
        return 0
    component = component_of_round(locked)
    cap = component.get("load_cap", 10**6)
    circle = circle_on(min(locked.cycle.last_day, timezone.localdate()))
    loads = loads_of(locked)
    for each in gone:
        person = each.participant
        asked = set(
            VoiceInvitation.objects.filter(
                round=locked, participant=person, state__in=STANDING, rater__isnull=False
            ).values_list("rater", flat=True)
        )
        near = {
            "peers": circle.peers_of(person.employee_id),
            "subordinates": circle.subordinates_of(person.employee_id),
            "superior": [above] if (above := circle.superior.get(person.employee_id)) else [],
        }.get(each.group, [])
        free = [
            rater
            for rater in circle.after(person.employee_id, near)
            if rater not in asked and rater != person.employee_id and loads.get(rater, 0) < cap
        ]
        text = _("has left")
        if free:
            loads[free[0]] = loads.get(free[0], 0) + 1
            replace_rater(actor=actor, invitation_id=each.pk, rater_id=free[0], reason=text)
        else:
            remove_rater(actor=actor, invitation_id=each.pk, reason=text)
    return len(gone)


def ask_customers(cycle: Cycle) -> int:
    """When the answering begins: everyone who was approved before gets the link, valid from today. Returns how many."""
    asked = 0
    for voices in VoiceRound.objects.filter(cycle=cycle, is_open=True).select_related("cycle"):
        waiting = VoiceInvitation.objects.filter(
            round=voices, group=CUSTOMERS, state=State.APPROVED, has_answered=False
        )
        waiting.update(expires_on=days_from_now(component_of_round(voices).get("link_days", 21)))
        for pk in waiting.values_list("pk", flat=True).order_by("pk"):
            emit("voice.asked", invitation_id=pk)
            asked += 1
    return asked


# Pieces -----------------------------------------------------------------------------------------------------------


def _open_for_choosing(voices: VoiceRound) -> VoiceRound:
    locked = VoiceRound.objects.select_for_update(of=("self",)).select_related("cycle").get(pk=voices.pk)
    if not locked.is_open or locked.cycle.phase not in CHOOSING:
        raise Refusal("voices_not_choosing", status=409)
    return locked


def _of_round(voices: VoiceRound, participant: Participant) -> Participant:
    if participant.cycle_id != voices.cycle_id:
        raise Http404
    return participant


def _locked(invitation_id: int) -> VoiceInvitation:
    found = (
        VoiceInvitation.objects.select_for_update(of=("self",))
        .select_related("round__cycle", "participant__employee", "participant__cycle", "rater")
        .filter(pk=invitation_id)
        .first()
        if 0 < invitation_id < 2**63
        else None
    )
    if found is None:
        raise Http404
    return found


def _take_out(actor: User, invitation: VoiceInvitation, state: str, reason: str) -> VoiceInvitation:
    if not may_approve(actor, invitation.participant):
        raise Http404
    if not invitation.round.is_open or invitation.round.cycle.phase not in CHOOSING:
        raise Refusal("voices_closed", status=409)
    if invitation.state not in STANDING:
        raise Refusal("voice_decided", status=409)
    # In a questionnaire that was reopened, an answer of before the closing cannot be taken out any more.
    forget_draft(invitation)
    with recording(actor=actor, reason=reason):
        invitation.state, invitation.reason = state, reason
        invitation.save(update_fields=["state", "reason"])
    return invitation


def _check_group(component: dict[str, Any], group: str, *, fixed: bool) -> None:
    if group_of(component, group) is None:
        raise Refusal("voice_group_unknown", field="group", status=422)
    if fixed and group in NAMED:
        raise Refusal("voice_group_fixed", field="group", status=422)


def _rater(rater_id: int | None, person: Participant, group: str) -> User:
    if not rater_id or rater_id < 0:
        raise Refusal("voice_rater_missing", field="rater", status=422)
    rater = User.objects.filter(pk=rater_id).first() if rater_id < 2**63 else None
    if rater is None or not rater.may_sign_in:
        raise Refusal("rater_unknown", field="rater", status=422)
    if (rater.pk == person.employee_id) != (group == "self"):
        raise Refusal("voice_about_self", field="rater", status=422)
    return rater


def _contact(name: str, email: str, language: str) -> dict[str, Any]:
    clean, address = name.strip(), email.strip()
    try:
        validate_email(address)
    except ValidationError:
        raise Refusal("voice_contact_missing", field="contact_email", status=422) from None
    if not clean or len(clean) > NAME_LIMIT or len(address) > 254:
        raise Refusal("voice_contact_missing", field="contact_name", status=422)
    return {
        "contact_name": clean,
        "contact_email": address,
        "language": language if language in dict(User.Language.choices) else User.Language.CHINESE,
    }


def _check_room(
    voices: VoiceRound, component: dict[str, Any], person: Participant, group: str, more: int = 1
) -> None:
    entry = group_of(component, group) or {}
    there = VoiceInvitation.objects.filter(
        round=voices, participant=person, group=group, state__in=STANDING
    ).count()
    if there + more > entry.get("maximum", 100):
        raise Refusal("voice_group_full", field="group", status=422, limit=entry.get("maximum", 100))


def _check_load(voices: VoiceRound, component: dict[str, Any], more: dict[int, int], group: str) -> None:
    """more: {rater: forms that would be added}."""
    cap = component.get("load_cap")
    if cap is None or group in NAMED or not more:
        return
    loads = loads_of(voices, list(more))
    full = [rater for rater, count in more.items() if loads.get(rater, 0) + count > cap]
    if full:
        names = User.objects.filter(pk__in=full[:3]).values_list("name", flat=True)
        raise Refusal("voice_load_full", field="rater", status=422, names=", ".join(names), limit=cap)


def _approve(invitations: list[VoiceInvitation], voices: VoiceRound, component: dict[str, Any]) -> None:
    """In memory; the caller saves. Customers get what their link is signed with."""
    for each in invitations:
        each.state = State.APPROVED
        if each.is_customer and not each.nonce:
            each.nonce = secrets.token_urlsafe(18)
            each.expires_on = days_from_now(component.get("link_days", 21))
        elif each.rater_id:
            new = 0 if each.pk else 1  # a proposal counts already
            _check_load(voices, component, {each.rater_id: new}, each.group)


def _tell_asked(invitations: list[VoiceInvitation]) -> None:
    """Customers have their link mailed once the transaction holds; colleagues see their duty as soon as scores are
    given."""
    for each in invitations:
        if each.is_customer:
            emit("voice.asked", invitation_id=each.pk)
