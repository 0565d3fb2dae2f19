"""Difference in differences, matched: by hand, as published, and where it says nothing."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from scoring.effects import Effect, difference_in_differences, error_of_difference, matched_effect
from scoring.errors import InvalidInput

BEFORE = [60.0, 70, 62, 68, 72, 50]
AFTER = [70.0, 75, 64, 69, 74, 51]
TREATED = [1, 1, 0, 0, 0, 0]


def effect(**changes: object) -> Effect:
    given: dict[str, object] = {
        "groups": ["agent"] * 6,
        "tenure": [12.0] * 6,
        "neighbours": 1,
        "least": 2,
        **changes,
    }
    return matched_effect(BEFORE, AFTER, TREATED, **given)  # type: ignore[arg-type]


def test_card_and_krueger_1994() -> None:
    """Table 3: New Jersey 20.44, 21.03; Pennsylvania 23.33, 21.17. Printed: 2.76 (1.36), before rounding the means."""
    assert difference_in_differences(20.44, 21.03, 23.33, 21.17) == pytest.approx(2.76, abs=0.011)
    assert error_of_difference(0.54, 1.25) == pytest.approx(1.36, abs=0.005)


def test_by_hand() -> None:
    """Changes 10 and 5 against 2 (62 is nearest to 60) and 1.5 (68 and 72 are equally near to 70: both)."""
    found = effect()
    assert found.estimate == pytest.approx(7.5 - 1.75)
    treated = 2 / 1 * 2 * (0.5 * 2.5) ** 2
    controls = 3 / 2 * ((0.5 * 0.25) ** 2 + (0.25 * 0.75) ** 2 + (0.25 * 0.25) ** 2)
    assert found.standard_error == pytest.approx(math.sqrt(treated + controls))
    assert found.high == pytest.approx(5.75 + stats.t.ppf(0.975, 1) * math.sqrt(treated + controls))
    assert (found.treated, found.controls, found.unmatched) == (2, 3, 0)
    means = (found.treated_before, found.treated_after, found.control_before, found.control_after)
    assert means == (65.0, 72.5, 66.0, 67.75)
    assert difference_in_differences(*means) == pytest.approx(5.75)  # type: ignore[arg-type]


def test_a_control_taken_twice_counts_twice_and_is_one_person() -> None:
    found = effect(neighbours=4)  # all four beside each: changes 2, 1, 2, 1, each with weight 1/4
    assert found.estimate == pytest.approx(7.5 - 1.5)
    assert found.controls == 4
    side = 4 / 3 * 4 * (0.25 * 0.5) ** 2
    assert found.standard_error == pytest.approx(math.sqrt(6.25 + side))


def test_tenure_decides_between_equal_values() -> None:
    before, after = [60.0, 60, 60, 60], [70.0, 70, 61, 65]
    found = matched_effect(
        before, after, [1, 1, 0, 0], groups=["a"] * 4, tenure=[1, 30, 2, 29], neighbours=1, least=2
    )
    assert found.estimate == pytest.approx(10 - 3)


def test_only_the_same_group_is_compared() -> None:
    found = effect(groups=["agent", "lead", "agent", "agent", "agent", "agent"], least=1)
    assert (found.treated, found.unmatched) == (1, 1)
    assert found.estimate is None  # one person has no spread


def test_rows_of_one_person_are_one_cluster() -> None:
    """Two plans of one person, and controls who appear in both months: fewer people than rows."""
    before, after = BEFORE * 2, AFTER * 2
    groups = ["2025-09"] * 6 + ["2025-10"] * 6
    people = list(range(6)) * 2
    twice = matched_effect(
        before, after, TREATED * 2, groups=groups, tenure=[12.0] * 12, people=people, neighbours=1, least=2
    )
    assert (twice.treated, twice.controls) == (2, 3)
    assert twice.estimate == pytest.approx(5.75)
    assert twice.standard_error == pytest.approx(effect().standard_error)


def test_nobody_is_compared_with_the_own_other_row() -> None:
    found = matched_effect(
        [60.0, 60, 61], [70.0, 70, 62], [1, 0, 0], groups=["a"] * 3, tenure=[1] * 3, people=[7, 7, 8], least=2
    )
    assert (found.treated, found.controls) == (1, 1)


def test_too_few_people_give_no_number() -> None:
    found = effect(least=5)
    assert (found.estimate, found.low, found.treated, found.controls) == (None, None, 2, 3)


def test_without_an_effect_the_interval_covers_zero_nineteen_times_in_twenty() -> None:
    rng, covered = np.random.default_rng(7), 0
    for _ in range(200):
        before = rng.normal(70, 8, 130)
        after = before + rng.normal(0, 5, 130)
        treated = np.arange(130) < 30
        found = matched_effect(before, after, treated, groups=["a"] * 130, tenure=rng.uniform(0, 60, 130))
        assert found.low is not None
        assert found.high is not None
        covered += found.low <= 0 <= found.high
    assert 180 <= covered <= 199


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"groups": ["a"]}, "shape"),
        ({"tenure": [1.0]}, "shape"),
        ({"people": [1]}, "shape"),
        ({"tenure": [math.nan] * 6}, "not_finite"),
        ({"neighbours": 0}, "out_of_range"),
        ({"level": 1.0}, "out_of_range"),
    ],
)
def test_what_cannot_be_is_named(changes: dict[str, object], code: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        effect(**changes)
    assert caught.value.code == code
    with pytest.raises(InvalidInput):
        error_of_difference(-1, 1)
