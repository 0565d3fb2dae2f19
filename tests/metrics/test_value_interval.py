"""The interval beside a person's value: a share of cases never leaves 0 to 100 and never claims certainty."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from metrics.views.values import _interval
from scoring.intervals import wilson


def standing(
    value: float | None, n: int, error: float | None, inputs: dict[str, float], unit: str = "percent"
) -> SimpleNamespace:
    current = SimpleNamespace(value=value, n=n, standard_error=error, inputs=inputs)
    return SimpleNamespace(current=current, version=SimpleNamespace(unit=unit))


def test_a_rare_complaint_is_not_below_nought() -> None:
    low, high = _interval(standing(100 / 263, 263, 0.38, {"sum(complaints)": 1, "sum(answered)": 263}))
    expected = wilson(1, 263)
    assert (low, high) == (pytest.approx(100 * expected[0]), pytest.approx(100 * expected[1]))
    assert low is not None
    assert low > 0


def test_no_complaint_at_all_leaves_room_above() -> None:
    low, high = _interval(standing(0.0, 40, 0.0, {"sum(complaints)": 0, "sum(answered)": 40}))
    assert low == 0
    assert high == pytest.approx(100 * wilson(0, 40)[1])


def test_a_mean_keeps_its_error_on_either_side() -> None:
    low, high = _interval(standing(4.2, 57, 0.1, {"sum(csat)": 239.4, "count(csat)": 57}, unit="points"))
    assert (low, high) == (pytest.approx(4.2 - 0.196), pytest.approx(4.2 + 0.196))


def test_a_share_of_something_else_than_cases_keeps_its_error() -> None:
    low, high = _interval(standing(35.0, 20, 2.0, {"sum(cost)": 35.0, "sum(budget)": 100.0}))
    assert (low, high) == (pytest.approx(31.08), pytest.approx(38.92))


@pytest.mark.parametrize(
    "nothing",
    [None, standing(None, 0, None, {}), standing(50.0, 1, None, {})],
    ids=["no value", "no data", "one case"],
)
def test_nothing_is_said_without_an_error(nothing: SimpleNamespace | None) -> None:
    assert _interval(nothing) == (None, None)
