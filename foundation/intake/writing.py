"""Tables on their way out. A cell that a spreadsheet would run as a formula leaves as inert text."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
NEGATIVE_NUMBER = re.compile(r"[-+]?\d[\d,]*(\.\d+)?%?")
#: What XML cannot carry; openpyxl would refuse the whole file.
NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
BOM = "\ufeff"


def safe_cell(value: Any) -> Any:
    """Text that begins like a formula gets an apostrophe in front; numbers, also negative ones written as
    text, stay."""
    if not isinstance(value, str) or not value:
        return value
    if value.startswith(DANGEROUS) and not NEGATIVE_NUMBER.fullmatch(value):
        return "'" + value
    return value


def csv_lines(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, bom: bool = True) -> Iterator[str]:
    """Lines of a CSV file, for a streamed response. With the mark in front, Excel reads Chinese text rightly."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    if bom:
        buffer.write(BOM)
    for row in _all_rows(columns, rows):
        writer.writerow(["" if value is None else safe_cell(value) for value in row])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def write_csv(
    file: IO[str], columns: Sequence[str], rows: Iterable[Sequence[Any]], *, bom: bool = True
) -> None:
    """Open `file` with newline=""."""
    for line in csv_lines(columns, rows, bom=bom):
        file.write(line)


def write_xlsx(
    file: IO[bytes], columns: Sequence[str], rows: Iterable[Sequence[Any]], *, sheet: str = "Laurel"
) -> None:
    """One sheet with a frozen bold header. Text is always written as text, never as a formula."""
    book = Workbook(write_only=True)
    page = book.create_sheet(re.sub(r"[\[\]:*?/\\]", " ", sheet)[:31] or "Laurel")
    page.freeze_panes = "A2"
    for number, row in enumerate(_all_rows(columns, rows)):
        cells = []
        for value in row:
            text = safe_cell(value)
            cell = WriteOnlyCell(page, value=NOT_XML.sub("", text) if isinstance(text, str) else text)
            if isinstance(text, str):
                cell.data_type = "s"
            if number == 0:
                cell.font = Font(bold=True)
            cells.append(cell)
        page.append(cells)
    book.save(file)


def _all_rows(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[Sequence[Any]]:
    yield columns
    yield from rows
