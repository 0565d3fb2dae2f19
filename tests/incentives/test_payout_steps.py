"""Steps are kept a row a line and read a row a step."""

from __future__ import annotations

import importlib
from decimal import Decimal as D
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction

from incentives.models import PayoutRun, PayoutStep, PayoutStepSet, PlanVersion
from incentives.services.payout_steps import StepsOf, store_steps
from incentives.steps.engine import StepAnswer
from tests.cast import Cast
from tests.incentives.world import plan_of, released_cycle

pytestmark = pytest.mark.django_db
MIGRATION = importlib.import_module("incentives.migrations.0007_step_sets")

STEPS = (
    StepAnswer(1, "target_bonus", {"note": 'a "b", {c} \\ 中', "before": "0"}, None, D("1200.0000000000")),
    StepAnswer(2, "curve", {"before": "1200"}, D("0.3333333333"), D("399.9999999600")),
    StepAnswer(3, "rounding", {"before": "399.99999996"}, None, D("0E-10")),
)


@pytest.fixture
def payout_run(cast: Cast) -> PayoutRun:
    plan = plan_of(cast)
    cycle = released_cycle(cast, {cast.agent: 100.0})
    return PayoutRun.objects.create(
        plan=plan,
        plan_version=PlanVersion.objects.get(plan=plan),
        cycle=cycle,
        result_run_id=cycle.published_run_id,
        currency="CNY",
        created_by=cast.hr,
    )


def rows() -> list[tuple[Any, ...]]:
    return list(
        PayoutStep.objects.order_by("payout_run", "employee_id", "number").values_list(
            "payout_run", "employee_id", "number", "kind", "inputs", "factor", "amount"
        )
    )


def test_a_step_is_read_digit_for_digit_as_it_was_computed(cast: Cast, payout_run: PayoutRun) -> None:
    assert store_steps(payout_run, [StepsOf(cast.agent.pk, STEPS), StepsOf(cast.peer.pk, ())]) == 1
    assert rows() == [
        (payout_run.pk, cast.agent.pk, step.number, step.kind, step.inputs, step.factor, step.amount)
        for step in STEPS
    ]
    assert PayoutStepSet.objects.count() == 1


def test_what_a_pool_adds_is_numbered_on(cast: Cast, payout_run: PayoutRun) -> None:
    store_steps(payout_run, [StepsOf(cast.agent.pk, STEPS[:1])])
    store_steps(payout_run, [StepsOf(cast.agent.pk, STEPS[1:])])
    assert [(row[2], row[3]) for row in rows()] == [(1, "target_bonus"), (2, "curve"), (3, "rounding")]


def test_a_set_is_complete_or_refused(cast: Cast, payout_run: PayoutRun) -> None:
    whole: dict[str, Any] = {
        "kinds": ["fixed", "rounding"],
        "inputs": [{}, {}],
        "factors": [None, None],
        "amounts": [D(1), D(1)],
    }
    for name in whole:
        with pytest.raises(IntegrityError, match="step_sets_complete"), transaction.atomic():
            PayoutStepSet.objects.create(
                payout_run=payout_run, employee_id=cast.agent.pk, **(whole | {name: whole[name][:1]})
            )
    assert not rows()


def test_nobody_writes_through_the_view(cast: Cast, payout_run: PayoutRun) -> None:
    store_steps(payout_run, [StepsOf(cast.agent.pk, STEPS)])
    before = rows()
    for attempt in (
        lambda: PayoutStep.objects.filter(payout_run=payout_run).update(amount=0),
        lambda: PayoutStep.objects.filter(payout_run=payout_run).delete(),
    ):
        with pytest.raises(OperationalError), transaction.atomic():
            attempt()
    assert rows() == before


def test_the_migration_keeps_every_step_on_the_way_there_and_back(cast: Cast, payout_run: PayoutRun) -> None:
    store_steps(payout_run, [StepsOf(cast.agent.pk, STEPS), StepsOf(cast.peer.pk, STEPS[:2])])
    before = rows()
    with connection.cursor() as cursor:
        cursor.execute(MIGRATION.BACKWARDS)
        assert rows() == before
        cursor.execute("SELECT count(*) FROM incentives_payoutstep WHERE id > 0")
        assert cursor.fetchone() == (5,)
        assert not PayoutStepSet.objects.exists()
        cursor.execute(MIGRATION.FORWARDS)
    assert rows() == before
    assert PayoutStepSet.objects.count() == 2
