"""KPIs: the list, what each means, and the editor with its live check."""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal
from itertools import pairwise
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from foundation.interface.access import role_required
from foundation.interface.wording import month as month_in_words
from foundation.refusals import Refusal
from metrics import formulas, wording
from metrics.forms.kpis import FormulaCheckForm, KPIForm
from metrics.models import KPI, KPIVersion, Measure
from metrics.selectors.kpi_values import company_values, distribution, latest_period, month_before, month_span
from metrics.selectors.kpis import current_version, get_kpi_for, visible_kpis
from metrics.selectors.measures import measure_names
from metrics.services import kpis as services
from metrics.services.catalogue import load_catalogue
from metrics.services.kpi_values import preview
from metrics.services.kpis import KPITerms
from metrics.views.requests import reader, show_refusal
from people.selectors.rosters import roster_between
from scoring import kpi as scoring_kpi

EVERYONE = ("hr", "auditor", "payroll", "manager", "inspector", "employee")
#: People whose spread a preview may compute while someone types.
PREVIEWED_PEOPLE = 2_000


@require_GET
@role_required(*EVERYONE)
def kpis(request: HttpRequest) -> HttpResponse:
    """By dimension, those out of use at the end."""
    period = latest_period()
    together = company_values(period.first_day) if period else {}
    rows: dict[str, list[dict[str, Any]]] = {}
    retired: list[dict[str, Any]] = []
    for kpi in visible_kpis(reader(request)):
        version = current_version(kpi)
        row = {
            "kpi": kpi,
            "version": version,
            "versions": len(kpi.versions.all()),
            "value": together.get(kpi.pk),
        }
        (rows.setdefault(kpi.dimension, []) if kpi.is_active else retired).append(row)
    order = [value for value in KPI.Dimension.values if value in rows]
    context = {
        "groups": [(KPI.Dimension(value).label, rows[value]) for value in order],
        "retired": retired,
        "month": period.first_day if period else None,
        "may_write": reader(request).is_hr,
    }
    return render(request, "metrics/kpis.html", context)


@require_GET
@role_required(*EVERYONE)
def kpi(request: HttpRequest, code: str) -> HttpResponse:
    found = get_kpi_for(reader(request), code)
    version = current_version(found)
    names = measure_names()
    period = latest_period()
    spread = distribution(found, period.first_day) if period else None
    context = {
        "kpi": found,
        "version": version,
        "in_words": _in_words(version, names),
        "versions": [{"version": each, "in_words": _in_words(each, names)} for each in found.versions.all()],
        "month": period.first_day if period else None,
        "value": company_values(period.first_day).get(found.pk) if period else None,
        "spread": spread,
        "chart": _distribution_chart(version, spread) if version and spread and spread["counts"] else None,
        "bands": _bands(version),
        "may_write": reader(request).is_hr,
        "today": timezone.localdate(),
    }
    return render(request, "metrics/kpi.html", context)


def _in_words(version: KPIVersion | None, names: dict[str, str]) -> str:
    if version is None or not version.formula:
        return ""
    return formulas.in_words(scoring_kpi.parse(version.formula), names)


def _bands(version: KPIVersion | None) -> list[dict[str, Any]]:
    if version is None:
        return []
    starts = [wording.value_text(start, version.unit, None) for start, _score in version.bands]
    return [
        {"from": starts[place], "to": starts[place + 1] if place + 1 < len(starts) else "", "score": score}
        for place, (_start, score) in enumerate(version.bands)
    ]


def _distribution_chart(version: KPIVersion, spread: dict[str, Any]) -> dict[str, Any]:
    edges = spread["edges"]
    texts = [wording.value_text(edge, version.unit, version.decimals) for edge in edges]
    labels = [f"{low} – {high}" for low, high in pairwise(texts)]
    return {
        "kind": "histogram",
        "labels": labels,
        "series": [{"name": _("People"), "values": spread["counts"]}],
        "decimals": 0,
    }


@require_http_methods(["GET", "HEAD", "POST"])
@role_required("hr")
def kpi_new(request: HttpRequest) -> HttpResponse:
    today = timezone.localdate()
    initial = {"valid_from": today.replace(month=1, day=1), "unit": "percent", "direction": "higher"}
    form = KPIForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            made = services.create_kpi(
                actor=reader(request),
                code=data["code"],
                name_zh=data["name_zh"],
                name_en=data["name_en"],
                dimension=data["dimension"],
                perspective=data["perspective"],
                is_qualitative=data["is_qualitative"],
                valid_from=data["valid_from"],
                terms=form.terms(),
            )
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, _("%(name)s can now be used in cycles.") % {"name": made.name})
            return redirect("metrics:kpi", made.code)
    return _editor(request, form, kpi=None)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required("hr")
def kpi_edit(request: HttpRequest, code: str) -> HttpResponse:
    found = get_kpi_for(reader(request), code)
    last = found.versions.all()[0]
    initial = {field.name: getattr(last, field.name) for field in fields(KPITerms)}
    for name in ("target", "stretch"):
        # As people write it: 240, and not the 2.4E+2 that normalize() alone makes of it.
        initial[name] = None if initial[name] is None else Decimal(f"{initial[name].normalize():f}")
    listed = {name: getattr(found, name) for name in ("name_zh", "name_en", "dimension", "perspective")}
    form = KPIForm(
        request.POST or None, kpi=found, initial={**initial, **listed, "valid_from": last.valid_from}
    )
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            services.rename_kpi(actor=reader(request), kpi=found, **{name: data[name] for name in listed})
            version = services.revise_kpi(
                actor=reader(request), kpi=found, valid_from=data["valid_from"], terms=form.terms()
            )
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, _("Version %(number)s is saved.") % {"number": version.number})
            return redirect("metrics:kpi", found.code)
    return _editor(request, form, kpi=found, last=last)


def _editor(
    request: HttpRequest, form: KPIForm, *, kpi: KPI | None, last: KPIVersion | None = None
) -> HttpResponse:
    context = {"form": form, "kpi": kpi, "last": last, "measures": Measure.objects.all()}
    return render(request, "metrics/kpi_form.html", context, status=422 if form.errors else 200)


@require_POST
@role_required("hr")
def kpi_check(request: HttpRequest) -> HttpResponse:
    """The formula as it is being typed: in words, or what is wrong at which character; and last month's value by it."""
    form = FormulaCheckForm(request.POST)
    form.is_valid()
    data = form.cleaned_data
    text = data.get("formula") or ""
    names = measure_names()
    if not text.strip():
        return render(request, "metrics/_formula_check.html", {"empty": True})
    try:
        formula = formulas.check_formula(text, names)
    except Refusal as refusal:
        position = min(int(str(refusal.params.get("position", 0))), len(text))
        marked = {
            "before": text[:position],
            "at": text[position : position + 1],
            "after": text[position + 1 :],
        }
        return render(request, "metrics/_formula_check.html", {"problem": str(refusal), "marked": marked})
    version = KPIVersion(
        formula=text,
        unit=data.get("unit") or KPIVersion.Unit.RATIO,
        decimals=2 if data.get("decimals") is None else data["decimals"],
        minimum_sample=data.get("minimum_sample") or 1,
        sample_measure=data["sample_measure"] if data.get("sample_measure") in names else "",
    )
    period = latest_period()
    first, last = (
        (period.first_day, period.last_day) if period else month_span(month_before(timezone.localdate()))
    )
    people = [row.employee_id for row in roster_between(first, last)]
    context = {
        "in_words": formulas.in_words(formula, names),
        "needs_denominator": bool(formulas.denominators(formula)),
        "version": version,
        "month": month_in_words(first),
        "preview": preview(version, people if len(people) <= PREVIEWED_PEOPLE else [], first, last),
    }
    return render(request, "metrics/_formula_check.html", context)


@require_POST
@role_required("hr")
def kpi_active(request: HttpRequest, code: str) -> HttpResponse:
    found = get_kpi_for(reader(request), code)
    is_active = request.POST.get("active") == "1"
    services.set_kpi_active(actor=reader(request), kpi=found, is_active=is_active)
    told = _("%(name)s is in use again.") if is_active else _("%(name)s is offered to no new cycle.")
    messages.success(request, told % {"name": found.name})
    return redirect("metrics:kpi", found.code)


@require_POST
@role_required("hr")
def catalogue(request: HttpRequest) -> HttpResponse:
    problems = load_catalogue(actor=reader(request))
    if problems:
        messages.error(request, "; ".join(str(problem) for problem in problems))
    else:
        messages.success(request, _("The catalogue's KPIs are here. Targets are examples: set your own."))
    return redirect("metrics:kpis")
