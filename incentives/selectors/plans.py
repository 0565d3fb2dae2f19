"""Incentive plans and their versions: who reads them, and which one holds on a day."""

from __future__ import annotations

import datetime

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.http import Http404

from incentives.models import IncentivePlan, PlanVersion
from people.models import User

READERS = ("hr", "payroll", "auditor")


def visible_plans(user: User) -> QuerySet[IncentivePlan]:
    """HR, payroll and auditors read every plan; a plan is no one else's business until its statement is."""
    if not user.has_role(*READERS):
        return IncentivePlan.objects.none()
    return IncentivePlan.objects.order_by("code")


def get_plan_for(user: User, code: str) -> IncentivePlan:
    plan = visible_plans(user).filter(code=code).first()
    if plan is None:
        raise Http404
    return plan


def versions_of(plan: IncentivePlan) -> QuerySet[PlanVersion]:
    """Newest first, each with `uses`, the number of payout runs that keep it."""
    return (
        PlanVersion.objects.filter(plan=plan)
        .select_related("created_by")
        .annotate(uses=Count("payout_runs"))
        .order_by("-valid_from")
    )


def version_on(plan: IncentivePlan, day: datetime.date) -> PlanVersion | None:
    """The version in force on a day: the latest that began by then."""
    return PlanVersion.objects.filter(plan=plan, valid_from__lte=day).order_by("-valid_from").first()


def latest_version(plan: IncentivePlan) -> PlanVersion | None:
    return PlanVersion.objects.filter(plan=plan).order_by("-valid_from").first()


def with_current_version(
    plans: QuerySet[IncentivePlan], day: datetime.date
) -> list[tuple[IncentivePlan, PlanVersion | None]]:
    """The plans, each with its version on that day; two queries."""
    current = PlanVersion.objects.filter(plan=OuterRef("pk"), valid_from__lte=day).order_by("-valid_from")
    listed = list(plans.annotate(current_id=Subquery(current.values("pk")[:1])))
    versions = PlanVersion.objects.in_bulk([plan.current_id for plan in listed if plan.current_id])
    return [(plan, versions.get(plan.current_id)) for plan in listed]
