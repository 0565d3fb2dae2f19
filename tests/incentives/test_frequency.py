"""When a plan pays: every cycle, only a month's or a quarter's, or at once; and what is offered as ready to pay."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from foundation.documents import Problems, read_document, write_document
from foundation.refusals import Refusal
from incentives.models import IncentivePlan, PayoutRun, PlanVersion
from incentives.selectors.payout_runs import ready_to_pay
from incentives.services import payout_runs
from incentives.services.configuration import dump_incentive_plans, load_incentive_plans
from incentives.steps import configuration
from incentives.tasks import pay_at_once
from reviews.models import Cycle
from tests.cast import Cast
from tests.incentives.world import (
    CONFIGURATION,
    SEPTEMBER,
    approved,
    computed,
    crowd,
    plan_of,
    released_cycle,
)

pytestmark = pytest.mark.django_db
QUARTER = (datetime.date(2025, 7, 1), datetime.date(2025, 9, 30))


def paying(frequency: str) -> dict[str, Any]:
    return {**CONFIGURATION, "frequency": frequency}


def test_a_monthly_and_a_quarterly_plan_each_pay_their_own(cast: Cast) -> None:
    month = released_cycle(cast, {cast.agent: 100.0})
    quarter = released_cycle(cast, {cast.agent: 100.0}, code="q3", period=QUARTER)
    monthly = plan_of(cast, paying("month"))
    quarterly = plan_of(cast, paying("quarter"), code="quarterly")
    every = plan_of(cast, code="every")
    assert ready_to_pay(cast.hr) == [(every, month), (monthly, month), (every, quarter), (quarterly, quarter)]
    with pytest.raises(Refusal) as caught:
        payout_runs.create_payout_run(actor=cast.hr, plan=quarterly, cycle=month)
    assert (caught.value.code, caught.value.params["days"]) == ("payout_frequency", 31)
    assert not PayoutRun.objects.exists()


def test_only_what_could_be_computed_is_offered(cast: Cast) -> None:
    cycle = released_cycle(cast, {cast.agent: 100.0})
    kpi = {"steps": [{"kind": "rate", "input": "value:sales", "rate": "1"}, {"kind": "rounding"}]}
    plan_of(cast, kpi, code="sales")
    plan_of(cast, {**CONFIGURATION, "eligibility": {"jobs": ["leader-of-nobody"]}}, code="leaders")
    PlanVersion.objects.filter(plan=plan_of(cast, code="later")).update(valid_from=datetime.date(2026, 1, 1))
    fits = plan_of(cast)
    assert ready_to_pay(cast.hr) == [(fits, cycle)]
    assert ready_to_pay(cast.manager) == []
    approved(cast, computed(cast, fits, cycle))
    assert ready_to_pay(cast.hr) == []


def test_at_once_computes_for_whoever_released_and_a_second_person_approves(cast: Cast) -> None:
    plan_of(cast, paying("release"))
    plan_of(cast, code="by-hand")
    cycle = released_cycle(cast, {cast.agent: 100.0})
    Cycle.objects.filter(pk=cycle.pk).update(released_by=cast.hr)
    pay_at_once(cycle.pk)
    pay_at_once(cycle.pk)  # the same news twice
    made = PayoutRun.objects.get()
    assert (made.plan.code, made.created_by) == ("monthly", cast.hr)
    with pytest.raises(Refusal) as caught:
        payout_runs.approve_payout(actor=cast.hr, payout_run=made, seen_digest="x")
    assert caught.value.code == "payout_not_computed"


def test_at_once_leaves_what_cannot_be_computed(cast: Cast) -> None:
    kpi = {
        "frequency": "release",
        "steps": [{"kind": "rate", "input": "value:sales", "rate": "1"}, {"kind": "rounding"}],
    }
    plan_of(cast, kpi)
    cycle = released_cycle(cast, {cast.agent: 100.0})
    pay_at_once(cycle.pk)
    Cycle.objects.filter(pk=cycle.pk).update(released_by=cast.hr)
    pay_at_once(cycle.pk)
    pay_at_once(987654)
    assert not PayoutRun.objects.exists()


def test_an_unknown_frequency_is_refused() -> None:
    found = configuration.problems(configuration.normal(paying("daily")), currency="CNY")
    assert [(problem.place, problem.code) for problem in found] == [("frequency", "step_choice")]


def test_frequency_in_a_file_and_in_the_composer(cast: Cast, client: Client) -> None:
    plan_of(cast, paying("quarter"))
    first = write_document({"incentive_plans": dump_incentive_plans()})
    assert b"frequency: quarter" in first if isinstance(first, bytes) else "frequency: quarter" in first
    PlanVersion.objects.all().delete()
    IncentivePlan.objects.all().delete()
    problems = Problems()
    load_incentive_plans(
        read_document(first)["incentive_plans"], actor=cast.hr, problems=problems, path=("incentive_plans",)
    )
    assert not problems
    assert write_document({"incentive_plans": dump_incentive_plans()}) == first
    client.force_login(cast.hr)
    page = client.get(
        reverse("incentives:plan_edit", args=["monthly"]), headers={"Accept-Language": "en"}
    ).content.decode()
    assert '<option value="quarter" selected>' in page


def test_the_comparison_is_with_a_period_of_the_same_length_and_the_same_people(cast: Cast) -> None:
    plan = plan_of(cast)
    quarter = released_cycle(
        cast,
        {cast.agent: 150.0, cast.peer: 150.0},
        code="q2",
        period=(datetime.date(2025, 4, 1), datetime.date(2025, 6, 30)),
    )
    september = released_cycle(
        cast, {cast.agent: 100.0, cast.outsider: 100.0}, code="2025-09", period=SEPTEMBER
    )
    approved(cast, computed(cast, plan, quarter))
    first = computed(cast, plan, september)
    assert first.summary["previous"] == {}  # a quarter is no measure of a month
    approved(cast, first)
    run = computed(cast, plan, released_cycle(cast, {cast.agent: 110.0, cast.peer: 100.0}))
    previous = run.summary["previous"]
    assert (previous["cycle"], previous["both"], previous["new"], previous["gone"]) == ("2025-09", 1, 1, 1)
    assert (previous["before"], previous["now"]) == ("1200.00", "1440.00")


@pytest.mark.parametrize("size", [1, 8])
def test_the_list_asks_as_often_for_many_plans(
    cast: Cast, client: Client, size: int, django_assert_max_num_queries: Any
) -> None:
    released_cycle(cast, crowd(cast, 3))
    for number in range(size):
        plan_of(cast, code=f"plan-{number}")
    client.force_login(cast.hr)
    with django_assert_max_num_queries(15):
        client.get(reverse("incentives:payout_runs"))
