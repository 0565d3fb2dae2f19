"""KPI values of teams, sites and the company over a period: the formula on what all of them did together, which is no
mean of their people's values."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import Any

import pandas as pd

from foundation.runs.models import Run
from metrics.models import GroupValue, KPIVersion, Observation
from metrics.selectors.observations import (
    COMPANY,
    company_totals,
    contested_measures,
    covered_measures,
    totals_by,
)
from metrics.services.kpi_values import codes_of, measures_of, pivot_totals, values_of
from metrics.services.places import with_teams
from metrics.services.rollups import roll_up
from scoring import kpi as scoring_kpi

GROUP_COLUMNS = ["subject_id", "kpi_version_id", "value", "standard_error", "n"]
_SUBJECTS = {
    GroupValue.SubjectType.TEAM: Observation.SubjectType.TEAM,
    GroupValue.SubjectType.SITE: Observation.SubjectType.SITE,
}


def compute_group_values(
    *,
    run: Run,
    subject_type: str,
    subject_ids: Collection[int],
    kpi_versions: Iterable[KPIVersion],
    first_day: date,
    last_day: date,
) -> pd.DataFrame:
    """Compute and store a GroupValue per subject and measured version; the answer is GROUP_COLUMNS of them. What counts
    is said at measured_groups."""
    rows = measured_groups(
        subject_type=subject_type,
        subject_ids=subject_ids,
        kpi_versions=kpi_versions,
        first_day=first_day,
        last_day=last_day,
    )
    for row in rows:
        row.run = run
    GroupValue.objects.bulk_create(rows, batch_size=2000)
    return pd.DataFrame(
        [(row.subject_id, row.kpi_version_id, row.value, row.standard_error, row.n) for row in rows],
        columns=GROUP_COLUMNS,
    ).astype({"value": float, "standard_error": float})


def measured_groups(
    *,
    subject_type: str,
    subject_ids: Collection[int],
    kpi_versions: Iterable[KPIVersion],
    first_day: date,
    last_day: date,
) -> list[GroupValue]:
    """A GroupValue per subject and measured version, by version and subject, of no run and not stored.

    subject_type   of GroupValue.SubjectType; a team's totals are those of the team with the teams below it, by where
                   people sat on the day. The company is the one subject 0.
    Missing        as for a person: undefined where there is no record at all
    """
    versions = [version for version in kpi_versions if version.formula]
    subjects = (
        [COMPANY]
        if subject_type == GroupValue.SubjectType.COMPANY
        else sorted({int(pk) for pk in subject_ids})
    )
    if not versions or not subjects:
        return []
    parsed = {version.pk: scoring_kpi.parse(version.formula) for version in versions}
    measures = measures_of(codes_of(versions, parsed.values()))
    ids = [measure.pk for measure in measures.values()]
    if subject_type == GroupValue.SubjectType.COMPANY:
        found = company_totals(ids, first_day, last_day).assign(subject_id=COMPANY)
    else:
        found = _totals(subject_type, subjects, ids, first_day, last_day)
    totals = pivot_totals(found, subjects, measures, covered_measures(ids, first_day, last_day))
    units = {code: measure.unit for code, measure in measures.items()}
    rows: list[GroupValue] = []
    for version in versions:
        computed = values_of(version, parsed[version.pk], totals, units=units)
        for place, subject in enumerate(subjects):
            rows.append(
                GroupValue(
                    subject_type=subject_type,
                    subject_id=subject,
                    kpi_version=version,
                    value=_or_none(computed.value[place]),
                    standard_error=_or_none(computed.standard_error[place]),
                    n=int(computed.n[place]),
                    inputs={name: _or_none(column[place]) for name, column in computed.inputs.items()},
                )
            )
    return rows


def _totals(
    subject_type: str, subjects: Sequence[int], measure_ids: Sequence[int], first_day: date, last_day: date
) -> pd.DataFrame:
    """subject_id, measure_id, n, total, total_sq: as rolled up on import, where one source gives a measure; where
    several do, from people's own days, since precedence is decided person by person."""
    contested = contested_measures(measure_ids, first_day, last_day)
    kind = _SUBJECTS[GroupValue.SubjectType(subject_type)]
    rolled = totals_by(
        ["subject_id", "measure_id"],
        subject_ids=subjects,
        measure_ids=set(measure_ids) - contested,
        first=first_day,
        last=last_day,
        subject_type=kind,
    )
    if not contested:
        return rolled
    chosen = totals_by(
        ["subject_id", "measure_id", "day"],
        subject_ids=None,
        measure_ids=contested,
        first=first_day,
        last=last_day,
    ).rename(columns={"subject_id": "employee_id"})
    if chosen.empty:
        return rolled
    chosen["day"] = pd.to_datetime(chosen["day"]).dt.date
    again = roll_up(with_teams(chosen)).get(kind)
    if again is None:
        return rolled
    again = again[again["subject_id"].isin(list(subjects))]
    summed = again.groupby(["subject_id", "measure_id"], as_index=False)[["n", "total", "total_sq"]].agg(
        {"n": "sum", "total": "sum", "total_sq": _sum_or_unknown}
    )
    return pd.concat([rolled, summed], ignore_index=True)


def _sum_or_unknown(column: pd.Series) -> float:
    return float(column.sum(skipna=False))


def _or_none(number: Any) -> float | None:
    return None if pd.isna(number) else float(number)
