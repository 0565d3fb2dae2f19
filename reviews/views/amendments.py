"""Changing a running cycle: what was changed so far, proposing, and deciding what somebody else proposed."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from foundation.interface.access import role_required
from foundation.interface.wording import number
from foundation.refusals import Refusal
from people.models import User
from people.selectors.employees import visible_employees
from reviews.forms.amendments import AmendmentForm
from reviews.models import Amendment, Cycle, Participant
from reviews.selectors.amendments import (
    amendable_lines,
    amendments_of,
    get_amendment_for,
    versions_of,
)
from reviews.selectors.cycles import get_cycle_for
from reviews.services.amendments import (
    BY_TWO,
    OPEN,
    OPEN_FOR_TARGETS,
    decide_amendment,
    propose_amendment,
)
from reviews.views.presentation import kpi_value, name_of, unit_of
from reviews.views.refused import show_refusal, tell_refusal
from reviews.views.requests import SignedInRequest

Kind = Amendment.Kind


@role_required("hr", "auditor", write=("hr",))
@require_safe
def amendments(request: SignedInRequest, code: str) -> HttpResponse:
    cycle = get_cycle_for(request.user, code)
    found = list(amendments_of(request.user, cycle))
    made = {each.amendment_id: each for each in versions_of(request.user, cycle) if each.amendment_id}
    return render(
        request,
        "reviews/amendments.html",
        {
            "cycle": cycle,
            "waiting": [
                {
                    "amendment": each,
                    "text": amendment_text(each, cycle),
                    "may_decide": request.user.is_hr and each.proposed_by_id != request.user.pk,
                }
                for each in found
                if each.state == Amendment.State.PROPOSED
            ],
            "past": [
                {"amendment": each, "text": amendment_text(each, cycle), "version": made.get(each.pk)}
                for each in found
                if each.state != Amendment.State.PROPOSED
            ],
            "kinds": [(kind.value, kind.label) for kind in Kind if cycle.phase in _phases(kind)]
            if request.user.is_hr and cycle.released_at is None
            else [],
        },
    )


def _phases(kind: Kind) -> tuple[str, ...]:
    return OPEN_FOR_TARGETS if kind == Kind.TARGET else OPEN


@role_required("hr")
@require_http_methods(["GET", "HEAD", "POST"])
def amendment_new(request: SignedInRequest, code: str, kind: str) -> HttpResponse:
    cycle = get_cycle_for(request.user, code)
    if kind not in Kind.values:
        raise Http404
    form = AmendmentForm(
        request.POST or None,
        kind=kind,
        lines=_lines(cycle),
        people=_people(request, cycle, kind),
        raters=visible_employees(request.user).filter(is_active=True),
    )
    if request.method == "POST" and form.is_valid():
        try:
            propose_amendment(
                actor=request.user,
                cycle=cycle,
                kind=kind,
                details=form.details(),
                reason=form.cleaned_data["reason"],
            )
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(
                request,
                _("Proposed. Somebody else of HR decides.")
                if kind in BY_TWO
                else _("Changed. Those whom it concerns have been told."),
            )
            return redirect("reviews:amendments", cycle.code)
    context = {"cycle": cycle, "form": form, "kind": Kind(kind), "by_two": kind in BY_TWO}
    return render(request, "reviews/amendment_new.html", context, status=422 if form.errors else 200)


@role_required("hr")
@require_POST
def decide(request: SignedInRequest, code: str, pk: int) -> HttpResponse:
    cycle = get_cycle_for(request.user, code)
    found = get_amendment_for(request.user, cycle, pk)
    accept = request.POST.get("decision") == "accept"
    try:
        decide_amendment(
            actor=request.user, amendment=found, accept=accept, reason=request.POST.get("reason", "")
        )
    except Refusal as refusal:
        tell_refusal(request, refusal)
    else:
        messages.success(
            request, _("In force. Scores that stood there are computed again.") if accept else _("Rejected.")
        )
    return redirect("reviews:amendments", cycle.code)


def _lines(cycle: Cycle) -> list[tuple[str, str]]:
    return [
        (
            f"{component['code']}/{item['kpi']}",
            _("%(kpi)s: %(target)s")
            % {
                "kpi": name_of(item["version"], item["kpi"]),
                "target": _target(
                    item["target"], (item.get("targets") or {}).get("edition"), item["version"]
                ),
            },
        )
        for component, item in amendable_lines(cycle)
    ]


def _people(request: SignedInRequest, cycle: Cycle, kind: str) -> Any:
    part = Participant.objects.filter(cycle=cycle).values("employee")
    if kind == Kind.JOINER:
        everyone = visible_employees(request.user, first=cycle.first_day, last=cycle.last_day)
        return everyone.exclude(pk__in=part)
    return User.objects.filter(pk__in=part)


def _target(value: float | None, edition: int | None, version: dict[str, Any]) -> str:
    if edition is not None:
        return _("target table, edition %(edition)s") % {"edition": number(edition, 0)}
    if value is None:
        return "–"
    unit = unit_of(version)
    return f"{kpi_value(value, version)} {unit}".strip()


def amendment_text(amendment: Amendment, cycle: Cycle) -> str:
    """What was changed, in a sentence."""
    kept = amendment.details
    match amendment.kind:
        case Kind.TARGET:
            version = next(
                (
                    item["version"]
                    for component, item in amendable_lines(cycle)
                    if (component["code"], item["kpi"]) == (kept["component"], kept["kpi"])
                ),
                {"decimals": 2, "unit": "score"},
            )
            return _("Target of %(kpi)s: %(before)s → %(after)s") % {
                "kpi": name_of(version, kept["kpi"]),
                "before": _target(kept["before"]["target"], kept["before"]["edition"], version),
                "after": _target(kept["after"]["target"], kept["after"]["edition"], version),
            }
        case Kind.JOINER:
            return _("%(name)s takes part") % {"name": kept["name"]}
        case Kind.LEAVER:
            return _("%(name)s takes part no more") % {"name": kept["name"]}
        case _:
            return _("%(rater)s judges %(name)s instead of %(before)s") % {
                "rater": kept["rater_name"],
                "name": kept["name"],
                "before": kept["from_name"] or "–",
            }
