"""Before the launch: in which cohorts a ranking or a paired comparison would find too few people, or too many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pandas as pd

from people.models import Job, Site, Team, User
from people.selectors.rosters import RosterRow
from people.selectors.teams import sites_of_teams
from reviews.methods.cohorts import cohort_labels
from reviews.methods.paired import LARGEST_COHORT, SMALLEST_COHORT, completed_pairs, is_paired
from reviews.methods.ranking import RATER, RankingMethod, completed_ranking
from reviews.selectors.population import raters_of

MODELS: Mapping[str, Any] = {"team": Team, "site": Site, "job": Job, RATER: User}


def small_cohorts(
    component: Mapping[str, Any], people: list[RosterRow], last_day: Any
) -> tuple[int, list[str]] | None:
    """(people, names of cohorts) below the minimum, the largest first; None where it cannot be known before the data,
    as for queues, or where nobody is compared. Three queries at most."""
    component = completed_comparing(component)
    if not component or component["cohort"] == "queue":
        return None
    sizes = _sizes(component, people, last_day)
    without = sizes.pop("", 0)
    small = {key: size for key, size in sizes.items() if size < component["minimum_cohort"]}
    return sum(small.values()) + without, names_of_cohorts(sorted(small, key=lambda key: -small[key]))


def unfit_for_pairs(
    component: Mapping[str, Any], people: list[RosterRow], last_day: Any
) -> tuple[list[str], list[str]]:
    """Names of cohorts of a paired comparison: those of one person, and those too large to compare."""
    if not is_paired(component):
        return [], []
    sizes = _sizes(completed_pairs(component), people, last_day)
    sizes.pop("", 0)
    alone = [key for key, size in sizes.items() if size < SMALLEST_COHORT]
    large = [key for key, size in sizes.items() if size > LARGEST_COHORT]
    return names_of_cohorts(alone), names_of_cohorts(large)


def completed_comparing(component: Mapping[str, Any]) -> dict[str, Any]:
    """A component that compares people in cohorts, with its defaults; empty for others."""
    if is_paired(component):
        return completed_pairs(component)
    return completed_ranking(component) if component["method"] == RankingMethod.code else {}


def _sizes(component: Mapping[str, Any], people: list[RosterRow], last_day: Any) -> Counter[str]:
    kind = component["cohort"]
    if kind == RATER:
        raters = raters_of(people, last_day)
        labels = [f"{RATER}:{rater}" if (rater := raters.get(row.employee_id)) else "" for row in people]
    else:
        frame = pd.DataFrame([row._asdict() for row in people])
        sites = sites_of_teams(set(frame["team_id"])) if kind == "site" else {}
        frame["site_id"] = [sites.get(team) for team in frame["team_id"]]
        labels = cohort_labels(kind, frame)
    return Counter(labels)


def names_of_cohorts(labels: list[str]) -> list[str]:
    """In words, of cohorts of one kind; one query."""
    keys = [label.partition(":")[2] for label in labels]
    kind = labels[0].partition(":")[0] if labels else ""
    if kind not in MODELS:
        return keys
    found = MODELS[kind].objects.in_bulk([int(key) for key in keys])
    return [found[int(key)].name for key in keys]
