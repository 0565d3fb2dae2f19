"""What the answers of a paired comparison say, for HR: strengths with intervals, contradictions, raters apart."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from django.http import Http404

from people.models import User
from reviews.methods.document import component_of
from reviews.methods.paired import (
    EVEN,
    Answer,
    PairOrder,
    completed_pairs,
    criteria_of,
    criterion_code,
    is_paired,
    order_of,
)
from reviews.models import Cycle, Participant, ScoreSheet
from reviews.selectors.cohort_sizes import names_of_cohorts
from reviews.selectors.pairs import cohort_of, standing_answers
from scoring.composite import stored
from scoring.pair_orders import agreement_with, expected_wins
from scoring.pairwise import Strengths, circular_triads

# Standard errors below what the others' order lets expect: so far apart by chance in one of forty.
CONTRADICTS = -1.96
INTERVAL = 1.96


@dataclass(frozen=True)
class PersonLine:
    """share and its bounds are points, 0 to 100; None where there is no order."""

    employee: User
    answers: int
    won: int
    even: int
    lost: int
    strength: float | None = None
    strength_error: float | None = None
    share: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class RaterLine:
    """Agreement is of the rater's decided answers with the order that all others' answers make; None without others."""

    rater: User
    is_submitted: bool
    answers: int
    even: int
    triads: int
    agreement: float | None = None
    expected: float | None = None
    apart: float | None = None
    unknown: list[User] = field(default_factory=list)  # whom the rater does not know

    @property
    def contradicts(self) -> bool:
        return self.apart is not None and self.apart < CONTRADICTS


@dataclass
class CriterionAnalysis:
    """`triads` of `triples`: threes whose three pairs were all decided, and how many of them contradict themselves.

    missing   one person of each part of an order that fell apart
    """

    criterion: dict[str, Any]
    code: str
    people: list[PersonLine]
    raters: list[RaterLine]
    certainty: float | None
    triads: int
    triples: int
    missing: list[User] = field(default_factory=list)


@dataclass
class CohortAnalysis:
    key: str
    name: str
    size: int
    raters: int
    submitted: int
    criteria: list[CriterionAnalysis]

    @property
    def certainty(self) -> float | None:
        return min((each.certainty for each in self.criteria if each.certainty is not None), default=None)

    @property
    def contradicting(self) -> int:
        return len({line.rater.pk for each in self.criteria for line in each.raters if line.contradicts})


def paired_component(cycle: Cycle, code: str) -> dict[str, Any]:
    """Http404 where the cycle compares nobody under this code."""
    component = component_of(cycle.configuration, code)
    if component is None or not is_paired(component):
        raise Http404
    return completed_pairs(component)


def pair_analysis(cycle: Cycle, code: str, *, cohort: str = "") -> list[CohortAnalysis]:
    """Of every cohort, or of the one named; by name. About four queries, whatever the number of people and answers.

    Only answers of submitted forms count, as in the score; a rater whose forms are open is listed without them.
    """
    component = paired_component(cycle, code)
    participants: dict[str, list[Participant]] = defaultdict(list)
    for each in Participant.objects.filter(cycle=cycle).select_related("employee"):
        key = cohort_of(component, each)
        if key and (not cohort or key == cohort):
            participants[key].append(each)
    of_person = {each.pk: each for members in participants.values() for each in members}
    key_of = {each.pk: key for key, members in participants.items() for each in members}
    forms: dict[str, dict[int, list[bool]]] = defaultdict(lambda: defaultdict(list))
    raters: dict[int, User] = {}
    submitted: set[tuple[int, int]] = set()
    unknown: dict[str, dict[int, list[User]]] = defaultdict(lambda: defaultdict(list))
    sheets = ScoreSheet.objects.filter(
        participant__cycle=cycle, component=code, participant__in=of_person
    ).exclude(state=ScoreSheet.State.WITHDRAWN)
    for sheet in sheets.select_related("rater"):
        raters[sheet.rater_id] = sheet.rater
        is_in = sheet.state == ScoreSheet.State.SUBMITTED
        forms[key_of[sheet.participant_id]][sheet.rater_id].append(is_in)
        if sheet.ratee_unknown:
            unknown[key_of[sheet.participant_id]][sheet.rater_id].append(
                of_person[sheet.participant_id].employee
            )
        elif is_in:
            submitted.add((sheet.rater_id, sheet.participant_id))
    given: dict[tuple[str, str], dict[int, list[Answer]]] = defaultdict(lambda: defaultdict(list))
    rows = standing_answers(cycle, code)
    for rater, criterion, first, second, outcome in rows.values_list(
        "rater", "criterion", "first", "second", "outcome"
    ):
        counts = {(rater, first), (rater, second)} <= submitted
        if counts and key_of[first] == key_of[second]:
            given[key_of[first], criterion][rater].append(
                (of_person[first].employee_id, of_person[second].employee_id, outcome)
            )
    names = dict(zip(participants, names_of_cohorts(list(participants)), strict=True))
    return [
        CohortAnalysis(
            key=key,
            name=names[key],
            size=len(members),
            raters=len(forms[key]),
            submitted=sum(all(states) for states in forms[key].values()),
            criteria=[
                _criterion(
                    criterion,
                    criterion_code(component, criterion),
                    {each.employee_id: each.employee for each in members},
                    given[key, criterion_code(component, criterion)],
                    {raters[pk]: all(states) for pk, states in forms[key].items()},
                    unknown[key],
                )
                for criterion in criteria_of(component)
            ],
        )
        for key, members in sorted(participants.items(), key=lambda pair: (names[pair[0]], pair[0]))
    ]


def _criterion(
    criterion: dict[str, Any],
    code: str,
    employees: Mapping[int, User],
    given: Mapping[int, list[Answer]],
    raters: Mapping[User, bool],
    unknown: Mapping[int, list[User]],
) -> CriterionAnalysis:
    answers = [answer for listed in given.values() for answer in listed]
    compared = sorted({person for first, second, _outcome in answers for person in (first, second)})
    order = order_of(compared, answers) if compared else None
    is_whole = order is not None and order.is_connected
    return CriterionAnalysis(
        criterion=criterion,
        code=code,
        people=_people(employees, answers, order if is_whole else None),
        raters=sorted(
            (_rater(rater, is_in, given, unknown.get(rater.pk, [])) for rater, is_in in raters.items()),
            key=lambda line: (line.apart is None, line.apart or 0.0, line.rater.name_sort, line.rater.pk),
        ),
        certainty=order.certainty if order is not None and is_whole else None,
        triads=triads_of(compared, answers)[0],
        triples=triads_of(compared, answers)[1],
        missing=[employees[part[0]] for part in order.parts] if order is not None and not is_whole else [],
    )


def _people(
    employees: Mapping[int, User], answers: list[Answer], order: PairOrder | None
) -> list[PersonLine]:
    """The strongest first; who has no strength comes last."""
    counts: dict[int, list[int]] = {pk: [0, 0, 0] for pk in employees}
    for first, second, outcome in answers:
        for person, mine in ((first, outcome), (second, -outcome)):
            counts[person][1 - mine] += 1
    numbers: dict[int, dict[str, float]] = {}
    if order is not None:
        strengths = stored(order.found.strengths)
        share, error = expected_wins(Strengths(strengths, order.found.covariance))
        points, spread = stored(100 * stored(share)), stored(100 * stored(error))
        for index, person in enumerate(order.people):
            numbers[person] = {
                "strength": float(strengths[index]),
                "strength_error": float(stored(order.found.errors)[index]),
                "share": float(points[index]),
                "low": max(float(points[index] - INTERVAL * spread[index]), 0.0),
                "high": min(float(points[index] + INTERVAL * spread[index]), 100.0),
            }
    lines = [
        PersonLine(
            employee=employee,
            answers=sum(counts[pk]),
            won=counts[pk][0],
            even=counts[pk][1],
            lost=counts[pk][2],
            **numbers.get(pk, {}),
        )
        for pk, employee in employees.items()
    ]
    return sorted(
        lines,
        key=lambda each: (
            each.share is None,
            -(each.share or 0.0),
            each.employee.name_sort,
            each.employee.pk,
        ),
    )


def _rater(
    rater: User, is_submitted: bool, given: Mapping[int, list[Answer]], unknown: list[User]
) -> RaterLine:
    own = given.get(rater.pk, [])
    people = sorted({person for first, second, _outcome in own for person in (first, second)})
    others = [answer for pk, listed in given.items() if pk != rater.pk for answer in listed]
    agreement = expected = apart = None
    if own and others:
        order = order_of({each for first, second, _o in others for each in (first, second)}, others)
        place = {person: index for index, person in enumerate(order.people)}
        # Wins of each of two who were both judged by others; "no difference" contradicts no order.
        decided = [
            (place[first], place[second]) if outcome > 0 else (place[second], place[first])
            for first, second, outcome in own
            if outcome != EVEN and first in place and second in place
        ]
        found = agreement_with(decided, order.found.strengths) if order.is_connected else (math.nan,) * 3
        agreement, expected, apart = (None if math.isnan(each) else each for each in found)
    return RaterLine(
        rater=rater,
        is_submitted=is_submitted,
        answers=len(own),
        even=sum(outcome == EVEN for _first, _second, outcome in own),
        triads=triads_of(people, own)[0],
        agreement=agreement,
        expected=expected,
        apart=apart,
        unknown=sorted(unknown, key=lambda each: (each.name_sort, each.pk)),
    )


def triads_of(people: list[int], answers: Iterable[Answer]) -> tuple[int, int]:
    """(circular triads, triples whose three pairs are all decided) of what most answers say of each pair."""
    place = {person: index for index, person in enumerate(people)}
    balance = np.zeros((len(people), len(people)), dtype=np.int64)
    for first, second, outcome in answers:
        balance[place[first], place[second]] += outcome
        balance[place[second], place[first]] -= outcome
    wins = (balance > 0).astype(np.int64)
    decided = wins + wins.T
    triples = int(np.trace(decided @ decided @ decided)) // 6 if len(people) else 0
    return (circular_triads(wins) if triples else 0), triples
