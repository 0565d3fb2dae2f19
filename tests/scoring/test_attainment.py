"""Attainment of targets, standard bands, cut-offs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.attainment import attainment, band_error, band_score
from scoring.errors import BandsError, InvalidInput
from scoring.ratings import cutoffs

NAN = float("nan")
REAL = st.floats(min_value=-1e6, max_value=1e6, allow_nan=False)

CASES = [
    pytest.param(45, 50, "higher", 0.9, id="SAP letter grade, achievement: profit 45 of 50"),
    pytest.param(75, 50, "higher", 1.5, id="SAP letter grade, achievement: profit 75 of 50"),
    pytest.param(8, 10, "lower", 1.2, id="CAMMS, less is better: 8 against 10"),
    pytest.param(10, 10, "lower", 1.0, id="lower, target met"),
    pytest.param(20, 10, "lower", 0.0, id="lower, twice the target"),
    pytest.param(50, 10, "lower", 0.0, id="lower, the floor holds"),
    pytest.param(0, 10, "lower", 2.0, id="lower, nothing happened"),
    pytest.param(0, 0, "lower", 1.0, id="CAMMS, less is better: target 0 met"),
    pytest.param(1, 0, "lower", 0.0, id="CAMMS, less is better: target 0 missed"),
    pytest.param(0, 0, "higher", 1.0, id="CAMMS, more is better: target 0 met"),
    pytest.param(3, 0, "higher", 1.0, id="CAMMS, more is better: target 0 surpassed"),
    pytest.param(-1, 0, "higher", 0.0, id="CAMMS, more is better: target 0 missed"),
    pytest.param(
        -8, -10, "lower", 0.8, id="CAMMS, less is better with a negative target: actual over target"
    ),
    pytest.param(-5, -10, "higher", 1.5, id="a smaller loss than the target is more than the target"),
    pytest.param(-20, -10, "higher", 0.0, id="twice the loss"),
    pytest.param(10, 10, "nearest", 1.0, id="nearest, met"),
    pytest.param(9, 10, "nearest", 0.9, id="nearest, below"),
    pytest.param(11, 10, "nearest", 0.9, id="nearest, above"),
    pytest.param(0, 0, "nearest", 1.0, id="nearest, zero met"),
    pytest.param(1, 0, "nearest", 0.0, id="nearest, zero missed"),
    pytest.param(NAN, 10, "higher", NAN, id="no actual"),
    pytest.param(10, NAN, "lower", NAN, id="no target"),
    pytest.param(NAN, 0, "nearest", NAN, id="no actual, target 0"),
]


@pytest.mark.parametrize(("actual", "target", "direction", "expected"), CASES)
def test_attainment(actual: float, target: float, direction: str, expected: float) -> None:
    answer = attainment(actual, target, direction=direction)
    assert isinstance(answer, float)
    assert answer == pytest.approx(expected, nan_ok=True, abs=1e-12)


def test_floor_and_cap_come_last_and_arrays_broadcast() -> None:
    answer = attainment([[50.0, 100.0, 150.0]], [[100.0], [50.0]], floor=0.6, cap=1.2)
    np.testing.assert_allclose(answer, [[0.6, 1.0, 1.2], [1.0, 1.2, 1.2]])
    assert attainment(-50, 100, floor=None) == -0.5
    assert attainment(0.8, 1, cap=1.2) == 0.8


def test_what_no_data_excuses_is_refused() -> None:
    with pytest.raises(InvalidInput) as caught:
        attainment(1, 1, direction="up")
    assert caught.value.code == "choice"
    with pytest.raises(InvalidInput) as caught:
        attainment(1, 1, floor=2.0, cap=1.0)
    assert caught.value.code == "floor_above_cap"
    with pytest.raises(InvalidInput):
        attainment("many", 1)


@given(st.tuples(REAL, REAL).map(sorted), REAL)
def test_a_better_actual_never_has_a_lower_attainment(actuals: list[float], target: float) -> None:
    worse, better = actuals
    assert attainment(worse, target) <= attainment(better, target)
    assert attainment(worse, target, direction="lower") >= attainment(better, target, direction="lower")
    nearer, farther = sorted(actuals, key=lambda actual: abs(actual - target))
    near, far = (attainment(actual, target, direction="nearest") for actual in (nearer, farther))
    assert near >= far - 1e-12


@given(REAL, st.sampled_from(["higher", "lower", "nearest"]))
def test_a_target_met_exactly_is_one(target: float, direction: str) -> None:
    assert attainment(target, target, direction=direction) == 1.0


@given(REAL, REAL, st.sampled_from(["higher", "lower", "nearest"]))
def test_attainment_stays_between_floor_and_cap(actual: float, target: float, direction: str) -> None:
    assert 0.5 <= attainment(actual, target, direction=direction, floor=0.5, cap=1.3) <= 1.3


BANDS = [(0.0, 40.0), (0.8, 60.0), (1.0, 100.0), (1.2, 120.0)]
BAND_CASES = [
    pytest.param(0.0, 40.0, id="at the lowest edge"),
    pytest.param(0.7999, 40.0, id="just under an edge"),
    pytest.param(0.8, 60.0, id="an edge belongs to its band"),
    pytest.param(1.19, 100.0, id="inside"),
    pytest.param(7.0, 120.0, id="no upper end"),
    pytest.param(-0.1, 0.0, id="below all standards"),
    pytest.param(NAN, NAN, id="missing"),
]


@pytest.mark.parametrize(("value", "expected"), BAND_CASES)
def test_band_score(value: float, expected: float) -> None:
    answer = band_score(value, BANDS)
    assert isinstance(answer, float)
    assert answer == pytest.approx(expected, nan_ok=True)


def test_band_scores_of_an_array() -> None:
    np.testing.assert_array_equal(band_score([0.5, 1.0, NAN], BANDS), [40.0, 100.0, NAN])
    np.testing.assert_array_equal(band_score([-9.0], [(float("-inf"), 1.0), (0.0, 2.0)]), [1.0])
    assert band_score(-1, BANDS, below=-5.0) == -5.0


@pytest.mark.parametrize(
    "bands",
    [
        pytest.param([(1.0, 1.0), (0.0, 2.0)], id="descending"),
        pytest.param([(0.0, 1.0), (0.0, 2.0)], id="repeated"),
    ],
)
def test_bands_must_ascend(bands: list[tuple[float, float]]) -> None:
    with pytest.raises(BandsError) as caught:
        band_score(1.0, bands)
    assert caught.value.params == {"row": 2}
    with pytest.raises(BandsError):
        cutoffs([1.0], bands)


def test_no_bands_are_refused() -> None:
    with pytest.raises(InvalidInput):
        band_score(1.0, [])


def test_cutoffs_index_the_bands() -> None:
    bands = [(0.0, "D"), (60.0, "C"), (80.0, "B"), (90.0, "A")]
    answer = cutoffs([95.0, 90.0, 89.999999, 60.0, 0.0, -1.0, NAN], bands)
    assert answer.dtype == np.int64
    assert answer.tolist() == [3, 3, 2, 1, 0, -1, -1]


@given(st.lists(st.tuples(REAL, REAL), min_size=2, max_size=2), st.sets(REAL, min_size=1, max_size=6))
def test_a_higher_score_never_falls_in_a_lower_band(
    pair: list[tuple[float, float]], edges: set[float]
) -> None:
    bands = [(edge, str(edge)) for edge in sorted(edges)]
    low, high = sorted(pair[0])
    first, second = cutoffs([low, high], bands)
    assert first <= second


# The error of points by bands --------------------------------------------------------------------------------------

STANDARD = [(60, 40), (80, 80), (90, 100)]


def test_on_an_edge_the_error_is_half_the_distance_of_the_bands() -> None:
    assert band_error(80, 0.001, STANDARD) == pytest.approx(20)


def test_far_from_every_edge_there_is_next_to_no_error() -> None:
    assert band_error(70, 0.5, STANDARD) == pytest.approx(0, abs=1e-9)


def test_without_any_spread_there_is_no_error_and_without_an_error_nothing_is_known() -> None:
    assert band_error(80, 0, STANDARD) == 0
    assert np.isnan(band_error(80, float("nan"), STANDARD))
    assert np.isnan(band_error(float("nan"), 1, STANDARD))


def test_the_error_is_that_of_many_draws() -> None:
    draws = np.random.default_rng(11).normal(84, 6, 400_000)
    assert band_error(84, 6, STANDARD) == pytest.approx(band_score(draws, STANDARD).std(), rel=0.01)


def test_one_value_has_the_error_that_it_has_among_many() -> None:
    values = np.linspace(50, 100, 101)
    together = band_error(values, np.full(101, 3.0), STANDARD)
    assert [band_error(value, 3.0, STANDARD) for value in values] == together.tolist()


def test_a_negative_error_is_refused() -> None:
    with pytest.raises(InvalidInput):
        band_error(80, -1, STANDARD)
