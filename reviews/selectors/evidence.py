"""What is measured about a person in a period, beside a judgement or before the results are open."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

from metrics.models import KPIPeriod, KPIValue
from people.models import User
from reviews.models import Cycle, Result


@dataclass(frozen=True)
class KPIFact:
    """A KPI of a cycle as it stands for one person: the standing value of the period, against the cycle's target."""

    item: dict[str, Any]  # the frozen entry: kpi, weight, target, version
    component: dict[str, Any]
    value: float | None
    n: int
    previous: float | None

    @property
    def change(self) -> float | None:
        return None if self.value is None or self.previous is None else self.value - self.previous

    @property
    def is_on_target(self) -> bool | None:
        """None where there is nothing to compare."""
        target = self.item.get("target")
        if self.value is None or target is None:
            return None
        direction = self.item["version"]["direction"]
        if direction == "lower":
            return self.value <= target
        return self.value >= target if direction == "higher" else None

    @property
    def is_below_minimum(self) -> bool:
        return self.value is not None and self.n < self.item["version"]["minimum_sample"]


def kpi_items(cycle: Cycle) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """(component, frozen KPI entry) of the cycle, in order."""
    return [
        (component, item)
        for component in cycle.configuration["components"]
        for item in component.get("kpis", [])
        if "version" in item
    ]


def kpi_facts(cycle: Cycle, employee_ids: list[int]) -> dict[int, list[KPIFact]]:
    """{employee id: facts} in the cycle's order. Three queries, whatever the number of people.

    Values are those that stand for the calendar months in which the period ends; who may see them is asked before.
    """
    items = kpi_items(cycle)
    codes = {item["kpi"] for _component, item in items}
    periods = list(
        KPIPeriod.objects.filter(first_day__lte=cycle.last_day, published_run__isnull=False).order_by(
            "-first_day"
        )[:2]
    )
    # The month that ends the period counts; an earlier one would not be about this cycle.
    current = periods[0] if periods and periods[0].last_day >= cycle.first_day else None
    before = periods[1] if current and len(periods) > 1 else None
    now = _values(current, employee_ids, codes)
    then = _values(before, employee_ids, codes)
    return {
        employee: [
            KPIFact(
                item=item,
                component=component,
                value=value.value if (value := now.get((employee, item["kpi"]))) else None,
                n=value.n if value else 0,
                previous=old.value if (old := then.get((employee, item["kpi"]))) else None,
            )
            for component, item in items
        ]
        for employee in employee_ids
    }


def _values(
    period: KPIPeriod | None, employee_ids: list[int], codes: set[str]
) -> dict[tuple[int, str], KPIValue]:
    if period is None or not codes:
        return {}
    values = KPIValue.objects.filter(
        run=period.published_run_id, employee_id__in=employee_ids, kpi_version__kpi__code__in=codes
    ).select_related("kpi_version__kpi")
    return {(value.employee_id, value.kpi_version.kpi.code): value for value in values}


def data_until(cycle: Cycle) -> datetime.datetime | None:
    """When the standing values that kpi_facts shows were published."""
    period = (
        KPIPeriod.objects.filter(
            first_day__lte=cycle.last_day, last_day__gte=cycle.first_day, published_run__isnull=False
        )
        .order_by("-first_day")
        .first()
    )
    return period.published_at if period else None


def previous_result(cycle: Cycle, employee: User | int) -> tuple[Cycle, Result] | None:
    """The person's latest released result before this cycle; two queries."""
    employee_id = employee if isinstance(employee, int) else employee.pk
    earlier = (
        Cycle.objects.filter(
            released_at__isnull=False, last_day__lt=cycle.last_day, participants__employee=employee_id
        )
        .exclude(pk=cycle.pk)
        .order_by("-last_day", "-id")
        .first()
    )
    if earlier is None:
        return None
    result = Result.objects.filter(run=earlier.published_run_id, employee=employee_id).first()
    return (earlier, result) if result else None


def moved_by(explanation: dict[str, Any], *, count: int = 3) -> list[dict[str, Any]]:
    """The lines that lifted or lowered the overall score most: [{component, line, points}], largest first.

    points = share of the line in the overall score x (its points - the overall score): how far this line pulls the
    score up or down from where the others hold it. Over all lines they add up to nothing.
    """
    score = explanation["score"]
    if score is None:
        return []
    found = [
        {
            "component": component,
            "line": line,
            "points": component["effective_weight"]
            / 100
            * line["effective_weight"]
            / 100
            * (line["points"] - score),
        }
        for component in explanation["components"]
        for line in component["lines"]
        if line["points"] is not None
    ]
    # Less than a tenth of a point moved nothing that anybody could see.
    felt = [each for each in found if abs(each["points"]) >= 0.05]
    return sorted(felt, key=lambda each: -abs(each["points"]))[:count]
