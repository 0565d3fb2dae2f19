"""Who hears what of an appeal. The mail and the bell name the person and the cycle, never a score."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from foundation.delivery.calendars import is_working_day
from foundation.delivery.notices import notify
from people.models import RoleGrant
from reviews import topics
from reviews.models import Appeal, AppealComment
from reviews.models.appeals import OPEN_STATES
from reviews.selectors.duties import names_of


def _tell(topic: str, key: str, appeal: Appeal, people: Iterable[int | None], **more: Any) -> int:
    return notify(
        topic=topic,
        key=f"appeal:{appeal.pk}:{key}",
        recipients=[person for person in people if person is not None],
        params={"employee": appeal.employee.name, "cycle": names_of(appeal.cycle), **more},
        url=reverse("reviews:appeal", args=[appeal.pk]),
    )


def _hr() -> set[int]:
    return set(RoleGrant.objects.filter(role="hr").values_list("user_id", flat=True))


def tell_of_filing(appeal: Appeal) -> None:
    """HR, who names a decider, and the manager, who may say something to it."""
    people = {*_hr(), appeal.participant.rater_id} - {appeal.employee_id}
    _tell(topics.APPEAL_FILED, "filed", appeal, people)


def tell_decider(appeal: Appeal) -> None:
    _tell(topics.APPEAL_TO_DECIDE, f"decider:{appeal.decider_id}", appeal, [appeal.decider_id])


def tell_of_decision(appeal: Appeal) -> None:
    people = {appeal.employee_id, appeal.participant.rater_id, appeal.assigned_by_id} - {appeal.decider_id}
    _tell(topics.APPEAL_DECIDED, "decided", appeal, people)


def tell_of_withdrawal(appeal: Appeal) -> None:
    people = {appeal.participant.rater_id, appeal.decider_id, *_hr()} - {appeal.employee_id}
    _tell(topics.APPEAL_WITHDRAWN, "withdrawn", appeal, people)


def tell_of_comment(comment: AppealComment) -> None:
    appeal = comment.appeal
    people = {appeal.employee_id, appeal.participant.rater_id, appeal.decider_id} - {comment.created_by_id}
    _tell(topics.APPEAL_SAID, f"comment:{comment.pk}", appeal, people, who=comment.created_by.name)


@transaction.atomic
def escalate_late_appeals(today: datetime.date | None = None) -> int:
    """The decider and HR hear once, on a working day, of an appeal that should have been answered. Returns how many
    notices were new."""
    day = today or timezone.localdate()
    if not is_working_day(day):
        return 0
    late = Appeal.objects.filter(state__in=OPEN_STATES, answer_due_on__lt=day).select_related(
        "cycle", "employee", "participant"
    )
    hr = _hr()
    return sum(
        _tell(
            topics.APPEAL_LATE,
            "late",
            appeal,
            {*hr, appeal.decider_id} - {appeal.employee_id},
            due={"day": appeal.answer_due_on.isoformat()},
        )
        for appeal in late
    )
