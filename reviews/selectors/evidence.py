"""What is measured about a person in a period, beside a judgement or before the results are open."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

from metrics.models import KPIPeriod, KPIValue
from people.models import User
from reviews.methods.base import or_none
from reviews.methods.kpi import value_from_inputs
from reviews.methods.scorecard import is_of_person
from reviews.methods.targets import has_targets, person_targets
from reviews.models import Cycle, Result
from reviews.selectors.roles import frozen_roles

MOST_MONTHS = 25  # of a cycle of two years, and the one before it


@dataclass(frozen=True)
class KPIFact:
    """A KPI of a cycle as it stands for one person: value and n of the period so far, against the cycle's target;
    change is that of the latest month against the month before it."""

    item: dict[str, Any]  # the frozen entry: kpi, weight, target, version
    component: dict[str, Any]
    value: float | None
    n: int
    change: float | None
    target: float | None  # the person's own

    @property
    def is_on_target(self) -> bool | None:
        """None where there is nothing to compare."""
        target = self.target
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
    """(component, frozen KPI entry) of the cycle, in order; what a team is measured by is no person's number."""
    return [
        (component, item)
        for component in cycle.configuration["components"]
        for item in component.get("kpis", [])
        if "version" in item and is_of_person(component)
    ]


def kpi_facts(
    cycle: Cycle,
    employee_ids: list[int],
    items: list[tuple[dict[str, Any], dict[str, Any]]] | None = None,
) -> dict[int, list[KPIFact]]:
    """{employee id: facts} in the cycle's order, or of the items given, such as kpi_items gives them. Three queries,
    whatever the number of people and months.

    Made from the values that stand for the calendar months which the period touches; of several months the totals are
    added and the formula is applied to their sum. Who may see them is asked before.
    """
    items = kpi_items(cycle) if items is None else items
    periods = list(
        KPIPeriod.objects.filter(first_day__lte=cycle.last_day, published_run__isnull=False).order_by(
            "-first_day"
        )[:MOST_MONTHS]
    )
    values = _values(periods, employee_ids, {item["kpi"] for _component, item in items})
    within = [period for period in periods if period.last_day >= cycle.first_day]
    targets = _targets(cycle, items, employee_ids)
    return {
        employee: [
            _fact(
                component,
                item,
                [values.get((each.pk, employee, item["kpi"])) for each in periods],
                len(within),
                targets.get((employee, item["kpi"]), item["target"]),
            )
            for component, item in items
        ]
        for employee in employee_ids
    }


def weightiest(facts: list[KPIFact], count: int) -> list[KPIFact]:
    """Those of the KPIs that weigh most, in the cycle's order; a KPI of two components counts with both and stands
    once, with its target where one of them has one."""
    weights: dict[str, float] = {}
    for fact in facts:
        code = fact.item["kpi"]
        weights[code] = weights.get(code, 0) + fact.component["weight"] * fact.item.get("weight", 100)
    chosen = set(sorted(weights, key=lambda code: -weights[code])[:count])
    first: dict[str, KPIFact] = {}
    for fact in facts:
        code = fact.item["kpi"]
        if code in chosen and (code not in first or first[code].target is None):
            first[code] = fact
    return list(first.values())


def _fact(
    component: dict[str, Any],
    item: dict[str, Any],
    months: list[KPIValue | None],
    within: int,
    target: float | None,
) -> KPIFact:
    """months: the latest first; `within` of them belong to the cycle, what follows is before it."""
    own = [value for value in months[:within] if value is not None]
    n = sum(value.n for value in own)
    if len(own) == 1:
        value = own[0].value
    else:
        totals: dict[str, float] = {}
        for each in own:
            for name, number in each.inputs.items():
                totals[name] = totals.get(name, 0.0) + (number or 0.0)
        value = value_from_inputs(item["version"], totals, n)
    latest, before = (each.value if each else None for each in [*months, None, None][:2])
    change = latest - before if within and latest is not None and before is not None else None
    return KPIFact(item=item, component=component, value=value, n=n, change=change, target=target)


def _targets(
    cycle: Cycle, items: list[tuple[dict[str, Any], dict[str, Any]]], employee_ids: list[int]
) -> dict[tuple[int, str], float | None]:
    """{(employee id, KPI code): target} of the KPIs whose targets differ from person to person."""
    varying = [item for _component, item in items if has_targets(item)]
    if not varying:
        return {}
    people = frozen_roles(cycle.pk, employee_ids)
    ids = people["employee_id"].to_numpy(dtype="int64")
    return {
        (int(employee), item["kpi"]): or_none(target)
        for item in varying
        for employee, target in zip(ids, person_targets(item, people, ids), strict=True)
    }


def _values(
    periods: list[KPIPeriod], employee_ids: list[int], codes: set[str]
) -> dict[tuple[int, int, str], KPIValue]:
    """{(period id, employee id, KPI code): value}"""
    if not periods or not codes:
        return {}
    period_of_run = {period.published_run_id: period.pk for period in periods}
    values = KPIValue.objects.filter(
        run__in=period_of_run, employee_id__in=employee_ids, kpi_version__kpi__code__in=codes
    ).select_related("kpi_version__kpi")
    return {
        (period_of_run[value.run_id], value.employee_id, value.kpi_version.kpi.code): value
        for value in values
    }


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


def _pull(line: dict[str, Any], score: float) -> float:
    """Points within its component: an incident as it counts, other lines by what sets them off from the score."""
    if "incident" in line:
        return float(line["points"])
    return float(line["effective_weight"] / 100 * (line["points"] - score))


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
            "points": component["effective_weight"] / 100 * _pull(line, score),
        }
        for component in explanation["components"]
        for line in component["lines"]
        if line["points"] is not None
    ]
    # Less than a tenth of a point moved nothing that anybody could see.
    felt = [each for each in found if abs(each["points"]) >= 0.05]
    return sorted(felt, key=lambda each: -abs(each["points"]))[:count]
