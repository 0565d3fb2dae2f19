"""What a corrected result changes in one person's pay, plan by plan: who reads it, before and after."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.http import Http404

from incentives.models import PayoutLine, PayoutPool, PayoutRun
from people.models import User
from reviews.models import Cycle

READERS = ("hr", "payroll", "auditor")
State = PayoutRun.State


@dataclass(frozen=True)
class Difference:
    """One plan: what stood before the correction and what stands, or would stand, after it."""

    payout_run: PayoutRun
    line: PayoutLine
    reserve: PayoutPool | None

    @property
    def before(self) -> Decimal:
        return self.line.standing

    @property
    def after(self) -> Decimal:
        return self.line.amount

    @property
    def change(self) -> Decimal:
        return self.line.amount - self.line.standing

    @property
    def is_booked(self) -> bool:
        return self.payout_run.state == State.APPROVED


@dataclass(frozen=True)
class PayChange:
    differences: list[Difference]
    #: Adjusting runs that are being computed, or that wait for approval and whose amounts the reader does not see yet.
    coming: int
    was_paid: bool


def pay_change_for(user: User, cycle: Cycle, employee: User) -> PayChange:
    """HR, payroll and auditors: of everybody, also before approval. Everyone: the own one, once it is approved.
    Http404 for all others. Four queries."""
    sees_all = user.has_role(*READERS)
    if not sees_all and employee.pk != user.pk:
        raise Http404
    runs = [
        run
        for run in PayoutRun.objects.filter(
            cycle=cycle,
            kind=PayoutRun.Kind.ADJUSTING,
            state__in=[State.COMPUTING, State.COMPUTED, State.APPROVED],
        )
        .select_related("plan", "run")
        .order_by("plan__code", "-pk")
        if run.run is None or employee.pk in run.run.parameters.get("people", [employee.pk])
    ]
    shown = [run for run in runs if run.state == State.APPROVED or (sees_all and run.state == State.COMPUTED)]
    lines = {
        line.payout_run_id: line
        for line in PayoutLine.objects.filter(payout_run__in=shown, employee=employee)
    }
    pools = {
        (pool.payout_run_id, pool.team_id): pool for pool in PayoutPool.objects.filter(payout_run__in=shown)
    }
    return PayChange(
        differences=[
            Difference(
                run,
                lines[run.pk],
                pools.get((run.pk, lines[run.pk].team_id)) or pools.get((run.pk, None)),
            )
            for run in shown
            if run.pk in lines
        ],
        coming=len(runs) - len(shown),
        was_paid=PayoutRun.objects.filter(cycle=cycle, state=State.APPROVED).exists(),
    )
