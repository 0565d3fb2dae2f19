"""What stands between the company and each person: booked, paid, pending, asked back. For HR, payroll and auditors."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.fields import DecimalField
from django.db.models.functions import Coalesce
from django.http import Http404

from incentives.models import Clawback, LedgerEntry, Payment, PayoutHold, PayoutRun, Recovery
from incentives.selectors.recoveries import Schedule, schedules_of
from people.models import User

READERS = ("hr", "payroll", "auditor")
_MONEY = DecimalField(max_digits=18, decimal_places=2)


def _sum(rows: QuerySet[Any], person: str = "employee") -> Coalesce:
    total = rows.order_by().values(person).annotate(total=Sum("amount")).values("total")
    return Coalesce(Subquery(total, output_field=_MONEY), Value(Decimal(0), output_field=_MONEY))


def visible_accounts(user: User) -> QuerySet[Any]:
    """Everybody for whom anything was ever booked, with `booked`, `paid`, `recovered`, `balance` and `on_hold`.

    booked     the sum of the ledger, corrections and clawbacks included
    recovered  what payroll has deducted for clawbacks
    balance    booked less paid, plus recovered: above zero what is still pending, below zero what the person owes
    """
    if not user.has_role(*READERS):
        return User.objects.none()
    entries = LedgerEntry.objects.filter(employee=OuterRef("pk"))
    people = User.objects.filter(Exists(entries)).annotate(
        booked=_sum(entries),
        paid=_sum(Payment.objects.filter(employee=OuterRef("pk"))),
        recovered=_sum(
            Recovery.objects.filter(item__clawback__employee=OuterRef("pk")), "item__clawback__employee"
        ),
        on_hold=Exists(PayoutHold.objects.filter(employee=OuterRef("pk"), released_at__isnull=True)),
    )
    return people.annotate(
        balance=Coalesce("booked", Value(Decimal(0)))
        - Coalesce("paid", Value(Decimal(0)))
        + Coalesce("recovered", Value(Decimal(0)))
    )


def search_accounts(accounts: QuerySet[Any], text: str) -> QuerySet[Any]:
    text = " ".join(text.split())[:80]
    if not text:
        return accounts
    return accounts.filter(Q(name__icontains=text) | Q(employee_number__icontains=text))


def get_account_for(user: User, pk: Any) -> Any:
    """Anybody with an employee number, for those who read accounts; Http404 alike for everybody else."""
    number = int(pk) if str(pk).isdecimal() and len(str(pk)) < 19 else 0
    if not user.has_role(*READERS):
        raise Http404
    found = User.objects.filter(pk=number, employee_number__isnull=False).first()
    if found is None:
        raise Http404
    return found


@dataclass(frozen=True)
class Account:
    employee: User
    booked: Decimal
    paid: Decimal
    currency: str
    entries: list[LedgerEntry]
    payments: list[Payment]
    holds: list[PayoutHold]
    clawbacks: list[Clawback]
    recovered: Decimal = Decimal(0)
    schedules: dict[int, Schedule] = field(default_factory=dict)

    @property
    def balance(self) -> Decimal:
        return self.booked - self.paid + self.recovered

    @property
    def hold(self) -> PayoutHold | None:
        return next((hold for hold in self.holds if hold.released_at is None), None)


def account_of(employee: User, limit: int = 100) -> Account:
    """Sums over everything, and the latest entries; as many queries for many as for few. Checks nobody's rights."""
    entries = LedgerEntry.objects.filter(employee=employee)
    payments = Payment.objects.filter(employee=employee)
    listed = list(entries.select_related("plan", "cycle", "payout_run").order_by("-pk")[:limit])
    clawbacks = list(
        Clawback.objects.filter(employee=employee)
        .select_related("plan", "cycle", "created_by", "decided_by")
        .prefetch_related("instalments")[:limit]
    )
    recovered = Recovery.objects.filter(item__clawback__employee=employee)
    return Account(
        employee=employee,
        booked=entries.aggregate(total=Sum("amount"))["total"] or Decimal(0),
        paid=payments.aggregate(total=Sum("amount"))["total"] or Decimal(0),
        currency=listed[0].currency if listed else "CNY",
        entries=listed,
        payments=list(payments.select_related("plan", "cycle").order_by("-paid_on", "-pk")[:limit]),
        holds=list(
            PayoutHold.objects.filter(employee=employee).select_related("put_by", "released_by")[:limit]
        ),
        clawbacks=clawbacks,
        recovered=recovered.aggregate(total=Sum("amount"))["total"] or Decimal(0),
        schedules=schedules_of(clawbacks),
    )


def visible_clawbacks(user: User) -> QuerySet[Clawback]:
    """HR, payroll and auditors: all. Everyone: the own ones, once approved."""
    found = Clawback.objects.select_related(
        "employee", "plan", "cycle", "created_by", "decided_by"
    ).prefetch_related("instalments")
    if not user.is_authenticated or not user.may_sign_in:
        return found.none()
    if user.has_role(*READERS):
        return found
    return found.filter(employee=user, state=Clawback.State.APPROVED)


def get_clawback_for(user: User, pk: Any) -> Clawback:
    number = int(pk) if str(pk).isdecimal() and len(str(pk)) < 19 else 0
    found = visible_clawbacks(user).filter(pk=number).first()
    if found is None:
        raise Http404
    return found


def visible_holds(user: User) -> QuerySet[PayoutHold]:
    if not user.has_role(*READERS):
        return PayoutHold.objects.none()
    return PayoutHold.objects.select_related("employee", "put_by", "released_by").order_by("-put_at", "-id")


def payout_progress(payout_run: PayoutRun) -> dict[str, Any]:
    """Of what an approved run booked: in a payroll file, paid, and pending with how much of it is on hold."""
    booked = payout_run.ledger_entries.exclude(kind=LedgerEntry.Kind.CLAWBACK)
    total = booked.aggregate(total=Sum("amount"))["total"] or Decimal(0)
    filed = payout_run.payment_items.aggregate(total=Sum("amount"))["total"] or Decimal(0)
    paid = payout_run.payments.aggregate(total=Sum("amount"))["total"] or Decimal(0)
    held = booked.filter(
        Exists(PayoutHold.objects.filter(employee=OuterRef("employee"), released_at__isnull=True)),
        ~Exists(payout_run.payment_items.filter(employee=OuterRef("employee"))),
    )
    return {
        "total": total,
        "filed": filed,
        "paid": paid,
        "pending": total - paid,
        "held": held.aggregate(total=Sum("amount"))["total"] or Decimal(0),
        "held_people": held.values("employee").distinct().count(),
    }


def held_lines(payout_run: PayoutRun) -> list[dict[str, Any]]:
    """Who of the run is on hold now and in no payroll file yet, with the reason: visible, never lost."""
    items = payout_run.payment_items.filter(employee=OuterRef("employee"))
    lines = payout_run.payout_lines.filter(
        Exists(PayoutHold.objects.filter(employee=OuterRef("employee"), released_at__isnull=True)),
        ~Exists(items),
        status__in=("payable", "undecided"),
    ).order_by("employee_number", "employee_id")[:50]
    reasons = dict(
        PayoutHold.objects.filter(
            employee__in=[line.employee_id for line in lines], released_at__isnull=True
        ).values_list("employee_id", "reason")
    )
    return [{"line": line, "reason": reasons.get(line.employee_id, "")} for line in lines]
