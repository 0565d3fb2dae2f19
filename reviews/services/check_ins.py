"""Noting how an objective comes along. An entry stays as it was noted; a wrong one is followed by a right one."""

from __future__ import annotations

import math
import uuid
from collections.abc import Mapping
from typing import Any

from django.db import transaction

from foundation.refusals import Refusal
from foundation.trail.services import recording
from people.models import User
from reviews.models import CheckIn, CheckInValue, Confidence, KeyResult, Objective
from reviews.selectors.objective_sides import sides_on
from reviews.selectors.objectives import CHECKING, get_objective_for
from reviews.services.objective_content import LARGEST

COMMENT_LIMIT = 1000


@transaction.atomic
def check_in(
    *,
    actor: User,
    objective_id: int,
    confidence: int | None = None,
    values: Mapping[int, float | None] | None = None,
    comment: str = "",
    form_key: uuid.UUID | None = None,
) -> CheckIn:
    """One entry by either side of an objective that both agreed on. values: {key: where it stands}, None for none.

    form_key   what was sent once with this key is given back the second time
    Refusals: objective_not_yours (403), check_in_not_open (409), check_in_not_agreed (409), check_in_empty,
    key_result_unknown, key_result_follows, key_result_is_judged, cycle_value_malformed, cycle_text_too_long (422).
    """
    objective = get_objective_for(actor, objective_id)
    if not sides_on(actor, objective):
        raise Refusal("objective_not_yours", status=403)
    if form_key is not None:
        known = CheckIn.objects.filter(form_key=form_key, created_by=actor, objective=objective).first()
        if known is not None:
            return known
    if objective.cycle.phase not in CHECKING:
        raise Refusal("check_in_not_open", status=409)
    if objective.state != Objective.State.AGREED or objective.agreed_version is None:
        raise Refusal("check_in_not_agreed", status=409)
    if confidence is not None and (type(confidence) is not int or confidence not in Confidence.values):
        raise Refusal("cycle_value_malformed", field="confidence", status=422)
    if not isinstance(comment, str) or "\x00" in comment:
        raise Refusal("cycle_value_malformed", field="comment", status=422)
    text = comment.strip()
    if len(text) > COMMENT_LIMIT:
        raise Refusal("cycle_text_too_long", field="comment", status=422, limit=COMMENT_LIMIT)
    noted = _checked_values(list(objective.agreed_version.key_results.all()), values or {})
    if confidence is None and not noted and not text:
        raise Refusal("check_in_empty", field="comment", status=422)
    with recording(actor=actor):
        entry = CheckIn.objects.create(
            objective=objective, confidence=confidence, comment=text, created_by=actor, form_key=form_key
        )
        CheckInValue.objects.bulk_create(
            CheckInValue(check_in=entry, objective=objective, key=key, value=value)
            for key, value in noted.items()
        )
    return entry


def _checked_values(results: list[KeyResult], given: Mapping[int, float | None]) -> dict[int, float]:
    by_key = {result.key: result for result in results}
    found: dict[int, float] = {}
    for key, value in given.items():
        place = f"values.{key}"
        result = by_key.get(key)
        if result is None:
            raise Refusal("key_result_unknown", field=place, status=422)
        if value is None:
            continue
        if result.kpi_version_id is not None:
            raise Refusal("key_result_follows", field=place, status=422)
        if result.is_judged:
            raise Refusal("key_result_is_judged", field=place, status=422)
        found[key] = checked_number(value, place)
    return found


def checked_number(value: Any, field: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Refusal("cycle_value_malformed", field=field, status=422)
    number = float(value)
    if not math.isfinite(number) or abs(number) > LARGEST:
        raise Refusal("cycle_value_malformed", field=field, status=422)
    return round(number, 6) + 0.0
