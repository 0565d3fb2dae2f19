"""Records that a program sends instead of a file: the same checks, all or nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from django.db import transaction

from foundation.intake.kinds import RejectRow
from foundation.refusals import Refusal
from metrics.models import Batch, Source
from metrics.services.authority import require_hr
from metrics.services.batches import find_replaced, store_batch, unchanged_batch
from metrics.services.mappings import check_mapping, mapping_digest
from metrics.services.record_check import check_records
from people.models import User

MAX_RECORDS = 5_000
VALUE = "values."


class RecordsRejected(Exception):
    """Some of the records are wrong; `rejects` name them, `line` being the record's place in the list from 0."""

    def __init__(self, rejects: Sequence[RejectRow], total: int) -> None:
        super().__init__(f"{len(rejects)} problems")
        self.rejects = rejects
        self.total = total


@transaction.atomic
def push_records(
    *,
    actor: User | None,
    source: Source,
    batch: str,
    records: Sequence[Mapping[str, Any]],
    replaces: int | None = None,
) -> tuple[Batch, bool]:
    """(the live batch, whether anything was stored).

    records   mappings with record_id, employee, day or occurred_at (ISO 8601; without an offset in the source's zone),
              optionally queue, and values {measure code: number}; a measure that is left out or null is missing
    batch     the batch's name; other records under the name of a live batch replace it, as a corrected file does
    Errors    Refusals metrics_hr_only, source_inactive, source_kind, records_too_many, batch_*, measure_unknown;
              RecordsRejected when any record is wrong, then nothing is stored
    """
    require_hr(actor)
    if source.kind != Source.Kind.RECORDS:
        raise Refusal(
            "source_kind",
            field="source",
            name=source.code,
            found=str(source.get_kind_display()),
            expected=str(Source.Kind.RECORDS.label),
        )
    if len(records) > MAX_RECORDS:
        raise Refusal("records_too_many", field="records", limit=MAX_RECORDS)
    codes = sorted({code for record in records for code in record.get("values", {})})
    mapping = check_mapping(
        {
            "columns": {"record_id": "record_id", "employee": "employee", "date": "day", "queue": "queue"},
            "employee_key": source.mapping.get("employee_key", "auto"),
            "date_format": "ymd",
            "measures": {code: {"column": f"{VALUE}{code}", "type": "number"} for code in codes},
        },
        kind=Source.Kind.RECORDS,
    )
    digest = mapping_digest(mapping, _digest(records), source.time_zone, "push")
    same = unchanged_batch(source, digest)
    replaced = [same] if same is not None else find_replaced(source, name=batch, replaces=replaces)
    checked = check_records(
        _frame(records, codes),
        source=source,
        mapping=mapping,
        batch_name=batch,
        replaced=[each.pk for each in replaced],
    )
    if checked.rejects:
        raise RecordsRejected(checked.rejects, len(records))
    return store_batch(
        actor=actor,
        source=source,
        name=batch,
        content_digest=digest,
        accepted=checked.accepted,
        measures=codes,
        replaces=replaces,
    )


def _frame(records: Sequence[Mapping[str, Any]], codes: Sequence[str]) -> pd.DataFrame:
    """As the file would have read: texts, None where nothing was sent."""
    columns: dict[str, list[str | None]] = {
        "record_id": [_text(record.get("record_id")) for record in records],
        "employee": [_text(record.get("employee")) for record in records],
        "day": [_text(record.get("occurred_at") or record.get("day")) for record in records],
        "queue": [_text(record.get("queue")) for record in records],
    }
    for code in codes:
        columns[f"{VALUE}{code}"] = [_text(record.get("values", {}).get(code)) for record in records]
    return pd.DataFrame(columns, dtype=object)


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _digest(records: Sequence[Mapping[str, Any]]) -> str:
    text = json.dumps(records, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
