"""In whose name somebody may score today, and who may see which delegation."""

from __future__ import annotations

import datetime

from django.db.models import Q, QuerySet
from django.http import Http404
from django.utils import timezone

from people.models import User
from reviews.models import Delegation


def delegators_of(user: User, day: datetime.date | None = None) -> QuerySet[Delegation]:
    """Delegations that the person holds on the day (default: today)."""
    today = day or timezone.localdate()
    return Delegation.objects.filter(
        delegate=user, first_day__lte=today, last_day__gte=today, ended_at__isnull=True
    )


def visible_delegations(user: User) -> QuerySet[Delegation]:
    """Those that one gave or holds; HR and auditors all."""
    found = Delegation.objects.select_related("delegator", "delegate", "created_by").order_by(
        "-first_day", "-id"
    )
    if not user.is_authenticated or not user.may_sign_in:
        return found.none()
    if user.has_role("hr", "auditor"):
        return found
    return found.filter(Q(delegator=user) | Q(delegate=user))


def get_delegation_for(user: User, pk: int) -> Delegation:
    found = visible_delegations(user).filter(pk=pk).first() if 0 < pk < 2**63 else None
    if found is None:
        raise Http404
    return found


def scored_by(user: User) -> Q:
    """Of forms: the own ones, and those of whoever delegated to the person today; never one about the person."""
    held = delegators_of(user).values("delegator")
    return Q(rater=user) | Q(rater__in=held) & ~Q(participant__employee=user)
