"""Writing the rules: a plan, its versions. Nothing here pays anybody."""

from __future__ import annotations

import datetime
import re
from typing import Any

from django.db import transaction

from foundation.documents import Problem
from foundation.refusals import Refusal
from incentives.models import IncentivePlan, PayoutRun, PlanVersion
from incentives.services.rights import require_hr
from incentives.steps import configuration as configurations
from people.models import User


class PlanInvalid(Refusal):
    """A configuration with problems; `problems` has every one with its path."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("plan_invalid", field="configuration", status=422, first=problems[0].text)
        self.problems = problems


@transaction.atomic
def create_plan(
    *,
    actor: User,
    code: str,
    name_zh: str = "",
    name_en: str = "",
    currency: str = "CNY",
    valid_from: datetime.date,
    configuration: Any,
    is_active: bool = True,
) -> IncentivePlan:
    """A plan with its first version. Refuses a code in use, a plan without a name, a configuration with problems."""
    require_hr(actor)
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,60}", code or ""):
        raise Refusal("plan_code", field="code")
    _require_name(name_zh, name_en)
    ready = checked_configuration(configuration, currency=currency)
    if IncentivePlan.objects.filter(code=code).exists():
        raise Refusal("plan_code_taken", field="code", status=409, taken=code)
    plan = IncentivePlan.objects.create(
        code=code, name_zh=name_zh.strip(), name_en=name_en.strip(), currency=currency, is_active=is_active
    )
    PlanVersion.objects.create(
        plan=plan, number=1, valid_from=valid_from, configuration=ready, created_by=actor
    )
    return plan


@transaction.atomic
def update_plan(
    *,
    actor: User,
    plan: IncentivePlan,
    name_zh: str | None = None,
    name_en: str | None = None,
    currency: str | None = None,
    is_active: bool | None = None,
) -> IncentivePlan:
    """Names and whether the plan is in use; its currency as long as no payout run has used it."""
    require_hr(actor)
    plan = IncentivePlan.objects.select_for_update().get(pk=plan.pk)
    names = (plan.name_zh if name_zh is None else name_zh, plan.name_en if name_en is None else name_en)
    _require_name(*names)
    plan.name_zh, plan.name_en = names[0].strip(), names[1].strip()
    if currency is not None and currency != plan.currency:
        if PayoutRun.objects.filter(plan=plan).exists():
            raise Refusal("plan_currency_used", field="currency", status=409, currency=plan.currency)
        for version in plan.versions.all():
            checked_configuration(version.configuration, currency=currency)
        plan.currency = currency
    if is_active is not None:
        plan.is_active = is_active
    plan.save()
    return plan


@transaction.atomic
def revise_plan(
    *,
    actor: User,
    plan: IncentivePlan,
    valid_from: datetime.date,
    configuration: Any,
    seen_number: int | None = None,
) -> PlanVersion:
    """The rules from a day on. Another version of that very day is replaced while no payout run has used it.

    seen_number   the highest version number that the editor saw: someone else's revision in between is refused.
    """
    require_hr(actor)
    plan = IncentivePlan.objects.select_for_update().get(pk=plan.pk)
    ready = checked_configuration(configuration, currency=plan.currency)
    highest = max(plan.versions.values_list("number", flat=True), default=0)
    if seen_number is not None and seen_number != highest:
        raise Refusal("plan_stale", status=409)
    same_day = plan.versions.filter(valid_from=valid_from).first()
    if same_day is not None:
        if same_day.configuration == ready:
            return same_day
        if PayoutRun.objects.filter(plan_version=same_day).exists():
            raise Refusal("plan_version_used", field="valid_from", status=409, number=same_day.number)
        # A payout run that starts now waits for the plan's row, so nobody can begin to use it in between. A new
        # number tells whoever saw the old one that it is gone.
        same_day.configuration, same_day.number, same_day.created_by = ready, highest + 1, actor
        same_day.save()
        return same_day
    return PlanVersion.objects.create(
        plan=plan, number=highest + 1, valid_from=valid_from, configuration=ready, created_by=actor
    )


def checked_configuration(configuration: Any, *, currency: str) -> dict[str, Any]:
    """The configuration in its normal form; PlanInvalid with every problem when it cannot be used."""
    ready = configurations.normal(configuration)
    found = configurations.problems(ready, currency=currency)
    if found:
        raise PlanInvalid(found)
    return ready


def _require_name(name_zh: str, name_en: str) -> None:
    if not (name_zh.strip() or name_en.strip()):
        raise Refusal("plan_name", field="name_zh")
