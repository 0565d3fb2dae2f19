"""Money from a written plan to money asked back: one plan with tiers, a gate, a pool and a cap, written in three ways.

Results come straight from the tables here; how they come about is the other journeys' business.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from incentives.models import PayoutLine, PayoutRun
from incentives.selectors.statements import steps_of
from incentives.steps import engine
from people.models import User
from tests.cast import Cast
from tests.incentives.world import crowd

CODE, CYCLE = "shared-pot", "2025-10"
SCORES = {"agent": 118.0, "peer": 96.0, "outsider": 58.0}

# Points: one for each point of score up to 100, three above; below 60 none. 12,000 less a tenth, nobody above 3,500.
STEPS: list[dict[str, Any]] = [
    {"kind": "tiers", "input": "score", "mode": "marginal", "tiers": [["0", "1"], ["100", "3"]]},
    {"kind": "gate", "input": "score", "condition": "at_least", "limit": "60", "otherwise": "0"},
    {"kind": "pool", "per": "run", "funding": "fixed", "amount": "12000", "reserve": "0.1", "cap": "3500"},
    {"kind": "rounding", "quantum": "0.01", "mode": "half_up"},
]
POOL = Decimal(10800)
CAP = Decimal(3500)

CONFIGURATION = """\
incentive_plans:
  - code: shared-pot
    name: {zh: 共享奖金池, en: Shared pot}
    currency: CNY
    versions:
      - valid_from: 2025-01-01
        eligibility: {minimum_days: 1}
        steps:
          - {kind: tiers, input: score, mode: marginal, tiers: [["0", "1"], ["100", "3"]]}
          - {kind: gate, input: score, condition: at_least, limit: "60", otherwise: "0"}
          - {kind: pool, per: run, funding: fixed, amount: "12000", reserve: "0.1", cap: "3500"}
          - {kind: rounding, quantum: "0.01", mode: half_up}
"""


def scores_of(cast: Cast) -> dict[User, float | None]:
    """The agent above the cap's reach, a colleague below, one shut out by the gate, two more on target."""
    return {**{getattr(cast, name): score for name, score in SCORES.items()}, **crowd(cast, 2)}


def expected_shares(scores: Mapping[Any, float]) -> dict[Any, Decimal]:
    """By hand: points, the cap, and the excess shared by the others in proportion; to the cent below."""
    points = {
        who: Decimal(0)
        if score < 60
        else Decimal(str(min(score, 100.0))) + 3 * max(Decimal(str(score)) - 100, Decimal(0))
        for who, score in scores.items()
    }
    free, money, capped = dict(points), POOL, dict[Any, Decimal]()
    while True:
        over = [who for who, own in free.items() if own * money > CAP * sum(free.values())]
        if not over:
            break
        for who in over:
            capped[who] = CAP
            del free[who]
            money -= CAP
    total = sum(free.values())
    return capped | {who: (own * money / total).quantize(Decimal("0.01")) for who, own in free.items()}


def assert_statements_recompute(run: PayoutRun) -> int:
    """Every line of an approved run from its own stored explanation, to the cent."""
    lines = list(PayoutLine.objects.filter(payout_run=run))
    for line in lines:
        steps = steps_of(line)
        for step in steps:
            assert engine.recompute(step.kind, step.inputs) == step.amount, (line.employee_name, step.kind)
        assert steps[-1].amount == line.amount, line.employee_name
    return len(lines)


def assert_explains_itself(statement: dict[str, Any]) -> None:
    """The same of a statement as the API gives it."""
    for step in statement["steps"]:
        assert engine.recompute(step["kind"], step["inputs"]) == Decimal(step["amount"]), step["text"]
    assert Decimal(statement["steps"][-1]["amount"]) == Decimal(statement["amount"])
