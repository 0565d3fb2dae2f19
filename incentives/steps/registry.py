"""The one table of step kinds, in the order in which the composer offers them."""

from __future__ import annotations

from incentives.steps.base import StepKind
from incentives.steps.factors import Curve, Gate, Proration
from incentives.steps.limits import Deduction, Limits, Rounding
from incentives.steps.money import Fixed, Rate, TargetBonus, Tiers

KINDS: dict[str, StepKind] = {
    step.kind: step
    for step in (
        TargetBonus(),
        Fixed(),
        Rate(),
        Tiers(),
        Curve(),
        Gate(),
        Deduction(),
        Proration(),
        Limits(),
        Rounding(),
    )
}


def find(kind: object) -> StepKind | None:
    return KINDS.get(kind) if isinstance(kind, str) else None
