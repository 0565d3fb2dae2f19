"""Goals of a person and of a team: the own sheet, a manager's table, what HR sees of a whole cycle, both signatures."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from foundation.interface.access import role_required
from foundation.keyset import page_of
from foundation.refusals import Refusal
from people.models import User
from people.selectors.employees import search_people
from reviews.forms.objectives import CheckInForm
from reviews.models import Cycle, Objective, Participant
from reviews.selectors.cycles import get_cycle_for
from reviews.selectors.goal_sheets import (
    agreement_counts,
    goal_cycles_of,
    led_goal_cycles,
    sheet_states,
    team_of,
)
from reviews.selectors.objective_progress import Progress, overall_progress, progress_of
from reviews.selectors.objective_sides import sides_of
from reviews.selectors.objectives import (
    CHECKING,
    SETTING,
    Owner,
    newest_values,
    objectives_of,
    weight_on_table,
)
from reviews.services.objective_agreement import agree_objectives, propose_objectives
from reviews.views.goal_words import bar_of, confidence_of, confidences, hint_texts, key_rows, state_of
from reviews.views.refused import tell_refusal
from reviews.views.requests import SignedInRequest

PAGE_SIZE = 50
ORDERING = ("employee__name_sort", "employee_id")


@role_required("employee")
@require_safe
def my_goals(request: SignedInRequest) -> HttpResponse:
    """The own goals of the cycle that is open, or of the one that the address names."""
    cycles = goal_cycles_of(request.user)
    asked = request.GET.get("cycle")
    cycle = next((each for each in cycles if each.code == asked), cycles[0] if cycles and not asked else None)
    if asked and cycle is None:
        raise Http404
    if cycle is None:
        return render(request, "reviews/my_goals.html", {"cycle": None})
    context = sheet_context(request, cycle, Owner(employee_id=request.user.pk))
    return render(request, "reviews/my_goals.html", {**context, "cycles": cycles, "is_own": True})


@role_required("hr", "auditor", "manager")
@require_safe
def goals_of(request: SignedInRequest, code: str, employee_id: int) -> HttpResponse:
    """One person's sheet, for whoever leads them."""
    cycle = get_cycle_for(request.user, code)
    if employee_id == request.user.pk:
        return redirect(f"{reverse('reviews:my_goals')}?cycle={cycle.code}")
    participant = (
        team_of(request.user, cycle).filter(employee=employee_id).first() if 0 < employee_id < 2**63 else None
    )
    if participant is None:
        raise Http404
    context = sheet_context(request, cycle, Owner(employee_id=employee_id))
    return render(request, "reviews/goals_of.html", {**context, "participant": participant, "is_own": False})


def sheet_context(request: SignedInRequest, cycle: Cycle, owner: Owner) -> dict[str, Any]:
    """Cards of the owner's goals, and what the reader may do with them all at once."""
    user = request.user
    objectives = list(objectives_of(cycle, owner))
    progress = progress_of(cycle, objectives)
    values = newest_values([each.pk for each in objectives])
    sides = sides_of(user, cycle, employee_id=owner.employee_id, team_id=owner.team_id)
    may_write = bool(sides) and cycle.phase in SETTING
    cards = [
        objective_card(each, progress[each.pk], values, sides=sides, may_check_in=cycle.phase in CHECKING)
        for each in objectives
    ]
    mine = [card for card in cards if card["waits_for_me"]]
    drafts = [card for card in cards if card["is_draft"]]
    total = weight_on_table(cycle, owner)
    done = overall_progress(objectives, progress)
    return {
        "cycle": cycle,
        "owner": owner,
        "cards": cards,
        "to_agree": mine if may_write else [],
        "to_propose": drafts if may_write else [],
        "agreed": sum(card["is_agreed"] for card in cards),
        "total": total,
        "is_hundred": total == 100,
        "progress": done,
        "bar": bar_of(done),
        "may_write": may_write,
        "new_url": new_url(cycle, owner),
        "sign_url": reverse("reviews:goals_sign", args=[cycle.code]),
        "confidences": confidences(),
    }


def new_url(cycle: Cycle, owner: Owner) -> str:
    url = reverse("reviews:objective_new", args=[cycle.code])
    if owner.employee_id is not None:
        return f"{url}?employee={owner.employee_id}"
    return f"{url}?team={owner.team_id}" if owner.team_id is not None else f"{url}?company=1"


def objective_card(
    objective: Objective,
    progress: Progress,
    values: dict[tuple[int, int], float],
    *,
    sides: Sequence[str],
    may_check_in: bool,
) -> dict[str, Any]:
    """What a card of one goal shows."""
    shown, latest = objective.shown_version, objective.latest_version
    signed = {each.side for each in latest.signatures.all()} if latest else set()
    is_open = latest is not None and objective.agreed_version_id != latest.pk
    noted = {key: value for (pk, key), value in values.items() if pk == objective.pk}
    can_check_in = bool(sides) and may_check_in and objective.state == Objective.State.AGREED
    return {
        "objective": objective,
        "version": shown,
        "latest": latest,
        "state": state_of(objective, signed),
        "is_agreed": objective.agreed_version_id is not None,
        "is_draft": is_open and not signed,
        "waits_for_me": is_open and bool(signed) and any(side not in signed for side in sides),
        "has_change": objective.has_open_change,
        "bar": bar_of(progress.points),
        "points": progress.points,
        "results": key_rows(shown, progress, noted),
        "confidence": confidence_of(progress.check_in),
        "check_in": progress.check_in,
        "hints": hint_texts(latest, objective.cycle) if is_open and latest else [],
        "form": CheckInForm(
            version=shown,
            values=noted,
            initial={"form_key": uuid.uuid4()},
            auto_id=f"id_{objective.pk}_%s",
        )
        if can_check_in
        else None,
    }


@role_required("hr", "auditor", "manager")
@require_safe
def goals(request: SignedInRequest, code: str) -> HttpResponse:
    """The people of a cycle with how far their goals are; for HR everyone, with the sums of the cycle."""
    cycle = get_cycle_for(request.user, code)
    people = team_of(request.user, cycle)
    is_all = request.user.has_role("hr", "auditor")
    query = request.GET.get("q", "").strip()[:80]
    if query:
        people = people.filter(employee__in=search_people(User.objects.all(), query).values("pk"))
    page = page_of(people, ordering=ORDERING, cursor=request.GET.get("cursor"), limit=PAGE_SIZE)
    if not is_all and not page.items and not query:
        raise Http404
    return render(
        request,
        "reviews/goals.html",
        {
            "cycle": cycle,
            "page": page,
            "query": query,
            "rows": _rows(request.user, cycle, list(page.items)),
            "counts": agreement_counts(cycle) if is_all else None,
            "is_all": is_all,
            "cycles": [each for each in led_goal_cycles(request.user) if each.pk != cycle.pk],
        },
    )


def _rows(user: User, cycle: Cycle, people: list[Participant]) -> list[dict[str, Any]]:
    ids = [each.employee_id for each in people]
    states = sheet_states(cycle, ids)
    live = list(
        Objective.objects.filter(cycle=cycle, employee__in=ids, state=Objective.State.AGREED).select_related(
            "agreed_version"
        )
    )
    progress = progress_of(cycle, live)
    by_person: dict[int, list[Objective]] = {}
    for each in live:
        if each.employee_id is not None:
            by_person.setdefault(each.employee_id, []).append(each)
    rows = []
    for person in people:
        own = by_person.get(person.employee_id, [])
        check_ins = [entry for each in own if (entry := progress[each.pk].check_in) is not None]
        done = overall_progress(own, progress)
        rows.append(
            {
                "participant": person,
                "state": states[person.employee_id],
                "progress": done,
                "bar": bar_of(done),
                # The least sure one is what a manager must look at.
                "confidence": confidence_of(
                    min(check_ins, key=lambda entry: (entry.confidence or 3, -entry.pk), default=None)
                ),
                "last": max((entry.created_at for entry in check_ins), default=None),
                "is_mine": person.rater_id == user.pk,
            }
        )
    return rows


@role_required("hr", "manager", "employee")
@require_POST
def goals_sign(request: SignedInRequest, code: str) -> HttpResponse:
    """Proposes or agrees to the versions that the page showed."""
    cycle = get_cycle_for(request.user, code)
    owner = _posted_owner(request)
    seen = {
        int(name.removeprefix("objective-")): str(value)
        for name, value in request.POST.items()
        if name.startswith("objective-") and name.removeprefix("objective-").isdecimal()
    }
    is_agreement = request.POST.get("action") == "agree"
    service = agree_objectives if is_agreement else propose_objectives
    try:
        done = service(
            actor=request.user, cycle=cycle, seen=seen, employee_id=owner.employee_id, team_id=owner.team_id
        )
    except Refusal as refusal:
        tell_refusal(request, refusal)
    else:
        messages.success(
            request,
            _("Agreed. %(count)s now count, exactly as they stand here.") % {"count": len(done)}
            if is_agreement or owner.is_company
            else _("Proposed. The other side has been told."),
        )
    return redirect(owner_url(request.user, cycle, owner, next(iter(seen), 0)))


def _posted_owner(request: SignedInRequest) -> Owner:
    numbers = {
        name: int(request.POST[name]) if request.POST.get(name, "").isdecimal() else None
        for name in ("employee", "team")
    }
    return Owner(employee_id=numbers["employee"], team_id=numbers["team"])


def owner_url(user: User, cycle: Cycle, owner: Owner, objective_id: int = 0) -> str:
    """The page on which the reader sees what belongs to this owner."""
    if owner.employee_id == user.pk:
        return f"{reverse('reviews:my_goals')}?cycle={cycle.code}"
    if owner.employee_id is not None:
        return reverse("reviews:goals_of", args=[cycle.code, owner.employee_id])
    if objective_id:
        return reverse("reviews:objective", args=[objective_id])
    return reverse("reviews:goal_tree", args=[cycle.code])
