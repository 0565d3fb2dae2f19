"""Files of every sort and every sort of nonsense."""

from __future__ import annotations

import datetime
import io
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from foundation.intake.archives import inspect_workbook
from foundation.intake.reading import Table, read_table, sheet_names
from foundation.refusals import Refusal
from tests.foundation.files import ROWS, bare_workbook, workbook_of

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def keep(content: str | bytes, name: str = "file.csv", encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    return keep


def read(path: Path, **options: Any) -> Table:
    return read_table(path, path.name, **options)


def rows_of(table: Table) -> list[list[str | None]]:
    return [list(row) for row in table.frame.itertuples(index=False, name=None)]


def refusal_of(path: Path, **options: Any) -> Refusal:
    with pytest.raises(Refusal) as refused:
        read(path, **options)
    assert str(refused.value)  # the sentence can be made from the parameters
    return refused.value


ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "gb18030", "gbk"]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_text_of_every_office_is_read(write: Write, encoding: str) -> None:
    latin = "agent,calls\nLi Na,3\nZhang,4\n"
    # UTF-16 without its mark is recognised by Latin text only.
    text = latin if encoding == "utf-16-le" else "员工,通话量\n王伟,3\n李娜,4\n"
    table = read(write(text, encoding=encoding))
    assert table.columns == text.split("\n")[0].split(",")
    assert rows_of(table) == [line.split(",") for line in text.split("\n")[1:3]]
    assert list(table.frame.index) == [2, 3]


def test_characters_that_only_gb18030_has(write: Write) -> None:
    assert rows_of(read(write("姓名,数\n㐀𠮷,1\n", encoding="gb18030"))) == [["㐀𠮷", "1"]]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(write: Write, delimiter: str) -> None:
    text = (
        delimiter.join(["a", "b", "c"])
        + "\n"
        + delimiter.join(["1,5", '"x;y"', "z"]).replace("1,5", '"1,5"' if delimiter == "," else "1,5")
    )
    assert rows_of(read(write(text))) == [["1,5", "x;y", "z"]]


def test_one_column_and_line_breaks_of_every_system(write: Write) -> None:
    for end in ("\n", "\r\n", "\r"):
        assert rows_of(read(write(end.join(["a", "1", "2"])))) == [["1"], ["2"]]


def test_cells_are_stripped_and_empty_ones_missing(write: Write) -> None:
    table = read(write("a,b\n  x ,\u3000\n,\u00a0y\n"))
    assert rows_of(table) == [["x", None], [None, "y"]]


def test_lines_are_those_of_the_file_also_after_breaks_in_cells_and_empty_lines(write: Write) -> None:
    table = read(write('\n\na,b\n"two\nlines",1\n\n,\nx,2\n'))
    assert list(table.frame.index) == [4, 8]
    assert rows_of(table)[0] == ["two\nlines", "1"]


def test_ragged_rows_are_rejected_with_their_line(write: Write) -> None:
    table = read(write("a,b\n1,2\n3\n4,5,6\n7,8,,\n"))
    assert rows_of(table) == [["1", "2"], ["7", "8"]]
    assert [(reject.line, reject.code, reject.params) for reject in table.rejects] == [
        (3, "ragged_row", {"found": 1, "expected": 2}),
        (4, "ragged_row", {"found": 3, "expected": 2}),
    ]
    assert table.rows == 4


def test_control_and_bidirectional_characters_reject_the_row(write: Write) -> None:
    table = read(write("a,b\nok,1\nre\u202everse,2\nbell\x07,3\n"))
    assert [(reject.line, reject.column, reject.code) for reject in table.rejects] == [
        (3, "a", "value_forbidden"),
        (4, "a", "value_forbidden"),
    ]


def test_columns_without_a_name_are_called_by_their_place(write: Write) -> None:
    assert read(write("a,,c,\n1,2,3,\n")).columns == ["a", "#2", "c"]


BAD_FILES: dict[str, tuple[str | bytes, str, str, dict[str, Any]]] = {
    "empty": (b"", "a.csv", "file_empty", {}),
    "only blank lines": ("\n\n , \n", "a.csv", "file_empty", {}),
    "only a header": ("a,b\n", "a.csv", "file_no_rows", {}),
    "no header": ("3,2025-10-01,4\n5,2025-10-02,6\n", "a.csv", "file_no_header", {}),
    "a title in place of a header": ("Report\na,b\n1,2\n", "a.csv", "file_no_header", {}),
    "the same column twice": ("a,b, a\n1,2,3\n", "a.csv", "file_duplicate_column", {"column": "a"}),
    "NUL in the third line": (b"a,b\n1,2\n3,\x004\n", "a.csv", "file_nul", {"line": 3}),
    "NUL in UTF-16": ("a,b\n1,\x00\n".encode("utf-16"), "a.csv", "file_nul", {"line": 2}),
    "a binary file": (bytes(range(256)) * 40, "a.csv", "file_is_binary", {"line": 1}),
    "characters of no encoding": (b"a,b\n1,2\n\xff\xff,3\n", "a.csv", "file_encoding", {"line": 3}),
    "an old workbook": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, "a.xls", "file_is_xls", {}),
    "an old workbook called xlsx": (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600,
        "a.xlsx",
        "file_is_xls",
        {},
    ),
    "a web page called xls": ("<html><table></table></html>", "a.xls", "file_type", {"name": "a.xls"}),
    "a web page called csv": ("\n <!DOCTYPE html><table>", "a.csv", "file_is_html", {}),
    "a web page called xlsx": ("<html><table>", "a.xlsx", "file_is_html", {}),
    "text called xlsx": ("a,b\n1,2\n", "a.xlsx", "file_mismatch", {"suffix": ".xlsx"}),
    "a PDF called csv": (b"%PDF-1.7 ...", "a.csv", "file_mismatch", {"suffix": ".csv"}),
    "a picture": (b"\x89PNG\r\n", "a.png", "file_type", {"name": "a.png"}),
    "a quotation mark that never closes": (
        'a,b\n1,2\n"3,4\n5,6\n',
        "a.csv",
        "file_unclosed_quote",
        {"line": 3},
    ),
    "a very long cell": (
        "a,b\n1," + "x" * 40_000 + "\n",
        "a.csv",
        "file_long_value",
        {"line": 2, "limit": 32_767},
    ),
    "half a workbook": (workbook_of([["a"], [1]])[:900], "a.xlsx", "workbook_broken", {}),
    "a zip of something else": (b"PK\x03\x04" + b"\x00" * 100, "a.xlsx", "workbook_broken", {}),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_a_bad_file_is_refused_with_its_reason(write: Write, case: str) -> None:
    content, name, code, params = BAD_FILES[case]
    refusal = refusal_of(write(content, name))
    assert (refusal.code, refusal.params) == (code, params)
    assert refusal.field == "file"


def test_a_quotation_mark_that_swallows_thousands_of_lines(write: Write) -> None:
    refusal = refusal_of(write('a,b\n"1,2\n' + "3,4\n" * 5_000))
    assert (refusal.code, refusal.params) == ("file_unclosed_quote", {"line": 2})


def test_too_many_rows_and_columns(write: Write, settings: Any) -> None:
    settings.INTAKE_MAX_ROWS = 3
    assert refusal_of(write("a\n" + "x\n" * 4)).code == "file_too_many_rows"
    assert read(write("a\n" + "x\n" * 3)).rows == 3
    assert refusal_of(write(",".join(f"c{n}" for n in range(501)) + "\n")).code == "file_too_many_columns"
    assert refusal_of(write(workbook_of([["a"], *[["x"]] * 4]), "b.xlsx")).code == "file_too_many_rows"


class TestWorkbooks:
    def test_typed_cells_become_text_in_one_form(self, write: Write) -> None:
        moment = datetime.datetime(2025, 10, 31, 9, 30, 15)
        header = ["text", "whole", "number", "day", "moment", "time", "span", "yes", "nothing"]
        row = [
            " 王伟 ",
            3.0,
            4.25,
            datetime.date(2025, 10, 31),
            moment,
            datetime.time(9, 30),
            datetime.timedelta(hours=30, seconds=5),
            True,
            None,
        ]
        table = read(write(workbook_of([header, row]), "a.xlsx"))
        assert rows_of(table) == [
            ["王伟", "3", "4.25", "2025-10-31", "2025-10-31 09:30:15", "09:30:00", "30:00:05", "TRUE", None]
        ]

    def test_lines_are_those_of_the_sheet(self, write: Write) -> None:
        table = read(write(workbook_of([[], [], ["a", "b"], [1, 2], [], [3, 4]]), "a.xlsx"))
        assert list(table.frame.index) == [4, 6]

    def test_the_first_visible_sheet_or_the_one_asked_for(self, write: Write) -> None:
        path = write(workbook_of([["a"], [1]], hidden_first=True), "a.xlsx")
        assert sheet_names(path) == ["Notes", "Data"]
        assert read(path).columns == ["a"]
        assert refusal_of(path, sheet="Nothing").code == "file_no_sheet"

    def test_a_formula_is_read_as_its_last_value(self, write: Write) -> None:
        book = openpyxl.Workbook()
        book.active.append(["a", "b"])
        book.active.append(["x", "=1+1"])
        buffer = io.BytesIO()
        book.save(buffer)
        assert rows_of(read(write(buffer.getvalue(), "a.xlsx"))) == [
            ["x", None]
        ]  # never computed by a program

    def test_the_smallest_workbook_is_read(self, tmp_path: Path) -> None:
        assert rows_of(read(bare_workbook(tmp_path / "a.xlsx"))) == [["Li", "3"]]


ATTACKS: dict[str, tuple[dict[str, Any], str]] = {
    "an external entity": (
        {"prolog": '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'},
        "workbook_dtd",
    ),
    "an entity bomb": (
        {"prolog": '<!doctype x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'},
        "workbook_dtd",
    ),
    "a document type in another part": (
        {"more": {"docProps/app.xml": b"<?xml version='1.0'?><!DOCTYPE a>"}},
        "workbook_dtd",
    ),
    "a part in UTF-16": (
        {"more": {"docProps/app.xml": "<?xml?><!DOCTYPE a>".encode("utf-16")}},
        "workbook_suspicious",
    ),
    "a path that climbs": ({"more": {"../../etc/cron.d/x": b"x"}}, "workbook_suspicious"),
    "an absolute path": ({"more": {"/etc/x": b"x"}}, "workbook_suspicious"),
    "a backslash path": ({"more": {"xl\\..\\..\\x": b"x"}}, "workbook_suspicious"),
    "thousands of parts": ({"more": {f"xl/media/{n}": b"" for n in range(2_100)}}, "workbook_suspicious"),
    "one cell at the far end": (
        {"rows": ROWS + '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'},
        "workbook_too_wide",
    ),
    "no workbook inside": ({"more": {"xl/workbook.xml": b""}}, "workbook_broken"),
}


@pytest.mark.parametrize("case", ATTACKS)
def test_an_attack_is_refused_before_parsing(tmp_path: Path, case: str) -> None:
    how, code = ATTACKS[case]
    assert refusal_of(bare_workbook(tmp_path / "a.xlsx", **how)).code == code


def test_a_bomb_is_refused_without_being_unpacked_into_memory(tmp_path: Path) -> None:
    """256 MiB of zeros in about 256 KB. What is held in memory stays far below what it would unpack to."""
    path = bare_workbook(tmp_path / "a.xlsx")
    with (
        zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/media/zeros.bin", "w", force_zip64=True) as part,
    ):
        for _number in range(256):
            part.write(b"\x00" * (1024 * 1024))
    tracemalloc.start()
    assert refusal_of(path).code in ("workbook_suspicious", "workbook_too_big")
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 30_000_000


def test_a_bomb_that_lies_about_its_size_is_refused_all_the_same(tmp_path: Path) -> None:
    """The sizes in the directory are the sender's words; what counts is what comes out."""
    path = bare_workbook(tmp_path / "a.xlsx", more={"xl/media/zeros.bin": b"\x00" * (64 * 1024 * 1024)})
    content = path.read_bytes()
    true_size = (64 * 1024 * 1024).to_bytes(4, "little")
    assert content.count(true_size) >= 2
    path.write_bytes(content.replace(true_size, (10).to_bytes(4, "little")))
    assert refusal_of(path).code in ("workbook_suspicious", "workbook_broken", "workbook_too_big")


def test_an_encrypted_part_is_refused(tmp_path: Path) -> None:
    path = bare_workbook(tmp_path / "a.xlsx")
    content = bytearray(path.read_bytes())
    place = content.index(b"PK\x01\x02")
    content[place + 8] |= 1
    path.write_bytes(bytes(content))
    assert refusal_of(path).code == "file_is_xls"


def test_an_ordinary_large_workbook_passes(tmp_path: Path) -> None:
    """Repetitive sheets shrink twentyfold and more; that alone is no attack."""
    path = tmp_path / "a.xlsx"
    path.write_bytes(workbook_of([["a", "b", "c"], *[["same", 1, "2025-10-01"]] * 20_000]))
    inspect_workbook(path)
    assert read(path).rows == 20_000
