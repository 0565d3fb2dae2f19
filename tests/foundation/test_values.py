"""What text cells mean, column by column."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest

from foundation.intake import values
from foundation.intake.writing import csv_lines, safe_cell, write_csv, write_xlsx

WRONG = object()


def column(*texts: str | None) -> pd.Series:
    return pd.Series(list(texts), index=range(2, 2 + len(texts)), dtype=object)


def meaning(read: Callable[..., values.Result], text: str | None, **how: Any) -> Any:
    found, errors = read(column(text), **how)
    if errors.iloc[0]:
        assert pd.isna(found.iloc[0])
        return WRONG
    return None if pd.isna(found.iloc[0]) else found.iloc[0]


NUMBERS: dict[str | None, Any] = {
    None: None,
    "0": 0.0,
    "-3": -3.0,
    "+4.5": 4.5,
    ".5": 0.5,
    "1e3": 1000.0,
    "1,234": 1234.0,
    "1,234,567.5": 1234567.5,
    "85%": 0.85,
    "12.5 %": 0.125,
    "¥1,200": 1200.0,
    "￥ 3.5": 3.5,
    "（300）": -300.0,
    "(1,000)": -1000.0,
    "１２３": 123.0,
    "−5": -5.0,
    "NaN": WRONG,
    "nan": WRONG,
    "inf": WRONG,
    "-Infinity": WRONG,
    "1e999": WRONG,
    "1e9999": WRONG,
    "1,23": WRONG,
    "1.234,56": WRONG,
    "12 apples": WRONG,
    "0x10": WRONG,
    "1_000": WRONG,
    "--1": WRONG,
    "#N/A": WRONG,
    "٣": WRONG,
    "True": WRONG,
}


@pytest.mark.parametrize("text", NUMBERS)
def test_numbers(text: str | None) -> None:
    assert meaning(values.to_number, text) == NUMBERS[text]


def test_whole_numbers_and_their_bounds() -> None:
    found, errors = values.to_integer(column("3", "3.0", "3.5", "0", "6", None, "x"), low=1, high=5)
    assert list(found) == [3, 3, pd.NA, pd.NA, pd.NA, pd.NA, pd.NA]
    assert list(errors) == [False, False, True, True, True, False, True]


DATES: dict[str | None, Any] = {
    None: None,
    "2025-10-01": "2025-10-01",
    "2025/1/5": "2025-01-05",
    "2025.1.5": "2025-01-05",
    "2025年1月5日": "2025-01-05",
    "２０２５年１月５日": "2025-01-05",
    "20250105": "2025-01-05",
    "2025-10-01 23:59:59": "2025-10-01",
    "2025-10-01T08:00": "2025-10-01",
    "45931": "2025-10-01",
    "45931.75": "2025-10-01",
    "2025-02-29": WRONG,
    "2025-13-01": WRONG,
    "0001-01-01": WRONG,
    "9999-12-31": WRONG,
    "01/02/2025": WRONG,
    "2025-10-01T08:00Z": WRONG,
    "2025-10-01 25:00": WRONG,
    "yesterday": WRONG,
    "12": WRONG,
    "NaT": WRONG,
}


@pytest.mark.parametrize("text", DATES)
def test_dates(text: str | None) -> None:
    expected = DATES[text]
    found = meaning(values.to_date, text)
    assert found == (pd.Timestamp(expected) if isinstance(expected, str) else expected)


def test_dates_by_a_format_of_their_own_and_nothing_else() -> None:
    found, errors = values.to_date(column("01.02.2025", "2025-02-01"), pattern="%d.%m.%Y")
    assert found.iloc[0] == pd.Timestamp(2025, 2, 1)
    assert list(errors) == [False, True]


def test_moments_keep_the_clock() -> None:
    assert meaning(values.to_moment, "2025-10-01 08:30:15") == pd.Timestamp(2025, 10, 1, 8, 30, 15)
    assert meaning(values.to_moment, "45931.5") == pd.Timestamp(2025, 10, 1, 12)


TIMES: dict[str | None, Any] = {
    None: None,
    "9:30": 34_200.0,
    "09:30:15": 34_215.0,
    "9:30 PM": 77_400.0,
    "12:00 am": 0.0,
    "0.5": 43_200.0,
    "2025-10-01 09:30": 34_200.0,
    "24:00": WRONG,
    "9:60": WRONG,
    "13:00 pm": WRONG,
    "noon": WRONG,
}


@pytest.mark.parametrize("text", TIMES)
def test_times_of_day(text: str | None) -> None:
    assert meaning(values.to_time, text) == TIMES[text]


DURATIONS: dict[str | None, Any] = {
    None: None,
    "75": 75.0,
    "1:15": 75.0,
    "0:01:15": 75.0,
    "30:00:05": 108_005.0,
    "125:30": 7_530.0,
    "75 s": 75.0,
    "75秒": 75.0,
    "-0:10": -10.0,
    "0:75": WRONG,
    "1:75:00": WRONG,
    "long": WRONG,
    "inf": WRONG,
}


@pytest.mark.parametrize("text", DURATIONS)
def test_durations(text: str | None) -> None:
    assert meaning(values.to_duration_seconds, text) == DURATIONS[text]


BOOLEANS: dict[str | None, Any] = {
    None: None,
    "Y": 1.0,
    "是": 1.0,
    "1": 1.0,
    "1.0": 1.0,
    "No": 0.0,
    "否": 0.0,
    "maybe": WRONG,
}


@pytest.mark.parametrize("text", BOOLEANS)
def test_yes_and_no(text: str | None) -> None:
    assert meaning(values.to_boolean, text) == BOOLEANS[text]


def test_yes_and_no_in_words_of_ones_own() -> None:
    found, errors = values.to_boolean(column("Resolved", "OPEN", "y"), yes=["resolved"], no=["open"])
    assert list(found[:2]) == [1.0, 0.0]
    assert list(errors) == [False, False, True]


def test_choices() -> None:
    found, errors = values.to_choice(column("CNY ", "rmb", "usd", None), {"cny": "CNY", "RMB": "CNY"})
    assert list(found[:2]) == ["CNY", "CNY"]
    assert list(errors) == [False, False, True, False]


@pytest.mark.parametrize(
    "read", [values.to_number, values.to_date, values.to_time, values.to_boolean, values.to_integer]
)
def test_a_column_in_which_nothing_stands(read: Callable[..., values.Result]) -> None:
    for texts in ((), (None, None)):
        found, errors = read(column(*texts))
        assert len(found) == len(errors) == len(texts)
        assert not errors.any()


def test_rejects_name_line_column_and_value() -> None:
    texts = column("1", "x", None)
    _found, errors = values.to_number(texts)
    (reject,) = values.rejects_of(texts, errors, name="calls", code="value_not_number")
    assert (reject.line, reject.column, reject.value, reject.code) == (3, "calls", "x", "value_not_number")


# On the way out ----------------------------------------------------------------------------------------

CELLS: dict[Any, Any] = {
    "=1+1": "'=1+1",
    "+cmd": "'+cmd",
    "-2+3+cmd|' /C calc'!A0": "'-2+3+cmd|' /C calc'!A0",
    "@SUM(A1)": "'@SUM(A1)",
    "\tx": "'\tx",
    "\rx": "'\rx",
    "＝1": "'＝1",
    "-12.5": "-12.5",
    "-1,200": "-1,200",
    "+8": "+8",
    "王伟": "王伟",
    "a=b": "a=b",
    "": "",
    -3: -3,
    None: None,
}


@pytest.mark.parametrize("value", CELLS)
def test_cells_that_a_spreadsheet_would_run_leave_as_text(value: Any) -> None:
    assert safe_cell(value) == CELLS[value]


def test_both_kinds_of_files_carry_inert_cells() -> None:
    rows = [["=1+1", -3, "王,伟"], ["@x", "-4.5", None]]
    text = io.StringIO(newline="")
    write_csv(text, ["=name", "n", "x"], rows)
    assert text.getvalue() == "\ufeff'=name,n,x\r\n'=1+1,-3,\"王,伟\"\r\n'@x,-4.5,\r\n"
    assert "".join(csv_lines(["a"], [["b"]], bom=False)) == "a\r\nb\r\n"

    book = io.BytesIO()
    write_xlsx(book, ["=name", "n", "x"], [*rows, ["bell\x07", 1.5, "x"]], sheet="a/b:c")
    page = openpyxl.load_workbook(io.BytesIO(book.getvalue())).active
    assert [[cell.value for cell in row] for row in page.iter_rows()] == [
        ["'=name", "n", "x"],
        ["'=1+1", -3, "王,伟"],
        ["'@x", "-4.5", None],
        ["bell", 1.5, "x"],
    ]
    assert all(cell.data_type != "f" for row in page.iter_rows() for cell in row)


def test_a_hundred_thousand_rows_are_read_by_columns_not_by_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python looks at each distinct text once, and at plain numbers not at all."""
    looked = []
    honest = values._moment
    monkeypatch.setattr(values, "_moment", lambda text: looked.append(text) or honest(text))
    monkeypatch.setattr(values, "_grouped_number", lambda text: pytest.fail("a plain number was looked at"))
    count = 100_000
    days = pd.Series([f"2025-10-{n % 31 + 1:02d}" for n in range(count)], dtype=object)
    numbers = pd.Series([str(n) for n in range(count)], dtype=object)
    dates, errors = values.to_date(days)
    assert len(looked) == 31
    assert dates.nunique() == 31
    assert not errors.any()
    found, errors = values.to_number(numbers)
    assert np.array_equal(found.to_numpy(), np.arange(count, dtype=float))
