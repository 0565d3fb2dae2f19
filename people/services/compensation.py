"""Monthly base salaries by date."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable
from decimal import Decimal

from django.db import transaction

from foundation.refusals import Refusal
from people.models import Compensation, User
from people.services import timelines
from people.services.authority import require_hr
from people.services.days import check_day
from people.services.timelines import DAY, Segment

#: (salary, currency, legal entity, cost centre)
Pay = tuple[Decimal, str, str, str]

LARGEST = Decimal(10) ** 12


def check_pay(salary: Decimal, currency: str = "CNY", legal_entity: str = "", cost_centre: str = "") -> Pay:
    """Refusals salary_invalid, currency_invalid, text_too_long."""
    if not salary.is_finite() or not 0 <= salary < LARGEST or salary != salary.quantize(Decimal("0.01")):
        raise Refusal("salary_invalid", field="salary")
    currency = currency.strip().upper() or "CNY"
    if not re.fullmatch("[A-Z]{3}", currency):
        raise Refusal("currency_invalid", field="currency")
    for text, limit, field in ((legal_entity, 80, "legal_entity"), (cost_centre, 40, "cost_centre")):
        if len(text.strip()) > limit:
            raise Refusal("text_too_long", field=field, limit=limit)
    return salary.quantize(Decimal("0.01")), currency, legal_entity.strip(), cost_centre.strip()


@transaction.atomic
def set_compensation(
    *,
    actor: User | None,
    user: User,
    from_day: datetime.date,
    salary: Decimal,
    currency: str = "CNY",
    legal_entity: str = "",
    cost_centre: str = "",
) -> Compensation:
    """From `from_day` on the person earns `salary` a month, until a change that is known for later."""
    require_hr(actor)
    check_day(from_day, "from_day")
    pay = check_pay(salary, currency, legal_entity, cost_centre)
    person = User.objects.select_for_update().get(pk=user.pk)
    before = segments_of_pay([person.pk]).get(person.pk, [])
    until = timelines.natural_end(before, from_day)
    if until is None and person.left_on is not None and person.left_on >= from_day:
        until = person.left_on + DAY
    store_pay({person.pk: before}, {person.pk: timelines.put(before, pay, from_day, until)})
    return person.compensations.get(valid__contains=from_day)


def segments_of_pay(people: Iterable[int]) -> dict[int, list[Segment]]:
    """{user id: segments of Pay} in order."""
    found: dict[int, list[Segment]] = {}
    rows = Compensation.objects.filter(user_id__in=list(people)).order_by("valid")
    for row in rows:
        value: Pay = (row.salary, row.currency, row.legal_entity, row.cost_centre)
        found.setdefault(row.user_id, []).append(Segment(row.valid.lower, row.valid.upper, value, row.pk))
    return found


def store_pay(before: dict[int, list[Segment]], after: dict[int, list[Segment]]) -> int:
    return timelines.store(
        Compensation,
        [(user, segment) for user, line in before.items() for segment in line],
        [(user, segment) for user, line in after.items() for segment in line],
        row=lambda user, pay: {
            "user_id": user,
            "salary": pay[0],
            "currency": pay[1],
            "legal_entity": pay[2],
            "cost_centre": pay[3],
        },
    )
