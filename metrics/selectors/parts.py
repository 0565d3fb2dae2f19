"""How day totals lie: by month, and each month in eight parts by hash of the subject (see the migrations).

A computation over many people is cut along the same lines: one read of one part then finds all of them, where a cut by
id would read every part once for every slice, or look up every person by index in a table that lies in order of days.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db import connection

PARTS = 8
TABLE = "metrics_observation"
FEW = 100

# Which rows of `subject` are in a part is PostgreSQL's own word, so that no hash function is written down twice.
_PART_OF = """
    SELECT subject, part
    FROM unnest(%(subjects)s::bigint[]) AS subject, generate_series(0, %(last)s) AS part
    WHERE satisfies_hash_partition(%(month)s::regclass, %(parts)s, part, subject)
"""


def part_of(subject_ids: Sequence[int]) -> npt.NDArray[np.int64]:
    """The part that holds each subject, 0-7, in order; all 0 as long as no month exists. Two queries."""
    subjects = [int(pk) for pk in subject_ids]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass LIMIT 1", [TABLE]
        )
        month = cursor.fetchone()
        if month is None or not subjects:
            return np.zeros(len(subjects), dtype=np.int64)
        cursor.execute(_PART_OF, {"subjects": subjects, "last": PARTS - 1, "parts": PARTS, "month": month[0]})
        found = dict(cursor.fetchall())
    return np.array([found[pk] for pk in subjects], dtype=np.int64)


def slices_by_part(subject_ids: Sequence[int], *, small: int, largest: int = 80_000) -> list[list[int]]:
    """The subjects cut for a computation: at most `small` of them stay together, more are cut by part, and a part into
    slices of about equal size, none above `largest`: that bounds the memory of whoever computes one."""
    ids = [int(pk) for pk in subject_ids]
    if len(ids) <= small:
        return [ids] if ids else []
    parts = part_of(ids)
    order = np.array(ids, dtype=np.int64)
    slices = []
    for part in range(PARTS):
        here = order[parts == part]
        if len(here):
            pieces = np.array_split(here, -(-len(here) // largest))
            slices += [[int(pk) for pk in piece] for piece in pieces]
    return slices


def tables_of(subject_ids: Sequence[int], first: date, last: date) -> list[str]:
    """The tables that hold these subjects' day totals: a part of each month where all are of one part, else the whole.

    A few subjects are looked up by index in any case.
    """
    if len(subject_ids) < FEW:
        return [TABLE]
    parts = set(part_of(subject_ids).tolist())
    if len(parts) > 1:
        return [TABLE]
    (part,) = parts
    names = [f"{TABLE}_{month:%Y%m}_h{part}" for month in _months(first, last)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM unnest(%s) AS name WHERE to_regclass(name) IS NOT NULL", [names])
        found: list[Any] = cursor.fetchall()
    return sorted(name for (name,) in found)


def _months(first: date, last: date) -> list[date]:
    months = []
    month = first.replace(day=1)
    while month <= last:
        months.append(month)
        month = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    return months
