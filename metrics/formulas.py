"""KPI formulas in this product's terms: checked against the measures, told in words, with denominator and sample.

Where a share becomes a percentage of 0 to 100: `UNIT_FACTOR`, and nowhere else. A formula gives a plain ratio.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from django.utils.translation import gettext as _

from foundation.refusals import Refusal
from metrics.models import KPIVersion, Measure
from scoring import kpi as scoring_kpi
from scoring import moments
from scoring.arrays import Floats
from scoring.grammar import Chain, Extreme, Negative, Node, Number, Power, Statistic, statistics

UNIT_FACTOR = {KPIVersion.Unit.PERCENT: 100.0}

# Someone without one record of these had none of the thing (no complaint, no sale), once anybody's came in at all. Of
# a mark or of seconds the absence says nothing.
ADDITIVE_UNITS = frozenset({Measure.Unit.COUNT, Measure.Unit.MONEY})

Totals = pd.DataFrame


def check_formula(text: str, known: Collection[str]) -> scoring_kpi.Formula:
    """The formula in `text` over the measures `known`.

    Errors   Refusal on field `formula`: formula_* as in scoring, measure_unknown with every unknown code, kpi_extreme
             for the smallest or largest single value, which day totals do not keep. `params["position"]` is the
             0-based character at fault, where one is.
    """
    try:
        formula = scoring_kpi.parse(text)
    except scoring_kpi.FormulaError as error:
        raise Refusal(error.code, field="formula", **{**error.params, "position": error.position}) from error
    if not formula.measures:
        raise Refusal("kpi_no_measure", field="formula", position=0)
    unknown = sorted(formula.measures - set(known))
    if unknown:
        raise Refusal(
            "measure_unknown",
            field="formula",
            codes=", ".join(unknown),
            position=max(text.find(unknown[0]), 0),
        )
    for part in sorted(statistics(formula.tree), key=repr):
        if part.kind in ("min", "max"):
            raise Refusal(
                "kpi_extreme",
                field="formula",
                function=part.kind,
                measure=part.measure,
                position=max(text.find(part.measure), 0),
            )
    return formula


# In words --------------------------------------------------------------------------------------------------------


def in_words(formula: scoring_kpi.Formula, names: Mapping[str, str]) -> str:
    """ "calls resolved ÷ calls answered": the formula with the names of its measures, in the reader's language."""
    return _told(formula.tree, names, outermost=True)


def _told(node: Node, names: Mapping[str, str], *, outermost: bool = False) -> str:
    match node:
        case Number(value):
            return f"{value:,.10g}"
        case Statistic("sum", measure):
            return names.get(measure) or measure
        case Statistic("count", measure):
            return _("number of %(measure)s values") % {"measure": names.get(measure) or measure}
        case Statistic("mean", measure):
            return _("average %(measure)s") % {"measure": names.get(measure) or measure}
        case Statistic(kind, measure):
            return f"{kind}({names.get(measure) or measure})"
        case Negative(operand):
            return f"−{_told(operand, names)}"
        case Power(base, exponent):
            return f"{_told(base, names)}^{exponent}"
        case Extreme(kind, arguments):
            told = _(", ").join(_told(argument, names, outermost=True) for argument in arguments)
            if kind == "min":
                return _("the smaller of (%(values)s)") % {"values": told}
            return _("the larger of (%(values)s)") % {"values": told}
        case Chain(first, rest):
            signs = {"/": "÷", "*": "×", "-": "−", "+": "+"}
            text = _told(first, names) + "".join(
                f" {signs[sign]} {_told(part, names)}" for sign, part in rest
            )
            return text if outermost else f"({text})"
    raise AssertionError(node)


# Denominator and sample ------------------------------------------------------------------------------------------


def denominators(formula: scoring_kpi.Formula) -> list[Statistic]:
    """What is divided by, from left to right: the statistics of divisors, and count(m) behind every mean(m)."""
    return list(_denominators(formula.tree))


def _denominators(node: Node) -> Iterator[Statistic]:
    match node:
        case Statistic("mean", measure):
            yield Statistic("count", measure)
        case Negative(operand):
            yield from _denominators(operand)
        case Power(base, _):
            yield from _denominators(base)
        case Extreme(_, arguments):
            for argument in arguments:
                yield from _denominators(argument)
        case Chain(first, rest):
            yield from _denominators(first)
            for sign, part in rest:
                if sign == "/":
                    for statistic in sorted(statistics(part), key=lambda found: (found.measure, found.kind)):
                        yield Statistic(
                            "count" if statistic.kind == "mean" else statistic.kind, statistic.measure
                        )
                else:
                    yield from _denominators(part)


def sample_of(
    formula: scoring_kpi.Formula, *, sample_measure: str, units: Mapping[str, str]
) -> tuple[Statistic, ...]:
    """Which statistics say how many cases stand behind a value; the sample is the largest of them.

    count(sample_measure) where one is named; else the first denominator: of a counted thing (sum of answered calls) its
    sum, since a 0 is no case, of everything else the number of its values; else the counts of all measures.
    """
    if sample_measure:
        return (Statistic("count", sample_measure),)
    for found in denominators(formula):
        counted = found.kind == "sum" and units.get(found.measure) == Measure.Unit.COUNT
        return (Statistic("sum" if counted else "count", found.measure),)
    return tuple(Statistic("count", code) for code in sorted(formula.measures))


# Values ----------------------------------------------------------------------------------------------------------


def evaluate(formula: scoring_kpi.Formula, totals: Totals, *, unit: str) -> Floats:
    """The KPI in its unit (percent as 0-100), rounded to 6 decimals as it is stored; nan where undefined."""
    return np.round(formula.evaluate(totals) * UNIT_FACTOR.get(KPIVersion.Unit(unit), 1.0), 6)


def standard_error(formula: scoring_kpi.Formula, totals: Totals, *, unit: str) -> Floats:
    """Standard error in the KPI's unit, rounded to 6 decimals; nan where nothing can be said.

    A share of yes/no values, sum(a) / sum(b) or sum(a) / count(b), has the binomial error, which is exact where the
    general formula is too cautious; at 0 % and 100 % that would claim certainty, so it is nan there.
    """
    factor = UNIT_FACTOR.get(KPIVersion.Unit(unit), 1.0)
    error = moments.formula_standard_error(formula, totals)
    match formula.tree:
        case Chain(Statistic("sum", part), (("/", Statistic("sum" | "count" as kind, whole)),)):
            above = totals[part, "sum"].to_numpy(dtype=float)
            below = totals[whole, kind].to_numpy(dtype=float)
            squares = totals[part, "sumsq"].to_numpy(dtype=float)
            is_share = (squares == above) & (above >= 0) & (above <= below) & (below > 0)
            share = moments.standard_error_of_proportion(
                np.where(is_share, above, 0), np.where(is_share, below, 0)
            )
            error = np.where(is_share, np.where(share > 0, share, np.nan), error)
    return np.round(error * factor, 6)


def sample(statistics_: Collection[Statistic], totals: Totals) -> np.ndarray[Any, np.dtype[np.int64]]:
    """How many cases stand behind each row, int64; 0 where nothing does."""
    largest = np.zeros(len(totals))
    for found in statistics_:
        column = totals[found.measure, found.kind].to_numpy(dtype=float)
        largest = np.maximum(largest, np.where(np.isfinite(column), column, 0.0))
    return np.round(np.maximum(largest, 0.0)).astype(np.int64)
