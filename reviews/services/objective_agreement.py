"""Two signatures under the same words: who proposes signs first, the other side agrees to exactly that."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from django.db import transaction
from django.http import Http404

from foundation.refusals import Refusal
from foundation.trail.services import recording
from people.models import User
from reviews.methods.base import plain
from reviews.models import Cycle, Objective, ObjectiveSignature, ObjectiveVersion, Side
from reviews.selectors.objectives import LIVE, Owner, weight_on_table
from reviews.services.objective_content import refuse_loop
from reviews.services.objective_notices import tell_agreed, tell_proposed
from reviews.services.objectives import lock_owner, require_open, require_side

HUNDRED = Decimal(100)


@transaction.atomic
def propose_objectives(
    *,
    actor: User,
    cycle: Cycle,
    seen: Mapping[int, str],
    employee_id: int | None = None,
    team_id: int | None = None,
) -> list[Objective]:
    """The actor signs these drafts of one owner and hands them to the other side. seen: {objective id: digest of the
    version that was read}. What HR writes for the company needs no other side and is agreed with that.

    Http404 for an objective that is not this owner's. Refusals: objectives_none_chosen (422), objective_not_yours
    (403), objectives_not_open (409), objective_stale (409), objective_signed (409), objective_weights_above (422).
    """
    owner = Owner(employee_id, team_id)
    locked, chosen, side = _chosen(actor, cycle, owner, seen)
    total = weight_on_table(locked, owner)
    if owner.is_company:
        _require_hundred(total)
    elif total > HUNDRED:
        raise Refusal("objective_weights_above", field="weight", status=422, total=plain(total))
    for objective in chosen:
        if _sides_signed(objective):
            raise Refusal("objective_signed", status=409)
    with recording(actor=actor):
        for objective in chosen:
            _sign(actor, objective, side)
    told = [objective for objective in chosen if objective.has_open_change or objective.state != "agreed"]
    if told:
        tell_proposed(actor, locked, told, side)
    return chosen


@transaction.atomic
def agree_objectives(
    *,
    actor: User,
    cycle: Cycle,
    seen: Mapping[int, str],
    employee_id: int | None = None,
    team_id: int | None = None,
) -> list[Objective]:
    """The second signature: from here on these versions count. The weights of all that is on the owner's table must
    make 100, so that nobody agrees to a part without knowing the rest.

    Http404 for an objective that is not this owner's. Refusals: those of propose_objectives, objective_not_proposed
    (409) where the other side has not signed the same words, objective_own_proposal (409), objective_weights (422),
    objective_loop (422).
    """
    owner = Owner(employee_id, team_id)
    locked, chosen, side = _chosen(actor, cycle, owner, seen)
    _require_hundred(weight_on_table(locked, owner))
    for objective in chosen:
        signed = _sides_signed(objective)
        if side in signed:
            raise Refusal("objective_own_proposal", status=409)
        if not signed:
            raise Refusal("objective_not_proposed", status=409)
        refuse_loop(objective, _version(objective).parent_id)
    with recording(actor=actor):
        for objective in chosen:
            _sign(actor, objective, side)
    tell_agreed(actor, locked, chosen, side)
    return chosen


def _chosen(
    actor: User, cycle: Cycle, owner: Owner, seen: Mapping[int, str]
) -> tuple[Cycle, list[Objective], str]:
    """The cycle, the objectives locked in the order of their ids, and the side that the actor signs for."""
    locked = lock_owner(cycle, owner)
    sides = require_side(actor, locked, owner)
    require_open(locked)
    if not seen:
        raise Refusal("objectives_none_chosen", status=422)
    found = list(
        Objective.objects.select_for_update(of=("self",))
        .filter(owner.filter, cycle=locked, pk__in=[pk for pk in seen if 0 < pk < 2**63])
        .select_related("cycle", "latest_version", "agreed_version")
        .order_by("pk")
    )
    if len(found) != len(seen):
        raise Http404
    for objective in found:
        if objective.state not in LIVE:
            raise Refusal("objective_closed", status=409)
        if seen[objective.pk] != _version(objective).digest:
            raise Refusal("objective_stale", field="seen", status=409)
    # Who speaks for both sides (HR, where nobody leads) takes the one that is still to sign.
    signed = _sides_signed(found[0])
    return locked, found, next((side for side in sides if side not in signed), sides[0])


def _sign(actor: User, objective: Objective, side: str) -> None:
    version = _version(objective)
    if ObjectiveSignature.objects.filter(version=version, signed_by=actor).exists():
        raise Refusal("objective_own_proposal", status=409)
    ObjectiveSignature.objects.create(version=version, side=side, digest=version.digest, signed_by=actor)
    needed = {Side.OWNER} if objective.is_company else {Side.OWNER, Side.SUPERIOR}
    if needed <= _sides_signed(objective):
        objective.agreed_version = version
        objective.parent_id = version.parent_id
        objective.state = Objective.State.CLOSED if version.is_dropped else Objective.State.AGREED
    elif objective.agreed_version_id is None:
        objective.state = Objective.State.PROPOSED
    objective.save(update_fields=["agreed_version", "parent", "state"])


def _sides_signed(objective: Objective) -> set[str]:
    return set(_version(objective).signatures.values_list("side", flat=True))


def _version(objective: Objective) -> ObjectiveVersion:
    if objective.latest_version is None:
        raise ValueError("an objective without a version")
    return objective.latest_version


def _require_hundred(total: Decimal) -> None:
    if total != HUNDRED:
        raise Refusal(
            "objective_weights",
            field="weight",
            status=422,
            total=plain(total),
            missing=plain(HUNDRED - total),
        )
