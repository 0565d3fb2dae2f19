"""The catalogue of expected behaviours, how strongly incidents count, and the rule of a cycle that counts them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from foundation.interface.access import role_required
from foundation.refusals import Refusal
from reviews.forms.behaviours import BehaviourForm, RecordRuleForm, StrengthRows
from reviews.forms.components import filled
from reviews.methods.behaviour import rule_of
from reviews.methods.library import with_strengths
from reviews.models import Behaviour, Cycle
from reviews.models.cycles import Phase
from reviews.selectors.behaviours import (
    get_behaviour_for,
    newest_behaviour_version,
    visible_behaviour_versions,
    visible_strengths,
)
from reviews.selectors.references import references_on
from reviews.services.library import create_behaviour, retire_behaviour, revise_behaviour, save_strengths
from reviews.views.competencies import tell_version, version_seen
from reviews.views.configuration import context_of, render_page, replace_component, save_configuration
from reviews.views.presentation import name_of
from reviews.views.refused import show_refusal, tell_refusal
from reviews.views.requests import SignedInRequest

WORDS = ("name_zh", "name_en", "description_zh", "description_en")


@role_required("hr", "auditor", write=("hr",))
@require_safe
def behaviours(request: SignedInRequest) -> HttpResponse:
    context = {
        "versions": list(visible_behaviour_versions(request.user)),
        "strengths": list(visible_strengths(request.user).filter(is_active=True)),
    }
    return render(request, "reviews/behaviours.html", context)


@role_required("hr")
@require_http_methods(["GET", "HEAD", "POST"])
def behaviour_new(request: SignedInRequest) -> HttpResponse:
    form = BehaviourForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = create_behaviour(actor=request.user, code=form.cleaned_data["code"], **form.content())
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(
                request, _("Incidents can be noted against %(name)s from now on.") % {"name": made.name}
            )
            return redirect("reviews:behaviours")
    return _page(request, form, None)


@role_required("hr", "auditor", write=("hr",))
@require_http_methods(["GET", "HEAD", "POST"])
def behaviour(request: SignedInRequest, code: str) -> HttpResponse:
    found = get_behaviour_for(request.user, code)
    newest = newest_behaviour_version(found)
    form = BehaviourForm(
        request.POST or None, is_new=False, initial={name: getattr(newest, name) for name in WORDS}
    )
    if request.method == "POST" and form.is_valid():
        try:
            saved = revise_behaviour(
                actor=request.user, behaviour=found, version=version_seen(request), **form.content()
            )
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            tell_version(request, found.version, saved.version)
            return redirect("reviews:behaviour", code)
    return _page(request, form, found)


def _page(request: SignedInRequest, form: BehaviourForm, found: Behaviour | None) -> HttpResponse:
    context = {
        "form": form,
        "entry": found,
        "earlier": found.versions.select_related("created_by").exclude(number=found.version) if found else [],
        "may_write": request.user.is_hr,
    }
    return render(request, "reviews/behaviour.html", context, status=422 if form.errors else 200)


@role_required("hr")
@require_POST
def retire(request: SignedInRequest, code: str) -> HttpResponse:
    """Out of the choice, or back into it."""
    found = get_behaviour_for(request.user, code)
    try:
        retire_behaviour(
            actor=request.user, behaviour=found, is_active=request.POST.get("is_active") == "true"
        )
    except Refusal as refusal:
        tell_refusal(request, refusal)
    return redirect("reviews:behaviour", code)


@role_required("hr", "auditor", write=("hr",))
@require_http_methods(["GET", "HEAD", "POST"])
def strengths(request: SignedInRequest) -> HttpResponse:
    """The whole list, weakest first."""
    rows = StrengthRows(
        request.POST or None,
        initial=[
            {"code": each.code, "name_zh": each.name_zh, "name_en": each.name_en, "points": each.points}
            for each in visible_strengths(request.user).filter(is_active=True)
        ],
        prefix="strengths",
    )
    if request.method == "POST" and rows.is_valid():
        try:
            save_strengths(actor=request.user, strengths=[row.document() for row in filled(rows)])
        except Refusal as refusal:
            tell_refusal(request, refusal)
            return render(
                request, "reviews/strengths.html", {"rows": rows, "may_write": request.user.is_hr}, status=422
            )
        messages.success(request, _("Saved. Cycles that run keep the points that they were launched with."))
        return redirect("reviews:behaviours")
    return render_page(
        request, "reviews/strengths.html", {"rows": rows, "may_write": request.user.is_hr}, rows
    )


def edit_record_rule(request: SignedInRequest, cycle: Cycle, found: dict[str, Any]) -> HttpResponse:
    """The component page of a behavioural record: the rule, what it counts, and the points of each strength."""
    is_draft = cycle.phase == Phase.SETUP
    known = {
        version.behaviour.code: version.name
        for version in visible_behaviour_versions(request.user)
        if version.behaviour.is_active or version.behaviour.code in found.get("behaviours", [])
    }
    rule = rule_of(found)
    form = RecordRuleForm(request.POST or None, initial=rule, behaviours=list(known.items()))
    references = references_on(cycle.last_day) if is_draft else None
    meant = (
        with_strengths(found, references.strengths, references.behaviours)
        if references is not None
        else found
    )
    rows = StrengthRows(
        request.POST or None,
        initial=[
            {
                "code": each["code"],
                "points": each["points"],
                "name_zh": each.get("name", {}).get("zh", ""),
                "name_en": each.get("name", {}).get("en", ""),
            }
            for each in meant.get("strengths", [])
        ],
        prefix="strengths",
    )
    if request.method == "POST" and form.is_valid() and rows.is_valid():
        typed = [
            {"code": row.cleaned_data["code"], "points": row.document()["points"]}
            for row in filled(rows)
            if row.cleaned_data["code"]
        ]
        catalogue = (
            [{"code": each.code, "points": each.points} for each in references.strengths.values()]
            if references
            else []
        )
        changed = {**found, **form.document(), "strengths": [] if typed == catalogue else typed}
        if save_configuration(request, cycle, lambda document: replace_component(document, changed), ""):
            return redirect("reviews:cycle", cycle.code)
    names = [name_of(each, each["code"]) for each in meant.get("strengths", [])]
    context = context_of(
        cycle,
        component=found,
        component_name=name_of(found, found["code"]),
        form=form,
        rows=rows,
        strengths=list(zip(list(rows)[: len(names)], names, strict=False)),
        has_behaviours=bool(known),
    )
    return render_page(request, "reviews/component_behaviour.html", context, form, rows)
