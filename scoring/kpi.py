"""KPI formulas over measures: text in, one value per subject out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from scoring import grammar
from scoring.arrays import Floats
from scoring.errors import FormulaError
from scoring.grammar import Chain, Extreme, Negative, Node, Number, Power, Statistic
from scoring.totals import Totals

__all__ = ["Formula", "FormulaError", "parse"]


@dataclass(frozen=True)
class Formula:
    """A parsed formula: immutable, comparable by its text, cheap to pickle."""

    text: str
    tree: Node = field(repr=False, compare=False)

    @property
    def measures(self) -> frozenset[str]:
        """The measure codes that the formula reads."""
        return frozenset(part.measure for part in grammar.statistics(self.tree))

    @property
    def columns(self) -> frozenset[tuple[str, str]]:
        """The (measure, statistic) columns that `evaluate` needs, statistic being sum, count, min or max."""
        needed: set[tuple[str, str]] = set()
        for part in grammar.statistics(self.tree):
            kinds = ("sum", "count") if part.kind == "mean" else (part.kind,)
            needed.update((part.measure, kind) for kind in kinds)
        return frozenset(needed)

    def evaluate(self, totals: Any) -> Floats:
        """The KPI of every subject.

        totals   a frame with one row per subject; columns as in `scoring.totals`, canonically the two levels
                 (measure, "sum"), (measure, "count"), (measure, "min"), (measure, "max")
        returns  float64, shape (rows,), in the frame's order

        Formula   sum(m) and count(m) are the columns, mean(m) = sum(m) / count(m); min(m) and max(m) of one
                  measure are the smallest and largest single value; min and max of several arguments compare
                  them subject by subject.
        Missing   nan in any cell that is read makes the subject nan; so do division by zero and overflow,
                  wherever in the formula they happen.
        Errors    MissingMeasure when a column is absent altogether.
        """
        read = Totals(totals, self.measures)
        with np.errstate(all="ignore"):
            value = evaluate_node(self.tree, read)
        return np.array(np.broadcast_to(value, (len(read),)), dtype=np.float64)


def parse(text: str) -> Formula:
    """The formula written in `text`, or FormulaError with `code`, `params` and `position`.

    Grammar   see `scoring.grammar`: + - * / and parentheses, numbers, sum(m), count(m), mean(m), min and max,
              and ** with a whole exponent up to 4. Bounded in length and depth; no name but a function's or a
              measure's is ever looked up, and nothing is executed.
    Source    ordinary arithmetic precedence; -2**2 is -4 as in mathematics.
    """
    return Formula(text=text, tree=grammar.parse_tree(text))


def evaluate_node(node: Node, totals: Totals) -> Any:
    """The value of a node, float or array. What is undefined is nan at once, so 1/(1/0) is nan, not 0."""
    match node:
        case Number(value):
            return value
        case Statistic("mean", measure):
            return divided(totals.column(measure, "sum"), totals.column(measure, "count"))
        case Statistic(kind, measure):
            return totals.column(measure, kind)
        case Negative(operand):
            return -evaluate_node(operand, totals)
        case Power(base, exponent):
            return defined(np.power(evaluate_node(base, totals), float(exponent)))
        case Extreme(kind, arguments):
            smaller = np.minimum if kind == "min" else np.maximum
            value = evaluate_node(arguments[0], totals)
            for argument in arguments[1:]:
                value = smaller(value, evaluate_node(argument, totals))
            return value
        case Chain(first, rest):
            value = evaluate_node(first, totals)
            for sign, part in rest:
                value = combined(sign, value, evaluate_node(part, totals))
            return value
    raise AssertionError(node)


def combined(sign: str, left: Any, right: Any) -> Any:
    if sign == "/":
        return divided(left, right)
    return defined(left + right if sign == "+" else left - right if sign == "-" else left * right)


def divided(above: Any, below: Any) -> Any:
    return defined(np.divide(above, below))


def defined(value: Any) -> Any:
    return np.where(np.isfinite(value), value, np.nan)
