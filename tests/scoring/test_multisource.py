"""360-degree scores and the protection of small groups."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.errors import InvalidInput, NoReportableGroup
from scoring.multisource import Group, combine, groups

NAN = float("nan")

# vantageafricaleaders.com, 360 degree form: rating and weight per rater.
FORM = [
    (4, 0.4), (2, 0.13), (4, 0.16), (4, 0.16), (2, 0.03), (3, 0.03), (2, 0.03), (3, 0.03), (4, 0.03),
]  # fmt: skip


def test_a_published_form() -> None:
    ratings, weights = [row[0] for row in FORM], [row[1] for row in FORM]
    assert combine(ratings, [1] * 9, weights, minimum=1) == pytest.approx(3.56)
    assert combine(ratings, [1] * 9, [1] * 9, minimum=1) == pytest.approx(28 / 9)


MEANS = {"superior": 5.0, "peers": 4.0, "subordinates": 3.0, "customers": 2.0}
WEIGHTS = {"superior": 40, "peers": 30, "subordinates": 20, "customers": 10}
CASES = [
    pytest.param((1, 5, 5, 5), 5 * 0.4 + 4 * 0.3 + 3 * 0.2 + 2 * 0.1, id="all groups large enough"),
    pytest.param((1, 5, 3, 2), 5 * 0.4 + 4 * 0.3 + (9 + 4) / 5 * 0.3, id="two small groups become one"),
    pytest.param((1, 5, 3, 1), (5 * 0.4 + 4 * 0.3) / 0.7, id="still too small together, no weight"),
    pytest.param((1, 4, 0, 0), 5.0, id="only the named superior is left"),
    pytest.param((0, 5, 5, 0), (4 * 0.3 + 3 * 0.2) / 0.5, id="groups without raters"),
]


@pytest.mark.parametrize(("counts", "expected"), CASES)
def test_small_groups_are_merged_or_lose_their_weight(counts: tuple[int, ...], expected: float) -> None:
    named = dict(zip(MEANS, counts, strict=True))
    assert combine(MEANS, named, WEIGHTS, minimum=5, exempt=("superior",)) == pytest.approx(expected)
    by_position = combine(list(MEANS.values()), counts, list(WEIGHTS.values()), minimum=5, exempt=(0,))
    assert by_position == pytest.approx(expected)


def test_nobody_large_enough_is_a_named_error() -> None:
    with pytest.raises(NoReportableGroup):
        combine([4.0, 3.0], [2, 2], [1, 1], minimum=5)
    with pytest.raises(NoReportableGroup):
        combine([NAN], [5], [1], minimum=5)


def test_people_at_once_agree_with_one_by_one() -> None:
    generator = np.random.default_rng(2)
    means, counts = generator.uniform(1, 5, (50, 4)), generator.integers(0, 8, (50, 4))
    together = combine(means, counts, [4, 3, 2, 1], minimum=4, exempt=(0,))
    for row in range(50):
        try:
            alone = combine(means[row], counts[row], [4, 3, 2, 1], minimum=4, exempt=(0,))
        except NoReportableGroup:
            alone = NAN
        assert together[row] == pytest.approx(alone, nan_ok=True)
    assert np.isnan(together).any()


def test_the_groups_behind_a_score() -> None:
    counts = {"superior": 1, "peers": 5, "subordinates": 3, "customers": 2}
    assert groups(MEANS, counts, WEIGHTS, minimum=5, exempt=("superior",)) == [
        Group(("superior",), 5.0, 1, 0.4),
        Group(("peers",), 4.0, 5, 0.3),
        Group(("subordinates", "customers"), pytest.approx(2.6), 5, pytest.approx(0.3)),
    ]
    assert groups([1.0], [2], [1], minimum=3) == []


GROUPS = st.lists(
    st.tuples(st.floats(1, 5), st.integers(0, 9), st.integers(0, 5)), min_size=1, max_size=6
).filter(lambda rows: any(row[2] for row in rows))


@given(GROUPS, st.integers(1, 6))
def test_nothing_smaller_than_the_minimum_is_shown_or_counted(
    rows: list[tuple[float, int, int]], minimum: int
) -> None:
    means, counts, weights = ([row[i] for row in rows] for i in range(3))
    shown = groups(means, counts, weights, minimum=minimum)
    assert all(group.count >= minimum for group in shown)
    if not shown:
        with pytest.raises(NoReportableGroup):
            combine(means, counts, weights, minimum=minimum)
        return
    score = combine(means, counts, weights, minimum=minimum)
    assert sum(group.weight for group in shown) == pytest.approx(1.0)
    assert score == pytest.approx(sum(group.weight * group.mean for group in shown))


@given(GROUPS, st.floats(1, 5))
def test_what_a_group_without_weight_said_changes_nothing(
    rows: list[tuple[float, int, int]], other: float
) -> None:
    """One small group alone: its answers must not be recoverable from any score."""
    means, counts, weights = ([row[i] for row in rows] for i in range(3))
    means, counts, weights = (
        [*means, other],
        [*(max(c, 4) for c in counts), 3],
        [*(w + 1 for w in weights), 5],
    )
    assert combine(means, counts, weights, minimum=4) == combine(
        [*means[:-1], 1.0], counts, weights, minimum=4
    )


REFUSED = [
    pytest.param({"a": 1.0}, {"b": 1}, {"a": 1}, (), "unknown_name", id="counts of another group"),
    pytest.param({"a": 1.0}, {"a": 1}, {"a": 1}, ("b",), "unknown_name", id="an unknown exemption"),
    pytest.param([1.0], [1, 2], [1], (), "shape", id="counts of other length"),
    pytest.param([1.0], [1], [1, 1], (), "shape", id="weights of other length"),
    pytest.param([1.0], [-1], [1], (), "negative", id="a negative count"),
    pytest.param([1.0], [1], [0], (), "weights_zero", id="no weight at all"),
]


@pytest.mark.parametrize(("means", "counts", "weights", "exempt", "code"), REFUSED)
def test_refused(
    means: object, counts: object, weights: object, exempt: tuple[object, ...], code: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        combine(means, counts, weights, minimum=1, exempt=exempt)
    assert caught.value.code == code


def test_refused_minimum_and_table() -> None:
    with pytest.raises(InvalidInput):
        combine([1.0], [1], [1], minimum=0)
    with pytest.raises(InvalidInput):
        groups([[1.0], [2.0]], [[1], [1]], [1], minimum=1)
