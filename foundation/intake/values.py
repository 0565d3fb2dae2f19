"""What a text cell means: numbers, dates, times, durations, yes and no. Whole columns at a time.

Every function takes a Series of str or None (any index) and returns `(values, errors)` with the same index:
what could be read, and where something stood that could not. An empty cell is missing, which is no error: NaN,
NaT or None.
"""

from __future__ import annotations

import datetime
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from foundation.intake.kinds import RejectRow

# [0-9], not \d: float() would read the digits of every script, and then nobody has checked what stands there.
PLAIN_NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?"
GROUPED_NUMBER = re.compile(
    r"([+-]?)(?:[¥￥$€£]\s*)?((?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d*)?|\.\d+)\s*(%?)", re.ASCII
)
ACCOUNTING_NEGATIVE = re.compile(r"\((.+)\)")
# Clocks of sources have no zone; it is the source's.
EARLIEST, LATEST = datetime.datetime(1900, 1, 1), datetime.datetime(2200, 1, 1)  # noqa: DTZ001
EXCEL_DAY_ZERO = datetime.datetime(1899, 12, 30)  # noqa: DTZ001
#: Day numbers that Excel gives to 1950-2199: a five-digit number in a column of dates is one of these.
EXCEL_DAYS = (18_264, 109_573)
DATE = re.compile(
    r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?"
    r"(?:[T\s]+(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?)?\s*(Z|[+-]\d{2}:?\d{2})?",
    re.ASCII,
)
COMPACT_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII)
TIME = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?\s*([AaPp][Mm])?", re.ASCII)
DURATION = re.compile(r"(-?)(?:(\d{1,6}):)?(\d{1,6}):(\d{2})(?:\.\d+)?", re.ASCII)
YES = ("1", "y", "yes", "true", "t", "是", "对", "有", "√", "✓")
NO = ("0", "n", "no", "false", "f", "否", "不是", "无", "没有", "×", "✗")

Result = tuple[pd.Series, pd.Series]


def to_number(column: pd.Series) -> Result:
    """float64. "1,234.5", "85%" (0.85), "¥1,200", "(300)" (-300), full-width digits; NaN, infinity and text
    are errors."""
    texts = column.astype(object)
    given = texts.notna()
    plain = texts.str.fullmatch(PLAIN_NUMBER).eq(True) if given.any() else given & False
    values = pd.Series(np.nan, index=column.index, dtype="float64")
    if plain.any():
        values[plain] = texts[plain].astype("float64")
    rest = given & ~plain
    if rest.any():
        values[rest] = _by_unique(texts[rest], _grouped_number).astype("float64")
    values[~np.isfinite(values)] = np.nan
    return values, given & values.isna()


def _grouped_number(text: str) -> float | None:
    text = unicodedata.normalize("NFKC", text).strip()
    text = text.replace("−", "-")
    negative = ACCOUNTING_NEGATIVE.fullmatch(text)
    if negative:
        text = "-" + negative[1].strip()
    found = GROUPED_NUMBER.fullmatch(text)
    if found is None:
        return float(text) if re.fullmatch(PLAIN_NUMBER, text) and text.isascii() else None
    number = float(found[1] + found[2].replace(",", ""))
    return number / 100 if found[3] else number


def to_integer(column: pd.Series, *, low: int | None = None, high: int | None = None) -> Result:
    """Int64 (with NA). "3.0" is 3, "3.5" an error, and so is what lies outside low..high."""
    numbers, errors = to_number(column)
    wrong = numbers.notna() & ((numbers != np.floor(numbers)) | (numbers.abs() > 2**53))
    if low is not None:
        wrong |= numbers < low
    if high is not None:
        wrong |= numbers > high
    numbers[wrong] = np.nan
    return numbers.astype("Int64"), errors | wrong


def to_moment(column: pd.Series, *, pattern: str | None = None) -> Result:
    """datetime64[ns] without zone, as it stands on the clock of the source. Reads 2024-10-31 09:30:00, 2024/1/5,
    2024年1月5日, 20241031, Excel's day numbers; where `pattern` (strptime) is given, that and nothing else.
    A moment with an offset (Z, +08:00) is an error here: use the source's own clock."""
    texts = column.astype(object)
    if pattern:
        values = pd.to_datetime(texts, format=pattern, errors="coerce")
        if getattr(values.dtype, "tz", None) is not None:
            values = values.dt.tz_localize(None)
        values = values.astype("datetime64[ns]")
    else:
        values = _by_unique(texts, _moment).astype("datetime64[ns]")
    values = values.where((values >= EARLIEST) & (values < LATEST))
    return values, texts.notna() & values.isna()


def to_date(column: pd.Series, *, pattern: str | None = None) -> Result:
    """datetime64[ns] at midnight; a time of day that stands with the date is dropped. Reads what to_moment reads."""
    values, errors = to_moment(column, pattern=pattern)
    return values.dt.normalize(), errors


def _moment(text: str) -> datetime.datetime | None:
    text = unicodedata.normalize("NFKC", text).strip()
    found = DATE.fullmatch(text)
    try:
        if found is not None:
            if found[7]:
                return None
            return _moment_of(found.groups()[:6])
        if compact := COMPACT_DATE.fullmatch(text):
            return _moment_of(compact.groups())
        if re.fullmatch(r"[0-9]{5,6}(\.[0-9]+)?", text) and EXCEL_DAYS[0] <= float(text) < EXCEL_DAYS[1]:
            moment = EXCEL_DAY_ZERO + datetime.timedelta(days=float(text))
            return (moment + datetime.timedelta(microseconds=500_000)).replace(microsecond=0)
    except ValueError:
        pass
    return None


def _moment_of(parts: Iterable[str | None]) -> datetime.datetime | None:
    """Nanoseconds end in 2262; what lies outside of these years is a slip of the finger anyway."""
    moment = datetime.datetime(*(int(part or 0) for part in parts))  # type: ignore[arg-type]  # noqa: DTZ001
    return moment if EARLIEST <= moment < LATEST else None


def to_time(column: pd.Series) -> Result:
    """Seconds since midnight as float64: 9:30, 09:30:15, 9:30 PM, and Excel's fractions of a day (0.39583). A date that
    stands before the time is dropped."""
    values = _by_unique(column.astype(object), _time_of_day).astype("float64")
    return values, column.notna() & values.isna()


def _time_of_day(text: str) -> float | None:
    text = unicodedata.normalize("NFKC", text).strip()
    if " " in text and (moment := _moment(text)):
        return float(moment.hour * 3600 + moment.minute * 60 + moment.second)
    if found := TIME.fullmatch(text):
        hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
        if found[4]:
            if not 1 <= hour <= 12:
                return None
            hour = hour % 12 + (12 if found[4].casefold() == "pm" else 0)
        return (
            float(hour * 3600 + minute * 60 + second) if hour < 24 and minute < 60 and second < 60 else None
        )
    if re.fullmatch(r"0?\.[0-9]+|0", text):
        return float(round(float(text) * 86_400) % 86_400)
    return None


def to_duration_seconds(column: pd.Series) -> Result:
    """Seconds as float64: a number is seconds already; 1:15 is a minute and 15 seconds, 0:01:15 too. Also "75
    s", "75秒"."""
    numbers, wrong = to_number(column)
    if wrong.any():
        numbers[wrong] = _by_unique(column[wrong], _duration).astype("float64")
    return numbers, column.notna() & numbers.isna()


def _duration(text: str) -> float | None:
    text = unicodedata.normalize("NFKC", text).strip()
    if found := DURATION.fullmatch(text):
        hours, minutes, seconds = int(found[2] or 0), int(found[3]), int(found[4])
        if seconds >= 60 or (found[2] and minutes >= 60):
            return None
        total = float(hours * 3600 + minutes * 60 + seconds)
        return -total if found[1] else total
    if found := re.fullmatch(r"([\d.,]+)\s*(s|sec|secs|seconds|秒)", text, re.IGNORECASE):
        return _grouped_number(found[1])
    return None


def to_boolean(column: pd.Series, *, yes: Iterable[str] = YES, no: Iterable[str] = NO) -> Result:
    """float64 1.0 and 0.0, by the words given (case does not matter). 1.0 and 0.0 count as 1 and 0."""
    words = {_folded(word): 1.0 for word in yes} | {_folded(word): 0.0 for word in no}
    words |= {f"{word}.0": value for word, value in words.items() if word in ("0", "1")}
    values = _by_unique(column.astype(object), lambda text: words.get(_folded(text))).astype("float64")
    return values, column.notna() & values.isna()


def to_choice(column: pd.Series, choices: Mapping[str, str]) -> Result:
    """Object column of what `choices` gives for a spelling (case and surrounding spaces do not matter)."""
    folded = {_folded(spelling): value for spelling, value in choices.items()}
    values = _by_unique(column.astype(object), lambda text: folded.get(_folded(text)))
    return values, column.notna() & values.isna()


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", str(text)).strip().casefold()


def _by_unique(column: pd.Series, read: Callable[[str], Any]) -> pd.Series:
    """`read` once per distinct text: days, times and words repeat a lot in a long file."""
    known = {text: read(text) for text in column.dropna().unique()}
    return column.map(known) if known else pd.Series(None, index=column.index, dtype=object)


def rejects_of(
    column: pd.Series, errors: pd.Series, *, name: str, code: str, **params: Any
) -> list[RejectRow]:
    """One reject per True in `errors`: line from the index, value from `column`, `name` of the column in the file."""
    return [
        RejectRow(int(str(line)), name, str(value)[:200] if value is not None else "", code, dict(params))
        for line, value in column[errors].items()
    ]
