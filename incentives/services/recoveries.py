"""What payroll is asked to deduct for clawbacks each month, and what it has deducted."""

from __future__ import annotations

import datetime
import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from foundation.refusals import Refusal
from foundation.trail.services import recording
from incentives.models import Clawback, DeductionItem, Recovery
from incentives.selectors.recoveries import Schedule, due_in, next_month, schedules_of
from incentives.services.exports import Cell, csv_bytes
from incentives.services.rights import require_approver
from people.models import User

HEADINGS = (
    "employee_number",
    "name",
    "clawback",
    "plan",
    "cycle",
    "month",
    "amount",
    "currency",
    "checksum",
    "recovered",
    "recovered_on",
)


@dataclass(frozen=True)
class DeductionsFile:
    name: str
    content: bytes
    sha256: str
    batch: int
    is_repeat: bool


@transaction.atomic
def export_deductions(*, actor: User, month: datetime.date, batch: int | None = None) -> DeductionsFile:
    """The deductions of a month as a file for payroll, with two empty columns for what comes of them.

    batch   None takes every clawback that is due and in no file of the month yet; where none is, the last part again,
            byte for byte.
    Refusals: not_approver (403), recovery_month, payout_no_batch (422), recovery_nothing (409).
    """
    require_approver(actor)
    month = month.replace(day=1)
    # One file after the other, by the lock that approvals of clawbacks do not need.
    clawbacks = list(
        Clawback.objects.select_for_update(of=("self",))
        .filter(state=Clawback.State.APPROVED)
        .prefetch_related("instalments")
        .order_by("pk")
    )
    last = (
        DeductionItem.objects.filter(month=month).order_by("-batch").values_list("batch", flat=True).first()
        or 0
    )
    if batch is not None:
        if not 1 <= batch <= last:
            raise Refusal("payout_no_batch", field="batch", status=422)
        return _file(month, batch, is_repeat=True)
    this_month = timezone.localdate().replace(day=1)
    new = _due(clawbacks, month) if month in (this_month, next_month(this_month)) else []
    if not new:
        if last:
            return _file(month, last, is_repeat=True)
        if month not in (this_month, next_month(this_month)):
            raise Refusal("recovery_month", field="month", status=422)
        raise Refusal("recovery_nothing", status=409)
    with recording(actor=actor):
        DeductionItem.objects.bulk_create(
            DeductionItem(
                clawback=schedule.clawback, month=month, batch=last + 1, amount=amount, created_by=actor
            )
            for schedule, amount in new
        )
    return _file(month, last + 1, is_repeat=False)


def _due(clawbacks: Sequence[Clawback], month: datetime.date) -> list[tuple[Schedule, Decimal]]:
    people: dict[int, list[Schedule]] = defaultdict(list)
    for schedule in schedules_of(clawbacks).values():
        people[schedule.clawback.employee_id].append(schedule)
    return [
        pair
        for schedules in people.values()
        for pair in due_in(
            schedules, {schedule.clawback.pk: schedule.unplanned for schedule in schedules}, month
        )
    ]


def item_checksum(item: DeductionItem) -> str:
    """Ties a row to the approved clawback and to what was asked for."""
    clawback = item.clawback
    text = "|".join(
        [
            str(item.clawback_id),
            str(clawback.entry_id),
            clawback.employee.employee_number or "",
            f"{item.month:%Y-%m}",
            str(item.amount),
            clawback.currency,
            item.created_at.isoformat(),
        ]
    )
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _file(month: datetime.date, batch: int, *, is_repeat: bool) -> DeductionsFile:
    items = (
        DeductionItem.objects.filter(month=month, batch=batch)
        .select_related("clawback", "clawback__employee", "clawback__plan", "clawback__cycle")
        .order_by("clawback__employee__employee_number", "clawback_id")
    )
    rows: list[list[Cell]] = [list(HEADINGS)]
    for item in items:
        clawback = item.clawback
        rows.append(
            [
                clawback.employee.employee_number or "",
                clawback.employee.name,
                str(clawback.pk),
                clawback.plan.code,
                clawback.cycle.code,
                f"{month:%Y-%m}",
                item.amount,
                clawback.currency,
                item_checksum(item),
                "",
                "",
            ]
        )
    content = csv_bytes(rows)
    part = f"-{batch}" if batch > 1 else ""
    return DeductionsFile(
        f"deductions-{month:%Y-%m}{part}.csv", content, hashlib.sha256(content).hexdigest(), batch, is_repeat
    )


@dataclass
class RecoveredRow:
    """A checked row of the file that came back."""

    item_id: int
    amount: Decimal
    recovered_on: datetime.date


@transaction.atomic
def record_recoveries(*, actor: User, rows: Sequence[RecoveredRow]) -> int:
    """Stores what was deducted; what is stored already is left alone. Answers how many are new.

    Refusals: not_approver (403), recovery_conflict (409) where another amount or day is stored for a row.
    """
    require_approver(actor)
    items = {
        item.pk: item
        for item in DeductionItem.objects.filter(pk__in={row.item_id for row in rows}).select_related(
            "clawback"
        )
    }
    # Whoever makes the next month's file waits here, and sees what came of this one.
    list(
        Clawback.objects.select_for_update(of=("self",))
        .filter(pk__in={item.clawback_id for item in items.values()})
        .order_by("pk")
    )
    known = {
        recovery.item_id: (recovery.amount, recovery.recovered_on)
        for recovery in Recovery.objects.filter(item__in=items)
    }
    new = []
    for row in rows:
        stored = known.get(row.item_id)
        if stored is None:
            new.append(
                Recovery(
                    item_id=row.item_id, amount=row.amount, recovered_on=row.recovered_on, created_by=actor
                )
            )
        elif stored != (row.amount, row.recovered_on):
            raise Refusal("recovery_conflict", status=409)
    with recording(actor=actor):
        Recovery.objects.bulk_create(new, batch_size=5000)
    return len(new)
