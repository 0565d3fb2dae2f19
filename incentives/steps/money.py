"""Steps that bring money in: a target bonus, a fixed amount, a rate on a quantity, a scale of tiers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from foundation.documents import Problem
from incentives.steps.base import MissingFact, StepKind, fact
from incentives.steps.fields import (
    AmountsField,
    ChoiceField,
    DecimalField,
    RowsField,
    SourceField,
    plain,
)
from incentives.steps.sources import need_of, read_source
from incentives.steps.wording import (
    amount_text,
    listing,
    point_text,
    rate_text,
    sentences,
    share_text,
    source_text,
)
from scoring import payouts

MOST_MONEY = Decimal(999_999_999)


# Of one step alone; the step "limits" holds what all steps before it come to.
STEP_LIMITS = (
    DecimalField(
        code="least",
        label=gettext_lazy("This step pays at least"),
        minimum=Decimal(0),
        maximum=MOST_MONEY,
        optional=True,
    ),
    DecimalField(
        code="most",
        label=gettext_lazy("This step pays at most"),
        minimum=Decimal(0),
        maximum=MOST_MONEY,
        above_minimum=True,
        optional=True,
    ),
)


def _check_limits(step: Mapping[str, Any]) -> Iterator[Problem]:
    if "least" in step and "most" in step and Decimal(step["most"]) < Decimal(step["least"]):
        yield Problem(("most",), "cap_below_floor", {"cap": step["most"], "floor": step["least"]})


def _limits_of(step: Mapping[str, Any]) -> dict[str, str]:
    return {name: step[name] for name in ("least", "most") if name in step}


def _limited(paid: Decimal, inputs: Mapping[str, str]) -> Decimal:
    if "least" in inputs:
        paid = max(paid, Decimal(inputs["least"]))
    return min(paid, Decimal(inputs["most"])) if "most" in inputs else paid


def _limits_said(inputs: Mapping[str, str]) -> str:
    """What of a step's own cap and floor belongs to its sentence: both, where there are any."""
    parts = ""
    if "least" in inputs:
        parts += _(", at least %(least)s") % {"least": amount_text(inputs["least"])}
    if "most" in inputs:
        parts += _(", at most %(most)s") % {"most": amount_text(inputs["most"])}
    return parts


def _limits_described(step: Mapping[str, Any]) -> list[str]:
    found = []
    if "least" in step:
        found.append(_("This step pays at least %(least)s.") % {"least": amount_text(step["least"])})
    if "most" in step:
        found.append(_("This step pays at most %(most)s.") % {"most": amount_text(step["most"])})
    return found


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
        *STEP_LIMITS,
    )

    def check_together(self, step: Mapping[str, Any]) -> Iterator[Problem]:
        yield from _check_limits(step)

    def needs(self, step: Mapping[str, Any]) -> set[str]:
        return {need_of(step["input"])}

    def inputs(self, step: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, str]:
        found = {"input": step["input"], "quantity": read_source(step["input"], facts), "rate": step["rate"]}
        return found | _limits_of(step)

    def rule(self, before: Decimal, inputs: Mapping[str, str]) -> tuple[Decimal | None, Decimal]:
        paid = Decimal(inputs["rate"]) * Decimal(inputs["quantity"])
        return Decimal(inputs["rate"]), before + _limited(paid, inputs)

    def sentence(
        self, inputs: Mapping[str, str], factor: Decimal | None, amount: Decimal, currency: str
    ) -> str:
        return _("%(quantity)s × %(rate)s for %(source)s = %(amount)s") % {
            "quantity": point_text(inputs["quantity"]),
            "rate": amount_text(inputs["rate"]),
            "source": source_text(inputs["input"]),
            "amount": amount_text(amount - Decimal(inputs["before"])),
        } + _limits_said(inputs)

    def describe(self, step: Mapping[str, Any], currency: str) -> str:
        said = _("Each unit of %(source)s pays %(rate)s.") % {
            "source": source_text(step["input"]),
            "rate": amount_text(step["rate"]),
        }
        return sentences([said, *_limits_described(step)])


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
        ChoiceField(
            code="carry",
            label=gettext_lazy("Counting begins"),
            choices=(
                ("none", gettext_lazy("anew in each period")),
                ("year", gettext_lazy("with what was counted earlier this year")),
            ),
            optional=True,
        ),
        *STEP_LIMITS,
    )

    def check_together(self, step: Mapping[str, Any]) -> Iterator[Problem]:
        for place, (_edge, rate) in enumerate(step["tiers"]):
            if Decimal(rate) < 0:
                yield Problem(("tiers", place, 1), "step_negative")
        if step.get("carry", "none") != "none" and not step["input"].startswith("value:"):
            yield Problem(("carry",), "step_carry", {"value": step["input"]})
        yield from _check_limits(step)

    def needs(self, step: Mapping[str, Any]) -> set[str]:
        carried = {f"carry:{step['input'].partition(':')[2]}"} if step.get("carry") == "year" else set()
        return {need_of(step["input"])} | carried

    def inputs(self, step: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, str]:
        found = {
            "input": step["input"],
            "quantity": read_source(step["input"], facts),
            "mode": step["mode"],
            "tiers": ";".join(f"{edge}:{rate}" for edge, rate in step["tiers"]),
        }
        if step.get("carry") == "year":
            # Nobody has counted anything before the first period of the year.
            found["already"] = plain(Decimal(str(facts.get(f"carry:{step['input'].partition(':')[2]}") or 0)))
        return found | _limits_of(step)

    def rule(self, before: Decimal, inputs: Mapping[str, str]) -> tuple[Decimal | None, Decimal]:
        paid = payouts.tiered(
            inputs["quantity"],
            _scale(inputs["tiers"]),
            mode=inputs["mode"],
            already=inputs.get("already", "0"),
        )
        return None, before + _limited(paid, inputs)

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
        said = texts[inputs["mode"]] % {
            "amount": amount_text(amount - Decimal(inputs["before"])),
            "quantity": point_text(inputs["quantity"]),
            "source": source_text(inputs["input"]),
        }
        if "already" in inputs:
            said += _(", after %(already)s counted earlier this year") % {
                "already": point_text(inputs["already"])
            }
        return said + _limits_said(inputs)

    def describe(self, step: Mapping[str, Any], currency: str) -> str:
        show = amount_text if step["mode"] == "interpolated" else rate_text
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
        said = [texts[step["mode"]] % {"source": _capital(source_text(step["input"])), "list": listed}]
        lowest = step["tiers"][0][0]
        if Decimal(lowest) > 0:
            said.append(_("Below %(edge)s nothing is paid.") % {"edge": point_text(lowest)})
        if step.get("carry") == "year":
            said.append(_("What was counted earlier in the year is carried in."))
        return sentences([*said, *_limits_described(step)])


@lru_cache(maxsize=256)
def _scale(text: str) -> tuple[tuple[Decimal, Decimal], ...]:
    """0:0.2;500:0.5 as numbers; everybody of a run has the same."""
    pairs = (pair.split(":") for pair in text.split(";"))
    return tuple(
        (payouts.to_decimal(edge, "tiers"), payouts.to_decimal(rate, "tiers")) for edge, rate in pairs
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
