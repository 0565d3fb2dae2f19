"""The file that comes back from payroll: what was paid, row by row, checked against what was approved."""

from __future__ import annotations

import dataclasses
import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pandas as pd
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from foundation.intake.kinds import Checked, Field, ImportKind, RejectRow
from foundation.refusals import Refusal
from incentives.models import Payment, PaymentItem, PayoutRun
from incentives.services.exports import row_checksum
from incentives.services.payments import PaidRow, record_payments
from people.services.compensation_rows import read_amount
from people.services.row_values import cell, read_date

if TYPE_CHECKING:
    from foundation.intake.models import Import
    from foundation.intake.reading import Table


class PaymentsKind(ImportKind):
    kind = "payments"
    label = _("Payments")
    description = _(
        "The payroll file with the day on which each row was paid. Every row's checksum is compared."
    )
    icon = "cash"
    roles = ("hr", "payroll")
    scope = "payouts:approve"
    on_rejects = "refuse"
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

    def check(self, import_record: Import, table: Table) -> Checked:
        frame = self.select(table, import_record.mapping)
        rows = [
            (int(line), {name: cell(value) for name, value in zip(frame.columns, values, strict=True)})
            for line, values in zip(frame.index, frame.itertuples(index=False, name=None), strict=True)
        ]
        known = _Known({row["payout_run"] for _line, row in rows})
        accepted: list[PaidRow] = []
        rejects: list[RejectRow] = []
        for line, row in rows:
            try:
                accepted.append(known.read(line, row))
            except Refusal as refusal:
                column = refusal.field or ""
                rejects.append(
                    RejectRow(
                        line,
                        import_record.mapping.get(column, column),
                        row.get(column, "")[:200],
                        refusal.code,
                        refusal.params,
                    )
                )
        names = [each.name for each in dataclasses.fields(PaidRow)]
        total = sum((row.amount for row in accepted), Decimal(0))
        return Checked(
            pd.DataFrame(
                [[getattr(row, name) for name in names] for row in accepted], columns=names, dtype=object
            ),
            rejects,
            {"payments": len(accepted), "payments_total": f"{total:.2f}"},
        )

    def apply(self, import_record: Import, checked: Checked) -> dict[str, Any]:
        rows = [PaidRow(*row) for row in checked.accepted.itertuples(index=False, name=None)]
        stored = record_payments(actor=import_record.created_by, rows=rows)
        return {**checked.summary, "payments_new": stored, "unchanged": stored == 0}

    def result_url(self, import_record: Import) -> str:
        try:
            return reverse("incentives:accounts")
        except NoReverseMatch:
            return ""


class _Known:
    """What the rows are compared with, read once."""

    def __init__(self, numbers: set[str]) -> None:
        wanted = [int(number) for number in numbers if number.isdecimal() and len(number) < 19]
        self.runs = {
            str(run.pk): run
            for run in PayoutRun.objects.filter(pk__in=wanted, state=PayoutRun.State.APPROVED)
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
        for name in ("employee_number", "payout_run", "amount", "checksum", "paid_on"):
            if not row.get(name):
                raise Refusal("row_missing", field=name)
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
        day: datetime.date = read_field("paid_on", read_date, row["paid_on"])
        if day > timezone.localdate():
            raise Refusal("payment_day", field="paid_on")
        first = self.seen.setdefault((run.pk, employee_id), line)
        if first != line:
            raise Refusal("payment_twice", field="employee_number", line=first)
        stored = self.paid.get((run.pk, employee_id))
        if stored is not None and stored != day:
            raise Refusal("payment_known", field="paid_on", day=stored.isoformat())
        return PaidRow(run.pk, employee_id, amount, day)


def read_field(name: str, read: Any, text: str) -> Any:
    """A cell read, its refusal naming the column."""
    try:
        return read(text)
    except Refusal as refusal:
        raise Refusal(refusal.code, field=name, status=422, **refusal.params) from None
