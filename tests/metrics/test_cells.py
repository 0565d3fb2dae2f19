"""What a cell's text means."""

from __future__ import annotations

import datetime
import math

import pandas as pd
import pytest

from metrics.services import cells


def one(text: str) -> pd.Series:
    return pd.Series([text], dtype=object)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("12", 12, id="whole"),
        pytest.param("-1.5", -1.5, id="negative"),
        pytest.param("1,234.5", 1234.5, id="grouped"),
        pytest.param("８５", 85, id="full width"),
        pytest.param("85%", 0.85, id="per cent"),
        pytest.param("1e3", 1000, id="scientific"),
        pytest.param(".5", 0.5, id="no zero before the point"),
    ],
)
def test_numbers(text: str, value: float) -> None:
    found = cells.numbers(one(text))
    assert (found.values.iloc[0], found.problems.iloc[0]) == (value, "")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("nan", "value_not_finite", id="nan"),
        pytest.param("-inf", "value_not_finite", id="minus infinity"),
        pytest.param("#DIV/0!", "value_not_finite", id="a workbook's own error"),
        pytest.param("1,23", "value_not_number", id="a comma for a point"),
        pytest.param("0x1F", "value_not_number", id="hexadecimal"),
        pytest.param("1_000", "value_not_number", id="underscores"),
        pytest.param("१२", "value_not_number", id="digits of another script"),
        pytest.param("12 s", "value_not_number", id="with a unit"),
        pytest.param("1e13", "value_too_large", id="too large"),
    ],
)
def test_no_numbers(text: str, problem: str) -> None:
    found = cells.numbers(one(text))
    assert found.problems.iloc[0] == problem
    assert math.isnan(found.values.iloc[0])


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        pytest.param("00:02:23", 143, id="hours, minutes, seconds"),
        pytest.param("2:23", 143, id="minutes and seconds"),
        pytest.param("27:00:00", 97200, id="more than a day"),
        pytest.param("1 day 02:00:00", 93600, id="days"),
        pytest.param("2分23秒", 143, id="Chinese"),
        pytest.param("1小时2分", 3720, id="Chinese hours"),
        pytest.param("2m23s", 143, id="letters"),
        pytest.param("143", 143, id="a number of seconds"),
        pytest.param("00:00:01.5", 1.5, id="a fraction"),
    ],
)
def test_durations(text: str, seconds: float) -> None:
    found = cells.durations(one(text))
    assert (found.values.iloc[0], found.problems.iloc[0]) == (seconds, "")


@pytest.mark.parametrize("text", ["-00:00:05", "-5", "-5s"])
def test_no_negative_durations(text: str) -> None:
    assert cells.durations(one(text)).problems.iloc[0] == "value_negative"


@pytest.mark.parametrize("text", ["00:75", "soon", "1:2:3:4", "NaN"])
def test_no_durations(text: str) -> None:
    assert cells.durations(one(text)).problems.iloc[0] in ("value_not_duration", "value_not_finite")


@pytest.mark.parametrize(
    ("text", "day", "seconds", "offset"),
    [
        pytest.param("2025-10-08", "2025-10-08", None, None, id="ISO"),
        pytest.param("2025/1/5", "2025-01-05", None, None, id="slashes"),
        pytest.param("2025.10.08", "2025-10-08", None, None, id="points"),
        pytest.param("20251008", "2025-10-08", None, None, id="compact"),
        pytest.param("2025年10月8日", "2025-10-08", None, None, id="Chinese"),
        pytest.param("2025-10-08 09:05:07", "2025-10-08", 32707, None, id="with a time"),
        pytest.param("2025-10-08T09:05:07Z", "2025-10-08", 32707, 0, id="in UTC"),
        pytest.param("2025-10-08T09:05:07+08:00", "2025-10-08", 32707, 480, id="with an offset"),
        pytest.param("2025-10-08 9:05:07.250-0330", "2025-10-08", 32707.25, -210, id="an odd offset"),
        pytest.param("2025年10月8日 下午3:20", "2025-10-08", 55200, None, id="Chinese afternoon"),
    ],
)
def test_days(text: str, day: str, seconds: float | None, offset: float | None) -> None:
    found = cells.days(one(text))
    assert found is not None
    assert found.problems.iloc[0] == ""
    assert found.days.iloc[0] == datetime.date.fromisoformat(day)
    for value, expected in ((found.seconds.iloc[0], seconds), (found.offsets.iloc[0], offset)):
        assert math.isnan(value) if expected is None else value == expected


@pytest.mark.parametrize("text", ["2025-13-01", "2025-02-30", "soon", "2025-10-08 noon", "8.10.25", "45000"])
def test_no_days(text: str) -> None:
    found = cells.days(one(text))
    assert found is not None
    assert (found.days.iloc[0], found.problems.iloc[0]) == (None, "date_unreadable")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        pytest.param("15:21:36", 55296, id="with seconds"),
        pytest.param("9:05", 32700, id="without"),
        pytest.param("3:21 pm", 55260, id="pm"),
        pytest.param("12:00 am", 0, id="midnight"),
        pytest.param("上午12:30", 1800, id="Chinese morning"),
        pytest.param("1899-12-31 15:21:36", 55296, id="a workbook's day zero before it"),
    ],
)
def test_times(text: str, seconds: float) -> None:
    found = cells.times(one(text))
    assert (found.values.iloc[0], found.problems.iloc[0]) == (seconds, "")


def test_words_without_regard_to_case_and_width() -> None:
    column = pd.Series(["Y", "ｙ", "n", "", "perhaps", "5.0"], dtype=object)
    found = cells.mapped(column, {"y": 1, "N": 0, "5": 5})
    assert found.values.fillna(-1).tolist() == [1, 1, 0, -1, -1, 5]
    assert found.problems.tolist() == ["", "", "", "", "value_unmapped", ""]
