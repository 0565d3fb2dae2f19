"""Managers on the panel propose other ratings for their people; HR decides."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from foundation.refusals import Refusal
from people.models import User
from reviews.models import Cycle, RatingProposal
from reviews.models.cycles import Phase
from reviews.selectors.adjustments import standing_rating
from reviews.selectors.results import judged_by
from reviews.services.adjustments import move_rating
from reviews.services.rights import checked_reason, require_hr


@transaction.atomic
def propose_rating(
    *, actor: User, cycle: Cycle, employee_id: int, rating: str, reason: str
) -> RatingProposal:
    """Of somebody whom the actor judges or leads, in calibration; one open proposal a person."""
    locked = Cycle.objects.select_for_update(of=("self",)).get(pk=cycle.pk)
    if not judged_by(actor, locked).filter(employee_id=employee_id).exists() or employee_id == actor.pk:
        raise Refusal("proposal_not_yours", status=403)
    if locked.phase != Phase.CALIBRATION:
        raise Refusal("calibration_not_open", status=409)
    if rating not in {band["code"] for band in locked.configuration["rating_bands"]}:
        raise Refusal("cycle_band_unknown", field="rating", status=422, rating=rating[:20])
    if rating == standing_rating(locked, employee_id):
        raise Refusal("rating_unchanged", field="rating", status=422, rating=rating)
    if RatingProposal.objects.filter(
        cycle=locked, employee_id=employee_id, state=RatingProposal.State.OPEN
    ).exists():
        raise Refusal("proposal_open", status=409)
    return RatingProposal.objects.create(
        cycle=locked,
        employee_id=employee_id,
        rating=rating,
        reason=checked_reason(reason),
        proposed_by=actor,
    )


@transaction.atomic
def decide_proposal(
    *, actor: User, proposal: RatingProposal, accept: bool, reason: str, is_shared: bool = False
) -> RatingProposal:
    """Accepting makes the move, with HR's reason; declining keeps the rating and answers the manager."""
    require_hr(actor)
    locked = (
        RatingProposal.objects.select_for_update(of=("self",)).select_related("cycle").get(pk=proposal.pk)
    )
    if locked.state != RatingProposal.State.OPEN:
        raise Refusal("proposal_decided", status=409)
    text = checked_reason(reason)
    if accept:
        move_rating(
            actor=actor,
            cycle=locked.cycle,
            employee_id=locked.employee_id,
            rating=locked.rating,
            reason=text,
            is_shared=is_shared,
        )
    locked.state = RatingProposal.State.ACCEPTED if accept else RatingProposal.State.DECLINED
    locked.answer, locked.decided_by, locked.decided_at = text, actor, timezone.now()
    locked.save(update_fields=["state", "answer", "decided_by", "decided_at"])
    return locked
