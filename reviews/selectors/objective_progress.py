"""How objectives stand today: the same rule as the score's, over what was noted so far and the KPIs to date.

Nothing of it is stored or published; the score comes from a run.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from metrics.models import KPIVersion
from reviews.methods.base import frozen_version, or_nan, or_none
from reviews.methods.objectives import score_objectives
from reviews.models import CheckIn, Cycle, Objective
from reviews.selectors.evidence import kpi_facts
from reviews.selectors.objective_scores import objective_facts, objectives_rule, team_objective_facts
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
    """{objective id: Progress} of these objectives of one cycle; who may see them is asked before. Six queries at most,
    whatever their number."""
    people = sorted({each.employee_id for each in objectives if each.employee_id is not None})
    frames = [objective_facts(cycle, people)] if people else []
    if any(each.employee_id is None for each in objectives):
        frames.append(team_objective_facts(cycle).assign(employee_id=0))
    facts = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()
    check_ins = newest_check_ins([each.pk for each in objectives])
    found = {each.pk: Progress(check_in=check_ins.get(each.pk)) for each in objectives}
    if facts.empty:
        return found
    facts = facts[facts["objective_id"].isin(list(found))]
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
    """The KPI values that key results follow, as they stand for the months of the cycle; columns as in ComponentInputs.
    Four queries at most."""
    if facts.empty or facts["kpi_version_id"].isna().all():
        return pd.DataFrame(columns=VALUE_COLUMNS)
    followed = facts.dropna(subset=["kpi_version_id"])
    versions = KPIVersion.objects.filter(pk__in=followed["kpi_version_id"].astype(int).unique().tolist())
    items: list[tuple[dict[str, Any], dict[str, Any]]] = [
        (
            {},
            {
                "kpi": version.kpi.code,
                "version": frozen_version(kpi_reference(version)),
                "target": None,
            },
        )
        for version in versions.select_related("kpi")
    ]
    people = [int(pk) for pk in followed["employee_id"].unique()]
    rows = [
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
    return pd.DataFrame(rows, columns=VALUE_COLUMNS)


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
