"""What a team, a site or the company achieved, for the scorecards of those who belong to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from foundation.bulk import copy_out
from foundation.runs.models import Run
from metrics.models import KPIVersion
from metrics.selectors.observations import COMPANY as EVERYBODY
from metrics.services.group_values import compute_group_values
from reviews.methods.scorecard import COMPANY, SITE, TEAM, ScorecardMethod, is_of_person
from reviews.models import Cycle
from reviews.selectors.cohorts import people_of
from reviews.selectors.group_values import SUBJECT_TYPES

PLACES = {TEAM: "team_id", SITE: "site_id"}


def grouped(configuration: Mapping[str, Any]) -> dict[str, list[int]]:
    """{subject: ids of the KPI versions} that the scorecards of a frozen configuration ask of groups."""
    found: dict[str, set[int]] = {}
    for component in configuration["components"]:
        if component["method"] == ScorecardMethod.code and not is_of_person(component):
            versions = {item["version"]["id"] for item in component["kpis"]}
            found.setdefault(component["subject"], set()).update(versions)
    return {subject: sorted(versions) for subject, versions in found.items()}


def score_groups(run: Run, cycle: Cycle, people: pd.DataFrame | None = None) -> None:
    """The values of all teams, sites and the company that the cycle's people belong to, stored for the run.

    people   as people_of gives them, before there are participants
    """
    wanted = grouped(cycle.configuration)
    versions = KPIVersion.objects.select_related("kpi").in_bulk({pk for ids in wanted.values() for pk in ids})
    if people is None:
        people = people_of(cycle)
    for subject, ids in wanted.items():
        compute_group_values(
            run=run,
            subject_type=SUBJECT_TYPES[subject],
            subject_ids=_groups(people, subject),
            kpi_versions=[versions[pk] for pk in ids],
            first_day=cycle.first_day,
            last_day=cycle.last_day,
        )


def group_values_of(
    run: Run, cycle: Cycle, employee_ids: list[int], places: pd.DataFrame | None = None
) -> dict[str, pd.DataFrame]:
    """{subject: employee_id, kpi_version_id, value, standard_error, n} of these people, as the methods read them.

    places   employee_id, team_id, site_id, before there are participants
    """
    wanted = grouped(cycle.configuration)
    if not wanted:
        return {}
    if places is None:
        places = copy_out(
            "SELECT employee_id, team_id, site_id FROM reviews_participant "
            "WHERE cycle_id = %s AND employee_id = ANY(%s::bigint[])",
            [cycle.pk, employee_ids],
        )
    return {subject: _of_people(run, subject, places) for subject in wanted}


def _of_people(run: Run, subject: str, places: pd.DataFrame) -> pd.DataFrame:
    found = copy_out(
        "SELECT subject_id, kpi_version_id, value, standard_error, n FROM metrics_groupvalue "
        "WHERE run_id = %s AND subject_type = %s",
        [str(run.pk), SUBJECT_TYPES[subject].value],
    )
    belongs = places[["employee_id"]].assign(
        subject_id=EVERYBODY if subject == COMPANY else places[PLACES[subject]]
    )
    joined = belongs.dropna().astype({"subject_id": "int64"}).merge(found, on="subject_id")
    return joined.drop(columns="subject_id")


def _groups(people: pd.DataFrame, subject: str) -> list[int]:
    if subject == COMPANY:
        return [EVERYBODY]
    return [int(pk) for pk in people[PLACES[subject]].dropna().unique()]
