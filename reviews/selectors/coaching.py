"""The coaching log: read by the person, whoever noted it, HR, auditors, and by who led the person then or now."""

from __future__ import annotations

import datetime

from django.db.models import Count, QuerySet
from django.http import Http404

from people.models import User
from reviews.models import CoachingNote
from reviews.selectors.incidents import SEES_ALL, noted_for


def visible_coaching(user: User) -> QuerySet[CoachingNote]:
    notes = CoachingNote.objects.select_related("employee", "team", "noted_by", "withdrawal")
    if not user.is_authenticated or not user.may_sign_in:
        return notes.none()
    return notes if user.has_role(*SEES_ALL) else notes.filter(noted_for(user))


def get_coaching_for(user: User, pk: int) -> CoachingNote:
    """Http404 alike for a missing note and one that `user` may not see."""
    found = visible_coaching(user).filter(pk=pk).first() if 0 < pk < 2**63 else None
    if found is None:
        raise Http404
    return found


def coaching_in(
    user: User, employee_id: int, first: datetime.date, last: datetime.date
) -> QuerySet[CoachingNote]:
    """Those about a person that `user` may see, dated in the period, not withdrawn, the latest first."""
    return (
        visible_coaching(user)
        .filter(employee=employee_id, happened_on__range=(first, last), withdrawal__isnull=True)
        .order_by("-happened_on", "-id")
    )


def coaching_counts(
    user: User, employee_ids: list[int], first: datetime.date, last: datetime.date
) -> dict[int, int]:
    """{employee id: notes of the period that `user` may see}; one query."""
    found = visible_coaching(user).filter(
        employee__in=employee_ids, happened_on__range=(first, last), withdrawal__isnull=True
    )
    return dict(
        found.order_by().values("employee").annotate(count=Count("pk")).values_list("employee", "count")
    )
