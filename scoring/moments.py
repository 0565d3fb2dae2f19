"""Mergeable moments: what a day, a month or a team knows about a measure without its single records."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from scoring.arrays import Floats, floats
from scoring.errors import InvalidInput
from scoring.grammar import Chain, Extreme, Negative, Node, Number, Power, Statistic
from scoring.kpi import Formula, combined, evaluate_node
from scoring.totals import Totals

# A variance this small against the mean square is the rounding of the total of squares, not a variance.
_ROUNDING = 1e-12


class Moments(NamedTuple):
    """Count, total and total of squares of the single values: numbers or arrays; they merge by addition."""

    n: Any
    total: Any
    total_sq: Any


def of(values: Any) -> Moments:
    """The moments of single values, shape (records,); nan is not counted."""
    present = floats(values, "values", ndim=1)
    present = present[~np.isnan(present)]
    return Moments(float(present.size), float(present.sum()), float((present**2).sum()))


def merge(*parts: Moments) -> Moments:
    """The moments of everything together: days to a period, people to a team. Nothing merged is (0, 0, 0)."""
    return Moments(
        sum((part.n for part in parts), start=0.0),
        sum((part.total for part in parts), start=0.0),
        sum((part.total_sq for part in parts), start=0.0),
    )


def mean(n: Any, total: Any) -> Floats:
    """total / n; nan where n = 0."""
    count, sums = _counts(n), floats(total, "total")
    with np.errstate(all="ignore"):
        return np.where(count > 0, sums / count, np.nan)


def variance(n: Any, total: Any, total_sq: Any) -> Floats:
    """Sample variance of the single values, (total_sq - total^2 / n) / (n - 1).

    n, total, total_sq   numbers or arrays that broadcast
    returns              float64; nan where n < 2. What rounding makes negative or negligible is 0.

    The formula loses digits where the mean is large against the spread (about 1e-12 of the mean square);
    measures in their usual units, seconds or grades, are far from that.
    """
    count, sums, squares = _counts(n), floats(total, "total"), floats(total_sq, "total_sq")
    with np.errstate(all="ignore"):
        deviation = squares - sums**2 / count
        deviation = np.where(deviation <= np.abs(squares) * _ROUNDING, 0.0, deviation)
        result = deviation / (count - 1.0)
    known = (count >= 2) & np.isfinite(sums) & np.isfinite(squares)
    return np.where(known, result, np.nan)


def standard_error_of_mean(n: Any, total: Any, total_sq: Any) -> Floats:
    """sqrt(variance / n); nan where n < 2."""
    with np.errstate(all="ignore"):
        return np.sqrt(variance(n, total, total_sq) / _counts(n))


def standard_error_of_proportion(successes: Any, trials: Any) -> Floats:
    """sqrt(p (1 - p) / n) for 0/1 values, the total of squares being the total.

    returns  float64; nan where trials = 0. It is 0 at p = 0 and p = 1, where it knows too little: show
             `intervals.wilson` on a page and use this one to combine errors only.
    Errors   InvalidInput when there are more successes than trials or any is negative.
    Source   the binomial (Wald) standard error.
    """
    wins, count = floats(successes, "successes"), _counts(trials)
    if (wins < 0).any():
        raise InvalidInput("negative", name="successes")
    if (wins > count).any():
        raise InvalidInput("successes_above_trials")
    with np.errstate(all="ignore"):
        share = np.where(count > 0, wins / count, np.nan)
        return np.sqrt(share * (1.0 - share) / count)


def formula_standard_error(formula: Formula, totals: Any) -> Floats:
    """Standard error of a KPI by the delta method.

    formula  of `kpi.parse`
    totals   as for `Formula.evaluate`, and for every measure that enters by its sum or mean also `count` and
             `sumsq`
    returns  float64, shape (rows,)

    Formula   Var(f) = sum over measures of (df / dsum_m)^2 Var(sum_m), with Var(sum_m) = n_m s_m^2. For
              mean(m) that is exactly s / sqrt(n), and for sum(a) / sum(b) the usual standard error of a ratio
              without its covariance.
    Approximation   first order, so for many records; counts are taken as given, and measures as independent
                    of one another.
              Parts of one whole (resolved of answered) vary together, and the true error of their ratio is
              then smaller than this one: it errs on the side of telling fewer people apart.
    Missing   nan where the KPI is nan, where a measure has fewer than two records, and for min(m) and max(m)
              of a single measure, which the delta method cannot do. A formula of counts and numbers only has
              an error of 0.
    Errors    MissingMeasure when a column is absent altogether.
    Source    Casella and Berger, Statistical Inference, 2nd ed., section 5.5.4.
    """
    read = Totals(totals, formula.measures)
    with np.errstate(all="ignore"):
        value, slopes = _with_slopes(formula.tree, read)
        squared: Any = np.where(np.isnan(value), np.nan, 0.0)
        for measure, slope in sorted(slopes.items()):
            count = read.column(measure, "count")
            spread = variance(count, read.column(measure, "sum"), read.column(measure, "sumsq"))
            squared = squared + slope**2 * count * spread
        result = np.sqrt(squared)
    result = np.where(np.isfinite(result), result, np.nan)
    return np.array(np.broadcast_to(result, (len(read),)), dtype=np.float64)


def _with_slopes(node: Node, totals: Totals) -> tuple[Any, dict[str, Any]]:
    """A node's value and its derivative by the sum of each measure (forward differentiation)."""
    value = evaluate_node(node, totals)
    match node:
        case Number() | Statistic("count", _):
            return value, {}
        case Statistic("sum", measure):
            return value, {measure: 1.0}
        case Statistic("mean", measure):
            return value, {measure: 1.0 / totals.column(measure, "count")}
        case Statistic(_, measure):
            return value, {measure: np.nan}
        case Negative(operand):
            return value, _scaled(_with_slopes(operand, totals)[1], -1.0)
        case Power(base, exponent):
            inner, slopes = _with_slopes(base, totals)
            return value, _scaled(slopes, exponent * np.power(inner, max(exponent - 1.0, 0.0)))
        case Extreme(kind, arguments):
            return _extreme(kind, [_with_slopes(argument, totals) for argument in arguments])
        case Chain(first, rest):
            result = _with_slopes(first, totals)
            for sign, part in rest:
                result = _combined_slopes(sign, result, _with_slopes(part, totals))
            return result
    raise AssertionError(node)


def _combined_slopes(
    sign: str, left: tuple[Any, dict[str, Any]], right: tuple[Any, dict[str, Any]]
) -> tuple[Any, dict[str, Any]]:
    (a, da), (b, db) = left, right
    value = combined(sign, a, b)
    if sign == "+":
        return value, _added(da, db)
    if sign == "-":
        return value, _added(da, _scaled(db, -1.0))
    if sign == "*":
        return value, _added(_scaled(da, b), _scaled(db, a))
    return value, _added(_scaled(da, np.divide(1.0, b)), _scaled(db, np.divide(-value, b)))


def _extreme(kind: str, parts: list[tuple[Any, dict[str, Any]]]) -> tuple[Any, dict[str, Any]]:
    """The slopes of the chosen argument; at a tie of the first, since the function has a corner there."""
    value, slopes = parts[0]
    for other, other_slopes in parts[1:]:
        first = value <= other if kind == "min" else value >= other
        chosen = {
            measure: np.where(first, slopes.get(measure, 0.0), other_slopes.get(measure, 0.0))
            for measure in {*slopes, *other_slopes}
        }
        value = (np.minimum if kind == "min" else np.maximum)(value, other)
        slopes = chosen
    return value, slopes


def _scaled(slopes: dict[str, Any], factor: Any) -> dict[str, Any]:
    return {measure: slope * factor for measure, slope in slopes.items()}


def _added(left: dict[str, Any], right: dict[str, Any]) -> dict[str, Any]:
    return {m: left.get(m, 0.0) + right.get(m, 0.0) for m in {*left, *right}}


def _counts(n: Any) -> Floats:
    count = floats(n, "n")
    if (count < 0).any():
        raise InvalidInput("negative", name="n")
    return count
