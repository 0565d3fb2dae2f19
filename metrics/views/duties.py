"""Which KPIs cover which duties: all jobs at a glance, and one job to edit."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from foundation.interface.access import role_required
from foundation.refusals import Refusal
from metrics.forms.duties import PREFIX, DutiesForm
from metrics.selectors.duties import all_duties, choosable_kpis, duties_of, get_job_for
from metrics.services.duties import cover_duties
from metrics.views.requests import reader

READERS = ("hr", "auditor")


@require_GET
@role_required(*READERS, write=("hr",))
def duties(request: HttpRequest) -> HttpResponse:
    user = reader(request)
    return render(request, "metrics/duties.html", {"jobs": all_duties(user), "may_write": user.is_hr})


@require_http_methods(["GET", "HEAD", "POST"])
@role_required("hr")
def duty(request: HttpRequest, code: str) -> HttpResponse:
    job = get_job_for(reader(request), code)
    [found] = duties_of([job])
    form = DutiesForm(request.POST or None, found=found, kpis=choosable_kpis())
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                cover_duties(
                    actor=reader(request), job=job, kpis=form.kpis(), version=form.cleaned_data["version"]
                )
            except Refusal as refusal:
                field = PREFIX + (refusal.field or "")
                form.add_error(field if field in form.fields else None, str(refusal))
                status = refusal.status if refusal.status == 409 else 422
            else:
                messages.success(
                    request, _("Which KPIs cover the duties of %(job)s is kept.") % {"job": job.name}
                )
                return redirect("metrics:duties")
    context = {"form": form, "job": job, "found": found}
    return render(request, "metrics/duty.html", context, status=status)
