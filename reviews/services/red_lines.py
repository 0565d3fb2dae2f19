"""What bonus items and red lines do to everybody in a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from foundation.bulk import copy_out
from foundation.runs.models import Run
from reviews.methods.bonus import counted_points
from reviews.methods.overall import BREACH, POINTS
from reviews.methods.red_lines import Facts, hits, incident_lines, red_lines_of
from reviews.models import Cycle
from reviews.selectors.incidents import incident_counts

NOBODY = pd.DataFrame(
    {
        "employee_id": pd.Series(dtype="int64"),
        "value": pd.Series(dtype=float),
        "line": pd.Series(dtype=object),
        "cap": pd.Series(dtype="int64"),
    }
)


def points_of_people(adjustments: pd.DataFrame, configuration: Mapping[str, Any]) -> pd.Series:
    """The points that count, by employee id; only of those who were granted any."""
    granted = adjustments[adjustments["kind"] == POINTS]
    return pd.Series(
        {
            employee: counted_points(zip(rows["item"], rows["points"], strict=True), configuration)
            for employee, rows in granted.groupby("employee_id")
        },
        dtype=float,
    )


def standing_breaches(adjustments: pd.DataFrame) -> pd.DataFrame:
    """Recorded breaches that were not withdrawn."""
    breaches = adjustments[adjustments["kind"] == BREACH]
    withdrawn = set(breaches["reverses_id"].dropna())
    return breaches[breaches["reverses_id"].isna() & ~breaches["id"].isin(withdrawn)]


def counted_incidents(cycle: Cycle, employee_ids: list[int]) -> pd.DataFrame:
    """employee_id, line, value of the red lines that count incidents; a query for each."""
    rows = [
        (employee, line["code"], float(count))
        for line in incident_lines(cycle.configuration)
        for employee, count in incident_counts(
            employee_ids,
            cycle.first_day,
            cycle.last_day,
            behaviours=line.get("behaviours", []),
            strengths=line.get("strengths", []),
            noted_before=cycle.released_at,
        ).items()
    ]
    return pd.DataFrame(rows, columns=["employee_id", "line", "value"])


def red_lines_crossed(run: Run, cycle: Cycle, adjustments: pd.DataFrame, ratings: pd.Series) -> pd.DataFrame:
    """employee_id, value, line, cap (index of the band) of those who have a rating; one query where KPIs are named,
    and one per line that counts incidents."""
    configuration = cycle.configuration
    if not red_lines_of(configuration):
        return NOBODY
    versions = [line["version"]["id"] for line in red_lines_of(configuration) if "version" in line]
    values = copy_out(
        """
        SELECT employee_id, kpi_version_id, value, n FROM metrics_kpivalue
        WHERE run_id = %s AND kpi_version_id = ANY(%s) AND employee_id <> 0
        """,
        [str(run.pk), versions],
    )
    incidents = counted_incidents(cycle, ratings.index.tolist())
    found = hits(configuration, Facts(values, standing_breaches(adjustments), incidents))
    return found[found["employee_id"].isin(ratings.index[ratings.ne("")])]


def capped_ratings(ratings: pd.Series, crossed: pd.DataFrame, configuration: Mapping[str, Any]) -> pd.Series:
    """The new rating of those whom a red line lowers, by employee id."""
    codes = [band["code"] for band in configuration["rating_bands"]]
    caps = crossed.groupby("employee_id")["cap"].min().astype(int)
    standing = ratings.loc[caps.index].map({code: index for index, code in enumerate(codes)})
    lowered = caps[caps < standing]
    return lowered.map(dict(enumerate(codes)))
