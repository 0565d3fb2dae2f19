"""What a cycle in set-up would have given last month."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from foundation.interface.access import role_required
from foundation.interface.wording import number
from foundation.refusals import Refusal
from foundation.runs.models import Run
from foundation.runs.presentation import describe
from reviews.models.cycles import Phase
from reviews.selectors.cycles import get_cycle_for
from reviews.selectors.previews import latest_preview, preview_summary
from reviews.services.previews import start_preview
from reviews.views.presentation import name_of, score_text, weight_text
from reviews.views.refused import tell_refusal
from reviews.views.requests import SignedInRequest


@role_required("hr", "auditor", write=("hr",))
@require_http_methods(["GET", "HEAD", "POST"])
def preview(request: SignedInRequest, code: str) -> HttpResponse:
    """The latest preview with its progress; a POST computes a new one."""
    cycle = get_cycle_for(request.user, code)
    if request.method == "POST":
        try:
            start_preview(actor=request.user, cycle=cycle)
        except Refusal as refusal:
            tell_refusal(request, refusal)
        return redirect("reviews:preview", cycle.code)
    run = latest_preview(cycle)
    summary = preview_summary(run, cycle) if run else None
    context: dict[str, Any] = {
        "cycle": cycle,
        "run": run,
        "progress": describe(run, request.user) if run and run.state != Run.State.DONE else None,
        "can_compute": request.user.is_hr and cycle.phase == Phase.SETUP and not (run and run.is_active),
        "summary": summary,
    }
    if summary is not None:
        context |= {
            "median": score_text(summary["median"]),
            "lowest": score_text(summary["lowest"]),
            "highest": score_text(summary["highest"]),
            "scores_chart": _scores_chart(summary) if summary["counts"] else None,
            "ratings_chart": _ratings_chart(summary),
            "rows": [
                {
                    **each,
                    "name": name_of(each, each["kpi"]),
                    "weight": weight_text(each["weight"]),
                }
                for each in summary["kpis"]
            ],
        }
    return render(request, "reviews/preview.html", context)


def _scores_chart(summary: dict[str, Any]) -> dict[str, Any]:
    labels = [f"{number(low, 0)} – {number(high, 0)}" for low, high in pairwise(summary["edges"])]
    return {
        "kind": "histogram",
        "labels": labels,
        "series": [{"name": _("People"), "values": summary["counts"]}],
        "decimals": 0,
    }


def _ratings_chart(summary: dict[str, Any]) -> dict[str, Any]:
    return {
        "kind": "bar",
        "labels": [name_of(each, each["code"]) for each in summary["ratings"]],
        "series": [
            {
                "name": _("People"),
                "values": [each["count"] for each in summary["ratings"]],
                "emphasis": True,
            }
        ],
        "decimals": 0,
    }
