"""What both sides say of an objective at the end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from foundation.refusals import Refusal
from foundation.trail.services import recording
from people.models import User
from reviews.models import Objective, ObjectiveAssessment
from reviews.selectors.objective_scores import objectives_rule
from reviews.selectors.objective_sides import sides_on
from reviews.selectors.objectives import ASSESSING, get_objective_for

COMMENT_LIMIT = 2000


@transaction.atomic
def assess_objective(
    *,
    actor: User,
    objective_id: int,
    comment: str,
    version: int,
    levels: Mapping[int, int] | None = None,
) -> ObjectiveAssessment:
    """The actor's side says how it went: a comment, and a level for each key result that is judged. `version` is that
    of the own assessment as it was read, 0 for none. Saving again what stands there is no conflict.

    Only the superior's levels enter the score. Refusals: objective_not_yours (403), assessment_not_open (409),
    check_in_not_agreed (409), assessment_comment_required, cycle_text_too_long, assessment_level_missing,
    assessment_level_unknown, key_result_unknown (422), assessment_stale (409).
    """
    objective = get_objective_for(actor, objective_id)
    sides = sides_on(actor, objective)
    if not sides:
        raise Refusal("objective_not_yours", status=403)
    if objective.cycle.phase not in ASSESSING:
        raise Refusal("assessment_not_open", status=409)
    if objective.state != Objective.State.AGREED or objective.agreed_version is None:
        raise Refusal("check_in_not_agreed", status=409)
    Objective.objects.select_for_update(of=("self",), no_key=True).get(pk=objective.pk)
    if not isinstance(comment, str) or "\x00" in comment:
        raise Refusal("cycle_value_malformed", field="comment", status=422)
    text = comment.strip()
    if not text:
        raise Refusal("assessment_comment_required", field="comment", status=422)
    if len(text) > COMMENT_LIMIT:
        raise Refusal("cycle_text_too_long", field="comment", status=422, limit=COMMENT_LIMIT)
    chosen = _checked_levels(objective, levels or {})
    side = sides[0]
    found = ObjectiveAssessment.objects.filter(objective=objective, side=side).first()
    if found is not None and (found.comment, found.levels) == (text, chosen):
        return found
    if type(version) is not int or version != (found.version if found else 0):
        raise Refusal("assessment_stale", field="version", status=409)
    saved = found or ObjectiveAssessment(objective=objective, side=side, version=0)
    saved.comment, saved.levels, saved.assessed_by = text, chosen, actor
    saved.version += 1
    with recording(actor=actor):
        saved.save()
    return saved


def _checked_levels(objective: Objective, given: Mapping[int, Any]) -> dict[str, int]:
    rule: Any = objectives_rule(objective.cycle)
    offered = [level["value"] for level in rule["levels"]]
    results = objective.agreed_version.key_results.all() if objective.agreed_version else []
    judged = {result.key: result for result in results if result.is_judged}
    for key in given:
        if key not in judged:
            raise Refusal("key_result_unknown", field=f"levels.{key}", status=422)
    chosen: dict[str, int] = {}
    for key, result in judged.items():
        level = given.get(key)
        if level is None:
            raise Refusal(
                "assessment_level_missing", field=f"levels.{key}", status=422, name=result.title[:80]
            )
        if type(level) is not int or level not in offered:
            raise Refusal(
                "assessment_level_unknown",
                field=f"levels.{key}",
                status=422,
                levels=", ".join(str(each) for each in offered),
            )
        chosen[str(key)] = level
    return chosen
