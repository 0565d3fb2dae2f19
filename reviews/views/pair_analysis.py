"""HR's look at a paired comparison: how strong, how sure, and who of the raters stands apart."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from foundation.interface.access import role_required
from foundation.interface.wording import number
from reviews.models.cycles import Phase
from reviews.selectors.cycles import get_cycle_for
from reviews.selectors.pair_analysis import CohortAnalysis, CriterionAnalysis, paired_component
from reviews.selectors.pair_analysis import pair_analysis as analysis_of
from reviews.views.presentation import name_of
from reviews.views.requests import SignedInRequest

STRIP = 200


@role_required("hr", "auditor", write=("hr",))
@require_safe
def pair_analysis(request: SignedInRequest, code: str, component: str) -> HttpResponse:
    """All groups in a table, and the one that was chosen (or the only one) opened."""
    cycle = get_cycle_for(request.user, code)
    entry = paired_component(cycle, component)
    if cycle.phase == Phase.SETUP:
        raise Http404
    cohorts = analysis_of(cycle, component)
    wanted = request.GET.get("cohort", "")
    chosen = next((each for each in cohorts if each.key == wanted), None)
    if chosen is None and cohorts:
        chosen = max(cohorts, key=lambda each: (each.contradicting, each.submitted > 0, -cohorts.index(each)))
    criteria = _criteria(chosen) if chosen else []
    shown = next((each for each in criteria if each["code"] == request.GET.get("criterion")), None)
    return render(
        request,
        "reviews/comparison_analysis.html",
        {
            "cycle": cycle,
            "component": entry,
            "component_name": name_of(entry, entry["code"]),
            "cohorts": [
                {
                    "cohort": each,
                    "name": each.name if entry["cohort"] != "cycle" else _("Everyone of the cycle"),
                    "is_chosen": each is chosen,
                }
                for each in cohorts
            ],
            "chosen": chosen,
            "chosen_name": _chosen_name(chosen, entry),
            "criteria": criteria,
            "shown": shown or (criteria[0] if criteria else None),
        },
    )


def _chosen_name(chosen: CohortAnalysis | None, entry: dict[str, Any]) -> str:
    if chosen is None:
        return ""
    return _("Everyone of the cycle") if entry["cohort"] == "cycle" else chosen.name


def _criteria(cohort: CohortAnalysis) -> list[dict[str, Any]]:
    return [
        {
            "code": each.criterion["code"],
            "name": name_of(each.criterion, each.code) if each.code else "",
            "analysis": each,
            "has_unknown": any(line.unknown for line in each.raters),
            "triads": _triads(each),
            "missing": _(", ").join(person.name for person in each.missing),
            "people": [
                {
                    "line": line,
                    "strip": _strip(line.low, line.share, line.high) if line.share is not None else None,
                }
                for line in each.people
            ],
        }
        for each in cohort.criteria
    ]


def _strip(low: float | None, share: float | None, high: float | None) -> dict[str, str]:
    """Where the interval lies in a strip of STRIP by 20, as numbers of an SVG: with a point whatever the language."""
    scale = STRIP / 100
    found = {"low": (low or 0.0) * scale, "high": (high or 0.0) * scale, "left": (share or 0.0) * scale - 3}
    return {name: f"{value:.1f}" for name, value in found.items()}


def _triads(each: CriterionAnalysis) -> str:
    if not each.triples:
        return _("No three people were all compared with one another yet.")
    return ngettext(
        "%(triads)s of %(triples)s triple contradicts itself.",
        "%(triads)s of %(triples)s triples contradict themselves.",
        each.triples,
    ) % {"triads": number(each.triads, 0), "triples": number(each.triples, 0)}
