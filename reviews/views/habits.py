"""The note to oneself before handing in: a part of the grid's page, for the rater alone."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from foundation.interface.access import role_required
from reviews.methods.document import component_of
from reviews.selectors.cycles import get_cycle_for
from reviews.selectors.habits import habits_of
from reviews.views.requests import SignedInRequest


@role_required("manager", "hr")
@require_safe
def habits(request: SignedInRequest, code: str, component: str) -> HttpResponse:
    cycle = get_cycle_for(request.user, code)
    entry = component_of(cycle.configuration, component)
    asked = request.GET.get("for", "")
    rater_id = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 19 else None
    if entry is None or "items" not in entry or "levels" not in entry:
        raise Http404
    found = habits_of(request.user, cycle, entry, rater_id)
    most = max((count for _level, count in found.counts), default=0)
    return render(
        request,
        "reviews/_habits.html",
        {
            "habits": found,
            "rows": [{"level": level, "count": count, "most": most} for level, count in found.counts],
        },
    )
