"""Four-fifths rule, Gini, net promoter score."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.errors import InvalidInput, NoAnswers
from scoring.fairness import four_fifths, gini
from scoring.surveys import net_promoter_score

FOUR_FIFTHS = [
    pytest.param(
        [400, 200, 140], [600, 400, 260], [1, 0.75, 0.8077], [False, True, False], id="learn8, three groups"
    ),
    pytest.param([2, 15], [10, 25], [0.3333, 1], [True, False], id="Morris 2017, small groups"),
    pytest.param([48, 12], [80, 40], [1, 0.5], [False, True], id="Uniform Guidelines, questions and answers"),
    pytest.param([50, 40], [100, 100], [1, 0.8], [False, False], id="exactly four fifths passes"),
    pytest.param([3, 1], [10, 5], [1, 2 / 3], [False, True], id="two thirds does not"),
    pytest.param([1, 2], [3, 6], [1, 1], [False, False], id="equal rates of unequal groups"),
    pytest.param([0, 0], [5, 9], [1, 1], [False, False], id="nobody is selected anywhere"),
    pytest.param([0, 3], [5, 9], [0, 1], [True, False], id="nobody of one group"),
    pytest.param([7], [9], [1], [False], id="one group"),
]


@pytest.mark.parametrize(("selected", "total", "ratios", "flags"), FOUR_FIFTHS)
def test_four_fifths(selected: list[int], total: list[int], ratios: list[float], flags: list[bool]) -> None:
    answer = four_fifths(selected, total)
    assert answer.ratios == pytest.approx(ratios, abs=5e-5)
    assert answer.flags == flags
    assert len(answer.p_values) == len(selected)


def test_flagged_by_the_rule_yet_within_chance() -> None:
    """Morris 2017 in adverseimpact: 2 of 10 against 15 of 25, Fisher's p is .0599."""
    answer = four_fifths({"F": 2, "M": 15}, {"M": 25, "F": 10})
    assert answer.flags == [True, False]
    assert answer.p_values == [pytest.approx(0.0599, abs=5e-5), 1.0]


@given(st.integers(1, 10**12))
def test_four_fifths_is_compared_in_whole_numbers(size: int) -> None:
    """4k of 5n against 5k of 5n is 0.8 exactly, however badly floats divide; one fewer is below."""
    chosen, members = np.array([4 * size, 5 * size]), np.array([7 * size] * 2)
    best = int(chosen[1])
    if size < 10**6:
        assert four_fifths(chosen, members).flags == [False, False]
        assert four_fifths([4 * size - 1, best], members).flags == [True, False]


REFUSED = [
    pytest.param([1, 1], [2], "shape", id="unequal lengths"),
    pytest.param([], [], "empty", id="no groups"),
    pytest.param([0, 1], [0, 2], "empty", id="a group without members"),
    pytest.param([3, 1], [2, 2], "selected_above_total", id="more selected than members"),
    pytest.param([0.5, 1], [2, 2], "not_whole", id="half a person"),
    pytest.param({"a": 1}, {"b": 1}, "unknown_name", id="other groups"),
]


@pytest.mark.parametrize(("selected", "total", "code"), REFUSED)
def test_refused_selections(selected: object, total: object, code: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        four_fifths(selected, total)
    assert caught.value.code == code


GINI = [
    pytest.param(
        [541, 1463, 2445, 3438, 4437, 5401, 6392, 8304, 11904, 22261], 0.4620911, id="R package ineq"
    ),
    pytest.param([5, 5, 5], 0.0, id="all equal"),
    pytest.param([0, 0, 0, 1], 0.75, id="one has everything: 1 - 1/n"),
    pytest.param([0, 0], 0.0, id="nobody has anything"),
    pytest.param([Decimal("1"), Decimal("3")], 0.25, id="Decimals"),
]


@pytest.mark.parametrize(("amounts", "expected"), GINI)
def test_gini(amounts: list[object], expected: float) -> None:
    assert gini(amounts) == pytest.approx(expected, abs=5e-8)


def test_refused_amounts() -> None:
    for amounts in ([-1.0, 2.0], [float("nan"), 1.0]):
        with pytest.raises(InvalidInput):
            gini(amounts)
    with pytest.raises(NoAnswers):
        gini([])


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=20), st.integers(1, 50))
def test_gini_by_mean_difference(amounts: list[int], factor: int) -> None:
    x = np.array(amounts, dtype=float)
    expected = np.abs(np.subtract.outer(x, x)).mean() / (2 * x.mean()) if x.any() else 0.0
    assert gini(amounts) == pytest.approx(expected, abs=1e-12)
    assert gini(x * factor) == pytest.approx(gini(amounts), abs=1e-12)
    assert 0 <= gini(amounts) <= 1 - 1 / len(x) + 1e-12


ANSWERS = [1, 3, 5, 4, 7, 15, 22, 51, 85, 73, 59]
NPS = [
    pytest.param(ANSWERS, 23.077, id="expertsmind, 325 answers: 40.615 % less 17.538 %"),
    pytest.param([0] * 10 + [3], 100.0, id="all promoters"),
    pytest.param([1] + [0] * 10, -100.0, id="all detractors"),
    pytest.param([0] * 7 + [4, 4, 0, 0], 0.0, id="all passive"),
    pytest.param({9: 1, 10: 1, 6: 1, 7: 1}, 25.0, id="by answer"),
]


@pytest.mark.parametrize(("counts", "expected"), NPS)
def test_net_promoter_score(counts: object, expected: float) -> None:
    assert net_promoter_score(counts) == pytest.approx(expected, abs=5e-4)


def test_refused_answers() -> None:
    with pytest.raises(NoAnswers):
        net_promoter_score([0] * 11)
    for counts in ([1] * 10, [0.5] * 11, [-1] * 11, {11: 1}):
        with pytest.raises(InvalidInput):
            net_promoter_score(counts)


@given(st.lists(st.integers(0, 50), min_size=11, max_size=11).filter(any))
def test_a_better_answer_never_lowers_the_score(counts: list[int]) -> None:
    assert -100 <= net_promoter_score(counts) <= 100
    for answer in range(10):
        if counts[answer]:
            better = list(counts)
            better[answer] -= 1
            better[answer + 1] += 1
            assert net_promoter_score(better) >= net_promoter_score(counts)
