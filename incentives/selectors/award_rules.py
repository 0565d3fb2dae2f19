"""Whom a rule awards in a month, from the month's published KPI values and the roster."""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from metrics.models import KPI, KPIValue, KPIVersion
from metrics.selectors.kpi_values import month_before, month_span, period_of
from metrics.selectors.observations import COMPANY
from people.models import User

#: Fewer people than this with enough sample and there is no best.
SMALLEST_FIELD = 5
#: One-sided 5 %: an improvement that chance alone brings about once in twenty is none.
CERTAINTY = 1.645


@dataclass(frozen=True)
class Winner:
    employee_id: int
    facts: Mapping[str, Any]


def winners(rule: Mapping[str, Any], month: datetime.date) -> list[Winner]:
    """In the order of their employee ids; nobody where the rule finds nobody.

    best_of_kpi     the best value of those with the KPI's minimum sample, all who share it; nobody among fewer than
                    SMALLEST_FIELD people
    most_improved   the largest gain over the month before among those whose gain exceeds CERTAINTY standard errors of
                    the difference, sqrt(se1^2 + se2^2), with the minimum sample in both months
    milestone       whose day of hire has its 1st, 3rd, ... return in the month; 29 February returns on 1 March
    """
    match rule.get("kind"):
        case "best_of_kpi":
            return _best(str(rule["kpi"]), month)
        case "most_improved":
            return _most_improved(str(rule["kpi"]), month)
        case "milestone":
            return _milestones([int(years) for years in rule["years"]], month)
    return []


def _values(kpi: str, month: datetime.date) -> dict[int, KPIValue]:
    period = period_of(month)
    if period is None:
        return {}
    found = (
        KPIValue.objects.filter(run=period.published_run_id, kpi_version__kpi__code=kpi, value__isnull=False)
        .exclude(employee_id=COMPANY)
        .select_related("kpi_version__kpi")
    )
    return {value.employee_id: value for value in found if value.n >= value.kpi_version.minimum_sample}


def _goodness(value: KPIValue) -> float:
    """Larger is better, whatever the KPI's direction."""
    version: KPIVersion = value.kpi_version
    number = float(value.value or 0.0)
    match version.direction:
        case "lower":
            return -number
        case "nearest":
            return -abs(number - float(version.target or 0.0))
    return number


def _still_here(ids: list[int], month: datetime.date) -> set[int]:
    """Whoever left before the month's end is not awarded: there is nobody to tell."""
    _first, last = month_span(month)
    people = User.objects.filter(pk__in=ids, is_active=True).filter(
        Q(left_on__isnull=True) | Q(left_on__gt=last)
    )
    return set(people.values_list("pk", flat=True))


def _named(kpi: KPI) -> dict[str, str]:
    return {"zh": kpi.name_zh, "en": kpi.name_en}


def _best(kpi: str, month: datetime.date) -> list[Winner]:
    values = _values(kpi, month)
    here = _still_here(list(values), month)
    field = {person: value for person, value in values.items() if person in here}
    if len(field) < SMALLEST_FIELD:
        return []
    top = max(_goodness(value) for value in field.values())
    return [
        Winner(
            person,
            {"kpi": _named(value.kpi_version.kpi), "value": value.value, "n": value.n, "of": len(field)},
        )
        for person, value in sorted(field.items())
        if math.isclose(_goodness(value), top, rel_tol=0, abs_tol=1e-9)
    ]


def _most_improved(kpi: str, month: datetime.date) -> list[Winner]:
    now, before = _values(kpi, month), _values(kpi, month_before(month))
    gains: dict[int, float] = {}
    for person in now.keys() & before.keys():
        first, second = before[person].standard_error, now[person].standard_error
        if first is None or second is None:
            continue
        gain = _goodness(now[person]) - _goodness(before[person])
        if gain > 0 and gain > CERTAINTY * math.hypot(first, second):
            gains[person] = gain
    here = _still_here(list(gains), month)
    sure = {person: gain for person, gain in gains.items() if person in here}
    if not sure:
        return []
    top = max(sure.values())
    return [
        Winner(
            person,
            {
                "kpi": _named(now[person].kpi_version.kpi),
                "value": now[person].value,
                "before": before[person].value,
                "n": now[person].n,
            },
        )
        for person in sorted(sure)
        if math.isclose(sure[person], top, rel_tol=0, abs_tol=1e-9)
    ]


def _milestones(years: list[int], month: datetime.date) -> list[Winner]:
    first, last = month_span(month)
    people = (
        User.objects.filter(is_active=True, employee_number__isnull=False, hired_on__lt=first)
        .filter(Q(left_on__isnull=True) | Q(left_on__gt=last))
        .filter(Q(hired_on__month=first.month) | Q(hired_on__month=2, hired_on__day=29))
        .order_by("pk")
    )
    found: list[Winner] = []
    for person in people.only("pk", "hired_on"):
        assert person.hired_on is not None
        found += [
            Winner(person.pk, {"years": count})
            for count in years
            if first <= _return_of(person.hired_on, count) <= last
        ]
    return found


def _return_of(day: datetime.date, years: int) -> datetime.date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return datetime.date(day.year + years, 3, 1)
