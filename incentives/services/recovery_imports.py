"""The deduction file that comes back from payroll: what was deducted of each clawback, row by row."""

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
from incentives.models import DeductionItem
from incentives.services.imports import read_field
from incentives.services.recoveries import RecoveredRow, item_checksum, record_recoveries
from people.services.compensation_rows import read_amount
from people.services.row_values import cell, read_date

if TYPE_CHECKING:
    from foundation.intake.models import Import
    from foundation.intake.reading import Table

CENT = Decimal("0.01")


class RecoveriesKind(ImportKind):
    kind = "recoveries"
    label = _("Deductions for clawbacks")
    description = _(
        "The deduction file with what was deducted and on which day. Every row's checksum is compared."
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
        Field("clawback", _("Clawback"), required=True, names=("奖金追回", "clawback")),
        Field("month", _("Month"), required=True, names=("月份",)),
        Field("checksum", _("Checksum"), required=True, names=("校验码",)),
        Field("recovered", _("Deducted"), required=True, names=("已扣金额", "实扣金额")),
        Field("recovered_on", _("Deducted on"), required=True, names=("扣款日期",)),
    )

    def check(self, import_record: Import, table: Table) -> Checked:
        frame = self.select(table, import_record.mapping)
        rows = [
            (int(line), {name: cell(value) for name, value in zip(frame.columns, values, strict=True)})
            for line, values in zip(frame.index, frame.itertuples(index=False, name=None), strict=True)
        ]
        known = _Known({row["clawback"] for _line, row in rows})
        accepted: list[RecoveredRow] = []
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
        names = [each.name for each in dataclasses.fields(RecoveredRow)]
        total = sum((row.amount for row in accepted), Decimal(0))
        return Checked(
            pd.DataFrame(
                [[getattr(row, name) for name in names] for row in accepted], columns=names, dtype=object
            ),
            rejects,
            {"recoveries": len(accepted), "recoveries_total": f"{total:.2f}"},
        )

    def apply(self, import_record: Import, checked: Checked) -> dict[str, Any]:
        rows = [RecoveredRow(*row) for row in checked.accepted.itertuples(index=False, name=None)]
        stored = record_recoveries(actor=import_record.created_by, rows=rows)
        return {**checked.summary, "recoveries_new": stored, "unchanged": stored == 0}

    def result_url(self, import_record: Import) -> str:
        try:
            return reverse("incentives:accounts")
        except NoReverseMatch:
            return ""


class _Known:
    """What the rows are compared with, read once."""

    def __init__(self, numbers: set[str]) -> None:
        wanted = [int(number) for number in numbers if number.isdecimal() and len(number) < 19]
        self.items = {
            (str(item.clawback_id), f"{item.month:%Y-%m}"): item
            for item in DeductionItem.objects.filter(clawback__in=wanted).select_related(
                "clawback", "clawback__employee", "recovery"
            )
        }
        self.seen: dict[int, int] = {}

    def read(self, line: int, row: dict[str, str]) -> RecoveredRow:
        for name in ("employee_number", "clawback", "month", "checksum", "recovered", "recovered_on"):
            if not row.get(name):
                raise Refusal("row_missing", field=name)
        item = self.items.get((row["clawback"], _month(row["month"])))
        if item is None:
            raise Refusal("recovery_unasked", field="clawback", number=row["clawback"][:20])
        number = item.clawback.employee.employee_number or ""
        if row["employee_number"].casefold() != number.casefold():
            raise Refusal("recovery_person", field="employee_number", number=row["employee_number"][:40])
        if row["checksum"].casefold() != item_checksum(item):
            raise Refusal("recovery_checksum", field="checksum")
        amount: Decimal = read_field("recovered", read_amount, row["recovered"])
        if not 0 <= amount <= item.amount or amount != amount.quantize(CENT):
            raise Refusal("recovery_amount", field="recovered", most=str(item.amount))
        day: datetime.date = read_field("recovered_on", read_date, row["recovered_on"])
        if day > timezone.localdate():
            raise Refusal("payment_day", field="recovered_on")
        first = self.seen.setdefault(item.pk, line)
        if first != line:
            raise Refusal("payment_twice", field="clawback", line=first)
        stored = getattr(item, "recovery", None)
        if stored is not None and (stored.amount, stored.recovered_on) != (amount, day):
            raise Refusal(
                "recovery_known",
                field="recovered",
                amount=str(stored.amount),
                day=stored.recovered_on.isoformat(),
            )
        return RecoveredRow(item.pk, amount, day)


def _month(text: str) -> str:
    """2025-11, also as a spreadsheet writes it back: 2025-11-01, 2025/11."""
    parts = text.replace("/", "-").split("-")
    return f"{parts[0]}-{parts[1].zfill(2)}" if len(parts) >= 2 else text
