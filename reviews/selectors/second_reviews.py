"""Forms that wait for the manager's manager."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping
from typing import ClassVar

from django.db.models import Count, QuerySet
from django.http import Http404
from django.urls import reverse

from foundation.delivery.duties import Duty
from people.models import User
from reviews import topics
from reviews.models import Cycle, SecondReview
from reviews.models.cycles import Phase

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


class SecondReviewDuties:
    code: ClassVar[str] = "second_reviews"

    def owing(self, day: datetime.date) -> Collection[int]:
        return set(waiting_reviews().values_list("reviewer", flat=True).distinct())

    def duties_of(self, user_ids: Collection[int], day: datetime.date) -> Mapping[int, list[Duty]]:
        """One line per cycle; two queries."""
        rows = list(
            waiting_reviews()
            .filter(reviewer__in=user_ids)
            .order_by()
            .values("reviewer", "sheet__participant__cycle")
            .annotate(forms=Count("pk"))
        )
        cycles = Cycle.objects.in_bulk({row["sheet__participant__cycle"] for row in rows}) if rows else {}
        found: dict[int, list[Duty]] = {}
        for row in rows:
            cycle = cycles[row["sheet__participant__cycle"]]
            found.setdefault(row["reviewer"], []).append(
                Duty(
                    topic=topics.REVIEW_OWED,
                    params={
                        "count": row["forms"],
                        "cycle": {"zh": cycle.name_zh, "en": cycle.name_en},
                    },
                    url=reverse("reviews:second_reviews"),
                    due_on=cycle.rating_due_on,
                    minutes=row["forms"] * MINUTES_EACH,
                )
            )
        return found
