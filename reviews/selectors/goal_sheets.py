"""Sheets of goals: which cycle a person sets goals in, how far a team is, what HR sees of a whole cycle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Sum

from people.models import User
from reviews.methods.objectives import ObjectivesMethod
from reviews.models import Cycle, Objective, ObjectiveSignature, Participant
from reviews.models.cycles import Phase
from reviews.selectors.objectives import LIVE, SEES_ALL, led_people

HUNDRED = Decimal(100)


def cycles_with_goals() -> QuerySet[Cycle]:
    """Launched cycles that count objectives."""
    counts = Q(configuration__components__contains=[{"method": ObjectivesMethod.code}]) | Q(
        configuration__components__contains=[{"objectives": [{}]}]
    )
    return Cycle.objects.filter(counts).exclude(phase__in=[Phase.SETUP, Phase.CANCELLED])


def goal_cycles_of(user: User) -> list[Cycle]:
    """Those in which the person has goals of their own: what is open first, then the latest."""
    found = cycles_with_goals().filter(participants__employee=user).order_by("-last_day", "-id")[:24]
    return sorted(found, key=lambda cycle: cycle.phase not in (Phase.GOALS, Phase.COLLECTION, Phase.RATING))


def led_goal_cycles(user: User) -> list[Cycle]:
    """Those in which the person leads or rates somebody; HR and auditors: all."""
    cycles = cycles_with_goals().order_by("-last_day", "-id")
    if not user.has_role(*SEES_ALL):
        led = Participant.objects.filter(cycle=OuterRef("pk")).filter(led_people(user)).exclude(employee=user)
        cycles = cycles.filter(Exists(led))
    return list(cycles[:24])


def team_of(user: User, cycle: Cycle) -> QuerySet[Participant]:
    """Whose goals the user follows in the cycle, by name: HR and auditors everyone's."""
    people = Participant.objects.filter(cycle=cycle).select_related("employee", "team")
    if not user.has_role(*SEES_ALL):
        people = people.filter(led_people(user)).exclude(employee=user)
    return people.order_by("employee__name_sort", "employee_id")


@dataclass(frozen=True)
class SheetState:
    """How far one person's goals are. waits_owner, waits_superior: versions that this side has still to sign."""

    agreed: int = 0
    weight: Decimal = Decimal(0)
    drafts: int = 0
    waits_owner: int = 0
    waits_superior: int = 0
    changes: int = 0

    @property
    def is_agreed(self) -> bool:
        return self.weight == HUNDRED

    @property
    def total(self) -> int:
        return self.agreed + self.drafts + self.waits_owner + self.waits_superior - self.changes


def sheet_states(cycle: Cycle, employee_ids: list[int]) -> dict[int, SheetState]:
    """{employee id: SheetState}; two queries whatever the number of people."""
    rows = list(
        Objective.objects.filter(cycle=cycle, employee__in=employee_ids, state__in=LIVE)
        .annotate(weight=F("agreed_version__weight"))
        .values_list("employee", "state", "latest_version", "agreed_version", "weight")
    )
    signed: dict[int, set[str]] = {}
    open_versions = [latest for _who, _state, latest, agreed, _weight in rows if latest != agreed]
    for version, side in ObjectiveSignature.objects.filter(version__in=open_versions).values_list(
        "version", "side"
    ):
        signed.setdefault(version, set()).add(side)
    gathered: dict[int, dict[str, Any]] = {}
    for who, _state, latest, agreed, weight in rows:
        entry = gathered.setdefault(who, {"weight": Decimal(0)})
        if agreed is not None:
            entry["agreed"] = entry.get("agreed", 0) + 1
            entry["weight"] += weight
        if latest != agreed:
            sides = signed.get(latest, set())
            kind = "drafts" if not sides else "waits_superior" if "owner" in sides else "waits_owner"
            entry[kind] = entry.get(kind, 0) + 1
            if agreed is not None:
                entry["changes"] = entry.get("changes", 0) + 1
    return {pk: SheetState(**gathered[pk]) if pk in gathered else SheetState() for pk in employee_ids}


def agreement_counts(cycle: Cycle) -> Mapping[str, int]:
    """{people, agreed (weights of 100), some (agreed, but not 100), none, waiting (versions signed by one side)} of the
    cycle; two queries."""
    people = Participant.objects.filter(cycle=cycle).count()
    weights = (
        Objective.objects.filter(cycle=cycle, state=Objective.State.AGREED, employee__isnull=False)
        .order_by()
        .values("employee")
        .annotate(count=Count("pk"), total=Sum("agreed_version__weight"))
        .values_list("total", flat=True)
    )
    totals = list(weights)
    agreed = sum(total == HUNDRED for total in totals)
    waiting = (
        ObjectiveSignature.objects.filter(
            version__objective__cycle=cycle,
            version__objective__employee__isnull=False,
            version=F("version__objective__latest_version"),
        )
        .exclude(version=F("version__objective__agreed_version"))
        .count()
    )
    return {
        "people": people,
        "agreed": agreed,
        "some": len(totals) - agreed,
        "none": people - len(totals),
        "waiting": waiting,
    }
