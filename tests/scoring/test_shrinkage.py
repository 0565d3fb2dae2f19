"""James-Stein estimates."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.errors import InvalidInput, TooFewValues
from scoring.shrinkage import empirical_bayes

NAN = float("nan")
# Efron and Morris 1977: hits of 18 batters in their first 45 times at bat, 1970.
HITS = np.array([18, 17, 16, 15, 14, 14, 13, 12, 11, 11, 10, 10, 10, 10, 10, 9, 8, 7])
ESTIMATES = [
    0.294, 0.289, 0.285, 0.280, 0.275, 0.275, 0.270, 0.266, 0.261, 0.261, 0.256, 0.256, 0.256, 0.256, 0.256,
    0.252, 0.247, 0.242,
]  # fmt: skip


def test_batting_averages_of_1970() -> None:
    averages = HITS / 45
    mean = averages.mean()
    shrunken, weights = empirical_bayes(averages, np.full(18, mean * (1 - mean) / 45))
    assert mean == pytest.approx(0.265, abs=5e-4)
    assert weights == pytest.approx([0.212] * 18, abs=5e-4)
    assert shrunken == pytest.approx(ESTIMATES, abs=5.1e-4)
    np.testing.assert_allclose(empirical_bayes(averages, mean * (1 - mean) / 45)[0], shrunken)


def test_unequal_variances_agree_with_equal_ones_at_the_border() -> None:
    averages = HITS / 45
    variances = np.full(18, 0.0043)
    equal = empirical_bayes(averages, variances)
    nearly = empirical_bayes(averages, variances * (1 + 1e-9 * np.arange(18)))
    for one, other in zip(equal, nearly, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)


def test_noisier_values_are_trusted_less() -> None:
    values = [10.0, 20.0, 30.0, 40.0, 50.0, 60.0]
    shrunken, weights = empirical_bayes(values, [1.0, 50.0, 1.0, 100.0, 1.0, 400.0])
    assert weights[0] == weights[2] == weights[4] > weights[1] > weights[3] > weights[5]
    assert abs(shrunken[5] - 60) > abs(shrunken[0] - 10)


def test_differences_that_noise_explains_disappear() -> None:
    for variances in (100.0, [100.0, 90.0, 110.0, 100.0, 95.0]):
        shrunken, weights = empirical_bayes([1.0, 2.0, 3.0, 4.0, 5.0], variances)
        assert weights.tolist() == [0.0] * 5
        assert np.ptp(shrunken) == pytest.approx(0.0)


def test_exact_values_stay() -> None:
    values = [1.0, 2.0, 3.0, 9.0]
    shrunken, weights = empirical_bayes(values, 0.0)
    assert (shrunken.tolist(), weights.tolist()) == (values, [1.0] * 4)
    shrunken, weights = empirical_bayes(values, [0.0, 1.0, 1.0, 1.0])
    assert (shrunken[0], weights[0]) == (1.0, 1.0)


def test_noise_below_rounding_is_no_noise() -> None:
    for variances in ([1e-17, 2e-17, 1e-17, 3e-17], [5e-324, 0.0, 1e-300, 0.0]):
        shrunken, weights = empirical_bayes([1.0, 2.0, 3.0, 9.0], variances)
        assert shrunken == pytest.approx([1.0, 2.0, 3.0, 9.0])
        assert weights == pytest.approx([1.0] * 4)
    assert empirical_bayes([1.0, 1.0, 1.0, 1.0 + 1e-15], [1.0, 2.0, 3.0, 4.0])[1].tolist() == [0.0] * 4


def test_missing_values_are_not_counted() -> None:
    values, variances = [1.0, 5.0, NAN, 9.0, 14.0, 3.0], [1.0, 2.0, 1.0, NAN, 1.0, 2.0]
    shrunken, weights = empirical_bayes(values, variances)
    assert np.isnan(shrunken[[2, 3]]).all()
    assert np.isnan(weights[[2, 3]]).all()
    kept = [0, 1, 4, 5]
    expected = empirical_bayes([values[i] for i in kept], [variances[i] for i in kept])
    np.testing.assert_allclose(shrunken[kept], expected[0])


def test_refused() -> None:
    with pytest.raises(TooFewValues) as caught:
        empirical_bayes([1.0, 2.0, 3.0, NAN], 1.0)
    assert caught.value.params == {"minimum": 4, "found": 3}
    for variances in (-1.0, [1.0, 2.0], float("inf")):
        with pytest.raises(InvalidInput):
            empirical_bayes([1.0, 2.0, 3.0, 4.0], variances)


@given(st.lists(st.tuples(st.floats(-100, 100), st.floats(0, 100)), min_size=4, max_size=15))
def test_estimates_lie_between_value_and_mean(people: list[tuple[float, float]]) -> None:
    values, variances = np.array(people).T
    shrunken, weights = empirical_bayes(values, variances)
    assert ((weights >= 0) & (weights <= 1)).all()
    low, high = values.min(), values.max()
    assert (shrunken >= low - 1e-6).all()
    assert (shrunken <= high + 1e-6).all()
    # A larger variance never earns more trust.
    order = np.argsort(variances, kind="stable")
    assert (np.diff(weights[order]) <= 1e-9).all()


def test_shrinking_lowers_the_error_of_many_small_samples() -> None:
    generator = np.random.default_rng(11)
    truth = generator.normal(0, 1, size=200)
    variances = generator.uniform(0.5, 4.0, size=200)
    seen = truth + generator.normal(size=200) * np.sqrt(variances)
    shrunken, _ = empirical_bayes(seen, variances)
    assert ((shrunken - truth) ** 2).mean() < 0.7 * ((seen - truth) ** 2).mean()
