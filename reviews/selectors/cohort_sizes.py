"""Before the launch: in which cohorts a ranking would find too few people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pandas as pd

from people.models import Job, Site, Team, User
from people.selectors.rosters import RosterRow
from people.selectors.teams import sites_of_teams
from reviews.methods.cohorts import cohort_labels
from reviews.methods.ranking import RATER, RankingMethod, completed_ranking
from reviews.selectors.population import raters_of

MODELS: Mapping[str, Any] = {"team": Team, "site": Site, "job": Job, RATER: User}


def small_cohorts(
    component: Mapping[str, Any], people: list[RosterRow], last_day: Any
) -> tuple[int, list[str]] | None:
    """(people, names of cohorts) below the minimum, the largest first; None where it cannot be known before the data,
    as for queues, or where nobody is compared. Three queries at most."""
    if component["method"] != RankingMethod.code:
        return None
    component = completed_ranking(component)
    kind = component["cohort"]
    if kind == "queue":
        return None
    if kind == RATER:
        raters = raters_of(people, last_day)
        labels = [f"{RATER}:{rater}" if (rater := raters.get(row.employee_id)) else "" for row in people]
    else:
        frame = pd.DataFrame([row._asdict() for row in people])
        sites = sites_of_teams(set(frame["team_id"])) if kind == "site" else {}
        frame["site_id"] = [sites.get(team) for team in frame["team_id"]]
        labels = cohort_labels(kind, frame)
    sizes = Counter(labels)
    without = sizes.pop("", 0)
    small = {key: size for key, size in sizes.items() if size < component["minimum_cohort"]}
    return sum(small.values()) + without, _names(kind, sorted(small, key=lambda key: -small[key]))


def _names(kind: str, labels: list[str]) -> list[str]:
    keys = [label.partition(":")[2] for label in labels]
    if kind not in MODELS:
        return keys
    found = MODELS[kind].objects.in_bulk([int(key) for key in keys])
    return [found[int(key)].name for key in keys]
