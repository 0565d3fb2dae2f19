"""Calibration: ratings by team, before and after; HR moves them with a reason, managers propose."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from foundation.interface.access import role_required
from foundation.keyset import page_of
from foundation.refusals import Refusal
from foundation.runs.presentation import describe
from foundation.runs.selectors import latest_run
from people.selectors.teams import subtree_ids, visible_teams
from reviews.forms.adjustments import MoveForm
from reviews.models import Cycle, RatingProposal, Result
from reviews.models.cycles import Phase
from reviews.selectors.adjustments import (
    before_and_after,
    caps_of,
    computed_of,
    effective,
    get_proposal_for,
    latest_move,
    latest_moves,
    visible_adjustments,
    visible_proposals,
)
from reviews.selectors.cycles import get_cycle_for
from reviews.selectors.freshness import results_are_stale
from reviews.selectors.rating_groups import group_summary
from reviews.selectors.results import get_result_for, visible_results, with_place
from reviews.services.adjustments import ADJUSTABLE, move_rating
from reviews.services.proposals import decide_proposal, propose_rating
from reviews.services.scoring import SCORABLE
from reviews.views.presentation import band_of, bands_of
from reviews.views.rating_words import band_label
from reviews.views.refused import show_refusal, tell_refusal
from reviews.views.requests import SignedInRequest

PANEL = ("hr", "auditor", "manager")
PAGE_SIZE = 60
MOVES_SHOWN = 50
ORDERING = ("team_id", "-score", "id")


@role_required(*PANEL, write=("hr", "manager"))
@require_safe
def calibration(request: SignedInRequest, code: str) -> HttpResponse:
    cycle = get_cycle_for(request.user, code)
    teams = visible_teams(request.user).filter(is_active=True).order_by("path")
    team = next((each for each in teams if each.code == request.GET.get("team", "")), None)
    found = visible_results(request.user, cycle)
    if team is not None:
        found = found.filter(team_id__in=subtree_ids([team.code]))
    page = page_of(with_place(found), ordering=ORDERING, cursor=request.GET.get("cursor"), limit=PAGE_SIZE)
    run = latest_run("scoring", f"cycle:{cycle.pk}")
    stale = request.user.is_hr and results_are_stale(cycle)
    proposals = visible_proposals(request.user, cycle).filter(state=RatingProposal.State.OPEN).order_by("id")
    moves = visible_adjustments(request.user, cycle).filter(kind="rating")
    context = {
        "cycle": cycle,
        "teams": teams,
        "team": team,
        "page": page,
        "bands": list(reversed(bands_of(cycle))),
        "groups": _by_team(cycle, list(page.items)),
        "chart": _chart(cycle, before_and_after(cycle, found)) if page.items else None,
        "summary": group_summary(cycle) if request.user.has_role("hr", "auditor") else None,
        "moves": _named(cycle, moves.order_by("-id")[:MOVES_SHOWN]),
        "proposals": [
            {"proposal": each, "to": band_label(cycle, each.rating)} for each in proposals[:MOVES_SHOWN]
        ],
        "can_move": request.user.is_hr and cycle.phase in ADJUSTABLE,
        "can_propose": not request.user.is_hr
        and request.user.is_manager
        and cycle.phase == Phase.CALIBRATION,
        "can_score": request.user.is_hr and stale and cycle.phase in SCORABLE and not (run and run.is_active),
        "progress": describe(run, request.user) if run and run.is_active and request.user.is_hr else None,
    }
    return render(request, "reviews/calibration.html", context)


def _named(cycle: Cycle, moves: Any) -> list[dict[str, Any]]:
    return [{"move": each, "to": band_label(cycle, each.rating) if each.rating else ""} for each in moves]


def _by_team(cycle: Cycle, results: list[Any]) -> list[dict[str, Any]]:
    """[{name, rows}] in the order of the page; a row has the standing of every band."""
    moves = latest_moves(cycle)
    caps = caps_of(cycle, [each.employee_id for each in results])
    bands = list(reversed(bands_of(cycle)))
    groups = []
    for _team, rows in groupby(results, key=lambda each: each.team_id):
        people = list(rows)
        groups.append(
            {"first": people[0], "rows": [_row(cycle, each, moves, caps, bands) for each in people]}
        )
    return groups


def _row(
    cycle: Cycle, result: Result, moves: dict[int, Any], caps: dict[int, str], bands: list[dict[str, Any]]
) -> dict[str, Any]:
    move, cap, computed = moves.get(result.employee_id), caps.get(result.employee_id, ""), computed_of(result)
    standing = effective(cycle, computed, move, cap) if result.score is not None else ""
    return {
        "result": result,
        "move": move if move is not None and move.rating else None,
        "cap": band_label(cycle, cap) if cap else "",
        "computed": band_label(cycle, computed) if computed else "",
        "band": band_of(cycle, standing),
        "is_pending": standing != result.rating,
        "cells": [
            {"band": band, "is_here": band["code"] == standing, "was_here": band["code"] == computed}
            for band in bands
        ],
    }


def _chart(cycle: Cycle, counts: dict[str, dict[str, int]]) -> dict[str, Any]:
    bands = bands_of(cycle)
    return {
        "kind": "bar",
        "labels": [band["label"] for band in bands],
        "series": [
            {
                "name": _("After calibration"),
                "values": [counts["after"][b["code"]] for b in bands],
                "emphasis": True,
            },
            {"name": _("As computed"), "values": [counts["before"][b["code"]] for b in bands]},
        ],
        "decimals": 0,
        "moved": sum(abs(counts["after"][b["code"]] - counts["before"][b["code"]]) for b in bands) > 0,
    }


@role_required("hr", "manager")
@require_http_methods(["GET", "HEAD", "POST"])
def move(request: SignedInRequest, code: str, employee_id: int) -> HttpResponse:
    """HR moves the rating; a manager proposes it."""
    cycle = get_cycle_for(request.user, code)
    result = get_result_for(request.user, cycle, employee_id)
    proposing = not request.user.is_hr
    latest = latest_move(cycle, employee_id)
    cap = caps_of(cycle, [employee_id]).get(employee_id, "")
    standing = effective(cycle, computed_of(result), latest, cap) if result.score is not None else ""
    ratings = [
        (band["code"], str(band["label"])) for band in reversed(bands_of(cycle)) if band["code"] != standing
    ]
    if latest is not None and latest.rating and not proposing:
        ratings.append(("", _("As computed: undo the moves")))
    form = MoveForm(
        request.POST or None,
        ratings=ratings,
        proposing=proposing,
        initial={"rating": request.GET.get("to", ""), "seen": latest.pk if latest else 0},
    )
    if request.method == "POST" and form.is_valid():
        data = dict(form.cleaned_data)
        seen = data.pop("seen")
        try:
            if proposing:
                propose_rating(actor=request.user, cycle=cycle, employee_id=employee_id, **data)
                messages.success(request, _("Your proposal is with HR now."))
            else:
                move_rating(actor=request.user, cycle=cycle, employee_id=employee_id, seen=seen, **data)
                messages.success(request, _("Moved. It takes effect with the next computation."))
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            return redirect("reviews:calibration", cycle.code)
    history = (
        visible_adjustments(request.user, cycle).filter(employee=employee_id, kind="rating").order_by("-id")
    )
    return render(
        request,
        "reviews/move.html",
        {
            "cycle": cycle,
            "result": result,
            "employee": result.employee,
            "form": form,
            "proposing": proposing,
            "is_open": cycle.phase in ADJUSTABLE if not proposing else cycle.phase == Phase.CALIBRATION,
            "standing": band_of(cycle, standing),
            "computed": band_label(cycle, computed_of(result)),
            "bands": bands_of(cycle),
            "cap": band_label(cycle, cap) if cap else "",
            "history": [
                {"move": each, "to": band_label(cycle, each.rating) if each.rating else ""}
                for each in history
            ],
        },
        status=422 if form.errors else 200,
    )


@role_required("hr")
@require_POST
def decide(request: SignedInRequest, code: str, proposal_id: int) -> HttpResponse:
    """HR takes a proposal up, or declines it; with a reason either way."""
    cycle = get_cycle_for(request.user, code)
    proposal = get_proposal_for(request.user, cycle, proposal_id)
    accept = request.POST.get("decision") == "accept"
    try:
        decide_proposal(
            actor=request.user,
            proposal=proposal,
            accept=accept,
            reason=request.POST.get("reason", ""),
            is_shared=request.POST.get("is_shared") == "on",
        )
    except Refusal as refusal:
        tell_refusal(request, refusal)
    else:
        messages.success(
            request,
            _("Moved as proposed. It takes effect with the next computation.")
            if accept
            else _("The proposal is declined. Its author reads why."),
        )
    return redirect("reviews:calibration", cycle.code)
