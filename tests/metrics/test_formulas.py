"""Formulas in words, their denominators and samples; percentages; what an error is worth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from django.utils import translation

from metrics import formulas
from scoring import kpi as scoring_kpi
from scoring.grammar import Statistic

NAMES = {"resolved": "calls resolved", "answered": "calls answered", "seconds": "seconds", "a": "A", "b": "B"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("sum(resolved) / sum(answered)", "calls resolved ÷ calls answered", id="ratio"),
        pytest.param("mean(seconds)", "average seconds", id="mean"),
        pytest.param("count(answered)", "number of calls answered values", id="count"),
        pytest.param("100 * mean(a)", "100 × average A", id="times"),
        pytest.param("(sum(a) - sum(b)) / 2", "(A − B) ÷ 2", id="brackets where they matter"),
        pytest.param("sum(a) + sum(b) / sum(a)", "A + (B ÷ A)", id="an order of its own"),
        pytest.param("-sum(a)", "−A", id="minus"),
        pytest.param("mean(a) ** 2", "average A^2", id="power"),
        pytest.param("min(sum(a), 3)", "the smaller of (A, 3)", id="the smaller"),
        pytest.param("sum(unknown)", "unknown", id="a measure without a name"),
    ],
)
def test_in_words(text: str, words: str) -> None:
    with translation.override("en"):
        assert formulas.in_words(scoring_kpi.parse(text), NAMES) == words


UNITS = {"resolved": "count", "answered": "count", "seconds": "seconds", "hours": "hours"}


@pytest.mark.parametrize(
    ("text", "named", "expected"),
    [
        pytest.param(
            "sum(resolved) / sum(answered)", "", ("sum", "answered"), id="of a counted thing its sum"
        ),
        pytest.param("sum(resolved) / count(answered)", "", ("count", "answered"), id="of a count the count"),
        pytest.param("sum(answered) / sum(hours)", "", ("count", "hours"), id="of hours how many there are"),
        pytest.param("mean(seconds)", "", ("count", "seconds"), id="of a mean the count"),
        pytest.param(
            "sum(resolved) / sum(answered)", "seconds", ("count", "seconds"), id="the one that is named"
        ),
        pytest.param("sum(resolved)", "", ("count", "resolved"), id="without a denominator the count"),
    ],
)
def test_sample(text: str, named: str, expected: tuple[str, str]) -> None:
    found = formulas.sample_of(scoring_kpi.parse(text), sample_measure=named, units=UNITS)
    assert found == (Statistic(*expected),)


def test_a_plain_number_is_no_denominator() -> None:
    assert formulas.denominators(scoring_kpi.parse("sum(a) / 3")) == []
    assert formulas.denominators(scoring_kpi.parse("3 / (1 + sum(a))")) == [Statistic("sum", "a")]
    assert formulas.denominators(scoring_kpi.parse("mean(a) - mean(b)")) == [
        Statistic("count", "a"),
        Statistic("count", "b"),
    ]


def totals(**columns: tuple[float, float, float]) -> pd.DataFrame:
    """One subject; measure=(sum, count, sum of squares)."""
    frame = pd.DataFrame(
        {
            (code, name): [value]
            for code, values in columns.items()
            for name, value in zip(("sum", "count", "sumsq"), values, strict=True)
        }
    )
    frame.columns = pd.MultiIndex.from_tuples(frame.columns)
    return frame


def test_percent_is_made_of_the_ratio_in_one_place() -> None:
    formula = scoring_kpi.parse("sum(a) / sum(b)")
    frame = totals(a=(1, 3, 1), b=(3, 3, 3))
    assert formulas.evaluate(formula, frame, unit="percent").tolist() == [33.333333]
    assert formulas.evaluate(formula, frame, unit="ratio").tolist() == [0.333333]


def test_the_error_of_a_share_is_binomial() -> None:
    formula = scoring_kpi.parse("sum(a) / sum(b)")
    found = formulas.standard_error(formula, totals(a=(30, 50, 30), b=(40, 50, 40)), unit="percent")
    assert found[0] == pytest.approx(100 * (0.75 * 0.25 / 40) ** 0.5, abs=1e-6)


def test_all_or_none_claims_no_certainty() -> None:
    formula = scoring_kpi.parse("sum(a) / sum(b)")
    for part in (0, 40):
        found = formulas.standard_error(formula, totals(a=(part, 50, part), b=(40, 50, 40)), unit="percent")
        assert np.isnan(found[0])


def test_an_unknown_spread_gives_no_error() -> None:
    found = formulas.standard_error(scoring_kpi.parse("mean(a)"), totals(a=(30, 10, np.nan)), unit="score")
    assert np.isnan(found[0])
