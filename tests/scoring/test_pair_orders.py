"""Orders from pairs: expected wins, how sure an order is, agreement, and which pair tells most."""

from __future__ import annotations

import numpy as np
import pytest

from scoring.errors import InvalidInput
from scoring.pair_orders import (
    agreement_with,
    expected_wins,
    most_telling,
    order_certainty,
    pairs_needed,
    parts,
)
from scoring.pairwise import Strengths, bradley_terry, strengths_of

ANSWERS = [(0, 1), (0, 2), (1, 2), (2, 3), (1, 3), (3, 0)]


def test_strengths_with_their_covariance_are_those_of_bradley_terry() -> None:
    found = strengths_of(ANSWERS, prior=0.25, items=4)
    strengths, errors = bradley_terry(ANSWERS, prior=0.25, items=4)
    assert found.strengths.tolist() == strengths.tolist()
    np.testing.assert_allclose(found.errors, errors)
    np.testing.assert_allclose(found.covariance.sum(axis=0), 0, atol=1e-12)
    assert found.differences[0, 0] == 0
    assert found.differences[0, 1] == pytest.approx(
        found.covariance[0, 0] + found.covariance[1, 1] - 2 * found.covariance[0, 1]
    )


def test_before_the_first_answer_everyone_is_as_unsure_as_the_prior() -> None:
    found = strengths_of([], prior=0.25, items=3)
    assert found.strengths.tolist() == [0, 0, 0]
    assert found.differences[0, 1] == pytest.approx(2 / 0.25)
    with pytest.raises(InvalidInput):
        strengths_of([], prior=0.25)


def test_expected_wins_add_up_to_one_half_and_their_error_is_that_of_small_changes() -> None:
    found = strengths_of(ANSWERS, prior=0.25, items=4)
    share, error = expected_wins(found)
    assert share.mean() == pytest.approx(0.5)
    # by hand: the mean of three chances
    chance = [1 / (1 + np.exp(found.strengths[j] - found.strengths[0])) for j in (1, 2, 3)]
    assert share[0] == pytest.approx(np.mean(chance))
    slopes = np.array(
        [
            (expected_wins(Strengths(found.strengths + step, found.covariance))[0][0] - share[0]) / 1e-6
            for step in np.eye(4) * 1e-6
        ]
    )
    assert error[0] == pytest.approx(np.sqrt(slopes @ found.covariance @ slopes), rel=1e-4)
    with pytest.raises(InvalidInput):
        expected_wins(strengths_of([], prior=1, items=1))


def test_certainty_rises_with_answers_and_knows_that_equals_have_no_order() -> None:
    before = order_certainty(strengths_of([], prior=0.25, items=4))
    assert 0.5 < before < 0.6
    once = order_certainty(strengths_of(ANSWERS, prior=0.25, items=4))
    often = order_certainty(strengths_of(ANSWERS * 50, prior=0.25, items=4))
    assert before < once < often < 1
    even = [(i, j) for i in range(4) for j in range(4) if i != j] * 200
    assert order_certainty(strengths_of(even, prior=0.25, items=4)) > 0.99


def test_parts_are_who_were_compared_directly_or_over_others() -> None:
    assert parts([(0, 1), (3, 1), (2, 4)], items=6) == [[0, 1, 3], [2, 4], [5]]
    assert parts([], items=2) == [[0], [1]]


def test_the_next_pair_joins_what_was_never_compared() -> None:
    found = strengths_of([(0, 1), (2, 3)], prior=0.25, items=4)
    [(first, second)] = most_telling(found, [(0, 1), (2, 3)], count=1)
    assert {first, second} not in ({0, 1}, {2, 3})
    everything = most_telling(found, [], count=99)
    assert sorted(everything) == [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]
    assert most_telling(found, [(1, 0), *everything], count=1) == []
    with pytest.raises(InvalidInput):
        most_telling(found, [(0, 9)], count=1)


def test_chosen_pairs_need_about_as_many_answers_as_was_said() -> None:
    rng = np.random.default_rng(7)
    people, wanted = 16, 0.9
    ability = rng.normal(0, 1.5, people)
    pairs: list[tuple[int, int]] = []
    asked: list[tuple[int, int]] = []
    found = strengths_of([], prior=0.25, items=people)
    while order_certainty(found) < wanted:
        [(i, j)] = most_telling(found, asked, count=1)
        asked.append((i, j))
        pairs.append((i, j) if rng.random() < 1 / (1 + np.exp(ability[j] - ability[i])) else (j, i))
        found = strengths_of(pairs, prior=0.25, items=people)
    assert len(parts(pairs, items=people)) == 1
    assert len(asked) == pytest.approx(pairs_needed(people, wanted), rel=0.2)
    assert np.corrcoef(found.strengths, ability)[0, 1] > 0.6
    assert pairs_needed(4, 0.95) == 6


def test_agreement_is_against_what_the_order_lets_expect() -> None:
    strengths = [2.0, 0.0, -2.0]
    agreed, expected, apart = agreement_with([(0, 1), (1, 2), (0, 2)], strengths)
    assert agreed == 1
    assert 0.8 < expected < 1
    assert apart > 0
    agreed, _expected, apart = agreement_with([(1, 0), (2, 1), (2, 0)], strengths)
    assert (agreed, apart < -2) == (0, True)
    assert agreement_with([(0, 1)], [1.0, 1.0])[0] == 0.5
    assert np.isnan(agreement_with([], strengths)).all()
