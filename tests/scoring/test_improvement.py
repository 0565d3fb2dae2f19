"""Absolute standards over periods, and the way to a target."""

from __future__ import annotations

import math

import pytest

from scoring.errors import InvalidInput
from scoring.improvement import above_throughout, below_throughout, is_met, way_made


def test_a_standard_holds_in_every_period() -> None:
    points = [[55, 58], [55, 60], [math.nan, 10], [95, 95], [95, 94.999]]
    assert below_throughout(points, 60).tolist() == [True, False, False, False, False]
    assert above_throughout(points, 95).tolist() == [False, False, False, True, False]
    for wrong in ([55, 58], [[]]):
        with pytest.raises(InvalidInput):
            below_throughout(wrong, 60)


@pytest.mark.parametrize(
    ("value", "target", "direction", "decimals", "met"),
    [
        (4.5, 4.5, "higher", 2, True),
        (4.496, 4.5, "higher", 2, True),  # 4.50, as people see it
        (4.494, 4.5, "higher", 2, False),
        (30.4, 30, "lower", 0, True),
        (31, 30, "lower", 0, False),
        (100.2, 100, "nearest", 0, True),
        (101, 100, "nearest", 0, False),
        (None, 100, "higher", 0, False),
        (math.nan, 100, "lower", 0, False),
    ],
)
def test_met(value: float | None, target: float, direction: str, decimals: int, met: bool) -> None:
    assert is_met(value, target, direction, decimals=decimals) is met


@pytest.mark.parametrize(
    ("start", "value", "target", "direction", "share"),
    [
        (4.1, 4.3, 4.5, "higher", 0.5),
        (40, 35, 30, "lower", 0.5),
        (4.1, 4.0, 4.5, "higher", 0.0),  # further away than at the start
        (4.1, 4.9, 4.5, "higher", 1.0),
        (80, 110, 100, "nearest", 0.5),
        (None, 4.3, 4.5, "higher", None),
        (4.1, None, 4.5, "higher", None),
        (4.5, 4.6, 4.5, "higher", None),
    ],
)
def test_way_made(
    start: float | None, value: float | None, target: float, direction: str, share: float | None
) -> None:
    found = way_made(start, value, target, direction)
    assert found is None if share is None else found == pytest.approx(share)


def test_an_unknown_direction_is_named() -> None:
    for work in (lambda: is_met(1, 1, "up"), lambda: way_made(1, 2, 3, "up")):
        with pytest.raises(InvalidInput):
            work()
