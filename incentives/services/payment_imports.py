"""The file that comes back from payroll: what was paid, row by row, checked against what was approved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from foundation.intake.kinds import Field
from foundation.refusals import Refusal
from incentives.models import Payment, PaymentItem, PayoutRun
from incentives.services.exports import row_checksum
from incentives.services.payments import PaidRow, record_payments
from incentives.services.returned_files import Known, ReturnedFileKind, numbers_in, read_day, read_field
from people.services.compensation_rows import read_amount

if TYPE_CHECKING:
    from people.models import User


class PaymentsKind(ReturnedFileKind):
    kind = "payments"
    label = _("Payments")
    description = _(
        "The payroll file with the day on which each row was paid. Every row's checksum is compared."
    )
    asked_by = "payout_run"
    row_type = PaidRow
    fields = (
        Field(
            "employee_number",
            _("Employee number"),
            required=True,
            names=("工号", "员工编号", "employee_number"),
        ),
        Field("payout_run", _("Payout run"), required=True, names=("奖金核算批次", "payout_run")),
        Field("amount", _("Amount"), required=True, names=("金额",)),
        Field("checksum", _("Checksum"), required=True, names=("校验码",)),
        Field("paid_on", _("Paid on"), required=True, names=("发放日期", "支付日期", "Payment date")),
    )

    def known(self, asked: set[str]) -> Known:
        return _Known(asked)

    def store(self, actor: User, rows: Sequence[PaidRow]) -> int:
        return record_payments(actor=actor, rows=rows)


class _Known:
    """What the rows are compared with, read once."""

    def __init__(self, numbers: set[str]) -> None:
        self.runs = {
            str(run.pk): run
            for run in PayoutRun.objects.filter(pk__in=numbers_in(numbers), state=PayoutRun.State.APPROVED)
        }
        items = PaymentItem.objects.filter(payout_run__in=self.runs.values()).values_list(
            "payout_run_id", "employee_id", "amount"
        )
        self.items = {(run, employee): amount for run, employee, amount in items}
        self.numbers: dict[tuple[int, str], tuple[int, str]] = {}
        for run in self.runs.values():
            for employee_id, number in run.payout_lines.values_list("employee_id", "employee_number"):
                self.numbers[run.pk, number.casefold()] = (employee_id, number)
        self.paid = {
            (run, employee): day
            for run, employee, day in Payment.objects.filter(payout_run__in=self.runs.values()).values_list(
                "payout_run_id", "employee_id", "paid_on"
            )
        }
        self.seen: dict[tuple[int, int], int] = {}

    def read(self, line: int, row: dict[str, str]) -> PaidRow:
        run = self.runs.get(row["payout_run"])
        if run is None:
            raise Refusal("payment_run", field="payout_run", number=row["payout_run"][:20])
        employee_id, number = self.numbers.get((run.pk, row["employee_number"].casefold()), (0, ""))
        asked = self.items.get((run.pk, employee_id))
        if asked is None:
            raise Refusal("payment_unasked", field="employee_number", number=row["employee_number"][:40])
        amount = read_field("amount", read_amount, row["amount"])
        if row["checksum"].casefold() != row_checksum(run, number, asked):
            raise Refusal("payment_checksum", field="checksum")
        if amount != asked:
            raise Refusal("payment_amount", field="amount", amount=str(asked))
        day = read_day("paid_on", row["paid_on"])
        first = self.seen.setdefault((run.pk, employee_id), line)
        if first != line:
            raise Refusal("payment_twice", field="employee_number", line=first)
        stored = self.paid.get((run.pk, employee_id))
        if stored is not None and stored != day:
            raise Refusal("payment_known", field="paid_on", day=stored.isoformat())
        return PaidRow(run.pk, employee_id, amount, day)
