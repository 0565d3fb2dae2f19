"""Which cycles a person sees, and how far each is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404

from people.models import Team, User
from people.selectors.teams import teams_led
from reviews.models import (
    Acknowledgement,
    Appeal,
    Cycle,
    CycleTemplate,
    Participant,
    PhaseChange,
    ReleaseHold,
    ScoreSheet,
)
from reviews.models.appeals import OPEN_STATES
from reviews.models.cycles import Phase

SEES_ALL = ("hr", "payroll", "auditor")
SUBMITTED = ScoreSheet.State.SUBMITTED


def visible_cycles(user: User) -> QuerySet[Cycle]:
    """HR, payroll and auditors: all. Others: launched cycles in which they are appraised, judge, or lead someone."""
    cycles = Cycle.objects.select_related("published_run")
    if not user.is_authenticated or not user.may_sign_in:
        return cycles.none()
    if user.has_role(*SEES_ALL):
        return cycles
    mine = Participant.objects.filter(cycle=OuterRef("pk")).filter(_own_part(user))
    return cycles.exclude(phase__in=[Phase.SETUP, Phase.CANCELLED]).filter(Exists(mine))


def _own_part(user: User) -> Q:
    mine = Q(employee=user) | Q(rater=user) | Q(sheets__rater=user)
    if user.is_manager:
        mine |= Q(team__in=teams_led(user).values("pk"))
    return mine


def get_cycle_for(user: User, code: str) -> Cycle:
    """Http404 alike for a missing cycle and one that `user` may not see."""
    cycle = visible_cycles(user).filter(code=code).first()
    if cycle is None:
        raise Http404
    return cycle


def visible_templates(user: User) -> QuerySet[CycleTemplate]:
    """For whoever makes cycles, and for the auditor who reads everything."""
    if user.is_authenticated and user.may_sign_in and user.has_role("hr", "auditor"):
        return CycleTemplate.objects.filter(is_active=True)
    return CycleTemplate.objects.none()


@dataclass(frozen=True)
class TeamCompletion:
    team: Team
    done: int
    total: int
    raters: list[dict[str, Any]]  # [{name, open}], those with open forms, most first

    @property
    def share(self) -> float:
        return self.done / self.total if self.total else 1.0

    @property
    def open(self) -> int:
        return self.total - self.done


def asked_for() -> QuerySet[ScoreSheet]:
    """Forms that count: an amendment may have withdrawn others."""
    return ScoreSheet.objects.exclude(state=ScoreSheet.State.WITHDRAWN)


def completion(cycle: Cycle) -> tuple[int, int]:
    """(submitted forms, all forms); one query."""
    counts = (
        asked_for()
        .filter(participant__cycle=cycle)
        .aggregate(done=Count("id", filter=Q(state=SUBMITTED)), total=Count("id"))
    )
    return counts["done"], counts["total"]


def completion_by_team(cycle: Cycle) -> list[TeamCompletion]:
    """Forms by the ratees' team, the least complete first, with who holds it up; two queries."""
    rows = (
        asked_for()
        .filter(participant__cycle=cycle)
        .values("participant__team", "rater__name")
        .annotate(done=Count("id", filter=Q(state=SUBMITTED)), total=Count("id"))
        .order_by()
    )
    by_team: dict[int, list[Any]] = {}
    for row in rows:
        by_team.setdefault(row["participant__team"], []).append(row)
    teams = Team.objects.in_bulk(by_team)
    found = [
        TeamCompletion(
            team=teams[team],
            done=sum(row["done"] for row in parts),
            total=sum(row["total"] for row in parts),
            raters=sorted(
                (
                    {"name": row["rater__name"], "open": row["total"] - row["done"]}
                    for row in parts
                    if row["total"] > row["done"]
                ),
                key=lambda rater: -rater["open"],
            ),
        )
        for team, parts in by_team.items()
    ]
    return sorted(found, key=lambda each: (each.share, each.team.code))


@dataclass(frozen=True)
class CycleCounts:
    people: int
    acknowledged: int
    disagreed: int
    still_shut: int  # results that wait for feedback after release
    open_appeals: int


def counts_of(cycle: Cycle) -> CycleCounts:
    """What of a cycle is counted at a glance. One query."""
    row = (
        Cycle.objects.filter(pk=cycle.pk)
        .values(
            people=_count(Participant.objects.all()),
            acknowledged=_count(Acknowledgement.objects.all()),
            disagreed=_count(Acknowledgement.objects.filter(agrees=False)),
            still_shut=_count(ReleaseHold.objects.filter(released_at__isnull=True)),
            open_appeals=_count(Appeal.objects.filter(state__in=OPEN_STATES)),
        )
        .get()
    )
    return CycleCounts(**row)


def _count(rows: QuerySet[Any]) -> Coalesce:
    """Of the rows of the outer query's cycle."""
    found = rows.filter(cycle=OuterRef("pk")).order_by().values("cycle").annotate(count=Count("pk"))
    return Coalesce(Subquery(found.values("count")), 0)


def phase_history(cycle: Cycle) -> QuerySet[PhaseChange]:
    return cycle.phase_changes.select_related("changed_by").order_by("changed_at", "id")


def completion_of_cycles(cycles: list[Cycle]) -> dict[int, tuple[int, int, int]]:
    """{cycle id: (people, submitted forms, all forms)} of many cycles; two queries."""
    people = dict(
        Participant.objects.filter(cycle__in=cycles)
        .values("cycle")
        .annotate(count=Count("id"))
        .values_list("cycle", "count")
    )
    forms = {
        row["participant__cycle"]: (row["done"], row["total"])
        for row in asked_for()
        .filter(participant__cycle__in=cycles)
        .values("participant__cycle")
        .annotate(done=Count("id", filter=Q(state=SUBMITTED)), total=Count("id"))
        .order_by()
    }
    return {cycle.pk: (people.get(cycle.pk, 0), *forms.get(cycle.pk, (0, 0))) for cycle in cycles}
