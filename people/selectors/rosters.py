"""Who worked where during a period, and for how many days: the population of a cycle or a payout run."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import NamedTuple

from django.db import connection

from people.models import Job, Site
from people.selectors.teams import sites_of_teams, subtree_ids

_ROSTER = """
    SELECT employee_id, team_id, job_id, grade, days_in_role
    FROM (
        SELECT
            part.user_id AS employee_id,
            (array_agg(part.team_id ORDER BY part.until DESC))[1] AS team_id,
            (array_agg(part.job_id ORDER BY part.until DESC))[1] AS job_id,
            (array_agg(part.grade ORDER BY part.until DESC))[1] AS grade,
            sum(part.until - part.first)::int AS days_in_role
        FROM (
            SELECT
                membership.user_id, membership.team_id, membership.job_id, membership.grade,
                greatest(lower(membership.valid), %(first)s::date) AS first,
                least(coalesce(upper(membership.valid), 'infinity'::date), %(until)s::date) AS until
            FROM people_membership AS membership
            JOIN people_user AS person ON person.id = membership.user_id
            WHERE membership.valid && daterange(%(first)s, %(until)s)
                AND person.employee_number IS NOT NULL
        ) AS part
        GROUP BY part.user_id
    ) AS row
    WHERE (%(teams)s::bigint[] IS NULL OR team_id = ANY(%(teams)s::bigint[]))
        AND (%(jobs)s::bigint[] IS NULL OR job_id = ANY(%(jobs)s::bigint[]))
        AND days_in_role >= %(minimum)s
    ORDER BY employee_id
"""


_PLACES = """
    WITH part AS (
        SELECT
            membership.user_id AS employee_id, membership.team_id,
            greatest(lower(membership.valid), %(first)s::date) AS first_day,
            least(coalesce(upper(membership.valid), 'infinity'::date), %(until)s::date) AS until
        FROM people_membership AS membership
        WHERE membership.user_id = ANY(%(people)s) AND membership.valid && daterange(%(first)s, %(until)s)
    )
    SELECT employee_id, team_id, first_day, until FROM part
    WHERE employee_id IN (SELECT employee_id FROM part GROUP BY employee_id HAVING count(DISTINCT team_id) > 1)
    ORDER BY employee_id, first_day
"""


class Place(NamedTuple):
    """Where somebody was over [first_day, until)."""

    employee_id: int
    team_id: int
    first_day: datetime.date
    until: datetime.date


def changes_of_team(employee_ids: Sequence[int], first: datetime.date, last: datetime.date) -> list[Place]:
    """The places of those who were in more than one team during first..last (both included), by person and day; one
    query."""
    with connection.cursor() as cursor:
        cursor.execute(
            _PLACES,
            {"people": list(employee_ids), "first": first, "until": last + datetime.timedelta(days=1)},
        )
        return [Place(*row) for row in cursor.fetchall()]


class RosterRow(NamedTuple):
    employee_id: int
    team_id: int
    job_id: int
    days_in_role: int
    days_in_period: int
    grade: str = ""


def roster_between(
    first: datetime.date,
    last: datetime.date,
    *,
    teams: Sequence[str] = (),
    jobs: Sequence[str] = (),
    sites: Sequence[str] = (),
    minimum_days: int = 1,
) -> list[RosterRow]:
    """Everyone who was in a team on at least `minimum_days` days of first..last (both included), by employee id.

    Days are calendar days of membership in the period and add up over transfers; leavers and joiners have fewer.
    Team, job and grade are those of a person's last day in the period: whoever moved from A to B is in B's population,
    with the days spent in both. `teams` (codes, each with its subtree), `jobs` and `sites` (codes) narrow by that team
    and job; empty means all, and a code that does not exist matches nobody. At most five queries.
    """
    team_ids: set[int] | None = subtree_ids(teams) if teams else None
    if sites:
        wanted = set(Site.objects.filter(code__in=sites).values_list("pk", flat=True))
        sited = {team for team, site in sites_of_teams().items() if site in wanted}
        team_ids = sited if team_ids is None else team_ids & sited
    job_ids = list(Job.objects.filter(code__in=jobs).values_list("pk", flat=True)) if jobs else None
    days_in_period = (last - first).days + 1
    with connection.cursor() as cursor:
        cursor.execute(
            _ROSTER,
            {
                "first": first,
                "until": last + datetime.timedelta(days=1),
                "teams": None if team_ids is None else list(team_ids),
                "jobs": job_ids,
                "minimum": minimum_days,
            },
        )
        return [
            RosterRow(employee, team, job, days, days_in_period, grade)
            for employee, team, job, grade, days in cursor.fetchall()
        ]
