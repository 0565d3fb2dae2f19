"""Everything small that belongs to one's own part in a cycle, read along with it."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Subquery

from people.models import User
from reviews.models import Acknowledgement, Conversation, Cycle, FeedbackPoint, Participant, ReleaseHold


@dataclass(frozen=True)
class OwnPart:
    """hold, feedback and notes are those of the participant; a part that was withdrawn has no words any more."""

    participant: Participant
    has_feedback: bool
    acknowledged_at: datetime.datetime | None
    agrees: bool | None

    @property
    def hold(self) -> ReleaseHold | None:
        return getattr(self.participant, "release_hold", None)

    @property
    def notes(self) -> Conversation | None:
        is_in = self.participant.withdrawn_in is None
        return getattr(self.participant, "conversation", None) if is_in else None


def own_part(user: User, cycle: Cycle) -> OwnPart | None:
    """With team, job, site, hold, feedback and notes of the talk at hand; one query. Also of who was withdrawn: what
    was released to them stays."""
    said = Acknowledgement.objects.filter(cycle=OuterRef("cycle"), employee=OuterRef("employee"))
    found = (
        Participant.everyone.filter(cycle=cycle, employee=user)
        .select_related(
            *("team", "job", "site", "release_hold", "feedback__written_by", "conversation__written_by")
        )
        .annotate(
            has_points=Exists(FeedbackPoint.objects.filter(participant=OuterRef("pk"))),
            acknowledged_at=Subquery(said.values("created_at")[:1]),
            agrees=Subquery(said.values("agrees")[:1]),
        )
        .first()
    )
    if found is None:
        return None
    return OwnPart(
        participant=found,
        has_feedback=found.withdrawn_in is None and (found.has_points or hasattr(found, "feedback")),
        acknowledged_at=found.acknowledged_at,
        agrees=found.agrees,
    )
