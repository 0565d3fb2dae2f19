"""Objectives: who sees which, the sheet of one owner, and who still has none that both sides agreed on.

Company and team objectives that are agreed are no secret among those who see the cycle. A person's are read by the
person, by the rater and the leaders above, by HR and auditors; nobody else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, Exists, F, OuterRef, Prefetch, Q, QuerySet, Subquery, Sum
from django.http import Http404

from people.models import Team, User
from people.selectors.employees import employees_led_by
from people.selectors.teams import teams_led
from reviews.models import (
    CheckIn,
    CheckInValue,
    Cycle,
    KeyResult,
    Objective,
    ObjectiveSignature,
    ObjectiveVersion,
    Participant,
)
from reviews.models.cycles import Phase
from reviews.selectors.cycles import visible_cycles

SEES_ALL = ("hr", "auditor")
#: While these phases last objectives are written, changed and agreed on; check-ins go on while scores are given.
SETTING = (Phase.GOALS, Phase.COLLECTION)
CHECKING = (Phase.GOALS, Phase.COLLECTION, Phase.RATING)
ASSESSING = (Phase.RATING,)
LIVE = (Objective.State.DRAFT, Objective.State.PROPOSED, Objective.State.AGREED)


@dataclass(frozen=True)
class Owner:
    """An employee, a team, or neither: the company."""

    employee_id: int | None = None
    team_id: int | None = None

    @classmethod
    def of(cls, objective: Objective) -> Owner:
        return cls(objective.employee_id, objective.team_id)

    @property
    def is_company(self) -> bool:
        return self.employee_id is None and self.team_id is None

    @property
    def filter(self) -> Q:
        if self.is_company:
            return Q(employee__isnull=True, team__isnull=True)
        return Q(employee=self.employee_id) if self.employee_id is not None else Q(team=self.team_id)


def led_people(user: User) -> Q:
    """Over participants: those whom the user rates, led at launch or leads today."""
    led = Q(rater=user)
    if user.is_manager:
        led |= Q(team__in=teams_led(user).values("pk")) | Q(employee__in=employees_led_by(user).values("pk"))
    return led


def visible_objectives(user: User) -> QuerySet[Objective]:
    """One query beside the roles."""
    found = Objective.objects.all()
    if not user.is_authenticated or not user.may_sign_in:
        return found.none()
    if user.has_role(*SEES_ALL):
        return found
    led = Participant.objects.filter(cycle=OuterRef("cycle"), employee=OuterRef("employee"))
    seen = Q(employee=user) | Q(Exists(led.filter(led_people(user))))
    common = Q(employee__isnull=True, state=Objective.State.AGREED)
    own_teams = (
        Q(employee__isnull=True, team__in=teams_led(user).values("pk")) if user.is_manager else Q(pk__in=[])
    )
    return found.filter(seen | ((common | own_teams) & Q(cycle__in=visible_cycles(user).values("pk"))))


def with_words(objectives: QuerySet[Objective]) -> QuerySet[Objective]:
    """With both versions, their key results and signatures; a fixed number of queries."""
    results = KeyResult.objects.select_related("kpi_version__kpi").order_by("number")
    signed = ObjectiveSignature.objects.select_related("signed_by")
    parts = [
        lookup
        for version in ("latest_version", "agreed_version")
        for lookup in (
            Prefetch(f"{version}__key_results", queryset=results),
            Prefetch(f"{version}__signatures", queryset=signed),
        )
    ]
    return objectives.select_related(
        "cycle",
        "employee",
        "team",
        "parent__latest_version",
        "parent__agreed_version",
        "latest_version__written_by",
        "agreed_version__written_by",
    ).prefetch_related(*parts)


def get_objective_for(user: User, pk: int) -> Objective:
    """Http404 alike for a missing objective and one that `user` may not see."""
    found = with_words(visible_objectives(user)).filter(pk=pk).first() if 0 < pk < 2**63 else None
    if found is None:
        raise Http404
    return found


def objectives_of(cycle: Cycle, owner: Owner) -> QuerySet[Objective]:
    """The live ones of one owner, the oldest first. Who may see them is asked before."""
    return with_words(Objective.objects.filter(owner.filter, cycle=cycle, state__in=LIVE).order_by("id"))


def weight_on_table(cycle: Cycle, owner: Owner) -> Decimal:
    """What the latest versions of the owner's live objectives add up to; a dropped one has no weight."""
    found = Objective.objects.filter(owner.filter, cycle=cycle, state__in=LIVE).filter(
        latest_version__is_dropped=False
    )
    total = found.aggregate(total=Sum("latest_version__weight"))["total"]
    return total or Decimal(0)


def versions_of(objective: Objective) -> QuerySet[ObjectiveVersion]:
    """All wordings, the first one first, with who signed which."""
    return (
        objective.versions.select_related("written_by", "parent__latest_version", "parent__agreed_version")
        .prefetch_related(
            Prefetch("key_results", queryset=KeyResult.objects.select_related("kpi_version__kpi")),
            Prefetch("signatures", queryset=ObjectiveSignature.objects.select_related("signed_by")),
        )
        .order_by("number")
    )


def check_ins_of(objective: Objective) -> QuerySet[CheckIn]:
    """The timeline, the newest first."""
    return objective.check_ins.select_related("created_by").prefetch_related("values").order_by("-id")


def newest_values(objective_ids: Iterable[int]) -> dict[tuple[int, int], float]:
    """{(objective id, key): the newest value that somebody noted}; one query."""
    found = (
        CheckInValue.objects.filter(objective__in=list(objective_ids))
        .order_by("objective_id", "key", "-id")
        .distinct("objective_id", "key")
    )
    return {
        (objective, key): value for objective, key, value in found.values_list("objective_id", "key", "value")
    }


def newest_check_ins(objective_ids: Iterable[int]) -> dict[int, CheckIn]:
    """{objective id: the newest entry that says how sure one is}; one query."""
    found = (
        CheckIn.objects.filter(objective__in=list(objective_ids), confidence__isnull=False)
        .select_related("created_by")
        .order_by("objective_id", "-id")
        .distinct("objective_id")
    )
    return {each.objective_id: each for each in found}


def visible_teams_of(user: User, cycle: Cycle) -> QuerySet[Team]:
    """Teams for which the user may write objectives in the cycle."""
    if user.is_hr:
        return Team.objects.filter(is_active=True)
    return teams_led(user) if user.is_manager else Team.objects.none()


def agreed_weights(cycle: Cycle, participants: QuerySet[Participant]) -> QuerySet[Participant]:
    """Participants with agreed_count and agreed_weight of their own objectives, open_count of versions that wait."""
    own = Objective.objects.filter(cycle=cycle, employee=OuterRef("employee")).order_by().values("employee")
    agreed = own.filter(state=Objective.State.AGREED)
    waiting = own.filter(state__in=LIVE).exclude(
        state=Objective.State.AGREED, agreed_version=F("latest_version")
    )
    return participants.annotate(
        agreed_count=Subquery(agreed.annotate(count=Count("id")).values("count")),
        agreed_weight=Subquery(agreed.annotate(total=Sum("agreed_version__weight")).values("total")),
        open_count=Subquery(waiting.annotate(count=Count("id")).values("count")),
    )


def without_agreed(cycle: Cycle) -> QuerySet[Participant]:
    """Who has no objective that both sides agreed on: no score of theirs comes from objectives."""
    agreed = Objective.objects.filter(cycle=cycle, state=Objective.State.AGREED, employee__isnull=False)
    return Participant.objects.filter(cycle=cycle).exclude(employee__in=agreed.values("employee"))
