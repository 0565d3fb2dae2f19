"""Ranks, percentiles, intervals of ranks."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.errors import InvalidInput
from scoring.ranking import percentile, rank, rank_interval

NAN = float("nan")
SCORES = st.lists(st.integers(0, 8).map(float), min_size=1, max_size=20)

# R-CS-ranks, tests of its ranking helpers.
TIED = [1, 3, 4, 4, 4, 7, 7, 10]
PUBLISHED = [
    pytest.param("min", True, [8, 7, 4, 4, 4, 2, 2, 1], id="R-CS-ranks, descending, best place of a tie"),
    pytest.param("max", True, [8, 7, 6, 6, 6, 3, 3, 1], id="R-CS-ranks, descending, worst place of a tie"),
    pytest.param("mean", True, [8, 7, 5, 5, 5, 2.5, 2.5, 1], id="R-CS-ranks, descending, middle of a tie"),
    pytest.param("min", False, [1, 2, 3, 3, 3, 6, 6, 8], id="R-CS-ranks, ascending, best place of a tie"),
]


@pytest.mark.parametrize(("ties", "descending", "expected"), PUBLISHED)
def test_published_ranks(ties: str, descending: bool, expected: list[float]) -> None:
    assert rank(TIED, ties=ties, descending=descending).tolist() == expected


def test_the_default_is_the_competition_ranking() -> None:
    assert rank([90, 95, 90, 80]).tolist() == [2, 1, 2, 4]


def test_a_missing_score_has_no_rank_and_moves_nobody() -> None:
    np.testing.assert_array_equal(rank([5.0, NAN, 7.0]), [2.0, NAN, 1.0])
    assert rank([]).shape == (0,)
    np.testing.assert_array_equal(rank([NAN]), [NAN])


def test_unknown_ties_and_tables_are_refused() -> None:
    with pytest.raises(InvalidInput):
        rank([1.0], ties="dense")
    with pytest.raises(InvalidInput):
        rank([[1.0]])


@given(SCORES, st.randoms(use_true_random=False))
def test_ranks_follow_people_when_they_are_relabelled(scores: list[float], random: object) -> None:
    order = list(range(len(scores)))
    random.shuffle(order)  # type: ignore[attr-defined]
    for ties in ("min", "max", "mean"):
        ranks = rank(scores, ties=ties)
        np.testing.assert_array_equal(rank([scores[i] for i in order], ties=ties), ranks[order])


@given(st.lists(st.floats(-1e9, 1e9), unique=True, min_size=1, max_size=20))
def test_ranks_without_ties_are_a_permutation(scores: list[float]) -> None:
    assert sorted(rank(scores)) == list(range(1, len(scores) + 1))


@given(SCORES)
def test_mean_ranks_add_up_as_if_there_were_no_ties(scores: list[float]) -> None:
    n = len(scores)
    assert rank(scores, ties="mean").sum() == pytest.approx(n * (n + 1) / 2)


PERCENTILES = [
    pytest.param([10.0, 20.0, 30.0, 40.0], [0.125, 0.375, 0.625, 0.875], id="four different scores"),
    pytest.param([1.0, 1.0, 1.0], [0.5, 0.5, 0.5], id="all equal are in the middle"),
    pytest.param([50.0], [0.5], id="one person"),
    pytest.param([1.0, 2.0, 2.0, 3.0], [0.125, 0.5, 0.5, 0.875], id="below 1 of 4 and half of 2 equal"),
    pytest.param([1.0, NAN, 3.0], [0.25, NAN, 0.75], id="a missing score is not counted"),
]


@pytest.mark.parametrize(("scores", "expected"), PERCENTILES)
def test_percentile(scores: list[float], expected: list[float]) -> None:
    np.testing.assert_allclose(percentile(scores), expected)


@given(SCORES)
def test_percentile_by_its_definition(scores: list[float]) -> None:
    values = np.array(scores)
    expected = [((values < s).sum() + (values == s).sum() / 2) / len(values) for s in values]
    np.testing.assert_allclose(percentile(scores), expected)
    assert percentile(scores).mean() == pytest.approx(0.5)


def test_certain_scores_have_certain_ranks() -> None:
    low, high = rank_interval(TIED, [0.0] * 8)
    assert low.tolist() == rank(TIED, ties="min").tolist()
    assert high.tolist() == rank(TIED, ties="max").tolist()


def test_two_who_cannot_be_told_apart_share_their_places() -> None:
    low, high = rank_interval([10.0, 10.5, 30.0], [1.0, 1.0, 1.0])
    assert low.tolist() == [2, 2, 1]
    assert high.tolist() == [3, 3, 1]


def test_the_normal_quantile_decides_between_two() -> None:
    apart = 1.959964 * np.sqrt(2)
    assert rank_interval([0.0, apart + 0.001], [1.0, 1.0])[1].tolist() == [2, 1]
    assert rank_interval([0.0, apart - 0.001], [1.0, 1.0])[1].tolist() == [2, 2]


def test_an_unknown_error_tells_nobody_apart() -> None:
    low, high = rank_interval([1.0, 50.0, 99.0, NAN], [0.1, NAN, 0.1, 0.1])
    np.testing.assert_array_equal(low, [2, 1, 1, NAN])
    np.testing.assert_array_equal(high, [3, 3, 2, NAN])


def test_interval_errors() -> None:
    with pytest.raises(InvalidInput):
        rank_interval([1.0], [-1.0])
    with pytest.raises(InvalidInput):
        rank_interval([1.0, 2.0], [1.0])
    with pytest.raises(InvalidInput):
        rank_interval([1.0], [1.0], level=95)
    assert [part.tolist() for part in rank_interval([7.0], [1.0])] == [[1.0], [1.0]]
    assert [part.shape for part in rank_interval([], [])] == [(0,), (0,)]


@given(
    st.lists(st.tuples(st.floats(-100, 100), st.floats(0, 50)), min_size=1, max_size=15), st.floats(0.5, 0.99)
)
def test_an_interval_holds_the_rank_and_widens_with_the_level(
    people: list[tuple[float, float]], level: float
) -> None:
    scores, errors = [p[0] for p in people], [p[1] for p in people]
    low, high = rank_interval(scores, errors, level=level)
    assert (low <= rank(scores, ties="min")).all()
    assert (high >= rank(scores, ties="max")).all()
    wider_low, wider_high = rank_interval(scores, errors, level=0.995)
    assert (wider_low <= low).all()
    assert (wider_high >= high).all()


def test_the_true_rank_is_covered_as_often_as_promised() -> None:
    generator = np.random.default_rng(4)
    truth = np.linspace(0.0, 3.0, 10)
    true_ranks = rank(truth)
    inside = []
    for _ in range(400):
        low, high = rank_interval(truth + generator.normal(size=10), np.ones(10), level=0.9)
        inside.append((low <= true_ranks) & (true_ranks <= high))
    assert np.mean(inside, axis=0).min() > 0.88


def test_a_company_is_ranked_in_time() -> None:
    generator = np.random.default_rng(1)
    started = time.perf_counter()
    low, high = rank_interval(generator.normal(size=3000), np.full(3000, 0.5))
    assert time.perf_counter() - started < 5
    assert (low <= high).all()
