"""A rater says what each of the own people could grow into."""

from __future__ import annotations

from django.db import transaction
from django.http import Http404

from foundation.refusals import Refusal
from foundation.trail.services import recording
from people.models import User
from reviews.methods.potential import LEVELS, potential_of
from reviews.models import Cycle, Participant, PotentialRating
from reviews.selectors.potential import OPEN
from reviews.services.rights import REASON_LIMIT

SHORTEST_REASON = 5


@transaction.atomic
def save_potential(
    *, actor: User, cycle: Cycle, employee_id: int, level: int, reason: str, version: int
) -> PotentialRating:
    """`version` is that of the rating that the rater saw, 0 for none. Saving again what stands there is no conflict.

    Http404 for whoever is not the person's rater. Refusals: potential_not_open (409), potential_level,
    potential_reason (422), judgement_stale (409).
    """
    locked = Cycle.objects.select_for_update(of=("self",), no_key=True).get(pk=cycle.pk)
    if potential_of(locked.configuration) is None:
        raise Http404
    participant = (
        Participant.objects.select_for_update(of=("self",), no_key=True)
        .filter(cycle=locked, employee_id=employee_id, rater=actor)
        .exclude(employee=actor)
        .first()
    )
    if participant is None:
        raise Http404
    if locked.phase not in OPEN:
        raise Refusal("potential_not_open", status=409)
    if type(level) is not int or level not in LEVELS:
        raise Refusal("potential_level", field="level", status=422)
    text = " ".join(reason.split())
    if not SHORTEST_REASON <= len(text) <= REASON_LIMIT:
        raise Refusal(
            "potential_reason", field="reason", status=422, least=SHORTEST_REASON, limit=REASON_LIMIT
        )
    found = PotentialRating.objects.filter(participant=participant).first()
    if found is not None and (found.level, found.reason) == (level, text):
        return found
    if version != (found.version if found else 0):
        raise Refusal("judgement_stale", status=409)
    rating = found or PotentialRating(participant=participant, version=0)
    rating.level, rating.reason, rating.rated_by = level, text, actor
    rating.version += 1
    with recording(actor=actor):
        rating.save()
    return rating
