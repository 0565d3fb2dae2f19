"""Steps applied to people, and stored steps computed again. Pure: facts in, Decimals out.

Arithmetic is Decimal with 60 digits; every step settles its answer to ten decimals, which is what is stored.
"""

from __future__ import annotations

import decimal
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from incentives.steps.base import ARITHMETIC, ZERO, MissingFact, settle
from incentives.steps.registry import KINDS

# What PayoutLine.amount can hold. Nobody earns it; a typing error in a salary or a rate does.
MOST_PAID = Decimal(10) ** 12


@dataclass(frozen=True)
class StepAnswer:
    number: int
    kind: str
    inputs: dict[str, str]
    factor: Decimal | None
    amount: Decimal


@dataclass(frozen=True)
class LineAnswer:
    """`missing` names the fact without which there is no amount; then there are no steps either."""

    amount: Decimal
    steps: tuple[StepAnswer, ...]
    missing: str = ""


def apply(steps: Sequence[Mapping[str, Any]], facts: Mapping[str, Any]) -> LineAnswer:
    """One person's line.

    steps   of a checked plan configuration, in order
    facts   salary (Decimal), score, days_in_role, days_in_period, job_code, kpi:CODE, value:CODE; None or nan = unknown
    """
    answers: list[StepAnswer] = []
    running = ZERO
    with decimal.localcontext(ARITHMETIC):
        try:
            for number, step in enumerate(steps, 1):
                kind = KINDS[step["kind"]]
                inputs = kind.inputs(step, facts)
                inputs["before"] = str(running)
                factor, after = kind.rule(running, inputs)
                if abs(after) >= MOST_PAID:
                    raise MissingFact("amount_too_large")
                running = settle(after)
                answers.append(StepAnswer(number, kind.kind, inputs, factor, running))
        except MissingFact as missing:
            return LineAnswer(ZERO, (), missing.code)
    return LineAnswer(running, tuple(answers))


def until_pool(steps: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """The steps that one person's facts can answer: all of them, or those before the pool, whose last running amount is
    the claim."""
    place = next((place for place, step in enumerate(steps) if step["kind"] == "pool"), None)
    return steps if place is None else steps[:place]


def pool_of(steps: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    return next((step for step in steps if step["kind"] == "pool"), None)


def apply_all(steps: Sequence[Mapping[str, Any]], people: Iterable[Mapping[str, Any]]) -> list[LineAnswer]:
    """One line per person, in order."""
    return [apply(steps, facts) for facts in people]


def needs(steps: Sequence[Mapping[str, Any]]) -> set[str]:
    """Names of the facts that these steps look at."""
    found: set[str] = set()
    for step in steps:
        found |= KINDS[step["kind"]].needs(step)
    return found


def recompute(kind: str, inputs: Mapping[str, str]) -> Decimal:
    """The running amount after a stored step, from its own inputs alone; equal to what is stored, digit for digit."""
    with decimal.localcontext(ARITHMETIC):
        _factor, after = KINDS[kind].rule(Decimal(inputs["before"]), inputs)
        return settle(after)


def with_points(steps: Iterable[tuple[str, Mapping[str, str]]], points: Decimal) -> Decimal | None:
    """What the same steps would pay with so many points of score more; None where the score does not enter, or where a
    step's answer depends on other people."""
    running = ZERO
    enters = False
    with decimal.localcontext(ARITHMETIC):
        for kind_code, stored in steps:
            kind = KINDS[kind_code]
            if not kind.priced_by_point:
                return None
            inputs = dict(stored) | {"before": str(running)}
            if inputs.get("input") == "score":
                enters = True
                for name in ("score", "found", "quantity"):
                    if name in inputs:
                        inputs[name] = str(Decimal(inputs[name]) + points)
            _factor, after = kind.rule(running, inputs)
            running = settle(after)
    return running if enters else None


def sentence(
    kind: str, inputs: Mapping[str, str], factor: Decimal | None, amount: Decimal, currency: str
) -> str:
    return KINDS[kind].sentence(inputs, factor, amount, currency)
