"""Where last month's people fall into standard bands that are being typed."""

from __future__ import annotations

import re
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from foundation.interface.access import role_required
from foundation.refusals import Refusal
from metrics import wording
from metrics.forms.fields import BandsField, BandsWidget
from metrics.selectors.kpi_values import band_counts, latest_period
from metrics.selectors.kpis import current_version, get_kpi_for
from metrics.services.kpis import check_bands
from metrics.views.requests import reader


@require_POST
@role_required("hr")
def bands_preview(request: HttpRequest) -> HttpResponse:
    """preview_field names the bands' field in the form that is posted along, preview_kpi the KPI."""
    kpi = get_kpi_for(reader(request), request.POST.get("preview_kpi", ""))
    name = request.POST.get("preview_field", "")
    version = current_version(kpi)
    field = BandsField()
    context: dict[str, Any] = {}
    try:
        told = BandsWidget().value_from_datadict(
            request.POST, None, name if re.fullmatch(r"[\w-]{1,80}", name) else ""
        )
        bands = check_bands(field.clean(told))
    except (ValidationError, Refusal) as wrong:
        context["problem"] = wrong.messages[0] if isinstance(wrong, ValidationError) else str(wrong)
        return render(request, "metrics/_bands_preview.html", context)
    if not bands and version is not None:
        bands = [[float(start), float(score)] for start, score in version.bands]
        context["is_own"] = True
    period = latest_period()
    if not bands or period is None or version is None:
        return render(request, "metrics/_bands_preview.html", {"is_empty": True, "has_bands": bool(bands)})
    counted: dict[str, Any] = band_counts(kpi, period.first_day, bands)
    starts = [wording.value_text(start, version.unit, None) for start, _score in bands]
    labels = [_("below %(value)s") % {"value": starts[0]}]
    labels += [_("from %(value)s") % {"value": start} for start in starts]
    points = [0.0, *(score for _start, score in bands)]
    rows = [
        {"label": label, "points": score, "count": count}
        for label, score, count in zip(labels, points, counted["counts"] or [None] * len(labels), strict=True)
    ]
    if not counted["counts"] or not counted["counts"][0]:
        rows = rows[1:]
    context |= {
        **counted,
        "month": period.first_day,
        "rows": rows,
        "chart": {
            "kind": "bar",
            "labels": [row["label"] for row in rows],
            "series": [{"name": _("People"), "values": [row["count"] for row in rows], "emphasis": True}],
            "decimals": 0,
        }
        if counted["counts"]
        else None,
    }
    return render(request, "metrics/_bands_preview.html", context)
