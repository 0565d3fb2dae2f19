"""Mergeable moments and the standard errors that come from them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring import kpi, moments
from scoring.errors import InvalidInput, MissingMeasure

NAN = float("nan")
RECORDS = st.lists(st.floats(-1e3, 1e3).map(lambda x: round(x, 3)), max_size=20)


@given(st.lists(RECORDS, min_size=1, max_size=5))
def test_merged_days_are_the_period(days: list[list[float]]) -> None:
    merged = moments.merge(*(moments.of(day) for day in days))
    whole = moments.of([value for day in days for value in day])
    np.testing.assert_allclose(merged, whole, rtol=1e-9, atol=1e-6)


@given(RECORDS.filter(lambda values: len(values) >= 2))
def test_mean_and_variance_by_their_definition(values: list[float]) -> None:
    n, total, total_sq = moments.of(values)
    np.testing.assert_allclose(moments.mean(n, total), np.mean(values), atol=1e-9)
    np.testing.assert_allclose(
        moments.variance(n, total, total_sq), np.var(values, ddof=1), rtol=1e-6, atol=1e-5
    )


def test_moments_of_people_at_once() -> None:
    n, total, total_sq = [4, 1, 0, NAN], [20.0, 3.0, 0.0, 1.0], [120.0, 9.0, 0.0, 1.0]
    np.testing.assert_allclose(moments.mean(n, total), [5, 3, NAN, NAN])
    np.testing.assert_allclose(moments.variance(n, total, total_sq), [20 / 3, NAN, NAN, NAN])
    np.testing.assert_allclose(
        moments.standard_error_of_mean(n, total, total_sq), [np.sqrt(5 / 3), NAN, NAN, NAN]
    )


def test_equal_values_have_no_variance_whatever_rounding_says() -> None:
    values = [0.1] * 7
    assert moments.variance(*moments.of(values)) == 0.0
    assert moments.of([1.0, NAN, 2.0]) == (2.0, 3.0, 5.0)
    assert moments.merge() == (0.0, 0.0, 0.0)


def test_standard_error_of_a_proportion() -> None:
    np.testing.assert_allclose(
        moments.standard_error_of_proportion([50, 0, 0, 3], [100, 10, 0, 3]), [0.05, 0.0, NAN, 0.0]
    )
    with pytest.raises(InvalidInput) as caught:
        moments.standard_error_of_proportion(3, 2)
    assert caught.value.code == "successes_above_trials"
    with pytest.raises(InvalidInput):
        moments.standard_error_of_proportion(-1, 2)
    with pytest.raises(InvalidInput):
        moments.mean(-1, 2.0)


def frame(**measures: list[float]) -> pd.DataFrame:
    columns = {}
    for code, values in measures.items():
        n, total, total_sq = moments.of(values)
        columns.update({(code, "count"): [n], (code, "sum"): [total], (code, "sumsq"): [total_sq]})
    return pd.DataFrame(columns)


A = [3.0, 5.0, 8.0, 4.0, 6.0, 9.0]
B = [10.0, 14.0, 9.0, 11.0]
SE_A, SE_B = (np.std(values, ddof=1) / np.sqrt(len(values)) for values in (A, B))
MEAN_A, MEAN_B = np.mean(A), np.mean(B)

DELTA = [
    pytest.param("mean(a)", SE_A, id="a mean has its own standard error"),
    pytest.param("100 * mean(a)", 100 * SE_A, id="a unit scales it"),
    pytest.param("sum(a)", 6 * SE_A, id="a sum of six"),
    pytest.param("mean(a) - mean(b)", np.hypot(SE_A, SE_B), id="a difference of independent means"),
    pytest.param("-mean(a) + 3", SE_A, id="sign and origin do not matter"),
    pytest.param(
        "mean(a) / mean(b)",
        MEAN_A / MEAN_B * np.hypot(SE_A / MEAN_A, SE_B / MEAN_B),
        id="relative errors of a quotient add in squares",
    ),
    pytest.param(
        "mean(a) * mean(b)",
        MEAN_A * MEAN_B * np.hypot(SE_A / MEAN_A, SE_B / MEAN_B),
        id="relative errors of a product add in squares",
    ),
    pytest.param("mean(a) ** 2", 2 * MEAN_A * SE_A, id="a square"),
    pytest.param("mean(a) ** 0", 0.0, id="a constant power"),
    pytest.param("mean(a) - mean(a)", 0.0, id="a measure is not independent of itself"),
    pytest.param("sum(a) / count(a)", SE_A, id="counts are taken as given"),
    pytest.param("count(a) * 2", 0.0, id="a formula of counts has no error"),
    pytest.param("min(mean(a), mean(b))", SE_A, id="the smaller decides"),
    pytest.param("max(mean(a), mean(b), 1)", SE_B, id="the larger decides"),
    pytest.param("max(mean(a), 100)", 0.0, id="a limit that holds has no error"),
]


@pytest.mark.parametrize(("text", "expected"), DELTA)
def test_standard_error_of_a_formula(text: str, expected: float) -> None:
    result = moments.formula_standard_error(kpi.parse(text), frame(a=A, b=B))
    np.testing.assert_allclose(result, [expected], atol=1e-12)


def test_a_ratio_of_sums_is_as_uncertain_as_simulation_says() -> None:
    generator = np.random.default_rng(7)
    ratios = []
    for _ in range(4000):
        a, b = generator.normal(20, 5, size=80), generator.normal(50, 10, size=80)
        ratios.append(a.sum() / b.sum())
    data = frame(a=list(generator.normal(20, 5, size=80)), b=list(generator.normal(50, 10, size=80)))
    error = moments.formula_standard_error(kpi.parse("sum(a) / sum(b)"), data)[0]
    assert error == pytest.approx(np.std(ratios), rel=0.2)


def test_zero_one_records_give_the_binomial_error() -> None:
    data = frame(resolved=[1.0] * 30 + [0.0] * 10)
    error = moments.formula_standard_error(kpi.parse("mean(resolved)"), data)[0]
    assert error == pytest.approx(moments.standard_error_of_proportion(30, 40) * np.sqrt(40 / 39))


def test_what_is_undefined_is_nan_and_what_is_absent_is_named() -> None:
    data = pd.DataFrame(
        {
            ("a", "count"): [1, 2, 0],
            ("a", "sum"): [4.0, NAN, 0.0],
            ("a", "sumsq"): [16.0, 10.0, 0.0],
            ("a", "max"): [4.0, 3.0, NAN],
        }
    )
    for text in ("mean(a)", "max(a)", "mean(a) / 0"):
        np.testing.assert_array_equal(moments.formula_standard_error(kpi.parse(text), data), [NAN] * 3)
    with pytest.raises(MissingMeasure) as caught:
        moments.formula_standard_error(kpi.parse("mean(a)"), data.drop(columns=[("a", "sumsq")]))
    assert caught.value.params == {"measure": "a", "statistic": "sumsq"}
