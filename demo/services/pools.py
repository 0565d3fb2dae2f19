"""The demonstration's pool: one month's team pot, paid; and a sum that comes back month by month."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from django.utils import timezone

from foundation.runs import services as runs
from foundation.trail.services import recording
from incentives.models import Clawback, DeductionItem, IncentivePlan, PayoutLine, PayoutRun
from incentives.services import payments, payout_runs
from incentives.services.exports import export_payout
from incentives.services.recoveries import RecoveredRow, export_deductions, record_recoveries
from people.models import User
from reviews.models import Cycle

PLAN = "team_pot"
ASKED_BACK = Decimal("300.00")


def fill_and_split(*, hr: User, payroll: User, first_day: date) -> None:
    """The pot of the first cycle, approved and paid; then the sign-in `agent` owes a part of the bonus back."""
    cycle = Cycle.objects.get(code=f"{first_day:%Y-%m}")
    plan = IncentivePlan.objects.get(code=PLAN)
    pot = PayoutRun.objects.filter(plan=plan, cycle=cycle, state__in=["computed", "approved"]).first()
    if pot is None:
        pot = payout_runs.create_payout_run(actor=hr, plan=plan, cycle=cycle)
        runs.drain_outbox()
        pot.refresh_from_db()
    if pot.state == PayoutRun.State.COMPUTED:
        open_lines = pot.payout_lines.filter(
            status__in=[PayoutLine.Status.UNDECIDED, PayoutLine.Status.MISSING_INPUT]
        )
        for line in open_lines:
            payout_runs.decide_line(
                actor=hr,
                payout_run=pot,
                employee=line.employee_id,
                decision="withhold",
                reason="已离职或缺少薪资，不参与班组奖金池",
            )
        pot.refresh_from_db()
        with recording(actor=payroll):
            payout_runs.approve_payout(actor=payroll, payout_run=pot, seen_digest=pot.content_digest)
        runs.drain_outbox()
    for run in PayoutRun.objects.filter(cycle=cycle, state=PayoutRun.State.APPROVED):
        _pay(payroll, run)
    _ask_back(hr, payroll, cycle)


def _pay(payroll: User, run: PayoutRun) -> None:
    """The payroll file, and payroll's answer that all of it was paid on the fifteenth."""
    if run.payments.exists():
        return
    export_payout(actor=payroll, payout_run=run)
    paid_on = min((run.cycle.last_day + timedelta(days=15)).replace(day=15), timezone.localdate())
    rows = [
        payments.PaidRow(run.pk, item.employee_id, item.amount, paid_on) for item in run.payment_items.all()
    ]
    payments.record_payments(actor=payroll, rows=rows)


def _ask_back(hr: User, payroll: User, cycle: Cycle) -> None:
    agent = User.objects.get(login="agent")
    if Clawback.objects.filter(employee=agent).exists():
        return
    paid = [
        payment.payout_run
        for run in PayoutRun.objects.filter(cycle=cycle, state=PayoutRun.State.APPROVED).exclude(
            plan__code=PLAN
        )
        for payment in run.payments.filter(employee=agent, amount__gte=ASKED_BACK)
    ]
    if not paid:
        return
    made = payments.propose_clawback(
        actor=hr,
        employee=agent,
        payout_run=paid[0],
        amount=ASKED_BACK,
        reason="两笔订单在退货期内取消，对应的奖金按方案追回",
        monthly_share=Decimal("0.02"),
        first_month=timezone.localdate(),
    )
    payments.approve_clawback(actor=payroll, clawback=made)
    export_deductions(actor=payroll, month=timezone.localdate())
    item = DeductionItem.objects.get(clawback=made)
    row = RecoveredRow(item.pk, item.amount, timezone.localdate())
    record_recoveries(actor=payroll, rows=[row])
