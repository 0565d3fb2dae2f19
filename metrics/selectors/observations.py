"""Adding up day totals. Where several sources give one measure of one person and day, the lowest precedence counts.

Every row that can be seen counts: rows of a replaced batch are deleted in the transaction that replaces it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date

import pandas as pd

from foundation.bulk import copy_out
from metrics.models import Batch, Observation
from metrics.selectors.parts import TABLE

# Tables are named by us, never by anybody outside.
_PLAIN = """
    SELECT seen.subject_id, seen.measure_id, seen.day, seen.n, seen.total, seen.total_sq
    FROM {table} AS seen
    WHERE seen.subject_type = %(kind)s
        AND (%(subjects)s::bigint[] IS NULL OR seen.subject_id = ANY(%(subjects)s::bigint[]))
        AND seen.measure_id = ANY(%(plain)s::bigint[]) AND seen.day BETWEEN %(first)s AND %(last)s
"""
_CONTESTED = """
    SELECT subject_id, measure_id, day, n, total, total_sq
    FROM (
        SELECT seen.*, dense_rank() OVER (
            PARTITION BY seen.subject_id, seen.measure_id, seen.day ORDER BY source.precedence, source.id
        ) AS place
        FROM {table} AS seen JOIN metrics_source AS source ON source.id = seen.source_id
        WHERE seen.subject_type = %(kind)s
            AND (%(subjects)s::bigint[] IS NULL OR seen.subject_id = ANY(%(subjects)s::bigint[]))
            AND seen.measure_id = ANY(%(contested)s::bigint[]) AND seen.day BETWEEN %(first)s AND %(last)s
    ) AS ranked
    WHERE place = 1
"""

#: The company is one subject, of id 0.
COMPANY = 0


def live_batches(measure_ids: Collection[int], first: date, last: date) -> list[tuple[int, list[int]]]:
    """(source id, measure ids) of the batches that count and touch the period and any of the measures."""
    found = Batch.objects.filter(
        state=Batch.State.LIVE,
        first_day__lte=last,
        last_day__gte=first,
        measure_ids__overlap=list(measure_ids),
    )
    return list(found.values_list("source_id", "measure_ids"))


def covered_measures(measure_ids: Collection[int], first: date, last: date) -> set[int]:
    """Measures of which anything came in for the period. Of the others nothing can be said, not even zero."""
    wanted = set(measure_ids)
    return {pk for _source, given in live_batches(wanted, first, last) for pk in given if pk in wanted}


def contested_measures(measure_ids: Collection[int], first: date, last: date) -> set[int]:
    """Measures that more than one source gives in the period; only these pay for the choice by precedence."""
    wanted = set(measure_ids)
    givers: dict[int, set[int]] = {}
    for source, given in live_batches(wanted, first, last):
        for pk in wanted.intersection(given):
            givers.setdefault(pk, set()).add(source)
    return {pk for pk, sources in givers.items() if len(sources) > 1}


def totals_by(
    keys: Sequence[str],
    *,
    subject_ids: Collection[int] | None,
    measure_ids: Collection[int],
    first: date,
    last: date,
    subject_type: str = Observation.SubjectType.EMPLOYEE,
    tables: Sequence[str] = (TABLE,),
) -> pd.DataFrame:
    """`keys` (of subject_id, measure_id, day), n, total, total_sq over first..last, both included. Two queries.

    subject_ids   None: all of the type
    total_sq      NaN where a source gave only totals of several values
    tables        where these subjects lie (see parts.tables_of)
    """
    assert set(keys) <= {"subject_id", "measure_id", "day"}
    contested = contested_measures(measure_ids, first, last)
    plain = set(measure_ids) - contested
    # A branch without measures would still be read: the planner does not see that nothing can match.
    branches = [_PLAIN] if plain or not contested else []
    branches += [_CONTESTED] if contested else []
    chosen = " UNION ALL ".join(
        branch.format(table=table) for table in tables or [TABLE] for branch in branches
    )
    grouped = ", ".join(keys)
    # Counts are added as float8, exact up to 2^53: PostgreSQL's sum(bigint) keeps 128 bits and takes twice as long.
    return copy_out(
        f"SELECT {grouped}, sum(n::float8)::bigint AS n, sum(total) AS total, sum(total_sq) AS total_sq"  # noqa: S608
        f" FROM ({chosen}) AS chosen GROUP BY {grouped}",
        {
            "kind": subject_type,
            "subjects": None if subject_ids is None else [int(pk) for pk in subject_ids],
            "plain": sorted(plain),
            "contested": sorted(contested),
            "first": first,
            "last": last,
        },
    )


def company_totals(measure_ids: Collection[int], first: date, last: date) -> pd.DataFrame:
    """measure_id, n, total, total_sq of everybody together.

    The day totals of the company, rolled up on import, where one source gives a measure; where several do, people's
    own, since precedence is decided person by person.
    """
    contested = contested_measures(measure_ids, first, last)
    rolled = totals_by(
        ["measure_id"],
        subject_ids=[COMPANY],
        measure_ids=set(measure_ids) - contested,
        first=first,
        last=last,
        subject_type=Observation.SubjectType.COMPANY,
    )
    if not contested:
        return rolled
    chosen = totals_by(["measure_id"], subject_ids=None, measure_ids=contested, first=first, last=last)
    return pd.concat([rolled, chosen], ignore_index=True)
