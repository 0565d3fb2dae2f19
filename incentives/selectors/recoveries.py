"""The schedule of clawbacks as it stands: deducted, on its way, and what is still to come month by month."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal

from django.db.models import Count, QuerySet, Sum
from django.utils import timezone

from incentives.models import Clawback, DeductionItem
from people.models import User

READERS = ("hr", "payroll", "auditor")
CENT = Decimal("0.01")
MOST_MONTHS = 600


@dataclass(frozen=True)
class Part:
    """One month. `asked` is what stands in payroll's file, or will; `recovered` is None until payroll has answered."""

    month: datetime.date
    asked: Decimal
    recovered: Decimal | None = None
    recovered_on: datetime.date | None = None
    is_filed: bool = False


@dataclass
class Schedule:
    """
    recovered   what payroll has deducted
    on_its_way  asked of payroll and not answered yet
    left        amount less recovered: what the person still owes
    """

    clawback: Clawback
    parts: list[Part] = field(default_factory=list)
    recovered: Decimal = Decimal(0)
    on_its_way: Decimal = Decimal(0)

    @property
    def left(self) -> Decimal:
        return self.clawback.amount - self.recovered

    @property
    def unplanned(self) -> Decimal:
        """What no file has asked for yet."""
        return self.left - self.on_its_way

    @property
    def is_settled(self) -> bool:
        return self.left == 0


def next_month(month: datetime.date) -> datetime.date:
    return (month + datetime.timedelta(days=32)).replace(day=1)


def monthly_limit(clawback: Clawback) -> Decimal:
    """The share of the salary as it was when the clawback was proposed, in whole cents."""
    return (clawback.salary * clawback.monthly_share).quantize(CENT, rounding=ROUND_DOWN)


def schedules_of(clawbacks: Iterable[Clawback], *, today: datetime.date | None = None) -> dict[int, Schedule]:
    """{id: schedule}. Those that were not approved have their planned instalments; one query for all.

    A person's clawbacks share the month: together they deduct at most the largest share that one of them allows, the
    oldest first. What a month did not deduct is not made up for by a larger deduction later; the end moves.
    """
    this_month = (today or timezone.localdate()).replace(day=1)
    found = {clawback.pk: Schedule(clawback) for clawback in clawbacks}
    if not found:
        return {}
    items = DeductionItem.objects.filter(clawback__in=found).select_related("recovery").order_by("month")
    for item in items:
        schedule = found[item.clawback_id]
        answer = getattr(item, "recovery", None)
        schedule.parts.append(
            Part(
                item.month,
                item.amount,
                answer.amount if answer else None,
                answer.recovered_on if answer else None,
                is_filed=True,
            )
        )
        if answer:
            schedule.recovered += answer.amount
        else:
            schedule.on_its_way += item.amount
    people: dict[int, list[Schedule]] = defaultdict(list)
    for schedule in found.values():
        if schedule.clawback.state == Clawback.State.APPROVED:
            people[schedule.clawback.employee_id].append(schedule)
        else:
            schedule.parts.extend(
                Part(part.month, part.amount) for part in schedule.clawback.instalments.all()
            )
    for schedules in people.values():
        _plan(sorted(schedules, key=lambda each: each.clawback.pk), this_month)
    return found


def first_month(clawback: Clawback) -> datetime.date:
    return min(part.month for part in clawback.instalments.all())


def _plan(schedules: list[Schedule], month: datetime.date) -> None:
    """The months to come, from `month` on."""
    unplanned = {schedule.clawback.pk: schedule.unplanned for schedule in schedules}
    for _turn in range(MOST_MONTHS):
        if not any(unplanned.values()):
            return
        for schedule, amount in due_in(schedules, unplanned, month):
            schedule.parts.append(Part(month, amount))
            unplanned[schedule.clawback.pk] -= amount
        month = next_month(month)


def due_in(
    schedules: list[Schedule], unplanned: dict[int, Decimal], month: datetime.date
) -> list[tuple[Schedule, Decimal]]:
    """What one person's clawbacks may deduct in a month, the oldest first; `unplanned`: what each has left."""
    running = [schedule for schedule in schedules if first_month(schedule.clawback) <= month]
    filed = {
        schedule.clawback.pk: part.asked
        for schedule in running
        for part in schedule.parts
        if part.is_filed and part.month == month
    }
    room = max((monthly_limit(schedule.clawback) for schedule in running), default=Decimal(0))
    room -= sum(filed.values(), Decimal(0))
    answer = []
    for schedule in running:
        key = schedule.clawback.pk
        if key in filed:
            continue
        amount = min(unplanned[key], monthly_limit(schedule.clawback), room)
        if amount > 0:
            answer.append((schedule, amount))
            room -= amount
    return answer


def visible_deductions(user: User) -> QuerySet[DeductionItem]:
    if not user.has_role(*READERS):
        return DeductionItem.objects.none()
    return DeductionItem.objects.select_related(
        "clawback", "clawback__employee", "clawback__plan", "clawback__cycle", "recovery"
    )


@dataclass(frozen=True)
class DeductionFile:
    """A part of a month's file as it was made: what it asks, what came back, how many rows have no answer."""

    month: datetime.date
    batch: int
    people: int
    asked: Decimal
    unanswered: int
    recovered: Decimal


def deduction_files(user: User, limit: int = 12) -> list[DeductionFile]:
    """The latest files, latest first."""
    rows = (
        visible_deductions(user)
        .order_by()
        .values("month", "batch")
        .annotate(
            people=Count("clawback__employee", distinct=True),
            asked=Sum("amount"),
            answered=Count("recovery"),
            items=Count("pk"),
            recovered=Sum("recovery__amount"),
        )
        .order_by("-month", "-batch")[:limit]
    )
    return [
        DeductionFile(
            row["month"],
            row["batch"],
            row["people"],
            row["asked"],
            row["items"] - row["answered"],
            row["recovered"] or Decimal(0),
        )
        for row in rows
    ]
