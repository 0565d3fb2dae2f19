"""Pools: funded by a rule, split to the cent, kept for everybody else when a cycle is corrected."""

from __future__ import annotations

from decimal import Decimal as D
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.translation import override
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foundation.documents import Problems, read_document, write_document
from incentives.models import IncentivePlan, PayoutLine, PayoutPool, PayoutStep, PlanVersion
from incentives.services import payout_runs
from incentives.services.configuration import dump_incentive_plans, load_incentive_plans
from incentives.steps import configuration, engine, pools
from people.models import Compensation
from tests.cast import Cast
from tests.incentives.world import (
    amounts,
    approved,
    computed,
    crowd,
    plan_of,
    released_cycle,
    republish,
    worked,
)

BASE = {"per": "run", "funding": "fixed", "amount": "100", "reserve": "0", "quantum": "0.01"}


def pooled(*before: dict[str, Any], rounding: dict[str, Any] | None = None, **pool: Any) -> dict[str, Any]:
    return {
        "steps": [
            *before,
            {"kind": "pool", "funding": "fixed", "amount": "1000", **pool},
            {"kind": "rounding", **(rounding or {})},
        ]
    }


EVENLY = {"kind": "claim", "by": "evenly"}
BY_SCORE = {"kind": "claim", "by": "points", "input": "score"}


# The arithmetic -------------------------------------------------------------------------------------------------------


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    claims=st.lists(st.decimals(0, 100_000, places=4), min_size=1, max_size=30),
    amount=st.decimals(0, 1_000_000, places=2),
    cap=st.none() | st.decimals("0.01", 50_000, places=2),
    reserve=st.sampled_from(["0", "0.1", "0.25", "0.333"]),
    quantum=st.sampled_from(["0.01", "0.1", "1", "10"]),
)
def test_shares_add_up_and_each_recomputes_alone(
    claims: list[D], amount: D, cap: D | None, reserve: str, quantum: str
) -> None:
    inputs = {**BASE, "amount": str(amount), "reserve": reserve, "quantum": quantum}
    if cap is not None:
        inputs["cap"] = str(cap)
    common, shares, extras = pools.split(claims, inputs)
    left = pools.net_of(common) - sum(shares)
    assert left >= 0
    if left and any(claims):
        assert cap is not None
        assert all(
            share == pools.cap_of(common) for claim, share in zip(claims, shares, strict=True) if claim > 0
        )
    for claim, share, extra in zip(claims, shares, extras, strict=True):
        stored = {**common, "extra": extra, "before": str(claim)}
        assert engine.recompute("pool", stored) == share
        assert share % D(quantum) == 0
        assert cap is None or share <= cap


def test_published_pool_with_a_reserve() -> None:
    # brainmass.com 339293: 10 % of 4,000,000, a quarter of it held back
    inputs = {
        "per": "run",
        "funding": "measure",
        "share": "0.1",
        "input": "value:sales",
        "measured": "4000000",
        "measured_people": "8",
        "reserve": "0.25",
        "quantum": "0.01",
    }
    assert (pools.gross_of(inputs), pools.net_of(inputs)) == (D(400000), D(300000))
    by_attainment = {**BASE, "funding": "attainment", "amount": "500000", "measured": "80", "reserve": "0.25"}
    assert pools.net_of(by_attainment) == D(300000)


def test_the_excess_over_a_cap_is_redistributed_until_nothing_moves() -> None:
    common, shares, _extras = pools.split([D(5), D(3), D(2)], {**BASE, "cap": "40"})
    assert shares == [D(40), D("36.00"), D("24.00")]
    assert (common["capped"], common["capped_amount"]) == ("1", "40")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"least": "10", "most": "5"}, "cap_below_floor"),
        ({"amount": "-1"}, "step_out_of_range_open"),
        ({"cap": "0"}, "step_out_of_range_open"),
        ({"reserve": "1"}, "step_out_of_range"),
        ({"funding": "measure", "input": "score", "share": "0.1", "amount": None}, "step_source_value"),
        ({"funding": "attainment", "input": "value:sales"}, "pool_source_attainment"),
        ({"funding": "measure"}, "step_unknown_key"),
    ],
)
def test_a_pool_that_cannot_be_is_refused(change: dict[str, Any], code: str) -> None:
    found = configuration.problems(configuration.normal(pooled(EVENLY, **change)), currency="CNY")
    assert code in [problem.code for problem in found]


def test_a_pool_stands_before_the_rounding_and_a_claim_needs_one() -> None:
    def codes(*steps: dict[str, Any]) -> list[str]:
        found = configuration.problems(configuration.normal({"steps": list(steps)}), currency="CNY")
        return [problem.code for problem in found]

    pool = {"kind": "pool", "funding": "fixed", "amount": "10"}
    rounding = {"kind": "rounding"}
    assert codes(EVENLY, pool, {"kind": "limits", "cap": "5"}, rounding) == ["pool_place"]
    assert codes(EVENLY, pool, pool, rounding) == ["pool_place"]
    assert codes(pool, rounding) == ["plan_pays_nothing"]
    assert codes(EVENLY, rounding) == ["claim_without_pool"]
    assert codes(EVENLY, pool, rounding) == []


# Runs -----------------------------------------------------------------------------------------------------------------

pytestmark = pytest.mark.django_db


def recomputes(payout_run: Any) -> None:
    """Every stored step from its own inputs, and the last one is the line's amount."""
    last: dict[int, D] = {}
    for step in PayoutStep.objects.filter(payout_run=payout_run).order_by("employee_id", "number"):
        assert engine.recompute(step.kind, step.inputs) == step.amount, (step.kind, step.inputs)
        last[step.employee_id] = step.amount
    for line in PayoutLine.objects.filter(payout_run=payout_run, status__in=["payable", "undecided"]):
        assert last[line.employee_id] == line.amount


def test_one_pool_for_everybody_adds_up_to_the_cent(cast: Cast) -> None:
    scores = {cast.agent: 90.0, cast.peer: 110.0, cast.outsider: 100.0}
    run = computed(cast, plan_of(cast, pooled(BY_SCORE, amount="1000.01")), released_cycle(cast, scores))
    assert run.state == "computed"
    assert amounts(run) == {
        cast.agent.pk: D("300.00"),
        cast.peer.pk: D("366.67"),
        cast.outsider.pk: D("333.34"),
    }
    assert run.total == D("1000.01")
    recomputes(run)
    pool = PayoutPool.objects.get(payout_run=run)
    assert (pool.gross, pool.net, pool.people, pool.distributed, pool.left) == (
        D("1000.01"),
        D("1000.01"),
        3,
        D("1000.01"),
        D(0),
    )


def test_score_times_salary_with_a_gate_before_and_a_cap(cast: Cast) -> None:
    Compensation.objects.filter(user=cast.peer).update(salary=D("20000.00"))
    Compensation.objects.filter(user__in=[cast.agent, cast.outsider]).update(salary=D("10000.00"))
    lines = {
        cast.agent: {"complaints": (1.0, 1.0)},
        cast.peer: {"complaints": (0.0, 1.0)},
        cast.outsider: {"complaints": (9.0, 1.0)},
    }
    cycle = released_cycle(cast, {cast.agent: 100.0, cast.peer: 100.0, cast.outsider: 100.0}, lines=lines)
    gate = {"kind": "gate", "input": "value:complaints", "condition": "at_most", "limit": "3"}
    plan = plan_of(cast, pooled({"kind": "claim", "by": "score_salary"}, gate, amount="3000", cap="1200"))
    run = computed(cast, plan, cycle)
    # 1 : 2 of 3,000 would be 1,000 and 2,000; the cap holds the second and hands its excess on, up to the cap.
    assert amounts(run) == {cast.agent.pk: D(1200), cast.peer.pk: D(1200), cast.outsider.pk: D(0)}
    pool = PayoutPool.objects.get(payout_run=run)
    assert (pool.people, pool.capped, pool.distributed, pool.left) == (2, 2, D(2400), D(600))
    recomputes(run)


def test_each_team_has_its_own_pool_funded_by_its_attainment(cast: Cast) -> None:
    scores = {cast.agent: 90.0, cast.peer: 110.0, cast.outsider: 50.0}
    plan = plan_of(cast, pooled(EVENLY, per="team", funding="attainment", input="score", amount="1000"))
    run = computed(cast, plan, released_cycle(cast, scores))
    assert amounts(run) == {cast.agent.pk: D(500), cast.peer.pk: D(500), cast.outsider.pk: D(500)}
    found = {pool.team.code: (pool.gross, pool.people) for pool in PayoutPool.objects.filter(payout_run=run)}
    assert found == {cast.blue.code: (D(1000), 2), cast.green.code: (D(500), 1)}
    recomputes(run)


def test_a_team_cap_and_a_team_floor_over_ordinary_bonuses(cast: Cast) -> None:
    bonus = {"kind": "target_bonus", "basis": "amount", "amounts": {"default": "1000"}}
    plan = plan_of(cast, pooled(bonus, per="team", funding="claims", amount=None, least="1200", most="1500"))
    run = computed(cast, plan, released_cycle(cast, {cast.agent: 90.0, cast.peer: 90.0, cast.outsider: 90.0}))
    # Blue's two bonuses are held to 1,500 together; green's single one is lifted to 1,200.
    assert amounts(run) == {cast.agent.pk: D(750), cast.peer.pk: D(750), cast.outsider.pk: D(1200)}
    recomputes(run)


def test_a_share_of_a_measure_counts_everybody_who_has_it(cast: Cast) -> None:
    lines = {cast.agent: {"sales": (30000.0, 1.0)}, cast.peer: {"sales": (10000.5, 1.0)}}
    cycle = released_cycle(cast, {cast.agent: 100.0, cast.peer: 100.0}, lines=lines, days={cast.peer: 0})
    plan = plan_of(
        cast, pooled(EVENLY, funding="measure", input="value:sales", share="0.1", amount=None, reserve="0.25")
    )
    run = computed(cast, plan, cycle)
    pool = PayoutPool.objects.get(payout_run=run)
    assert (pool.gross, pool.net, pool.people) == (D("4000.05"), D("3000.03"), 1)
    assert amounts(run) == {cast.agent.pk: D("3000.03"), cast.peer.pk: D(0)}
    recomputes(run)


def test_nobody_eligible_is_said_and_pays_nothing(cast: Cast, client: Client) -> None:
    plan = plan_of(cast, pooled(BY_SCORE))
    run = computed(cast, plan, released_cycle(cast, {cast.agent: 0.0, cast.peer: 0.0}))
    pool = PayoutPool.objects.get(payout_run=run)
    assert (run.state, run.total, pool.people, pool.left) == ("computed", D(0), 0, D(1000))
    client.force_login(cast.hr)
    with override("en"):
        page = client.get(reverse("incentives:payout_run", args=[run.pk]), headers={"Accept-Language": "en"})
    assert "Nobody has a claim" in page.content.decode()


def test_a_negative_pool_stops_the_run_in_words(cast: Cast) -> None:
    cycle = released_cycle(cast, {cast.agent: 100.0}, lines={cast.agent: {"sales": (-500.0, 0.0)}})
    plan = plan_of(cast, pooled(EVENLY, funding="measure", input="value:sales", share="0.1", amount=None))
    run = computed(cast, plan, cycle)
    assert run.state == "failed"
    assert not PayoutPool.objects.filter(payout_run=run).exists()
    assert run.run.error_code == "pool_negative"
    floor = plan_of(
        cast,
        pooled(EVENLY, funding="measure", input="value:sales", share="0.1", amount=None, least="0"),
        code="floored",
    )
    assert computed(cast, floor, cycle).total == D(0)


def test_two_currencies_never_share_a_pool(cast: Cast) -> None:
    Compensation.objects.filter(user=cast.peer).update(currency="USD")
    run = computed(
        cast, plan_of(cast, pooled(EVENLY)), released_cycle(cast, {cast.agent: 90.0, cast.peer: 90.0})
    )
    assert amounts(run) == {cast.agent.pk: D(1000), cast.peer.pk: D(0)}
    assert run.payout_lines.get(employee=cast.peer).reason_code == "other_currency"


def test_a_leaver_keeps_a_place_in_the_split_until_it_is_decided(cast: Cast) -> None:
    run = computed(
        cast, plan_of(cast, pooled(EVENLY)), released_cycle(cast, {cast.agent: 90.0, cast.leaver: 90.0})
    )
    assert amounts(run) == {cast.agent.pk: D(500), cast.leaver.pk: D(500)}
    payout_runs.decide_line(
        actor=cast.hr,
        payout_run=run,
        employee=cast.leaver,
        decision="withhold",
        reason="Left before the split",
    )
    run.refresh_from_db()
    assert run.total == D(500)


def test_an_appeal_is_paid_from_the_reserve_and_nobody_else_moves(cast: Cast) -> None:
    scores = {cast.agent: 80.0, cast.peer: 120.0, cast.outsider: 100.0}
    cycle = released_cycle(cast, scores)
    plan = plan_of(cast, pooled(BY_SCORE, amount="4000", reserve="0.25"))
    first = approved(cast, computed(cast, plan, cycle))
    before = amounts(first)
    republish(cycle, {cast.agent.pk: 100.0})
    correction = worked(
        payout_runs.correct_payout(actor=cast.hr, plan=plan, cycle=cycle, reason="Appeal accepted")
    )
    after = amounts(correction)
    # 3,000 over 300 points: ten a point; twenty points more are 200 from the reserve of 1,000.
    assert after == {**before, cast.agent.pk: D(1000)}
    assert correction.total == D(200)
    pool = PayoutPool.objects.get(payout_run=correction)
    assert (pool.gross, pool.net, pool.distributed, pool.left) == (D(4000), D(3000), D(3200), D(800))
    recomputes(correction)
    approved(cast, correction)
    again = worked(
        payout_runs.correct_payout(actor=cast.hr, plan=plan, cycle=cycle, reason="Looked at again")
    )
    assert again.total == D(0)
    assert amounts(again) == after


def test_what_the_reserve_cannot_bear_is_said_before_approval(cast: Cast, client: Client) -> None:
    cycle = released_cycle(cast, {cast.agent: 80.0, cast.peer: 120.0})
    plan = plan_of(cast, pooled(BY_SCORE, amount="2000"))
    approved(cast, computed(cast, plan, cycle))
    republish(cycle, {cast.agent.pk: 100.0})
    correction = worked(payout_runs.correct_payout(actor=cast.hr, plan=plan, cycle=cycle, reason="Appeal"))
    assert (correction.total, PayoutPool.objects.get(payout_run=correction).left) == (D(200), D(-200))
    client.force_login(cast.payroll)
    page = client.get(
        reverse("incentives:payout_run", args=[correction.pk]), headers={"Accept-Language": "en"}
    )
    assert "The reserve falls short by" in page.content.decode()


def test_the_statement_names_others_only_as_totals_and_prices_no_point(cast: Cast, client: Client) -> None:
    scores = {cast.agent: 80.0, cast.peer: 120.0}
    run = approved(
        cast, computed(cast, plan_of(cast, pooled(BY_SCORE, reserve="0.1")), released_cycle(cast, scores))
    )
    client.force_login(cast.agent)
    page = client.get(reverse("incentives:statement"), headers={"Accept-Language": "en"}).content.decode()
    assert "Pool: 1,000.00. Less 10% reserve: 900.00." in page
    assert "Own share: 80 of all 200 points of 2 people." in page
    assert cast.peer.name not in page
    assert "One more point" not in page
    line = run.payout_lines.get(employee=cast.agent)
    answer = client.get(f"/api/v1/statements/{line.pk}/").json()
    assert answer["one_more_point"] is None
    step = answer["steps"][-2]
    assert (step["kind"], step["inputs"]["claims"], step["inputs"]["people"]) == ("pool", "200", "2")
    client.force_login(cast.hr)
    detail = client.get(f"/api/v1/payout-runs/{run.pk}/").json()
    assert [(pool["net"], pool["distributed"], pool["left"]) for pool in detail["pools"]] == [
        ("900.00", "900.00", "100.00")
    ]


def test_the_pools_of_an_approved_run_are_final(cast: Cast) -> None:
    from django.db import DatabaseError, transaction

    run = approved(
        cast, computed(cast, plan_of(cast, pooled(EVENLY)), released_cycle(cast, {cast.agent: 90.0}))
    )
    with pytest.raises(DatabaseError, match="final"), transaction.atomic():
        PayoutPool.objects.filter(payout_run=run).update(left=D(1), distributed=D(999))
    assert PayoutPool.objects.get(payout_run=run).left == D(0)


def test_a_pool_plan_as_a_file_comes_back_alike(cast: Cast) -> None:
    plan_of(
        cast,
        pooled(
            BY_SCORE, per="team", funding="attainment", input="score", least="10", cap="50", reserve="0.1"
        ),
    )
    first = write_document({"incentive_plans": dump_incentive_plans()})
    PlanVersion.objects.all().delete()
    IncentivePlan.objects.all().delete()
    problems = Problems()
    load_incentive_plans(
        read_document(first)["incentive_plans"], actor=cast.hr, problems=problems, path=("incentive_plans",)
    )
    assert not problems
    assert write_document({"incentive_plans": dump_incentive_plans()}) == first


def test_a_pool_plan_is_composed_and_previewed_in_the_browser(cast: Cast, client: Client) -> None:
    client.force_login(cast.hr)
    posted = {
        "action": "save",
        "code": "pooled",
        "name_en": "Team pool",
        "currency": "CNY",
        "valid_from": "2025-01-01",
        "minimum_days": "1",
        "steps-count": "3",
        "steps-0-kind": "claim",
        "steps-0-by": "score_salary",
        "steps-1-kind": "pool",
        "steps-1-per": "team",
        "steps-1-funding": "fixed",
        "steps-1-amount": "50000",
        "steps-1-reserve": "10",
        "steps-2-kind": "rounding",
        "steps-2-quantum": "0.01",
        "steps-2-mode": "half_up",
    }
    preview = client.post(
        reverse("incentives:plan_preview"), posted, headers={"Accept-Language": "en"}
    ).content.decode()
    assert "What claim would it give?" in preview
    assert client.post(reverse("incentives:plan_new"), posted).status_code == 302
    stored = PlanVersion.objects.get(plan__code="pooled").configuration["steps"][1]
    assert stored == {"kind": "pool", "per": "team", "funding": "fixed", "amount": "50000", "reserve": "0.1"}
    page = client.get(
        reverse("incentives:plan", args=["pooled"]), headers={"Accept-Language": "en"}
    ).content.decode()
    assert "Each team has its own." in page


@pytest.mark.parametrize("size", [10, 40])
def test_the_page_asks_as_often_for_many_as_for_few(
    cast: Cast, client: Client, size: int, django_assert_max_num_queries: Any
) -> None:
    run = computed(cast, plan_of(cast, pooled(EVENLY, per="team")), released_cycle(cast, crowd(cast, size)))
    client.force_login(cast.hr)
    with django_assert_max_num_queries(32):
        client.get(reverse("incentives:payout_run", args=[run.pk]))
