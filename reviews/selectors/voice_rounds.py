"""Questionnaires of many voices: who sees which, how far they are, and who could be asked."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum
from django.http import Http404
from django.utils import timezone

from people.models import User
from people.selectors.leaders import raters_for
from people.selectors.rosters import roster_between
from reviews.methods.document import component_of
from reviews.methods.multisource import NAMED, MultisourceMethod
from reviews.models import Cycle, Participant, VoiceInvitation, VoiceRound
from reviews.models.cycles import Phase
from reviews.selectors.results import judged_by

SEES_ALL = ("hr", "auditor")
ASKED = VoiceInvitation.State.APPROVED
STANDING = (VoiceInvitation.State.PROPOSED, VoiceInvitation.State.NOMINATED, ASKED)
# Raters are chosen from the launch on until the questionnaire closes.
CHOOSING = (Phase.GOALS, Phase.COLLECTION, Phase.RATING)


def voice_components(configuration: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [each for each in configuration.get("components", []) if each["method"] == MultisourceMethod.code]


def get_round(cycle: Cycle, component: str) -> VoiceRound:
    """Of a cycle that the caller may see. Http404 where there is none, as before the launch."""
    found = (
        VoiceRound.objects.select_related("cycle")
        .defer("secret")
        .filter(cycle=cycle, component=component)
        .first()
    )
    if found is None:
        raise Http404
    return found


def component_of_round(voices: VoiceRound) -> dict[str, Any]:
    return component_of(voices.cycle.configuration, voices.component) or {}


def get_ratee_for(user: User, voices: VoiceRound, employee_id: int) -> Participant:
    """Whose raters `user` sees: HR and auditors everyone's, a manager those of whom they judge or lead, everyone the
    own. Http404 alike for others."""
    people = Participant.objects.filter(cycle=voices.cycle_id)
    if not user.has_role(*SEES_ALL):
        own = people.filter(employee=user)
        led = judged_by(user, voices.cycle).exclude(employee=user) if user.is_manager else own
        people = people.filter(Q(pk__in=own.values("pk")) | Q(pk__in=led.values("pk")))
    found = (
        people.filter(employee_id=employee_id).select_related("employee", "team", "rater").first()
        if 0 < employee_id < 2**63
        else None
    )
    if found is None:
        raise Http404
    return found


def get_invitation_for(user: User, invitation_id: int) -> VoiceInvitation:
    """About somebody whose raters `user` sees. Http404 alike for a missing and a foreign one."""
    found = (
        VoiceInvitation.objects.select_related("round__cycle", "participant").filter(pk=invitation_id).first()
        if 0 < invitation_id < 2**63
        else None
    )
    if found is None:
        raise Http404
    get_ratee_for(user, found.round, found.participant.employee_id)
    return found


def invitations_of(voices: VoiceRound, participant: Participant) -> list[VoiceInvitation]:
    """Who is, or was, to be asked about this person, by group and name; one query. Whether somebody has answered is
    left in the database."""
    found = (
        VoiceInvitation.objects.filter(round=voices, participant=participant)
        .select_related("rater", "asked_by")
        .defer("has_answered", "nonce")
    )
    places = {group: place for place, group in enumerate(VoiceInvitation.Group.values)}
    return sorted(found, key=lambda each: (places[each.group], each.name.casefold(), each.pk))


@dataclass(frozen=True)
class GroupCount:
    """How many of a group are asked and have answered; that is None where so few are asked that the number would come
    near to a person, and when who answered has been forgotten."""

    group: str
    asked: int
    answered: int | None


@dataclass
class RateeProgress:
    participant: Participant
    proposed: int = 0
    counts: list[GroupCount] = field(default_factory=list)


def progress_of_round(voices: VoiceRound, *, most: int | None = None) -> list[RateeProgress]:
    """By name; two queries. "6 of 8 answered" only for groups of which at least the minimum is asked, and after the
    release, when who answered has been forgotten, for none."""
    people = Participant.objects.filter(cycle=voices.cycle_id).select_related("employee", "team")
    rows = VoiceInvitation.objects.filter(round=voices)
    shown = list(people.order_by("employee__name_sort", "employee_id")[:most])
    if most is not None:
        rows = rows.filter(participant__in=[each.pk for each in shown])
    counted: dict[int, dict[str, tuple[int, int]]] = defaultdict(dict)
    waiting: dict[int, int] = defaultdict(int)
    for participant, group, asked, answered, proposed in (
        rows.values_list("participant", "group")
        .annotate(
            asked=Count("id", filter=Q(state=ASKED)),
            answered=Count("id", filter=Q(state=ASKED, has_answered=True)),
            proposed=Count("id", filter=Q(state__in=["proposed", "nominated"])),
        )
        .order_by()
    ):
        counted[participant][group] = (asked, answered)
        waiting[participant] += proposed
    forgotten = voices.cycle.released_at is not None
    groups = [each["code"] for each in component_of_round(voices).get("groups", [])]
    return [
        RateeProgress(
            participant,
            waiting[participant.pk],
            [
                _count(group, *counted[participant.pk].get(group, (0, 0)), voices.minimum, forgotten)
                for group in groups
            ],
        )
        for participant in shown
    ]


def _count(group: str, asked: int, answered: int, minimum: int, forgotten: bool) -> GroupCount:
    told = not forgotten and (group in NAMED or asked >= minimum)
    return GroupCount(group, asked, answered if told else None)


def totals_of_round(voices: VoiceRound) -> dict[str, int]:
    """{people, asked, answered, proposed} over everyone; three queries. What is asked and answered counts only groups
    whose numbers may be shown, so that no subtraction gives those of the others."""
    rows = VoiceInvitation.objects.filter(round=voices)
    shown = (
        rows.values("participant", "group")
        .annotate(
            asked=Count("id", filter=Q(state=ASKED)),
            answered=Count("id", filter=Q(state=ASKED, has_answered=True)),
        )
        .filter(Q(asked__gte=voices.minimum) | Q(group__in=NAMED))
        .order_by()
    )
    found = shown.aggregate(asked_all=Sum("asked"), answered_all=Sum("answered"))
    return {
        "people": Participant.objects.filter(cycle=voices.cycle_id).count(),
        "asked": found["asked_all"] or 0,
        "answered": found["answered_all"] or 0,
        "proposed": rows.filter(state__in=["proposed", "nominated"]).count(),
    }


def loads_of(voices: VoiceRound, raters: Collection[int] | None = None) -> dict[int, int]:
    """{rater: forms asked or proposed}; the named groups are nobody's choice and do not count."""
    found = VoiceInvitation.objects.filter(round=voices, state__in=STANDING, rater__isnull=False).exclude(
        group__in=NAMED
    )
    if raters is not None:
        found = found.filter(rater__in=raters)
    return dict(found.values_list("rater").annotate(Count("id")).order_by())


def leavers_of(voices: VoiceRound, day: datetime.date) -> QuerySet[VoiceInvitation]:
    """Invitations of people who cannot answer any more: they have left, or their account was closed."""
    return (
        VoiceInvitation.objects.filter(round=voices, state__in=STANDING)
        .filter(Q(rater__is_active=False) | Q(rater__left_on__lt=day))
        .filter(Q(has_answered=False))
        .select_related("rater", "participant__employee", "participant__cycle")
        .order_by("participant__employee__name_sort", "id")
    )


@dataclass(frozen=True)
class Circle:
    """Who stands where around everybody on a day: {person: superior}, and the other way round."""

    superior: Mapping[int, int | None]
    reports: Mapping[int, list[int]]

    def peers_of(self, person: int) -> list[int]:
        """Those with the same superior, in one order for all of them."""
        above = self.superior.get(person)
        return [] if above is None else [each for each in self.reports[above] if each != person]

    def subordinates_of(self, person: int) -> list[int]:
        return self.reports.get(person, [])

    def after(self, person: int, people: list[int]) -> list[int]:
        """From the place behind the person round the circle: so everybody is asked about as often as the others."""
        return [each for each in people if each > person] + [each for each in people if each < person]


def circle_on(day: datetime.date) -> Circle:
    """The tree of teams as a circle around each person, of those who can still sign in. Three queries."""
    roster = [row.employee_id for row in roster_between(day, day)]
    present = set(
        User.objects.filter(pk__in=roster, is_active=True)
        .filter(Q(left_on__isnull=True) | Q(left_on__gte=timezone.localdate()))
        .values_list("pk", flat=True)
    )
    superior = raters_for(roster, day)
    reports: dict[int, list[int]] = defaultdict(list)
    for person in sorted(superior):
        above = superior[person]
        if above is not None and person in present:
            reports[above].append(person)
    return Circle(superior, dict(reports))
