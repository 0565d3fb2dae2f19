"""Salaries by day. Who may see one is decided here; services of pay ask for many at once."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from django.db.models import QuerySet

from people.models import Compensation

if TYPE_CHECKING:
    from people.models import User


MANY = 1_000


class CompensationRow(NamedTuple):
    """A monthly base salary beside its currency, and whose books it stands in."""

    salary: Decimal
    currency: str
    legal_entity: str
    cost_centre: str


def compensation_on(employee_ids: Iterable[int], day: datetime.date) -> dict[int, CompensationRow]:
    """{employee id: row} on the day; who has none on that day is left out. One query.

    Checks nobody's rights: for the services that compute pay. Pages ask visible_compensations.
    """
    wanted = set(employee_ids)
    found = Compensation.objects.filter(valid__contains=day)
    if len(wanted) < MANY:
        found = found.filter(user_id__in=wanted)
    else:  # neighbours mostly, and a list of thousands takes longer to write and to read than a few rows too many
        found = found.filter(user_id__gte=min(wanted), user_id__lte=max(wanted))
    rows = found.values_list("user_id", "salary", "currency", "legal_entity", "cost_centre")
    return {user_id: CompensationRow(*pay) for user_id, *pay in rows if user_id in wanted}  # type: ignore[arg-type]


def visible_compensations(user: User) -> QuerySet[Compensation]:
    """HR, payroll and auditors see all salaries, everyone the own one, a manager no other."""
    if not user.is_authenticated or not user.may_sign_in:
        return Compensation.objects.none()
    if user.has_role("hr", "payroll", "auditor"):
        return Compensation.objects.all()
    return Compensation.objects.filter(user=user)
