"""How far the targets of plans have come: filled in from the KPI values that stand, month by month."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from metrics.models import KPIPeriod, KPIValue
from people.models import User
from reviews.models import ImprovementPlan, PlanTerms
from scoring.improvement import is_met, way_made

MOST_MONTHS = 25


@dataclass
class TargetProgress:
    """target: as it stands in the terms; months: (first day, value, n) from the month of the start value on."""

    target: dict[str, Any]
    months: list[tuple[datetime.date, float | None, int]] = field(default_factory=list)

    @property
    def latest(self) -> tuple[datetime.date, float | None, int] | None:
        """The latest month that has a value."""
        return next((each for each in reversed(self.months) if each[1] is not None), None)

    @property
    def value(self) -> float | None:
        return self.latest[1] if self.latest else None

    @property
    def share(self) -> float | None:
        """Of the way from the start to the target, 0 to 1."""
        return way_made(self.target["start"], self.value, self.target["target"], self.target["direction"])

    @property
    def is_met(self) -> bool:
        target = self.target
        return is_met(self.value, target["target"], target["direction"], decimals=target["decimals"])

    def snapshot(self) -> dict[str, Any]:
        """What a check-in or an outcome keeps of it."""
        latest = self.latest
        return {
            **self.target,
            "value": self.value,
            "month": latest[0].isoformat()[:7] if latest else None,
            "n": latest[2] if latest else 0,
            "share": self.share,
            "is_met": self.is_met,
        }


def progress_of(pairs: Iterable[tuple[ImprovementPlan, PlanTerms]]) -> dict[int, list[TargetProgress]]:
    """{plan id: progress of each target, in the order of the terms}. Two queries, whatever the number of plans."""
    wanted = list(pairs)
    found = {
        plan.pk: [TargetProgress(target) for target in terms.content["targets"]] for plan, terms in wanted
    }
    codes = {target["kpi"] for _plan, terms in wanted for target in terms.content["targets"]}
    if not codes:
        return found
    periods = list(
        KPIPeriod.objects.filter(published_run__isnull=False).order_by("-first_day")[:MOST_MONTHS]
    )[::-1]
    first_day = {period.published_run_id: period.first_day for period in periods}
    values = KPIValue.objects.filter(
        run__in=list(first_day),
        employee_id__in={plan.employee_id for plan, _terms in wanted},
        kpi_version__kpi__code__in=codes,
    ).values_list("run", "employee_id", "kpi_version__kpi__code", "value", "n")
    known = {(first_day[run], person, code): (value, n) for run, person, code, value, n in values}
    for plan, _terms in wanted:
        for each in found[plan.pk]:
            begin = first_month(each.target, plan)
            for period in periods:
                key = (period.first_day, plan.employee_id, each.target["kpi"])
                if period.first_day >= begin and key in known:
                    value, n = known[key]
                    each.months.append((period.first_day, value, n))
    return found


def first_month(target: dict[str, Any], plan: ImprovementPlan) -> datetime.date:
    """Of the start value; where there was none, the month in which the plan was opened."""
    if target["start_month"]:
        return datetime.date.fromisoformat(f"{target['start_month']}-01")
    return plan.opened_at.date().replace(day=1)


def progress(plan: ImprovementPlan, terms: PlanTerms) -> list[TargetProgress]:
    return progress_of([(plan, terms)])[plan.pk]


def start_values(
    employee: User | int, kpis: Iterable[str], month: str | None = None
) -> dict[str, tuple[str, float, int]]:
    """{KPI code: ("2025-10", value, n)}: of the month, or the latest that has a value; two queries."""
    employee_id = employee if isinstance(employee, int) else employee.pk
    periods = KPIPeriod.objects.filter(published_run__isnull=False)
    if month is not None:
        periods = periods.filter(first_day=datetime.date.fromisoformat(f"{month}-01"))
    first_day = dict(periods.order_by("-first_day").values_list("published_run", "first_day")[:MOST_MONTHS])
    values = KPIValue.objects.filter(
        run__in=list(first_day), employee_id=employee_id, kpi_version__kpi__code__in=list(kpis)
    ).values_list("run", "kpi_version__kpi__code", "value", "n")
    found: dict[str, tuple[str, float, int]] = {}
    for run, code, value, n in values:
        if value is None:
            continue
        at = first_day[run].isoformat()[:7]
        if code not in found or at > found[code][0]:
            found[code] = (at, float(value), n)
    return found
