"""The page on which HR makes a ranking: by what, among whom, for how many points."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect

from reviews.forms.components import filled
from reviews.forms.ranking import RankingForm, SourceRows
from reviews.methods import COMPARING
from reviews.methods.ranking import COMPONENTS, RankingMethod
from reviews.models import Cycle
from reviews.selectors.references import references_on
from reviews.views.configuration import (
    context_of,
    render_page,
    replace_component,
    save_configuration,
    weight_words,
)
from reviews.views.presentation import name_of
from reviews.views.requests import SignedInRequest


def edit_ranking(request: SignedInRequest, cycle: Cycle, found: dict[str, Any]) -> HttpResponse:
    before = {**RankingMethod().blank(), **found}
    chosen = before["kpis"][0]["kpi"] if before["kpis"] else ""
    kpis = {
        code: name_of({"name": each.name}, code)
        for code, each in references_on(cycle.last_day).kpis.items()
        if not each.is_qualitative
    }
    if chosen:
        kpis.setdefault(chosen, chosen)
    form = RankingForm(
        request.POST or None,
        kpis=sorted(kpis.items(), key=lambda pair: pair[1]),
        initial={
            **{name: before[name] for name in ("source", "cohort", "minimum_cohort", "scale")},
            **before["points"],
            "kpi": chosen,
        },
    )
    weights = {each["code"]: each["weight"] for each in before["components"]}
    names = {
        each["code"]: name_of(each, each["code"])
        for each in cycle.configuration["components"]
        if each["method"] not in COMPARING
    }
    codes = list(dict.fromkeys([*names, *weights]))
    rows = SourceRows(
        request.POST or None,
        initial=[{"code": code, "weight": weights.get(code)} for code in codes],
        prefix="sources",
    )
    if request.method == "POST" and form.is_valid() and rows.is_valid():
        changed = {**found, **form.document(), "components": [row.document() for row in filled(rows)]}
        if changed["source"] != COMPONENTS:
            changed["components"] = []
        if save_configuration(request, cycle, lambda document: replace_component(document, changed), ""):
            return redirect("reviews:cycle", cycle.code)
    context = context_of(
        cycle,
        component=found,
        component_name=name_of(found, found["code"]),
        form=form,
        rows=rows,
        sources=[{"row": row, "name": names.get(code, code)} for row, code in zip(rows, codes, strict=False)],
        total=weight_words(list(weights.values())),
    )
    return render_page(request, "reviews/component_ranking.html", context, form, rows)
