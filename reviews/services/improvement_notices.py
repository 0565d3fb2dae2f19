"""What people hear of plans, each once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.urls import reverse

from foundation.delivery.notices import notify
from people.models import RoleGrant
from reviews import improvement_topics as topics
from reviews.models import ImprovementPlan, PlanCheckIn, PlanOutcome, PlanTerms


def address(plan: ImprovementPlan) -> str:
    return reverse("reviews:improvement_plan", args=[plan.pk])


def _tell(topic: str, key: str, plan: ImprovementPlan, people: Iterable[int], **params: Any) -> None:
    notify(
        topic=topic,
        key=f"plan:{plan.pk}:{key}",
        recipients=list(people),
        params={"name": plan.employee.name, "kind": plan.kind, **params},
        url=address(plan),
    )


def hr_people() -> list[int]:
    return list(RoleGrant.objects.filter(role="hr").values_list("user_id", flat=True))


def tell_served(plan: ImprovementPlan, terms: PlanTerms) -> None:
    topic = topics.PLAN_SERVED if terms.number == 1 else topics.PLAN_CHANGED
    due = {"day": terms.object_until.isoformat()}
    _tell(topic, f"terms:{terms.number}", plan, [plan.employee_id], due=due)
    if plan.owner_id not in (terms.served_by_id, plan.employee_id):
        _tell(topics.PLAN_LED, f"terms:{terms.number}", plan, [plan.owner_id])


def tell_standing(plan: ImprovementPlan, terms: PlanTerms) -> None:
    _tell(topics.PLAN_STANDS, f"stands:{terms.number}", plan, {plan.employee_id, plan.owner_id})


def tell_objected(plan: ImprovementPlan, terms: PlanTerms, text: str) -> None:
    people = {plan.owner_id, terms.served_by_id, *hr_people()} - {plan.employee_id}
    _tell(topics.PLAN_OBJECTED, f"objection:{terms.number}", plan, people)


def tell_decided(plan: ImprovementPlan, terms: PlanTerms, *, stands: bool, reason: str) -> None:
    topic = topics.PLAN_CONFIRMED if stands else topics.PLAN_UPHELD
    _tell(topic, f"decided:{terms.number}", plan, [plan.employee_id], reason=reason)


def tell_checked_in(plan: ImprovementPlan, check_in: PlanCheckIn) -> None:
    _tell(topics.PLAN_CHECKED_IN, f"check-in:{check_in.pk}", plan, [plan.employee_id])


def tell_closed(plan: ImprovementPlan, outcome: PlanOutcome) -> None:
    people = {plan.employee_id, plan.owner_id} - {outcome.decided_by_id}
    _tell(topics.PLAN_CLOSED, "closed", plan, people, verdict=outcome.verdict)


def tell_proposals(count: int, key: str) -> None:
    notify(
        topic=topics.PLANS_PROPOSED,
        key=f"plans:proposed:{key}",
        recipients=hr_people(),
        params={"count": count},
        url=reverse("reviews:plan_proposals"),
    )
