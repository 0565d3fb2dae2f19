"""The one table of step kinds, in the order in which the composer offers them."""

from __future__ import annotations

from incentives.steps.base import StepKind
from incentives.steps.factors import Curve, Gate, Proration
from incentives.steps.limits import Deduction, Limits, Rounding
from incentives.steps.money import Fixed, Rate, TargetBonus, Tiers
from incentives.steps.occurrences import Occurrences
from incentives.steps.pools import Claim, Pool

KINDS: dict[str, StepKind] = {
    step.kind: step
    for step in (
        TargetBonus(),
        Fixed(),
        Rate(),
        Tiers(),
        Claim(),
        Curve(),
        Gate(),
        Occurrences(),
        Deduction(),
        Proration(),
        Limits(),
        Pool(),
        Rounding(),
    )
}


def find(kind: object) -> StepKind | None:
    return KINDS.get(kind) if isinstance(kind, str) else None
