"""Letting another manager score in one's name for some days. It covers scores only: no approval, no confirmation."""

from __future__ import annotations

import datetime

from django.db import transaction
from django.http import Http404
from django.urls import reverse
from django.utils import timezone

from foundation.delivery.notices import notify
from foundation.refusals import Refusal
from foundation.trail.services import recording
from people.models import User
from reviews import topics
from reviews.models import Delegation
from reviews.selectors.delegations import get_delegation_for
from reviews.services.rights import checked_reason

LONGEST_DAYS = 92


@transaction.atomic
def delegate_scoring(
    *,
    actor: User,
    delegate: User,
    first_day: datetime.date,
    last_day: datetime.date,
    reason: str,
    delegator: User | None = None,
) -> Delegation:
    """For oneself; HR also for a manager who is away.

    Refusals: delegation_not_yours (403), delegation_not_manager, delegation_to_self, delegation_backwards,
    delegation_over, delegation_too_long, delegation_overlaps (422).
    """
    giver = delegator or actor
    text = checked_reason(reason)
    if giver.pk != actor.pk and not actor.is_hr:
        raise Refusal("delegation_not_yours", status=403)
    if not giver.is_manager:
        raise Refusal("delegation_not_manager", field="delegator", status=422)
    if delegate.pk == giver.pk:
        raise Refusal("delegation_to_self", field="delegate", status=422)
    if not delegate.is_manager:
        raise Refusal("delegation_not_manager", field="delegate", status=422)
    if last_day < first_day:
        raise Refusal("delegation_backwards", field="last_day", status=422)
    if last_day < timezone.localdate():
        raise Refusal("delegation_over", field="last_day", status=422)
    if (last_day - first_day).days >= LONGEST_DAYS:
        raise Refusal("delegation_too_long", field="last_day", status=422, limit=LONGEST_DAYS)
    # Two requests of one manager queue up here.
    User.objects.select_for_update(no_key=True).get(pk=giver.pk)
    if Delegation.objects.filter(
        delegator=giver, first_day__lte=last_day, last_day__gte=first_day, ended_at__isnull=True
    ).exists():
        raise Refusal("delegation_overlaps", field="first_day", status=422)
    with recording(actor=actor, reason=text):
        made = Delegation.objects.create(
            delegator=giver,
            delegate=delegate,
            first_day=first_day,
            last_day=last_day,
            reason=text,
            created_by=actor,
        )
    notify(
        topic=topics.DELEGATED,
        key=f"delegation:{made.pk}",
        recipients=[delegate.pk, giver.pk],
        params={
            "delegator": giver.name,
            "delegate": delegate.name,
            "first": {"day": first_day.isoformat()},
            "last": {"day": last_day.isoformat()},
        },
        url=reverse("reviews:queue"),
    )
    return made


@transaction.atomic
def end_delegation(*, actor: User, delegation_id: int) -> Delegation:
    """At once; for whoever gave it, and HR. The second time changes nothing."""
    found = get_delegation_for(actor, delegation_id)
    if found.delegator_id != actor.pk and not actor.is_hr:
        raise Refusal("delegation_not_yours", status=403)
    locked = Delegation.objects.select_for_update(of=("self",)).filter(pk=found.pk).first()
    if locked is None:
        raise Http404
    if locked.ended_at is None:
        with recording(actor=actor):
            locked.ended_at, locked.ended_by = timezone.now(), actor
            locked.save(update_fields=["ended_at", "ended_by"])
    return locked
