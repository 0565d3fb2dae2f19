"""Paired comparison: strengths, contradictions, next pairs."""

from __future__ import annotations

import itertools
import time
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from scoring.errors import DisconnectedComparisons, InvalidInput, SeparatedComparisons
from scoring.pairwise import bradley_terry, circular_triads, consistence, next_pairs

# Agresti, Categorical Data Analysis (2002), table 10.11: American League 1987, wins and losses at home.
TEAMS = ["Baltimore", "Boston", "Cleveland", "Detroit", "Milwaukee", "New York", "Toronto"]
HOME = """
Milwaukee: Detroit 4-3, Toronto 4-2, New York 4-3, Boston 6-1, Cleveland 4-2, Baltimore 6-0
Detroit: Milwaukee 3-3, Toronto 4-2, New York 4-3, Boston 6-0, Cleveland 6-1, Baltimore 4-3
Toronto: Milwaukee 2-5, Detroit 4-3, New York 2-4, Boston 4-3, Cleveland 4-2, Baltimore 6-0
New York: Milwaukee 3-3, Detroit 5-1, Toronto 2-5, Boston 4-3, Cleveland 4-2, Baltimore 6-1
Boston: Milwaukee 5-1, Detroit 2-5, Toronto 3-3, New York 4-2, Cleveland 5-2, Baltimore 6-0
Cleveland: Milwaukee 2-5, Detroit 3-3, Toronto 3-4, New York 4-3, Boston 4-2, Baltimore 2-4
Baltimore: Milwaukee 2-5, Detroit 1-5, Toronto 1-6, New York 2-4, Boston 1-6, Cleveland 3-4
"""


def baseball() -> list[tuple[int, int, int, int]]:
    """(home, away, home wins, away wins)"""
    rows = []
    for line in HOME.strip().splitlines():
        home, results = line.split(": ")
        for result in results.split(", "):
            away, score = result.rsplit(" ", 1)
            won, lost = score.split("-")
            rows.append((TEAMS.index(home), TEAMS.index(away), int(won), int(lost)))
    return rows


def games() -> list[tuple[int, int]]:
    pairs: list[tuple[int, int]] = []
    for home, away, won, lost in baseball():
        pairs += [(home, away)] * won + [(away, home)] * lost
    return pairs


def test_baseball_strengths() -> None:
    """BradleyTerry2, test-baseball.R, model without home advantage; Baltimore is the reference."""
    assert len(baseball()) == 42
    strengths, errors = bradley_terry(games())
    assert dict(zip(TEAMS, strengths, strict=True)) == pytest.approx(
        {
            "Baltimore": 0.0,
            "Boston": 1.1077,
            "Cleveland": 0.6839,
            "Detroit": 1.4364,
            "Milwaukee": 1.5814,
            "New York": 1.2476,
            "Toronto": 1.2945,
        },
        abs=5e-5,
    )
    assert sorted(np.round(strengths[1:], 2)) == [0.68, 1.11, 1.25, 1.29, 1.44, 1.58]
    assert errors[0] == 0.0
    assert errors[1:] == pytest.approx([0.3] * 6, abs=0.05)


def test_baseball_deviance() -> None:
    """The same source gives a deviance of 44.053 on 36 degrees of freedom."""
    strengths, _ = bradley_terry(games())
    deviance = 0.0
    for home, away, won, lost in baseball():
        expected = (won + lost) * special.expit(strengths[home] - strengths[away])
        deviance += 2 * (
            special.xlogy(won, won / expected) + special.xlogy(lost, lost / (won + lost - expected))
        )
    assert deviance == pytest.approx(44.053, abs=5e-4)


def test_citations_of_statistical_journals() -> None:
    """Stigler's citations as analysed by Turner and Firth, Journal of Statistical Software 48 (2012)."""
    cited = [[714, 730, 498, 221], [33, 425, 68, 17], [320, 813, 1072, 142], [284, 276, 325, 188]]
    pairs, counts = [], []
    for i, j in itertools.permutations(range(4), 2):
        pairs.append((i, j))
        counts.append(cited[i][j])
    strengths, errors = bradley_terry(pairs, weights=counts)
    assert strengths == pytest.approx([0, -2.94907, -0.47957, 0.26895], abs=5e-6)
    assert errors == pytest.approx([0, 0.10255, 0.06059, 0.07083], abs=5e-6)


def test_two_items_have_the_log_odds() -> None:
    strengths, errors = bradley_terry([(1, 0)] * 3 + [(0, 1)])
    assert strengths == pytest.approx([0, np.log(3)])
    assert errors == pytest.approx([0, np.sqrt(1 / 3 + 1)])


def test_no_difference_is_half_a_win_each_way() -> None:
    strengths, _ = bradley_terry([(0, 1), (1, 0)], weights=[0.5, 0.5])
    assert strengths == pytest.approx([0.0, 0.0])


UNANSWERABLE = [
    pytest.param(
        [(0, 1), (1, 0), (2, 3), (3, 2)], DisconnectedComparisons, "comparisons_disconnected", id="two parts"
    ),
    pytest.param(
        [(0, 2), (2, 0)], DisconnectedComparisons, "comparisons_disconnected", id="someone never compared"
    ),
    pytest.param(
        [(0, 1), (1, 2), (0, 2)], SeparatedComparisons, "comparisons_separated", id="one who only wins"
    ),
    pytest.param(
        [(0, 1), (1, 0), (0, 2), (1, 2)],
        SeparatedComparisons,
        "comparisons_separated",
        id="one who only loses",
    ),
]


@pytest.mark.parametrize(("pairs", "kind", "code"), UNANSWERABLE)
def test_without_a_maximum_there_is_a_named_error(
    pairs: list[tuple[int, int]], kind: type, code: str
) -> None:
    with pytest.raises(DisconnectedComparisons) as caught:
        bradley_terry(pairs)
    assert type(caught.value) is kind
    assert caught.value.code == code
    strengths, errors = bradley_terry(pairs, prior=0.5)
    assert np.isfinite(strengths).all()
    assert (errors > 0).all()
    assert strengths.sum() == pytest.approx(0.0, abs=1e-9)


def test_a_prior_pulls_together_and_vanishes() -> None:
    free, free_errors = bradley_terry(games())
    weak, weak_errors = bradley_terry(games(), prior=1e-7)
    strong, _ = bradley_terry(games(), prior=100.0)
    assert weak - weak[0] == pytest.approx(free, abs=1e-4)
    assert np.ptp(strong) < 0.5 * np.ptp(free)
    assert weak_errors.max() < free_errors.max()
    assert bradley_terry([(0, 1)], prior=1.0, items=4)[0][2:] == pytest.approx([0.0, 0.0], abs=1e-12)


REFUSED = [
    pytest.param([], "empty", id="nothing"),
    pytest.param([(0, 0)], "comparison_self", id="against oneself"),
    pytest.param([(0, -1)], "negative", id="a negative number"),
    pytest.param([(0, 1.5)], "not_whole", id="half an item"),
    pytest.param([(0, 1, 2)], "shape", id="three at once"),
]


@pytest.mark.parametrize(("pairs", "code"), REFUSED)
def test_refused_pairs(pairs: list[tuple[int, int]], code: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        bradley_terry(pairs)
    assert caught.value.code == code


def test_refused_options() -> None:
    for options in (
        {"prior": 0.0},
        {"prior": float("nan")},
        {"items": 1},
        {"weights": [1.0]},
        {"weights": [-1.0, 1.0]},
    ):
        with pytest.raises(InvalidInput):
            bradley_terry([(0, 1), (1, 0)], **options)  # type: ignore[arg-type]


PAIRS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 5)).filter(lambda pair: pair[0] != pair[1]),
    min_size=1,
    max_size=40,
)


@given(PAIRS, st.randoms(use_true_random=False))
def test_strengths_do_not_depend_on_the_order_of_judgements(
    pairs: list[tuple[int, int]], random: object
) -> None:
    shuffled = list(pairs)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    for one, other in zip(bradley_terry(pairs, prior=0.3), bradley_terry(shuffled, prior=0.3), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-9)


@given(PAIRS, st.permutations(range(6)))
def test_strengths_follow_items_when_they_are_relabelled(
    pairs: list[tuple[int, int]], names: list[int]
) -> None:
    strengths, errors = bradley_terry(pairs, prior=0.3, items=6)
    again, errors_again = bradley_terry([(names[i], names[j]) for i, j in pairs], prior=0.3, items=6)
    np.testing.assert_allclose(again[names], strengths, atol=1e-8)
    np.testing.assert_allclose(errors_again[names], errors, atol=1e-8)


@given(PAIRS)
def test_the_likelihood_is_answered_or_refused_never_nan(pairs: list[tuple[int, int]]) -> None:
    try:
        strengths, errors = bradley_terry(pairs)
    except DisconnectedComparisons:
        return
    assert np.isfinite(strengths).all()
    assert np.isfinite(errors).all()
    wins = np.zeros((6, 6))
    for i, j in pairs:
        wins[i, j] += 1
    # At the maximum everyone has won as often as the strengths say: the likelihood equations themselves.
    n = len(strengths)
    expected = (wins + wins.T)[:n, :n] * special.expit(np.subtract.outer(strengths, strengths))
    np.testing.assert_allclose(expected.sum(axis=1), wins.sum(axis=1)[:n], atol=1e-6)


def tournament(n: int, seed: int) -> np.ndarray:
    upper = np.triu(np.random.default_rng(seed).integers(0, 2, size=(n, n)), k=1)
    return upper + np.tril(1 - upper.T, k=-1)


def test_circular_triads() -> None:
    assert circular_triads([[0, 1, 0], [0, 0, 1], [1, 0, 0]]) == 1
    assert circular_triads([[0, 1, 1], [0, 0, 1], [0, 0, 0]]) == 0
    assert circular_triads([[0, 1, 0], [0, 0, 1], [0, 0, 0]]) == 0
    assert circular_triads(np.zeros((0, 0))) == 0


@given(st.integers(3, 9), st.integers(0, 10_000))
def test_circular_triads_by_kendalls_formula(n: int, seed: int) -> None:
    wins = tournament(n, seed)
    scores = wins.sum(axis=1)
    expected = n * (n - 1) * (2 * n - 1) / 12 - (scores**2).sum() / 2
    assert circular_triads(wins) == expected == comb(n, 3) - sum(comb(int(score), 2) for score in scores)
    assert 0 <= consistence(wins) <= 1


def test_as_many_circles_as_possible() -> None:
    """Seven in a circle, each beating the next three: n(n^2 - 1) / 24 = 14 triads (Kendall and Babington Smith)."""
    wins = np.zeros((7, 7), dtype=int)
    for i in range(7):
        for step in (1, 2, 3):
            wins[i, (i + step) % 7] = 1
    assert circular_triads(wins) == 14
    assert consistence(wins) == 0.0
    assert consistence(np.triu(np.ones((7, 7), dtype=int), k=1)) == 1.0


def test_refused_win_matrices() -> None:
    for wins, code in (
        ([[0, 1], [1, 0]], "comparison_contradiction"),
        ([[1, 0], [0, 0]], "comparison_self"),
        ([[0, 2], [0, 0]], "out_of_range"),
        ([[0, 1, 0]], "shape"),
    ):
        with pytest.raises(InvalidInput) as caught:
            circular_triads(wins)
        assert caught.value.code == code
    with pytest.raises(DisconnectedComparisons) as missing:
        consistence([[0, 1, 0], [0, 0, 1], [0, 0, 0]])
    assert missing.value.params == {"missing": 1}
    with pytest.raises(InvalidInput):
        consistence([[0, 1], [0, 0]])


def test_the_next_pair_is_close_and_uncertain() -> None:
    strengths, errors = [0.0, 0.1, 4.0, 4.1], [0.5, 0.5, 0.5, 0.9]
    assert next_pairs(strengths, errors, [], count=2) == [(2, 3), (0, 1)]
    assert next_pairs(strengths, errors, [(3, 2)], count=1) == [(0, 1)]
    assert (2, 3) not in next_pairs(strengths, errors, [(2, 3)], count=99)
    assert next_pairs(strengths, errors, list(itertools.combinations(range(4), 2)), count=3) == []
    assert next_pairs([1.0], [1.0], [], count=3) == []


def test_one_list_asks_about_everybody() -> None:
    pairs = next_pairs(np.zeros(8), np.ones(8), [], count=4)
    assert sorted(person for pair in pairs for person in pair) == list(range(8))


def test_someone_without_an_estimate_is_asked_about_first() -> None:
    assert 2 in next_pairs([0.0, 0.2, float("nan")], [0.3, 0.3, float("nan")], [], count=1)[0]


@given(
    st.lists(st.tuples(st.floats(-3, 3), st.floats(0, 2)), min_size=2, max_size=8),
    st.integers(0, 30),
    st.sets(st.tuples(st.integers(0, 7), st.integers(0, 7))),
)
def test_next_pairs_are_new_and_different(
    items: list[tuple[float, float]], count: int, seen: set[tuple[int, int]]
) -> None:
    n = len(items)
    asked = [(i, j) for i, j in seen if i != j and max(i, j) < n]
    pairs = next_pairs([i[0] for i in items], [i[1] for i in items], asked, count=count)
    assert (
        len(set(pairs))
        == len(pairs)
        == min(count, n * (n - 1) // 2 - len({frozenset(pair) for pair in asked}))
    )
    assert all(i < j for i, j in pairs)
    assert not {frozenset(pair) for pair in pairs} & {frozenset(pair) for pair in asked}


def test_refused_next_pairs() -> None:
    for strengths, errors, asked in (([0, 1], [1], []), ([0, 1], [-1, 1], []), ([0, 1], [1, 1], [(0, 5)])):
        with pytest.raises(InvalidInput):
            next_pairs(strengths, errors, asked, count=1)


def test_the_next_pair_for_a_department_comes_at_once() -> None:
    generator = np.random.default_rng(3)
    started = time.perf_counter()
    next_pairs(generator.normal(size=200), np.full(200, 0.4), [], count=5)
    assert time.perf_counter() - started < 0.1
