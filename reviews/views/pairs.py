"""The page on which a rater compares two people at a time: by mouse, by finger or by the arrow keys."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from foundation.interface.access import role_required
from foundation.refusals import Refusal
from reviews.methods.base import localised
from reviews.models import Cycle, Incident
from reviews.selectors.cycles import get_cycle_for
from reviews.selectors.evidence import KPIFact, data_until, kpi_facts, kpi_items
from reviews.selectors.incidents import visible_incidents
from reviews.selectors.pairs import PairForm, Question, pair_form_of
from reviews.services.pairs import answer_pair, set_known, submit_pairs, undo_pair
from reviews.views.presentation import kpi_value, language, name_of, unit_of
from reviews.views.refused import tell_refusal
from reviews.views.requests import SignedInRequest

FACTS_SHOWN = 4
INCIDENTS_SHOWN = 4


@role_required("manager", "hr")
@require_http_methods(["GET", "HEAD", "POST"])
def pairs(request: SignedInRequest, code: str, component: str) -> HttpResponse:
    """A POST is an answer: the page's script takes the next pair in its place, a browser without scripts goes there."""
    cycle = get_cycle_for(request.user, code)
    form = pair_form_of(request.user, cycle, component)
    if request.method != "POST":
        return render(request, "reviews/comparison.html", _context(request, form))
    try:
        answer_pair(
            actor=request.user,
            cycle=cycle,
            component=component,
            people=(_whole(request, "left"), _whole(request, "right")),
            preferred=_preferred(request),
            criterion=request.POST.get("criterion", "")[:60],
        )
    except Refusal as refusal:
        return _refused(request, cycle, component, refusal)
    return _next(request, cycle, component)


@role_required("manager", "hr")
@require_POST
def undo(request: SignedInRequest, code: str, component: str) -> HttpResponse:
    cycle = get_cycle_for(request.user, code)
    try:
        undo_pair(actor=request.user, cycle=cycle, component=component)
    except Refusal as refusal:
        return _refused(request, cycle, component, refusal)
    return _next(request, cycle, component)


@role_required("manager", "hr")
@require_POST
def acquaintance(request: SignedInRequest, code: str, component: str) -> HttpResponse:
    """The rater does not know a person, or does after all (known=1)."""
    cycle = get_cycle_for(request.user, code)
    try:
        set_known(
            actor=request.user,
            cycle=cycle,
            component=component,
            person=_whole(request, "person"),
            is_known=request.POST.get("known") == "1",
        )
    except Refusal as refusal:
        return _refused(request, cycle, component, refusal)
    return _next(request, cycle, component)


@role_required("manager", "hr")
@require_POST
def submit(request: SignedInRequest, code: str, component: str) -> HttpResponse:
    cycle = get_cycle_for(request.user, code)
    try:
        submit_pairs(actor=request.user, cycle=cycle, component=component)
    except Refusal as refusal:
        tell_refusal(request, refusal)
        return redirect("reviews:comparison", cycle.code, component)
    messages.success(request, _("The comparison is in. Thank you."))
    return redirect("reviews:queue")


def _next(request: SignedInRequest, cycle: Cycle, component: str) -> HttpResponse:
    if not _is_fragment(request):
        return redirect("reviews:comparison", cycle.code, component)
    form = pair_form_of(request.user, cycle, component)
    return render(request, "reviews/_comparison.html", _context(request, form))


def _refused(request: SignedInRequest, cycle: Cycle, component: str, refusal: Refusal) -> HttpResponse:
    """The pair as it stands now, with the reason above it; a fragment has to be 200 to be taken."""
    if not _is_fragment(request):
        tell_refusal(request, refusal)
        return redirect("reviews:comparison", cycle.code, component)
    form = pair_form_of(request.user, get_cycle_for(request.user, cycle.code), component)
    return render(request, "reviews/_comparison.html", {**_context(request, form), "refused": str(refusal)})


def _is_fragment(request: SignedInRequest) -> bool:
    return request.headers.get("HX-Request") == "true"


def _whole(request: SignedInRequest, name: str) -> int:
    text = request.POST.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Refusal("pair_malformed", field=name, status=422)
    return int(text)


def _preferred(request: SignedInRequest) -> int | None:
    choice = request.POST.get("choice", "")
    if choice == "even":
        return None
    if choice not in ("left", "right"):
        raise Refusal("pair_preferred", field="choice", status=422)
    return _whole(request, choice)


def _context(request: SignedInRequest, form: PairForm) -> dict[str, Any]:
    question = form.question if form.is_open else None
    part = form.current
    return {
        "cycle": form.cycle,
        "component": form.component,
        "component_name": name_of(form.component, form.component["code"]),
        "form": form,
        "is_open": form.is_open,
        "is_enough": form.is_enough,
        "answered": len(form.answers),
        "whole": len(form.answers) + form.left,
        "people": len(form.known),
        "unknown": [(pk, each.employee.name) for pk, each in form.unknown.items()],
        "is_empty": not form.parts,
        "minutes": max(form.minutes_left, 1),
        "question": _asked(form, question),
        "sides": _sides(request, form, question) if question else [],
        # Whole percents, rounded down: "90 %" is said when it is reached, not a moment before.
        "certainty": int((part.certainty if part else form.certainty) * 100),
        "wanted": int(form.component["certainty"]),
        "orders": _orders(form) if form.is_enough or not form.is_open else [],
        "until": data_until(form.cycle) if question else None,
    }


def _asked(form: PairForm, question: Question | None) -> dict[str, Any] | None:
    if question is None:
        return None
    criteria = form.component["criteria"]
    number = next((index for index, each in enumerate(criteria, start=1) if each["code"] == question.code), 0)
    return {
        "code": question.code,
        "name": name_of(question.criterion, question.code) if question.code else "",
        "description": localised(question.criterion.get("description"), language()),
        "number": number,
        "of": len(criteria),
    }


def _sides(request: SignedInRequest, form: PairForm, question: Question) -> list[dict[str, Any]]:
    """Both people with the same evidence, in the same order, whatever there is of it."""
    people = [question.left, question.right]
    facts = kpi_facts(form.cycle, people, _evidence(form))
    incidents: dict[int, list[Incident]] = {pk: [] for pk in people}
    found = visible_incidents(request.user).filter(
        employee__in=people,
        happened_on__range=(form.cycle.first_day, form.cycle.last_day),
        withdrawal__isnull=True,
    )
    for each in found.order_by("-happened_on", "-pk"):
        incidents[each.employee_id].append(each)
    return [
        {
            "side": side,
            "pk": pk,
            "name": form.participants[pk].employee.name,
            "team": form.participants[pk].team.name,
            "facts": [_fact(fact) for fact in facts[pk]],
            "incidents": incidents[pk][:INCIDENTS_SHOWN],
            "more": max(len(incidents[pk]) - INCIDENTS_SHOWN, 0),
        }
        for side, pk in zip(("left", "right"), people, strict=True)
    ]


def _evidence(form: PairForm) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """The KPIs that the component names, else the weightiest of the cycle."""
    own = [item for item in form.component["evidence"] if "version" in item]
    if own:
        return [(form.component, item) for item in own]
    items = kpi_items(form.cycle)
    kept = sorted(items, key=lambda each: -each[0]["weight"] * each[1]["weight"])[:FACTS_SHOWN]
    return [each for each in items if each in kept]


def _fact(fact: KPIFact) -> dict[str, Any]:
    version = fact.item["version"]
    return {
        "name": name_of(version, fact.item["kpi"]),
        "value": kpi_value(fact.value, version),
        "unit": unit_of(version),
        "few": fact.is_below_minimum,
        "is_on_target": fact.is_on_target,
    }


def _orders(form: PairForm) -> list[dict[str, Any]]:
    """The rater's own order, the best first: to see whether the answers say what was meant."""
    return [
        {
            "name": name_of(part.criterion, part.code) if part.code else "",
            "people": [
                form.participants[pk].employee.name
                for _strength, pk in sorted(
                    zip((-part.order.found.strengths).round(6), part.order.people, strict=True)
                )
            ],
        }
        for part in form.parts
    ]
