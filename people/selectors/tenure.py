"""Since when people have done what they do."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import NamedTuple

from django.db import connection

_SPELLS = """
    WITH part AS (
        SELECT user_id, job_id, lower(valid) AS since, upper(valid) AS until,
            lag(job_id) OVER person AS job_before, lag(upper(valid)) OVER person AS until_before
        FROM people_membership
        WHERE user_id = ANY(%(people)s::bigint[]) AND lower(valid) <= %(last)s
        WINDOW person AS (PARTITION BY user_id ORDER BY lower(valid))
    ), counted AS (
        SELECT part.*, count(*) FILTER (WHERE job_before IS DISTINCT FROM job_id OR until_before < since)
            OVER (PARTITION BY user_id ORDER BY since) AS spell
        FROM part
    )
    SELECT DISTINCT ON (user_id) user_id, job_id, min(since),
        nullif(max(coalesce(until, 'infinity'::date)), 'infinity'::date)
    FROM counted
    GROUP BY user_id, job_id, spell
    ORDER BY user_id, min(since) DESC
"""


class JobSpell(NamedTuple):
    employee_id: int
    job_id: int
    since: datetime.date
    until: datetime.date | None


def job_spells(employee_ids: Sequence[int], last: datetime.date) -> list[JobSpell]:
    """The unbroken time, [since, until), in the job that each person had last on or before `last`, by employee id.

    A transfer from team to team in the same job goes on; a day without any team, or another job, begins anew.
    One query.
    """
    with connection.cursor() as cursor:
        cursor.execute(_SPELLS, {"people": list(employee_ids), "last": last})
        return [JobSpell(*row) for row in cursor.fetchall()]
