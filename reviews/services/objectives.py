"""Writing objectives, changing them, taking them back. Nothing of it counts until both sides have signed it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.http import Http404

from foundation.refusals import Refusal
from foundation.trail.services import recording
from people.models import Team, User
from reviews.methods.objectives import MOST_OBJECTIVES
from reviews.models import Cycle, Objective, ObjectiveSignature, ObjectiveVersion, Participant
from reviews.models.cycles import Phase
from reviews.selectors.objective_sides import sides_of
from reviews.selectors.objectives import LIVE, SEES_ALL, SETTING, Owner, get_objective_for, led_people
from reviews.services.objective_content import (
    Content,
    checked_content,
    content_of,
    store_version,
)
from reviews.services.rights import checked_reason


@transaction.atomic
def create_objective(
    *,
    actor: User,
    cycle: Cycle,
    content: Mapping[str, Any],
    employee_id: int | None = None,
    team_id: int | None = None,
) -> Objective:
    """A draft for a participant, a team, or (neither) the company, by one of its two sides.

    Http404 for an owner whom the actor may not know of. Refusals: objectives_not_open (409), objective_not_yours (403),
    objectives_too_many (422), and those of reviews.services.objective_content.
    """
    owner = Owner(employee_id, team_id)
    locked = lock_owner(cycle, owner)
    require_side(actor, locked, owner)
    require_open(locked)
    if Objective.objects.filter(owner.filter, cycle=locked, state__in=LIVE).count() >= MOST_OBJECTIVES:
        raise Refusal("objectives_too_many", status=422, limit=MOST_OBJECTIVES)
    checked = checked_content(actor=actor, cycle=locked, owner=owner, given=content)
    with recording(actor=actor):
        objective = Objective.objects.create(
            cycle=locked,
            employee_id=employee_id,
            team_id=team_id,
            parent_id=checked.parent_id,
            created_by=actor,
        )
        objective.latest_version = store_version(
            actor=actor, objective=objective, number=1, content=checked, reason=""
        )
        objective.save(update_fields=["latest_version"])
    return objective


@transaction.atomic
def revise_objective(
    *, actor: User, objective_id: int, seen: str, content: Mapping[str, Any], reason: str = ""
) -> Objective:
    """Another wording. What somebody has signed stands as it is and needs a new agreement by both; a draft that nobody
    signed is rewritten in place. `seen` is the digest of the version that the editor read.

    Refusals: those of create_objective, objective_stale (409), objective_closed (409), objective_unchanged (422), and
    cycle_reason_required where a version that counts is changed.
    """
    objective = lock_objective(actor, objective_id, seen)
    checked = checked_content(
        actor=actor, cycle=objective.cycle, owner=Owner.of(objective), given=content, before=objective
    )
    latest = _latest(objective)
    if checked == content_of(latest):
        raise Refusal("objective_unchanged", status=422)
    return _put(actor, objective, checked, reason)


@transaction.atomic
def drop_objective(*, actor: User, objective_id: int, seen: str, reason: str) -> Objective:
    """Proposes to end an objective that counts; it goes on counting until the other side agrees. One that never counted
    is closed at once. Refusals: as revise_objective."""
    objective = lock_objective(actor, objective_id, seen)
    text = checked_reason(reason, required=objective.agreed_version_id is not None)
    if objective.agreed_version_id is None:
        objective.state = Objective.State.CLOSED
        with recording(actor=actor, reason=text):
            objective.save(update_fields=["state"])
        return objective
    before = content_of(_latest(objective))
    if before.is_dropped:
        raise Refusal("objective_unchanged", status=422)
    return _put(actor, objective, Content(**{**vars(before), "is_dropped": True}), text)


@transaction.atomic
def undo_change(*, actor: User, objective_id: int, seen: str) -> Objective:
    """Takes a change that is not agreed yet off the table; what counted goes on counting. What was signed stays to be
    read. Refusals: objective_no_change (409) and those of revise_objective."""
    objective = lock_objective(actor, objective_id, seen)
    if not objective.has_open_change or objective.agreed_version is None:
        raise Refusal("objective_no_change", status=409)
    latest = _latest(objective)
    with recording(actor=actor):
        objective.latest_version = objective.agreed_version
        objective.save(update_fields=["latest_version"])
        if not latest.signatures.exists():
            latest.delete()
    return objective


def _put(actor: User, objective: Objective, content: Content, reason: str) -> Objective:
    latest = _latest(objective)
    is_change = objective.agreed_version_id is not None
    text = checked_reason(reason, required=is_change)
    with recording(actor=actor, reason=text):
        if ObjectiveSignature.objects.filter(version=latest).exists():
            number = max(objective.versions.values_list("number", flat=True)) + 1
            version = store_version(
                actor=actor, objective=objective, number=number, content=content, reason=text
            )
            objective.latest_version = version
        else:
            objective.latest_version = None
            objective.save(update_fields=["latest_version"])
            latest.delete()
            objective.latest_version = store_version(
                actor=actor,
                objective=objective,
                number=latest.number,
                content=content,
                reason=text,
                edit=latest.edit + 1,
            )
        if not is_change:
            objective.state = Objective.State.DRAFT
            objective.parent_id = content.parent_id
        objective.save(update_fields=["latest_version", "state", "parent"])
    return objective


# Who and when ----------------------------------------------------------------------------------------------------


def lock_owner(cycle: Cycle, owner: Owner) -> Cycle:
    """The cycle as it stands, with the owner's objectives locked against another writer. Http404 without such an
    owner."""
    found = Cycle.objects.filter(pk=cycle.pk).first()
    if found is None or found.phase == Phase.SETUP:
        raise Http404
    if owner.employee_id is not None:
        people = Participant.objects.select_for_update(of=("self",), no_key=True)
        pk = owner.employee_id if 0 < owner.employee_id < 2**63 else 0
        known = bool(people.filter(cycle=found, employee=pk).values_list("pk"))
    elif owner.team_id is not None:
        teams = Team.objects.select_for_update(no_key=True)
        pk = owner.team_id if 0 < owner.team_id < 2**63 else 0
        known = bool(teams.filter(pk=pk, is_active=True).values_list("pk"))
    else:
        known = True
        Cycle.objects.select_for_update(of=("self",), no_key=True).get(pk=found.pk)
    if not known:
        raise Http404
    return found


def require_side(actor: User, cycle: Cycle, owner: Owner) -> tuple[str, ...]:
    """Whom the actor speaks for. Who may not even know of a person gets the answer for somebody who is not there."""
    sides = sides_of(actor, cycle, employee_id=owner.employee_id, team_id=owner.team_id)
    if not sides:
        if owner.employee_id is not None and not may_know(actor, cycle, owner.employee_id):
            raise Http404
        raise Refusal("objective_not_yours", status=403)
    return sides


def may_know(actor: User, cycle: Cycle, employee_id: int) -> bool:
    if actor.has_role(*SEES_ALL):
        return True
    return Participant.objects.filter(led_people(actor), cycle=cycle, employee=employee_id).exists()


def require_open(cycle: Cycle, phases: tuple[str, ...] = SETTING) -> None:
    if cycle.phase not in phases:
        raise Refusal("objectives_not_open", status=409)


def lock_objective(actor: User, objective_id: int, seen: str | None = None) -> Objective:
    """The objective of one's own side, locked, live, and still as it was read. Refusals: objective_not_yours (403),
    objectives_not_open (409), objective_closed (409), objective_stale (409)."""
    visible = get_objective_for(actor, objective_id)
    owner = Owner.of(visible)
    cycle = lock_owner(visible.cycle, owner)
    require_side(actor, cycle, owner)
    require_open(cycle)
    objective = (
        Objective.objects.select_for_update(of=("self",))
        .select_related("cycle", "latest_version", "agreed_version")
        .get(pk=objective_id)
    )
    if objective.state == Objective.State.CLOSED:
        raise Refusal("objective_closed", status=409)
    if seen is not None and seen != _latest(objective).digest:
        raise Refusal("objective_stale", field="seen", status=409)
    return objective


def _latest(objective: Objective) -> ObjectiveVersion:
    if objective.latest_version is None:
        raise ValueError("an objective without a version")
    return objective.latest_version
