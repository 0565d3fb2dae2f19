"""One component of a cycle, each on the page of its method."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.http import Http404, HttpResponse
from django.views.decorators.http import require_http_methods

from foundation.interface.access import role_required
from reviews.methods.document import component_of
from reviews.models import Cycle
from reviews.selectors.cycles import get_cycle_for
from reviews.views.behaviours import edit_record_rule
from reviews.views.configuration import edit_kpis
from reviews.views.objective_rule import edit_objectives_rule
from reviews.views.pair_rules import edit_pairs
from reviews.views.ranking import edit_ranking
from reviews.views.requests import SignedInRequest
from reviews.views.scales import edit_scale
from reviews.views.scorecard_editor import edit_card

PAGES: Mapping[str, Callable[[SignedInRequest, Cycle, dict[str, Any]], HttpResponse]] = {
    "kpi": edit_kpis,
    "rating_scale": edit_scale,
    "bars": edit_scale,
    "behaviour": edit_record_rule,
    "ranking": edit_ranking,
    "multisource": edit_scale,
    "scorecard": edit_card,
    "objectives": edit_objectives_rule,
    "paired_comparison": edit_pairs,
}


@role_required("hr", "auditor", write=("hr",))
@require_http_methods(["GET", "HEAD", "POST"])
def component(request: SignedInRequest, code: str, component: str) -> HttpResponse:
    cycle = get_cycle_for(request.user, code)
    found = component_of(cycle.configuration, component)
    if found is None:
        raise Http404
    return PAGES[found["method"]](request, cycle, found)
