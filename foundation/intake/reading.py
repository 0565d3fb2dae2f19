"""A file as a table of text: CSV in any of the encodings that offices use, and XLSX.

Cells are what stands there, as text: dates as 2024-10-31, moments as 2024-10-31 09:30:00, times as 09:30:00,
whole numbers without ".0", empty cells as None. What they mean is decided by `values`, with the file's kind.
"""

from __future__ import annotations

import codecs
import csv
import datetime
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from django.conf import settings
from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from foundation.intake import plain
from foundation.intake.archives import inspect_workbook
from foundation.intake.kinds import RejectRow
from foundation.refusals import Refusal

MAXIMUM_COLUMNS = 500
MAXIMUM_CELL = 32_767  # Excel's own limit
MAXIMUM_LINES_A_RECORD = 500
DELIMITERS = (",", ";", "\t", "|")
TEXT_SUFFIXES = {".csv", ".txt", ".tsv"}
WORKBOOK_SUFFIXES = {".xlsx", ".xlsm"}
ZIP, OLE, PDF = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"%PDF"
#: Spaces that people do not see, and the mark that some exports put before the first name.
INVISIBLE = " \t\r\n\u00a0\u3000\u200b\ufeff"
NUMBER_OR_DATE = re.compile(
    r"[+-]?[\d.,]+%?|\d{4}[-/年]\d{1,2}([-/月]\d{1,2}日?)?([ T]\d{1,2}:\d{2}(:\d{2})?)?|\d{1,2}:\d{2}(:\d{2})?"
)
# What no form takes either: control characters, and bidirectional ones, which hide what a value really says.
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")

#: Stands behind the last line; a record that swallows it has a quotation mark without its partner.
END = "\x03end"

Row = tuple[int, list[str | None]]


@dataclass
class Table:
    """`frame`: object columns of str or None, index = line of the row in the file (the header is usually line 1).
    `rejects`: rows that are no rows of this table. `lines`: how many rows there are, rejected ones included.
    `coded`: the same columns with every distinct text once, where the file was plain enough to be read so."""

    columns: list[str]
    frame: pd.DataFrame
    first_line: int = 2
    rejects: list[RejectRow] = field(default_factory=list)
    coded: dict[str, pd.Categorical] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        return len(self.frame) + len({reject.line for reject in self.rejects})

    def sample(self, count: int = 20) -> list[list[str | None]]:
        return [list(row) for row in self.frame.head(count).itertuples(index=False, name=None)]


def read_table(
    path: str | Path, name: str, *, sheet: str | None = None, encoding: str | None = None
) -> Table:
    """Read the file at `path`, which its sender calls `name`. Refusals name what is wrong, and where (see
    refusals.FILES).

    The kind of file follows from its content, and the name must agree with it. Leading empty rows are passed over; the
    first row with something in it is the header. Cost: about 1 s per 100,000 rows of ten columns; a plain file (see
    `plain`) a twentieth of that.
    """
    path = Path(path)
    if path.stat().st_size == 0:
        raise Refusal("file_empty", field="file")
    suffix = Path(name.casefold()).suffix
    with path.open("rb") as stream:
        head = stream.read(2_048)
    if head.startswith(OLE):
        raise Refusal("file_is_xls", field="file")
    if suffix not in TEXT_SUFFIXES | WORKBOOK_SUFFIXES:
        raise Refusal("file_type", field="file", name=name[-60:])
    if head.startswith(ZIP) != (suffix in WORKBOOK_SUFFIXES):
        if _is_markup(head):
            raise Refusal("file_is_html", field="file")
        raise Refusal("file_mismatch", field="file", suffix=suffix)
    if suffix in WORKBOOK_SUFFIXES:
        return _table(_workbook_rows(path, sheet))
    if head.startswith(PDF):
        raise Refusal("file_mismatch", field="file", suffix=suffix)
    if _is_markup(head):
        raise Refusal("file_is_html", field="file")
    content = path.read_bytes()
    found = _plain_table(content) if encoding in (None, "", "utf-8", "utf-8-sig") else None
    return found or _table(_text_rows(decode(content, encoding)))


def _is_markup(head: bytes) -> bool:
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return start.startswith((b"<!doctype", b"<html", b"<?xml", b"<table", b"<head", b"<meta"))


# Text --------------------------------------------------------------------------------------------------


def decode(content: bytes, encoding: str | None = None) -> str:
    """Text of a file whose encoding nobody has told: by its mark, else UTF-8, UTF-16 or GB18030.

    Refusals `file_nul`, `file_is_binary`, `file_encoding`, each with the line.
    """
    if encoding:
        try:
            codecs.lookup(encoding)
            return _without_nul(content.decode(encoding))
        except LookupError:
            raise Refusal("file_encoding", field="file", line=1) from None
        except UnicodeDecodeError as error:
            raise Refusal(
                "file_encoding", field="file", line=content.count(b"\n", 0, error.start) + 1
            ) from None
    if content.startswith(codecs.BOM_UTF8):
        return decode(content[3:], "utf-8")
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return decode(content, "utf-16")
    if guessed := _utf16_without_mark(content):
        return decode(content, guessed)
    if b"\x00" in content:
        raise _refuse_nul(content)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        try:
            return content.decode("gb18030")
        except UnicodeDecodeError as second:
            line = content.count(b"\n", 0, max(error.start, second.start)) + 1
            raise Refusal("file_encoding", field="file", line=line) from None


def _utf16_without_mark(content: bytes) -> str | None:
    """Latin text in UTF-16 has a NUL at every second place; Excel's "Unicode text" at least has a mark."""
    sample = content[:4_000]
    if len(sample) < 4 or len(content) % 2:
        return None
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    half = len(sample) // 2
    if odd > half * 0.7 and even == 0:
        return "utf-16-le"
    return "utf-16-be" if even > half * 0.7 and odd == 0 else None


def _refuse_nul(content: bytes) -> Refusal:
    place = content.index(b"\x00")
    line = content.count(b"\n", 0, place) + 1
    control = sum(byte < 9 for byte in content[:4_000])
    return Refusal("file_is_binary" if control > 40 else "file_nul", field="file", line=line)


def _without_nul(text: str) -> str:
    if "\x00" in text:
        raise Refusal("file_nul", field="file", line=text.count("\n", 0, text.index("\x00")) + 1)
    return text


def _text_rows(text: str) -> Iterator[Row]:
    """Records with the line in which each begins; quoted cells may hold line breaks."""
    # newline="" breaks lines at \n, \r and \r\n only; str.splitlines would also break at U+2028 and others
    # inside cells.
    lines = chain(io.StringIO(text, newline=""), [END])
    reader = csv.reader(lines, delimiter=_delimiter(text))
    before = 0
    try:
        for record in reader:
            if record == [END]:
                return
            if reader.line_num - before > MAXIMUM_LINES_A_RECORD or (record and record[-1].endswith(END)):
                raise Refusal("file_unclosed_quote", field="file", line=before + 1)
            yield before + 1, [_cell(value) for value in record]
            before = reader.line_num
    except csv.Error:
        if reader.line_num - before > 1:
            raise Refusal("file_unclosed_quote", field="file", line=before + 1) from None
        raise Refusal("file_long_value", field="file", line=before + 1, limit=MAXIMUM_CELL) from None


def _delimiter(text: str) -> str:
    """The one that splits the first rows into most cells, equally many in each."""
    first = [line for line in islice(io.StringIO(text, newline=""), 20) if line.strip(INVISIBLE)][:10]
    best, most = ",", 0.0
    for delimiter in DELIMITERS:
        counts = [len(record) - 1 for record in csv.reader(first, delimiter=delimiter)]
        if not counts or counts[0] == 0:
            continue
        worth = counts[0] * (sum(count == counts[0] for count in counts) / len(counts))
        if worth > most:
            best, most = delimiter, worth
    return best


def _cell(value: str) -> str | None:
    return value.strip(INVISIBLE) or None


# Workbooks ---------------------------------------------------------------------------------------------


def sheet_names(path: str | Path) -> list[str]:
    """Names of the sheets, in order. Refusals as inspect_workbook."""
    inspect_workbook(path)
    try:
        return list(CalamineWorkbook.from_path(path).sheet_names)
    except (CalamineError, OSError, ValueError):
        raise Refusal("workbook_broken", field="file") from None


def _workbook_rows(path: Path, sheet: str | None) -> Iterator[Row]:
    inspect_workbook(path)
    try:
        workbook = CalamineWorkbook.from_path(path)
        names = workbook.sheet_names
        if sheet is not None and sheet not in names:
            raise Refusal("file_no_sheet", field="options", sheet=sheet[:60])
        if not names:
            raise Refusal("workbook_broken", field="file")
        found = workbook.get_sheet_by_name(sheet) if sheet is not None else _first_visible(workbook)
        if found.height > settings.INTAKE_MAX_ROWS + 1:
            raise Refusal("file_too_many_rows", field="file", limit=settings.INTAKE_MAX_ROWS)
        start = found.start
        rows = found.to_python(skip_empty_area=True)
    except (CalamineError, OSError, ValueError):
        raise Refusal("workbook_broken", field="file") from None
    first = start[0] + 1 if start else 1
    for number, row in enumerate(rows):
        yield first + number, [_typed(value) for value in row]


def _first_visible(workbook: CalamineWorkbook) -> Any:
    for place, description in enumerate(workbook.sheets_metadata):
        if description.visible == SheetVisibleEnum.Visible and description.typ == SheetTypeEnum.WorkSheet:
            return workbook.get_sheet_by_index(place)
    return workbook.get_sheet_by_index(0)


def _typed(value: Any) -> str | None:
    """A typed cell as the text that a person sees, in one fixed form."""
    if isinstance(value, str):
        return value.strip(INVISIBLE) or None
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime.datetime):
        if value.microsecond:
            value = (value + datetime.timedelta(microseconds=500_000)).replace(microsecond=0)
        return value.date().isoformat() if value.time() == datetime.time.min else value.isoformat(" ")
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, datetime.time):
        return value.replace(microsecond=0).isoformat()
    if isinstance(value, datetime.timedelta):
        seconds = round(value.total_seconds())
        return f"{seconds // 3600:02d}:{seconds % 3600 // 60:02d}:{seconds % 60:02d}"
    return None if value is None else str(value)


# Header and rows ---------------------------------------------------------------------------------------


def _plain_table(content: bytes) -> Table | None:
    """What `_table` would make of a plain file; None where only the careful reader can tell."""
    content = content.removeprefix(plain.BOM)
    try:
        # Not whole characters at the cut, so not final; anything else that is not UTF-8 is not plain.
        start = codecs.getincrementaldecoder("utf-8")().decode(content[: 1 << 16])
    except UnicodeDecodeError:
        return None
    delimiter = _delimiter(start)
    if not plain.is_plain(content, delimiter):
        return None
    end = content.find(b"\n")
    header = [_cell(value) for value in next(csv.reader([start.split("\n", 1)[0]], delimiter=delimiter))]
    if end < 0 or None in header or len(header) > MAXIMUM_COLUMNS:
        return None
    columns = _names(header)
    found = plain.plain_columns(
        content[end + 1 :], delimiter=delimiter, width=len(columns), strip=INVISIBLE, longest=MAXIMUM_CELL
    )
    if found is None or not len(found[0]):
        return None
    if len(found[0]) > settings.INTAKE_MAX_ROWS:
        raise Refusal("file_too_many_rows", field="file", limit=settings.INTAKE_MAX_ROWS)
    # A range, as long as no line is empty: whatever is looked up by line is then a subtraction.
    lines: pd.Index = pd.RangeIndex(2, len(found[0]) + 2, name="line")
    empty = np.logical_and.reduce([column.codes < 0 for column in found])
    if empty.all():
        return None
    if empty.any():
        lines, found = lines[~empty], [column[~empty] for column in found]
    coded = dict(zip(columns, found, strict=True))
    frame = pd.DataFrame(
        # Code -1, a missing cell, takes the last one: None.
        {
            name: np.array([*column.categories, None], dtype=object)[column.codes]
            for name, column in coded.items()
        },
        index=lines,
        columns=columns,
        dtype=object,
    )
    return Table(columns, frame, int(lines[0]), coded=coded)


def _table(rows: Iterator[Row]) -> Table:
    header = next((row for _line, row in rows if any(row)), [])
    if not header:
        raise Refusal("file_empty", field="file")
    while header and header[-1] is None:
        header.pop()
    if len(header) > MAXIMUM_COLUMNS:
        raise Refusal("file_too_many_columns", field="file", limit=MAXIMUM_COLUMNS)
    columns = _names(header)
    width = len(columns)
    lines: list[int] = []
    records: list[list[str | None]] = []
    rejects: list[RejectRow] = []
    for line, row in rows:
        if len(lines) + len(rejects) >= settings.INTAKE_MAX_ROWS:
            raise Refusal("file_too_many_rows", field="file", limit=settings.INTAKE_MAX_ROWS)
        if not any(row):
            continue
        found = len(row)
        if found != width:
            if found < width or any(row[width:]):
                rejects.append(
                    RejectRow(
                        line,
                        "",
                        FORBIDDEN.sub("�", _shown(row)),
                        "ragged_row",
                        {"found": found, "expected": width},
                    )
                )
                continue
            row = row[:width]
        if FORBIDDEN.search("".join(value for value in row if value)):
            place = next(place for place, value in enumerate(row) if value and FORBIDDEN.search(value))
            rejects.append(
                RejectRow(line, columns[place], FORBIDDEN.sub("�", str(row[place]))[:200], "value_forbidden")
            )
            continue
        lines.append(line)
        records.append(row)
    if not records:
        # Rows that all differ from the first in width: that was a title, not a header.
        raise Refusal("file_no_header" if rejects else "file_no_rows", field="file")
    _refuse_long(lines, records)
    by_column = zip(*records, strict=True)
    frame = pd.DataFrame(
        {
            column: pd.Series(values, index=lines, dtype=object)
            for column, values in zip(columns, by_column, strict=True)
        },
        index=pd.Index(lines, name="line", dtype="int64"),
        columns=columns,
    )
    return Table(columns, frame, lines[0], rejects)


def _names(header: list[str | None]) -> list[str]:
    """Names of the columns; one without a name is called by its place, #3."""
    filled = [name for name in header if name is not None]
    if sum(bool(NUMBER_OR_DATE.fullmatch(name)) for name in filled) * 2 > len(filled):
        raise Refusal("file_no_header", field="file")
    names = [
        " ".join(name.split())[:120] if name is not None else f"#{place}"
        for place, name in enumerate(header, 1)
    ]
    for name in names:
        if FORBIDDEN.search(name):
            raise Refusal("file_no_header", field="file")
    twice = next((name for name, count in Counter(names).items() if count > 1), None)
    if twice is not None:
        raise Refusal("file_duplicate_column", field="file", column=twice)
    return names


def _refuse_long(lines: list[int], records: Iterable[list[str | None]]) -> None:
    for line, row in zip(lines, records, strict=True):
        for value in row:
            if value is not None and len(value) > MAXIMUM_CELL:
                raise Refusal("file_long_value", field="file", line=line, limit=MAXIMUM_CELL)


def _shown(row: list[str | None]) -> str:
    return ", ".join(value or "" for value in row)[:200]


def table_of_rows(rows: list[dict[str, Any]]) -> Table:
    """Rows sent as JSON, in the same shape as a file; line 1 is the first row. Refusals: rows_shape, file_no_rows."""
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Refusal("rows_shape", field="rows")
    if not rows:
        raise Refusal("file_no_rows", field="rows")
    columns = list(dict.fromkeys(chain.from_iterable(rows)))
    frame = pd.DataFrame(
        {column: [_json_cell(row.get(column)) for row in rows] for column in columns},
        index=pd.RangeIndex(1, len(rows) + 1, name="line"),
        dtype=object,
    )
    return Table(columns, frame, 1)


def _json_cell(value: Any) -> str | None:
    if isinstance(value, (dict, list)):
        raise Refusal("rows_shape", field="rows")
    if isinstance(value, str):
        return _cell(value)
    return _typed(
        float(value)
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1e15
        else value
    )
