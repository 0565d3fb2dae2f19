"""The configuration as a file, for HR: what there is, dump, check, load."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from foundation.interface.access import role_required
from foundation.refusals import Refusal
from operations.forms.configuration import ConfigurationForm
from operations.selectors.sections import section_counts
from operations.services.configuration import Loaded, dump_configuration, load_configuration
from people.models import User


@role_required("hr", "auditor", write=("hr",))
@require_http_methods(["GET", "HEAD", "POST"])
def configuration(request: HttpRequest) -> HttpResponse:
    actor = cast(User, request.user)
    form = ConfigurationForm(request.POST or None, request.FILES or None)
    loaded: Loaded | None = None
    if request.method == "POST" and form.is_valid():
        upload = form.cleaned_data["file"]
        try:
            loaded = load_configuration(
                actor=actor,
                content=upload.read(),
                dry_run=form.cleaned_data["dry_run"],
                reason=_("Configuration file %(name)s") % {"name": upload.name},
            )
        except Refusal as refusal:
            form.add_error("file", str(refusal))
        else:
            total = sum(loaded.counts.values())
            if loaded.is_stored and not form.cleaned_data["dry_run"]:
                messages.success(
                    request,
                    ngettext("%(count)s entry loaded.", "%(count)s entries loaded.", total)
                    % {"count": total},
                )
                return redirect("operations:configuration")
    status = 422 if request.method == "POST" and (form.errors or (loaded and loaded.problems)) else 200
    return render(
        request,
        "operations/configuration.html",
        {"form": form, "loaded": loaded, "sections": section_counts(), "may_load": actor.is_hr},
        status=status,
    )


@role_required("hr", "auditor")
@require_safe
def configuration_file(request: HttpRequest) -> HttpResponse:
    """The dump, as a download."""
    response = HttpResponse(
        dump_configuration(actor=request.user), content_type="application/yaml; charset=utf-8"
    )
    response["Content-Disposition"] = 'attachment; filename="laurel-configuration.yaml"'
    return response
