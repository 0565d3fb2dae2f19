"""From records to day totals of people, and from people to their teams, sites and the company."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from metrics.models import Observation
from metrics.selectors.observations import COMPANY
from metrics.services.places import ancestors, sites

MOMENTS = ["n", "total", "total_sq"]
KEYS = ["day", "measure_id"]


def day_totals(records: pd.DataFrame, measures: Mapping[str, int]) -> pd.DataFrame:
    """employee_id, day, team_id, measure_id, n, total, total_sq of records with one column a measure code.

    measures   {code: measure id}
    Missing    a missing value is not counted: a person's day without any value of a measure has no row of it
    """
    parts = []
    for code, measure_id in measures.items():
        given = records.loc[records[code].notna(), ["employee_id", "day", "team_id", code]]
        given = given.rename(columns={code: "total"}).assign(n=1, total_sq=lambda found: found["total"] ** 2)
        found = given.groupby(["employee_id", "day", "team_id"], as_index=False, sort=False)[MOMENTS].sum()
        parts.append(found.assign(measure_id=measure_id))
    columns = ["employee_id", "day", "team_id", "measure_id", *MOMENTS]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def roll_up(totals: pd.DataFrame) -> pd.DataFrame:
    """subject_type, subject_id, day, measure_id, n, total, total_sq: everybody's own totals, and those of every team
    with the teams below it, of every site and of the company, by where people sat on the day."""
    own = totals.rename(columns={"employee_id": "subject_id"}).assign(
        subject_type=Observation.SubjectType.EMPLOYEE.value
    )
    # An unknown total of squares stays unknown in what it is added to.
    counted = totals.assign(unknown=totals["total_sq"].isna())
    by_team = _sums(counted, "team_id")
    teams = by_team.merge(ancestors(), on="team_id").rename(columns={"above_id": "subject_id"})
    places = by_team.merge(sites(), on="team_id").rename(columns={"site_id": "subject_id"})
    company = by_team.assign(subject_id=COMPANY)
    parts = [own[["subject_type", "subject_id", *KEYS, *MOMENTS]]]
    for kind, frame in (("t", teams), ("s", places), ("c", company)):
        found = _sums(frame, "subject_id")
        found["total_sq"] = found["total_sq"].where(found["unknown"] == 0)
        parts.append(found.assign(subject_type=kind)[["subject_type", "subject_id", *KEYS, *MOMENTS]])
    rolled = pd.concat(parts, ignore_index=True)
    # In the order of the index that drill-down needs: filling it is then half the work.
    days, _distinct = pd.factorize(rolled["day"], sort=True)
    order = np.lexsort([days, rolled["measure_id"].to_numpy(), rolled["subject_id"].to_numpy()])
    return rolled.iloc[order].astype({"subject_id": np.int64, "measure_id": np.int64, "n": np.int64})


def _sums(frame: pd.DataFrame, subject: str) -> pd.DataFrame:
    """Sums of the moments, and how many of them are unknown, by subject, day and measure."""
    grouped = frame.groupby([subject, *KEYS], as_index=False, sort=False)
    return grouped[[*MOMENTS, "unknown"]].sum()
