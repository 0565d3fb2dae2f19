"""Seats by largest remainder and ratings by forced distribution."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.apportion import cut_scores, forced_distribution, largest_remainder, merge_small, places
from scoring.errors import InvalidInput, SharesError, SmallGroup

NAN = float("nan")

SEATS = [
    pytest.param(
        [47000, 16000, 15900, 12000, 6000, 3100],
        10,
        [5, 2, 1, 1, 1, 0],
        id="Wikipedia, Hare quota, ten seats",
    ),
    pytest.param([1500, 1500, 900, 500, 500, 200], 25, [7, 7, 4, 3, 3, 1], id="Alabama paradox, 25 seats"),
    pytest.param([1500, 1500, 900, 500, 500, 200], 26, [8, 8, 5, 2, 2, 1], id="Alabama paradox, 26 seats"),
    pytest.param([1, 1, 1], 2, [1, 1, 0], id="ties go to the earlier"),
    pytest.param([0.1, 0.2, 0.7], 10, [1, 2, 7], id="floats are read as they print"),
    pytest.param(["0.15", Decimal("0.7"), 0.15], 7, [1, 5, 1], id="texts and Decimals"),
    pytest.param([0, 5], 3, [0, 3], id="a weight of zero"),
    pytest.param([3, 4], 0, [0, 0], id="no seats"),
]


@pytest.mark.parametrize(("weights", "seats", "expected"), SEATS)
def test_largest_remainder(weights: list[object], seats: int, expected: list[int]) -> None:
    answer = largest_remainder(weights, seats)
    assert answer == expected
    assert all(type(count) is int for count in answer)


REFUSED = [
    pytest.param([], 1, "empty", id="no weights"),
    pytest.param([0, 0], 1, "weights_zero", id="only zeros"),
    pytest.param([1, -1], 1, "negative", id="a negative weight"),
    pytest.param([1], -1, "negative", id="negative seats"),
    pytest.param([1], 1.5, "not_whole", id="half a seat"),
    pytest.param([NAN], 1, "not_finite", id="nan"),
    pytest.param(["x"], 1, "not_finite", id="a word"),
    pytest.param([None], 1, "not_a_number", id="nothing"),
]


@pytest.mark.parametrize(("weights", "seats", "code"), REFUSED)
def test_refused_apportionments(weights: list[object], seats: int, code: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        largest_remainder(weights, seats)
    assert caught.value.code == code


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=12).filter(any), st.integers(0, 500))
def test_seats_add_up_and_keep_to_the_quota(weights: list[int], seats: int) -> None:
    answer = largest_remainder(weights, seats)
    assert sum(answer) == seats
    for weight, count in zip(weights, answer, strict=True):
        assert abs(count - weight * seats / sum(weights)) < 1


DISTRIBUTIONS = [
    pytest.param([50, 90, 70, 80, 60], [20, 60, 20], [2, 0, 1, 1, 1], id="one of five at each end"),
    pytest.param([5, 5, 4, 3], [0.25, 0.5, 0.25], [0, 0, 1, 2], id="a tie at an edge goes up, others stay"),
    pytest.param([9, 9, 9], [0.2, 0.6, 0.2], [0, 0, 0], id="all equal, all in one band"),
    pytest.param([9, NAN, 8], [0.5, 0.5], [0, -1, 1], id="a missing score is not counted"),
    pytest.param([3, 2, 1], [0, 1], [1, 1, 1], id="an empty best band"),
]


@pytest.mark.parametrize(("scores", "shares", "expected"), DISTRIBUTIONS)
def test_forced_distribution(scores: list[float], shares: list[float], expected: list[int]) -> None:
    answer = forced_distribution(scores, shares)
    assert answer.dtype == np.int64
    assert answer.tolist() == expected


def test_ties_are_split_only_when_told_to() -> None:
    answer = forced_distribution([5, 5, 5, 5], [0.25, 0.5, 0.25], split_ties=True)
    assert answer.tolist() == [0, 1, 1, 2]


def test_a_small_group_is_named() -> None:
    for scores, minimum in (([1.0], 2), ([1.0, 2.0, NAN], 3), ([], 0), ([NAN, NAN], 1)):
        with pytest.raises(SmallGroup) as caught:
            forced_distribution(scores, [1], minimum_group=minimum)
        assert caught.value.params["minimum"] == max(minimum, 1)
    assert forced_distribution([1.0], [1], minimum_group=1).tolist() == [0]


def test_shares_must_make_a_whole() -> None:
    for shares in ([10, 20], [0.5, 0.4], [], [33, 33, 33]):
        with pytest.raises(SharesError):
            forced_distribution([1.0, 2.0], shares)
    with pytest.raises(InvalidInput):
        forced_distribution([1.0, 2.0], [-0.5, 1.5])
    assert forced_distribution([1.0, 2.0, 3.0], [33.33, 33.33, 33.33]).tolist() == [2, 1, 0]


SHARES = st.lists(st.integers(0, 20), min_size=1, max_size=5).filter(any)


@given(st.lists(st.integers(0, 6).map(float), min_size=2, max_size=40), SHARES, st.booleans())
def test_counts_add_up_and_ties_hold_together(scores: list[float], parts: list[int], split: bool) -> None:
    shares = [Fraction(part, sum(parts)) for part in parts]
    bands = forced_distribution(scores, shares, split_ties=split)
    assert ((bands >= 0) & (bands < len(shares))).all()
    counts = Counter(bands.tolist())
    exact = largest_remainder(parts, len(scores))
    if split:
        assert [counts[band] for band in range(len(shares))] == exact
    else:
        assert sum(counts.values()) == len(scores)
        for score in set(scores):
            assert len({band for s, band in zip(scores, bands.tolist(), strict=True) if s == score}) == 1
        # Decided in favour of people: from the top, a band is never worse than its share makes it.
        for band in range(len(shares)):
            assert sum(counts[b] for b in range(band + 1)) >= sum(exact[: band + 1])
    for (one, first), (two, second) in zip(
        sorted(zip(scores, bands, strict=True)), sorted(zip(scores, bands, strict=True))[1:], strict=False
    ):
        assert one == two or first >= second


@given(st.lists(st.integers(0, 6).map(float), min_size=2, max_size=20), st.randoms(use_true_random=False))
def test_bands_follow_people_when_they_are_relabelled(scores: list[float], random: object) -> None:
    order = list(range(len(scores)))
    random.shuffle(order)  # type: ignore[attr-defined]
    bands = forced_distribution(scores, [0.1, 0.2, 0.4, 0.3])
    again = forced_distribution([scores[i] for i in order], [0.1, 0.2, 0.4, 0.3])
    assert again.tolist() == bands[order].tolist()


def test_places_are_those_of_the_distribution() -> None:
    assert places([20, 70, 10], 7) == [1, 5, 1]
    assert places([0.5, 0.5], 0) == [0, 0]
    with pytest.raises(SharesError):
        places([50, 40], 7)


def test_cut_scores_stand_at_the_last_places() -> None:
    cuts = cut_scores([88, 92, 75, 81, 92, 64, 70, NAN], [1, 5, 1])
    assert cuts.tolist() == [92.0, 70.0, 64.0]
    nobody = cut_scores([3.0, 2.0], [0, 2])
    assert np.isnan(nobody[0])
    assert nobody[1] == 2.0
    for counts in ([1, 1], [], [4]):
        with pytest.raises(InvalidInput):
            cut_scores([1.0, 2.0, 3.0], counts)


MERGES = [
    pytest.param({"a": 12, "b": 11}, {}, {"a": "a", "b": "b"}, id="large enough, each its own"),
    pytest.param(
        {"a": 12, "b": 3, "c": 8}, {"a": "x", "b": "x", "c": "x"}, {"a": "a", "b": "x", "c": "x"},
        id="two small ones meet above; the large one stays as it is",
    ),
    pytest.param(
        {"b": 3, "x": 9}, {"b": "x", "x": "top"}, {"b": "x", "x": "x"}, id="into the parent's own people"
    ),
    pytest.param(
        {"b": 3, "c": 12}, {"b": "x", "x": "top", "c": "top"}, {"b": None, "c": "c"},
        id="too few up to the top",
    ),
    pytest.param(
        {"b": 3, "d": 4, "c": 3}, {"b": "x", "d": "x", "x": "top", "c": "top"},
        {"b": "top", "d": "top", "c": "top"}, id="two storeys up",
    ),
    pytest.param({"a": 0, "b": 12}, {}, {"a": None, "b": "b"}, id="nobody with a score"),
]  # fmt: skip


@pytest.mark.parametrize(("sizes", "parents", "expected"), MERGES)
def test_small_groups_merge_upwards(
    sizes: dict[str, int], parents: dict[str, str], expected: dict[str, str | None]
) -> None:
    assert merge_small(sizes, parents, 10) == expected


def test_a_ring_of_groups_is_refused() -> None:
    with pytest.raises(InvalidInput):
        merge_small({"a": 1}, {"a": "b", "b": "a"}, 5)


@given(st.dictionaries(st.integers(0, 30), st.integers(0, 15), min_size=1), st.integers(1, 20))
def test_merged_groups_reach_the_minimum_or_are_named(sizes: dict[int, int], minimum: int) -> None:
    parents = {node: (node - 1) // 2 if node else None for node in range(31)}
    into = merge_small(sizes, parents, minimum)
    assert set(into) == set(sizes)
    totals: Counter[int | None] = Counter()
    for group, target in into.items():
        totals[target] += sizes[group]  # type: ignore[index]
        if sizes[group] >= minimum:
            assert target == group
    assert all(total >= minimum for target, total in totals.items() if target is not None)
    assert totals[None] < minimum
