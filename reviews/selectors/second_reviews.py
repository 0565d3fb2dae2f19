"""Forms that wait for the manager's manager."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import ClassVar

from django.db.models import Count, QuerySet
from django.http import Http404
from django.urls import reverse

from foundation.delivery.duties import Duty
from people.models import User
from reviews import topics
from reviews.models import Cycle, SecondReview
from reviews.models.cycles import Phase
from reviews.selectors.duty_rows import DutyRow, DutySource, Select, select_of

MINUTES_EACH = 2


def asks_for_second_review(cycle: Cycle) -> bool:
    return bool(cycle.configuration.get("second_review", False))


def waiting_reviews() -> QuerySet[SecondReview]:
    return SecondReview.objects.filter(
        state=SecondReview.State.WAITING, sheet__participant__cycle__phase=Phase.RATING
    )


def visible_second_reviews(user: User) -> QuerySet[SecondReview]:
    """The reviewer's own, and of the own forms; HR and auditors read all."""
    found = SecondReview.objects.select_related(
        "sheet__participant__employee", "sheet__participant__cycle", "sheet__rater", "reviewer"
    )
    if not user.is_authenticated or not user.may_sign_in:
        return found.none()
    return found if user.has_role("hr", "auditor") else found.filter(reviewer=user)


def get_second_review_for(user: User, pk: int) -> SecondReview:
    found = visible_second_reviews(user).filter(pk=pk).first() if 0 < pk < 2**63 else None
    if found is None:
        raise Http404
    return found


def reviews_waiting_in(cycle: Cycle) -> int:
    return SecondReview.objects.filter(
        state=SecondReview.State.WAITING, sheet__participant__cycle=cycle
    ).count()


class SecondReviewDuties(DutySource):
    code: ClassVar[str] = "second_reviews"

    def owing(self, day: datetime.date) -> Collection[int]:
        return set(waiting_reviews().values_list("reviewer", flat=True).distinct())

    def selects(self, user_ids: Sequence[int], day: datetime.date) -> Iterable[Select]:
        waiting = waiting_reviews().filter(reviewer__in=user_ids).order_by()
        rows = waiting.values("reviewer", "sheet__participant__cycle")
        yield select_of(
            rows.annotate(forms=Count("pk")), "review", "reviewer, sheet__participant__cycle, '', forms"
        )

    def duties(
        self, rows: list[DutyRow], cycles: Mapping[int, Cycle], day: datetime.date
    ) -> Iterable[tuple[int, Duty]]:
        for row in rows:
            cycle = cycles[row.cycle]
            yield (
                row.person,
                Duty(
                    topic=topics.REVIEW_OWED,
                    params={"count": row.many, "cycle": {"zh": cycle.name_zh, "en": cycle.name_en}},
                    url=reverse("reviews:second_reviews"),
                    due_on=cycle.rating_due_on,
                    minutes=row.many * MINUTES_EACH,
                ),
            )
