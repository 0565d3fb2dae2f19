"""Calibrated ratings, bonus and penalty points: append-only, applied by every run that begins after them."""

from __future__ import annotations

import math

from django.db import transaction

from foundation.refusals import Refusal
from people.models import User
from reviews.models import Cycle, Participant, ResultAdjustment
from reviews.models.cycles import Phase
from reviews.services.rights import checked_reason, require_hr

ADJUSTABLE = (Phase.RATING, Phase.CALIBRATION)
MOST_POINTS = 100.0


@transaction.atomic
def move_rating(*, actor: User, cycle: Cycle, employee_id: int, rating: str, reason: str) -> ResultAdjustment:
    """The latest move of a person counts. Results show it after the next run."""
    locked = _checked(actor, cycle, employee_id)
    if rating not in {band["code"] for band in locked.configuration["rating_bands"]}:
        raise Refusal("cycle_band_unknown", field="rating", status=422, rating=rating[:20])
    return ResultAdjustment.objects.create(
        cycle=locked,
        employee_id=employee_id,
        kind=ResultAdjustment.Kind.RATING,
        rating=rating,
        reason=checked_reason(reason),
        created_by=actor,
    )


@transaction.atomic
def add_points(
    *, actor: User, cycle: Cycle, employee_id: int, points: float, reason: str
) -> ResultAdjustment:
    """Points of one person add up; to take some back, add negative ones."""
    locked = _checked(actor, cycle, employee_id)
    if not math.isfinite(points) or abs(points) > MOST_POINTS:
        raise Refusal("points_out_of_range", field="points", status=422)
    return ResultAdjustment.objects.create(
        cycle=locked,
        employee_id=employee_id,
        kind=ResultAdjustment.Kind.POINTS,
        points=round(points, 6),
        reason=checked_reason(reason),
        created_by=actor,
    )


def _checked(actor: User, cycle: Cycle, employee_id: int) -> Cycle:
    require_hr(actor)
    locked = Cycle.objects.select_for_update(of=("self",)).get(pk=cycle.pk)
    if locked.phase not in ADJUSTABLE:
        raise Refusal("adjustment_not_open", status=409)
    if not Participant.objects.filter(cycle=locked, employee_id=employee_id).exists():
        raise Refusal("not_a_participant", field="employee", status=422)
    return locked
