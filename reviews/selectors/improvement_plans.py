"""Improvement and development plans: who reads them, which terms stand on a day, when the next check-in is.

A plan is read by the person, by HR and auditors, and by those who lead the person today, all the way up; whoever led
them before and no longer does reads it no more.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.db.models import Exists, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.expressions import RawSQL
from django.http import Http404
from django.utils import timezone

from people.models import Leadership, Membership, RoleGrant, User
from people.selectors.employees import employees_led_by
from people.selectors.leaders import raters_for
from reviews.models import ImprovementPlan, PlanCheckIn, PlanMeasureDone, PlanRule, PlanTerms, TermsSettlement

SEES_ALL = ("hr", "auditor")
OPENS = ("hr", "manager")
Kind = ImprovementPlan.Kind
Verdict = TermsSettlement.Verdict


def visible_plans(user: User) -> QuerySet[ImprovementPlan]:
    plans = ImprovementPlan.objects.select_related("employee", "owner", "opened_by")
    if not user.is_authenticated or not user.may_sign_in:
        return plans.none()
    if user.has_role(*SEES_ALL):
        return plans
    seen = Q(employee=user)
    if user.is_manager:
        seen |= Q(employee__in=employees_led_by(user).values("pk"))
    return plans.filter(seen)


def get_plan_for(user: User, pk: int) -> ImprovementPlan:
    """Http404 alike for a missing plan and one that `user` may not see."""
    found = visible_plans(user).filter(pk=pk).first() if 0 < pk < 2**63 else None
    if found is None:
        raise Http404
    return found


def may_lead(user: User, plan: ImprovementPlan) -> bool:
    """Whether `user` may hold check-ins, serve terms and decide: HR and those who lead the person today."""
    if plan.employee_id == user.pk or not user.has_role(*OPENS):
        return False
    return user.is_hr or employees_led_by(user).filter(pk=plan.employee_id).exists()


def people_to_plan_for(user: User) -> QuerySet[User]:
    """For whom `user` may open a plan, by name: HR for everybody employed today, managers for whom they lead."""
    if not user.is_authenticated or not user.may_sign_in or not user.has_role(*OPENS):
        return User.objects.none()
    today = timezone.localdate()
    if user.is_hr:
        people = User.objects.filter(employee_number__isnull=False, memberships__valid__contains=today)
    else:
        people = employees_led_by(user)
    return people.exclude(pk=user.pk).order_by("name_sort", "id")


@dataclass(frozen=True)
class RuleOfPlans:
    """By which absolute standards plans are proposed; before HR has said anything, these."""

    score_below: float = 60.0
    points_below: float = 60.0
    score_from: float = 95.0
    answer_days: int = 7


def current_rule() -> RuleOfPlans:
    row = PlanRule.objects.order_by("-id").first()
    if row is None:
        return RuleOfPlans()
    return RuleOfPlans(row.score_below, row.points_below, row.score_from, row.answer_days)


# Terms ------------------------------------------------------------------------------------------------------------


@dataclass
class PlanState:
    """A plan with its terms on a day: those that stand, those that wait for an answer, and since when any stood."""

    plan: ImprovementPlan
    day: datetime.date
    terms: list[PlanTerms] = field(default_factory=list)
    last_check_in: datetime.date | None = None

    @property
    def standing(self) -> PlanTerms | None:
        """The newest that stand on the day."""
        found = [each for each in self.terms if (since := stands_from(each, self.day)) and since <= self.day]
        return found[-1] if found else None

    @property
    def pending(self) -> PlanTerms | None:
        """Served and neither standing nor fallen; they may be objected to already."""
        newest = self.terms[-1] if self.terms else None
        waits = newest is not None and not is_settled(newest) and stands_from(newest, self.day) is None
        return newest if waits and self.plan.closed_on is None else None

    @property
    def shown(self) -> PlanTerms:
        """What a reader sees as the plan: what stands, else what was served last."""
        return self.standing or self.terms[-1]

    @property
    def is_objected(self) -> bool:
        return self.pending is not None and has_objection(self.pending)

    @property
    def since(self) -> datetime.date | None:
        days = [since for each in self.terms if (since := stands_from(each, self.day))]
        return min(days, default=None)

    @property
    def phase(self) -> str:
        """served, objected, unsettled (the terms have fallen and none stand), open, closed"""
        if self.plan.closed_on is not None:
            return "closed"
        if self.standing is not None:
            return "open"
        if self.pending is not None:
            return "objected" if self.is_objected else "served"
        return "unsettled"

    @property
    def deadline(self) -> datetime.date:
        return datetime.date.fromisoformat(self.shown.content["deadline"])

    @property
    def next_check_in(self) -> datetime.date | None:
        """None unless terms stand, and once a check-in was held on the last day or later."""
        if self.phase != "open" or self.since is None:
            return None
        last = self.last_check_in
        if last is not None and last >= self.deadline:
            return None
        every = datetime.timedelta(days=self.shown.content["every_days"])
        return min((last or self.since) + every, self.deadline)

    @property
    def is_over_deadline(self) -> bool:
        return self.phase == "open" and self.day > self.deadline


def is_settled(terms: PlanTerms) -> bool:
    return hasattr(terms, "settlement")


def has_objection(terms: PlanTerms) -> bool:
    return hasattr(terms, "objection")


def stands_from(terms: PlanTerms, day: datetime.date) -> datetime.date | None:
    """Since when they stand, as known on the day. Nobody objected in time: from the next day on, whether or not that
    has been written down yet."""
    if is_settled(terms):
        return terms.settlement.stands_from
    if not has_objection(terms) and terms.object_until < day:
        return terms.object_until + datetime.timedelta(days=1)
    return None


def states_of(plans: Iterable[ImprovementPlan], day: datetime.date | None = None) -> dict[int, PlanState]:
    """{plan id: state}; two queries."""
    on = day or timezone.localdate()
    states = {plan.pk: PlanState(plan, on) for plan in plans}
    terms = PlanTerms.objects.filter(plan__in=list(states)).select_related(
        "settlement__settled_by", "objection", "served_by"
    )
    for each in terms.order_by("plan", "number"):
        states[each.plan_id].terms.append(each)
    held = PlanCheckIn.objects.filter(plan__in=list(states)).order_by().values_list("plan")
    for plan_id, last in held.annotate(Max("held_on")):
        states[plan_id].last_check_in = last
    return states


def state_of(plan: ImprovementPlan, day: datetime.date | None = None) -> PlanState:
    return states_of([plan], day)[plan.pk]


def measures_done(plan: ImprovementPlan) -> dict[str, PlanMeasureDone]:
    found = PlanMeasureDone.objects.filter(plan=plan).select_related("noted_by")
    return {each.measure: each for each in found}


def _standing_on(day: datetime.date) -> QuerySet[PlanTerms]:
    """Terms that stood at the end of the day, of plans that were not closed by then."""
    return PlanTerms.objects.filter(
        Q(settlement__stands_from__lte=day)
        | Q(settlement__isnull=True, objection__isnull=True, object_until__lt=day),
        Q(plan__closed_on__isnull=True) | Q(plan__closed_on__gt=day),
    )


def people_with_open_plan(
    employee_ids: Collection[int], day: datetime.date, *, kind: str = Kind.IMPROVEMENT
) -> set[int]:
    """Of these people, those for whom the terms of a plan of this kind stood at the end of the day; one query.

    For rules that ask it; who may read the plan is not asked here. A plan that was only proposed to the person, or
    whose first terms were objected to, is not open.
    """
    found = _standing_on(day).filter(plan__employee__in=list(employee_ids), plan__kind=kind)
    return set(found.values_list("plan__employee", flat=True).distinct().order_by())


def open_plans_of(user: User) -> list[PlanState]:
    """The person's own plans that are not closed, the next date first; three queries."""
    plans = ImprovementPlan.objects.filter(employee=user, closed_on__isnull=True).select_related("owner")
    states = states_of(plans).values()
    return sorted(states, key=lambda state: state.next_check_in or state.deadline)


# Who leads it -----------------------------------------------------------------------------------------------------

_LEADERS = """
    SELECT membership.user_id, leadership.user_id
    FROM people_membership AS membership
    JOIN people_team AS team ON team.id = membership.team_id
    JOIN people_leadership AS leadership
        ON leadership.team_id = ANY(string_to_array(trim(both '/' FROM team.path), '/')::bigint[])
        AND leadership.valid @> %(day)s::date AND leadership.user_id <> membership.user_id
    WHERE membership.user_id = ANY(%(people)s) AND membership.valid @> %(day)s::date
"""


def leaders_of(employee_ids: Collection[int], day: datetime.date) -> dict[int, set[int]]:
    """{employee id: everybody who leads them on the day, all the way up}; one query."""
    found: dict[int, set[int]] = defaultdict(set)
    with connection.cursor() as cursor:
        cursor.execute(_LEADERS, {"people": list(employee_ids), "day": day})
        for employee, leader in cursor.fetchall():
            found[employee].add(leader)
    return found


_NEAR = """
    SELECT plan.id FROM reviews_improvementplan AS plan
    WHERE plan.closed_on IS NULL AND (
        plan.employee_id = ANY(%s) OR plan.owner_id = ANY(%s) OR EXISTS (
            SELECT 1 FROM people_membership AS membership
            JOIN people_team AS team ON team.id = membership.team_id
            JOIN people_leadership AS leadership
                ON leadership.team_id = ANY(string_to_array(trim(both '/' FROM team.path), '/')::bigint[])
                AND leadership.valid @> %s::date AND leadership.user_id = ANY(%s)
            WHERE membership.user_id = plan.employee_id
        )
    )
"""


def led_states(day: datetime.date, near: Collection[int] | None = None) -> list[tuple[PlanState, int | None]]:
    """Every plan that is not closed, with who owes its next step: its owner while that person is of HR or leads the
    employee, else the nearest leader today. `near` names people: only the plans in which they have a part, their own,
    those they lead, those of people whom they lead. Two queries."""
    led = Membership.objects.filter(
        user=OuterRef(OuterRef("plan__employee")),
        valid__contains=day,
        team__path__startswith=OuterRef("team__path"),
    )
    held = PlanCheckIn.objects.filter(plan=OuterRef("plan")).order_by().values("plan")
    terms = (
        PlanTerms.objects.filter(plan__closed_on__isnull=True)
        .select_related("plan__employee", "plan__owner", "settlement__settled_by", "objection", "served_by")
        .annotate(
            last_check_in=Subquery(held.annotate(last=Max("held_on")).values("last")),
            owner_may_lead=Exists(RoleGrant.objects.filter(role="hr", user=OuterRef("plan__owner")))
            | Exists(
                Leadership.objects.filter(
                    ~Q(user=OuterRef("plan__employee")),
                    Exists(led),
                    user=OuterRef("plan__owner"),
                    valid__contains=day,
                )
            ),
        )
        .order_by("plan", "number")
    )
    if near is not None:
        people = list(near)
        terms = terms.filter(plan__in=RawSQL(_NEAR, [people, people, day, people]))  # noqa: S611  no words of a user
    states: dict[int, PlanState] = {}
    leading: dict[int, int | None] = {}
    for each in terms:
        state = states.setdefault(each.plan_id, PlanState(each.plan, day, last_check_in=each.last_check_in))
        state.terms.append(each)
        leading[each.plan_id] = each.plan.owner_id if each.owner_may_lead else None
    orphans = {pk: states[pk].plan.employee_id for pk, leader in leading.items() if leader is None}
    nearest = raters_for(set(orphans.values()), day)
    return [
        (state, nearest.get(orphans[pk]) if pk in orphans else leading[pk]) for pk, state in states.items()
    ]


def standing_states(day: datetime.date, **which: Any) -> list[PlanState]:
    """Every plan that is not closed, with its terms; for duties and the daily work."""
    plans = ImprovementPlan.objects.filter(closed_on__isnull=True, **which).select_related(
        "employee", "owner"
    )
    return list(states_of(plans, day).values())
