"""Objectives, scorecards and weights by pairwise judgement."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring import objectives, scorecard
from scoring.errors import InvalidInput, NothingScored, NotReciprocal

NAN = float("nan")

MEANS = [
    pytest.param([0.7, 0.5], [60, 40], 0.62, id="two objectives"),
    pytest.param([1.2, 0.5], [1, 1], 0.85, id="over-achievement counts"),
    pytest.param([NAN, 0.5], [3, 1], 0.5, id="a withdrawn objective leaves its weight"),
    pytest.param([0.9, 0.5], [0, 1], 0.5, id="an objective without weight"),
    pytest.param({"a": 100.0, "b": 50.0}, {"b": 1, "a": 3}, 87.5, id="by name"),
]


@pytest.mark.parametrize("method", [objectives.score, scorecard.combine])
@pytest.mark.parametrize(("values", "weights", "expected"), MEANS)
def test_weighted_means(method: object, values: object, weights: object, expected: float) -> None:
    answer = method(values, weights)  # type: ignore[operator]
    assert isinstance(answer, float)
    assert answer == pytest.approx(expected)


@pytest.mark.parametrize("method", [objectives.score, scorecard.combine])
def test_refused(method: object) -> None:
    for values, weights in (
        ([1.0], [1, 2]),
        ([1.0], [-1]),
        ([1.0], [0]),
        ([1.0], [NAN]),
        ([float("inf")], [1]),
        ({"a": 1.0}, {"b": 1.0}),
        ({"a": 1.0}, [1.0]),
    ):
        with pytest.raises(InvalidInput):
            method(values, weights)  # type: ignore[operator]
    for values, weights in (([NAN], [1]), ([NAN, 1.0], [1, 0])):
        with pytest.raises(NothingScored):
            method(values, weights)  # type: ignore[operator]


# Saaty, Int. J. Services Sciences 1 (2008): which drink is consumed more in the United States?
DRINKS = ["coffee", "wine", "tea", "beer", "soda", "milk", "water"]
JUDGEMENTS = [
    [1, 9, 5, 2, 1, 1, "1/2"],
    ["1/9", 1, "1/3", "1/9", "1/9", "1/9", "1/9"],
    ["1/5", 3, 1, "1/3", "1/4", "1/3", "1/9"],
    ["1/2", 9, 3, 1, "1/2", 1, "1/3"],
    [1, 9, 4, 2, 1, 2, "1/2"],
    [1, 9, 3, 1, "1/2", 1, "1/3"],
    [2, 9, 9, 3, 2, 3, 1],
]


def test_saatys_drinks() -> None:
    weights, ratio = scorecard.ahp_weights(JUDGEMENTS)
    assert dict(zip(DRINKS, weights, strict=True)) == pytest.approx(
        {
            "water": 0.327,
            "soda": 0.190,
            "coffee": 0.177,
            "milk": 0.129,
            "beer": 0.116,
            "tea": 0.042,
            "wine": 0.019,
        },
        abs=5e-4,
    )
    assert ratio == pytest.approx(0.022, abs=5e-4)
    assert weights.sum() == pytest.approx(1.0)
    numbers = [[float(Fraction(entry)) for entry in row] for row in JUDGEMENTS]
    np.testing.assert_allclose(scorecard.ahp_weights(numbers)[0], weights)


SMALL = [
    pytest.param([[1]], [1.0], id="one thing"),
    pytest.param([[1, 3], ["1/3", 1]], [0.75, 0.25], id="two things are always consistent"),
    pytest.param(
        [[1, 2, 4], [0.5, 1, 2], [0.25, 0.5, 1]], [4 / 7, 2 / 7, 1 / 7], id="three consistent judgements"
    ),
]


@pytest.mark.parametrize(("matrix", "expected"), SMALL)
def test_consistent_judgements(matrix: list[list[object]], expected: list[float]) -> None:
    weights, ratio = scorecard.ahp_weights(matrix)
    assert weights == pytest.approx(expected)
    assert ratio == pytest.approx(0.0, abs=1e-12)


@given(st.lists(st.floats(0.2, 5), min_size=1, max_size=14))
def test_weights_are_recovered_from_their_own_ratios(weights: list[float]) -> None:
    true = np.array(weights) / sum(weights)
    found, ratio = scorecard.ahp_weights(true[:, None] / true[None, :])
    np.testing.assert_allclose(found, true, rtol=1e-6)
    assert 0 <= ratio < 1e-6


def test_the_judgement_that_spoils_the_rest_is_found() -> None:
    matrix = np.array([[1, 2, 4, 8], [1 / 2, 1, 2, 4], [1 / 4, 1 / 2, 1, 2], [1 / 8, 1 / 4, 1 / 2, 1]])
    matrix[1, 3], matrix[3, 1] = 1 / 4, 4
    assert scorecard.ahp_weights(matrix)[1] > 0.1
    i, j, implied = scorecard.least_consistent_pair(matrix)
    assert (i, j) == (1, 3)
    assert implied > 3 * matrix[1, 3]
    assert scorecard.least_consistent_pair([[1]]) == (0, 0, 1.0)


def test_many_things_have_a_ratio_too() -> None:
    generator = np.random.default_rng(5)
    n = 12
    matrix = np.ones((n, n))
    for i in range(n):
        for j in range(i + 1, n):
            matrix[i, j] = generator.choice([1 / 9, 1 / 5, 1 / 3, 1, 3, 5, 9])
            matrix[j, i] = 1 / matrix[i, j]
    # Random judgements have a ratio around one by construction.
    assert 0.5 < scorecard.ahp_weights(matrix)[1] < 1.5


def test_refused_judgements() -> None:
    with pytest.raises(NotReciprocal) as caught:
        scorecard.ahp_weights([[1, 3], [0.5, 1]])
    assert caught.value.params == {"row": 1, "column": 2}
    with pytest.raises(NotReciprocal):
        scorecard.ahp_weights([[2, 1], [1, 1]])
    for matrix in ([], [[1, 2]], [[1, 0], [0, 1]], [[1, -2], [-0.5, 1]], [["x"]], [[1, "1/0"], [1, 1]]):
        with pytest.raises(InvalidInput):
            scorecard.ahp_weights(matrix)
    assert scorecard.ahp_weights([[1, 3], [0.33, 1]])[1] == 0.0
