"""The rule of the behavioural record, by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.errors import InvalidInput
from scoring.incidents import behaviour_scores, incident_points


def points(values: list[float], **changes: Any) -> list[float]:
    size = len(values)
    facts: dict[str, Any] = {
        "people": [0] * size,
        "days": ["a"] * size,
        "behaviours": ["x"] * size,
        "ages": [0] * size,
        **changes,
    }
    return incident_points(values, **facts).tolist()


def test_without_limits_every_incident_counts_in_full() -> None:
    assert points([5, -10, 2]) == [5, -10, 2]
    assert points([]) == []


def test_it_fades_by_its_age() -> None:
    assert points([8, -8, 8], ages=[0, 10, 20], half_life=10) == [8, -4, 2]


def test_good_and_bad_have_limits_of_their_own() -> None:
    assert points([6, 6, -6, -6, 1], day_cap=10) == [6, 4, -6, -4, 0]


def test_the_limit_of_a_day_is_one_persons_and_one_days() -> None:
    assert points([6, 6, 6], day_cap=10, people=[0, 1, 1], days=["a", "a", "b"]) == [6, 6, 6]


def test_the_limit_of_a_behaviour_reaches_over_days() -> None:
    assert points([6, 6, 6], behaviour_cap=10, days=["a", "b", "c"], behaviours=["x", "x", "y"]) == [6, 4, 6]


def test_the_limits_follow_one_another() -> None:
    # The day leaves 6 and 4, so the behaviour has 5 left for the third.
    assert points([6, 6, 9], day_cap=10, behaviour_cap=15, days=["a", "a", "b"]) == [6, 4, 5]


@pytest.mark.parametrize(
    "wrong",
    [
        {"ages": [-1]},
        {"ages": [0, 0]},
        {"people": []},
        {"half_life": 0},
        {"day_cap": -1},
        {"behaviour_cap": float("nan")},
    ],
)
def test_what_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        points([1.0], **wrong)
    with pytest.raises(InvalidInput):
        points([float("nan")])


def test_scores() -> None:
    place = np.array([0, 0, 2])
    assert behaviour_scores([-5, 2, 30], place, 4, start=80).tolist() == [77, 80, 100, 80]
    assert behaviour_scores([-90, 2, 30], place, 3, start=80, floor=10, cap=120).tolist() == [10, 80, 110]
    found = behaviour_scores([-5, 2, 30], place, 3, start=80, without_incident="missing")
    assert found[[0, 2]].tolist() == [77, 100]
    assert np.isnan(found[1])
    with pytest.raises(InvalidInput):
        behaviour_scores([], np.array([], dtype=int), 1, start=1, floor=2, cap=1)
    with pytest.raises(InvalidInput):
        behaviour_scores([], np.array([], dtype=int), 1, start=1, without_incident="zero")


@given(
    st.lists(
        st.tuples(
            st.integers(0, 2), st.integers(0, 3), st.integers(0, 2), st.integers(-20, 20), st.integers(0, 90)
        ),
        max_size=40,
    ),
    st.sampled_from([None, 7.0, 30.0]),
    st.sampled_from([None, 5.0, 25.0]),
    st.sampled_from([None, 5.0, 25.0]),
)
def test_one_person_alone_gets_what_all_together_give(
    noted: list[tuple[int, int, int, int, int]], half_life: Any, day_cap: Any, behaviour_cap: Any
) -> None:
    noted = sorted(noted, key=lambda each: each[:2])

    def count(rows: list[tuple[int, int, int, int, int]]) -> list[float]:
        people, days, behaviours, size, ages = (
            [list(column) for column in zip(*rows, strict=True)] if rows else [[]] * 5
        )
        return incident_points(
            size,
            people=people,
            days=days,
            behaviours=behaviours,
            ages=ages,
            half_life=half_life,
            day_cap=day_cap,
            behaviour_cap=behaviour_cap,
        ).tolist()

    together = count(noted)
    assert together == [
        value for person in range(3) for value in count([row for row in noted if row[0] == person])
    ]
    assert all(abs(value) <= abs(row[3]) + 1e-6 for value, row in zip(together, noted, strict=True))
    if day_cap is not None:
        for sign in (1, -1):
            per_day: dict[Any, float] = {}
            for value, row in zip(together, noted, strict=True):
                if value * sign > 0:
                    per_day[row[:2]] = per_day.get(row[:2], 0) + abs(value)
            assert all(total <= day_cap + 1e-4 for total in per_day.values())
