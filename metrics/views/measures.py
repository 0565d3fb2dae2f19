"""Measures: the list, and one at a time."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from foundation.interface.access import role_required
from foundation.refusals import Refusal
from metrics.forms.measures import MeasureForm
from metrics.models import Measure
from metrics.selectors.measures import get_measure_for, visible_measures
from metrics.services.measures import change_measure, create_measure
from metrics.views.requests import reader, show_refusal

FIELDS = ("name_zh", "name_en", "unit", "minimum", "maximum", "description_zh", "description_en")


@require_GET
@role_required("hr", "auditor")
def measures(request: HttpRequest) -> HttpResponse:
    context = {"measures": visible_measures(reader(request)), "may_write": reader(request).is_hr}
    return render(request, "metrics/measures.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required("hr")
def measure_new(request: HttpRequest) -> HttpResponse:
    form = MeasureForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = create_measure(actor=reader(request), **form.cleaned_data)
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(
                request, _("%(name)s can be used in mappings and formulas.") % {"name": made.name}
            )
            return redirect("metrics:measures")
    return _form(request, form, None)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required("hr")
def measure_edit(request: HttpRequest, code: str) -> HttpResponse:
    found = get_measure_for(reader(request), code)
    initial: dict[str, Any] = {name: getattr(found, name) for name in FIELDS}
    form = MeasureForm(request.POST or None, measure=found, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            change_measure(actor=reader(request), measure=found, **form.cleaned_data)
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, _("Saved."))
            return redirect("metrics:measures")
    return _form(request, form, found)


def _form(request: HttpRequest, form: MeasureForm, measure: Measure | None) -> HttpResponse:
    context = {"form": form, "measure": measure}
    return render(request, "metrics/measure_form.html", context, status=422 if form.errors else 200)
