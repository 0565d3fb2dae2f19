"""What the frame of every page says about one's own affairs."""

from __future__ import annotations

from typing import NamedTuple

from django.db.models import Count, Exists, OuterRef, Subquery, Value
from django.db.models.functions import Coalesce

from people.models import User
from reviews.models import Incident, VoiceInvitation
from reviews.models.cycles import Phase
from reviews.selectors.goal_sheets import cycles_with_goals
from reviews.selectors.voice_rounds import ASKED


class Affairs(NamedTuple):
    """voices_owed: forms of 360 questionnaires to fill in; is_asked: whether any open one concerns the person;
    unread: incidents about the person without a receipt."""

    voices_owed: int = 0
    is_asked: bool = False
    has_goals: bool = False
    unread: int = 0


def affairs_of(user: User) -> Affairs:
    """One query, on every page."""
    voices = VoiceInvitation.objects.filter(rater=OuterRef("pk"), round__is_open=True).order_by()
    owed = voices.filter(state=ASKED, has_answered=False, round__cycle__phase=Phase.RATING).values("rater")
    noted = Incident.objects.filter(
        employee=OuterRef("pk"), receipt__isnull=True, withdrawal__isnull=True
    ).order_by()
    found = (
        User.objects.filter(pk=user.pk)
        .values_list(
            Coalesce(Subquery(owed.annotate(count=Count("id")).values("count")), Value(0)),
            Exists(voices),
            Exists(cycles_with_goals().filter(participants__employee=OuterRef("pk"))),
            Coalesce(
                Subquery(noted.values("employee").annotate(count=Count("id")).values("count")), Value(0)
            ),
        )
        .first()
    )
    return Affairs(*found) if found else Affairs()
