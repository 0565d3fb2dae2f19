"""Everyone of a cycle with what cohorts are made by: as frozen at launch, the queue as the period's records say."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

import pandas as pd

from foundation.bulk import copy_out
from metrics.selectors.targets import main_queues
from people.selectors.rosters import RosterRow
from people.selectors.teams import sites_of_teams
from reviews.models import Cycle


def people_of(cycle: Cycle) -> pd.DataFrame:
    """One row per participant by employee id: employee_id, team_id, job_id, site_id, grade, days_in_role, rater_id, and
    queue where a cohort of the cycle is made by it. Two queries at most."""
    people = copy_out(
        """
        SELECT employee_id, team_id, job_id, site_id, grade, days_in_role, rater_id
        FROM reviews_participant
        WHERE cycle_id = %s AND withdrawn_in IS NULL ORDER BY employee_id
        """,
        [cycle.pk],
    )
    return _with_queues(people, cycle.configuration, cycle.first_day, cycle.last_day)


def people_from(
    rows: list[RosterRow], configuration: Mapping[str, Any], first: datetime.date, last: datetime.date
) -> pd.DataFrame:
    """The same of a roster, before there are participants and so without raters."""
    columns = ["employee_id", "team_id", "job_id", "grade", "days_in_role"]
    people = pd.DataFrame([[getattr(row, name) for name in columns] for row in rows], columns=columns)
    sites = sites_of_teams(set(people["team_id"].tolist()))
    people["site_id"] = [sites.get(team) for team in people["team_id"]]
    people["rater_id"] = None
    return _with_queues(people, configuration, first, last)


def _with_queues(
    people: pd.DataFrame, configuration: Mapping[str, Any], first: datetime.date, last: datetime.date
) -> pd.DataFrame:
    if "queue" in cohorts_named(configuration):
        queues = main_queues(people["employee_id"].tolist(), first, last)
        people["queue"] = [queues.get(employee) for employee in people["employee_id"]]
    return people


def cohorts_named(configuration: Mapping[str, Any]) -> set[str]:
    """The kinds of cohorts that a configuration compares or rates people in."""
    return {
        configuration.get("cohort", "cycle"),
        configuration.get("rating", {}).get("cohort", "cycle"),
        *(each["cohort"] for each in configuration["components"] if "cohort" in each),
    }
