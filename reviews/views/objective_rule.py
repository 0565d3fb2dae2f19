"""The component page of objectives: how much over-achievement counts, and the levels of what is judged."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect

from reviews.forms.components import LevelRows, filled
from reviews.forms.objective_rule import ObjectivesRuleForm
from reviews.methods.objectives import rule_of
from reviews.models import Cycle
from reviews.views.configuration import (
    context_of,
    names_of,
    render_page,
    replace_component,
    save_configuration,
)
from reviews.views.presentation import name_of
from reviews.views.requests import SignedInRequest


def edit_objectives_rule(request: SignedInRequest, cycle: Cycle, found: dict[str, Any]) -> HttpResponse:
    rule = rule_of(found)
    form = ObjectivesRuleForm(request.POST or None, initial={"cap": rule["cap"] * 100})
    rows = LevelRows(
        request.POST or None,
        initial=[
            {"value": each["value"], "points": each["points"], **names_of(each)} for each in rule["levels"]
        ],
        prefix="levels",
    )
    if request.method == "POST" and form.is_valid() and rows.is_valid():
        changed = {**found, **form.document(), "levels": [row.document() for row in filled(rows)]}
        if save_configuration(request, cycle, lambda document: replace_component(document, changed), ""):
            return redirect("reviews:cycle", cycle.code)
    context = context_of(
        cycle,
        component=found,
        component_name=name_of(found, found["code"]),
        form=form,
        levels=rows,
    )
    return render_page(request, "reviews/component_objectives.html", context, form, rows)
