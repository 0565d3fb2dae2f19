"""The group in which somebody's rating was given: its size, counts and cuts. Other people appear only as counts."""

from __future__ import annotations

from typing import Any

import pandas as pd
from django.db.models import Count, Q, Sum

from foundation.bulk import copy_out
from people.models import Job, Team
from reviews.methods.rating_rule import rule_of
from reviews.models import Cycle, RatingGroup, Result
from reviews.selectors.corrections import base_of


def rating_group_of(result: Result, cycle: Cycle, *, show_rank: bool) -> dict[str, Any] | None:
    """None under cut-offs. Else {kind, name, into, outcome, size, counted, minimum, bands, order, above, equal}.

    name is that of the own group, into that of the group it was counted with, both {zh, en} or None where the kind of
    group has no names. above is None where ranks are not shown; equal counts those with the same score, oneself
    included. Three queries, four for names.
    """
    if result.rating_group is None:
        return None
    own = RatingGroup.objects.get(run=result.run_id, number=result.rating_group)
    target = own
    if own.into != own.number:
        target = RatingGroup.objects.get(run=result.run_id, number=own.into)
    rule = rule_of(cycle.configuration)
    names = _names(rule["cohort"], [own.key, target.key])
    counts = {"above": 0, "equal": 0}
    if result.score is not None and own.outcome != RatingGroup.Outcome.EXEMPT:
        # The others as they were released: whose appeal was accepted moves nobody else.
        base = base_of(result.run)
        numbers = RatingGroup.objects.filter(run=base, into=target.number).values("number")
        others = Result.objects.filter(run=base, rating_group__in=numbers).exclude(
            employee=result.employee_id
        )
        counts = others.aggregate(
            above=Count("employee", filter=Q(score__gt=result.score)),
            equal=Count("employee", filter=Q(score=result.score)),
        )
        counts["equal"] += 1
    return {
        "kind": rule["cohort"],
        "name": names.get(own.key),
        "into": names.get(target.key) if target is not own else None,
        "outcome": own.outcome,
        "size": own.size,
        "counted": target.counted,
        "minimum": rule["minimum_group"],
        "ties": rule["ties"],
        "bands": target.bands,
        "order": result.rating_order,
        "above": counts["above"] if show_rank else None,
        "equal": counts["equal"],
    }


def _names(kind: str, keys: list[str]) -> dict[str, dict[str, str]]:
    model: Any = {"team": Team, "job": Job}.get(kind)
    ids = [int(key) for key in keys if key.isdigit()]
    if model is None or not ids:
        return {}
    return {
        str(thing.pk): {"zh": thing.name_zh, "en": thing.name_en}
        for thing in model.objects.filter(pk__in=ids)
    }


def group_summary(cycle: Cycle) -> dict[str, Any] | None:
    """How the published run grouped people: {own, merged, exempt: {groups, people}}; None under cut-offs. One query."""
    found = {
        row["outcome"]: {"groups": row["groups"], "people": row["people"]}
        for row in RatingGroup.objects.filter(run=cycle.published_run, size__gt=0)
        .values("outcome")
        .annotate(groups=Count("id"), people=Sum("size"))
        .order_by()
    }
    if not found:
        return None
    nothing = {"groups": 0, "people": 0}
    return {name: found.get(name, nothing) for name in RatingGroup.Outcome.values}


def scored_people(cycle: Cycle) -> pd.DataFrame:
    """employee_id, team_id, job_id, days_in_role and score of the published run, by employee id; to try a rule on."""
    return copy_out(
        """
        SELECT participant.employee_id, participant.team_id, participant.job_id, participant.days_in_role, result.score
        FROM reviews_result AS result
        JOIN reviews_participant AS participant
            ON participant.cycle_id = result.cycle_id AND participant.employee_id = result.employee_id
        WHERE result.run_id = %s ORDER BY participant.employee_id
        """,
        [str(cycle.published_run_id)],
    )
