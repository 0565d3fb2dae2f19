"""A team large enough to be anonymous in: a leader, twelve agents, and a 360 over all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from people.models import User
from reviews.models import Cycle, Participant, VoiceInvitation, VoiceRound
from reviews.services.cycles import create_cycle, launch_cycle
from reviews.services.voice_answers import answer_in_bulk, save_answer
from reviews.services.voice_invitations import invite_in_bulk
from tests.cast import Cast
from tests.factories import MembershipFactory, UserFactory
from tests.reviews.conftest import conduct, configuration

ITEMS = ("care", "clarity", "help")
GROUPS = [
    {"code": "self", "weight": 0, "wanted": 1, "maximum": 1},
    {"code": "superior", "weight": 40, "wanted": 1, "maximum": 2},
    {"code": "peers", "weight": 30, "wanted": 6, "maximum": 12},
    {"code": "subordinates", "weight": 20, "wanted": 6, "maximum": 12},
    {"code": "customers", "weight": 10, "wanted": 5, "maximum": 12},
]


def voices_component(**changes: Any) -> dict[str, Any]:
    scale = conduct(100)
    return {
        "code": "voices",
        "method": "multisource",
        "name": {"zh": "360 度评价", "en": "Many voices"},
        "weight": 100,
        "groups": GROUPS,
        "minimum_group": 5,
        "small_groups": "merge",
        "nomination": "ratee",
        "load_cap": 20,
        "link_days": 21,
        "allow_not_observed": True,
        "levels": scale["levels"],
        "items": [
            {
                "code": code,
                "weight": weight,
                "name": {"zh": code, "en": code.title()},
                "descriptions": {str(level): {"en": f"{code} {level}"} for level in range(1, 6)},
            }
            for code, weight in zip(ITEMS, (40, 30, 30), strict=True)
        ],
        "questions": [
            {"code": "strengths", "name": {"zh": "做得好的地方", "en": "What this person does well"}},
            {"code": "wishes", "name": {"zh": "希望改进的地方", "en": "What to do differently"}},
        ],
        **changes,
    }


@dataclass
class VoiceWorld:
    cast: Cast
    cycle: Cycle
    colleagues: list[User]

    @property
    def voices(self) -> VoiceRound:
        return VoiceRound.objects.select_related("cycle").get(cycle=self.cycle, component="voices")

    def part(self, person: User | None = None) -> Participant:
        return Participant.objects.select_related("cycle", "employee").get(
            cycle=self.cycle, employee=person or self.cast.agent
        )

    def invitation(self, rater: User, person: User | None = None) -> VoiceInvitation:
        return VoiceInvitation.objects.get(
            participant=self.part(person), rater=rater, state__in=["proposed", "nominated", "approved"]
        )

    def ask(self, group: str, raters: list[User], person: User | None = None) -> list[VoiceInvitation]:
        """Clears what the tree proposed of the group first, so that a test says who is asked."""
        VoiceInvitation.objects.filter(
            participant=self.part(person), state__in=["proposed", "nominated"]
        ).update(state="declined")
        part = self.part(person)
        return invite_in_bulk(
            actor=self.cast.hr, voices=self.voices, invitations=[(part.pk, group, each.pk) for each in raters]
        )

    def answer(
        self, rater: User, levels: tuple[int | None, ...], *, person: User | None = None, **texts: str
    ) -> None:
        invitation = self.invitation(rater, person)
        save_answer(
            actor=rater,
            invitation_id=invitation.pk,
            levels=chosen(levels),
            texts=texts,
            version=0,
            submit=True,
        )

    def answer_all(
        self, levels: Mapping[int, tuple[int | None, ...]], texts: Mapping[int, str] | None = None
    ) -> None:
        """{rater's place among the colleagues: levels} about the agent."""
        rows = [
            (
                self.invitation(self.colleagues[place]).pk,
                chosen(given),
                {"strengths": (texts or {})[place]} if place in (texts or {}) else {},
            )
            for place, given in levels.items()
        ]
        answer_in_bulk(actor=self.cast.hr, answers=rows)


def chosen(levels: tuple[int | None, ...]) -> dict[str, Any]:
    return {
        item: "not_observed" if level is None else level for item, level in zip(ITEMS, levels, strict=True)
    }


def build_voices(cast: Cast, *, people: int = 12, **changes: Any) -> VoiceWorld:
    colleagues = []
    for number in range(people):
        person = UserFactory(
            login=f"voice{number}", employee_number=f"V{number:04d}", name=f"Voice {number:02d}",
            name_sort=f"voice {number:02d}",
        )  # fmt: skip
        MembershipFactory(user=person, team=cast.blue, job=cast.job_agent)
        colleagues.append(person)
    document = configuration(components=[voices_component(**changes)])
    cycle = create_cycle(
        actor=cast.hr, code="round", name_zh="三百六", name_en="Round", first_day=cast.first_day,
        last_day=cast.last_day, configuration=document,
    )  # fmt: skip
    return VoiceWorld(cast, launch_cycle(actor=cast.hr, cycle=cycle), colleagues)
