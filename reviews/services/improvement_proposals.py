"""The rule that proposes plans: two periods in a row below, or above, an absolute standard. Never a rank, never a
rating by shares: those say where somebody stands among others, not whether the work was good."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from django.db import transaction
from django.utils import timezone

from foundation.bulk import copy_out
from foundation.refusals import Refusal
from foundation.trail.services import recording
from people.models import Membership, User
from reviews.models import Cycle, ImprovementPlan, PlanProposal, PlanRule
from reviews.selectors.evidence import kpi_items
from reviews.selectors.improvement_evidence import (
    COUNTED,
    compares_people,
    kpi_components,
    kpi_evidence,
    reference_of,
    score_evidence,
)
from reviews.selectors.improvement_plans import RuleOfPlans, current_rule
from reviews.selectors.improvement_proposals import get_proposal_for
from reviews.services import improvement_notices as notices
from reviews.services.rights import checked_reason, require_hr
from scoring.improvement import above_throughout, below_throughout

#: Cycles that ended longer ago than this propose nothing any more.
FRESH_DAYS = 200
#: Two periods follow one another when no more than this lies between them, and are alike when neither is so much
#: longer.
MOST_GAP_DAYS, MOST_RATIO = 7, 1.5
Kind = ImprovementPlan.Kind

_SCORES = """
    SELECT later.employee_id, earlier.score AS first, later.score AS second
    FROM reviews_result AS later
    JOIN reviews_result AS earlier ON earlier.run_id = %(earlier)s AND earlier.employee_id = later.employee_id
    WHERE later.run_id = %(later)s AND later.score IS NOT NULL AND earlier.score IS NOT NULL
"""
_LINES = """
    SELECT later.employee_id, later.component, later.subject, earlier.component AS first_component,
        earlier.points AS first, later.points AS second,
        earlier.value AS first_value, later.value AS second_value,
        earlier.target AS first_target, later.target AS second_target,
        earlier.attainment AS first_attainment, later.attainment AS second_attainment,
        earlier.n AS first_n, later.n AS second_n
    FROM reviews_scoreline AS later
    JOIN reviews_scoreline AS earlier ON earlier.run_id = %(earlier)s
        AND earlier.employee_id = later.employee_id AND earlier.subject = later.subject
        AND earlier.component = ANY(%(earlier_components)s) AND earlier.rule = ANY(%(rules)s)
    WHERE later.run_id = %(later)s AND later.component = ANY(%(later_components)s) AND later.rule = ANY(%(rules)s)
        AND later.points < %(below)s AND earlier.points < %(below)s
    ORDER BY later.employee_id, later.component, later.number
"""


def consecutive_cycles(today: datetime.date) -> list[tuple[Cycle, Cycle]]:
    """(earlier, later) of released cycles over periods that follow one another and are about as long."""
    cycles = list(
        Cycle.objects.filter(
            released_at__isnull=False,
            published_run__isnull=False,
            last_day__gte=today - datetime.timedelta(days=FRESH_DAYS),
            last_day__lte=today,
        ).order_by("last_day", "pk")
    )
    return [
        (earlier, later)
        for later in cycles
        for earlier in cycles
        if 0 < (later.first_day - earlier.last_day).days <= MOST_GAP_DAYS + 1
        and 1 / MOST_RATIO <= _days(later) / _days(earlier) <= MOST_RATIO
    ]


def _days(cycle: Cycle) -> int:
    return (cycle.last_day - cycle.first_day).days + 1


@transaction.atomic
def look_for_proposals(*, actor: User | None, today: datetime.date | None = None) -> int:
    """What the rule finds now and had not found before; actor None is the clock. Doing it twice finds nothing twice.

    People who left, or who have a plan of the kind already, are left out.
    """
    if actor is not None:
        require_hr(actor)
    day = today or timezone.localdate()
    rule = current_rule()
    found: dict[tuple[int, str, datetime.date], list[dict[str, Any]]] = {}
    for earlier, later in consecutive_cycles(day):
        for person, kind, evidence in _findings(earlier, later, rule):
            entries = found.setdefault((person, kind, later.last_day), [])
            known = {each["key"] for each in entries}
            entries.extend(each for each in evidence if each["key"] not in known)
    # One finding a person and kind: the latest.
    latest: dict[tuple[int, str], datetime.date] = {}
    for person, kind, last_day in found:
        latest[person, kind] = max(last_day, latest.get((person, kind), last_day))
    people = {person for person, _kind in latest}
    present = set(
        Membership.objects.filter(user__in=people, valid__contains=day).values_list("user_id", flat=True)
    )
    going = set(
        ImprovementPlan.objects.filter(employee__in=people, closed_on__isnull=True).values_list(
            "employee_id", "kind"
        )
    )
    known = set(
        PlanProposal.objects.filter(employee__in=people).values_list("employee_id", "kind", "last_day")
    )
    made = [
        PlanProposal(employee_id=person, kind=kind, last_day=last_day, evidence=found[person, kind, last_day])
        for (person, kind), last_day in latest.items()
        if person in present and (person, kind) not in going and (person, kind, last_day) not in known
    ]
    with recording(actor=actor):
        created = PlanProposal.objects.bulk_create(made, ignore_conflicts=True)
    if created:
        notices.tell_proposals(len(created), f"{day.isoformat()}:{len(known)}")
    return len(created)


def _findings(
    earlier: Cycle, later: Cycle, rule: RuleOfPlans
) -> Iterator[tuple[int, str, list[dict[str, Any]]]]:
    """(employee id, kind, evidence of both periods)"""
    runs = {"earlier": str(earlier.published_run_id), "later": str(later.published_run_id)}
    cycles = (earlier, later)
    if not any(compares_people(cycle) for cycle in cycles):
        scores = copy_out(_SCORES, runs)
        table = scores[["first", "second"]].to_numpy(dtype=np.float64)
        if len(table):
            for kind, mask in (
                (Kind.IMPROVEMENT, below_throughout(table, rule.score_below)),
                (Kind.DEVELOPMENT, above_throughout(table, rule.score_from)),
            ):
                for row in scores[mask].to_dict("records"):
                    evidence = [
                        score_evidence(reference_of(cycle), cycle, float(row[name]), rule)
                        for cycle, name in zip(cycles, ("first", "second"), strict=True)
                    ]
                    yield int(row["employee_id"]), kind, evidence
    versions = [
        {(part["code"], item["kpi"]): item["version"] for part, item in kpi_items(cycle)} for cycle in cycles
    ]
    lines = copy_out(
        _LINES,
        {
            **runs,
            "earlier_components": kpi_components(earlier),
            "later_components": kpi_components(later),
            "rules": list(COUNTED),
            "below": rule.points_below,
        },
    )
    for found in _plain(lines):
        places = ((found["first_component"], found["subject"]), (found["component"], found["subject"]))
        if places[0] in versions[0] and places[1] in versions[1]:
            yield (
                int(found["employee_id"]),
                Kind.IMPROVEMENT,
                [
                    kpi_evidence(
                        reference_of(cycle),
                        known[place],
                        kpi=found["subject"],
                        value=found[f"{name}_value"],
                        target=found[f"{name}_target"],
                        points=found[name],
                        n=int(found[f"{name}_n"]),
                        attainment=found[f"{name}_attainment"],
                        rule=rule,
                    )
                    for cycle, known, place, name in zip(
                        cycles, versions, places, ("first", "second"), strict=True
                    )
                ],
            )


def _plain(frame: pd.DataFrame) -> Iterable[dict[str, Any]]:
    for row in frame.to_dict("records"):
        yield {str(name): None if value is None or value != value else value for name, value in row.items()}


@transaction.atomic
def dismiss_proposal(*, actor: User, proposal_id: int, reason: str) -> PlanProposal:
    """HR sees no need, with a reason; the same finding does not come back, a later one does.

    Refusals: cycle_hr_only (403), improvement_proposal_decided (409), cycle_reason_required (422).
    """
    require_hr(actor)
    text = checked_reason(reason)
    found = get_proposal_for(actor, proposal_id)
    locked = PlanProposal.objects.select_for_update(of=("self",)).get(pk=found.pk)
    if locked.decision:
        raise Refusal("improvement_proposal_decided", status=409)
    locked.decision, locked.reason = PlanProposal.Decision.DISMISSED, text
    locked.decided_by, locked.decided_at = actor, timezone.now()
    with recording(actor=actor, reason=text):
        locked.save()
    return locked


@transaction.atomic
def save_plan_rule(
    *, actor: User, score_below: float, points_below: float, score_from: float, answer_days: int
) -> PlanRule:
    """A new row; what was proposed or served before keeps what it was measured by. Refusals: cycle_hr_only (403),
    improvement_rule_range, improvement_rule_order (422)."""
    require_hr(actor)
    for field, value, high in (
        ("score_below", score_below, 100),
        ("points_below", points_below, 100),
        ("score_from", score_from, 200),
        ("answer_days", answer_days, 60),
    ):
        if isinstance(value, bool) or not 1 <= value <= high:
            raise Refusal("improvement_rule_range", field=field, status=422, low=1, high=high)
    if score_from <= score_below:
        raise Refusal("improvement_rule_order", field="score_from", status=422)
    with recording(actor=actor):
        return PlanRule.objects.create(
            score_below=score_below,
            points_below=points_below,
            score_from=score_from,
            answer_days=answer_days,
            created_by=actor,
        )
