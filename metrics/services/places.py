"""Where people sat on the days that the data speaks of: team with all teams above it, and site."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd

from foundation.bulk import copy_out
from people.models import Site, Team
from people.selectors.teams import sites_of_teams

MANY = 20_000
_MEMBERSHIPS = """
    SELECT user_id AS employee_id, team_id,
        -- days as Python counts them: 1 is the first of January of the year 1
        lower(valid) - DATE '0001-01-01' + 1 AS first,
        coalesce(upper(valid), DATE '9999-12-31') - DATE '0001-01-01' + 1 AS until
    FROM people_membership
    WHERE (%(people)s IS NULL OR user_id = ANY(%(people)s)) AND valid && daterange(%(first)s, %(last)s, '[]')
"""


def with_teams(pairs: pd.DataFrame) -> pd.DataFrame:
    """Adds team_id (0 = in no team that day) to a frame with employee_id and day; rows and index stay as they are."""
    if pairs.empty:
        return pairs.assign(team_id=np.array([], dtype=np.int64))
    people, employees = pd.factorize(pairs["employee_id"])
    on, days = pd.factorize(pairs["day"])
    # Each person and day once, as one number: a file has many rows of both.
    place, numbers = pd.factorize(people.astype(np.int64) * len(days) + on)
    distinct = pd.DataFrame(
        {
            "employee_id": employees[numbers // len(days)],
            "ordinal": np.array([day.toordinal() for day in days])[numbers % len(days)],
            "number": np.arange(len(numbers)),
        }
    )
    # So many that naming them costs more than reading everybody's.
    named = None if len(employees) > MANY else [int(pk) for pk in employees]
    memberships = copy_out(_MEMBERSHIPS, {"people": named, "first": min(days), "last": max(days)})
    joined = distinct.merge(memberships, on="employee_id")
    inside = joined[(joined["ordinal"] >= joined["first"]) & (joined["ordinal"] < joined["until"])]
    teams = np.zeros(len(numbers), dtype=np.int64)
    teams[inside["number"]] = inside["team_id"]
    return pairs.assign(team_id=teams[place])


def zones_of_teams() -> dict[int, str]:
    """{team id: time zone of the site it sits at}; teams without a site are left out."""
    zones = dict(Site.objects.values_list("pk", "time_zone"))
    return {team: zones[site] for team, site in sites_of_teams().items()}


def ancestors() -> pd.DataFrame:
    """team_id and above_id: every team with itself and each team above it."""
    pairs = [
        (team, int(above))
        for team, path in Team.objects.values_list("pk", "path")
        for above in dict.fromkeys([*path.strip("/").split("/"), str(team)])
        if above
    ]
    return pd.DataFrame(pairs, columns=["team_id", "above_id"], dtype=np.int64)


def sites() -> pd.DataFrame:
    """team_id and site_id of the teams that sit somewhere."""
    return pd.DataFrame(list(sites_of_teams().items()), columns=["team_id", "site_id"], dtype=np.int64)


def today_in(zone: str) -> datetime.date:
    return pd.Timestamp.now(tz=zone).date()
