"""Appeals: what can be objected to, who reads which, who could decide one."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404
from django.urls import reverse
from django.utils import timezone

from foundation.delivery.duties import Duty
from people.models import Leadership, RoleGrant, User
from people.selectors.teams import teams_led
from reviews import topics
from reviews.methods.feedback import BY_LINES, appeal_rule, lines_of
from reviews.methods.overall import OVERALL
from reviews.models import (
    Appeal,
    AppealFile,
    ComponentScore,
    Cycle,
    Judgement,
    Participant,
    RatingProposal,
    ReleaseHold,
    Result,
    ResultAdjustment,
    ScoreLine,
    ScoreSheet,
    SecondReview,
)
from reviews.models.appeals import OPEN_STATES
from reviews.models.cycles import Phase
from reviews.selectors.corrections import corrections_until
from reviews.selectors.duties import names_of
from reviews.selectors.duty_rows import DutyRow, DutySource, Select, by_position
from reviews.selectors.feedback import hold_of, released_on
from reviews.selectors.results import SEES_ALL, released_result_of

#: Phases in which appeals are filed and decided.
OPEN_PHASES = (Phase.RELEASE, Phase.APPEAL)
MINUTES = 15


@dataclass(frozen=True)
class Item:
    """Something that can be objected to: a line, a component (subject ""), or the overall score."""

    component: str
    subject: str
    score: float | None

    @property
    def key(self) -> str:
        return f"{self.component}:{self.subject}"


def items_of(cycle: Cycle, result: Result) -> list[Item]:
    """Of one result, in the order of the configuration; the overall score last. Two queries."""
    scores = dict(
        ComponentScore.objects.filter(run=result.run_id, employee_id=result.employee_id).values_list(
            "component", "score"
        )
    )
    points = {
        (component, subject): value
        for component, subject, value in ScoreLine.objects.filter(
            run=result.run_id, employee_id=result.employee_id
        ).values_list("component", "subject", "points")
    }
    items = []
    for component in cycle.configuration["components"]:
        code = component["code"]
        if component["method"] in BY_LINES:
            # After a transfer two managers judge an item, each in a line of their own: then the whole is objected to.
            lines = [entry for entry, _weight in lines_of(component) if (code, entry) in points]
            items += [Item(code, entry, points[code, entry]) for entry in lines]
        items.append(Item(code, "", scores.get(code)))
    return [*items, Item(OVERALL, "", result.score)]


def item_of(cycle: Cycle, result: Result, component: str, subject: str) -> Item | None:
    return next(
        (each for each in items_of(cycle, result) if (each.component, each.subject) == (component, subject)),
        None,
    )


def appeals_until(cycle: Cycle, employee_id: int) -> datetime.date | None:
    """The last day on which the person may file; None while the own result is shut."""
    return last_day_to_file(cycle, hold_of(cycle, employee_id))


def last_day_to_file(cycle: Cycle, hold: ReleaseHold | None) -> datetime.date | None:
    """appeals_until, with the person's hold at hand."""
    day = released_on(cycle, hold)
    return day + datetime.timedelta(days=appeal_rule(cycle.configuration).days) if day else None


def may_file(user: User, cycle: Cycle) -> bool:
    """Whether the page offers it; the service asks again."""
    if cycle.phase not in OPEN_PHASES or released_result_of(user, cycle) is None:
        return False
    return is_in_time(cycle, appeals_until(cycle, user.pk))


def is_in_time(cycle: Cycle, until: datetime.date | None) -> bool:
    """Whether an open result may be objected to today."""
    return cycle.phase in OPEN_PHASES and until is not None and timezone.localdate() <= until


# Who reads which -----------------------------------------------------------------------------------------------------


def visible_appeals(user: User) -> QuerySet[Appeal]:
    """HR and auditors: all. Everyone: the own ones, and those that they are to decide. Managers: those of people whom
    they judged or lead today."""
    found = Appeal.objects.select_related("cycle", "employee", "decider", "participant__team", "run")
    if not user.is_authenticated or not user.may_sign_in:
        return found.none()
    if user.has_role(*SEES_ALL):
        return found
    seen = Q(employee=user) | Q(decider=user) | Q(participant__rater=user)
    if user.is_manager:
        seen |= Q(participant__team__in=list(teams_led(user).values_list("pk", flat=True)))
    return found.filter(seen)


def get_appeal_for(user: User, appeal_id: int) -> Appeal:
    found = visible_appeals(user).filter(pk=appeal_id).first() if 0 < appeal_id < 2**63 else None
    if found is None:
        raise Http404
    return found


def get_file_for(user: User, appeal_id: int, file_id: uuid.UUID) -> AppealFile:
    appeal = get_appeal_for(user, appeal_id)
    found = AppealFile.objects.filter(appeal=appeal, pk=file_id).first()
    if found is None:
        raise Http404
    return found


def own_appeals(user: User) -> QuerySet[Appeal]:
    found = Appeal.objects.select_related("cycle", "employee", "decider", "participant__team", "run")
    return found.filter(employee=user) if user.is_authenticated and user.may_sign_in else found.none()


# Who could decide ----------------------------------------------------------------------------------------------------


def involved_in(appeal: Appeal) -> set[int]:
    """The appellant and everybody who had a hand in the result: who judged, in whoever's name, or looked at the form a
    second time, calibrated, gave points or noted a breach, proposed another rating or decided about it. Six queries.
    The database holds the same by a trigger."""
    here = {"cycle": appeal.cycle_id, "employee": appeal.employee_id}
    found: set[int | None] = {appeal.employee_id}
    sheets = ScoreSheet.objects.filter(participant=appeal.participant_id)
    for pair in sheets.values_list("rater", "submitted_by"):
        found |= set(pair)
    found |= set(Judgement.objects.filter(sheet__in=sheets).values_list("updated_by", flat=True))
    found |= set(SecondReview.objects.filter(sheet__in=sheets).values_list("decided_by", flat=True))
    found.add(Participant.objects.values_list("rater", flat=True).get(pk=appeal.participant_id))
    found |= set(ResultAdjustment.objects.filter(**here).values_list("created_by", flat=True))
    for pair in RatingProposal.objects.filter(**here).values_list("proposed_by", "decided_by"):
        found |= set(pair)
    return {each for each in found if each is not None}


def eligible_deciders(appeal: Appeal) -> QuerySet[User]:
    """HR and whoever leads a team today, without those who had a hand in the result."""
    today = timezone.localdate()
    return (
        User.objects.filter(
            Q(Exists(RoleGrant.objects.filter(user=OuterRef("pk"), role="hr")))
            | Q(Exists(Leadership.objects.filter(user=OuterRef("pk"), valid__contains=today))),
            Q(left_on__isnull=True) | Q(left_on__gte=today),
            is_active=True,
        )
        .exclude(pk__in=involved_in(appeal))
        .order_by("name_sort", "pk")
    )


# What it changed -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Change:
    """The result before the appeal and as it stands; after is None while the corrected results are being computed."""

    before: Result | None
    after: Result | None


def change_by(appeal: Appeal) -> Change | None:
    """None where nothing was accepted."""
    correction = getattr(appeal, "correction", None)
    if correction is None:
        return None
    before = Result.objects.filter(run=appeal.run_id, employee=appeal.employee_id).first()
    published = appeal.cycle.published_run
    if published is None or corrections_until(published) < correction.pk:
        return Change(before, None)
    return Change(before, Result.objects.filter(run=published, employee=appeal.employee_id).first())


# What is owed --------------------------------------------------------------------------------------------------------


class AppealDuties(DutySource):
    """HR names a decider; the decider decides."""

    code: ClassVar[str] = "appeals"

    def owing(self, day: datetime.date) -> Collection[int]:
        waiting = Appeal.objects.filter(state__in=OPEN_STATES)
        found = set(waiting.filter(decider__isnull=False).values_list("decider", flat=True))
        if waiting.filter(decider__isnull=True).exists():
            found |= set(RoleGrant.objects.filter(role="hr").values_list("user", flat=True))
        return {each for each in found if each is not None}

    def selects(self, user_ids: Sequence[int], day: datetime.date) -> Iterable[Select]:
        yield by_position(_APPEALS_OWED, {"people": user_ids, "states": [str(each) for each in OPEN_STATES]})

    def duties(
        self, rows: list[DutyRow], cycles: Mapping[int, Cycle], day: datetime.date
    ) -> Iterable[tuple[int, Duty]]:
        for row in sorted(rows, key=lambda row: (row.day, int(row.subject))):
            decides = row.kind == "decide"
            yield (
                row.person,
                Duty(
                    topic=topics.APPEAL_TO_DECIDE if decides else topics.APPEAL_TO_ASSIGN,
                    params={"employee": row.name, "cycle": names_of(cycles[row.cycle])},
                    url=reverse("reviews:appeal", args=[int(row.subject)]),
                    due_on=row.day,
                    minutes=MINUTES if decides else 2,
                ),
            )


# Nobody decides or assigns the own.
_APPEALS_OWED = """
    SELECT CASE WHEN appeal.decider_id IS NULL THEN 'assign' ELSE 'decide' END, owing.person, appeal.cycle_id,
        appeal.id::text, 1::bigint, appeal.answer_due_on, employee.name::text
    FROM reviews_appeal AS appeal
    JOIN people_user AS employee ON employee.id = appeal.employee_id
    CROSS JOIN LATERAL (
        SELECT appeal.decider_id AS person WHERE appeal.decider_id IS NOT NULL
        UNION ALL
        SELECT DISTINCT role.user_id FROM people_rolegrant AS role
        WHERE appeal.decider_id IS NULL AND role.role = 'hr'
    ) AS owing
    WHERE appeal.state = ANY(%(states)s) AND owing.person = ANY(%(people)s::bigint[])
        AND owing.person <> appeal.employee_id
"""
