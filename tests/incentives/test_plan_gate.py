"""A gate that asks for an open improvement plan: as of the period's last day, in words, and recomputed."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import pytest
from django.utils import translation

from incentives.models import PayoutLine
from incentives.selectors.conditions import condition_facts
from incentives.steps import configuration, engine
from incentives.steps.registry import KINDS
from people.models import User
from reviews.models import ImprovementPlan, PlanObjection, PlanTerms, TermsSettlement
from tests.cast import Cast
from tests.incentives.world import OCTOBER, computed, plan_of, released_cycle

pytestmark = pytest.mark.django_db
GATE = {
    "kind": "gate",
    "input": "condition:open_plan",
    "condition": "at_most",
    "limit": "0",
    "otherwise": "0.5",
}
STEPS = [{"kind": "fixed", "value": "1000"}, GATE, {"kind": "rounding"}]
DAY = datetime.timedelta(days=1)


def plan_for(
    user: User,
    cast: Cast,
    *,
    stands_from: datetime.date | None = None,
    object_until: datetime.date = OCTOBER[0],
    closed_on: datetime.date | None = None,
    kind: str = "improvement",
    objected: bool = False,
) -> None:
    plan = ImprovementPlan.objects.create(
        employee=user,
        kind=kind,
        owner=cast.manager,
        opened_by=cast.manager,
        evidence=[{}],
        closed_on=closed_on,
    )
    terms = PlanTerms.objects.create(
        plan=plan, number=1, content={}, served_by=cast.manager, object_until=object_until
    )
    if stands_from:
        TermsSettlement.objects.create(terms=terms, verdict="agreed", stands_from=stands_from)
    if objected:
        PlanObjection.objects.create(terms=terms, text="No", created_by=user)


def test_what_is_open_on_the_last_day(cast: Cast) -> None:
    last = OCTOBER[1]
    plan_for(cast.agent, cast, stands_from=last)
    plan_for(cast.peer, cast, stands_from=last + DAY)
    plan_for(cast.outsider, cast, stands_from=OCTOBER[0], closed_on=last)
    plan_for(cast.mover, cast, stands_from=OCTOBER[0], closed_on=last + DAY)
    plan_for(cast.remote, cast, object_until=last - DAY)  # nobody objected
    plan_for(cast.leaver, cast, object_until=last)  # could still object on that day
    plan_for(cast.director, cast, objected=True)
    plan_for(cast.manager, cast, stands_from=OCTOBER[0], kind="development")
    everybody = [each.pk for each in cast.employees]
    payout = computed(
        cast, plan_of(cast, {"steps": STEPS}), released_cycle(cast, {cast.agent: 90.0, cast.peer: 90.0})
    )
    facts = condition_facts(payout, everybody, {"condition:open_plan"})
    having = {pk for pk, found in facts.items() if found["condition:open_plan"] == 1}
    assert cast.names(having) == {"agent", "mover", "remote"}
    assert all(found["condition:open_plan"] in (0, 1) for found in facts.values())  # never missing
    amounts = {line.employee_id: line.amount for line in PayoutLine.objects.filter(payout_run=payout)}
    assert amounts == {cast.agent.pk: Decimal("500.00"), cast.peer.pk: Decimal("1000.00")}


def test_the_gate_in_words_and_recomputed() -> None:
    document = configuration.normal({"steps": STEPS})
    assert not list(configuration.problems(document, currency="CNY"))

    def said(found: float, language: str, gate: dict[str, Any] = GATE) -> str:
        with translation.override(language):
            line = engine.apply(
                configuration.normal({"steps": [STEPS[0], gate, STEPS[2]]})["steps"],
                {"condition:open_plan": found},
            )
            step = line.steps[1]
            assert engine.recompute(step.kind, step.inputs) == step.amount
            return str(engine.sentence(step.kind, step.inputs, step.factor, step.amount, "CNY"))

    none = "no improvement plan was open on the last day of the period"
    assert said(0.0, "en") == f"gate “{none}” met"
    assert said(1.0, "en") == f"× 0.50 because gate “{none}” was not met"
    assert "没有进行中的绩效改进计划" in said(1.0, "zh-hans")
    some = {**GATE, "condition": "at_least", "limit": "1"}
    assert said(1.0, "en", some) == "gate “an improvement plan was open on the last day of the period” met"
    odd = {**GATE, "limit": "3"}  # always met: said as any other number
    assert "≤ 3" in said(1.0, "en", odd)
    with translation.override("en"):
        words = KINDS["gate"].describe(document["steps"][1], "CNY")
    assert words == f"Unless {none}, only 50% is paid."


def test_the_form_offers_it(cast: Cast) -> None:
    from incentives.forms.plans import source_choices

    assert "condition:open_plan" in dict(source_choices())
