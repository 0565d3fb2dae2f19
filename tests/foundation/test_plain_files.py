"""The fast way of reading a file gives what the careful one gives, or leaves the file to it."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foundation.intake import reading
from foundation.refusals import Refusal

PLAIN = {
    "bare": b"No,Name\nE1,\xe7\x8e\x8b\nE2,Li\n",
    "windows line ends": b"No,Name\r\nE1,A\r\nE2,B\r\n",
    "no line end behind the last": b"No,Name\nE1,A\nE2,B",
    "every cell in marks": b'"No","Name"\n"E1","A"\n"E2",""\n',
    "some cells in marks": b'No,Name\nE1,"A, B"\nE2,C\n',
    "semicolons": b"No;Name\nE1;A,5\nE2;B\n",
    "with its mark": b"\xef\xbb\xbfNo,Name\nE1,A\n",
    "blanks around cells": "No,Name\n E1\u3000,\u00a0A \nE1,A\n".encode(),
    "an empty record of empty cells": b"No,Name\nE1,A\n,\nE2,B\n",
    "an empty line": b"No,Name\nE1,A\n\nE2,B\n",
    "a comma alone in marks": b'No,Name\n",",","\n',
    "an apostrophe": b"No,Name\nE1,O'Neil\n",
}
CAREFUL = {
    "a doubled mark": b'No,Name\nE1,"A ""x"" B"\n',
    "a mark inside": b'No,Name\nE1,5" screen\n',
    "a cell of two lines": b'No,Name\nE1,"A\nB"\n',
    "a short record": b"No,Name\nE1\nE2,B\n",
    "a long record": b"No,Name\nE1,A,x\nE2,B\n",
    "an empty first line": b"\nNo,Name\nE1,A\n",
    "a column without a name": b"No,,Name\nE1,x,A\n",
    "Chinese in GB18030": "No,姓名\nE1,王伟\n".encode("gb18030"),
    "only the names of the columns in GB18030": "工号,是否接听,是否解决\nE1,1,0\n".encode("gb18030"),
    "UTF-16": "No,Name\nE1,A\n".encode("utf-16"),
    "a control character": b"No,Name\nE1,A\x07\nE2,B\n",
    "turned writing": "No,Name\nE1,A\u202eB\nE2,B\n".encode(),
    "old line ends": b"No,Name\rE1,A\rE2,B\r",
}


def careful(content: bytes) -> reading.Table:
    return reading._table(reading._text_rows(reading.decode(content)))


def same(one: reading.Table, other: reading.Table) -> None:
    assert one.columns == other.columns
    assert one.first_line == other.first_line
    assert one.rejects == other.rejects
    pd.testing.assert_frame_equal(one.frame, other.frame, check_index_type=False)


@pytest.mark.parametrize("content", [pytest.param(content, id=name) for name, content in PLAIN.items()])
def test_a_plain_file_is_read_fast_and_alike(content: bytes) -> None:
    found = reading._plain_table(content)
    assert found is not None
    same(found, careful(content))
    for name, column in found.coded.items():
        assert [None if text != text else text for text in column] == found.frame[name].tolist()


@pytest.mark.parametrize("content", [pytest.param(content, id=name) for name, content in CAREFUL.items()])
def test_anything_else_is_left_to_the_careful_reader(content: bytes, tmp_path: Path) -> None:
    assert reading._plain_table(content) is None
    path = tmp_path / "file.csv"
    path.write_bytes(content)
    same(reading.read_table(path, "file.csv"), careful(content))


@settings(max_examples=400, deadline=None)
@given(text=st.text(alphabet='aB,"\n', max_size=14))
def test_what_no_writer_would_write_is_read_alike_or_refused(text: str) -> None:
    """Marks that balance by chance, as in two records `,B"` and `,"B`, do not pass for plain."""
    content = f"No,Name\n{text}".encode()
    found = reading._plain_table(content)
    if found is not None:
        same(found, careful(content))


def test_a_plain_file_may_be_too_long_as_well(settings: Any) -> None:
    settings.INTAKE_MAX_ROWS = 2
    with pytest.raises(Refusal) as caught:
        reading._plain_table(b"No\nE1\nE2\nE3\n")
    assert caught.value.code == "file_too_many_rows"


CELLS = st.text(alphabet="aB1 ,;\"'\t\u3000王\n\r", max_size=6)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    rows=st.lists(st.lists(CELLS, min_size=2, max_size=2), min_size=1, max_size=5),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_whatever_a_writer_writes_is_read_alike(rows: list[list[str]], quoting: int, end: str) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=quoting, lineterminator=end).writerows([["No", "Name"], *rows])  # type: ignore[arg-type]
    content = text.getvalue().encode()
    try:
        expected = careful(content)
    except Refusal:
        expected = None
    found = reading._plain_table(content)
    if found is not None:
        assert expected is not None
        same(found, expected)
