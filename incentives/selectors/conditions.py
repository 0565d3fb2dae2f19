"""Facts about people that no KPI holds and a gate may ask for: condition:tenure_months, condition:days_in_role,
condition:open_plan.

A condition is one entry of READERS: a function (payout run, employee ids) → {employee id: number}. Whoever it leaves
out has no such fact, and the line then says that something is missing. Attendance is a KPI of its own: its formula
leaves statutory leave out, so that it never counts against anybody.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence

from incentives.models import PayoutRun
from people.models import User
from reviews.models import Participant
from reviews.selectors.improvement_plans import people_with_open_plan

Reader = Callable[[PayoutRun, Sequence[int]], Mapping[int, float]]


def tenure_months(payout_run: PayoutRun, employees: Sequence[int]) -> dict[int, float]:
    """Whole months from the day of hiring to the last day of the period."""
    last = payout_run.cycle.last_day
    hired = User.objects.filter(pk__in=employees, hired_on__isnull=False).values_list("pk", "hired_on")
    return {pk: float(max(0, _months(day, last))) for pk, day in hired if day is not None}


def _months(first: datetime.date, last: datetime.date) -> int:
    return (last.year - first.year) * 12 + last.month - first.month - (last.day < first.day)


def days_in_role(payout_run: PayoutRun, employees: Sequence[int]) -> dict[int, float]:
    found = Participant.objects.filter(cycle=payout_run.cycle_id, employee_id__in=employees)
    return {pk: float(days) for pk, days in found.values_list("employee_id", "days_in_role")}


def open_plan(payout_run: PayoutRun, employees: Sequence[int]) -> dict[int, float]:
    """1 for whom the terms of an improvement plan stood at the end of the period's last day, 0 for everybody else.

    What was served, objected to or closed after that day changes nothing, so that a correction finds the same.
    """
    having = people_with_open_plan(employees, payout_run.cycle.last_day)
    return {employee: float(employee in having) for employee in employees}


READERS: dict[str, Reader] = {
    "tenure_months": tenure_months,
    "days_in_role": days_in_role,
    "open_plan": open_plan,
}


def condition_facts(
    payout_run: PayoutRun, employees: Sequence[int], needs: set[str]
) -> dict[int, dict[str, float]]:
    """{employee id: {condition:CODE: number}} for the conditions among the needs."""
    facts: dict[int, dict[str, float]] = {employee: {} for employee in employees}
    for need in sorted(needs):
        kind, _sep, code = need.partition(":")
        if kind == "condition" and code in READERS:
            for employee, number in READERS[code](payout_run, employees).items():
                facts[employee][need] = number
    return facts
