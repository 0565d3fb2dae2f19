"""Notes of a talk: who reads them, and who signs for which side."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from django.db.models import Exists, OuterRef, QuerySet
from django.http import Http404
from django.urls import reverse

from foundation.delivery.duties import Duty
from people.models import User
from reviews import topics
from reviews.models import Conversation, ConversationSignature, Cycle, Participant
from reviews.models.cycles import Phase
from reviews.selectors.duties import names_of
from reviews.selectors.duty_rows import DutyRow, DutySource, Select, select_of
from reviews.selectors.results import MANAGERS_READ, SEES_ALL, judged_by, shut_results

Side = ConversationSignature.Side


def conversation_part_for(user: User, cycle: Cycle, employee_id: int) -> Participant:
    """The person, who judges or leads them, HR and auditors; Http404 alike for all others and for who takes no part."""
    people = Participant.objects.filter(cycle=cycle)
    if not user.has_role(*SEES_ALL) and employee_id != user.pk:
        people = judged_by(user, cycle) if cycle.phase in MANAGERS_READ else people.none()
    found = (
        people.filter(employee_id=employee_id).select_related("employee", "rater", "cycle").first()
        if 0 < employee_id < 2**63
        else None
    )
    if found is None or cycle.released_at is None:
        raise Http404
    return found


def is_open_to_person(cycle: Cycle, participant: Participant) -> bool:
    return (
        cycle.released_at is not None
        and not shut_results(cycle=cycle, employee=participant.employee_id).exists()
    )


def side_of(user: User, participant: Participant) -> str | None:
    """For which side the person signs; the manager's is the rater's, or HR's where there is no rater any more."""
    if participant.employee_id == user.pk:
        return Side.EMPLOYEE
    if participant.rater_id == user.pk:
        return Side.MANAGER
    rater = participant.rater
    return Side.MANAGER if user.is_hr and (rater is None or not rater.may_sign_in) else None


@dataclass(frozen=True)
class Talk:
    """Notes with the signatures that hold for their present text."""

    notes: Conversation
    signatures: dict[str, ConversationSignature]
    void: int

    @property
    def is_signed(self) -> bool:
        return len(self.signatures) == len(Side.values)


def talk_about(participant: Participant) -> Talk | None:
    """Two queries; checks nobody's rights."""
    notes = Conversation.objects.filter(participant=participant).select_related("written_by").first()
    return talk_of(notes) if notes is not None else None


def talk_of(notes: Conversation) -> Talk:
    """One query."""
    signed = list(notes.signatures.select_related("signed_by").order_by("pk"))
    return Talk(
        notes=notes,
        signatures={each.side: each for each in signed if each.content_hash == notes.content_hash},
        void=sum(each.content_hash != notes.content_hash for each in signed),
    )


def unsigned_by_employee() -> QuerySet[Conversation]:
    """Notes that wait for the employee's signature, in cycles that are not closed."""
    signed = ConversationSignature.objects.filter(
        conversation=OuterRef("pk"), side=Side.EMPLOYEE, content_hash=OuterRef("content_hash")
    )
    return Conversation.objects.filter(
        ~Exists(signed), participant__cycle__phase__in=[Phase.RELEASE, Phase.APPEAL]
    ).order_by()


class NotesDuties(DutySource):
    code: ClassVar[str] = "conversations"

    def owing(self, day: datetime.date) -> Collection[int]:
        return set(unsigned_by_employee().values_list("participant__employee", flat=True))

    def selects(self, user_ids: Sequence[int], day: datetime.date) -> Iterable[Select]:
        rows = unsigned_by_employee().filter(participant__employee__in=user_ids)
        yield select_of(
            rows.values("participant__employee", "participant__cycle"),
            "notes",
            "participant__employee, participant__cycle",
        )

    def duties(
        self, rows: list[DutyRow], cycles: Mapping[int, Cycle], day: datetime.date
    ) -> Iterable[tuple[int, Duty]]:
        for row in rows:
            cycle = cycles[row.cycle]
            yield (
                row.person,
                Duty(
                    topic=topics.NOTES_TO_SIGN,
                    params={"cycle": names_of(cycle)},
                    url=reverse("reviews:conversation", args=[cycle.code, row.person]),
                    minutes=3,
                ),
            )
