"""Calibrated ratings, bonus and penalty points, recorded breaches: append-only, applied by every run that begins after
them. What was a mistake is taken back by a further entry."""

from __future__ import annotations

import math

from django.db import transaction

from foundation.refusals import Refusal
from people.models import User
from reviews.methods.bonus import MOST_POINTS, item_of
from reviews.methods.red_lines import RecordedBreach, red_line_of
from reviews.models import Cycle, Participant, ResultAdjustment
from reviews.models.cycles import Phase
from reviews.selectors.adjustments import cap_of, latest_move, standing_rating
from reviews.services.rights import checked_reason, require_hr

ADJUSTABLE = (Phase.RATING, Phase.CALIBRATION)
# What happens in the period may be noted as soon as it happens.
NOTABLE = (Phase.GOALS, Phase.COLLECTION, Phase.RATING, Phase.CALIBRATION)
EVIDENCE_LIMIT = 2000
Kind = ResultAdjustment.Kind


@transaction.atomic
def move_rating(
    *,
    actor: User,
    cycle: Cycle,
    employee_id: int,
    rating: str,
    reason: str,
    is_shared: bool = False,
    seen: int | None = None,
) -> ResultAdjustment:
    """The latest move of a person counts; an empty rating takes the moves back. Results show it after the next run.

    is_shared   whether the employee reads the reason after the release
    seen        id of the latest move that the mover saw, 0 for none; another one meanwhile is refused (409)
    """
    locked = _checked(actor, cycle, employee_id, ADJUSTABLE)
    latest = latest_move(locked, employee_id)
    if seen is not None and seen != (latest.pk if latest else 0):
        raise Refusal("adjustment_stale", status=409)
    bands = [band["code"] for band in locked.configuration["rating_bands"]]
    if rating and rating not in bands:
        raise Refusal("cycle_band_unknown", field="rating", status=422, rating=rating[:20])
    if not rating and (latest is None or not latest.rating):
        raise Refusal("nothing_to_take_back", field="rating", status=422)
    if rating and rating == standing_rating(locked, employee_id):
        raise Refusal("rating_unchanged", field="rating", status=422, rating=rating)
    cap = cap_of(locked, employee_id)
    if rating and cap and bands.index(rating) > bands.index(cap):
        raise Refusal("rating_above_red_line", field="rating", status=422, rating=rating, cap=cap)
    return ResultAdjustment.objects.create(
        cycle=locked,
        employee_id=employee_id,
        kind=Kind.RATING,
        rating=rating,
        reason=checked_reason(reason),
        is_shared=is_shared,
        created_by=actor,
    )


@transaction.atomic
def add_points(
    *, actor: User, cycle: Cycle, employee_id: int, points: float, reason: str
) -> ResultAdjustment:
    """Points without an item. Those of one person add up; to take some back, add negative ones."""
    locked = _checked(actor, cycle, employee_id, ADJUSTABLE)
    if not math.isfinite(points) or abs(points) > MOST_POINTS:
        raise Refusal("points_out_of_range", field="points", status=422)
    return ResultAdjustment.objects.create(
        cycle=locked,
        employee_id=employee_id,
        kind=Kind.POINTS,
        points=round(points, 6),
        reason=checked_reason(reason),
        created_by=actor,
    )


@transaction.atomic
def grant_item(
    *, actor: User, cycle: Cycle, employee_id: int, item: str, points: float, reason: str, evidence: str = ""
) -> ResultAdjustment:
    """A bonus or penalty item of the cycle's catalogue. How many of the points count, the catalogue says."""
    locked = _checked(actor, cycle, employee_id, NOTABLE)
    found = item_of(locked.configuration, item)
    if found is None:
        raise Refusal("bonus_item_unknown", field="item", status=422, item=item[:40])
    low, high = found["minimum"], found["maximum"]
    if not math.isfinite(points) or not low <= points <= high:
        raise Refusal("bonus_points_out_of_range", field="points", status=422, low=low, high=high)
    return ResultAdjustment.objects.create(
        cycle=locked,
        employee_id=employee_id,
        kind=Kind.POINTS,
        points=round(points, 6),
        item=item,
        reason=checked_reason(reason),
        evidence=_checked_evidence(evidence, required=found["evidence_required"]),
        created_by=actor,
    )


@transaction.atomic
def record_breach(
    *, actor: User, cycle: Cycle, employee_id: int, red_line: str, reason: str, evidence: str
) -> ResultAdjustment:
    """That somebody crossed a red line which waits for it. The rating is capped by the next run."""
    locked = _checked(actor, cycle, employee_id, NOTABLE)
    found = red_line_of(locked.configuration, red_line)
    if found is None or found["kind"] != RecordedBreach.code:
        raise Refusal("red_line_unknown", field="item", status=422, line=red_line[:40])
    return ResultAdjustment.objects.create(
        cycle=locked,
        employee_id=employee_id,
        kind=Kind.BREACH,
        item=red_line,
        reason=checked_reason(reason),
        evidence=_checked_evidence(evidence, required=True),
        created_by=actor,
    )


@transaction.atomic
def withdraw_adjustment(*, actor: User, adjustment: ResultAdjustment, reason: str) -> ResultAdjustment:
    """Takes points or a breach back by an entry that reverses it. Once; a move of a rating is undone by a move."""
    locked = _checked(actor, adjustment.cycle, adjustment.employee_id, NOTABLE)
    if adjustment.kind == Kind.RATING or adjustment.reverses_id is not None:
        raise Refusal("adjustment_not_withdrawable", status=422)
    if ResultAdjustment.objects.filter(reverses=adjustment).exists():
        raise Refusal("adjustment_withdrawn", status=409)
    return ResultAdjustment.objects.create(
        cycle=locked,
        employee_id=adjustment.employee_id,
        kind=adjustment.kind,
        points=None if adjustment.points is None else -adjustment.points,
        item=adjustment.item,
        reason=checked_reason(reason),
        reverses=adjustment,
        created_by=actor,
    )


def _checked_evidence(evidence: str, *, required: bool) -> str:
    text = evidence.strip()
    if required and not text:
        raise Refusal("evidence_required", field="evidence", status=422)
    if len(text) > EVIDENCE_LIMIT:
        raise Refusal("cycle_text_too_long", field="evidence", status=422, limit=EVIDENCE_LIMIT)
    return text


def _checked(actor: User, cycle: Cycle, employee_id: int, phases: tuple[Phase, ...]) -> Cycle:
    """The cycle locked: two who change something of one cycle come one after the other."""
    require_hr(actor)
    locked = Cycle.objects.select_for_update(of=("self",)).get(pk=cycle.pk)
    if locked.phase not in phases:
        raise Refusal("adjustment_not_open", status=409)
    if not Participant.objects.filter(cycle=locked, employee_id=employee_id).exists():
        raise Refusal("not_a_participant", field="employee", status=422)
    return locked
