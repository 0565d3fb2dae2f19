"""The page on which a manager orders the own people: by drag, by keyboard, or by typing places."""

from __future__ import annotations

import json
import re
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from foundation.interface.access import role_required
from foundation.refusals import Refusal
from reviews.selectors.cycles import get_cycle_for
from reviews.selectors.evidence import KPIFact, kpi_facts, weightiest
from reviews.selectors.orderings import Ordering, ordering_of
from reviews.services.orderings import StaleOrdering, save_ordering, submit_ordering
from reviews.views.presentation import kpi_value, name_of, unit_of
from reviews.views.refused import tell_refusal
from reviews.views.requests import SignedInRequest

FACTS_SHOWN = 3
# What the page's script sends: "12,15=9,3", people of one place joined by =.
WRITTEN = re.compile(r"\d{1,18}(?:[,=]\d{1,18}){0,1999}")


@role_required("manager", "hr")
@require_http_methods(["GET", "HEAD", "POST", "PUT"])
def ordering(request: SignedInRequest, code: str, component: str) -> HttpResponse:
    """PUT is the page's autosave; a POST comes from a browser without scripts, with a place typed beside each."""
    if request.method == "PUT":
        return _autosave(request, code, component)
    cycle = get_cycle_for(request.user, code)
    found = ordering_of(request.user, cycle, component)
    if request.method == "POST":
        try:
            save_ordering(
                actor=request.user,
                cycle=cycle,
                component=component,
                groups=_typed(request, found),
                version=_whole(request.POST.get("version", "")),
            )
        except Refusal as refusal:
            tell_refusal(request, refusal)
        else:
            messages.success(request, _("The order is saved. Submit it when it is final."))
        return redirect("reviews:ordering", cycle.code, component)
    facts = kpi_facts(cycle, found.people)
    people = {sheet.participant.employee_id: sheet.participant.employee for sheet in found.sheets}
    groups = found.groups or []
    rows: list[dict[str, Any]] = []
    for group in [*groups, *([pk] for pk in found.unplaced)]:
        place = len(rows) + 1
        for index, pk in enumerate(sorted(group, key=lambda each: people[each].name_sort)):
            rows.append(
                {
                    "employee": people[pk],
                    "place": place,
                    "tied": index > 0,
                    "facts": [_fact(fact) for fact in weightiest(facts[pk], FACTS_SHOWN)],
                }
            )
    return render(
        request,
        "reviews/ordering.html",
        {
            "cycle": cycle,
            "component": found.component,
            "component_name": name_of(found.component, component),
            "ordering": found,
            "rows": rows,
            "is_open": found.is_open,
        },
    )


def _fact(fact: KPIFact) -> dict[str, Any]:
    version = fact.item["version"]
    return {
        "name": name_of(version, fact.item["kpi"]),
        "value": kpi_value(fact.value, version),
        "unit": unit_of(version),
        "is_on_target": fact.is_on_target,
    }


def _typed(request: SignedInRequest, found: Ordering) -> list[list[int]]:
    """Groups by the places that were typed; what is no whole number refuses the whole."""
    by_place: dict[int, list[int]] = {}
    for pk in found.people:
        place = _whole(request.POST.get(f"place-{pk}", ""))
        if place < 1:
            raise Refusal("ordering_malformed", status=422)
        by_place.setdefault(place, []).append(pk)
    return [by_place[place] for place in sorted(by_place)]


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


def written(ordering: Ordering) -> str:
    return ",".join("=".join(str(pk) for pk in group) for group in ordering.groups)


def _autosave(request: SignedInRequest, code: str, component: str) -> JsonResponse:
    try:
        body = json.loads(request.body)
        value, version = str(body["value"]), int(body["version"])
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return JsonResponse({"detail": str(Refusal("cycle_value_malformed"))}, status=400)
    try:
        # A cycle that is not there and an order that is not there are answered alike.
        cycle = get_cycle_for(request.user, code)
        if not WRITTEN.fullmatch(value) or not value.isascii():
            raise Refusal("ordering_malformed", status=422)
        groups = [[int(pk) for pk in group.split("=")] for group in value.split(",")]
        saved = save_ordering(
            actor=request.user, cycle=cycle, component=component, groups=groups, version=version
        )
    except StaleOrdering as stale:
        now = stale.current
        answer = {
            "version": now.version,
            "value": written(now),
            "saved_by": now.saved_by,
            "detail": str(stale),
        }
        return JsonResponse(answer, status=409)
    except Refusal as refusal:
        return JsonResponse({"detail": str(refusal)}, status=refusal.status)
    except Http404:
        return JsonResponse({"detail": _("This form is not there any more.")}, status=404)
    at = timezone.localtime(saved.saved_at or timezone.now())
    return JsonResponse({"version": saved.version, "value": value, "saved_at": at.isoformat()})


@role_required("manager", "hr")
@require_POST
def submit(request: SignedInRequest, code: str, component: str) -> HttpResponse:
    cycle = get_cycle_for(request.user, code)
    try:
        submit_ordering(actor=request.user, cycle=cycle, component=component)
    except Refusal as refusal:
        tell_refusal(request, refusal)
        return redirect("reviews:ordering", cycle.code, component)
    messages.success(request, _("The order is in. Thank you."))
    return redirect("reviews:queue")
