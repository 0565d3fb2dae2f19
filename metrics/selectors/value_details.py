"""What stands behind one KPI value of one person: its days, and the records themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd
from django.db.models import Q, QuerySet

from metrics import formulas
from metrics.models import KPIVersion, Measure, Record
from metrics.selectors.inspections import without_unseen_scores
from metrics.selectors.observations import totals_by
from people.models import User
from people.selectors.employees import get_employee_for
from scoring import kpi as scoring_kpi


@dataclass(frozen=True)
class Day:
    """The KPI's formula on one day's totals; None where it is undefined on that day."""

    day: date
    value: float | None
    n: int


@dataclass(frozen=True)
class ValueDetail:
    employee: User
    version: KPIVersion
    days: list[Day]
    measures: list[Measure]
    records: QuerySet[Record]


def kpi_value_detail(
    user: User, employee_id: int, version: KPIVersion, first: date, last: date
) -> ValueDetail:
    """Days with data of first..last, and the records behind them, the latest first.

    Http404 alike for a missing person and one whom `user` may not see in that period. Days are for looking: what a
    person is judged by is the stored value of the whole period.
    """
    employee = get_employee_for(user, employee_id, first=first, last=last)
    formula = scoring_kpi.parse(version.formula)
    codes = sorted(formula.measures)
    measures = list(Measure.objects.filter(code__in=[*codes, version.sample_measure]))
    days = _days(version, formula, measures, employee.pk, first, last)
    behind = Q()
    for code in codes:
        behind |= Q(values__has_key=code)
    records = Record.objects.filter(behind, employee_id=employee.pk, day__range=(first, last)).select_related(
        "batch__source"
    )
    seen = without_unseen_scores(records, user)
    return ValueDetail(employee, version, days, [each for each in measures if each.code in codes], seen)


def _days(
    version: KPIVersion,
    formula: scoring_kpi.Formula,
    measures: Sequence[Measure],
    employee_id: int,
    first: date,
    last: date,
) -> list[Day]:
    units = {measure.code: measure.unit for measure in measures}
    if not formula.measures <= set(units):
        return []
    ids = {measure.pk: measure.code for measure in measures}
    found = totals_by(
        ["day", "measure_id"], subject_ids=[employee_id], measure_ids=list(ids), first=first, last=last
    )
    if found.empty:
        return []
    days = sorted(found["day"].unique())
    columns = {}
    for pk, code in ids.items():
        rows = found[found["measure_id"] == pk].set_index("day").reindex(days)
        fill = 0.0 if units[code] in formulas.ADDITIVE_UNITS else np.nan
        columns[code, "sum"] = rows["total"].astype(float).fillna(fill)
        columns[code, "count"] = rows["n"].astype(float).fillna(0.0)
    totals = pd.DataFrame(columns, index=days)
    totals.columns = pd.MultiIndex.from_tuples(list(columns))
    values = formulas.evaluate(formula, totals, unit=version.unit)
    sampled = formulas.sample_of(formula, sample_measure=version.sample_measure, units=units)
    sizes = formulas.sample(sampled, totals)
    return [
        Day(day, None if np.isnan(value) else float(value), int(n))
        for day, value, n in zip(days, values, sizes, strict=True)
    ]


def every_day(days: Sequence[Day], first: date, last: date) -> list[Day]:
    """With the days on which there was nothing, so that a line shows its gaps."""
    known = {day.day: day for day in days}
    span = [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
    return [known.get(day, Day(day, None, 0)) for day in span]
