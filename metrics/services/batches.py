"""Storing what was accepted: records and day totals by COPY, and the switch from an old batch to its correction.

All of it is one transaction: a reader sees the old batch or the new one, never both and never half of one.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from django.db import connection, transaction

from foundation.bulk import copy_in
from foundation.intake.models import Import
from foundation.refusals import Refusal
from foundation.runs.outbox import emit
from foundation.trail.services import recording
from metrics.models import Batch, Measure, Observation, Record, Source
from metrics.services.authority import require_hr
from metrics.services.record_check import known_records
from metrics.services.rollups import day_totals, roll_up
from metrics.services.totals_check import known_totals
from people.models import User

MAX_NAME = 200
OBSERVATION_COLUMNS = [
    "subject_type", "subject_id", "measure_id", "day", "source_id", "batch_id", "n", "total", "total_sq",
]  # fmt: skip
RECORD_COLUMNS = [
    "batch_id", "source_id", "external_id", "employee_id", "day", "occurred_at", "queue", "values",
]  # fmt: skip


def find_replaced(source: Source, *, name: str, replaces: int | None = None) -> list[Batch]:
    """The batches that a file of this name would replace: the live one of the same name, and one that was chosen.

    Refusal batch_unknown where the chosen one does not count any more, or is of another source.
    """
    live = Batch.objects.filter(source=source, state=Batch.State.LIVE)
    found = {batch.pk: batch for batch in live.filter(name=name)}
    if replaces is not None:
        chosen = live.filter(pk=replaces).first() if 0 < replaces < 2**63 else None
        if chosen is None:
            raise Refusal("batch_unknown", field="options", status=409)
        found[chosen.pk] = chosen
    return [found[pk] for pk in sorted(found)]


def unchanged_batch(source: Source, content_digest: str) -> Batch | None:
    """The live batch that holds exactly this content, read in exactly this way."""
    return Batch.objects.filter(source=source, content_digest=content_digest, state=Batch.State.LIVE).first()


@transaction.atomic
def store_batch(
    *,
    actor: User | None,
    source: Source,
    name: str,
    content_digest: str,
    accepted: pd.DataFrame,
    measures: Sequence[str] = (),
    replaces: int | None = None,
    import_record: Import | None = None,
) -> tuple[Batch, bool]:
    """(the live batch, whether anything was stored). What was accepted already, read alike, is stored once.

    accepted   of check_records with `measures`, its measure columns; or of check_totals
    Refusals   metrics_hr_only, batch_name, batch_unknown, batch_overlaps (409) when another batch has meanwhile brought
               the same rows
    """
    require_hr(actor)
    if not 0 < len(name) <= MAX_NAME:
        raise Refusal("batch_name", field="batch")
    # One load at a time for a source: the look at what is there and the switch belong together.
    source = Source.objects.select_for_update().get(pk=source.pk)
    if not source.is_active:
        raise Refusal("source_inactive", field="source", name=source.code)
    if (same := unchanged_batch(source, content_digest)) is not None:
        return same, False
    replaced = find_replaced(source, name=name, replaces=replaces)
    is_records = source.kind == Source.Kind.RECORDS
    _refuse_overlap(source, accepted, replaced, is_records=is_records)

    if is_records:
        ids = dict(Measure.objects.filter(code__in=measures).values_list("code", "pk"))
        totals = day_totals(accepted, {code: ids[code] for code in measures})
    else:
        totals = accepted.drop(columns="line", errors="ignore")
    with recording(actor=actor):
        batch = Batch.objects.create(
            source=source,
            import_record=import_record,
            name=name,
            content_digest=content_digest,
            rows=len(accepted),
            first_day=min(accepted["day"].unique(), default=None),
            last_day=max(accepted["day"].unique(), default=None),
            measure_ids=sorted(int(pk) for pk in totals["measure_id"].unique()),
            created_by=actor,
        )
        for old in replaced:
            _remove_rows(old)
            old.state, old.replaced_by = Batch.State.REPLACED, batch
            old.save(update_fields=["state", "replaced_by"])
        if is_records:
            _copy_records(batch, accepted, measures)
        _copy_observations(batch, list(roll_up(totals).values()))
        batch.state = Batch.State.LIVE
        batch.save(update_fields=["state"])
    _announce([batch, *replaced])
    return batch, True


def _refuse_overlap(
    source: Source, accepted: pd.DataFrame, replaced: Sequence[Batch], *, is_records: bool
) -> None:
    ids = [batch.pk for batch in replaced]
    if is_records:
        names = list(known_records(source, accepted["external_id"], replaced=ids).values())
    else:
        found = known_totals(source, accepted, replaced=ids)
        names = found.merge(accepted, on=["employee_id", "day", "measure_id"])["name"].tolist()
    if names:
        raise Refusal("batch_overlaps", status=409, count=len(names), batch=names[0])


def ensure_months(days: Collection[date]) -> None:
    """Tables for the months of these days."""
    with connection.cursor() as cursor:
        for month in sorted({day.replace(day=1) for day in days}):
            cursor.execute("SELECT metrics_ensure_months(%s, %s)", [month, month])


def _copy_observations(batch: Batch, rolled: Sequence[pd.DataFrame]) -> None:
    ensure_months({day for part in rolled for day in part["day"].cat.categories})
    for part in rolled:
        # NaN is a number here, "not known", and no NULL; as a text it passes COPY as such.
        squares = pc.fill_null(pc.cast(pa.array(part["total_sq"], from_pandas=True), pa.string()), "NaN")
        frame = part.assign(
            source_id=batch.source_id,
            batch_id=batch.pk,
            total_sq=pd.Series(pd.arrays.ArrowExtensionArray(squares), index=part.index),
        )
        copy_in(Observation._meta.db_table, frame, OBSERVATION_COLUMNS)


def _copy_records(batch: Batch, accepted: pd.DataFrame, measures: Sequence[str]) -> None:
    if accepted.empty:
        return
    columns = [accepted[code].to_numpy(dtype=float) for code in measures]
    values = [
        json.dumps({code: _plain(value) for code, value in zip(measures, row, strict=True) if value == value})
        for row in zip(*columns, strict=True)
    ]
    frame = accepted.assign(batch_id=batch.pk, source_id=batch.source_id, values=values)
    copy_in(Record._meta.db_table, frame, RECORD_COLUMNS)


def _plain(value: np.floating[Any]) -> int | float:
    return int(value) if value == int(value) else float(value)


def _remove_rows(batch: Batch) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM metrics_record WHERE batch_id = %s", [batch.pk])
        if batch.first_day is not None:
            # The days let the planner leave out every other month.
            cursor.execute(
                "DELETE FROM metrics_observation WHERE batch_id = %s AND day BETWEEN %s AND %s",
                [batch.pk, batch.first_day, batch.last_day],
            )


def _announce(batches: Sequence[Batch]) -> None:
    """One piece of news for each stretch of days, so that a correction of January does not recompute June."""
    spans = {(each.first_day, each.last_day) for each in batches if each.first_day and each.last_day}
    for first, last in sorted(spans):
        emit("observations.changed", first_day=first.isoformat(), last_day=last.isoformat())
