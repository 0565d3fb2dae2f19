"""The overall score and its uncertainty."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.composite import (
    combined_standard_error,
    effective_weights,
    score_from_attainment,
    stored,
    weighted_mean,
)
from scoring.errors import InvalidInput

NAN = float("nan")
PEOPLE = [[80.0, 100.0], [NAN, 90.0], [NAN, NAN], [70.0, NAN]]

MISSING = [
    pytest.param("renormalise", [92, 90, NAN, 70], id="the others share the weight"),
    pytest.param("zero", [92, 54, 0, 28], id="a missing component counts as nothing"),
    pytest.param("hold_back", [92, NAN, NAN, NAN], id="no overall score until all are there"),
]


@pytest.mark.parametrize(("missing", "expected"), MISSING)
def test_weighted_mean(missing: str, expected: list[float]) -> None:
    np.testing.assert_allclose(weighted_mean(PEOPLE, [40, 60], missing=missing), expected)


def test_one_person_gives_a_number_and_weights_may_differ_by_person() -> None:
    assert weighted_mean([80.0, 100.0], [0.4, 0.6]) == pytest.approx(92.0)
    np.testing.assert_allclose(weighted_mean([[80.0, 100.0]] * 2, [[1, 0], [1, 3]]), [80, 95])


def test_a_component_without_weight_is_never_missed() -> None:
    assert weighted_mean([80.0, NAN], [1, 0], missing="hold_back") == 80.0
    assert np.isnan(weighted_mean([NAN, 80.0], [1, 0]))


def test_refused_weights() -> None:
    for weights in ([1, -1], [0, 0], [1, 2, 3], [NAN, 1]):
        with pytest.raises(InvalidInput):
            weighted_mean([[1.0, 2.0]], weights)
    with pytest.raises(InvalidInput):
        weighted_mean([[1.0]], [1], missing="ignore")


@given(
    st.lists(
        st.lists(st.one_of(st.floats(0, 120), st.just(NAN)), min_size=3, max_size=3), min_size=1, max_size=6
    ),
    st.lists(st.integers(1, 9), min_size=3, max_size=3),
)
def test_a_mean_lies_between_its_components(people: list[list[float]], weights: list[int]) -> None:
    share = effective_weights(people, weights)
    for row, weight, score in zip(people, share, weighted_mean(people, weights), strict=True):
        present = [value for value in row if not np.isnan(value)]
        if not present:
            assert np.isnan(score)
            assert np.isnan(weight).all()
        else:
            assert min(present) - 1e-9 <= score <= max(present) + 1e-9
            assert weight.sum() == pytest.approx(1.0)


def test_combined_standard_error() -> None:
    assert combined_standard_error([3.0, 4.0], [1, 1]) == pytest.approx(2.5)
    errors = [[3.0, 4.0], [3.0, NAN], [NAN, NAN]]
    np.testing.assert_allclose(combined_standard_error(errors, [1, 1]), [2.5, NAN, NAN])
    np.testing.assert_allclose(combined_standard_error(errors, [1, 1], unknown="exact"), [2.5, 1.5, NAN])
    np.testing.assert_allclose(combined_standard_error(errors, [1, 0]), [3.0, 3.0, NAN])


def test_the_error_follows_the_weights_that_were_used() -> None:
    weights = effective_weights(PEOPLE, [40, 60])
    errors = np.where(np.isnan(PEOPLE), NAN, 2.0)
    expected = [np.hypot(0.8, 1.2), 2.0, NAN, 2.0]
    np.testing.assert_allclose(combined_standard_error(errors, weights), expected)


def test_refused_errors() -> None:
    with pytest.raises(InvalidInput):
        combined_standard_error([-1.0], [1])
    with pytest.raises(InvalidInput):
        combined_standard_error([1.0], [1, 2])
    with pytest.raises(InvalidInput):
        combined_standard_error([1.0], [1], unknown="zero")


def test_points_at_target_scale() -> None:
    assert score_from_attainment(1.0) == 100.0
    assert score_from_attainment(1.3, maximum=120.0) == 120.0
    assert score_from_attainment(0.5, at_target=10.0) == 5.0
    np.testing.assert_allclose(score_from_attainment([0.8, NAN]), [80.0, NAN])


def test_stored_scores_have_six_decimals_and_no_minus_zero() -> None:
    assert str(stored([-0.0000001, 89.9999996]).tolist()) == "[0.0, 90.0]"
