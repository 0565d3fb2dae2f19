"""Which indicators repeat each other, and which tell nobody apart."""

from __future__ import annotations

import numpy as np
import pytest

from scoring.choice import repeats, varies
from scoring.errors import InvalidInput

NAN = float("nan")


def test_a_pair_that_rises_and_falls_together_is_named_with_n() -> None:
    x = np.arange(20.0)
    table = np.column_stack([x, 100 - 2 * x, np.tile([1.0, 2.0], 10)])
    table[0, 0] = NAN
    found = repeats(table)
    assert [(pair.first, pair.second, pair.r, pair.n) for pair in found] == [(0, 1, -1.0, 19)]


def test_the_closest_comes_first() -> None:
    x = np.arange(30.0)
    noise = np.random.default_rng(3).normal(0, 1.5, 30)
    found = repeats(np.column_stack([x, x + noise, 3 * x]))
    assert (found[0].first, found[0].second) == (0, 2)
    assert [abs(pair.r) for pair in found] == sorted((abs(pair.r) for pair in found), reverse=True)


@pytest.mark.parametrize("column", [np.full(20, 7.0), np.full(20, NAN)])
def test_of_a_constant_or_an_empty_column_nothing_is_said(column: np.ndarray) -> None:
    assert repeats(np.column_stack([np.arange(20.0), column])) == []
    assert not varies(column)


def test_of_few_people_nothing_is_said() -> None:
    table = np.column_stack([np.arange(9.0), np.arange(9.0)])
    assert repeats(table) == []
    assert len(repeats(table, minimum=9)) == 1


@pytest.mark.parametrize("how", [{"threshold": 1.1}, {"threshold": NAN}, {"minimum": 2}])
def test_what_is_refused(how: dict[str, float]) -> None:
    with pytest.raises(InvalidInput):
        repeats(np.zeros((3, 2)), **how)  # type: ignore[arg-type]
