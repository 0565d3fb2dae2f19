"""Kinds of step: published cases, sentences, and every answer computed again from its own inputs."""

from __future__ import annotations

from decimal import Decimal as D
from typing import Any

import pytest
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from incentives.steps import configuration, engine, registry

BONUS = {"kind": "target_bonus", "basis": "amount", "amounts": {"default": "10000"}}
CURVE = {"kind": "curve", "threshold": "70", "accelerator": "2", "cap": "2.0"}
ROUNDING = {"kind": "rounding"}


def ready(*steps: dict[str, Any], currency: str = "CNY") -> list[dict[str, Any]]:
    found = configuration.normal({"steps": list(steps)})
    assert configuration.problems(found, currency=currency) == []
    return found["steps"]


def pays(steps: list[dict[str, Any]], **facts: Any) -> D:
    return engine.apply(steps, facts).amount


@pytest.mark.parametrize(
    ("score", "amount"),
    [
        pytest.param(69.999999, D(0), id="just below the threshold pays nothing"),
        pytest.param(70.0, D(0), id="on the threshold the line begins at zero"),
        pytest.param(85.0, D(5000), id="85 % of target pays half"),
        pytest.param(100.0, D(10000), id="target pays the target bonus"),
        pytest.param(120.0, D(14000), id="120 % of target pays 140 %"),
        pytest.param(150.0, D(20000), id="where the cap is reached"),
        pytest.param(400.0, D(20000), id="far above the cap"),
    ],
)
def test_published_payout_curve(score: float, amount: D) -> None:
    # bonuspaycalc.com, "Bonus payout curve explained": threshold 70 %, accelerator 2, cap 200 %, target 10,000
    assert pays(ready(BONUS, CURVE, ROUNDING), score=score) == amount


@pytest.mark.parametrize(
    ("tiers", "mode", "quantity", "amount"),
    [
        pytest.param(
            [["0", "0.05"], ["100000", "0.06"], ["125000", "0.07"]],
            "marginal",
            150000.0,
            D(8250),
            id="accelerator",
        ),
        pytest.param(
            [["0", "20"], ["20", "30"]], "marginal", 29.0, D(670), id="each file at the rate of its tier"
        ),
        pytest.param(
            [["0", "20"], ["20", "30"]], "retroactive", 29.0, D(870), id="all files at the rate reached"
        ),
        pytest.param(
            [["0", "20"], ["20", "30"]], "retroactive", 20.0, D(600), id="a tier begins at its own edge"
        ),
    ],
)
def test_published_tiers(tiers: list[list[str]], mode: str, quantity: float, amount: D) -> None:
    steps = ready({"kind": "tiers", "input": "value:files", "mode": mode, "tiers": tiers}, ROUNDING)
    assert pays(steps, **{"value:files": quantity}) == amount


@pytest.mark.parametrize(
    ("value", "score", "rounding", "amount"),
    [
        pytest.param("3000", 80.0, {"mode": "down"}, D(1000), id="a third, rounded down"),
        pytest.param("3000", 90.0, {"mode": "up"}, D(2000), id="two thirds, rounded up"),
        pytest.param(
            "1501.5", 80.0, {"mode": "half_up", "quantum": "1"}, D(501), id="a third is a half yuan"
        ),
    ],
)
def test_a_multiplier_without_end_pays_the_exact_share(
    value: str, score: float, rounding: dict[str, str], amount: D
) -> None:
    steps = ready({"kind": "fixed", "value": value}, CURVE, {**ROUNDING, **rounding})
    line = engine.apply(steps, {"score": score})
    assert line.amount == amount
    assert all(engine.recompute(step.kind, step.inputs) == step.amount for step in line.steps)


def test_proration_is_exact_and_rounded_only_at_the_end() -> None:
    # salary.com prints 5,040 with a factor rounded to .252; exactly it is 20,000 x 92 / 365 = 5,041.0958...
    steps = ready({"kind": "fixed", "value": "20000"}, {"kind": "proration"}, ROUNDING)
    assert pays(steps, days_in_role=92, days_in_period=365) == D("5041.10")


@pytest.mark.parametrize(
    ("otherwise", "found", "amount"),
    [
        pytest.param("0", 3.0, D(10000), id="at most three: three is met"),
        pytest.param("0", 4.0, D(0), id="four voids"),
        pytest.param("0.5", 4.0, D(5000), id="four halves"),
    ],
)
def test_gate(otherwise: str, found: float, amount: D) -> None:
    gate = {
        "kind": "gate",
        "input": "value:complaints",
        "condition": "at_most",
        "limit": "3",
        "otherwise": otherwise,
    }
    assert pays(ready(BONUS, gate, ROUNDING), **{"value:complaints": found}) == amount


def test_deduction_stops_at_zero() -> None:
    steps = ready(
        {"kind": "fixed", "value": "100"},
        {"kind": "deduction", "input": "value:errors", "rate": "30", "free": "1"},
        ROUNDING,
    )
    assert pays(steps, **{"value:errors": 3.0}) == D(40)
    assert pays(steps, **{"value:errors": 50.0}) == D(0)
    assert pays(steps, **{"value:errors": 1.0}) == D(100)


def test_floor_does_not_lift_a_voided_bonus() -> None:
    steps = ready(BONUS, CURVE, {"kind": "limits", "floor": "500", "cap": "12000"}, ROUNDING)
    assert pays(steps, score=60.0) == D(0)
    assert pays(steps, score=70.3) == D(500)
    assert pays(steps, score=140.0) == D(12000)


@pytest.mark.parametrize(
    ("mode", "amount", "expected"),
    [
        pytest.param("half_up", "0.005", D("0.01"), id="half up"),
        pytest.param("half_even", "0.005", D("0.00"), id="half to even"),
        pytest.param("down", "0.019", D("0.01"), id="down"),
        pytest.param("up", "0.011", D("0.02"), id="up"),
    ],
)
def test_rounding_modes(mode: str, amount: str, expected: D) -> None:
    steps = ready({"kind": "fixed", "value": amount}, {"kind": "rounding", "mode": mode})
    assert pays(steps) == expected


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        pytest.param({"score": 90.0, "salary": None}, "no_salary", id="no salary"),
        pytest.param({"score": None, "salary": D(1)}, "no_score", id="no score"),
        pytest.param({"score": float("nan"), "salary": D(1)}, "no_score", id="a score that is not a number"),
        pytest.param({"score": 90.0, "salary": D("9" * 12)}, "amount_too_large", id="a salary typed wrong"),
    ],
)
def test_what_is_missing_is_named_and_pays_nothing(facts: dict[str, Any], code: str) -> None:
    bonus = {"kind": "target_bonus", "basis": "salary_share", "share": "10"}
    answer = engine.apply(ready(bonus, CURVE, ROUNDING), facts)
    assert (answer.missing, answer.amount, answer.steps) == (code, D(0), ())


def test_job_without_an_amount_is_missing() -> None:
    steps = ready({"kind": "target_bonus", "basis": "amount", "amounts": {"agent": "100"}}, ROUNDING)
    assert pays(steps, job_code="agent") == D(100)
    assert engine.apply(steps, {"job_code": "leader"}).missing == "no_amount_for_job"


def test_sentences_in_both_languages() -> None:
    steps = ready(
        {"kind": "target_bonus", "basis": "salary_share", "share": "0.20"},
        CURVE,
        {"kind": "proration"},
        ROUNDING,
    )
    answer = engine.apply(
        steps, {"salary": D("15000.00"), "score": 106.0, "days_in_role": 15, "days_in_period": 31}
    )

    def sentences() -> list[str]:
        return [
            engine.sentence(step.kind, step.inputs, step.factor, step.amount, "CNY") for step in answer.steps
        ]

    with override("en"):
        assert sentences() == [
            "target bonus 3,000.00 (20% of 15,000.00)",
            "× 1.12 because score 106 lies between 100 and 150",
            "prorated 15 of 31 days",
            "rounded half up to 0.01",
        ]
        assert configuration.describe({"steps": steps}, currency="CNY")[0] == (
            "The target bonus is 20% of the monthly salary."
        )
    with override("zh-hans"):
        found = sentences()
        assert "3,000.00" in found[0]
        assert "106" in found[1]
        assert not any("because" in each or "prorated" in each for each in found)


def test_one_more_point_by_the_same_rules() -> None:
    answer = engine.apply(ready(BONUS, CURVE, ROUNDING), {"score": 106.0})
    rows = [(step.kind, step.inputs) for step in answer.steps]
    assert engine.with_points(rows, D(1)) == D("11400.00")
    assert engine.with_points(rows, D(0)) == answer.amount


def test_one_more_point_is_not_offered_where_the_score_does_not_enter() -> None:
    answer = engine.apply(ready({"kind": "fixed", "value": "100"}, ROUNDING), {})
    assert engine.with_points([(step.kind, step.inputs) for step in answer.steps], D(1)) is None


decimals = st.decimals(min_value=0, max_value=500, places=6, allow_nan=False, allow_infinity=False)
salaries = st.decimals(min_value=0, max_value=1_000_000, places=2, allow_nan=False, allow_infinity=False)


@given(
    score=decimals,
    salary=salaries,
    threshold=st.integers(0, 99),
    accelerator=st.integers(1, 90),
    cap=st.integers(1, 5),
    at_threshold=st.integers(0, 10),
    days=st.integers(1, 31),
    mode=st.sampled_from(["half_up", "half_even", "down", "up"]),
)
def test_every_step_recomputes_and_the_curve_never_falls(
    score: D,
    salary: D,
    threshold: int,
    accelerator: int,
    cap: int,
    at_threshold: int,
    days: int,
    mode: str,
) -> None:
    steps = ready(
        {"kind": "target_bonus", "basis": "salary_share", "share": "0.15"},
        {
            "kind": "curve",
            "threshold": threshold,
            "accelerator": str(D(accelerator) / 10),
            "cap": cap,
            "at_threshold": str(D(at_threshold) / 10),
        }
        if cap > 1
        else {"kind": "curve", "threshold": threshold, "accelerator": "0", "cap": "1"},
        {"kind": "proration"},
        {"kind": "rounding", "mode": mode},
    )
    facts = {"salary": salary, "score": float(score), "days_in_role": days, "days_in_period": 31}
    answer = engine.apply(steps, facts)
    assert answer.missing == ""
    for step in answer.steps:
        assert engine.recompute(step.kind, step.inputs) == step.amount
    more = engine.apply(steps, facts | {"score": float(score) + 1})
    assert more.amount >= answer.amount
    assert answer.amount <= (salary * D("0.15") * max(cap, 1)).quantize(D("0.01"), rounding="ROUND_UP")
    assert answer.amount == answer.amount.quantize(D("0.01"))


# Configuration --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "place", "code"),
    [
        pytest.param([], "steps", "plan_no_steps", id="no steps"),
        pytest.param([CURVE, ROUNDING], "steps[0]", "step_before_base", id="a factor before any money"),
        pytest.param([BONUS], "steps", "rounding_missing", id="rounding not named"),
        pytest.param([BONUS, ROUNDING, CURVE], "steps[1]", "rounding_not_last", id="rounding in the middle"),
        pytest.param(
            [BONUS, CURVE | {"cap": "0.5"}, ROUNDING], "steps[1].cap", "step_out_of_range", id="a cap below 1"
        ),
        pytest.param(
            [BONUS, CURVE | {"accelerator": "0"}, ROUNDING],
            "steps[1].cap",
            "curve_cap_unreachable",
            id="cap unreachable",
        ),
        pytest.param(
            [BONUS, CURVE | {"wight": "1"}, ROUNDING], "steps[1].wight", "step_unknown_key", id="misspelt key"
        ),
        pytest.param([{"kind": "magic"}, ROUNDING], "steps[0].kind", "step_kind", id="unknown kind"),
        pytest.param(["x", ROUNDING], "steps[0].kind", "step_kind", id="a step that is a text"),
        pytest.param(
            [BONUS | {"amounts": {"default": "-1"}}, ROUNDING],
            "steps[0].amounts.default",
            "step_negative",
            id="negative",
        ),
        pytest.param(
            [BONUS | {"amounts": {"default": "NaN"}}, ROUNDING],
            "steps[0].amounts.default",
            "step_not_a_number",
            id="nan is no number",
        ),
        pytest.param(
            [{"kind": "target_bonus", "basis": "salary_share"}, ROUNDING],
            "steps[0].share",
            "step_missing",
            id="missing",
        ),
        pytest.param(
            [BONUS, {"kind": "limits", "floor": "5", "cap": "4"}, ROUNDING],
            "steps[1].cap",
            "cap_below_floor",
            id="cap below floor",
        ),
        pytest.param(
            [
                {"kind": "tiers", "input": "score", "mode": "marginal", "tiers": [["10", "1"], ["10", "2"]]},
                ROUNDING,
            ],
            "steps[0].tiers[1][0]",
            "step_rows_order",
            id="tiers that overlap",
        ),
    ],
)
def test_problems_name_their_place(steps: list[Any], place: str, code: str) -> None:
    found = configuration.problems(configuration.normal({"steps": steps}), currency="CNY")
    assert (place, code) in [(problem.place, problem.code) for problem in found]
    with override("en"):
        assert all("%(" not in problem.text for problem in found)


@pytest.mark.parametrize(
    "junk", [None, 3, "x", [], {"steps": 3}, {"steps": [None]}, {"eligibility": 3, "steps": []}]
)
def test_junk_is_refused_and_never_raises(junk: Any) -> None:
    assert configuration.problems(configuration.normal(junk), currency="CNY")


def test_a_currency_without_hundredths_needs_coarser_rounding() -> None:
    found = configuration.normal({"steps": [BONUS, ROUNDING]})
    assert [each.code for each in configuration.problems(found, currency="JPY")] == ["rounding_too_fine"]
    found = configuration.normal({"steps": [BONUS, {"kind": "rounding", "quantum": "1"}]})
    assert configuration.problems(found, currency="JPY") == []


def test_normal_form_is_stable() -> None:
    once = configuration.normal({"steps": [BONUS, CURVE | {"accelerator": 2, "cap": 2.5}, ROUNDING]})
    assert configuration.normal(once) == once
    assert once["steps"][1]["cap"] == "2.5"


def test_every_kind_is_told_apart_and_described() -> None:
    assert len(registry.KINDS) >= 10
    for kind in registry.KINDS.values():
        assert kind.label
        assert kind.help
        assert kind.schema()["properties"]["kind"] == {"const": kind.kind}


# Steps beyond the first ten -------------------------------------------------------------------------------------------

FIXED = {"kind": "fixed", "value": "1000"}


@pytest.mark.parametrize(
    ("found", "amount"),
    [(0.0, D(1000)), (0.999, D(1000)), (1.0, D(500)), (2.9, D(500)), (3.0, D(0)), (50.0, D(0))],
)
def test_occurrences_halve_and_void(found: float, amount: D) -> None:
    step = {"kind": "occurrences", "input": "value:warnings", "rows": [["1", "0.5"], ["3", "0"]]}
    steps = ready(FIXED, step, ROUNDING)
    line = engine.apply(steps, {"value:warnings": found})
    assert line.amount == amount
    assert all(engine.recompute(each.kind, each.inputs) == each.amount for each in line.steps)


@pytest.mark.parametrize(
    ("tiers", "code", "params"),
    [
        pytest.param(
            [["0", "100", "1"], ["150", "", "2"]],
            "step_rows_hole",
            {"low": "100", "high": "150", "row": 1},
            id="a hole",
        ),
        pytest.param(
            [["0", "100", "1"], ["80", "", "2"]],
            "step_rows_overlap",
            {"low": "80", "high": "100", "row": 1},
            id="an overlap",
        ),
        pytest.param(
            [["0", "100", "1"], ["100", "200", "2"]], "step_rows_open_end", {"end": "200"}, id="an end"
        ),
        pytest.param(
            [["0", "x", "1"], ["100", "", "2"]], "step_not_a_number", {"value": "x"}, id="no number"
        ),
        pytest.param([["0", None, "1"], ["100", "", "2"]], "step_not_a_number", {"value": ""}, id="nothing"),
        pytest.param([["0", "1", "1"], ["100", "2"]], "step_row", {}, id="rows of two lengths"),
    ],
)
def test_holes_and_overlaps_are_named(tiers: Any, code: str, params: dict[str, Any]) -> None:
    step = {"kind": "tiers", "input": "value:files", "mode": "marginal", "tiers": tiers}
    found = configuration.problems(configuration.normal({"steps": [step, ROUNDING]}), currency="CNY")
    assert code in [problem.code for problem in found]
    assert next(problem for problem in found if problem.code == code).params == params
    assert all(problem.text for problem in found)


def test_rows_that_fit_together_are_kept_as_pairs() -> None:
    step = {
        "kind": "tiers",
        "input": "value:files",
        "mode": "marginal",
        "tiers": [["0", "20", "1"], ["20", "", "2"]],
    }
    assert ready(step, ROUNDING)[0]["tiers"] == [["0", "1"], ["20", "2"]]


def test_published_carry_in_of_earlier_periods() -> None:
    # Salesforce Spiff, marginal payout rules: 20,000 after 145,000 earns 5,000 at 4 % and 15,000 at 6 %
    step = {
        "kind": "tiers",
        "input": "value:sales",
        "mode": "marginal",
        "carry": "year",
        "tiers": [["0", "0.04"], ["150000", "0.06"], ["250000", "0.08"]],
    }
    steps = ready(step, ROUNDING)
    assert engine.needs(steps) == {"value:sales", "carry:sales"}
    line = engine.apply(steps, {"value:sales": 20000.0, "carry:sales": D(145000)})
    assert line.amount == D(1100)
    assert engine.recompute("tiers", line.steps[0].inputs) == line.steps[0].amount
    assert pays(steps, **{"value:sales": 20000.0}) == D(800)
    found = configuration.problems(
        configuration.normal({"steps": [{**step, "input": "score"}, ROUNDING]}), currency="CNY"
    )
    assert [problem.code for problem in found] == ["step_carry"]


def test_published_step_rates_of_single_transactions() -> None:
    # Oracle, examples of calculating earnings using step rates: each transaction alone; 164 in all
    tiers = [["0", "0.01"], ["1000", "0.02"], ["3000", "0.03"], ["8000", "0.05"]]
    steps = ready({"kind": "tiers", "input": "value:sales", "mode": "marginal", "tiers": tiers}, ROUNDING)
    earned = [pays(steps, **{"value:sales": float(sale)}) for sale in (200, 300, 1500, 1200, 2000, 4500)]
    assert (earned, sum(earned)) == ([D(2), D(3), D(20), D(14), D(30), D(95)], D(164))


def test_a_steps_own_cap_and_floor() -> None:
    rate = {"kind": "rate", "input": "value:calls", "rate": "2", "least": "50", "most": "300"}
    steps = ready(FIXED, rate, ROUNDING)
    assert [pays(steps, **{"value:calls": calls}) for calls in (0.0, 100.0, 1000.0)] == [
        D(1050),
        D(1200),
        D(1300),
    ]
    found = configuration.problems(
        configuration.normal({"steps": [{**rate, "most": "40"}, ROUNDING]}), currency="CNY"
    )
    assert [problem.code for problem in found] == ["cap_below_floor"]


@pytest.mark.parametrize(
    ("facts", "amount"),
    [
        ({"days_in_role": 31, "value:unpaid_leave": 0.0}, D(1000)),
        ({"days_in_role": 31}, D(1000)),
        ({"days_in_role": 31, "value:unpaid_leave": 15.5}, D(500)),
        ({"days_in_role": 10, "value:unpaid_leave": 40.0}, D(0)),
    ],
)
def test_leave_that_counts_is_left_out_and_unknown_leave_is_none(facts: dict[str, Any], amount: D) -> None:
    steps = ready(FIXED, {"kind": "proration", "less": "value:unpaid_leave"}, ROUNDING)
    line = engine.apply(steps, {"days_in_period": 31, **facts})
    assert line.amount == amount
    assert all(engine.recompute(each.kind, each.inputs) == each.amount for each in line.steps)


def test_published_proration_by_days_employed() -> None:
    # salary.com: 20,000 for 92 of 365 days is 5,041.10 (5,040 with the printed, rounded factor)
    steps = ready({"kind": "fixed", "value": "20000"}, {"kind": "proration", "by": "days_employed"}, ROUNDING)
    assert pays(steps, days_employed=92, days_in_period=365, days_in_role=1) == D("5041.10")


def test_a_gate_on_months_of_service() -> None:
    gate = {"kind": "gate", "input": "condition:tenure_months", "condition": "at_least", "limit": "6"}
    steps = ready(FIXED, gate, ROUNDING)
    assert [pays(steps, **{"condition:tenure_months": months}) for months in (5.0, 6.0)] == [D(0), D(1000)]
    assert engine.apply(steps, {}).missing == "no_kpi_value"
    found = configuration.problems(
        configuration.normal({"steps": [FIXED, {**gate, "input": "condition:rank"}, ROUNDING]}),
        currency="CNY",
    )
    assert [problem.code for problem in found] == ["step_source"]


def test_every_condition_has_a_reader() -> None:
    from incentives.selectors.conditions import READERS
    from incentives.steps.fields import CONDITIONS

    assert set(READERS) == set(CONDITIONS)
