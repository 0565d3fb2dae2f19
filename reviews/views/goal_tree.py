"""The cascade drawn as a tree that opens level by level."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from foundation.interface.access import role_required
from people.models import User
from people.selectors.teams import teams_led
from reviews.models import Cycle
from reviews.selectors.cycles import get_cycle_for
from reviews.selectors.goal_tree import tree_level
from reviews.selectors.objective_progress import progress_of
from reviews.selectors.objectives import LIVE, SETTING, visible_objectives
from reviews.views.goal_words import bar_of, confidence_of
from reviews.views.objectives import owner_name
from reviews.views.requests import SignedInRequest


@role_required()
@require_safe
def goal_tree(request: SignedInRequest, code: str) -> HttpResponse:
    """Company and team goals with what hangs below each. The first level; the others come when they are opened."""
    cycle = get_cycle_for(request.user, code)
    user = request.user
    return render(
        request,
        "reviews/goal_tree.html",
        {
            "cycle": cycle,
            **level_context(user, cycle, None, _after(request)),
            "drafts": _own_drafts(user, cycle),
            "may_write_company": user.is_hr and cycle.phase in SETTING,
            "teams": list(teams_led(user).filter(leaderships__user=user).distinct()[:20])
            if user.is_manager and cycle.phase in SETTING
            else [],
        },
    )


@role_required()
@require_safe
def goal_branch(request: SignedInRequest, code: str, pk: int) -> HttpResponse:
    """What hangs directly below one goal, as a part of the tree."""
    cycle = get_cycle_for(request.user, code)
    return render(
        request,
        "reviews/_goal_level.html",
        {"cycle": cycle, **level_context(request.user, cycle, pk, _after(request))},
    )


def level_context(user: User, cycle: Cycle, parent_id: int | None, after: int) -> dict[str, Any]:
    level = tree_level(user, cycle, parent_id, after=after)
    progress = progress_of(cycle, level.nodes)
    return {
        "parent_id": parent_id,
        "nodes": [
            {
                "objective": each,
                "title": each.shown_version.title,
                "owner": owner_name(each),
                "kind": "person" if each.employee_id else "team" if each.team_id else "company",
                "bar": bar_of(progress[each.pk].points),
                "points": progress[each.pk].points,
                "confidence": confidence_of(progress[each.pk].check_in),
                "shown_below": level.below[each.pk][0],
                "below": level.below[each.pk][1],
                "hidden_below": level.below[each.pk][1] - level.below[each.pk][0],
            }
            for each in level.nodes
        ],
        "next_after": level.next_after,
        "hidden": level.hidden,
    }


def _own_drafts(user: User, cycle: Cycle) -> list[Any]:
    """Company and team goals that are not agreed yet, for those who write them."""
    found = (
        visible_objectives(user)
        .filter(cycle=cycle, employee__isnull=True, state__in=LIVE, agreed_version__isnull=True)
        .select_related("team", "latest_version")
        .order_by("pk")[:50]
    )
    return [{"objective": each, "owner": owner_name(each)} for each in found]


def _after(request: SignedInRequest) -> int:
    text = request.GET.get("after", "")
    return int(text) if text.isdecimal() and len(text) < 19 else 0
