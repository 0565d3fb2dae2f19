"""Moves, points and breaches: who sees which, and what stands after them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Count, QuerySet
from django.http import Http404

from people.models import User
from reviews.methods.overall import OVERALL
from reviews.methods.red_lines import RED_LINE, red_line_of
from reviews.models import Cycle, RatingProposal, Result, ResultAdjustment, ScoreLine
from reviews.selectors.results import MANAGERS_READ, SEES_ALL, judged_by

Kind = ResultAdjustment.Kind


def visible_adjustments(user: User, cycle: Cycle) -> QuerySet[ResultAdjustment]:
    """HR and auditors: all of the cycle. Managers: those of the people whom they judge or lead, from calibration on.
    Everybody else reads what concerns them in the explanation of their result."""
    found = ResultAdjustment.objects.filter(cycle=cycle).select_related("employee", "created_by", "reverses")
    if user.has_role(*SEES_ALL):
        return found
    if cycle.phase not in MANAGERS_READ:
        return found.none()
    return found.filter(employee__in=judged_by(user, cycle).values("employee")).exclude(employee=user)


def get_adjustment_for(user: User, cycle: Cycle, adjustment_id: int) -> ResultAdjustment:
    found = (
        visible_adjustments(user, cycle).filter(pk=adjustment_id).first() if adjustment_id < 2**63 else None
    )
    if found is None:
        raise Http404
    return found


def visible_proposals(user: User, cycle: Cycle) -> QuerySet[RatingProposal]:
    """HR and auditors: all. Managers: those of their people."""
    found = RatingProposal.objects.filter(cycle=cycle).select_related("employee", "proposed_by", "decided_by")
    if user.has_role(*SEES_ALL):
        return found
    return found.filter(employee__in=judged_by(user, cycle).values("employee")).exclude(employee=user)


def get_proposal_for(user: User, cycle: Cycle, proposal_id: int) -> RatingProposal:
    found = visible_proposals(user, cycle).filter(pk=proposal_id).first() if proposal_id < 2**63 else None
    if found is None:
        raise Http404
    return found


# What stands ------------------------------------------------------------------------------------------------------


def latest_move(cycle: Cycle, employee_id: int) -> ResultAdjustment | None:
    return (
        ResultAdjustment.objects.filter(cycle=cycle, employee_id=employee_id, kind=Kind.RATING)
        .order_by("-id")
        .first()
    )


def latest_moves(cycle: Cycle) -> dict[int, ResultAdjustment]:
    """{employee: latest move} of all who were ever moved; one query, as many rows as moves."""
    moves = ResultAdjustment.objects.filter(cycle=cycle, kind=Kind.RATING).order_by("id")
    return {move.employee_id: move for move in moves.select_related("created_by")}


def caps_of(cycle: Cycle, employees: Iterable[int] | None = None) -> dict[int, str]:
    """{employee: band} of those whom a red line caps in the published run; one query."""
    lines = ScoreLine.objects.filter(
        run=cycle.published_run, component=OVERALL, rule=RED_LINE, subject__startswith=f"{RED_LINE}:"
    )
    if employees is not None:
        lines = lines.filter(employee_id__in=list(employees))
    order = _order(cycle)
    found: dict[int, str] = {}
    for employee, subject in lines.values_list("employee_id", "subject"):
        line = red_line_of(cycle.configuration, subject.partition(":")[2])
        if line is not None and (employee not in found or order[line["cap"]] < order[found[employee]]):
            found[employee] = line["cap"]
    return found


def cap_of(cycle: Cycle, employee_id: int) -> str:
    return caps_of(cycle, [employee_id]).get(employee_id, "") if cycle.published_run_id else ""


def effective(cycle: Cycle, computed: str, move: ResultAdjustment | None, cap: str) -> str:
    """The rating that the next run gives, as far as is known: the latest move, then the red line."""
    rating = move.rating if move is not None and move.rating else computed
    order = _order(cycle)
    return cap if cap and rating and order[cap] < order[rating] else rating


def standing_rating(cycle: Cycle, employee_id: int) -> str:
    """Of the published run, with moves since then; "" without a result."""
    result = Result.objects.filter(run=cycle.published_run, employee_id=employee_id).first()
    if cycle.published_run_id is None or result is None or result.score is None:
        return ""
    return effective(cycle, computed_of(result), latest_move(cycle, employee_id), cap_of(cycle, employee_id))


def computed_of(result: Result) -> str:
    """Runs from before it was kept had nothing but the rating."""
    return result.computed_rating or result.rating


def before_and_after(cycle: Cycle, results: QuerySet[Result]) -> dict[str, dict[str, int]]:
    """{"before": {band: people}, "after": {band: people}} of these results: as computed, and as it stands with all
    moves and red lines, those of after the run included. Three queries."""
    codes = list(_order(cycle))
    before, after = dict.fromkeys(codes, 0), dict.fromkeys(codes, 0)
    rows = results.order_by().values("computed_rating", "rating").annotate(people=Count("employee"))
    for row in rows:
        computed = row["computed_rating"] or row["rating"]
        if computed in before and row["rating"] in after:
            before[computed] += row["people"]
            after[row["rating"]] += row["people"]
    moves = latest_moves(cycle)
    caps = caps_of(cycle, moves)
    for result in results.filter(employee__in=list(moves), score__isnull=False):
        standing = effective(
            cycle, computed_of(result), moves[result.employee_id], caps.get(result.employee_id, "")
        )
        if result.rating in after and standing in after:
            after[result.rating] -= 1
            after[standing] += 1
    return {"before": before, "after": after}


def _order(cycle: Cycle) -> dict[str, int]:
    bands: list[dict[str, Any]] = cycle.configuration.get("rating_bands", [])
    return {band["code"]: index for index, band in enumerate(bands)}
