"""A rater's paired comparison: what was answered, how sure the order is by it, and what to ask next."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.db.models import QuerySet
from django.http import Http404

from people.models import User
from reviews.methods.cohorts import COLUMNS
from reviews.methods.document import component_of
from reviews.methods.paired import (
    RATER,
    PairOrder,
    completed_pairs,
    criteria_of,
    criterion_code,
    is_paired,
    order_of,
    pairs_expected,
)
from reviews.models import Comparison, Cycle, Participant, ScoreSheet
from reviews.models.cycles import Phase
from reviews.selectors.sheets import SECONDS_PER_PAIR, visible_sheets
from scoring.pair_orders import pairs_needed

FEWEST = 2


@dataclass(frozen=True)
class Question:
    """Two people, side by side; left and right are ids of employees, and by chance which of them stands where."""

    criterion: dict[str, Any]
    code: str  # of the criterion, empty where the question is about the whole person
    left: int
    right: int


@dataclass
class PairPart:
    """One cohort by one criterion."""

    cohort: str
    criterion: dict[str, Any]
    code: str
    order: PairOrder
    wanted: float

    @cached_property
    def certainty(self) -> float:
        return self.order.certainty

    @property
    def is_enough(self) -> bool:
        """Sure enough, or nothing is left to ask; in either case nobody stands apart from the others."""
        return self.order.is_connected and (self.certainty >= self.wanted or self.order.is_exhausted)

    @property
    def left(self) -> int:
        """About how many answers are still to be given."""
        if self.is_enough:
            return 0
        return max(pairs_needed(len(self.order.people), self.wanted) - len(self.order.asked), 1)


@dataclass
class PairForm:
    """A rater's whole comparison in one component. `answers` are the standing ones, the latest last.

    Whom the rater does not know is in no pair, and so in no part."""

    cycle: Cycle
    component: dict[str, Any]
    rater_id: int
    sheets: list[ScoreSheet]
    answers: list[Comparison] = field(default_factory=list)

    @cached_property
    def participants(self) -> dict[int, Participant]:
        """By the employee's id."""
        return {sheet.participant.employee_id: sheet.participant for sheet in self.sheets}

    @cached_property
    def unknown(self) -> dict[int, Participant]:
        """Of them, whom the rater does not know."""
        return {
            sheet.participant.employee_id: sheet.participant for sheet in self.sheets if sheet.ratee_unknown
        }

    @cached_property
    def known(self) -> dict[int, Participant]:
        return {pk: each for pk, each in self.participants.items() if pk not in self.unknown}

    @cached_property
    def parts(self) -> list[PairPart]:
        """Criterion by criterion; a cohort of one has nothing to compare."""
        employee = {each.pk: each.employee_id for each in self.known.values()}
        given: dict[str, list[tuple[int, int, int]]] = defaultdict(list)
        for answer in self.answers:
            if answer.first_id in employee and answer.second_id in employee:
                given[answer.criterion].append(
                    (employee[answer.first_id], employee[answer.second_id], answer.outcome)
                )
        cohorts: dict[str, list[int]] = defaultdict(list)
        for participant in self.known.values():
            if key := cohort_of(self.component, participant):
                cohorts[key].append(participant.employee_id)
        return [
            PairPart(
                cohort=key,
                criterion=criterion,
                code=criterion_code(self.component, criterion),
                order=order_of(people, given[criterion_code(self.component, criterion)]),
                wanted=float(self.component["certainty"]) / 100,
            )
            for criterion in criteria_of(self.component)
            for key, people in sorted(cohorts.items())
            if len(people) >= FEWEST
        ]

    @property
    def current(self) -> PairPart | None:
        """Where the next question comes from: the first that is not sure enough, then the least sure one."""
        for part in self.parts:
            if not part.is_enough:
                return part
        open_ = [part for part in self.parts if not part.order.is_exhausted]
        return min(open_, key=lambda part: part.certainty, default=None)

    @cached_property
    def question(self) -> Question | None:
        """None when every pair has an answer."""
        part = self.current
        pair = part.order.next_pair() if part else None
        if part is None or pair is None:
            return None
        left, right = sides(self.rater_id, part.code, *pair)
        return Question(part.criterion, part.code, left, right)

    @property
    def certainty(self) -> float:
        """Of the least sure part."""
        return min((part.certainty for part in self.parts), default=0.0)

    @property
    def is_enough(self) -> bool:
        return all(part.is_enough for part in self.parts)

    @property
    def expected(self) -> int:
        """About how many answers the whole takes; what was known before the first one."""
        return expected_answers(
            self.component, [part.order.people for part in self.parts if part is not None]
        )

    @property
    def left(self) -> int:
        return sum(part.left for part in self.parts)

    @property
    def minutes_left(self) -> int:
        return -(-self.left * SECONDS_PER_PAIR // 60)

    @property
    def is_submitted(self) -> bool:
        return all(sheet.state == ScoreSheet.State.SUBMITTED for sheet in self.sheets)

    @property
    def is_open(self) -> bool:
        return self.cycle.phase == Phase.RATING and not self.is_submitted

    @property
    def missing(self) -> tuple[int, int] | None:
        """Two people of parts of the order that nothing connects."""
        for part in self.parts:
            if not part.order.is_connected:
                return part.order.parts[0][0], part.order.parts[1][0]
        return None


def pair_form_of(user: User, cycle: Cycle, code: str) -> PairForm:
    """The rater's own; two queries. Http404 where there is none."""
    component = component_of(cycle.configuration, code)
    sheets = list(
        visible_sheets(user)
        .filter(rater=user, participant__cycle=cycle, component=code)
        .exclude(state=ScoreSheet.State.WITHDRAWN)
        .select_related("participant__employee", "participant__team", "participant__job")
        .order_by("participant__employee__name_sort", "participant__employee_id")
    )
    if not sheets or component is None or not is_paired(component):
        raise Http404
    return pair_form_from(cycle, component, sheets)


def pair_form_from(cycle: Cycle, component: dict[str, Any], sheets: list[ScoreSheet]) -> PairForm:
    rater = sheets[0].rater_id
    return PairForm(
        cycle=cycle,
        component=completed_pairs(component),
        rater_id=rater,
        sheets=sheets,
        answers=list(standing_answers(cycle, component["code"]).filter(rater=rater)),
    )


def next_pair(user: User, cycle: Cycle, code: str) -> Question | None:
    """What to ask the rater next; two queries, whatever was answered. Http404 where there is nothing to compare."""
    return pair_form_of(user, cycle, code).question


def standing_answers(cycle: Cycle, code: str) -> QuerySet[Comparison]:
    """Answers of a component that count, in the order in which they were given."""
    return Comparison.objects.standing().filter(cycle=cycle, component=code).order_by("pk")


def cohort_of(component: dict[str, Any], participant: Participant) -> str:
    """The same keys as reviews.methods.paired.pair_cohorts gives whole columns; "" for none."""
    kind = component["cohort"]
    if kind == "cycle":
        return "cycle:0"
    key = participant.rater_id if kind == RATER else getattr(participant, COLUMNS[kind])
    return f"{kind}:{key}" if key else ""


def sides(rater: int, criterion: str, first: int, second: int) -> tuple[int, int]:
    """Who stands on the left: as if by chance, but the same each time that the page is opened."""
    low, high = min(first, second), max(first, second)
    is_turned = zlib.crc32(f"{rater}:{criterion}:{low}:{high}".encode()) & 1
    return (high, low) if is_turned else (low, high)


def expected_answers(component: dict[str, Any], groups: Iterable[list[int]]) -> int:
    """Of one entry per cohort and criterion."""
    criteria = len(criteria_of(component))
    return sum(pairs_expected(component, len(group)) // criteria for group in groups)


def raters_in(
    component: dict[str, Any], cycle: Cycle, joining: Sequence[Participant]
) -> list[tuple[Participant, int]]:
    """Who fills in a form on whom when these people join: everyone's rater; where pairs are compared in a wider cohort,
    every rater of it on everyone in it but the rater. Who has no rater is judged by nobody."""
    entry = completed_pairs(component)
    if entry["cohort"] == RATER:
        return [(each, each.rater_id) for each in joining if each.rater_id]
    new = {each.pk for each in joining}
    present = [each for each in Participant.objects.filter(cycle=cycle).exclude(pk__in=new) if each.rater_id]
    members: dict[str, list[Participant]] = defaultdict(list)
    for each in [*present, *(each for each in joining if each.rater_id)]:
        if key := cohort_of(entry, each):
            members[key].append(each)
    found: list[tuple[Participant, int]] = []
    for group in members.values():
        before = {each.rater_id for each in group if each.pk not in new}
        for rater in sorted({each.rater_id for each in group if each.rater_id}):
            found += [
                (each, rater)
                for each in group
                # A rater who was there before has forms on the others already.
                if each.employee_id != rater and (each.pk in new or rater not in before)
            ]
    return found
