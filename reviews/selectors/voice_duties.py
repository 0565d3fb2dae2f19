"""What a 360 asks of people: forms to fill in, raters to choose and to approve."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.db.models import Count, QuerySet
from django.http import Http404
from django.urls import reverse

from foundation.delivery.duties import Duty
from people.models import User
from reviews import topics
from reviews.methods.multisource import BY_RATEE
from reviews.models import Cycle, Participant, VoiceInvitation, VoiceRound
from reviews.models.cycles import Phase
from reviews.selectors.duties import names_of
from reviews.selectors.duty_rows import DutyRow, DutySource, Select, select_of
from reviews.selectors.results import judged_by
from reviews.selectors.voice_rounds import ASKED, CHOOSING, component_of_round

MINUTES_PER_FORM = 5
WAITING = (VoiceInvitation.State.PROPOSED, VoiceInvitation.State.NOMINATED)


def open_voices() -> QuerySet[VoiceInvitation]:
    """Forms that a colleague may fill in today and has not."""
    return VoiceInvitation.objects.filter(
        state=ASKED,
        has_answered=False,
        round__is_open=True,
        round__cycle__phase=Phase.RATING,
        rater__isnull=False,
    ).order_by()


def open_voices_by_rater(voices: VoiceRound) -> dict[int, int]:
    """{rater: forms not handed in}: how many, never about whom."""
    return dict(open_voices().filter(round=voices).values_list("rater").annotate(Count("id")))


def voices_owed(user: User) -> list[VoiceInvitation]:
    """The user's own forms of open questionnaires, those to do first; one query."""
    found = (
        VoiceInvitation.objects.filter(
            rater=user, state=ASKED, round__is_open=True, round__cycle__phase=Phase.RATING
        )
        .select_related("round__cycle", "participant__employee", "participant__team")
        .defer("round__secret", "nonce")
    )
    return sorted(
        found,
        key=lambda each: (
            bool(each.has_answered),
            each.round.cycle_id,
            each.participant.employee.name_sort,
            each.pk,
        ),
    )


def get_form_for(user: User, invitation_id: int) -> VoiceInvitation:
    """The rater's own invitation, whatever became of it. Http404 alike for a missing one and somebody else's."""
    found = (
        VoiceInvitation.objects.filter(pk=invitation_id, rater=user)
        .exclude(state__in=[*WAITING, VoiceInvitation.State.DECLINED])
        .select_related("round__cycle", "participant__employee", "participant__team")
        .first()
        if 0 < invitation_id < 2**63
        else None
    )
    if found is None:
        raise Http404
    return found


@dataclass(frozen=True)
class OwnRound:
    voices: VoiceRound
    component: dict[str, Any]
    may_nominate: bool


def own_rounds(user: User) -> list[OwnRound]:
    """Open questionnaires about the user; one query."""
    found = VoiceRound.objects.filter(
        is_open=True, cycle__phase__in=CHOOSING, cycle__participants__employee=user
    ).select_related("cycle")
    return [
        OwnRound(each, component, component.get("nomination", BY_RATEE) == BY_RATEE)
        for each in found.defer("secret").order_by("cycle__last_day", "pk")
        if (component := component_of_round(each))
    ]


@dataclass(frozen=True)
class ToApprove:
    voices: VoiceRound
    participant: Participant
    waiting: int


def raters_to_approve(user: User) -> list[ToApprove]:
    """People whose proposed and nominated raters wait for the user; two queries and one a cycle."""
    if not user.is_manager:
        return []
    rounds = VoiceRound.objects.filter(is_open=True, cycle__phase__in=CHOOSING).select_related("cycle")
    found = []
    for voices in rounds.defer("secret").order_by("pk"):
        waiting = dict(
            VoiceInvitation.objects.filter(
                round=voices,
                state__in=WAITING,
                participant__in=judged_by(user, voices.cycle).exclude(employee=user),
            )
            .values_list("participant")
            .annotate(Count("id"))
            .order_by()
        )
        people = Participant.objects.filter(pk__in=waiting).select_related("employee", "team")
        found += [
            ToApprove(voices, person, waiting[person.pk])
            for person in people.order_by("employee__name_sort", "employee_id")
        ]
    return found


class VoiceDuties(DutySource):
    code: ClassVar[str] = "voices"

    def owing(self, day: datetime.date) -> Collection[int]:
        raters = set(open_voices().values_list("rater", flat=True).distinct())
        return raters | set(self._approvals().values_list("participant__rater", flat=True).distinct())

    def selects(self, user_ids: Sequence[int], day: datetime.date) -> Iterable[Select]:
        owed = open_voices().filter(rater__in=user_ids).values("rater", "round__cycle")
        yield select_of(
            owed.annotate(forms=Count("id")), topics.VOICES_OWED, "rater, round__cycle, '', forms"
        )
        waiting = self._approvals().filter(participant__rater__in=user_ids)
        by_rater = waiting.values("participant__rater", "round__cycle")
        people = by_rater.annotate(people=Count("participant", distinct=True))
        yield select_of(people, topics.RATERS_WAIT, "participant__rater, round__cycle, '', people")

    def duties(
        self, rows: list[DutyRow], cycles: Mapping[int, Cycle], day: datetime.date
    ) -> Iterable[tuple[int, Duty]]:
        """One line per cycle and kind, which is its topic."""
        for row in rows:
            cycle = cycles[row.cycle]
            yield (
                row.person,
                Duty(
                    topic=row.kind,
                    params={"count": row.many, "cycle": names_of(cycle)},
                    url=reverse("reviews:voices"),
                    due_on=cycle.rating_due_on,
                    minutes=row.many * (MINUTES_PER_FORM if row.kind == topics.VOICES_OWED else 1),
                ),
            )

    def _approvals(self) -> QuerySet[VoiceInvitation]:
        return VoiceInvitation.objects.filter(
            state__in=WAITING,
            round__is_open=True,
            round__cycle__phase__in=CHOOSING,
            participant__rater__isnull=False,
        ).order_by()
