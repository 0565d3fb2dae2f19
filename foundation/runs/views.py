"""How far a run is, and its two buttons."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from foundation.interface.access import role_required
from foundation.refusals import Refusal
from foundation.runs import services
from foundation.runs.presentation import describe
from foundation.runs.selectors import get_run_for


@require_GET
@role_required()
def progress(request: HttpRequest, run_id: str) -> HttpResponse:
    """The bar, as a fragment that asks for itself while the run goes on; when it is over the page is told to reload, so
    that it shows the outcome. Opened by itself it is a small page."""
    run = get_run_for(request.user, run_id)
    if not request.headers.get("HX-Request"):
        return render(request, "runs/progress_page.html", {"progress": describe(run, request.user)})
    response = render(request, "runs/_progress.html", {"progress": describe(run, request.user)})
    if not run.is_active:
        response["HX-Refresh"] = "true"
    return response


@require_POST
@role_required()
def stop(request: HttpRequest, run_id: str) -> HttpResponse:
    run = get_run_for(request.user, run_id)
    return _done(request, run.pk, services.stop_run, run)


@require_POST
@role_required()
def restart(request: HttpRequest, run_id: str) -> HttpResponse:
    run = get_run_for(request.user, run_id)
    return _done(request, run.pk, services.restart_run, run)


def _done(request: HttpRequest, run_id: Any, service: Any, run: Any) -> HttpResponse:
    try:
        service(actor=request.user, run=run)
    except Refusal as refusal:
        if refusal.status == 403:
            raise PermissionDenied(str(refusal)) from refusal
        messages.error(request, str(refusal))
    else:
        messages.info(request, _("Stopping.") if service is services.stop_run else _("Started again."))
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(
        back, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        back = reverse("runs:progress", args=[run_id])
    return HttpResponseRedirect(back)
