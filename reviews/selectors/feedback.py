"""Weak points and strengths of results, what is still to be said about them, and whose release waits for it."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.db import connection
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.http import Http404
from django.urls import reverse
from django.utils import timezone

from foundation.delivery.duties import Duty
from people.models import User
from reviews import topics
from reviews.methods.feedback import FeedbackRule, feedback_rule, parts_of
from reviews.models import Cycle, Feedback, FeedbackPoint, Participant, ReleaseHold, Result, ScoreLine
from reviews.models.cycles import Phase
from reviews.selectors.duties import names_of
from reviews.selectors.duty_rows import DutyRow, DutySource, Select, by_position, select_of
from reviews.selectors.results import MANAGERS_READ, SEES_ALL, judged_by

# From calibration on managers read their people's results, so they can say something about them.
WRITABLE = (Phase.CALIBRATION, Phase.RELEASE, Phase.APPEAL)
MINUTES_PER_PERSON = 3

# Every part of a result that lies below (or, for strengths, at or above) the rule's line, and its place among them by
# what it costs or brings: the gap times its share of the overall score. Set-based: a release asks it of everybody.
_PARTS = """
    WITH asked AS (
        SELECT * FROM unnest(%(components)s::text[], %(subjects)s::text[], %(shares)s::float8[])
            AS asked(component, subject, share)
    ), line AS (
        SELECT entry.employee_id, entry.component, entry.subject, entry.points, asked.share
        FROM (
            SELECT found.employee_id, found.component, each.subject, each.points
            FROM reviews_scorelineset AS found
            CROSS JOIN LATERAL unnest(found.subjects, found.points) AS each(subject, points)
            WHERE found.run_id = %(run)s AND found.component = ANY(%(lined)s) AND each.points {side} {people}
            OFFSET 0 -- the arrays are opened once, not once for each part that is asked for
        ) AS entry
        JOIN asked ON asked.component = entry.component AND asked.subject = entry.subject
        UNION ALL
        SELECT found.employee_id, found.component, '', found.score, asked.share
        FROM reviews_componentscore AS found
        JOIN asked ON asked.component = found.component AND asked.subject = ''
        WHERE found.run_id = %(run)s AND found.component = ANY(%(whole)s) {people}
    ), part AS (
        SELECT *, row_number() OVER (
            PARTITION BY employee_id ORDER BY abs(points - %(edge)s) * share DESC, component, subject
        ) AS place
        FROM line WHERE points {side}
    )
    SELECT participant.id AS participant_id, part.employee_id, part.component, part.subject, part.points
    FROM part
    JOIN reviews_participant AS participant
        ON participant.cycle_id = %(cycle)s AND participant.employee_id = part.employee_id
    WHERE part.place <= %(most)s
"""

_UNANSWERED = """
    SELECT weak.participant_id, weak.employee_id, count(*) AS missing
    FROM ({weak}) AS weak
    WHERE NOT EXISTS (
        SELECT FROM reviews_feedbackpoint AS said
        WHERE said.participant_id = weak.participant_id AND said.component = weak.component
            AND said.subject = weak.subject AND NOT said.is_strength
            AND said.suggestion <> '' AND said.due_on IS NOT NULL
    )
    GROUP BY weak.participant_id, weak.employee_id
"""

_JUDGED = """
            AND found.employee_id IN (
                SELECT judged.employee_id FROM reviews_participant AS judged
                WHERE judged.cycle_id = %(cycle)s AND judged.rater_id = ANY(%(raters)s::bigint[])
                    AND judged.withdrawn_in IS NULL
            )
"""
_UNANSWERED_BY_RATER = """
    SELECT 'before', judged.rater_id, judged.cycle_id, '', count(*), NULL::date, ''
    FROM ({owed}) AS owed JOIN reviews_participant AS judged ON judged.id = owed.participant_id
    GROUP BY judged.rater_id, judged.cycle_id
"""


def weak_query(
    cycle: Cycle,
    employee_ids: Collection[int] | None = None,
    *,
    raters: Collection[int] | None = None,
    strong: bool = False,
) -> tuple[str, dict[str, Any]]:
    """SQL with its parameters: participant_id, employee_id, component, subject, points of the published results; of
    these employees or of those whom these raters judge, or of everybody."""
    rule = feedback_rule(cycle.configuration)
    parts = parts_of(cycle.configuration)
    query = _PARTS.format(
        people=("" if employee_ids is None else "AND found.employee_id = ANY(%(people)s)")
        + ("" if raters is None else _JUDGED),
        side=">= %(edge)s" if strong else "< %(edge)s",
    )
    return query, {
        "run": str(cycle.published_run_id) if cycle.published_run_id else None,
        "cycle": cycle.pk,
        "components": [part.component for part in parts],
        "subjects": [part.subject for part in parts],
        "shares": [part.share for part in parts],
        "lined": sorted({part.component for part in parts if part.subject}),
        "whole": sorted({part.component for part in parts if not part.subject}),
        "edge": rule.strong_from if strong else rule.weak_below,
        "most": rule.most,
        "people": list(employee_ids) if employee_ids is not None else [],
        "raters": list(raters) if raters is not None else [],
    }


def unanswered_query(cycle: Cycle, employee_ids: Collection[int] | None = None) -> tuple[str, dict[str, Any]]:
    """participant_id, employee_id and the number of weak points that have no suggestion with a day yet."""
    weak, params = weak_query(cycle, employee_ids)
    return _UNANSWERED.format(weak=weak), params


def unanswered(cycle: Cycle, employee_ids: Collection[int] | None = None) -> dict[int, int]:
    """{employee: weak points without a suggestion}; one query. Empty where the cycle does not ask for feedback."""
    if not feedback_rule(cycle.configuration).required or not cycle.published_run_id:
        return {}
    query, params = unanswered_query(cycle, employee_ids)
    with connection.cursor() as cursor:
        cursor.execute(query, params)
        return {employee: missing for _participant, employee, missing in cursor.fetchall()}


# Whose result is open ----------------------------------------------------------------------------------------------


def waiting_holds(cycle: Cycle) -> QuerySet[ReleaseHold]:
    return (
        ReleaseHold.objects.filter(cycle=cycle, released_at__isnull=True)
        .select_related("employee", "participant__rater", "participant__team")
        .order_by("participant__rater__name_sort", "employee__name_sort", "pk")
    )


def hold_of(cycle: Cycle, employee_id: int) -> ReleaseHold | None:
    return ReleaseHold.objects.filter(cycle=cycle, employee_id=employee_id).first()


def released_on(cycle: Cycle, hold: ReleaseHold | None) -> datetime.date | None:
    """The day on which the person could read the own result; None while it is shut."""
    moment = hold.released_at if hold is not None else cycle.released_at
    return timezone.localtime(moment).date() if moment is not None else None


def days_to_release(cycle: Cycle, hold: ReleaseHold | None = None) -> int | None:
    """Calendar days from the end of the period to the day on which the result was opened."""
    day = released_on(cycle, hold)
    return (day - cycle.last_day).days if day is not None else None


# What was said -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SuggestedPoint:
    """A part of a result that the rule calls weak or strong, with its numbers and what was said of it."""

    component: str
    subject: str
    points: float
    is_strength: bool
    said: FeedbackPoint | None
    value: float | None = None
    target: float | None = None
    n: int = 0

    @property
    def is_answered(self) -> bool:
        return self.is_strength or (self.said is not None and self.said.is_answered)


@dataclass(frozen=True)
class FeedbackSheet:
    participant: Participant
    rule: FeedbackRule
    feedback: Feedback | None
    points: list[SuggestedPoint]

    @property
    def strengths(self) -> list[SuggestedPoint]:
        return [point for point in self.points if point.is_strength]

    @property
    def weak(self) -> list[SuggestedPoint]:
        return [point for point in self.points if not point.is_strength]

    @property
    def missing(self) -> int:
        return sum(not point.is_answered for point in self.weak)

    @property
    def version(self) -> int:
        return self.feedback.version if self.feedback else 0


def feedback_sheet(cycle: Cycle, participant: Participant) -> FeedbackSheet:
    """What the rule suggests for one person, with what was written; five queries. Checks nobody's rights."""
    said = {
        (point.component, point.subject): point
        for point in FeedbackPoint.objects.filter(participant=participant)
    }
    lines = {
        (line.component, line.subject): line
        for line in ScoreLine.objects.filter(run=cycle.published_run_id, employee_id=participant.employee_id)
    }
    points = []
    for strong in (True, False):
        query, params = weak_query(cycle, [participant.employee_id], strong=strong)
        with connection.cursor() as cursor:
            cursor.execute(f"{query} ORDER BY part.place", params)
            rows = cursor.fetchall()
        for _participant, _employee, component, subject, number in rows:
            line = lines.get((component, subject)) if subject else None
            points.append(
                SuggestedPoint(
                    component=component,
                    subject=subject,
                    points=number,
                    is_strength=strong,
                    said=said.get((component, subject)),
                    value=line.value if line else None,
                    target=line.target if line else None,
                    n=line.n if line else 0,
                )
            )
    return FeedbackSheet(
        participant=participant,
        rule=feedback_rule(cycle.configuration),
        feedback=_feedback_of(participant),
        points=points,
    )


def _feedback_of(participant: Participant) -> Feedback | None:
    """None is asked where the participant was read with it."""
    if "feedback" in participant._state.fields_cache:
        return participant._state.fields_cache["feedback"]
    return Feedback.objects.filter(participant=participant).select_related("written_by").first()


# Who may see and write -----------------------------------------------------------------------------------------------


def feedback_people(user: User, cycle: Cycle) -> QuerySet[Participant]:
    """HR and auditors: everyone. Managers: whom they judge or lead, from calibration on; nobody sees the own here."""
    people = Participant.objects.filter(cycle=cycle)
    if not user.has_role(*SEES_ALL):
        people = judged_by(user, cycle) if cycle.phase in MANAGERS_READ else people.none()
    return people.exclude(employee=user).select_related("employee", "rater", "team", "cycle")


def get_feedback_participant_for(user: User, cycle: Cycle, employee_id: int) -> Participant:
    """Http404 alike for who takes no part and whom `user` may not see."""
    found = (
        feedback_people(user, cycle).filter(employee_id=employee_id).first()
        if 0 < employee_id < 2**63
        else None
    )
    if found is None or cycle.published_run_id is None:
        raise Http404
    return found


def may_write(user: User, cycle: Cycle, participant: Participant) -> bool:
    """The person's rater, and HR where the rater cannot."""
    return (
        cycle.phase in WRITABLE
        and participant.employee_id != user.pk
        and (participant.rater_id == user.pk or user.is_hr)
    )


@dataclass(frozen=True)
class HeldUpBy:
    rater: User | None
    people: int


def held_up_by(cycle: Cycle) -> list[HeldUpBy]:
    """Who still owes suggestions on how many people: before the release of everybody with a weak point, after it of
    those whose release waits. The most first; three queries."""
    if not feedback_rule(cycle.configuration).required or not cycle.published_run_id:
        return []
    if cycle.released_at is None:
        people = Participant.objects.filter(cycle=cycle, employee__in=list(unanswered(cycle)))
    else:
        people = Participant.objects.filter(pk__in=waiting_holds(cycle).order_by().values("participant"))
    rows = people.values("rater").annotate(count=Count("pk")).order_by("-count", "rater")
    raters = User.objects.in_bulk([row["rater"] for row in rows if row["rater"]])
    return [HeldUpBy(raters.get(row["rater"]), row["count"]) for row in rows]


def with_feedback(people: QuerySet[Participant]) -> QuerySet[Participant]:
    """Annotates has_feedback and waits: whether the release waits."""
    return people.annotate(
        has_feedback=Exists(Feedback.objects.filter(participant=OuterRef("pk"))),
        waits=Exists(ReleaseHold.objects.filter(participant=OuterRef("pk"), released_at__isnull=True)),
        has_result=Exists(
            Result.objects.filter(
                run=OuterRef("cycle__published_run"), employee=OuterRef("employee"), score__isnull=False
            )
        ),
    )


class FeedbackDuties(DutySource):
    code: ClassVar[str] = "feedback"

    def owing(self, day: datetime.date) -> Collection[int]:
        return {
            row.rater.pk for cycle in asking_cycles() for row in held_up_by(cycle) if row.rater is not None
        }

    def selects(self, user_ids: Sequence[int], day: datetime.date) -> Iterable[Select]:
        """One query: what is asked before a release depends on the rules of the cycle."""
        held = ReleaseHold.objects.filter(
            released_at__isnull=True,
            cycle__in=asking_cycles().filter(released_at__isnull=False).order_by().values("pk"),
            participant__rater__in=user_ids,
            participant__withdrawn_in__isnull=True,
        )
        held_by = held.order_by().values("participant__rater", "cycle").annotate(people=Count("pk"))
        yield select_of(held_by, "held", "participant__rater, cycle, '', people")
        judged = Participant.objects.filter(cycle=OuterRef("pk"), rater__in=user_ids)
        for cycle in asking_cycles().filter(Exists(judged), released_at__isnull=True):
            weak, params = weak_query(cycle, raters=user_ids)
            owed = _UNANSWERED.format(weak=weak)
            yield by_position(_UNANSWERED_BY_RATER.format(owed=owed), params)

    def duties(
        self, rows: list[DutyRow], cycles: Mapping[int, Cycle], day: datetime.date
    ) -> Iterable[tuple[int, Duty]]:
        """One line per cycle."""
        for row in rows:
            cycle = cycles[row.cycle]
            yield (
                row.person,
                Duty(
                    topic=topics.FEEDBACK_OWED,
                    params={"count": row.many, "cycle": names_of(cycle)},
                    url=reverse("reviews:feedback_list", args=[cycle.code]),
                    due_on=released_on(cycle, None),
                    minutes=MINUTES_PER_PERSON * row.many,
                ),
            )


def asking_cycles() -> QuerySet[Cycle]:
    return Cycle.objects.filter(
        phase__in=WRITABLE, configuration__feedback__required=True, published_run__isnull=False
    ).order_by("pk")
