"""KPI values as they stand: only published runs are read, and only of people whom the reader may see."""

from __future__ import annotations

import calendar
import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import QuerySet
from django.utils import timezone

from metrics.models import KPI, KPIPeriod, KPIValue, KPIVersion
from metrics.selectors.observations import COMPANY
from people.models import User
from people.selectors.employees import visible_employees


@dataclass(frozen=True)
class Standing:
    """One KPI of one person: this month's value and the month's before, None where nothing was computed."""

    kpi: KPI
    version: KPIVersion
    current: KPIValue | None
    previous: KPIValue | None

    @property
    def change(self) -> float | None:
        """Signed difference in the KPI's unit; None unless both months have a value."""
        if self.current is None or self.previous is None:
            return None
        if self.current.value is None or self.previous.value is None:
            return None
        return float(round(self.current.value - self.previous.value, 6))

    @property
    def has_value(self) -> bool:
        return self.current is not None and self.current.value is not None

    @property
    def is_uncertain(self) -> bool:
        return self.current is not None and self.current.n < self.version.minimum_sample


def month_span(day: date) -> tuple[date, date]:
    return day.replace(day=1), day.replace(day=calendar.monthrange(day.year, day.month)[1])


def month_before(day: date) -> date:
    return day.replace(day=1) - timedelta(days=1)


def published_periods() -> QuerySet[KPIPeriod]:
    """Months with values, the latest first."""
    return KPIPeriod.objects.filter(published_run__isnull=False).order_by("-first_day")


def period_of(month: date) -> KPIPeriod | None:
    return published_periods().filter(first_day=month.replace(day=1)).first()


def latest_period(on: date | None = None) -> KPIPeriod | None:
    """The last whole month before `on` (default: today) that has values; else the latest month that has any."""
    today = on or timezone.localdate()
    whole = published_periods().filter(last_day__lt=today).first()
    return whole or published_periods().first()


def visible_kpi_values(user: User, month: date) -> QuerySet[KPIValue]:
    """The standing values of the month that `user` may see: one's own, those of the people one led on any day of the
    month, or everybody's. One query beside the roles."""
    first, last = month_span(month)
    return (
        KPIValue.objects.filter(
            run__in=KPIPeriod.objects.filter(first_day=first, last_day=last).values("published_run"),
            employee_id__in=visible_employees(user, first=first, last=last).values("pk"),
        )
        .exclude(employee_id=COMPANY)
        .select_related("kpi_version__kpi")
    )


def company_values(month: date) -> dict[int, KPIValue]:
    """{KPI id: value of everybody together}; known to all, like a target."""
    first, last = month_span(month)
    found = KPIValue.objects.filter(
        run__in=KPIPeriod.objects.filter(first_day=first, last_day=last).values("published_run"),
        employee_id=COMPANY,
    )
    return {value.kpi_version.kpi_id: value for value in found.select_related("kpi_version")}


def standing_values(employee: User, month: date) -> list[Standing]:
    """The person's KPIs of the month with the month before, by code. Checks nobody's rights: ask for a visible person.

    Both months' values come in one query.
    """
    first, _last = month_span(month)
    periods = KPIPeriod.objects.filter(first_day__in=[first, month_before(month).replace(day=1)])
    runs = {run: begin for run, begin in periods.values_list("published_run", "first_day") if run is not None}
    values = KPIValue.objects.filter(run__in=list(runs), employee_id=employee.pk).select_related(
        "kpi_version__kpi"
    )
    now: dict[int, KPIValue] = {}
    before: dict[int, KPIValue] = {}
    for value in values:
        (now if runs[value.run_id] == first else before)[value.kpi_version.kpi_id] = value
    return [
        Standing(value.kpi_version.kpi, value.kpi_version, value, before.get(kpi_id))
        for kpi_id, value in sorted(now.items(), key=lambda item: item[1].kpi_version.kpi.code)
    ]


def values_of_people(month: date, employee_ids: Sequence[int]) -> dict[tuple[int, int], KPIValue]:
    """{(employee id, KPI id): value} of people whom the caller was allowed to see. One query."""
    first, last = month_span(month)
    found = KPIValue.objects.filter(
        run__in=KPIPeriod.objects.filter(first_day=first, last_day=last).values("published_run"),
        employee_id__in=list(employee_ids),
    ).select_related("kpi_version")
    return {(value.employee_id, value.kpi_version.kpi_id): value for value in found}


def kpis_of_month(month: date) -> list[KPIVersion]:
    """The versions that the month's published values were computed with, by dimension and code. One query."""
    first, last = month_span(month)
    run = KPIPeriod.objects.filter(first_day=first, last_day=last).values("published_run")
    used = KPIValue.objects.filter(run__in=run, employee_id=COMPANY).values("kpi_version")
    return list(
        KPIVersion.objects.filter(pk__in=used).select_related("kpi").order_by("kpi__dimension", "kpi__code")
    )


def distribution(kpi: KPI, month: date) -> dict[str, object]:
    """Everybody's values of the month in bars of equal width: no names, and nothing at all of fewer than five people.

    {people, below_minimum, edges: [bars + 1], counts: [bars]}; people are those with a value, those below the minimum
    sample are counted apart.
    """
    first, last = month_span(month)
    rows = KPIValue.objects.filter(
        run__in=KPIPeriod.objects.filter(first_day=first, last_day=last).values("published_run"),
        kpi_version__kpi=kpi,
        value__isnull=False,
    ).exclude(employee_id=COMPANY)
    found = list(rows.values_list("value", "n", "kpi_version__minimum_sample"))
    sure = [float(value) for value, n, minimum in found if value is not None and n >= minimum]
    result: dict[str, object] = {
        "people": len(sure),
        "below_minimum": len(found) - len(sure),
        "edges": [],
        "counts": [],
    }
    if len(sure) < SMALLEST_GROUP:
        return result
    bars = min(12, math.ceil(math.log2(len(sure))) + 1)  # Sturges
    low, high = min(sure), max(sure)
    width = (high - low) / bars or 1.0
    counts = [0] * bars
    for value in sure:
        counts[min(bars - 1, int((value - low) / width))] += 1
    return {**result, "edges": [low + width * place for place in range(bars + 1)], "counts": counts}


def band_counts(kpi: KPI, month: date, bands: Sequence[Sequence[float]]) -> dict[str, object]:
    """Where the people of the month would fall: {people, below_minimum, without_value, counts}, the first count being
    of those below the first band. No names, and no counts of fewer than five people. One query."""
    first, last = month_span(month)
    rows = KPIValue.objects.filter(
        run__in=KPIPeriod.objects.filter(first_day=first, last_day=last).values("published_run"),
        kpi_version__kpi=kpi,
    ).exclude(employee_id=COMPANY)
    found = list(rows.values_list("value", "n", "kpi_version__minimum_sample"))
    sure = [float(value) for value, n, minimum in found if value is not None and n >= minimum]
    counts = [0] * (len(bands) + 1)
    for value in sure:
        counts[bisect_right([start for start, _score in bands], value)] += 1
    return {
        "people": len(sure),
        "below_minimum": sum(value is not None for value, _n, _minimum in found) - len(sure),
        "without_value": sum(value is None for value, _n, _minimum in found),
        "counts": counts if len(sure) >= SMALLEST_GROUP else [],
    }


#: Fewer people than this are no distribution but a list of persons.
SMALLEST_GROUP = 5
