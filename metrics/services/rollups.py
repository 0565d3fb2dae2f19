"""From records to day totals of people, and from people to their teams, sites and the company."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from foundation.bulk import constant
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


def roll_up(totals: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """subject_type, subject_id, day, measure_id, n, total, total_sq: everybody's own totals, and those of every team
    with the teams below it, of every site and of the company, by where people sat on the day; a frame of each
    kind of subject that has any."""
    # An unknown total of squares stays unknown in what it is added to.
    counted = totals.assign(unknown=totals["total_sq"].isna())
    by_team = _sums(counted, "team_id")
    teams = by_team.merge(ancestors(), on="team_id").rename(columns={"above_id": "subject_id"})
    places = by_team.merge(sites(), on="team_id").rename(columns={"site_id": "subject_id"})
    company = by_team.assign(subject_id=COMPANY)
    own = totals.rename(columns={"employee_id": "subject_id"})
    parts = {Observation.SubjectType.EMPLOYEE.value: _in_order(own, Observation.SubjectType.EMPLOYEE.value)}
    for kind, frame in (("t", teams), ("s", places), ("c", company)):
        found = _sums(frame, "subject_id")
        found["total_sq"] = found["total_sq"].where(found["unknown"] == 0)
        parts[kind] = _in_order(found, kind)
    return {kind: part for kind, part in parts.items() if len(part)}


def _in_order(frame: pd.DataFrame, kind: str) -> pd.DataFrame:
    """In the order of the index that drill-down needs: filling it is then half the work. Days and the kind stand once
    each, so that a million rows of them cost nothing."""
    codes, days = pd.factorize(frame["day"], sort=True)
    subject = frame["subject_id"].to_numpy(dtype=np.int64)
    measure = frame["measure_id"].to_numpy(dtype=np.int64)
    order = np.lexsort([codes, measure, subject])
    return pd.DataFrame(
        {
            "subject_type": constant(kind, len(frame)),
            "subject_id": subject[order],
            "day": pd.Categorical.from_codes(codes[order], pd.Index(days, dtype=object)),
            "measure_id": measure[order],
            "n": frame["n"].to_numpy(dtype=np.int64)[order],
            "total": frame["total"].to_numpy()[order],
            "total_sq": frame["total_sq"].to_numpy()[order],
        }
    )


def _sums(frame: pd.DataFrame, subject: str) -> pd.DataFrame:
    """Sums of the moments, and how many of them are unknown, by subject, day and measure."""
    grouped = frame.groupby([subject, *KEYS], as_index=False, sort=False)
    return grouped[[*MOMENTS, "unknown"]].sum()
