"""Potential and the nine boxes: HR and auditors read all, a rater the own ratees', nobody else anything."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from django.db.models import Count, F, Q, QuerySet
from django.http import Http404
from django.utils import timezone

from people.models import User
from reviews.methods.potential import performance_box, potential_of
from reviews.models import Cycle, Participant, PotentialRating
from reviews.models.cycles import Phase
from reviews.selectors.duty_rows import Gathered, RowSource, Select, gather, select_of
from reviews.selectors.results import visible_results

SEES_ALL = ("hr", "auditor")
OPEN = (Phase.RATING, Phase.CALIBRATION)


def rated_participants(user: User, cycle: Cycle) -> QuerySet[Participant]:
    """Whose potential `user` may read in the cycle. Never one's own."""
    people = Participant.objects.filter(cycle=cycle).select_related("employee", "team")
    if not user.is_authenticated or not user.may_sign_in or potential_of(cycle.configuration) is None:
        return people.none()
    if cycle.phase == Phase.SETUP:
        return people.none()
    if user.has_role(*SEES_ALL):
        return people.exclude(employee=user)
    return people.filter(rater=user).exclude(employee=user)


def require_part(user: User, cycle: Cycle) -> QuerySet[Participant]:
    """Http404 alike where the cycle asks for no potential and where none is the reader's business."""
    people = rated_participants(user, cycle)
    if not people.exists():
        raise Http404
    return people


@dataclass(frozen=True)
class OwedPotential:
    cycle: Cycle
    total: int
    left: int


class PotentialRows(RowSource):
    """Asked together with the duties, though it is none: nothing waits for a potential."""

    code: ClassVar[str] = "potentials"

    def selects(self, user_ids: Sequence[int], day: datetime.date) -> Iterable[Select]:
        people = Participant.objects.filter(
            rater__in=user_ids, cycle__phase__in=OPEN, cycle__configuration__potential__levels__isnull=False
        ).exclude(employee=F("rater"))
        rows = people.order_by().values("rater", "cycle")
        counted = rows.annotate(total=Count("id"), left=Count("id", filter=Q(potential__isnull=True)))
        yield select_of(counted, "potential", 'rater, cycle, total, "left"')


def potentials_owed(user: User, found: Gathered | None = None) -> list[OwedPotential]:
    """Cycles in which the person may rate potential now, with how many are still to come; two queries, none where
    their rows are among those that were found."""
    found = gather([PotentialRows()], [user.pk], timezone.localdate()) if found is None else found
    rows = sorted(found.rows[PotentialRows.code], key=lambda row: row.cycle)
    return [OwedPotential(found.cycles[row.cycle], int(row.subject), row.many) for row in rows]


def get_participant_for(user: User, cycle: Cycle, employee_id: int) -> Participant:
    people = rated_participants(user, cycle)
    found = people.filter(employee_id=employee_id).first() if 0 < employee_id < 2**63 else None
    if found is None:
        raise Http404
    return found


def potentials_of(people: QuerySet[Participant]) -> dict[int, PotentialRating]:
    """{participant id: rating}; one query."""
    ratings = PotentialRating.objects.filter(participant__in=people.values("pk"))
    return {rating.participant_id: rating for rating in ratings}


@dataclass(frozen=True)
class Placed:
    participant: Participant
    score: float | None
    rating: PotentialRating | None


@dataclass(frozen=True)
class NineBox:
    """boxes[potential][performance], both 0-2; `unplaced` lack a score or a potential."""

    boxes: list[list[list[Placed]]] = field(
        default_factory=lambda: [[[] for _performance in range(3)] for _potential in range(3)]
    )
    unplaced: list[Placed] = field(default_factory=list)

    @property
    def placed(self) -> int:
        return sum(len(box) for row in self.boxes for box in row)


def nine_box(user: User, cycle: Cycle) -> NineBox:
    """The reader's people in their boxes, by name; four queries whatever their number.

    Scores are those that the reader may see: for a manager they come with calibration or release.
    """
    people = require_part(user, cycle)
    block = potential_of(cycle.configuration)
    assert block is not None
    ratings = potentials_of(people)
    scores = dict(visible_results(user, cycle).values_list("employee_id", "score"))
    found = NineBox()
    for participant in people.order_by("employee__name_sort", "employee_id"):
        one = Placed(participant, scores.get(participant.employee_id), ratings.get(participant.pk))
        performance = performance_box(one.score, block["cuts"])
        if performance is None or one.rating is None:
            found.unplaced.append(one)
        else:
            found.boxes[one.rating.level - 1][performance].append(one)
    return found
