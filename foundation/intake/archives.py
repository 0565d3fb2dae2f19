"""Whether a workbook may be opened at all. Looked at as a stream, before any parser sees it: memory stays at one chunk.

A workbook is a zip of XML. What is refused: archives that unpack to far more than they are (whatever sizes
they declare), too many or encrypted entries, names that point outside, document types (external entities,
entity bombs), and sheets whose used area is so large that a reader would allocate it.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from pathlib import Path
from typing import IO

from django.conf import settings

from foundation.refusals import Refusal

MAXIMUM_ENTRIES = 2_000
#: Beyond this many bytes, unpacking to more than so many times the file's size is no spreadsheet's doing.
SUSPICIOUS_FROM = 32 * 1024 * 1024
SUSPICIOUS_RATIO = 150
#: Cells that the used area of one sheet may span. A reader allocates the area, not what stands in it.
MAXIMUM_AREA = 60_000_000
CHUNK = 1024 * 1024
#: What may straddle two chunks: longer than any of the patterns below.
OVERLAP = 64

DOCUMENT_TYPE = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)
CELL = re.compile(rb"""\sr\s*=\s*["']([A-Z]{1,3})(\d{1,7})["']""")
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff", b"<\x00", b"\x00<")


def inspect_workbook(path: str | Path) -> None:
    """Return when the workbook is fit to be parsed. Refusals: workbook_broken, workbook_too_big, workbook_suspicious,
    workbook_dtd, workbook_too_wide."""
    size = Path(path).stat().st_size
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            _inspect_names(entries)
            unpacked = 0
            limit = min(settings.INTAKE_MAX_UNPACKED_BYTES, max(SUSPICIOUS_FROM, size * SUSPICIOUS_RATIO))
            for entry in entries:
                with archive.open(entry) as stream:
                    unpacked = _inspect_entry(stream, unpacked, limit)
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
        RuntimeError,
        OSError,
        ValueError,
        KeyError,
    ):
        raise Refusal("workbook_broken", field="file") from None


def _inspect_names(entries: list[zipfile.ZipInfo]) -> None:
    names = {entry.filename for entry in entries}
    if len(entries) > MAXIMUM_ENTRIES or len(names) != len(entries):
        raise Refusal("workbook_suspicious", field="file")
    for entry in entries:
        parts = entry.filename.replace("\\", "/").split("/")
        if ".." in parts or entry.filename.startswith(("/", "\\")) or ":" in entry.filename:
            raise Refusal("workbook_suspicious", field="file")
        if entry.flag_bits & 0x1:
            raise Refusal("file_is_xls", field="file")  # encrypted
    if "[Content_Types].xml" not in names or not any(name.startswith("xl/workbook") for name in names):
        raise Refusal("workbook_broken", field="file")
    if sum(entry.file_size for entry in entries) > settings.INTAKE_MAX_UNPACKED_BYTES:
        raise _too_big()


def _inspect_entry(stream: IO[bytes], unpacked: int, limit: int) -> int:
    """Bytes unpacked so far, this entry included."""
    tail = b""
    first_row = first_column = 2**31
    last_row = last_column = 0
    while chunk := stream.read(CHUNK):
        if not tail and chunk.startswith(UTF16_MARKS):
            raise Refusal("workbook_suspicious", field="file")  # spreadsheet programs write UTF-8
        unpacked += len(chunk)
        if unpacked > limit:
            raise (
                _too_big()
                if limit >= settings.INTAKE_MAX_UNPACKED_BYTES
                else Refusal("workbook_suspicious", field="file")
            )
        text = tail + chunk
        if DOCUMENT_TYPE.search(text):
            raise Refusal("workbook_dtd", field="file")
        cells = CELL.findall(text)
        if cells:
            columns = [_column_number(letters) for letters in {letters for letters, _row in cells}]
            rows = [int(row) for row in {row for _letters, row in cells}]
            first_column, last_column = min(first_column, *columns), max(last_column, *columns)
            first_row, last_row = min(first_row, *rows), max(last_row, *rows)
            if (last_row - first_row + 1) * (last_column - first_column + 1) > MAXIMUM_AREA:
                raise Refusal("workbook_too_wide", field="file", rows=last_row, columns=last_column)
        tail = text[-OVERLAP:]
    return unpacked


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _too_big() -> Refusal:
    return Refusal(
        "workbook_too_big", field="file", limit=settings.INTAKE_MAX_UNPACKED_BYTES // (1024 * 1024)
    )
