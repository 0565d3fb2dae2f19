"""After approval: who is on hold, which batch of the payroll file a sum goes into, what was paid, what comes back."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

from django.db import IntegrityError, connection, transaction
from django.db.models import Sum
from django.utils import timezone

from foundation.refusals import Refusal
from foundation.runs import services as runs
from foundation.trail.services import recording
from incentives.models import (
    Clawback,
    ClawbackInstalment,
    LedgerEntry,
    Payment,
    PayoutHold,
    PayoutRun,
)
from incentives.services.rights import checked_reason, require_approver, require_hr
from people.models import User
from people.selectors.compensation import compensation_on

CENT = Decimal("0.01")
MOST_INSTALMENTS = 120

# Holds ----------------------------------------------------------------------------------------------------------------


@transaction.atomic
def put_hold(*, actor: User, employee: User, reason: str) -> PayoutHold:
    """Keeps a person's money out of payroll files from now on. What is booked stays booked and is shown as pending.

    Refusals: not_approver (403), payout_reason (422), hold_own (403), hold_already (409).
    """
    require_approver(actor)
    text = checked_reason(reason)
    if actor.pk == employee.pk:
        raise Refusal("hold_own", status=403)
    User.objects.select_for_update().get(pk=employee.pk)
    if PayoutHold.objects.filter(employee=employee, released_at__isnull=True).exists():
        raise Refusal("hold_already", status=409)
    with recording(actor=actor, reason=text):
        return PayoutHold.objects.create(employee=employee, reason=text, put_by=actor)


@transaction.atomic
def release_hold(*, actor: User, employee: User, reason: str) -> PayoutHold:
    """What is pending for the person comes into the next payroll file. Refusals: as put_hold, hold_none (409)."""
    require_approver(actor)
    text = checked_reason(reason)
    if actor.pk == employee.pk:
        raise Refusal("hold_own", status=403)
    hold = PayoutHold.objects.select_for_update().filter(employee=employee, released_at__isnull=True).first()
    if hold is None:
        raise Refusal("hold_none", status=409)
    hold.released_by, hold.released_at, hold.release_reason = actor, timezone.now(), text
    with recording(actor=actor, reason=text):
        hold.save(update_fields=["released_by", "released_at", "release_reason"])
    return hold


# Batches of the payroll file ------------------------------------------------------------------------------------------

_NEW_BATCH = """
    INSERT INTO incentives_paymentitem (payout_run_id, batch, employee_id, amount)
    SELECT %(run)s, %(batch)s, entry.employee_id, sum(entry.amount)
    FROM incentives_ledgerentry AS entry
    WHERE entry.payout_run_id = %(run)s AND entry.kind <> 'clawback'
        AND NOT EXISTS (
            SELECT 1 FROM incentives_paymentitem AS item
            WHERE item.payout_run_id = %(run)s AND item.employee_id = entry.employee_id
        )
        AND NOT EXISTS (
            SELECT 1 FROM incentives_payouthold AS hold
            WHERE hold.employee_id = entry.employee_id AND hold.released_at IS NULL
        )
    GROUP BY entry.employee_id
    ORDER BY entry.employee_id
"""


def batch_to_export(payout_run: PayoutRun, batch: int | None) -> int:
    """The batch asked for, or a new one of whoever is due and in none yet, or where nobody is, the last one again.

    The caller holds the run's lock. Refusals: payout_no_batch (422), payout_nothing_to_export (409: nobody is due, or
    everybody who is is on hold).
    """
    last = payout_run.payment_items.order_by("-batch").values_list("batch", flat=True).first() or 0
    if batch is not None:
        if not 1 <= batch <= last:
            raise Refusal("payout_no_batch", field="batch", status=422)
        return batch
    with connection.cursor() as cursor:
        cursor.execute(_NEW_BATCH, {"run": payout_run.pk, "batch": last + 1})
        added = cursor.rowcount
    if not added and not last:
        raise Refusal("payout_nothing_to_export", status=409)
    return last + 1 if added else last


# What payroll has paid ------------------------------------------------------------------------------------------------


@dataclass
class PaidRow:
    """A checked row of the file that came back."""

    payout_run_id: int
    employee_id: int
    amount: Decimal
    paid_on: datetime.date


@transaction.atomic
def record_payments(*, actor: User, rows: Sequence[PaidRow]) -> int:
    """Stores what was paid; what is stored already is left alone. Answers how many are new.

    Refusals: not_approver (403), payment_conflict (409) where another amount or day is stored for a row.
    """
    require_approver(actor)
    found = {
        run.pk: run
        for run in PayoutRun.objects.select_for_update(of=("self",))
        .filter(pk__in={row.payout_run_id for row in rows})
        .order_by("pk")
    }
    known = {
        (payment.payout_run_id, payment.employee_id): (payment.amount, payment.paid_on)
        for payment in Payment.objects.filter(payout_run__in=found)
    }
    new = []
    for row in rows:
        stored = known.get((row.payout_run_id, row.employee_id))
        if stored is not None:
            if stored != (row.amount, row.paid_on):
                raise Refusal("payment_conflict", status=409)
            continue
        run = found[row.payout_run_id]
        new.append(
            Payment(
                employee_id=row.employee_id,
                plan_id=run.plan_id,
                cycle_id=run.cycle_id,
                payout_run=run,
                amount=row.amount,
                currency=run.currency,
                paid_on=row.paid_on,
                created_by=actor,
            )
        )
    with recording(actor=actor):
        Payment.objects.bulk_create(new, batch_size=5000)
    return len(new)


# Clawbacks ------------------------------------------------------------------------------------------------------------


def claimable(employee_id: int, plan_id: int, cycle_id: int) -> Decimal:
    """What was paid for the plan and cycle and has not been asked back, proposals included."""
    of = {"employee": employee_id, "plan": plan_id, "cycle": cycle_id}
    paid = Payment.objects.filter(**of).aggregate(total=Sum("amount"))["total"] or Decimal(0)
    asked = Clawback.objects.filter(**of).exclude(state=Clawback.State.REJECTED).aggregate(
        total=Sum("amount")
    )["total"] or Decimal(0)
    return Decimal(paid - asked)


def schedule(
    amount: Decimal, monthly: Decimal, first_month: datetime.date
) -> list[tuple[datetime.date, Decimal]]:
    """Instalments of at most `monthly`, month after month, adding up to the amount; the last one is the rest."""
    parts = []
    month, left = first_month.replace(day=1), amount
    while left > 0:
        part = min(left, monthly)
        parts.append((month, part))
        left -= part
        month = (month + datetime.timedelta(days=32)).replace(day=1)
    return parts


@transaction.atomic
def propose_clawback(
    *,
    actor: User,
    employee: User,
    payout_run: PayoutRun,
    amount: Decimal,
    reason: str,
    monthly_share: Decimal,
    first_month: datetime.date,
) -> Clawback:
    """Asks back a part of what was paid for the plan and cycle of a run, within a share of the monthly salary.

    Nothing is booked before somebody else approves it.
    Refusals: not_hr, hold_own (403); payout_reason, clawback_amount, clawback_share, clawback_month, clawback_unpaid,
    clawback_salary, clawback_too_long (422).
    """
    require_hr(actor)
    text = checked_reason(reason)
    if actor.pk == employee.pk:
        raise Refusal("clawback_own", status=403)
    if not amount.is_finite() or amount <= 0 or amount != amount.quantize(CENT):
        raise Refusal("clawback_amount", field="amount", status=422)
    if (
        not monthly_share.is_finite()
        or not 0 < monthly_share <= 1
        or monthly_share != round(monthly_share, 4)
    ):
        raise Refusal("clawback_share", field="monthly_share", status=422)
    today = timezone.localdate()
    if not today.replace(day=1) <= first_month.replace(day=1) <= today + datetime.timedelta(days=366):
        raise Refusal("clawback_month", field="first_month", status=422)
    User.objects.select_for_update().get(pk=employee.pk)
    most = claimable(employee.pk, payout_run.plan_id, payout_run.cycle_id)
    if amount > most:
        raise Refusal("clawback_unpaid", field="amount", status=422, most=f"{max(most, Decimal(0)):.2f}")
    day = min(today, employee.left_on) if employee.left_on else today
    pay = compensation_on([employee.pk], day).get(employee.pk)
    if pay is None or pay.currency != payout_run.currency:
        raise Refusal("clawback_salary", field="monthly_share", status=422, currency=payout_run.currency)
    monthly = (pay.salary * monthly_share).quantize(CENT, rounding=ROUND_DOWN)
    if monthly <= 0 or amount > monthly * MOST_INSTALMENTS:
        raise Refusal("clawback_too_long", field="monthly_share", status=422, limit=MOST_INSTALMENTS)
    with recording(actor=actor, reason=text):
        made = Clawback.objects.create(
            employee=employee,
            plan_id=payout_run.plan_id,
            cycle_id=payout_run.cycle_id,
            payout_run=payout_run,
            amount=amount,
            currency=payout_run.currency,
            reason=text,
            monthly_share=monthly_share,
            salary=pay.salary,
            created_by=actor,
        )
        ClawbackInstalment.objects.bulk_create(
            ClawbackInstalment(clawback=made, number=number, month=month, amount=part)
            for number, (month, part) in enumerate(schedule(amount, monthly, first_month), 1)
        )
    return made


@transaction.atomic
def approve_clawback(*, actor: User, clawback: Clawback) -> Clawback:
    """Books it. Refusals: not_approver, clawback_same_person (403), clawback_decided, clawback_unpaid (409)."""
    require_approver(actor)
    locked = _open_clawback(clawback)
    if actor.pk in (locked.created_by_id, locked.employee_id):
        raise Refusal("clawback_same_person", status=403)
    try:
        with transaction.atomic():
            entry = LedgerEntry.objects.create(
                employee_id=locked.employee_id,
                kind=LedgerEntry.Kind.CLAWBACK,
                plan_id=locked.plan_id,
                cycle_id=locked.cycle_id,
                payout_run_id=locked.payout_run_id,
                amount=-locked.amount,
                currency=locked.currency,
                created_by=actor,
            )
    except IntegrityError as error:
        if "clawed back" not in str(error):
            raise
        raise Refusal("clawback_unpaid", status=409, most="0.00") from None
    locked.state, locked.entry = Clawback.State.APPROVED, entry
    _decide_clawback(locked, actor, ["state", "entry"])
    runs.emit("clawback.approved", clawback=locked.pk)
    return locked


@transaction.atomic
def reject_clawback(*, actor: User, clawback: Clawback, reason: str) -> Clawback:
    """Nothing is booked; whoever proposed it may withdraw it so."""
    require_approver(actor)
    text = checked_reason(reason)
    locked = _open_clawback(clawback)
    locked.state, locked.rejection = Clawback.State.REJECTED, text
    _decide_clawback(locked, actor, ["state", "rejection"])
    return locked


def _open_clawback(clawback: Clawback) -> Clawback:
    locked = Clawback.objects.select_for_update(of=("self",)).get(pk=clawback.pk)
    if locked.state != Clawback.State.PROPOSED:
        raise Refusal("clawback_decided", status=409)
    return locked


def _decide_clawback(clawback: Clawback, actor: User, fields: list[str]) -> None:
    clawback.decided_by, clawback.decided_at = actor, timezone.now()
    with recording(actor=actor, reason=clawback.rejection or clawback.reason):
        clawback.save(update_fields=[*fields, "decided_by", "decided_at"])
