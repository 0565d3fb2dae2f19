"""Everyone of a cycle with what cohorts are made by: as frozen at launch, the queue as the period's records say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from foundation.bulk import copy_out
from metrics.selectors.targets import main_queues
from reviews.models import Cycle


def people_of(cycle: Cycle) -> pd.DataFrame:
    """One row per participant by employee id: employee_id, team_id, job_id, site_id, grade, days_in_role, and queue
    where a cohort of the cycle is made by it. Two queries at most."""
    people = copy_out(
        """
        SELECT employee_id, team_id, job_id, site_id, grade, days_in_role FROM reviews_participant
        WHERE cycle_id = %s ORDER BY employee_id
        """,
        [cycle.pk],
    )
    if "queue" in cohorts_named(cycle.configuration):
        queues = main_queues(people["employee_id"].tolist(), cycle.first_day, cycle.last_day)
        people["queue"] = [queues.get(employee) for employee in people["employee_id"]]
    return people


def cohorts_named(configuration: Mapping[str, Any]) -> set[str]:
    """The kinds of cohorts that a configuration compares or rates people in."""
    return {
        configuration.get("cohort", "cycle"),
        configuration.get("rating", {}).get("cohort", "cycle"),
        *(each["cohort"] for each in configuration["components"] if "cohort" in each),
    }
