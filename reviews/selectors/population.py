"""Who belongs to a cycle: the roster of its period, cut down to what its configuration names."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from people.selectors.leaders import raters_for
from people.selectors.rosters import RosterRow, roster_between


def population_of(
    configuration: Mapping[str, Any], first_day: datetime.date, last_day: datetime.date
) -> list[RosterRow]:
    """One row per employee of the population, by employee id; team and job are those of the last day in the period."""
    population = configuration.get("population", {})
    return roster_between(
        first_day,
        last_day,
        teams=population.get("teams", []),
        jobs=population.get("jobs", []),
        sites=population.get("sites", []),
        minimum_days=population.get("minimum_days", 1),
    )


def raters_of(people: list[RosterRow], last_day: datetime.date) -> dict[int, int | None]:
    """{employee id: rater's id or None} as the tree of teams stood on the period's last day."""
    return raters_for([row.employee_id for row in people], last_day)
