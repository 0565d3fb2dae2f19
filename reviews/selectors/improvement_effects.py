"""Whether improvement plans help: the KPI of people who had one, against people in the same job who had none."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from foundation.bulk import copy_out
from metrics.models import KPI, KPIPeriod
from people.models import Job
from people.selectors.tenure import job_spells
from reviews.models import ImprovementPlan, PlanTerms
from reviews.selectors.improvement_plans import states_of
from scoring.effects import LEAST, Effect, matched_effect

NEIGHBOURS = 3
MONTHS_AFTER = (1, 2, 3, 6)

_VALUES = """
    SELECT value.run_id, value.employee_id, value.value
    FROM metrics_kpivalue AS value
    JOIN metrics_kpiversion AS version ON version.id = value.kpi_version_id AND version.kpi_id = %(kpi)s
    WHERE value.run_id = ANY(%(runs)s::uuid[]) AND value.employee_id > 0 AND value.value IS NOT NULL
        AND value.n >= version.minimum_sample
"""


@dataclass(frozen=True)
class PlanEffect:
    """effect: None where nobody is treated yet. months: how many after the month in which a plan came to stand."""

    kpi: KPI
    months: int
    effect: Effect | None
    plans: int
    cohorts: list[str] = field(default_factory=list)


def kpis_of_plans() -> list[KPI]:
    """KPIs of which some improvement plan has a target, by code."""
    codes: set[str] = set()
    terms = PlanTerms.objects.filter(plan__kind=ImprovementPlan.Kind.IMPROVEMENT)
    for content in terms.values_list("content", flat=True):
        codes |= {target["kpi"] for target in content["targets"]}
    return list(KPI.objects.filter(code__in=codes).order_by("code"))


def plan_effect(kpi: KPI, months: int) -> PlanEffect:
    """Before: the month before the one in which the terms came to stand. After: `months` months after that one.

    Compared with everybody in the same job who has both values and no improvement plan that touches those
    months. A dozen queries, whatever the number of people.
    """
    plans = list(ImprovementPlan.objects.filter(kind=ImprovementPlan.Kind.IMPROVEMENT))
    states = states_of(plans)
    spans = []  # of every plan that ever stood, whatever its targets: [since, until]
    treated: dict[tuple[int, int], None] = {}  # (month, employee)
    count = 0
    for state in states.values():
        if state.since is None:
            continue
        spans.append((state.plan.employee_id, state.since, state.plan.closed_on))
        first = next(each for each in state.terms if each.content)
        if any(
            target["kpi"] == kpi.code for terms in (first, state.shown) for target in terms.content["targets"]
        ):
            treated.setdefault((_month(state.since), state.plan.employee_id))
            count += 1
    starts = sorted({month for month, _person in treated})
    values = _values_by_month(kpi, {m for start in starts for m in (start - 1, start + months)})
    rows: list[dict[str, Any]] = []
    for start in starts:
        before, after = values.get(start - 1), values.get(start + months)
        if before is None or after is None:
            continue
        both = before.index.intersection(after.index)
        having = {person for month, person in treated if month == start}
        busy = {
            person
            for person, since, until in spans
            if _month(since) <= start + months and (until is None or _month(until) >= start - 1)
        }
        people = [person for person in both if person in having or person not in busy]
        rows += [
            {
                "person": int(person),
                "start": start,
                "before": float(before[person]),
                "after": float(after[person]),
                "treated": person in having,
            }
            for person in people
        ]
    if not rows:
        return PlanEffect(kpi, months, None, count)
    frame = pd.DataFrame(rows)
    frame = _with_jobs(frame)
    effect = matched_effect(
        frame["before"].to_numpy(),
        frame["after"].to_numpy(),
        frame["treated"].to_numpy(),
        groups=[f"{start}:{job}" for start, job in zip(frame["start"], frame["job"], strict=True)],
        tenure=frame["tenure"].to_numpy(),
        people=frame["person"].to_numpy(),
        neighbours=NEIGHBOURS,
        least=LEAST,
    )
    return PlanEffect(kpi, months, effect, count, [_text(start) for start in starts])


def _month(day: datetime.date) -> int:
    """Months counted through, so that they can be added to."""
    return day.year * 12 + day.month - 1


def _text(month: int) -> str:
    return f"{month // 12:04d}-{month % 12 + 1:02d}"


def _values_by_month(kpi: KPI, months: set[int]) -> dict[int, pd.Series]:
    """{month: value by employee id}, of those with at least the minimum sample."""
    days = [datetime.date(month // 12, month % 12 + 1, 1) for month in months]
    periods = KPIPeriod.objects.filter(published_run__isnull=False, first_day__in=days)
    runs = {str(run): _month(day) for run, day in periods.values_list("published_run", "first_day")}
    if not runs:
        return {}
    frame = copy_out(_VALUES, {"kpi": kpi.pk, "runs": list(runs)})
    return {runs[str(run)]: part.set_index("employee_id")["value"] for run, part in frame.groupby("run_id")}


def _with_jobs(frame: pd.DataFrame) -> pd.DataFrame:
    """Adds job (code) and tenure (months in it) as of the month before the plan; who had no job then is left out."""
    jobs = dict(Job.objects.values_list("pk", "code"))
    made = []
    for start in sorted({int(each) for each in frame["start"]}):
        part = frame[frame["start"] == start]
        first = datetime.date(start // 12, start % 12 + 1, 1)
        spells = {
            spell.employee_id: (jobs[spell.job_id], max(0, (first - spell.since).days) / 30.4375)
            for spell in job_spells(part["person"].tolist(), first - datetime.timedelta(days=1))
        }
        known = part[part["person"].isin(list(spells))]
        made.append(
            known.assign(
                job=[spells[person][0] for person in known["person"]],
                tenure=np.array([spells[person][1] for person in known["person"]], dtype=float),
            )
        )
    return pd.concat(made, ignore_index=True)
