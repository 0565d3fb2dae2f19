"""What one employee was paid, and why: approved lines, their steps, the ledger."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery, Sum
from django.http import Http404
from django.utils.translation import gettext as _

from incentives.models import (
    Clawback,
    LedgerEntry,
    Payment,
    PayoutDecision,
    PayoutHold,
    PayoutLine,
    PayoutRun,
    PayoutStep,
)
from incentives.selectors.recoveries import Schedule, schedules_of
from incentives.steps import engine, registry
from people.models import User
from reviews.models import Cycle

READERS = ("hr", "payroll", "auditor")
ONE_POINT = Decimal(1)
HISTORY_MONTHS = 24


def visible_statements(user: User) -> QuerySet[PayoutLine]:
    """Lines of approved runs. Everyone: the own ones. HR, payroll, auditors: all. A manager: no other's; money is not
    the manager's to see."""
    lines = PayoutLine.objects.filter(payout_run__state=PayoutRun.State.APPROVED).select_related(
        "payout_run", "payout_run__plan", "payout_run__cycle", "employee"
    )
    if not user.is_authenticated or not user.may_sign_in:
        return lines.none()
    return lines if user.has_role(*READERS) else lines.filter(employee=user)


def get_statement_for(user: User, pk: Any) -> PayoutLine:
    """Http404 alike for a missing line and one that `user` may not see."""
    number = int(pk) if str(pk).isdecimal() and len(str(pk)) < 19 else 0
    found = visible_statements(user).filter(pk=number).first()
    if found is None:
        raise Http404
    return found


@dataclass(frozen=True)
class StatementStep:
    number: int
    kind: str
    text: str
    amount: Decimal
    inputs: dict[str, str]
    factor: Decimal | None

    @property
    def label(self) -> str:
        return str(registry.KINDS[self.kind].label)


@dataclass(frozen=True)
class StatementLine:
    """One plan's line for one employee. `booked` is what this run put into the ledger for the person."""

    line: PayoutLine
    steps: list[StatementStep]
    booked: Decimal
    decision: str
    one_more_point: Decimal | None
    paid_on: datetime.date | None = None

    @property
    def is_paid(self) -> bool:
        return self.decision != PayoutDecision.Decision.WITHHOLD and self.line.status in (
            PayoutLine.Status.PAYABLE,
            PayoutLine.Status.UNDECIDED,
        )

    @property
    def status_text(self) -> str:
        if self.decision == PayoutDecision.Decision.WITHHOLD:
            return _("held back")
        return reason_text(self.line.reason_code) if not self.is_paid else ""


@dataclass(frozen=True)
class Statement:
    """What the employee was paid for one cycle; `total` is the sum of the ledger, corrections included."""

    employee: User
    cycle: Cycle
    lines: list[StatementLine]
    entries: list[LedgerEntry]
    total: Decimal
    currency: str
    year_to_date: Decimal = Decimal(0)
    history: list[dict[str, Any]] = field(default_factory=list)
    clawbacks: list[Schedule] = field(default_factory=list)
    on_hold: bool = False

    @property
    def one_more_point(self) -> Decimal | None:
        """What one point of score more would have added, over the standing lines; None where it cannot be known."""
        known = [line.one_more_point for line in self.lines if line.one_more_point is not None]
        return sum(known, Decimal(0)) if known else None


def statement_of(employee: User, cycle: Cycle) -> Statement | None:
    """Approved lines and ledger entries of one person in one cycle; None where no approved run has a line.

    Checks nobody's rights: pages come here from get_statement_for or with the reader's own account.
    Seven queries, however long the history.
    """
    lines: list[Any] = list(
        PayoutLine.objects.filter(
            employee=employee, payout_run__cycle=cycle, payout_run__state=PayoutRun.State.APPROVED
        )
        .select_related("payout_run", "payout_run__plan", "payout_run__cycle")
        .annotate(
            decided=Subquery(_of_line(PayoutDecision).values("decision")[:1]),
            paid_on=Subquery(_of_line(Payment).values("paid_on")[:1]),
            on_hold=Exists(
                PayoutHold.objects.filter(employee=OuterRef("employee"), released_at__isnull=True)
            ),
        )
        .order_by("payout_run__approved_at", "pk")
    )
    if not lines:
        return None
    run_ids = [line.payout_run_id for line in lines]
    steps = list(
        PayoutStep.objects.filter(payout_run__in=run_ids, employee_id=employee.pk).order_by(
            "payout_run", "number"
        )
    )
    entries = list(
        LedgerEntry.objects.filter(employee=employee, cycle=cycle)
        .select_related("plan", "payout_run")
        .order_by("pk")
    )
    # A later run of the same plan replaces what an earlier one said about a point more.
    latest = {line.payout_run.plan_id: line.pk for line in lines}
    answer = []
    for line in lines:
        own = [step for step in steps if step.payout_run_id == line.payout_run_id]
        answer.append(
            StatementLine(
                line=line,
                steps=[said(step, line.currency) for step in own],
                booked=sum(
                    (entry.amount for entry in entries if entry.payout_run_id == line.payout_run_id),
                    Decimal(0),
                ),
                decision=line.decided or "",
                one_more_point=point_value(line, own) if latest[line.payout_run.plan_id] == line.pk else None,
                paid_on=line.paid_on,
            )
        )
    return Statement(
        employee=employee,
        cycle=cycle,
        lines=answer,
        entries=entries,
        total=sum((entry.amount for entry in entries), Decimal(0)),
        currency=lines[0].currency,
        year_to_date=year_to_date(employee, cycle, lines[0].currency),
        history=history_of(employee),
        clawbacks=clawbacks_of(employee, cycle),
        on_hold=lines[0].on_hold,
    )


def clawbacks_of(employee: User, cycle: Cycle) -> list[Schedule]:
    """What is asked back of the cycle, month by month. All of the person's are read: they share the months."""
    found = Clawback.objects.filter(employee=employee, state=Clawback.State.APPROVED)
    schedules = schedules_of(found.prefetch_related("instalments").order_by("pk"))
    return [schedule for schedule in schedules.values() if schedule.clawback.cycle_id == cycle.pk]


def _of_line(model: Any) -> QuerySet[Any]:
    """Rows of a model that speak of the outer query's line."""
    return model.objects.filter(payout_run=OuterRef("payout_run"), employee=OuterRef("employee"))


def said(step: PayoutStep, currency: str) -> StatementStep:
    """A stored step with its sentence in the reader's language."""
    return StatementStep(
        number=step.number,
        kind=step.kind,
        text=engine.sentence(step.kind, step.inputs, step.factor, step.amount, currency),
        amount=step.amount,
        inputs=step.inputs,
        factor=step.factor,
    )


def point_value(line: PayoutLine, steps: list[PayoutStep]) -> Decimal | None:
    """What one point of score more would have added to this line, by the same rules on the same inputs."""
    if not steps or line.status != PayoutLine.Status.PAYABLE:
        return None
    more = engine.with_points([(step.kind, step.inputs) for step in steps], ONE_POINT)
    return None if more is None else more - line.amount


def steps_of(line: PayoutLine) -> list[StatementStep]:
    found = PayoutStep.objects.filter(payout_run=line.payout_run_id, employee_id=line.employee_id).order_by(
        "number"
    )
    return [said(step, line.currency) for step in found]


def year_to_date(employee: User, cycle: Cycle, currency: str) -> Decimal:
    """Everything booked in the currency for cycles that ended in this cycle's year, up to this cycle."""
    found = LedgerEntry.objects.filter(
        employee=employee,
        currency=currency,
        cycle__last_day__year=cycle.last_day.year,
        cycle__last_day__lte=cycle.last_day,
    ).aggregate(total=Sum("amount"))["total"]
    return found or Decimal(0)


def history_of(employee: User, months: int = HISTORY_MONTHS) -> list[dict[str, Any]]:
    """Cycles of the last 24 months with what each paid in the end, latest first: cycle, amount, currency.

    Months are counted back from the person's latest cycle with a statement.
    """
    cycles = list(cycles_with_statement(employee)[: months * 2])
    if cycles:
        last = cycles[0].last_day
        first = (last.year - months // 12, last.month)
        cycles = [each for each in cycles if (each.last_day.year, each.last_day.month) > first]
    booked = {
        cycle_id: (amount, currency)
        for cycle_id, currency, amount in LedgerEntry.objects.filter(employee=employee, cycle__in=cycles)
        .values("cycle_id", "currency")
        .annotate(total=Sum("amount"))
        .order_by()
        .values_list("cycle_id", "currency", "total")
    }
    return [
        {
            "cycle": cycle,
            "amount": booked.get(cycle.pk, (Decimal(0), ""))[0],
            "currency": booked.get(cycle.pk, (0, ""))[1],
        }
        for cycle in cycles
    ]


def cycles_with_statement(employee: User) -> QuerySet[Cycle]:
    return (
        Cycle.objects.filter(
            Q(payout_runs__state=PayoutRun.State.APPROVED) & Q(payout_runs__payout_lines__employee=employee)
        )
        .distinct()
        .order_by("-last_day", "-id")
    )


def reason_text(code: str) -> str:
    """Why a line is not paid as computed, in words."""
    texts = {
        "": "",
        "left": _("left the company"),
        "result_not_open": _("the result is not open yet"),
        "too_few_days": _("too few days in the role"),
        "job_not_covered": _("the plan does not cover this job"),
        "no_salary": _("no salary on the last day of the period"),
        "other_currency": _("salary in another currency"),
        "no_score": _("no overall score"),
        "no_kpi_value": _("a KPI has no value"),
        "no_amount_for_job": _("no amount for this job"),
        "no_days": _("days in the role unknown"),
        "amount_too_large": _("the amount is too large: check salary and rates"),
    }
    return texts.get(code, code)
