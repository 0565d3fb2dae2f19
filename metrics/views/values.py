"""The numbers of a month: of people one may see, or one's own; and what stands behind each."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from foundation.interface.access import role_required
from foundation.interface.wording import date_short
from foundation.interface.wording import month as month_in_words
from foundation.keyset import page_of
from metrics import formulas
from metrics.models import KPIVersion
from metrics.selectors.kpi_values import (
    company_values,
    kpis_of_month,
    latest_period,
    month_before,
    month_span,
    published_periods,
    standing_values,
    values_of_people,
)
from metrics.selectors.kpis import get_kpi_for, version_on
from metrics.selectors.measures import measure_names
from metrics.selectors.value_details import ValueDetail, every_day, kpi_value_detail
from metrics.views.requests import month_asked, reader
from people.models import User
from people.selectors.employees import search_people, visible_employees
from scoring import kpi as scoring_kpi
from scoring.intervals import wilson

EVERYONE = ("hr", "auditor", "payroll", "manager", "employee")
PAGE_SIZE = 50
SHOWN_RECORDS = 25
SHOWN_MONTHS = 24


@require_GET
@role_required(*EVERYONE)
def values(request: HttpRequest) -> HttpResponse:
    """People x KPIs of one month; whoever sees nobody else gets the own numbers as a list."""
    latest = latest_period()
    month = month_asked(request) or (latest.first_day if latest else timezone.localdate().replace(day=1))
    context: dict[str, Any] = {
        "month": month,
        "months": _months(month),
        "has_values": latest is not None,
    }
    if reader(request).has_role("hr", "auditor", "payroll", "manager"):
        return render(request, "metrics/values.html", {**context, **_matrix(request, month)})
    standings = _standings(reader(request), month)
    own = {
        **context,
        "standings": [row for row in standings if row["standing"].has_value],
        "without": [row["standing"].kpi for row in standings if not row["standing"].has_value],
    }
    return render(request, "metrics/own_values.html", own)


def _months(shown: date) -> list[date]:
    """To choose from, the latest first: months with values, and the one that the page is about in any case."""
    found = [period.first_day for period in published_periods()[:SHOWN_MONTHS]]
    return found if shown in found or not found else sorted([*found, shown], reverse=True)


def _standings(employee: User, month: date) -> list[dict[str, Any]]:
    return [
        {"standing": each, "url": detail_url(employee.pk, each.kpi.code, month)}
        for each in standing_values(employee, month)
    ]


def _matrix(request: HttpRequest, month: date) -> dict[str, Any]:
    first, last = month_span(month)
    query = request.GET.get("q", "")[:80]
    people = search_people(visible_employees(reader(request), first=first, last=last), query)
    descending = request.GET.get("order") == "-name"
    ordering = ("-name_sort", "-id") if descending else ("name_sort", "id")
    page = page_of(people, ordering=ordering, cursor=request.GET.get("cursor"), limit=PAGE_SIZE)
    together = company_values(month)
    versions = _with_data(kpis_of_month(month), together)
    found = values_of_people(month, [person.pk for person in page])
    rows = []
    for person in page:
        cells = [
            {
                "version": version,
                "value": (value := found.get((person.pk, version.kpi_id))),
                "uncertain": value is not None and value.n < version.minimum_sample,
                "url": detail_url(person.pk, version.kpi.code, month),
            }
            for version in versions
        ]
        rows.append({"person": person, "cells": cells})
    return {
        "query": query,
        "descending": descending,
        "page": page,
        "rows": rows,
        "columns": [{"version": version, "together": together.get(version.kpi_id)} for version in versions],
    }


def _with_data(versions: list[KPIVersion], together: dict[int, Any]) -> list[KPIVersion]:
    """Without the KPIs that nothing came in for: a dozen columns of dashes hide the few that have values."""
    found = [
        version for version in versions if (value := together.get(version.kpi_id)) and value.value is not None
    ]
    return found or versions


def detail_url(employee_id: int, code: str, month: date) -> str:
    return f"{reverse('metrics:value_detail', args=[employee_id, code])}?month={month:%Y-%m}"


@require_GET
@role_required(*EVERYONE)
def value_detail(request: HttpRequest, employee_id: int, code: str) -> HttpResponse:
    latest = latest_period()
    month = month_asked(request) or (latest.first_day if latest else timezone.localdate().replace(day=1))
    first, last = month_span(month)
    kpi = get_kpi_for(reader(request), code)
    version = version_on(kpi, last)
    if version is None or not version.formula:
        raise Http404
    detail = kpi_value_detail(reader(request), employee_id, version, first, last)
    standing = next((each for each in standing_values(detail.employee, month) if each.kpi.pk == kpi.pk), None)
    if standing is not None:
        version = standing.version
    page = page_of(
        detail.records, ordering=("-day", "-id"), cursor=request.GET.get("cursor"), limit=SHOWN_RECORDS
    )
    low, high = _interval(standing)
    context = {
        "kpi": kpi,
        "version": version,
        "employee": detail.employee,
        "is_own": detail.employee.pk == reader(request).pk,
        "month": month,
        "previous_month": month_before(month).replace(day=1),
        "months": _months(month),
        "standing": standing,
        "value": standing.current if standing else None,
        "low": low,
        "high": high,
        "in_words": formulas.in_words(scoring_kpi.parse(version.formula), measure_names()),
        "inputs": _inputs(standing.current.inputs if standing and standing.current else {}),
        "chart": _chart(detail, version, first, last) if detail.days else None,
        "question": _("How did %(kpi)s run in %(month)s?")
        % {"kpi": kpi.name, "month": month_in_words(month)},
        "days": detail.days,
        "measures": detail.measures,
        "page": page,
        "records": [
            {
                "record": record,
                "cells": [
                    {"measure": measure, "value": record.values.get(measure.code)}
                    for measure in detail.measures
                ],
            }
            for record in page
        ],
    }
    return render(request, "metrics/value_detail.html", context)


def _interval(standing: Any) -> tuple[float | None, float | None]:
    """Ends of the interval in which the true value lies with 95 %; None where nothing can be said.

    A share of cases has Wilson's: the usual one would go below nought, and be none at all, where few cases count.
    """
    value = standing.current if standing else None
    if value is None or value.value is None or value.standard_error is None:
        return None, None
    shown, error = float(value.value), float(value.standard_error)
    if standing.version.unit == KPIVersion.Unit.PERCENT and 0 <= shown <= 100 and _is_of_cases(value):
        low, high = wilson(shown / 100 * value.n, value.n)
        return 100 * low, 100 * high
    return shown - 1.96 * error, shown + 1.96 * error


def _is_of_cases(value: Any) -> bool:
    """What it is divided by is its cases: one of its two sums is their number, and neither is more."""
    sums = [float(total) for total in (value.inputs or {}).values() if total is not None]
    return value.n > 0 and len(sums) == 2 and max(sums) == value.n and min(sums) >= 0


def _inputs(inputs: dict[str, Any]) -> list[dict[str, Any]]:
    names = measure_names()
    told = []
    for text, value in sorted(inputs.items()):
        statistic, _sign, measure = text.removesuffix(")").partition("(")
        name = names.get(measure, measure)
        label = _("number of %(measure)s values") % {"measure": name} if statistic == "count" else name
        told.append({"label": label, "code": text, "value": value})
    return told


def _chart(detail: ValueDetail, version: KPIVersion, first: date, last: date) -> dict[str, Any]:
    """Gaps are days without data; a single day's number is never the judgement of a month."""
    days = every_day(detail.days, first, min(last, max(day.day for day in detail.days)))
    chart: dict[str, Any] = {
        "kind": "line",
        "labels": [date_short(day.day) for day in days],
        "series": [{"name": detail.version.kpi.name, "values": [day.value for day in days]}],
        "unit": _unit_of(version),
        "decimals": version.decimals,
    }
    if version.target is not None:
        chart["reference"] = {"value": float(version.target), "label": _("target")}
    return chart


def _unit_of(version: KPIVersion) -> str:
    return {KPIVersion.Unit.PERCENT: "%", KPIVersion.Unit.SECONDS: _("s"), KPIVersion.Unit.MONEY: "¥"}.get(
        KPIVersion.Unit(version.unit), ""
    )
