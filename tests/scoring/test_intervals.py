"""Wilson's interval."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from scoring.errors import InvalidInput
from scoring.intervals import wilson

PUBLISHED = [
    pytest.param(13, 16, 0.5699, 0.9341, id="contingencytables, chapter 2"),
    pytest.param(0, 20, 0.0, 0.1611, id="Newcombe 1998, 0 of 20"),
    pytest.param(81, 263, 0.2553, 0.3662, id="Newcombe 1998, 81 of 263"),
    pytest.param(15, 148, 0.0624, 0.1605, id="Newcombe 1998, 15 of 148"),
    pytest.param(1, 29, 0.0061, 0.1718, id="Newcombe 1998, 1 of 29"),
]


@pytest.mark.parametrize(("successes", "trials", "low", "high"), PUBLISHED)
def test_published_intervals(successes: int, trials: int, low: float, high: float) -> None:
    assert wilson(successes, trials) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


def test_the_ends_are_exact_and_no_trials_say_nothing() -> None:
    assert wilson(0, 20)[0] == 0.0
    assert wilson(20, 20)[1] == 1.0
    assert wilson(0, 0) == (0.0, 1.0)


def test_arrays() -> None:
    low, high = wilson([0, 13], [20, 16])
    np.testing.assert_allclose(low, [0, 0.5699], atol=5e-5)
    np.testing.assert_allclose(high, [0.1611, 0.9341], atol=5e-5)


def test_refused_counts() -> None:
    for successes, trials in ((3, 2), (-1, 2), (float("nan"), 2)):
        with pytest.raises(InvalidInput):
            wilson(successes, trials)
    with pytest.raises(InvalidInput):
        wilson(1, 2, level=1.0)


@given(st.integers(0, 500), st.integers(1, 500))
def test_an_interval_holds_its_proportion(successes: int, more: int) -> None:
    trials = successes + more
    low, high = wilson(successes, trials)
    assert 0 <= low <= successes / trials <= high <= 1
    assert (low, high) == pytest.approx(proportion_confint(successes, trials, method="wilson"), abs=1e-12)
    mirrored_low, mirrored_high = wilson(more, trials)
    assert (mirrored_low, mirrored_high) == (pytest.approx(1 - high), pytest.approx(1 - low))
