"""The draw of a sample in the database: scoring.sampling.stratified_draw over any number of records.

Keys, rounds and places are those of the method's page; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

from foundation.bulk import copy_out

# {week} and {spread} are expressions of ours, never anybody's text.
_CANDIDATES = """
    candidates AS (
        SELECT record.id, record.external_id, record.employee_id, {week} AS week, {spread} AS spread,
            md5(%(seed)s::bigint::text || ':' || record.external_id) AS key
        FROM metrics_record AS record
        WHERE record.source_id = %(source)s AND record.day BETWEEN %(first)s AND %(last)s
            AND record.employee_id = ANY(%(people)s::bigint[])
            AND (%(needs)s = '' OR (record.values ->> %(needs)s)::float > 0)
            AND NOT EXISTS (
                SELECT 1 FROM metrics_inspection AS inspection
                JOIN metrics_inspectionsample AS sample ON sample.id = inspection.sample_id
                JOIN metrics_inspectionformversion AS version ON version.id = sample.form_version_id
                WHERE inspection.external_id = record.external_id AND sample.source_id = record.source_id
                    AND version.form_id = %(form)s AND sample.id < %(before)s
            )
    )
"""
_DRAWN = """
    WITH {candidates}, rounds AS (
        SELECT *, CASE WHEN %(spreads)s THEN
            row_number() OVER (PARTITION BY employee_id, week, spread ORDER BY key) ELSE 0 END AS round
        FROM candidates
    ), places AS (
        SELECT *, row_number() OVER (PARTITION BY employee_id, week ORDER BY round, key) AS place FROM rounds
    )
    SELECT places.id, places.external_id, places.employee_id, places.key,
        md5(%(seed)s::bigint::text || ':second:' || places.external_id) AS second_key
    FROM places
    WHERE place <= %(per_agent)s AND employee_id <> ALL(%(gone)s::bigint[])
    ORDER BY key
"""
_COUNTED = """
    WITH {candidates}
    SELECT employee_id, sum(found)::bigint AS records, sum(least(found, %(per_agent)s))::bigint AS drawable,
        sum(digest)::text AS digest
    FROM (
        SELECT employee_id, week, count(*) AS found,
            sum(('x' || substr(md5(external_id), 1, 15))::bit(60)::bigint) AS digest
        FROM candidates GROUP BY employee_id, week
    ) AS strata
    GROUP BY employee_id
"""
_WEEK = {
    "period": "0",
    "week": "(record.day - DATE '0001-01-01') / 7",
}  # the first of January of the year 1 is a Monday
_SPREAD = {"day": "record.day::text", "queue": "record.queue", "none": "''"}
BIGGEST = 2**63 - 1


@dataclass(frozen=True)
class DrawRule:
    """What decides a draw, with the people it is about. `before`: samples from this id on do not count as drawn yet."""

    source_id: int
    form_id: int
    first_day: date
    last_day: date
    per_agent: int
    every: str
    spread: str
    needs_measure: str
    seed: int
    people: Sequence[int]
    gone: Sequence[int] = ()
    before: int = BIGGEST

    @property
    def weeks(self) -> int:
        """Strata of an agent: calendar weeks that the period touches, or one."""
        if self.every != "week":
            return 1
        monday = self.first_day - timedelta(days=self.first_day.weekday())
        return (self.last_day - monday).days // 7 + 1

    def parameters(self) -> dict[str, object]:
        return {
            "source": self.source_id,
            "form": self.form_id,
            "first": self.first_day,
            "last": self.last_day,
            "per_agent": self.per_agent,
            "spreads": self.spread != "none",
            "needs": self.needs_measure,
            "seed": self.seed,
            "people": [int(pk) for pk in self.people],
            "gone": [int(pk) for pk in self.gone],
            "before": self.before,
        }


def drawn_records(rule: DrawRule) -> pd.DataFrame:
    """id, external_id, employee_id, key, second_key of the records drawn, by key. One query."""
    candidates = _CANDIDATES.format(week=_WEEK[rule.every], spread=_SPREAD[rule.spread])
    return copy_out(_DRAWN.format(candidates=candidates), rule.parameters())


def counted_records(rule: DrawRule) -> pd.DataFrame:
    """employee_id, records, drawable and digest by person, leavers as well. One query."""
    candidates = _CANDIDATES.format(week=_WEEK[rule.every], spread=_SPREAD[rule.spread])
    return copy_out(_COUNTED.format(candidates=candidates), rule.parameters())
