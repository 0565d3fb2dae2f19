"""Where I stand and why: the employee's own page."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Exists, OuterRef, Q
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from foundation.interface.access import role_required
from foundation.refusals import Refusal
from reviews.methods.kpi import KPIMethod
from reviews.methods.parts import item_of
from reviews.methods.scorecard import ScorecardMethod, line_subject, share_of
from reviews.models import Cycle, Result
from reviews.models.cycles import Phase
from reviews.selectors.appeals import is_in_time, last_day_to_file, own_appeals
from reviews.selectors.coaching import coaching_in
from reviews.selectors.conversations import Talk, talk_of
from reviews.selectors.cycles import get_cycle_for, visible_cycles
from reviews.selectors.evidence import KPIFact, data_until, kpi_facts, moved_by
from reviews.selectors.explanations import explanation_of
from reviews.selectors.feedback import days_to_release, feedback_sheet
from reviews.selectors.improvement_plans import open_plans_of
from reviews.selectors.incidents import incidents_in
from reviews.selectors.own_part import OwnPart, own_part
from reviews.selectors.results import may_see_rank, released_results_of, shut_results
from reviews.selectors.terms import ASKED_IN, asks_for_receipt, owes_receipt
from reviews.services.acknowledgements import COMMENT_LIMIT, acknowledge_result
from reviews.views.appeals import state_icon
from reviews.views.feedback import point_rows
from reviews.views.improvement_words import next_text, title_of
from reviews.views.item_words import item_name
from reviews.views.presentation import band_of, bands_of, kpi_value, name_of, unit_of, weight_text
from reviews.views.record_words import incident_day
from reviews.views.refused import tell_refusal
from reviews.views.requests import SignedInRequest
from reviews.views.results import result_context

#: Whose lines are KPIs, by the codes of their methods.
MEASURED = (KPIMethod.code, ScorecardMethod.code)
NOTES_SHOWN = 6


@role_required("employee")
@require_safe
def standing(request: SignedInRequest) -> HttpResponse:
    """The latest open result; the running cycle to date where there is none, else it is fetched after the page."""
    released = released_results_of(request.user)
    if not released:
        return render(
            request,
            "reviews/standing.html",
            {"running": _running(request), "earlier": [], "plans": _plans(request)},
        )
    cycle, result = released[0]
    context = _context(request, cycle, result, released)
    return render(
        request, "reviews/standing.html", {**context, "running_url": reverse("reviews:standing_to_date")}
    )


@role_required("employee")
@require_safe
def to_date(request: SignedInRequest) -> HttpResponse:
    """The running cycle to date, as a part of the page above; empty where none is running."""
    return render(request, "reviews/_to_date.html", {"running": _running(request)})


@role_required("employee")
@require_safe
def standing_in(request: SignedInRequest, code: str) -> HttpResponse:
    """The own result of one released cycle."""
    cycle = get_cycle_for(request.user, code)
    released = released_results_of(request.user)
    result = next((result for each, result in released if each.pk == cycle.pk), None)
    if result is None:
        raise Http404
    return render(request, "reviews/standing.html", _context(request, cycle, result, released))


@role_required("employee")
@require_POST
def acknowledge(request: SignedInRequest, code: str) -> HttpResponse:
    cycle = get_cycle_for(request.user, code)
    try:
        acknowledge_result(
            actor=request.user,
            cycle=cycle,
            comment=request.POST.get("comment", ""),
            agrees={"yes": True, "no": False}.get(request.POST.get("agrees", "")),
        )
    except Refusal as refusal:
        tell_refusal(request, refusal)
        if refusal.code == "result_not_open":
            return redirect("reviews:standing")
    else:
        messages.success(
            request, _("Noted that you have read your result. That does not mean that you agree.")
        )
    return redirect("reviews:standing_in", cycle.code)


def _context(
    request: SignedInRequest,
    cycle: Cycle,
    result: Result,
    released: list[tuple[Cycle, Result]],
) -> dict[str, Any]:
    result.employee = request.user
    part = own_part(request.user, cycle)
    hold = part.hold if part else None
    until = last_day_to_file(cycle, hold)
    explanation = explanation_of(
        result,
        cycle,
        show_rank=may_see_rank(request.user, cycle),
        own=True,
        participant=part.participant if part else None,
    )
    before = next((each for each in released if each[0].last_day < cycle.last_day), None)
    change = None
    if before and result.score is not None and before[1].score is not None:
        change = result.score - before[1].score
    facts = {fact.item["kpi"]: fact for fact in kpi_facts(cycle, [request.user.pk])[request.user.pk]}
    context = result_context(cycle, result, explanation)
    for group, component in zip(context["groups"], explanation["components"], strict=True):
        if component["method"] not in MEASURED:
            continue  # a place, groups, objectives, pairs: no line of a table for each line
        for row, line in zip(group["rows"], component["lines"], strict=True):
            fact = facts.get(line["subject"])
            row["trend"] = fact.change if fact else None
            row["decimals"] = fact.item["version"]["decimals"] if fact else 0
    return {
        **context,
        "change": change,
        "before": before[0] if before else None,
        "moved": [
            {
                "name": _line_name(explanation, each),
                "points": each["points"],
            }
            for each in moved_by(explanation)
        ],
        "feedback": _feedback(cycle, part),
        "days": days_to_release(cycle, hold),
        "may_appeal": is_in_time(cycle, until),
        "appeal_until": until,
        "appeals": [
            {
                "appeal": each,
                "item": item_name(cycle.configuration, each.component, each.subject),
                "icon": state_icon(each.state),
            }
            for each in own_appeals(request.user).filter(cycle=cycle)
        ],
        "talk": _talk(part),
        "acknowledged": {"created_at": part.acknowledged_at, "agrees": part.agrees}
        if part is not None and part.acknowledged_at
        else None,
        "comment_limit": COMMENT_LIMIT,
        "money_url": _address("incentives:money_fragment", cycle.code),
        "plans": _plans(request),
        "earlier": [
            {
                "cycle": each,
                "result": other,
                "band": band_of(each, other.rating),
                "bands": bands_of(each),
            }
            for each, other in released
            if each.pk != cycle.pk
        ],
    }


def _plans(request: SignedInRequest) -> list[dict[str, Any]]:
    """The own plans that go on, each with what comes next."""
    return [
        {"plan": state.plan, "title": title_of(state.plan.kind), "next": next_text(state)}
        for state in open_plans_of(request.user)
    ]


def _feedback(cycle: Cycle, part: OwnPart | None) -> dict[str, Any] | None:
    """What was written for the person; None where nothing was."""
    if part is None or not part.has_feedback:
        return None
    sheet = feedback_sheet(cycle, part.participant)
    return {
        "sheet": sheet,
        "strengths": point_rows(cycle, sheet, None, strong=True),
        "weak": point_rows(cycle, sheet, None, strong=False),
    }


def _talk(part: OwnPart | None) -> Talk | None:
    notes = part.notes if part else None
    return talk_of(notes) if notes is not None else None


def _line_name(explanation: dict[str, Any], moved: dict[str, Any]) -> str:
    if "incident" in moved["line"]:
        fact = moved["line"]["incident"]
        return f"{name_of(fact, fact['behaviour'])} ({incident_day(moved['line'])})"
    if "objective" in moved["line"]:
        return str(moved["line"]["objective"]["title"])
    code, subject = moved["component"]["code"], moved["line"]["subject"]
    configured = next(each for each in explanation["configuration"]["components"] if each["code"] == code)
    for entry in configured.get("kpis", configured.get("items", configured.get("criteria", []))):
        own = line_subject(configured, entry["kpi"]) if "kpi" in entry else entry.get("code")
        if item_of(subject) == own:
            return name_of(entry.get("version") or entry, subject)
    return name_of(configured, subject)


def _running(request: SignedInRequest) -> dict[str, Any] | None:
    """The launched, unreleased cycle that the person takes part in, with its KPIs to date; no judgement, no score."""
    cycle = (
        visible_cycles(request.user)
        .filter(participants__employee=request.user, participants__withdrawn_in__isnull=True)
        .annotate(is_shut=Exists(shut_results(cycle=OuterRef("pk"), employee=request.user)))
        .filter(Q(released_at__isnull=True) | Q(is_shut=True))
        .exclude(phase__in=[Phase.CLOSED, Phase.CANCELLED, Phase.SETUP])
        .order_by("-last_day")
        .first()
    )
    if cycle is None:
        return None
    facts = kpi_facts(cycle, [request.user.pk])[request.user.pk]
    me = request.user
    first, last = cycle.first_day, cycle.last_day
    return {
        "cycle": cycle,
        "facts": [_fact_row(fact) for fact in facts],
        "until": data_until(cycle),
        "incidents": incidents_in(me, me.pk, first, last)[:NOTES_SHOWN],
        "coaching": coaching_in(me, me.pk, first, last)[:NOTES_SHOWN],
        "asks_to_confirm": cycle.phase in ASKED_IN and asks_for_receipt(cycle) and owes_receipt(cycle, me.pk),
        "is_shut": cycle.is_shut,
    }


def _fact_row(fact: KPIFact) -> dict[str, Any]:
    version = fact.item["version"]
    share = fact.component["weight"] * share_of(fact.component, fact.item) / 100
    return {
        "name": name_of(version, fact.item["kpi"]),
        "unit": unit_of(version),
        "value": kpi_value(fact.value, version),
        "target": kpi_value(fact.target, version),
        "weight": weight_text(share),
        "trend": fact.change,
        "decimals": version["decimals"],
        "n": fact.n,
        "is_on_target": fact.is_on_target,
        "few": fact.is_below_minimum,
    }


def _address(name: str, *args: str) -> str:
    """A fragment of a room above this one, where it is there."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""
