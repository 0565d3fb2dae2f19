"""The library of competencies: HR writes it, the auditor reads it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from foundation.interface.access import role_required
from foundation.refusals import Refusal
from reviews.forms.competencies import LEVELS, MOST_LEVELS, CompetencyForm
from reviews.methods.base import localised
from reviews.models import Competency
from reviews.selectors.competencies import (
    get_competency_for,
    newest_version,
    visible_competency_versions,
)
from reviews.services.library import create_competency, retire_competency, revise_competency
from reviews.views.presentation import language
from reviews.views.refused import show_refusal, tell_refusal
from reviews.views.requests import SignedInRequest


@role_required("hr", "auditor", write=("hr",))
@require_safe
def competencies(request: SignedInRequest) -> HttpResponse:
    rows = [
        {
            "entry": version.competency,
            "version": version,
            "levels": len(version.anchors),
            "anchors": sum(len(texts) for texts in version.anchors.values()),
        }
        for version in visible_competency_versions(request.user)
    ]
    return render(request, "reviews/competencies.html", {"rows": rows})


@role_required("hr")
@require_http_methods(["GET", "HEAD", "POST"])
def competency_new(request: SignedInRequest) -> HttpResponse:
    levels = levels_asked(request)
    form = CompetencyForm(request.POST or None, levels=levels)
    if request.method == "POST" and form.is_valid():
        try:
            made = create_competency(actor=request.user, code=form.cleaned_data["code"], **form.content())
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, _("%(name)s can be used in scales.") % {"name": made.name})
            return redirect("reviews:competencies")
    return _page(request, form, None, levels=levels)


@role_required("hr", "auditor", write=("hr",))
@require_http_methods(["GET", "HEAD", "POST"])
def competency(request: SignedInRequest, code: str) -> HttpResponse:
    found = get_competency_for(request.user, code)
    newest = newest_version(found)
    words = ("name_zh", "name_en", "description_zh", "description_en")
    levels = levels_asked(request)
    form = CompetencyForm(
        request.POST or None,
        is_new=False,
        levels=levels,
        anchors=newest.anchors,
        initial={name: getattr(newest, name) for name in words},
    )
    if request.method == "POST" and form.is_valid():
        try:
            saved = revise_competency(
                actor=request.user, competency=found, version=version_seen(request), **form.content()
            )
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            tell_version(request, found.version, saved.version)
            return redirect("reviews:competency", code)
    return _page(request, form, found, levels=levels, newest=newest)


@role_required("hr")
@require_POST
def retire(request: SignedInRequest, code: str) -> HttpResponse:
    """Out of the choice, or back into it."""
    found = get_competency_for(request.user, code)
    try:
        retire_competency(
            actor=request.user, competency=found, is_active=request.POST.get("is_active") == "true"
        )
    except Refusal as refusal:
        tell_refusal(request, refusal)
    return redirect("reviews:competency", code)


def tell_version(request: SignedInRequest, before: int, after: int) -> None:
    if after == before:
        messages.info(request, _("Nothing was changed, so there is no new version."))
    else:
        messages.success(
            request,
            _("Version %(number)s is there. Cycles that run keep the words that they began with.")
            % {"number": after},
        )


def version_seen(request: SignedInRequest) -> int:
    text = request.POST.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


def levels_asked(request: SignedInRequest) -> int:
    """How many levels to show boxes for; nonsense is as good as nothing."""
    text = request.GET.get("levels", "")
    asked = int(text) if text.isascii() and text.isdigit() and len(text) < 3 else LEVELS
    return min(max(asked, 2), MOST_LEVELS)


def _page(
    request: SignedInRequest, form: CompetencyForm, found: Competency | None, **more: Any
) -> HttpResponse:
    context = {
        "form": form,
        "entry": found,
        "earlier": [
            {
                "version": each,
                "levels": [
                    (level, [localised(text, language()) for text in texts])
                    for level, texts in reversed(each.anchors.items())
                ],
            }
            for each in found.versions.select_related("created_by").exclude(number=found.version)
        ]
        if found
        else [],
        "level_choices": range(2, MOST_LEVELS + 1),
        "may_write": request.user.is_hr,
        **more,
    }
    return render(request, "reviews/competency.html", context, status=422 if form.errors else 200)
