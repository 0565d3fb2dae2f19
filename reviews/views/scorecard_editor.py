"""The pages on which HR makes a balanced scorecard: its parts, and the weights of its perspectives by judging pairs."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from foundation.documents import Problem, Problems
from foundation.interface.access import role_required
from foundation.interface.wording import number
from reviews.forms.components import filled
from reviews.forms.scorecards import CardForm, CardKPIRows, LinkRows, PairsForm, PerspectiveRows
from reviews.methods.ahp import Judged, judged, mirrored, step_of
from reviews.methods.document import component_of
from reviews.methods.scorecard import (
    OBJECTIVES,
    PERSON,
    ScorecardMethod,
    nodes_of,
    perspective_name,
    perspective_of,
    perspective_weights,
)
from reviews.models import Cycle
from reviews.models.cycles import Phase
from reviews.selectors.cycles import get_cycle_for
from reviews.selectors.references import references_on
from reviews.views.configuration import (
    context_of,
    kpi_detail,
    names_of,
    render_page,
    replace_component,
    save_configuration,
    weight_words,
)
from reviews.views.presentation import name_of, weight_text
from reviews.views.requests import SignedInRequest
from reviews.views.strategy_map import strategy_map

#: Where a problem of the document stands in the tables.
FIELDS = {"name": "name_en", "from": "cause", "to": "effect"}


def edit_card(request: SignedInRequest, cycle: Cycle, found: dict[str, Any]) -> HttpResponse:
    posted = request.POST or None
    references = references_on(cycle.last_day).kpis
    before = {**ScorecardMethod().blank(), **found}
    chosen = {item["kpi"]: item for item in before["kpis"]}
    codes = list(chosen)
    if cycle.phase == Phase.SETUP:
        codes += [code for code, each in references.items() if code not in chosen and not each.is_qualitative]
    nodes = list(nodes_of(before, references).items())
    form = CardForm(posted, initial={"subject": before.get("subject", PERSON)})
    agreed = {entry["perspective"]: entry["weight"] for entry in before["objectives"]}
    perspectives = PerspectiveRows(
        posted,
        initial=[
            {
                "code": each["code"],
                "weight": weight,
                "objectives": agreed.get(each["code"]),
                **names_of(each),
            }
            for each, weight in zip(before["perspectives"], perspective_weights(before), strict=True)
        ],
        prefix="perspectives",
    )
    rows = CardKPIRows(
        posted,
        initial=[_kpi_initial(code, chosen.get(code, {}), references) for code in codes],
        prefix="kpis",
        form_kwargs={"perspectives": _perspective_choices(perspectives, before)},
    )
    links = LinkRows(
        posted,
        initial=[
            {
                "cause": link["from"],
                "effect": link["to"],
                "why_zh": link.get("why", {}).get("zh", ""),
                "why_en": link.get("why", {}).get("en", ""),
            }
            for link in before["links"]
        ],
        prefix="links",
        form_kwargs={"nodes": nodes},
    )
    tables = (form, perspectives, rows, links)
    # Each is asked, so that all that is wrong is shown at once.
    are_valid = [table.is_valid() for table in tables] if request.method == "POST" else [False]
    if all(are_valid):
        changed = _changed(found, form, filled(perspectives), filled(rows), filled(links), chosen)
        problems = Problems()
        ScorecardMethod().check(changed, kpis=references, problems=problems, path=(), complete=False)
        if problems:
            _show(problems, form, perspectives=filled(perspectives), kpis=filled(rows), links=filled(links))
        elif save_configuration(request, cycle, lambda document: replace_component(document, changed), ""):
            return redirect(
                "reviews:component" if request.POST.get("stay") else "reviews:cycle",
                *([cycle.code, found["code"]] if request.POST.get("stay") else [cycle.code]),
            )
    for row, code in zip(rows, codes, strict=False):
        row.reference = references.get(code)
    context = context_of(
        cycle,
        component=found,
        component_name=name_of(found, found["code"]),
        form=form,
        perspectives=perspectives,
        rows=rows,
        details=[kpi_detail(row) for row in rows],
        links=links,
        has_nodes=bool(nodes),
        ahp=judged(before["ahp"]["matrix"]) if before.get("ahp") else None,
        total=weight_words(list(perspective_weights(before))),
        map=draft_map(before, references),
    )
    return render_page(request, "reviews/component_scorecard.html", context, *tables)


def _kpi_initial(code: str, item: dict[str, Any], references: Any) -> dict[str, Any]:
    return {
        "kpi": code,
        "perspective": perspective_of(item or {"kpi": code}, references),
        "weight": item.get("weight"),
        "target": item.get("target"),
        "scoring": item.get("scoring", "attainment"),
        "bands": item.get("bands") or [],
        "floor": 100 * item["floor"] if item.get("floor") else None,
        "cap": 100 * item["cap"] if item.get("cap") is not None else (None if item else 120),
    }


def _perspective_choices(perspectives: Any, before: dict[str, Any]) -> list[tuple[str, str]]:
    """Those of the table as it is sent, so that a new perspective and its KPIs can be saved together."""
    known = [(each["code"], perspective_name(each)) for each in before["perspectives"]]
    if perspectives.is_bound and perspectives.is_valid():
        typed = [row.document() for row in filled(perspectives)]
        known += [(each["code"], perspective_name(each)) for each in typed if each["code"] not in dict(known)]
    return known


def _changed(
    found: dict[str, Any],
    form: CardForm,
    perspectives: list[Any],
    rows: list[Any],
    links: list[Any],
    chosen: dict[str, Any],
) -> dict[str, Any]:
    """Judgements stay as long as they are about the same perspectives."""
    changed = {
        **found,
        "subject": form.cleaned_data["subject"],
        "perspectives": [row.document() for row in perspectives],
        "objectives": [entry for row in perspectives for entry in row.agreed()],
        "kpis": [row.document(chosen.get(row.cleaned_data["kpi"], {})) for row in rows],
        "links": [row.document() for row in links],
    }
    same = [each["code"] for each in changed["perspectives"]] == [
        each["code"] for each in found["perspectives"]
    ]
    if form.cleaned_data["type_weights"] or not same:
        changed.pop("ahp", None)
    # A KPI that lost its weight takes its links with it.
    left = {item["kpi"] for item in changed["kpis"]} | {
        f"{OBJECTIVES}:{entry['perspective']}" for entry in changed["objectives"]
    }
    changed["links"] = [link for link in changed["links"] if {link["from"], link["to"]} <= left]
    return changed


def _show(found: Problems, form: CardForm, **tables: list[Any]) -> None:
    """Each problem at its field of its row."""
    for problem in found:
        table, index, name = _place(problem)
        rows = tables.get(table, [])
        if 0 <= index < len(rows):
            rows[index].add_error(name if name in rows[index].fields else None, problem.text)
        else:
            form.add_error(None, problem.text)


def _place(problem: Problem) -> tuple[str, int, str]:
    path = problem.path
    index = path[1] if len(path) > 1 and isinstance(path[1], int) else -1
    name = str(path[2]) if len(path) > 2 else ""
    return str(path[0]) if path else "", index, FIELDS.get(name, name)


def draft_map(component: dict[str, Any], references: Any) -> dict[str, Any]:
    """The map before anything is measured."""
    names = nodes_of(component, references)
    return strategy_map(
        [
            {"code": each["code"], "label": perspective_name(each), "note": weight_text(weight)}
            for each, weight in zip(component["perspectives"], perspective_weights(component), strict=True)
        ],
        [
            {
                "key": item["kpi"],
                "perspective": perspective_of(item, references),
                "label": names[item["kpi"]],
                "note": weight_text(item["weight"]),
                "state": "",
            }
            for item in component["kpis"]
        ]
        + [
            {
                "key": f"{OBJECTIVES}:{entry['perspective']}",
                "perspective": entry["perspective"],
                "label": names[f"{OBJECTIVES}:{entry['perspective']}"],
                "note": weight_text(entry["weight"]),
                "state": "",
            }
            for entry in component.get("objectives", [])
        ],
        component.get("links", []),
    )


@role_required("hr", "auditor", write=("hr",))
@require_http_methods(["GET", "HEAD", "POST"])
def pairs(request: SignedInRequest, code: str, component: str) -> HttpResponse:
    """Weights by judging pairs. While somebody judges, what follows from it is asked for and nothing is kept."""
    cycle = get_cycle_for(request.user, code)
    found = component_of(cycle.configuration, component)
    if found is None or found["method"] != ScorecardMethod.code or len(found["perspectives"]) < 2:
        raise Http404
    names = [perspective_name(each) for each in found["perspectives"]]
    form = PairsForm(request.POST or None, names=names, initial=_pairs_initial(found, len(names)))
    matrix = mirrored(_judgements(form), len(names))
    answer = judged(matrix)
    context = context_of(
        cycle,
        component=found,
        component_name=name_of(found, found["code"]),
        form=form,
        **_answer(answer, matrix, names),
    )
    if request.headers.get("HX-Request") and request.method == "POST":
        return render(request, "reviews/_card_weights.html", context)
    if request.method == "POST" and form.is_valid():
        accepted = form.cleaned_data["accepted"]
        if answer.is_consistent or accepted:
            ahp = {"matrix": matrix, **({} if answer.is_consistent else {"accepted": True})}
            weighed = [
                {**each, "weight": weight}
                for each, weight in zip(found["perspectives"], answer.weights, strict=True)
            ]
            changed = {**found, "ahp": ahp, "perspectives": weighed}
            if save_configuration(request, cycle, lambda document: replace_component(document, changed), ""):
                messages.success(request, _("The weights follow from your judgements."))
                return redirect("reviews:component", cycle.code, component)
        else:
            form.add_error(
                "accepted",
                _(
                    "The judgements contradict one another. Change the pair that is named, or confirm that you keep it."
                ),
            )
    return render_page(request, "reviews/card_weights.html", context, form)


def _pairs_initial(found: dict[str, Any], size: int) -> dict[str, Any]:
    matrix = found.get("ahp", {}).get("matrix") or [[1] * size] * size
    steps = {
        f"pair_{first}_{second}": step_of(matrix[first][second])
        for first in range(size)
        for second in range(first + 1, size)
    }
    return {**steps, "accepted": found.get("ahp", {}).get("accepted", False)}


def _judgements(form: PairsForm) -> dict[tuple[int, int], int]:
    """What was sent as far as it is sound, else what stood there."""
    if form.is_bound and form.is_valid():
        return form.judgements()
    kept = {name: value for name, value in form.initial.items() if name.startswith("pair_")}
    sound = getattr(form, "cleaned_data", {})
    return {
        (int(name.split("_")[1]), int(name.split("_")[2])): sound.get(name, value)
        for name, value in kept.items()
    }


def _answer(answer: Judged, matrix: list[list[Any]], names: list[str]) -> dict[str, Any]:
    first, second = names[answer.first], names[answer.second]
    return {
        "weights": [
            {"name": name, "weight": weight, "text": f"{number(weight, 2)} %"}
            for name, weight in zip(names, answer.weights, strict=True)
        ],
        "matrix": [{"name": name, "cells": row} for name, row in zip(names, matrix, strict=True)],
        "names": names,
        "ratio": number(answer.ratio, 2),
        "is_consistent": answer.is_consistent,
        "spoils": {
            "first": first,
            "second": second,
            "stated": _times(answer.stated, first, second),
            "implied": _times(answer.implied, first, second),
        },
    }


def _times(value: float, first: str, second: str) -> str:
    """ "Customer 3 times as much as Process" """
    more, less, times = (first, second, value) if value >= 1 else (second, first, 1 / value)
    if round(times, 1) == 1:
        return _("%(first)s and %(second)s alike") % {"first": first, "second": second}
    return _("%(more)s %(times)s times as much as %(less)s") % {
        "more": more,
        "less": less,
        "times": number(times, 0 if abs(times - round(times)) < 0.05 else 1),
    }
