"""What every kind of step is."""

from __future__ import annotations

import decimal
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, ClassVar

from foundation.documents import Problem
from incentives.steps.fields import Field, Text

# Running amounts and factors are stored with ten decimals (PayoutStep). Each step settles its answer to them, so
# that the next one starts from exactly what is stored and a recomputation agrees to the last digit.
PLACES = Decimal("1E-10")
ARITHMETIC = decimal.Context(prec=60, rounding=decimal.ROUND_HALF_EVEN)
ZERO = Decimal(0)


def settle(value: Decimal) -> Decimal:
    return value.quantize(PLACES, context=ARITHMETIC) + ZERO  # + 0 turns minus zero into zero


class MissingFact(Exception):
    """A step needs something that is not known about this person; `code` says what: no_salary, no_score, ..."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class StepKind:
    """A kind of step: its parameters, its rule, and its sentence.

    `inputs` collects what the rule looks at as decimal strings and codes, "before" being the running amount. `rule`
    is a pure function of them: workers store its answer, and recomputing a stored step calls the very same function.
    """

    kind: ClassVar[str]
    label: ClassVar[Text]
    help: ClassVar[Text]
    # "base" brings money (or claims) in, "factor" changes it, "split" turns everybody's claims into money, "last" ends.
    role: ClassVar[str] = "factor"
    fields: ClassVar[tuple[Field, ...]] = ()
    # False where a point more cannot be priced for one person alone (ranks, shares of a pool).
    priced_by_point: ClassVar[bool] = True

    def schema(self) -> dict[str, Any]:
        return {
            "type": "object",
            "properties": {"kind": {"const": self.kind}}
            | {field.code: field.schema() for field in self.fields},
            "required": ["kind"]
            + [field.code for field in self.fields if field.required and field.when is None],
            "additionalProperties": False,
        }

    def normal(self, step: Mapping[str, Any]) -> dict[str, Any]:
        """With defaults filled in and numbers as text; unknown keys stay, for `check` to name."""
        answer: dict[str, Any] = {"kind": self.kind}
        for field in self.fields:
            if step.get(field.code) is not None:
                answer[field.code] = field.normal(step[field.code])
            elif field.default is not None and field.applies(step):
                answer[field.code] = field.default
        return answer | {
            code: value for code, value in step.items() if code not in answer and value is not None
        }

    def check(self, step: Mapping[str, Any]) -> Iterator[Problem]:
        """Every problem of one normalised step, with its path inside the step."""
        known = {field.code: field for field in self.fields}
        for code in step:
            if code != "kind" and (code not in known or not known[code].applies(step)):
                yield Problem((code,), "step_unknown_key", {"key": str(code)[:40], "kind": self.kind})
        sound = True
        for field in self.fields:
            if not field.applies(step):
                continue
            if field.code not in step:
                if field.optional:
                    continue
                sound = False
                yield Problem((field.code,), "step_missing", {"key": field.code})
                continue
            for problem in field.check(step[field.code]):
                sound = False
                yield problem
        if sound:
            yield from self.check_together(step)

    def check_together(self, step: Mapping[str, Any]) -> Iterator[Problem]:
        """What only several parameters together can get wrong. Called when each of them is sound."""
        yield from ()

    def needs(self, step: Mapping[str, Any]) -> set[str]:
        """Facts that `inputs` will ask for: salary, score, kpi:csat, value:complaints."""
        return set()

    def inputs(self, step: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, str]:
        raise NotImplementedError

    def rule(self, before: Decimal, inputs: Mapping[str, str]) -> tuple[Decimal | None, Decimal]:
        """(factor or None, running amount after the step), unsettled."""
        raise NotImplementedError

    def sentence(
        self, inputs: Mapping[str, str], factor: Decimal | None, amount: Decimal, currency: str
    ) -> str:
        """What the step did, in the reader's language, with its numbers."""
        raise NotImplementedError

    def describe(self, step: Mapping[str, Any], currency: str) -> str:
        """What the step will do, as a sentence of the plan."""
        raise NotImplementedError


def fact(facts: Mapping[str, Any], name: str, missing: str) -> Any:
    """The fact, or MissingFact. Not-a-number counts as missing: nothing is ever paid on it."""
    value = facts.get(name)
    if value is None or value != value:
        raise MissingFact(missing)
    return value
