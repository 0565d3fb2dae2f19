"""Checking the rows of records: one call, ticket, inspection or survey answer a row."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pandas as pd

from foundation.bulk import copy_out
from foundation.intake.kinds import Checked
from foundation.refusals import Refusal
from metrics.models import Batch, Measure, Source
from metrics.services import checking
from metrics.services.checking import Rows

MAX_ID, MAX_QUEUE = 120, 80


def check_records(
    frame: pd.DataFrame,
    *,
    source: Source,
    mapping: Mapping[str, Any],
    batch_name: str,
    options: Mapping[str, Any] | None = None,
    replaced: Collection[int] = (),
) -> Checked:
    """Rows of `frame` (texts, index = line) that can be stored, and why the others cannot.

    mapping    in the form of check_mapping, its columns being columns of the frame
    replaced   ids of the batches whose records these rows replace: their ids are free
    returns    accepted: external_id, employee_id, day, occurred_at, queue, team_id and one float column a measure code
               (NaN = missing), index = line; summary: period, people, per measure how many values and their mean
    Errors     Refusal date_ambiguous where all days can be read in two ways; mapping_column_missing
    """
    options = options or {}
    missing = frozenset(mapping.get("missing", ()))
    rows = Rows(frame)
    columns = mapping["columns"]
    measures = {measure.code: measure for measure in Measure.objects.filter(code__in=mapping["measures"])}

    employee = checking.read_employees(rows, mapping, missing)
    found = checking.read_moments(rows, mapping, missing)
    if found is None:
        raise Refusal("date_ambiguous", field="mapping", column=columns["date"])
    ids = _read_ids(rows, columns.get("record_id"), batch_name, missing)
    accepted = pd.DataFrame({"external_id": ids, "employee_id": employee}, index=frame.index)
    accepted["queue"] = rows.text(columns["queue"], missing) if columns.get("queue") else ""
    if columns.get("queue"):
        rows.reject(
            accepted["queue"].str.len() > MAX_QUEUE, columns["queue"], "queue_too_long", limit=MAX_QUEUE
        )
    for code, how in mapping["measures"].items():
        accepted[code] = _read_measure(rows, how, measures[code], missing)

    # Days are looked at only where they could be read, and with them where the person sat.
    readable = found.days.notna() & (employee > 0)
    placed = checking.place_in_time(accepted[readable], found, zone=source.time_zone)
    checking.reject_days(rows, placed["day"], columns["date"], source=source, options=options)
    _reject_known_ids(
        rows, placed["external_id"], columns.get("record_id", ""), source=source, replaced=replaced
    )

    kept = placed[rows.good.reindex(placed.index)]
    rows.rejects.sort(key=lambda reject: reject.line)
    return Checked(accepted=kept, rejects=rows.rejects, summary=_summary(kept, measures))


def _read_ids(rows: Rows, column: str | None, batch_name: str, missing: frozenset[str]) -> pd.Series:
    if not column:
        # Without an id of its own a row is known by its place in the file.
        return pd.Series(
            [f"{batch_name}#{line}"[-MAX_ID:] for line in rows.frame.index],
            index=rows.frame.index,
            dtype=object,
        )
    ids = rows.text(column, missing)
    rows.reject(ids == "", column, "cell_empty", role=column)
    rows.reject(ids.str.len() > MAX_ID, column, "record_id_too_long", limit=MAX_ID)
    lines = pd.Series(ids.index, index=ids.index)
    first = lines.groupby(ids).transform("first")
    rows.reject((ids != "") & (first != lines), column, "record_id_twice", line=first)
    return ids


def _read_measure(rows: Rows, how: Mapping[str, Any], measure: Measure, missing: frozenset[str]) -> pd.Series:
    if how["type"] == "constant":
        return pd.Series(float(how["value"]), index=rows.frame.index)
    column = how["column"]
    found = checking.read_values(rows.text(column, missing), how)
    params = {"known": checking.known_words(how)} if how["type"] == "boolean" else {}
    rows.reject_problems(found.problems, column, **params)
    checking.reject_values(rows, found.values, column, measure)
    return found.values


def _reject_known_ids(
    rows: Rows, ids: pd.Series, column: str, *, source: Source, replaced: Collection[int]
) -> None:
    names = ids.map(known_records(source, ids, replaced=replaced))
    rows.reject(names.notna(), column, "record_elsewhere", shown=ids, batch=names)


def known_records(source: Source, ids: pd.Series, *, replaced: Collection[int]) -> dict[str, str]:
    """{record id: name of the batch} of those ids that another batch of the source has brought."""
    if ids.empty:
        return {}
    found = copy_out(
        """
        SELECT record.external_id, batch.name
        FROM metrics_record AS record JOIN metrics_batch AS batch ON batch.id = record.batch_id
        WHERE record.source_id = %(source)s AND record.external_id = ANY(%(ids)s)
            AND record.batch_id <> ALL(%(replaced)s::bigint[])
        """,
        {"source": source.pk, "ids": ids.tolist(), "replaced": list(replaced)},
    )
    return dict(zip(found["external_id"], found["name"], strict=True))


def _summary(kept: pd.DataFrame, measures: Mapping[str, Measure]) -> dict[str, Any]:
    if kept.empty:
        return {"people": 0, "measures": []}
    return {
        "first_day": kept["day"].min().isoformat(),
        "last_day": kept["day"].max().isoformat(),
        "people": int(kept["employee_id"].nunique()),
        "without_team": int((kept["team_id"] == 0).sum()),
        "measures": [
            {
                "code": code,
                "n": int(kept[code].notna().sum()),
                "missing": int(kept[code].isna().sum()),
                "mean": None if kept[code].isna().all() else float(np.round(kept[code].mean(), 6)),
            }
            for code in measures
        ],
    }


def live_batch_called(source: Source, name: str) -> Batch | None:
    return Batch.objects.filter(source=source, name=name, state=Batch.State.LIVE).first()
