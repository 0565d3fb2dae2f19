"""The page on which HR makes a paired comparison: by what, among whom, until when, with which evidence."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect

from reviews.forms.components import filled
from reviews.forms.pairs import CriterionRows, PairsForm
from reviews.methods.paired import completed_pairs
from reviews.models import Cycle
from reviews.selectors.references import references_on
from reviews.views.configuration import (
    context_of,
    names_of,
    render_page,
    replace_component,
    save_configuration,
    weight_words,
)
from reviews.views.presentation import name_of
from reviews.views.requests import SignedInRequest


def edit_pairs(request: SignedInRequest, cycle: Cycle, found: dict[str, Any]) -> HttpResponse:
    before = completed_pairs(found)
    chosen = [each["kpi"] for each in before["evidence"]]
    kpis = {
        code: name_of({"name": each.name}, code)
        for code, each in references_on(cycle.last_day).kpis.items()
        if not each.is_qualitative
    }
    form = PairsForm(
        request.POST or None,
        kpis=sorted({**{code: code for code in chosen}, **kpis}.items(), key=lambda pair: pair[1]),
        initial={
            **{name: before[name] for name in ("cohort", "minimum_cohort", "ties")},
            "certainty": int(before["certainty"]),
            "evidence": chosen,
        },
    )
    rows = CriterionRows(
        request.POST or None,
        initial=[
            {
                "code": each["code"],
                "weight": each["weight"],
                **names_of(each),
                **{
                    f"description_{language}": (each.get("description") or {}).get(language, "")
                    for language in ("zh", "en")
                },
            }
            for each in before["criteria"]
        ],
        prefix="criteria",
    )
    if request.method == "POST" and form.is_valid() and rows.is_valid():
        changed = {**found, **form.document(), "criteria": [row.document() for row in filled(rows)]}
        if save_configuration(request, cycle, lambda document: replace_component(document, changed), ""):
            return redirect("reviews:cycle", cycle.code)
    context = context_of(
        cycle,
        component=found,
        component_name=name_of(found, found["code"]),
        form=form,
        rows=rows,
        total=weight_words([each["weight"] for each in before["criteria"]]),
    )
    return render_page(request, "reviews/component_comparison.html", context, form, rows)
