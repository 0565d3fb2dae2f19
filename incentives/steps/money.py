"""Steps that bring money in: a target bonus, a fixed amount, a rate on a quantity, a scale of tiers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from foundation.documents import Problem
from incentives.steps.base import MissingFact, StepKind, fact
from incentives.steps.fields import AmountsField, ChoiceField, DecimalField, RowsField, SourceField
from incentives.steps.sources import need_of, read_source
from incentives.steps.wording import amount_text, factor_text, listing, point_text, share_text, source_text
from scoring import payouts

MOST_MONEY = Decimal(999_999_999)


class TargetBonus(StepKind):
    """before + share x salary, or before + the amount of the person's job."""

    kind = "target_bonus"
    label = gettext_lazy("Target bonus")
    help = gettext_lazy("What someone receives who meets the target exactly.")
    role = "base"
    fields = (
        ChoiceField(
            code="basis",
            label=gettext_lazy("Reckoned as"),
            choices=(
                ("salary_share", gettext_lazy("share of the monthly salary")),
                ("amount", gettext_lazy("amount per job")),
            ),
        ),
        DecimalField(
            code="share",
            label=gettext_lazy("Share of salary"),
            unit="%",
            percent=True,
            minimum=Decimal(0),
            maximum=Decimal(10),
            above_minimum=True,
            when=("basis", "salary_share"),
        ),
        AmountsField(code="amounts", label=gettext_lazy("Amount by job"), when=("basis", "amount")),
    )

    def needs(self, step: Mapping[str, Any]) -> set[str]:
        return {"salary"} if step["basis"] == "salary_share" else {"job_code"}

    def inputs(self, step: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, str]:
        if step["basis"] == "salary_share":
            salary = fact(facts, "salary", "no_salary")
            return {"basis": "salary_share", "share": step["share"], "salary": str(salary)}
        job = facts.get("job_code") or ""
        amount = step["amounts"].get(job, step["amounts"].get("default"))
        if amount is None:
            raise MissingFact("no_amount_for_job")
        return {"basis": "amount", "job": job, "target": amount}

    def rule(self, before: Decimal, inputs: Mapping[str, str]) -> tuple[Decimal | None, Decimal]:
        if inputs["basis"] == "amount":
            return None, before + Decimal(inputs["target"])
        share = Decimal(inputs["share"])
        return share, before + share * Decimal(inputs["salary"])

    def sentence(
        self, inputs: Mapping[str, str], factor: Decimal | None, amount: Decimal, currency: str
    ) -> str:
        bonus = amount_text(amount - Decimal(inputs["before"]))
        if inputs["basis"] == "amount":
            return _("target bonus %(amount)s (amount for the job %(job)s)") % {
                "amount": bonus,
                "job": inputs["job"] or "–",
            }
        return _("target bonus %(amount)s (%(share)s of %(salary)s)") % {
            "amount": bonus,
            "share": share_text(inputs["share"]),
            "salary": amount_text(inputs["salary"]),
        }

    def describe(self, step: Mapping[str, Any], currency: str) -> str:
        if step["basis"] == "salary_share":
            return _("The target bonus is %(share)s of the monthly salary.") % {
                "share": share_text(step["share"])
            }
        listed = [
            f"{job} {amount_text(amount)}" for job, amount in step["amounts"].items() if job != "default"
        ]
        if "default" in step["amounts"]:
            listed.append(
                _("all other jobs %(amount)s") % {"amount": amount_text(step["amounts"]["default"])}
            )
        return _("The target bonus depends on the job: %(list)s.") % {"list": listing(listed)}


class Fixed(StepKind):
    """before + amount."""

    kind = "fixed"
    label = gettext_lazy("Fixed amount")
    help = gettext_lazy("The same amount for everyone.")
    role = "base"
    fields = (
        DecimalField(
            code="value",
            label=gettext_lazy("Amount"),
            minimum=Decimal(0),
            maximum=MOST_MONEY,
            above_minimum=True,
        ),
    )

    def inputs(self, step: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, str]:
        return {"value": step["value"]}

    def rule(self, before: Decimal, inputs: Mapping[str, str]) -> tuple[Decimal | None, Decimal]:
        return None, before + Decimal(inputs["value"])

    def sentence(
        self, inputs: Mapping[str, str], factor: Decimal | None, amount: Decimal, currency: str
    ) -> str:
        return _("fixed amount %(amount)s") % {"amount": amount_text(inputs["value"])}

    def describe(self, step: Mapping[str, Any], currency: str) -> str:
        return _("Everyone receives %(amount)s.") % {"amount": amount_text(step["value"])}


class Rate(StepKind):
    """before + rate x quantity, the quantity being a KPI's value of the period."""

    kind = "rate"
    label = gettext_lazy("Rate per piece")
    help = gettext_lazy("So much for each unit of a KPI: each contract, each solved ticket.")
    role = "base"
    fields = (
        SourceField(code="input", label=gettext_lazy("Quantity"), values_only=True),
        DecimalField(
            code="rate",
            label=gettext_lazy("Amount for each"),
            minimum=Decimal(0),
            maximum=MOST_MONEY,
            above_minimum=True,
        ),
    )

    def needs(self, step: Mapping[str, Any]) -> set[str]:
        return {need_of(step["input"])}

    def inputs(self, step: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, str]:
        return {"input": step["input"], "quantity": read_source(step["input"], facts), "rate": step["rate"]}

    def rule(self, before: Decimal, inputs: Mapping[str, str]) -> tuple[Decimal | None, Decimal]:
        return Decimal(inputs["rate"]), before + Decimal(inputs["rate"]) * Decimal(inputs["quantity"])

    def sentence(
        self, inputs: Mapping[str, str], factor: Decimal | None, amount: Decimal, currency: str
    ) -> str:
        return _("%(quantity)s × %(rate)s for %(source)s = %(amount)s") % {
            "quantity": point_text(inputs["quantity"]),
            "rate": amount_text(inputs["rate"]),
            "source": source_text(inputs["input"]),
            "amount": amount_text(amount - Decimal(inputs["before"])),
        }

    def describe(self, step: Mapping[str, Any], currency: str) -> str:
        return _("Each unit of %(source)s pays %(rate)s.") % {
            "source": source_text(step["input"]),
            "rate": amount_text(step["rate"]),
        }


class Tiers(StepKind):
    """before + payout of the scale at the quantity; tiers are half-open, so nothing falls between two of them."""

    kind = "tiers"
    label = gettext_lazy("Tiers")
    help = gettext_lazy("A scale of rates over a KPI's value or the score.")
    role = "base"
    fields = (
        SourceField(code="input", label=gettext_lazy("Looked at")),
        ChoiceField(
            code="mode",
            label=gettext_lazy("How the tiers count"),
            choices=(
                ("marginal", gettext_lazy("each part at the rate of its own tier")),
                ("retroactive", gettext_lazy("everything at the rate of the tier reached")),
                ("interpolated", gettext_lazy("an amount on the line between the points")),
            ),
        ),
        RowsField(
            code="tiers",
            label=gettext_lazy("Tiers"),
            heads=(gettext_lazy("From (inclusive)"), gettext_lazy("Rate or amount")),
            help=gettext_lazy("A tier reaches up to, but not including, the next one."),
        ),
    )

    def check_together(self, step: Mapping[str, Any]) -> Iterator[Problem]:
        for place, (_edge, rate) in enumerate(step["tiers"]):
            if Decimal(rate) < 0:
                yield Problem(("tiers", place, 1), "step_negative")

    def needs(self, step: Mapping[str, Any]) -> set[str]:
        return {need_of(step["input"])}

    def inputs(self, step: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, str]:
        return {
            "input": step["input"],
            "quantity": read_source(step["input"], facts),
            "mode": step["mode"],
            "tiers": ";".join(f"{edge}:{rate}" for edge, rate in step["tiers"]),
        }

    def rule(self, before: Decimal, inputs: Mapping[str, str]) -> tuple[Decimal | None, Decimal]:
        tiers = [(edge, rate) for edge, rate in (pair.split(":") for pair in inputs["tiers"].split(";"))]
        return None, before + payouts.tiered(inputs["quantity"], tiers, mode=inputs["mode"])

    def sentence(
        self, inputs: Mapping[str, str], factor: Decimal | None, amount: Decimal, currency: str
    ) -> str:
        texts = {
            "marginal": _(
                "%(amount)s from tiers: each part of %(quantity)s (%(source)s) at the rate of its own tier"
            ),
            "retroactive": _(
                "%(amount)s from tiers: all of %(quantity)s (%(source)s) at the rate of the tier reached"
            ),
            "interpolated": _("%(amount)s from the scale at %(quantity)s (%(source)s)"),
        }
        return texts[inputs["mode"]] % {
            "amount": amount_text(amount - Decimal(inputs["before"])),
            "quantity": point_text(inputs["quantity"]),
            "source": source_text(inputs["input"]),
        }

    def describe(self, step: Mapping[str, Any], currency: str) -> str:
        show = amount_text if step["mode"] == "interpolated" else factor_text
        listed = listing(
            _("from %(edge)s: %(rate)s") % {"edge": point_text(edge), "rate": show(rate)}
            for edge, rate in step["tiers"]
        )
        texts = {
            "marginal": _("%(source)s pays by tiers, each part at the rate of its own tier: %(list)s."),
            "retroactive": _(
                "%(source)s pays by tiers, everything at the rate of the tier reached: %(list)s."
            ),
            "interpolated": _("%(source)s pays an amount on the line between the points: %(list)s."),
        }
        return texts[step["mode"]] % {"source": _capital(source_text(step["input"])), "list": listed}


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
