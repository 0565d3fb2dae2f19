"""How objectives stand today: the same rule as the score's, over what was noted so far and the KPIs to date.

Nothing of it is stored or published; the score comes from a run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from metrics.models import GroupValue, KPIVersion
from metrics.services.group_values import measured_groups
from reviews.methods.base import frozen_version, or_nan, or_none
from reviews.methods.objectives import score_objectives
from reviews.models import CheckIn, Cycle, Objective
from reviews.selectors.evidence import kpi_facts
from reviews.selectors.objective_scores import COMPANY, facts_of_objectives, objectives_rule
from reviews.selectors.objectives import newest_check_ins
from reviews.selectors.references import kpi_reference

VALUE_COLUMNS = ["employee_id", "kpi_version_id", "value", "standard_error", "n"]


@dataclass(frozen=True)
class KeyProgress:
    value: float | None
    points: float | None
    n: int
    rule: str


@dataclass(frozen=True)
class Progress:
    """points: 100 is the target; None where nothing of it has a value yet. keys: {key: KeyProgress}."""

    points: float | None = None
    keys: dict[int, KeyProgress] = field(default_factory=dict)
    check_in: CheckIn | None = None


def progress_of(cycle: Cycle, objectives: Sequence[Objective]) -> dict[int, Progress]:
    """{objective id: Progress} of these objectives of one cycle; who may see them is asked before. A number of queries
    that does not depend on theirs."""
    facts = facts_of_objectives(cycle, [each.pk for each in objectives])
    check_ins = newest_check_ins([each.pk for each in objectives])
    found = {each.pk: Progress(check_in=check_ins.get(each.pk)) for each in objectives}
    if facts.empty:
        return found
    keys, scored = score_objectives(objectives_rule(cycle), facts, values_to_date(cycle, facts))
    parts: dict[int, dict[int, KeyProgress]] = {}
    for row in keys.to_dict("records"):
        parts.setdefault(int(row["objective_id"]), {})[int(row["key"])] = KeyProgress(
            or_none(row["value"]), or_none(row["points"]), int(row["n"]), str(row["rule"])
        )
    for row in scored.to_dict("records"):
        pk = int(row["objective_id"])
        found[pk] = Progress(or_none(row["points"]), parts[pk], check_ins.get(pk))
    return found


def values_to_date(cycle: Cycle, facts: pd.DataFrame) -> pd.DataFrame:
    """The KPI values that key results follow; columns as in ComponentInputs, employee_id as in facts_of_objectives. A
    person's are those that stand for the months of the cycle, those of teams and the company come from the days of the
    cycle whose totals are in."""
    if facts.empty or facts["kpi_version_id"].isna().all():
        return pd.DataFrame(columns=VALUE_COLUMNS)
    followed = facts.dropna(subset=["kpi_version_id"]).astype({"employee_id": int, "kpi_version_id": int})
    versions = {
        version.pk: version
        for version in KPIVersion.objects.filter(
            pk__in=followed["kpi_version_id"].unique().tolist()
        ).select_related("kpi")
    }
    of_people = followed[followed["employee_id"] > COMPANY]
    of_groups = followed[followed["employee_id"] <= COMPANY]
    rows = _of_people(cycle, of_people, versions) + _of_groups(cycle, of_groups, versions)
    return pd.DataFrame(rows, columns=VALUE_COLUMNS)


def _of_people(
    cycle: Cycle, followed: pd.DataFrame, versions: Mapping[int, KPIVersion]
) -> list[dict[str, Any]]:
    if followed.empty:
        return []
    items: list[tuple[dict[str, Any], dict[str, Any]]] = [
        (
            {},
            {
                "kpi": version.kpi.code,
                "version": frozen_version(kpi_reference(version)),
                "target": None,
            },
        )
        for version in map(versions.__getitem__, followed["kpi_version_id"].unique())
    ]
    people = [int(pk) for pk in followed["employee_id"].unique()]
    return [
        {
            "employee_id": employee,
            "kpi_version_id": fact.item["version"]["id"],
            "value": or_nan(fact.value),
            "standard_error": float("nan"),
            "n": fact.n,
        }
        for employee, found in kpi_facts(cycle, people, items).items()
        for fact in found
    ]


def _of_groups(
    cycle: Cycle, followed: pd.DataFrame, versions: Mapping[int, KPIVersion]
) -> list[dict[str, Any]]:
    rows = []
    for is_company, facts in followed.groupby(followed["employee_id"] == COMPANY):
        found = measured_groups(
            subject_type=GroupValue.SubjectType.COMPANY if is_company else GroupValue.SubjectType.TEAM,
            subject_ids=[-int(pk) for pk in facts["employee_id"].unique()],
            kpi_versions=[versions[pk] for pk in sorted(facts["kpi_version_id"].unique())],
            first_day=cycle.first_day,
            last_day=cycle.last_day,
        )
        rows += [
            {
                "employee_id": -each.subject_id,
                "kpi_version_id": each.kpi_version_id,
                "value": or_nan(each.value),
                "standard_error": or_nan(each.standard_error),
                "n": each.n,
            }
            for each in found
        ]
    return rows


def overall_progress(objectives: Iterable[Objective], progress: dict[int, Progress]) -> float | None:
    """The weighted mean of what counts and has points, for one owner's sheet."""
    weighed = [
        (float(each.agreed_version.weight), progress[each.pk].points)
        for each in objectives
        if each.agreed_version is not None and each.pk in progress
    ]
    counted = [(weight, points) for weight, points in weighed if points is not None and weight > 0]
    total = sum(weight for weight, _points in counted)
    return round(sum(weight * points for weight, points in counted) / total, 6) if total else None
