"""Steps that end a plan: deductions that stop at zero, a cap and a floor, rounding."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from foundation.documents import Problem
from incentives.steps.base import ZERO, StepKind
from incentives.steps.fields import ChoiceField, DecimalField, SourceField
from incentives.steps.money import MOST_MONEY
from incentives.steps.sources import need_of, read_source
from incentives.steps.wording import amount_text, point_text, source_text
from scoring import payouts


class Deduction(StepKind):
    """max(0, before - rate x (quantity - free)): nobody owes money for a bad month."""

    kind = "deduction"
    label = gettext_lazy("Deduction")
    help = gettext_lazy("Takes something off for each occurrence. It stops at a bonus of zero.")
    fields = (
        SourceField(code="input", label=gettext_lazy("Occurrences"), values_only=True),
        DecimalField(
            code="rate",
            label=gettext_lazy("Deducted for each"),
            minimum=Decimal(0),
            maximum=MOST_MONEY,
            above_minimum=True,
        ),
        DecimalField(
            code="free",
            label=gettext_lazy("Free of deduction"),
            help=gettext_lazy("So many cost nothing."),
            minimum=Decimal(0),
            maximum=Decimal(1_000_000),
            default="0",
        ),
    )

    def needs(self, step: Mapping[str, Any]) -> set[str]:
        return {need_of(step["input"])}

    def inputs(self, step: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, str]:
        return {
            "input": step["input"],
            "quantity": read_source(step["input"], facts),
            "rate": step["rate"],
            "free": step["free"],
        }

    def rule(self, before: Decimal, inputs: Mapping[str, str]) -> tuple[Decimal | None, Decimal]:
        counted = max(ZERO, Decimal(inputs["quantity"]) - Decimal(inputs["free"]))
        return None, max(min(before, ZERO), before - counted * Decimal(inputs["rate"]))

    def sentence(
        self, inputs: Mapping[str, str], factor: Decimal | None, amount: Decimal, currency: str
    ) -> str:
        found = {
            "amount": amount_text(Decimal(inputs["before"]) - amount),
            "source": source_text(inputs["input"]),
            "quantity": point_text(inputs["quantity"]),
            "rate": amount_text(inputs["rate"]),
            "free": point_text(inputs["free"]),
        }
        if Decimal(inputs["free"]) > 0:
            return _("− %(amount)s for %(source)s %(quantity)s, %(rate)s each beyond %(free)s") % found
        return _("− %(amount)s for %(source)s %(quantity)s, %(rate)s each") % found

    def describe(self, step: Mapping[str, Any], currency: str) -> str:
        found = {
            "source": source_text(step["input"]),
            "rate": amount_text(step["rate"]),
            "free": point_text(step["free"]),
        }
        if Decimal(step["free"]) > 0:
            return _("Each unit of %(source)s beyond %(free)s takes %(rate)s off, down to zero.") % found
        return _("Each unit of %(source)s takes %(rate)s off, down to zero.") % found


class Limits(StepKind):
    """before, not below the floor and not above the cap. A bonus that a gate has voided is not lifted by a floor."""

    kind = "limits"
    label = gettext_lazy("Cap and floor")
    help = gettext_lazy("Not more and not less than so much. A bonus of zero stays zero.")
    fields = (
        DecimalField(
            code="floor", label=gettext_lazy("At least"), minimum=Decimal(0), maximum=MOST_MONEY, default="0"
        ),
        DecimalField(
            code="cap",
            label=gettext_lazy("At most"),
            minimum=Decimal(0),
            maximum=MOST_MONEY,
            above_minimum=True,
        ),
    )

    def check_together(self, step: Mapping[str, Any]) -> Iterator[Problem]:
        if Decimal(step["cap"]) < Decimal(step["floor"]):
            yield Problem(("cap",), "cap_below_floor", {"cap": step["cap"], "floor": step["floor"]})

    def inputs(self, step: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, str]:
        return {"floor": step["floor"], "cap": step["cap"]}

    def rule(self, before: Decimal, inputs: Mapping[str, str]) -> tuple[Decimal | None, Decimal]:
        if before <= ZERO:
            return None, before
        return None, min(max(before, Decimal(inputs["floor"])), Decimal(inputs["cap"]))

    def sentence(
        self, inputs: Mapping[str, str], factor: Decimal | None, amount: Decimal, currency: str
    ) -> str:
        before = Decimal(inputs["before"])
        if amount < before:
            return _("capped at %(cap)s") % {"cap": amount_text(inputs["cap"])}
        if amount > before:
            return _("raised to the floor %(floor)s") % {"floor": amount_text(inputs["floor"])}
        return _("within the limits %(floor)s to %(cap)s") % {
            "floor": amount_text(inputs["floor"]),
            "cap": amount_text(inputs["cap"]),
        }

    def describe(self, step: Mapping[str, Any], currency: str) -> str:
        found = {"floor": amount_text(step["floor"]), "cap": amount_text(step["cap"])}
        if Decimal(step["floor"]) == 0:
            return _("Nobody receives more than %(cap)s.") % found
        return (
            _("Nobody receives more than %(cap)s; whoever receives anything receives at least %(floor)s.")
            % found
        )


class Rounding(StepKind):
    """before in whole quanta, by the named mode."""

    kind = "rounding"
    label = gettext_lazy("Rounding")
    help = gettext_lazy("How the amount becomes one that can be paid. Always the last step.")
    role = "last"
    fields = (
        ChoiceField(
            code="quantum",
            label=gettext_lazy("Round to"),
            choices=(("0.01", "0.01"), ("0.1", "0.10"), ("1", "1"), ("10", "10"), ("100", "100")),
            default="0.01",
        ),
        ChoiceField(
            code="mode",
            label=gettext_lazy("Way of rounding"),
            choices=(
                ("half_up", gettext_lazy("half up")),
                ("half_even", gettext_lazy("half to even")),
                ("down", pgettext_lazy("rounding", "down")),
                ("up", pgettext_lazy("rounding", "up")),
            ),
            default="half_up",
        ),
    )

    def inputs(self, step: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, str]:
        return {"quantum": step["quantum"], "mode": step["mode"]}

    def rule(self, before: Decimal, inputs: Mapping[str, str]) -> tuple[Decimal | None, Decimal]:
        quantum = Decimal(inputs["quantum"])
        units = (before / quantum).quantize(Decimal(1), rounding=payouts.ROUNDINGS[inputs["mode"]])
        return None, units * quantum

    def sentence(
        self, inputs: Mapping[str, str], factor: Decimal | None, amount: Decimal, currency: str
    ) -> str:
        return _("rounded %(mode)s to %(quantum)s") % {
            "mode": self._mode(inputs["mode"]),
            "quantum": point_text(inputs["quantum"]),
        }

    def describe(self, step: Mapping[str, Any], currency: str) -> str:
        return _("Rounded %(mode)s to %(quantum)s %(currency)s.") % {
            "mode": self._mode(step["mode"]),
            "quantum": point_text(step["quantum"]),
            "currency": currency,
        }

    def _mode(self, code: str) -> str:
        field = next(field for field in self.fields if field.code == "mode")
        assert isinstance(field, ChoiceField)
        return field.text(code)


def minor_unit(currency: str) -> Decimal:
    return Decimal(1).scaleb(-payouts.MINOR_UNITS.get(currency, 2))
