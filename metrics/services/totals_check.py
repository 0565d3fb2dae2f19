"""Checking the rows of daily totals, in either shape, into one: person, day, measure, n, total, total of squares."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pandas as pd

from foundation.bulk import copy_out
from foundation.intake.kinds import Checked
from foundation.refusals import Refusal
from metrics.models import Batch, Measure, Source
from metrics.services import cells, checking
from metrics.services.checking import Rows

COLUMNS = ["employee_id", "day", "team_id", "measure_id", "n", "total", "total_sq"]


def check_totals(
    frame: pd.DataFrame,
    *,
    source: Source,
    mapping: Mapping[str, Any],
    options: Mapping[str, Any] | None = None,
    replaced: Collection[int] = (),
    coded: Mapping[str, pd.Categorical] | None = None,
) -> Checked:
    """As check_records. accepted: employee_id, day, team_id, measure_id, n, total, total_sq, line; several rows for one
    line of a file that has a column a measure. total_sq is NaN where a total of several values does not tell it."""
    options = options or {}
    missing = frozenset(mapping.get("missing", ()))
    rows = Rows(frame, coded or {})
    columns = mapping["columns"]
    measures = {measure.code: measure for measure in Measure.objects.all()}

    employee = checking.read_employees(rows, mapping, missing)
    found = checking.read_moments(rows, mapping, missing)
    if found is None:
        raise Refusal("date_ambiguous", field="mapping", column=columns["date"])
    base = pd.DataFrame({"employee_id": employee}, index=frame.index)
    readable = found.days.notna() & (employee > 0)
    placed = checking.place_in_time(
        base[readable], found._replace(seconds=found.seconds * np.nan), zone=source.time_zone
    )
    checking.reject_days(rows, placed["day"], columns["date"], source=source, options=options)

    read = (
        _long(rows, columns, measures, missing)
        if "value" in columns
        else _wide(rows, mapping, measures, missing)
    )
    if not readable.all():
        read = read[read["line"].isin(placed.index)]
    read = read.join(placed[["employee_id", "day", "team_id"]], on="line")
    _reject_repeated(rows, read, columns)
    _reject_known(rows, read, columns, source=source, replaced=replaced)
    if not rows.good.all():
        read = read[rows.good.reindex(read["line"]).to_numpy(dtype=bool)]
    kept = read.reset_index(drop=True)
    rows.rejects.sort(key=lambda reject: reject.line)
    kept_lines = int((rows.good & readable.reindex(rows.good.index)).sum())
    return Checked(
        accepted=kept[[*COLUMNS, "line"]],
        rejects=rows.rejects,
        summary=_summary(kept, measures),
        accepted_rows=kept_lines,
    )


def _long(
    rows: Rows, columns: Mapping[str, str], measures: Mapping[str, Measure], missing: frozenset[str]
) -> pd.DataFrame:
    """One row per person, day and measure."""
    code = rows.text(columns["measure"], missing)
    rows.reject(code == "", columns["measure"], "cell_empty", role=columns["measure"])
    rows.reject((code != "") & ~code.isin(measures), columns["measure"], "measure_unknown", codes=code)
    value = cells.numbers(rows.text(columns["value"], missing))
    rows.reject_problems(value.problems, columns["value"])
    count = _counts(rows, columns.get("count"), missing, needed=value.values.notna())
    parts = []
    for known in sorted(set(code) & set(measures)):
        here = code == known
        parts.append(
            _moments(
                rows,
                measures[known],
                columns["value"],
                value.values[here],
                count[here] if count is not None else None,
            )
        )
    return pd.concat(parts) if parts else _nothing()


def _wide(
    rows: Rows, mapping: Mapping[str, Any], measures: Mapping[str, Measure], missing: frozenset[str]
) -> pd.DataFrame:
    """One row per person and day, one column a measure."""
    parts = []
    for code, how in mapping["measures"].items():
        value = checking.read_values(rows.text(how["column"], missing), how)
        rows.reject_problems(value.problems, how["column"])
        count = _counts(rows, how.get("count_column"), missing, needed=value.values.notna())
        total = value.values * count if how["aggregation"] == "mean" and count is not None else value.values
        parts.append(_moments(rows, measures[code], how["column"], total, count))
    return pd.concat(parts) if parts else _nothing()


def _counts(
    rows: Rows, column: str | None, missing: frozenset[str], *, needed: pd.Series
) -> pd.Series | None:
    if not column:
        return None
    found = cells.numbers(rows.text(column, missing))
    rows.reject_problems(found.problems, column)
    whole = (found.values >= 1) & (found.values == found.values.round())
    empty_or_wrong = needed & (found.problems == "") & ~whole
    # A day without surveys has neither a mean nor a count: that is no value, and no mistake.
    rows.reject(empty_or_wrong, column, "value_count")
    return found.values.where(whole)


def _moments(
    rows: Rows, measure: Measure, column: str, total: pd.Series, count: pd.Series | None
) -> pd.DataFrame:
    n = pd.Series(1.0, index=total.index) if count is None else count
    # The limits are about single values: a mean of several must lie between them, a lone total of many need not.
    if count is not None or measure.unit not in (
        Measure.Unit.COUNT,
        Measure.Unit.MONEY,
        Measure.Unit.SECONDS,
    ):
        checking.reject_values(rows, total, column, measure, counts=n)
    zero_one = measure.minimum == 0 and measure.maximum == 1 and (total == total.round()) & (n > 1)
    squares = (total**2).where(n == 1)
    if isinstance(zero_one, pd.Series):
        squares = squares.where(~zero_one, total)
    read = pd.DataFrame(
        {
            "line": total.index,
            "measure_id": measure.pk,
            "column": column,
            "n": n,
            "total": total,
            "total_sq": squares,
        }
    )
    return read[total.notna() & n.notna()].reset_index(drop=True)


def _nothing() -> pd.DataFrame:
    return pd.DataFrame(
        {name: pd.Series(dtype=float) for name in ("line", "measure_id", "column", "n", "total", "total_sq")}
    )


def _reject_repeated(rows: Rows, read: pd.DataFrame, columns: Mapping[str, str]) -> None:
    keys = [pd.factorize(read[name])[0].astype(np.int64) for name in ("employee_id", "day", "measure_id")]
    number = (keys[0] * (keys[1].max(initial=0) + 1) + keys[1]) * (keys[2].max(initial=0) + 1) + keys[2]
    ordered = np.sort(number)
    if (ordered[1:] != ordered[:-1]).all():
        return
    first = read.groupby(["employee_id", "day", "measure_id"])["line"].transform("min")
    again = read[read["line"] != first]
    if again.empty:
        return
    by_line = again.assign(first=first).drop_duplicates("line").set_index("line")["first"]
    wrong = pd.Series(rows.frame.index.isin(by_line.index), index=rows.frame.index)
    rows.reject(wrong, columns["employee"], "total_twice", line=by_line.reindex(rows.frame.index))


def _reject_known(
    rows: Rows, read: pd.DataFrame, columns: Mapping[str, str], *, source: Source, replaced: Collection[int]
) -> None:
    known = known_totals(source, read, replaced=replaced)
    if known.empty:
        return
    by_line = (
        read.merge(known, on=["employee_id", "day", "measure_id"])
        .drop_duplicates("line")
        .set_index("line")["name"]
    )
    wrong = pd.Series(rows.frame.index.isin(by_line.index), index=rows.frame.index)
    rows.reject(wrong, columns["employee"], "total_elsewhere", batch=by_line.reindex(rows.frame.index))


def known_totals(source: Source, read: pd.DataFrame, *, replaced: Collection[int]) -> pd.DataFrame:
    """employee_id, day, measure_id and the batch's name of what other batches of the source have brought for the same
    people, days and measures."""
    nothing = pd.DataFrame(columns=["employee_id", "day", "measure_id", "name"])
    if read.empty:
        return nothing
    first, last = min(read["day"].unique()), max(read["day"].unique())
    others = Batch.objects.filter(
        source=source, state=Batch.State.LIVE, first_day__lte=last, last_day__gte=first
    ).exclude(pk__in=list(replaced))
    if not others.exists():
        return nothing
    return copy_out(
        """
        SELECT seen.subject_id AS employee_id, seen.day, seen.measure_id, batch.name
        FROM metrics_observation AS seen JOIN metrics_batch AS batch ON batch.id = seen.batch_id
        WHERE seen.subject_type = 'e' AND seen.source_id = %(source)s AND seen.subject_id = ANY(%(people)s)
            AND seen.measure_id = ANY(%(measures)s) AND seen.day BETWEEN %(first)s AND %(last)s
            AND seen.batch_id <> ALL(%(replaced)s::bigint[])
        """,
        {
            "source": source.pk,
            "people": [int(pk) for pk in read["employee_id"].unique()],
            "measures": [int(pk) for pk in read["measure_id"].unique()],
            "first": first,
            "last": last,
            "replaced": list(replaced),
        },
    )


def _summary(kept: pd.DataFrame, measures: Mapping[str, Measure]) -> dict[str, Any]:
    if kept.empty:
        return {"people": 0, "measures": []}
    codes = {measure.pk: code for code, measure in measures.items()}
    days = kept["day"].unique()  # a look at every cell would compare a million objects
    sums = kept.groupby("measure_id", as_index=False)[["n", "total"]].sum()
    grouped = zip(sums["measure_id"].tolist(), sums["n"].tolist(), sums["total"].tolist(), strict=True)
    return {
        "first_day": min(days).isoformat(),
        "last_day": max(days).isoformat(),
        "people": int(kept["employee_id"].nunique()),
        "without_team": int(kept.loc[kept["team_id"] == 0, "line"].nunique()),
        "measures": [
            {
                "code": codes[pk],
                "n": int(n),
                "missing": 0,
                "mean": round(total / n, 6),
            }
            for pk, n, total in grouped
        ],
    }
