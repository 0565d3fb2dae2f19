"""Looking at the rows of a file, whole columns at a time. What is wrong with a row is kept with its line and column."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from foundation.intake.kinds import RejectRow
from metrics.models import Measure, Source
from metrics.services import cells
from metrics.services.employee_keys import employees_of
from metrics.services.mappings import YES_NO
from metrics.services.places import today_in, with_teams, zones_of_teams

EARLIEST = datetime.date(1990, 1, 1)
SHOWN = 200


@dataclass
class Rows:
    """Rows under examination: texts by line, and what was found to be wrong. `coded` as in a Table: columns with every
    distinct text once, which are read much faster."""

    frame: pd.DataFrame
    coded: Mapping[str, pd.Categorical] = field(default_factory=dict)
    rejects: list[RejectRow] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.good = pd.Series(True, index=self.frame.index)

    def text(self, column: str, missing: frozenset[str] = frozenset()) -> pd.Series:
        if column in self.coded:
            return cells.texts(pd.Series(self.coded[column], index=self.frame.index), missing)
        return cells.texts(self.frame[column], missing)

    def reject(
        self, wrong: pd.Series, column: str, code: Any, shown: pd.Series | None = None, **params: Any
    ) -> None:
        """Every row where `wrong` is true. `code` and the params are one value for all, or a Series by line."""
        lines = wrong.index[wrong.to_numpy(dtype=bool)]
        if not len(lines):
            return
        self.good.loc[lines] = False
        if shown is None:
            shown = (
                self.frame[column] if column in self.frame.columns else pd.Series("", index=self.frame.index)
            )
        for line in lines:
            text = shown.at[line]
            self.rejects.append(
                RejectRow(
                    line=int(line),
                    column=column[:120],
                    value=_shown(text),
                    code=str(code.at[line]) if isinstance(code, pd.Series) else code,
                    params={
                        key: _plain(value.at[line] if isinstance(value, pd.Series) else value)
                        for key, value in params.items()
                    },
                )
            )

    def reject_problems(self, problems: pd.Series, column: str, **params: Any) -> None:
        # Usually nothing is wrong, which is told without comparing each of a million texts.
        if list(problems.unique()) not in ([], [""]):
            self.reject(problems != "", column, problems, **params)


def _shown(text: Any) -> str:
    return "" if text is None or text is pd.NA or text != text else str(text)[:SHOWN]


def _plain(value: Any) -> Any:
    if isinstance(value, (datetime.date, np.generic)):
        return value.isoformat() if isinstance(value, datetime.date) else value.item()
    return value


def read_employees(rows: Rows, mapping: Mapping[str, Any], missing: frozenset[str]) -> pd.Series:
    """Ids; who is not named or not known is rejected."""
    column = mapping["columns"]["employee"]
    text = rows.text(column, missing)
    rows.reject(text == "", column, "cell_empty", role=column)
    found = employees_of(text, mapping.get("employee_key", "auto"))
    ambiguous = found.problems == "employee_ambiguous"
    rows.reject_problems(found.problems.mask(ambiguous, "") if ambiguous.any() else found.problems, column)
    rows.reject(ambiguous, column, "employee_ambiguous", count=2)
    return found.values


def read_moments(rows: Rows, mapping: Mapping[str, Any], missing: frozenset[str]) -> cells.Moments | None:
    """Days and times as written; None when the whole column could be read in two ways."""
    column = mapping["columns"]["date"]
    text = rows.text(column, missing)
    rows.reject(text == "", column, "cell_empty", role=column)
    found = cells.days(text, mapping.get("date_format", "auto"))
    if found is None:
        return None
    rows.reject_problems(found.problems, column)
    time_column = mapping["columns"].get("time")
    if not time_column:
        return found
    written = rows.text(time_column, missing)
    clock = cells.times(written)
    rows.reject_problems(clock.problems, time_column)
    return found._replace(seconds=clock.values.where(written != "", found.seconds))


def place_in_time(frame: pd.DataFrame, found: cells.Moments, *, zone: str) -> pd.DataFrame:
    """Adds occurred_at (UTC, NaT without a time), day and team_id to rows with a day that can be read.

    A day is a calendar day at the person's site. What is written without an offset is in the source's time zone; so the
    day can differ from the written one where the two zones differ and a time is known.
    """
    written = found.days.reindex(frame.index)
    seconds = found.seconds.reindex(frame.index)
    if seconds.isna().all():  # a day without a time is the day that is written, wherever one sits
        placed = with_teams(pd.DataFrame({"employee_id": frame["employee_id"], "day": written}))
        nothing = pd.Series(pd.NaT, index=frame.index, dtype="datetime64[us, UTC]")
        return frame.assign(occurred_at=nothing, day=written, team_id=placed["team_id"])
    offsets = found.offsets.reindex(frame.index)
    naive = pd.to_datetime(pd.Series(written.to_numpy(), index=frame.index), errors="coerce").astype(
        "datetime64[us]"
    )
    naive = naive + pd.to_timedelta((seconds.fillna(0) * 1e6).round(), unit="us")
    # In autumn an hour comes twice: the first one is meant. In spring one is left out: the clock went on.
    local = naive.dt.tz_localize(zone, ambiguous=np.ones(len(naive), dtype=bool), nonexistent="shift_forward")
    moment = local.dt.tz_convert("UTC")
    has_offset = offsets.notna()
    if has_offset.any():
        shifted = (naive - pd.to_timedelta(offsets.fillna(0), unit="min")).dt.tz_localize("UTC")
        moment = moment.where(~has_offset, shifted)
    moment = moment.where(seconds.notna())
    placed = with_teams(pd.DataFrame({"employee_id": frame["employee_id"], "day": written}))
    zones = placed["team_id"].map(zones_of_teams()).fillna(zone)
    elsewhere = moment.notna() & ((zones != zone) | has_offset)
    day = written.copy()
    for each in zones[elsewhere].unique():
        here = elsewhere & (zones == each)
        day[here] = moment[here].dt.tz_convert(each).dt.date
    if elsewhere.any():
        placed = with_teams(pd.DataFrame({"employee_id": frame["employee_id"], "day": day}))
    return frame.assign(occurred_at=moment, day=day, team_id=placed["team_id"])


def reject_days(
    rows: Rows, days: pd.Series, column: str, *, source: Source, options: Mapping[str, Any]
) -> None:
    """Days that have not come, that cannot be meant, or outside the period that the sender declared."""
    tomorrow = today_in(source.time_zone) + datetime.timedelta(days=1)
    # A day more than today at the source: somewhere it is tomorrow already.
    codes, distinct = pd.factorize(days)

    def where(wrong: Callable[[datetime.date], bool]) -> pd.Series:
        return pd.Series(np.array([wrong(day) for day in distinct], dtype=bool)[codes], index=days.index)

    rows.reject(where(lambda day: day > tomorrow), column, "date_future")
    rows.reject(where(lambda day: day < EARLIEST), column, "date_too_early")
    first, last = options.get("period_first"), options.get("period_last")
    if first or last:
        begins = datetime.date.fromisoformat(first) if first else EARLIEST
        ends = datetime.date.fromisoformat(last) if last else tomorrow
        outside = where(lambda day: not begins <= day <= ends)
        rows.reject(outside, column, "date_outside_period", first=begins.isoformat(), last=ends.isoformat())


def read_values(text: pd.Series, how: Mapping[str, Any]) -> cells.Cells:
    kind = how.get("type", "number")
    if kind == "duration":
        return cells.durations(text)
    if kind == "boolean":
        return cells.mapped(text, how.get("map") or YES_NO)
    return cells.numbers(text)


def reject_values(
    rows: Rows, values: pd.Series, column: str, measure: Measure, *, counts: pd.Series | None = None
) -> None:
    """Outside the measure's believable limits; of totals, their mean is what the limits are about."""
    single = values if counts is None else values / counts
    name = measure.name or measure.code
    if measure.minimum is not None:
        rows.reject(single < measure.minimum, column, "value_below", limit=measure.minimum, measure=name)
    if measure.maximum is not None:
        rows.reject(single > measure.maximum, column, "value_above", limit=measure.maximum, measure=name)


def known_words(how: Mapping[str, Any]) -> str:
    return ", ".join(list(how.get("map") or YES_NO)[:12])
