"""The deduction file that comes back from payroll: what was deducted of each clawback, row by row."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from foundation.intake.kinds import Field
from foundation.refusals import Refusal
from incentives.models import DeductionItem
from incentives.services.recoveries import RecoveredRow, item_checksum, record_recoveries
from incentives.services.returned_files import Known, ReturnedFileKind, numbers_in, read_day, read_field
from people.services.compensation_rows import read_amount

if TYPE_CHECKING:
    from people.models import User

CENT = Decimal("0.01")


class RecoveriesKind(ReturnedFileKind):
    kind = "recoveries"
    label = _("Deductions for clawbacks")
    description = _(
        "The deduction file with what was deducted and on which day. Every row's checksum is compared."
    )
    asked_by = "clawback"
    row_type = RecoveredRow
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

    def known(self, asked: set[str]) -> Known:
        return _Known(asked)

    def store(self, actor: User, rows: Sequence[RecoveredRow]) -> int:
        return record_recoveries(actor=actor, rows=rows)


class _Known:
    """What the rows are compared with, read once."""

    def __init__(self, numbers: set[str]) -> None:
        self.items = {
            (str(item.clawback_id), f"{item.month:%Y-%m}"): item
            for item in DeductionItem.objects.filter(clawback__in=numbers_in(numbers)).select_related(
                "clawback", "clawback__employee", "recovery"
            )
        }
        self.seen: dict[int, int] = {}

    def read(self, line: int, row: dict[str, str]) -> RecoveredRow:
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
        day = read_day("recovered_on", row["recovered_on"])
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
