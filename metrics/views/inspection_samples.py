"""Samples: what was drawn and how, a new draw, and who inspects whose calls."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from foundation.interface.access import role_required
from foundation.keyset import page_of
from foundation.refusals import Refusal
from metrics.forms.inspection_samples import InspectorForm, SampleForm
from metrics.models import InspectionForm, Measure, Source
from metrics.selectors.inspection_check import check_draw
from metrics.selectors.inspections import get_sample_for, loads_of, visible_samples
from metrics.selectors.inspectors import assignment_of, get_inspector_for, inspectors
from metrics.selectors.kpi_values import month_before, month_span
from metrics.selectors.measures import measure_names
from metrics.services.inspection_samples import Draw, draw_sample, preview_sample
from metrics.services.inspectors import assign_inspector
from metrics.views.requests import reader, show_refusal
from people.models import Site, Team, User

SHOWN_PEOPLE = 30


@require_GET
@role_required("hr", "auditor")
def samples(request: HttpRequest) -> HttpResponse:
    user = reader(request)
    context = {
        "page": page_of(visible_samples(user), ordering=("-pk",), cursor=request.GET.get("cursor"), limit=30),
        "may_draw": user.is_hr,
    }
    return render(request, "metrics/inspection_samples.html", context)


@require_GET
@role_required("hr", "auditor")
def sample(request: HttpRequest, pk: int) -> HttpResponse:
    """How it was drawn, who had too few calls, who scores how many; ?check=1 draws it again."""
    found = get_sample_for(reader(request), pk)
    context = {
        "sample": found,
        "form": found.form_version.form,
        "measure": measure_names().get(found.needs_measure, found.needs_measure),
        "teams": list(Team.objects.filter(code__in=found.team_codes)),
        "loads": loads_of(found),
        "shortfalls": with_people(found.shortfalls),
        "left_out": with_people(found.left_out),
        "check": check_draw(found) if request.GET.get("check") else None,
    }
    return render(request, "metrics/inspection_sample.html", context)


def with_people(rows: list[dict[str, int]]) -> list[dict[str, Any]]:
    """{person, ...} for the people of a stored list; one query."""
    people = User.objects.in_bulk([row["employee"] for row in rows])
    found = [{**row, "person": people[row["employee"]]} for row in rows if row["employee"] in people]
    return sorted(found, key=lambda row: row["person"].name_sort)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required("hr")
def sample_new(request: HttpRequest) -> HttpResponse:
    """A preview says what would come of it, without saying which calls; drawing stores it."""
    form = SampleForm(request.POST or None, initial=_initial())
    draw: Draw | None = None
    if request.method == "POST" and form.is_valid():
        try:
            if request.POST.get("preview"):
                draw = preview_sample(actor=reader(request), request=form.request())
            else:
                made = draw_sample(actor=reader(request), request=form.request())
                messages.success(
                    request, _("%(count)s calls are drawn and given out.") % {"count": made.drawn}
                )
                return redirect("metrics:inspection_sample", made.pk)
        except Refusal as refusal:
            show_refusal(form, refusal)
    context = {
        "form": form,
        "draw": draw,
        "shortfalls": with_people(draw.shortfalls) if draw else [],
        "left_out": with_people(draw.left_out) if draw else [],
        "has_forms": InspectionForm.objects.filter(is_active=True).exists(),
    }
    return render(request, "metrics/inspection_sample_new.html", context, status=422 if form.errors else 200)


def _initial() -> dict[str, Any]:
    """Last month, answered calls, four a person."""
    first, last = month_span(month_before(timezone.localdate()))
    latest = Source.objects.filter(kind="records", is_active=True, batches__state="live")
    source = latest.order_by("-batches__rows").first()
    return {
        "first_day": first,
        "last_day": last,
        "per_agent": 4,
        "every": "period",
        "spread": "day",
        "double_percent": 10,
        "source": source.code if source else None,
        "needs_measure": "answered" if Measure.objects.filter(code="answered").exists() else "",
    }


# Inspectors -----------------------------------------------------------------------------------------------------------


@require_GET
@role_required("hr", "auditor")
def inspectors_page(request: HttpRequest) -> HttpResponse:
    found = inspectors()
    teams = {team.pk: team.name for team in Team.objects.all()}
    sites = {site.pk: site.name for site in Site.objects.all()}
    for each in found:
        each.teams = [teams[pk] for pk in each.team_ids if pk in teams]
        each.sites = [sites[pk] for pk in each.site_ids if pk in sites]
    context = {"inspectors": found, "may_write": reader(request).is_hr}
    return render(request, "metrics/inspectors.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required("hr")
def inspector(request: HttpRequest, pk: int) -> HttpResponse:
    person = get_inspector_for(reader(request), pk)
    now = assignment_of(person)
    initial = {
        "teams": list(Team.objects.filter(pk__in=now.team_ids)),
        "sites": list(Site.objects.filter(pk__in=now.site_ids)),
        "is_reviewer": now.is_reviewer,
    }
    form = InspectorForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            assign_inspector(
                actor=reader(request),
                user=person,
                team_codes=[team.code for team in data["teams"]],
                site_codes=[site.code for site in data["sites"]],
                is_reviewer=data["is_reviewer"],
            )
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, _("It holds from the next draw on."))
            return redirect("metrics:inspectors")
    context = {"form": form, "person": person}
    return render(request, "metrics/inspector.html", context, status=422 if form.errors else 200)
