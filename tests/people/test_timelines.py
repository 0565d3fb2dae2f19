"""Lines of segments: put, end, extend, begin, whatever order they come in."""

from __future__ import annotations

import datetime
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from people.services.timelines import Segment, at, begin, end, extend, natural_end, put

ORIGIN = datetime.date(2025, 1, 1)


def day(number: int) -> datetime.date:
    return ORIGIN + datetime.timedelta(days=number)


def line(*parts: tuple[int, int | None, str]) -> list[Segment]:
    return [
        Segment(day(first), None if until is None else day(until), value, pk=place + 1)
        for place, (first, until, value) in enumerate(parts)
    ]


def shown(segments: list[Segment]) -> list[tuple[int, int | None, str]]:
    return [
        ((each.first - ORIGIN).days, None if each.until is None else (each.until - ORIGIN).days, each.value)
        for each in segments
    ]


@pytest.mark.parametrize(
    ("before", "value", "first", "until", "after"),
    [
        pytest.param([], "A", 5, None, [(5, None, "A")], id="into nothing"),
        pytest.param([(0, None, "A")], "B", 5, None, [(0, 5, "A"), (5, None, "B")], id="cut"),
        pytest.param([(0, None, "A")], "B", 5, 8, [(0, 5, "A"), (5, 8, "B"), (8, None, "A")], id="divided"),
        pytest.param([(0, None, "A")], "A", 5, 8, [(0, None, "A")], id="the same already holds"),
        pytest.param([(0, 8, "A")], "A", 5, None, [(0, None, "A")], id="the same goes on longer"),
        pytest.param([(0, None, "A")], "B", 0, None, [(0, None, "B")], id="replaced"),
        pytest.param([(3, 6, "A")], "B", 0, None, [(0, None, "B")], id="covered"),
        pytest.param([(3, None, "A")], "A", 0, 3, [(0, None, "A")], id="joined with the next"),
        pytest.param([(0, 3, "A")], "A", 3, None, [(0, None, "A")], id="joined with the one before"),
        pytest.param(
            [(0, 3, "A"), (6, None, "C")], "B", 3, 6, [(0, 3, "A"), (3, 6, "B"), (6, None, "C")], id="gap"
        ),
        pytest.param([(0, None, "A")], "B", 5, 5, [(0, None, "A")], id="no days at all"),
    ],
)
def test_put(
    before: list[tuple[int, int | None, str]],
    value: str,
    first: int,
    until: int | None,
    after: list[tuple[int, int | None, str]],
) -> None:
    assert shown(put(line(*before), value, day(first), None if until is None else day(until))) == after


def test_a_stored_row_stays_while_any_part_of_it_stays() -> None:
    divided = put(line((0, None, "A")), "B", day(5), day(8))
    assert [each.pk for each in divided] == [1, None, None]
    assert [each.pk for each in put(line((0, None, "A")), "B", day(0), day(5))] == [1, None]


def test_natural_end() -> None:
    segments = line((0, 5, "A"), (9, None, "B"))
    assert natural_end(segments, day(2)) == day(5)
    assert natural_end(segments, day(6)) == day(9)
    assert natural_end(segments, day(10)) is None


def test_ending_extending_beginning() -> None:
    segments = line((0, 5, "A"), (5, 9, "B"))
    assert shown(end(segments, day(3))) == [(0, 3, "A")]
    assert shown(end(segments, day(5))) == [(0, 5, "A")]
    assert shown(extend(segments, day(12))) == [(0, 5, "A"), (5, 12, "B")]
    assert shown(extend(segments, day(7))) == [(0, 5, "A"), (5, 9, "B")]
    assert shown(begin(segments, day(5))) == [(5, 9, "B")]
    assert shown(begin(segments, day(2))) == [(2, 5, "A"), (5, 9, "B")]


steps = st.lists(
    st.tuples(st.sampled_from("ABC"), st.integers(0, 30), st.one_of(st.none(), st.integers(1, 12))),
    max_size=8,
)


@given(steps)
def test_a_line_never_overlaps_and_says_what_was_said_last(
    steps: list[tuple[str, int, int | None]],
) -> None:
    segments: list[Segment] = []
    truth: dict[int, str] = {}
    for value, first, length in steps:
        until = None if length is None else first + length
        segments = put(segments, value, day(first), None if until is None else day(until))
        truth |= dict.fromkeys(range(first, 60 if until is None else until), value)
    for before, after in itertools.pairwise(segments):
        assert before.until is not None
        assert before.until <= after.first
    found = {number: held.value for number in range(60) if (held := at(segments, day(number)))}
    assert found == truth
