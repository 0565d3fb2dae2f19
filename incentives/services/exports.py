"""The payroll file of an approved run: the ledger entries it booked, with the same bytes however often it is made."""

from __future__ import annotations

import csv
import hashlib
import io
import re
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import OuterRef, Subquery
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override
from openpyxl import Workbook

from foundation.refusals import Refusal
from foundation.trail.services import recording
from incentives.models import LedgerEntry, PayoutExport, PayoutRun
from incentives.services.payments import batch_to_export
from incentives.services.rights import require_approver
from people.models import User

Cell = str | Decimal
# Excel and its like run a cell that begins so; a quote before it makes it text.
RISKY = re.compile(r"^[=+\-@\t\r\n]")


@dataclass(frozen=True)
class Column:
    label: str | Promise
    read: Callable[[PayoutRun, Any, Decimal], Cell]


COLUMNS: dict[str, Column] = {
    "employee_number": Column(_("Employee number"), lambda run, line, due: line.employee_number),
    "name": Column(_("Employee name"), lambda run, line, due: line.employee_name),
    "legal_entity": Column(_("Legal entity"), lambda run, line, due: line.legal_entity),
    "cost_centre": Column(_("Cost centre"), lambda run, line, due: line.cost_centre),
    "job": Column(_("Job"), lambda run, line, due: line.job_code),
    "plan": Column(_("Incentive plan"), lambda run, line, due: run.plan.code),
    "cycle": Column(_("Cycle"), lambda run, line, due: run.cycle.code),
    "earned_from": Column(_("Earned from"), lambda run, line, due: run.cycle.first_day.isoformat()),
    "earned_until": Column(_("Earned until"), lambda run, line, due: run.cycle.last_day.isoformat()),
    "amount": Column(_("Amount"), lambda run, line, due: due),
    "entry": Column(_("Kind of entry"), lambda run, line, due: _entry(line)),
    "reversed_run": Column(_("Reverses payout run"), lambda run, line, due: _reversed_run(line)),
    "reversed_amount": Column(_("Reversed"), lambda run, line, due: _reversed(line)),
    "new_amount": Column(_("New amount"), lambda run, line, due: due + line.standing),
    "booked_on": Column(_("Booked on"), lambda run, line, due: _booked_on(run)),
    "currency": Column(_("Currency"), lambda run, line, due: run.currency),
    "payout_run": Column(_("Payout run"), lambda run, line, due: str(run.pk)),
    "checksum": Column(_("Checksum"), lambda run, line, due: row_checksum(run, line.employee_number, due)),
}
DEFAULT_COLUMNS = (
    "employee_number",
    "name",
    "legal_entity",
    "cost_centre",
    "amount",
    "currency",
    "cycle",
    "earned_from",
    "earned_until",
    "payout_run",
    "checksum",
)
# A correction's row also says which paid line it reverses and what stands instead; the two periods are earned_from to
# earned_until, when the money was earned, and booked_on, when the difference arose.
CORRECTION_COLUMNS = (
    *DEFAULT_COLUMNS[:4],
    "entry",
    "reversed_run",
    "reversed_amount",
    "new_amount",
    "amount",
    "currency",
    "cycle",
    "earned_from",
    "earned_until",
    "booked_on",
    "payout_run",
    "checksum",
)
# "codes" are the same in every language: payroll systems map by them. People read names.
HEADINGS = ("codes", "zh", "en")


def default_columns(payout_run: PayoutRun) -> tuple[str, ...]:
    return CORRECTION_COLUMNS if payout_run.kind == PayoutRun.Kind.ADJUSTING else DEFAULT_COLUMNS


def _entry(line: Any) -> str:
    """earned: the first payment of the cycle. correction: the difference to what was booked before."""
    return "correction" if line.reversed_run is not None else "earned"


def _reversed_run(line: Any) -> str:
    return "" if line.reversed_run is None else str(line.reversed_run)


def _reversed(line: Any) -> Cell:
    return Decimal(0) - line.standing if line.reversed_run is not None else Decimal("0.00")


def _booked_on(run: PayoutRun) -> str:
    return timezone.localdate(run.approved_at).isoformat() if run.approved_at else ""


@dataclass(frozen=True)
class PayrollFile:
    export: PayoutExport
    name: str
    content: bytes
    content_type: str


CONTENT_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@transaction.atomic
def export_payout(
    *,
    actor: User,
    payout_run: PayoutRun,
    file_format: str = "csv",
    columns: Sequence[str] = (),
    headings: str = "codes",
    batch: int | None = None,
) -> PayrollFile:
    """The file, and a numbered record of it with its checksum. The bytes depend on the batch, format, columns and
    headings alone.

    batch   None takes whoever is due and was in no file yet; where nobody is, the last batch again, byte for byte.
    One row per person whose entries this run booked; the amount is their sum. In a correction it is the difference,
    negative where money is to come back, and the row names the run whose line it reverses, what was reversed and what
    stands instead: reversed_amount + new_amount = amount.
    Whoever is on hold is left out, stays pending, and comes into the next batch once released.
    Refusals: not_approver (403), payout_not_approved, payout_nothing_to_export (409), payout_format, payout_columns,
    payout_columns_twice, payout_headings, payout_no_batch (422).
    """
    require_approver(actor)
    chosen = list(columns) or list(default_columns(payout_run))
    if file_format not in CONTENT_TYPES:
        raise Refusal("payout_format", field="format", status=422)
    for column in chosen:
        if column not in COLUMNS:
            raise Refusal("payout_columns", field="columns", status=422, column=str(column)[:40])
    if headings not in HEADINGS:
        raise Refusal("payout_headings", field="headings", status=422)
    if len(set(chosen)) < len(chosen):
        raise Refusal("payout_columns_twice", field="columns", status=422)
    locked = (
        PayoutRun.objects.select_for_update(of=("self",))
        .select_related("plan", "cycle")
        .get(pk=payout_run.pk)
    )
    if locked.state != PayoutRun.State.APPROVED:
        raise Refusal("payout_not_approved", status=409)
    batch = batch_to_export(locked, batch)
    rows = _rows(locked, batch, chosen, headings)
    content = csv_bytes(rows) if file_format == "csv" else _xlsx(rows)
    sha256 = hashlib.sha256(content).hexdigest()
    earlier = list(locked.exports.order_by("number"))
    with recording(actor=actor):
        export = PayoutExport.objects.create(
            payout_run=locked,
            number=len(earlier) + 1,
            format=file_format,
            columns=chosen,
            batch=batch,
            headings=headings,
            sha256=sha256,
            is_repeat=any(each.sha256 == sha256 for each in earlier),
            exported_by=actor,
        )
    part = f"-{batch}" if batch > 1 else ""
    name = f"payout-{locked.plan.code}-{locked.cycle.code}-{locked.pk}{part}.{file_format}"
    return PayrollFile(export, name, content, CONTENT_TYPES[file_format])


def row_checksum(payout_run: PayoutRun, employee_number: str, amount: Decimal) -> str:
    """Ties a row to the approved run: what comes back from payroll can be checked against what was approved."""
    text = "|".join([payout_run.content_digest, employee_number, str(amount), payout_run.currency])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def heading(column: str, headings: str) -> str:
    if headings == "codes":
        return column
    with override("zh-hans" if headings == "zh" else headings):
        return str(COLUMNS[column].label)


def _rows(payout_run: PayoutRun, batch: int, columns: Sequence[str], headings: str) -> list[list[Cell]]:
    booked = dict(payout_run.payment_items.filter(batch=batch).values_list("employee_id", "amount"))
    reversals = LedgerEntry.objects.filter(
        payout_run=payout_run, kind=LedgerEntry.Kind.REVERSAL, employee=OuterRef("employee")
    )
    lines = (
        payout_run.payout_lines.filter(employee_id__in=booked)
        .annotate(reversed_run=Subquery(reversals.values("reverses__payout_run")[:1]))
        .order_by("employee_number", "employee_id")
    )
    return [
        [heading(column, headings) for column in columns],
        *(
            [COLUMNS[column].read(payout_run, line, booked[line.employee_id]) for column in columns]
            for line in lines
        ),
    ]


def inert(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{text}" if RISKY.match(text) else text


def csv_bytes(rows: list[list[Cell]]) -> bytes:
    """UTF-8 with a byte order mark: without it Excel reads Chinese names in the local code page."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    for row in rows:
        writer.writerow([str(cell) if isinstance(cell, Decimal) else inert(cell) for cell in row])
    return "\ufeff".encode() + stream.getvalue().encode()


def _xlsx(rows: list[list[Cell]]) -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "payout"
    for row_number, row in enumerate(rows, 1):
        for column_number, cell in enumerate(row, 1):
            target = sheet.cell(row=row_number, column=column_number)
            if isinstance(cell, Decimal):
                target.value = cell
                target.number_format = "0.00"
            else:
                target.value = inert(cell)
                target.data_type = "s"
    stream = io.BytesIO()
    book.save(stream)
    return _without_clock(stream.getvalue())


def _without_clock(workbook: bytes) -> bytes:
    """The same archive without the moment of its making, so that the same content has the same bytes."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook)) as source, zipfile.ZipFile(stream, "w") as target:
        for name in sorted(source.namelist()):
            content = source.read(name)
            if name == "docProps/core.xml":
                content = re.sub(
                    rb"(<dcterms:(\w+)[^>]*>)[^<]*(</dcterms:\2>)", rb"\g<1>2000-01-01T00:00:00Z\3", content
                )
            entry = zipfile.ZipInfo(name, date_time=(2000, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, content)
    return stream.getvalue()
