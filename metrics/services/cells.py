"""Reading the text of cells: numbers, durations, yes and no, days and times. Every distinct text is read once.

Each function takes a Series of stripped texts ("" is an empty cell) and gives the values with what is wrong:
`problems` holds a refusal's code where a text cannot be read, "" elsewhere. An empty cell is no value and no problem.
"""

from __future__ import annotations

import datetime
import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

LARGEST = 1e12

_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_PLAIN_NUMBER = r"^-?[0-9]{1,12}(\.[0-9]{1,12})?$"
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d*)?", re.ASCII)
_NOT_FINITE = frozenset({"nan", "inf", "infinity", "∞", "#num!", "#div/0!"})
_CLOCK = re.compile(
    r"(-?)(?:(\d+)\s*(?:d|days?|天),?\s*)?(\d{1,5}):([0-5]?\d)(?::([0-5]?\d(?:\.\d+)?))?", re.ASCII
)
_SPOKEN = re.compile(
    r"(-?)(?:(\d+)\s*(?:h|hours?|小时|时))?\s*(?:(\d+)\s*(?:min|m|分钟|分))?\s*(?:(\d+(?:\.\d+)?)\s*(?:seconds?|secs?|s|秒))?"
)
_DAY = re.compile(r"(\d{1,4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,4})\s*日?", re.ASCII)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII)
_TIME = re.compile(
    r"(?:(上午|下午|晚上|am|pm)\s*)?(\d{1,2})[:时点](\d{1,2})(?:[:分](\d{1,2})?(?:\.(\d{1,9}))?秒?)?\s*(am|pm)?",
    re.IGNORECASE,
)
_ZONE = re.compile(r"\s*(z|utc|[+-]\d{2}:?\d{2})$", re.IGNORECASE)


class Cells(NamedTuple):
    values: pd.Series
    problems: pd.Series


def texts(column: pd.Series, missing: frozenset[str] = frozenset()) -> pd.Series:
    """The column as stripped texts; None, NaN and the words in `missing` become "". A categorical stays one."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        stripped = [str(text).strip() for text in column.cat.categories]
        places, distinct = pd.factorize(
            np.array(["" if text in missing else text for text in [*stripped, ""]], dtype=object)
        )
        # Code -1, a missing cell, takes the last place: that of "".
        return pd.Series(
            pd.Categorical.from_codes(places[column.cat.codes], categories=pd.Index(distinct)),
            index=column.index,
        )
    found = column.astype(object).where(column.notna(), "").astype(str).str.strip()
    return found.where(~found.isin(missing), "") if missing else found


def _each(column: pd.Series, read: Callable[[str], tuple[Any, str]], *, dtype: Any, empty: Any) -> Cells:
    codes, distinct = pd.factorize(column)
    values, problems = _answers(distinct, read, dtype=dtype, empty=empty)
    if not len(distinct):
        return Cells(
            pd.Series(empty, index=column.index, dtype=dtype), pd.Series("", index=column.index, dtype=object)
        )
    return Cells(
        values.take(codes).set_axis(column.index),
        problems.take(codes).set_axis(column.index),
    )


def _answers(
    distinct: Any, read: Callable[[str], tuple[Any, str]], *, dtype: Any, empty: Any
) -> tuple[pd.Series, pd.Series]:
    answers = [(empty, "") if text == "" else read(unicodedata.normalize("NFKC", text)) for text in distinct]
    return (
        pd.Series([answer[0] for answer in answers], dtype=dtype),
        pd.Series([answer[1] for answer in answers], dtype=object),
    )


# Values ----------------------------------------------------------------------------------------------------------


def numbers(column: pd.Series) -> Cells:
    """1234.5, 1,234.5, 85% (= 0.85); digits of full width as well."""
    codes, distinct = pd.factorize(column)
    if not len(distinct):
        return _each(column, _number, dtype=float, empty=np.nan)
    texts = pa.array([str(text) for text in distinct], type=pa.string())
    # Most are written as anybody would: a column of them is read at once, to the very same values as one by one.
    plain = pc.match_substring_regex(texts, _PLAIN_NUMBER)
    values = pc.cast(pc.if_else(plain, texts, None), pa.float64()).to_numpy(zero_copy_only=False).copy()
    problems = np.full(len(values), "", dtype=object)
    odd = np.flatnonzero(~plain.to_numpy(zero_copy_only=False))
    read, wrong = _answers([texts[int(place)].as_py() for place in odd], _number, dtype=float, empty=np.nan)
    values[odd], problems[odd] = read.to_numpy(), wrong.to_numpy()
    return Cells(
        pd.Series(values[codes], index=column.index),
        pd.Series(problems[codes], index=column.index, dtype=object),
    )


def _number(text: str) -> tuple[float, str]:
    if text.casefold().lstrip("+-") in _NOT_FINITE:
        return np.nan, "value_not_finite"
    share = text.endswith("%")
    bare = text[:-1].rstrip() if share else text
    if _GROUPED.fullmatch(bare):
        bare = bare.replace(",", "")
    if not _NUMBER.fullmatch(bare):
        return np.nan, "value_not_number"
    return _bounded(float(bare) / 100 if share else float(bare))


def _bounded(value: float) -> tuple[float, str]:
    return (value, "") if abs(value) <= LARGEST else (np.nan, "value_too_large")


def durations(column: pd.Series) -> Cells:
    """Seconds from 00:02:23, 2:23 (minutes and seconds), 1 day 02:00:00, 2分23秒, 2m23s, or a number of seconds."""
    return _each(column, _duration, dtype=float, empty=np.nan)


def _duration(text: str) -> tuple[float, str]:
    if clock := _CLOCK.fullmatch(text):
        sign, day, first, second, third = clock.groups()
        if third is None:
            seconds = float(int(first) * 60 + int(second))
        else:
            seconds = int(first) * 3600 + int(second) * 60 + float(third)
        seconds += int(day or 0) * 86400
        return (np.nan, "value_negative") if sign else _bounded(float(seconds))
    spoken = _SPOKEN.fullmatch(text.casefold())
    if spoken and any(spoken.groups()[1:]):
        sign, hour, minute, second = spoken.groups()
        if sign:
            return np.nan, "value_negative"
        return _bounded(int(hour or 0) * 3600 + int(minute or 0) * 60 + float(second or 0))
    value, problem = _number(text)
    if problem == "value_not_number":
        return np.nan, "value_not_duration"
    if not problem and value < 0:
        return np.nan, "value_negative"
    return value, problem


def mapped(column: pd.Series, words: Mapping[str, float]) -> Cells:
    """What the words mean, without regard to case and width; 5 and 5.0 are the same word."""
    known = {_word(word): float(value) for word, value in words.items()}

    def read(text: str) -> tuple[float, str]:
        value = known.get(_word(text))
        return (np.nan, "value_unmapped") if value is None else (value, "")

    return _each(column, read, dtype=float, empty=np.nan)


def _word(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold().strip()
    return folded[:-2] if re.fullmatch(r"\d+\.0", folded) else folded


# Days and times --------------------------------------------------------------------------------------------------


class Moments(NamedTuple):
    """days: datetime.date or None; seconds: since midnight, NaN where no time was written; offset: minutes east of
    Greenwich, NaN where none was written."""

    days: pd.Series
    seconds: pd.Series
    offsets: pd.Series
    problems: pd.Series


def days(column: pd.Series, date_format: str = "auto") -> Moments | None:
    """Days, and the time where one stands behind them. None when day and month cannot be told apart."""
    codes, distinct = pd.factorize(column)
    plain = [unicodedata.normalize("NFKC", str(text)) for text in distinct]
    order = date_format if date_format != "auto" else _order_of(plain)
    if order is None:
        return None
    read = [_day(text, order) if text else (None, np.nan, np.nan, "") for text in plain]
    columns = list(zip(*read, strict=True)) if read else [(), (), (), ()]

    def spread(values: tuple[Any, ...], dtype: Any) -> pd.Series:
        return pd.Series(values, dtype=dtype).take(codes).set_axis(column.index)

    return Moments(
        spread(columns[0], object),
        spread(columns[1], float),
        spread(columns[2], float),
        spread(columns[3], object),
    )


def _order_of(distinct: list[str]) -> str | None:
    """dmy or mdy by the one value above 12 that gives it away; None when there is none, or both."""
    firsts, seconds = set(), set()
    for text in distinct:
        found = _DAY.match(text)
        if found and len(found[1]) <= 2 and len(found[3]) == 4:
            firsts.add(int(found[1]))
            seconds.add(int(found[2]))
    if not firsts:
        return "ymd"
    day_first, month_first = any(x > 12 for x in firsts), any(x > 12 for x in seconds)
    if day_first == month_first:
        return None
    return "dmy" if day_first else "mdy"


def _day(text: str, order: str) -> tuple[datetime.date | None, float, float, str]:
    bad = (None, np.nan, np.nan, "date_unreadable")
    found = _DAY.match(text) or _COMPACT.match(text)
    if not found:
        return bad
    first, second, third = found.groups()
    if len(first) == 4:
        year, month, day = first, second, third
    elif len(third) == 4 and order in ("dmy", "mdy"):
        year = third
        day, month = (first, second) if order == "dmy" else (second, first)
    else:
        return bad
    rest = text[found.end() :].strip()
    if rest[:1] in ("T", "t"):
        rest = rest[1:].strip()
    offset = np.nan
    if zone := _ZONE.search(rest):
        rest = rest[: zone.start()]
        offset = _offset(zone[1])
    seconds = np.nan
    if rest:
        seconds, problem = _time_of_day(rest)
        if problem:
            return bad
    try:
        return datetime.date(int(year), int(month), int(day)), seconds, offset, ""
    except ValueError:
        return bad


def _offset(text: str) -> float:
    if text.casefold() in ("z", "utc"):
        return 0.0
    digits = text[1:].replace(":", "")
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    return float(-minutes if text[0] == "-" else minutes)


def times(column: pd.Series) -> Cells:
    """Seconds since midnight from 15:21:36, 15:21, 3:21 pm, 下午3:21. A workbook's date before it is passed over."""
    return _each(column, _time_of_day, dtype=float, empty=np.nan)


def _time_of_day(text: str) -> tuple[float, str]:
    # A cell that holds only a time comes out of some programs as a time on day zero.
    text = re.sub(r"^\d{4}-\d{2}-\d{2}[T ]", "", text.strip())
    found = _TIME.fullmatch(text)
    if not found:
        return np.nan, "time_unreadable"
    before, hour, minute, second, fraction, after = found.groups()
    half = (before or after or "").casefold()
    hours = int(hour)
    if half in ("pm", "下午", "晚上") and hours < 12:
        hours += 12
    elif half in ("am", "上午") and hours == 12:
        hours = 0
    seconds = hours * 3600 + int(minute) * 60 + int(second or 0)
    if hours > 23 or int(minute) > 59 or int(second or 0) > 59:
        return np.nan, "time_unreadable"
    return float(seconds) + (float(f"0.{fraction}") if fraction else 0.0), ""
