"""Everything that a person owes in reviews, asked at once."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping
from typing import ClassVar

from foundation.delivery.duties import Duty
from reviews.selectors.appeals import AppealDuties
from reviews.selectors.conversations import NotesDuties
from reviews.selectors.duties import SheetDuties
from reviews.selectors.duty_rows import DutySource, gather
from reviews.selectors.feedback import FeedbackDuties
from reviews.selectors.goal_duties import GoalDuties
from reviews.selectors.second_reviews import SecondReviewDuties
from reviews.selectors.terms import TermsDuties
from reviews.selectors.voice_duties import VoiceDuties

SOURCES: tuple[DutySource, ...] = (
    SheetDuties(),
    TermsDuties(),
    VoiceDuties(),
    FeedbackDuties(),
    NotesDuties(),
    AppealDuties(),
    GoalDuties(),
    SecondReviewDuties(),
)


class ReviewDuties:
    """Three queries in place of two or more for each kind."""

    code: ClassVar[str] = "reviews"

    def owing(self, day: datetime.date) -> Collection[int]:
        return {person for source in SOURCES for person in source.owing(day)}

    def duties_of(self, user_ids: Collection[int], day: datetime.date) -> Mapping[int, list[Duty]]:
        return gather(SOURCES, user_ids, day).duties
