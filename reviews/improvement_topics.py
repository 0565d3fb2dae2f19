"""What people hear of improvement and development plans, in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from foundation.delivery.topics import Topic, register

PLAN_SERVED = "plan.served"
PLAN_CHANGED = "plan.changed"
PLAN_LED = "plan.led"
PLAN_STANDS = "plan.stands"
PLAN_OBJECTED = "plan.objected"
PLAN_CONFIRMED = "plan.confirmed"
PLAN_UPHELD = "plan.upheld"
PLAN_CHECKED_IN = "plan.checked_in"
PLAN_CLOSED = "plan.closed"
PLANS_PROPOSED = "plans.proposed"
ANSWER_OWED = "plan.answer_owed"
OBJECTION_OWED = "plan.objection_owed"
CHECK_IN_OWED = "plan.check_in_owed"
OUTCOME_OWED = "plan.outcome_owed"
TERMS_OWED = "plan.terms_owed"


def _by_kind(improvement: str | Promise, development: str | Promise) -> Callable[[Mapping[str, Any]], str]:
    def text(params: Mapping[str, Any]) -> str:
        return str(development if params.get("kind") == "development" else improvement) % params

    return text


def _closed(params: Mapping[str, Any]) -> str:
    texts = {
        "met": _("The plan of %(name)s has ended: met"),
        "not_met": _("The plan of %(name)s has ended: not met"),
        "withdrawn": _("The plan of %(name)s was withdrawn"),
    }
    return str(texts.get(params.get("verdict", ""), texts["withdrawn"])) % params


def _proposed(params: Mapping[str, Any]) -> str:
    return (
        ngettext(
            "%(count)s person for whom a plan may help",
            "%(count)s people for whom a plan may help",
            params["count"],
        )
        % params
    )


def register_improvement_topics() -> None:
    register(
        Topic(
            PLAN_SERVED,
            _by_kind(
                _("An improvement plan for you: read it and answer until %(due)s"),
                _("A development plan for you: read it and answer until %(due)s"),
            ),
            icon="route",
        ),
        Topic(
            PLAN_CHANGED,
            _("Your plan is to be changed: read it and answer until %(due)s. What stands goes on meanwhile."),
            icon="route",
        ),
        Topic(PLAN_LED, _("You lead a plan of %(name)s"), icon="route"),
        Topic(PLAN_STANDS, _("The terms of the plan of %(name)s stand"), icon="check"),
        Topic(PLAN_OBJECTED, _("%(name)s objects to the terms of the plan"), icon="alert-triangle"),
        Topic(
            PLAN_CONFIRMED, _("Your objection was decided: the terms stand. %(reason)s"), icon="info-circle"
        ),
        Topic(PLAN_UPHELD, _("Your objection was upheld: the terms fall. %(reason)s"), icon="info-circle"),
        Topic(PLAN_CHECKED_IN, _("A check-in on the plan of %(name)s was noted"), icon="notes"),
        Topic(PLAN_CLOSED, _closed, icon="flag"),
        Topic(PLANS_PROPOSED, _proposed, icon="users"),
        Topic(ANSWER_OWED, _("Read the terms of your plan: agree or object"), icon="route"),
        Topic(OBJECTION_OWED, _("Answer the objection of %(name)s to a plan"), icon="alert-triangle"),
        Topic(CHECK_IN_OWED, _("Check-in on the plan of %(name)s"), icon="notes"),
        Topic(OUTCOME_OWED, _("The plan of %(name)s is over its deadline: say what came of it"), icon="flag"),
        Topic(TERMS_OWED, _("The terms of the plan of %(name)s have fallen: serve new ones"), icon="route"),
    )
