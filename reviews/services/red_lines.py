"""What bonus items and red lines do to everybody in a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from foundation.bulk import copy_out
from foundation.runs.models import Run
from reviews.methods.bonus import counted_points
from reviews.methods.overall import BREACH, POINTS
from reviews.methods.red_lines import Facts, hits, red_lines_of

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


def red_lines_crossed(
    run: Run, configuration: Mapping[str, Any], adjustments: pd.DataFrame, ratings: pd.Series
) -> pd.DataFrame:
    """employee_id, value, line, cap (index of the band) of those who have a rating; one query where KPIs are named."""
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
    found = hits(configuration, Facts(values, standing_breaches(adjustments)))
    return found[found["employee_id"].isin(ratings.index[ratings.ne("")])]


def capped_ratings(ratings: pd.Series, crossed: pd.DataFrame, configuration: Mapping[str, Any]) -> pd.Series:
    """The new rating of those whom a red line lowers, by employee id."""
    codes = [band["code"] for band in configuration["rating_bands"]]
    caps = crossed.groupby("employee_id")["cap"].min().astype(int)
    standing = ratings.loc[caps.index].map({code: index for index, code in enumerate(codes)})
    lowered = caps[caps < standing]
    return lowered.map(dict(enumerate(codes)))
