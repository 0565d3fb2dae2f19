"""Steps of a pool: what gives somebody a claim to it, and how everybody's claims become money.

The steps before the pool come to a claim, in points: any step may stand there, so that a gate or a proration weighs a
claim as it would weigh a bonus. The pool then pays claim x (pool / all claims), to the cent.
"""

from __future__ import annotations

import decimal
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from foundation.documents import Problem
from incentives.steps.base import ARITHMETIC, ZERO, StepKind, fact, settle
from incentives.steps.fields import ChoiceField, DecimalField, SourceField, plain
from incentives.steps.money import MOST_MONEY
from incentives.steps.sources import need_of, read_source
from incentives.steps.wording import amount_text, point_text, sentences, share_text, source_text
from scoring import payouts
from scoring.errors import PoolError


class Claim(StepKind):
    """before + points: one for everybody, a KPI's value or the score, or score x salary / 100."""

    kind = "claim"
    label = gettext_lazy("Claim to the pool")
    help = gettext_lazy(
        "What a share of the pool goes by. Steps after it may weigh it; the pool turns it into money."
    )
    role = "base"
    fields = (
        ChoiceField(
            code="by",
            label=gettext_lazy("Split"),
            choices=(
                ("evenly", gettext_lazy("evenly")),
                ("points", gettext_lazy("by points")),
                ("score_salary", gettext_lazy("by score × salary")),
            ),
        ),
        SourceField(code="input", label=gettext_lazy("Points"), when=("by", "points")),
    )
    priced_by_point = False

    def needs(self, step: Mapping[str, Any]) -> set[str]:
        if step["by"] == "points":
            return {need_of(step["input"])}
        return {"score", "salary"} if step["by"] == "score_salary" else set()

    def inputs(self, step: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, str]:
        if step["by"] == "points":
            return {"by": "points", "input": step["input"], "quantity": read_source(step["input"], facts)}
        if step["by"] == "score_salary":
            salary = fact(facts, "salary", "no_salary")
            return {"by": "score_salary", "score": read_source("score", facts), "salary": str(salary)}
        return {"by": "evenly"}

    def rule(self, before: Decimal, inputs: Mapping[str, str]) -> tuple[Decimal | None, Decimal]:
        if inputs["by"] == "points":
            return None, before + max(ZERO, Decimal(inputs["quantity"]))
        if inputs["by"] == "score_salary":
            return None, before + max(ZERO, Decimal(inputs["score"])) * Decimal(inputs["salary"]) / 100
        return None, before + 1

    def sentence(
        self, inputs: Mapping[str, str], factor: Decimal | None, amount: Decimal, currency: str
    ) -> str:
        points = point_text(round(amount - Decimal(inputs["before"]), 2))
        if inputs["by"] == "points":
            return _("claim: %(points)s points for %(source)s") % {
                "points": points,
                "source": source_text(inputs["input"]),
            }
        if inputs["by"] == "score_salary":
            return _("claim: score %(score)s × salary %(salary)s ÷ 100 = %(points)s points") % {
                "score": point_text(inputs["score"]),
                "salary": amount_text(inputs["salary"]),
                "points": points,
            }
        return _("claim: one point, as for everybody")

    def describe(self, step: Mapping[str, Any], currency: str) -> str:
        if step["by"] == "points":
            return _("Shares of the pool go by %(source)s.") % {"source": source_text(step["input"])}
        if step["by"] == "score_salary":
            return _("Shares of the pool go by score × monthly salary.")
        return _("Everybody has the same claim to the pool.")


class Pool(StepKind):
    """claim x (pool / all claims), not above the cap, in whole quanta.

    Everything that makes the pool stands in the inputs, others only as totals, so that one share recomputes alone:
    `claims` and `people` over everybody, `capped`, `capped_claims`, `capped_amount` over those at the cap, and `extra`,
    1 for whom the largest remainders gave one quantum more.
    """

    kind = "pool"
    label = gettext_lazy("Pool")
    help = gettext_lazy(
        "A sum that a rule funds, split by the claims, to the cent. Only the rounding comes after it."
    )
    role = "split"
    priced_by_point = False
    fields = (
        ChoiceField(
            code="per",
            label=gettext_lazy("A pool for"),
            choices=(("run", gettext_lazy("everybody together")), ("team", gettext_lazy("each team"))),
            default="run",
        ),
        ChoiceField(
            code="funding",
            label=gettext_lazy("Funded by"),
            choices=(
                ("fixed", gettext_lazy("a fixed amount")),
                ("measure", gettext_lazy("a share of a KPI's sum")),
                ("attainment", gettext_lazy("an amount × the mean attainment")),
                ("claims", gettext_lazy("what the claims come to")),
            ),
        ),
        DecimalField(
            code="amount",
            label=gettext_lazy("Amount"),
            help=gettext_lazy("With attainment: the pool at 100."),
            minimum=Decimal(0),
            maximum=MOST_MONEY,
            above_minimum=True,
            when=("funding", "fixed", "attainment"),
        ),
        SourceField(code="input", label=gettext_lazy("Looked at"), when=("funding", "measure", "attainment")),
        DecimalField(
            code="share",
            label=gettext_lazy("Share of it"),
            unit="%",
            percent=True,
            minimum=Decimal(0),
            maximum=Decimal(1000),
            above_minimum=True,
            when=("funding", "measure"),
        ),
        DecimalField(
            code="least",
            label=gettext_lazy("The pool is at least"),
            minimum=Decimal(0),
            maximum=MOST_MONEY,
            optional=True,
        ),
        DecimalField(
            code="most",
            label=gettext_lazy("The pool is at most"),
            minimum=Decimal(0),
            maximum=MOST_MONEY,
            above_minimum=True,
            optional=True,
        ),
        DecimalField(
            code="reserve",
            label=gettext_lazy("Reserve"),
            help=gettext_lazy("Held back from the split; what appeals add is paid from it."),
            unit="%",
            percent=True,
            minimum=Decimal(0),
            maximum=Decimal("0.99"),
            default="0",
        ),
        DecimalField(
            code="cap",
            label=gettext_lazy("At most per person"),
            help=gettext_lazy("What exceeds it goes to the others."),
            minimum=Decimal(0),
            maximum=MOST_MONEY,
            above_minimum=True,
            optional=True,
        ),
    )

    def check_together(self, step: Mapping[str, Any]) -> Iterator[Problem]:
        if step["funding"] == "measure" and not step["input"].startswith("value:"):
            yield Problem(("input",), "step_source_value", {"value": step["input"]})
        if step["funding"] == "attainment" and step["input"].startswith("value:"):
            yield Problem(("input",), "pool_source_attainment", {"value": step["input"]})
        if "least" in step and "most" in step and Decimal(step["most"]) < Decimal(step["least"]):
            yield Problem(("most",), "cap_below_floor", {"cap": step["most"], "floor": step["least"]})

    def needs(self, step: Mapping[str, Any]) -> set[str]:
        return {need_of(step["input"])} if "input" in step else set()

    def rule(self, before: Decimal, inputs: Mapping[str, str]) -> tuple[Decimal | None, Decimal]:
        return None, share_of(before, inputs)

    def sentence(
        self, inputs: Mapping[str, str], factor: Decimal | None, amount: Decimal, currency: str
    ) -> str:
        parts = [funding_text(inputs)]
        parts.append(
            ngettext(
                "Own share: %(claim)s of all %(claims)s points of %(people)s person.",
                "Own share: %(claim)s of all %(claims)s points of %(people)s people.",
                int(inputs["people"]),
            )
            % {
                "claim": point_text(round(Decimal(inputs["before"]), 2)),
                "claims": point_text(round(Decimal(inputs["claims"]), 2)),
                "people": point_text(inputs["people"]),
            }
        )
        if "cap" in inputs and amount > 0 and at_cap(amount, inputs):
            parts.append(_("Held to the cap of %(cap)s.") % {"cap": amount_text(inputs["cap"])})
        elif int(inputs["capped"]):
            parts.append(
                _("%(capped)s people are at the cap with %(amount)s; the excess went to the others.")
                % {"capped": inputs["capped"], "amount": amount_text(inputs["capped_amount"])}
            )
        if inputs["extra"] == "1":
            parts.append(
                _("One unit of %(quantum)s by the largest remainder.") % {"quantum": inputs["quantum"]}
            )
        if inputs.get("kept"):
            parts.append(_("At the rate of the first split; the difference comes from the reserve."))
        return sentences(parts)

    def describe(self, step: Mapping[str, Any], currency: str) -> str:
        found = {
            "amount": amount_text(step.get("amount", "0")),
            "share": share_text(step.get("share", "0")),
            "source": source_text(step.get("input", "score")),
        }
        texts = {
            "fixed": _("The pool is %(amount)s."),
            "measure": _("The pool is %(share)s of the sum of %(source)s."),
            "attainment": _("The pool is %(amount)s × the mean %(source)s ÷ 100."),
            "claims": _("The pool is what the claims come to."),
        }
        parts = [texts[step["funding"]] % found]
        if step["per"] == "team":
            parts.append(_("Each team has its own."))
        if "least" in step:
            parts.append(_("It is at least %(least)s.") % {"least": amount_text(step["least"])})
        if "most" in step:
            parts.append(_("It is at most %(most)s.") % {"most": amount_text(step["most"])})
        if Decimal(step["reserve"]) > 0:
            parts.append(_("%(reserve)s of it stay in reserve.") % {"reserve": share_text(step["reserve"])})
        parts.append(_("It is split by the claims, to the cent."))
        if "cap" in step:
            parts.append(
                _("Nobody receives more than %(cap)s from it; the excess goes to the others.")
                % {"cap": amount_text(step["cap"])}
            )
        return sentences(parts)


# The arithmetic, from the inputs that every share of one pool has in common ------------------------------------------


def gross_of(inputs: Mapping[str, str]) -> Decimal:
    """What the funding rule gives, between `least` and `most`, before the reserve."""
    with decimal.localcontext(ARITHMETIC):
        if inputs["funding"] == "fixed":
            gross = Decimal(inputs["amount"])
        elif inputs["funding"] == "measure":
            gross = Decimal(inputs["share"]) * Decimal(inputs["measured"])
        elif inputs["funding"] == "attainment":
            gross = Decimal(inputs["amount"]) * Decimal(inputs["measured"]) / 100
        else:
            gross = Decimal(inputs["claims"])
        if "least" in inputs:
            gross = max(gross, Decimal(inputs["least"]))
        if "most" in inputs:
            gross = min(gross, Decimal(inputs["most"]))
        return settle(gross)


def net_of(inputs: Mapping[str, str]) -> Decimal:
    """What is split: gross less the reserve, in whole quanta."""
    quantum = Decimal(inputs["quantum"])
    with decimal.localcontext(ARITHMETIC):
        return gross_of(inputs) * (1 - Decimal(inputs["reserve"])) // quantum * quantum


def cap_of(inputs: Mapping[str, str]) -> Decimal | None:
    if "cap" not in inputs:
        return None
    quantum = Decimal(inputs["quantum"])
    return Decimal(inputs["cap"]) // quantum * quantum


def share_of(claim: Decimal, inputs: Mapping[str, str]) -> Decimal:
    """claim x what is left for those below the cap / their claims, in whole quanta, and `extra`; never above the cap.

    Somebody at the cap would have at least the cap by the same formula, so nobody's share says who the others are.
    """
    if claim <= ZERO:
        return ZERO
    cap = cap_of(inputs)
    quantum = Decimal(inputs["quantum"])
    with decimal.localcontext(ARITHMETIC):
        open_claims = Decimal(inputs["claims"]) - Decimal(inputs["capped_claims"])
        if open_claims <= ZERO:
            return cap if cap is not None else ZERO
        money = net_of(inputs) - Decimal(inputs["capped_amount"])
        share = (claim * money // (open_claims * quantum) + Decimal(inputs["extra"])) * quantum
        return share if cap is None else min(share, cap)


def split(
    claims: Sequence[Decimal], inputs: Mapping[str, str]
) -> tuple[dict[str, str], list[Decimal], list[str]]:
    """A pool split by claims: (what all shares have in common, the shares, each one's `extra`), in order.

    inputs   funding, reserve, quantum and what else the rule looks at; claims and caps are filled in here
    Errors   PoolError `pool_negative` where the funding rule comes to less than nothing
    """
    weights = [max(ZERO, claim) for claim in claims]
    with decimal.localcontext(ARITHMETIC):
        common = {
            **inputs,
            "claims": plain(sum(weights, ZERO)),
            "people": str(sum(1 for weight in weights if weight)),
            "capped": "0",
            "capped_claims": "0",
            "capped_amount": "0",
        }
        net, cap = net_of(common), cap_of(common)
        if net < 0:
            raise PoolError("pool_negative")
        if not any(weights):
            return common, [ZERO] * len(weights), ["0"] * len(weights)
        caps = None if cap is None else [cap] * len(weights)
        shares = payouts.split_pool(net, weights, caps=caps, quantum=Decimal(inputs["quantum"]))
        if shares.full:
            common["capped"] = str(len(shares.full))
            common["capped_claims"] = plain(sum((weights[i] for i in shares.full), ZERO))
            common["capped_amount"] = plain(sum((shares[i] for i in shares.full), ZERO))
        even = {**common, "extra": "0"}
        extras = [
            "0" if share == share_of(weight, even) else "1"
            for weight, share in zip(weights, shares, strict=True)
        ]
    return common, list(shares), extras


def at_cap(amount: Decimal, inputs: Mapping[str, str]) -> bool:
    cap = cap_of(inputs)
    return cap is not None and amount >= cap


def funding_text(inputs: Mapping[str, str]) -> str:
    """Pool: 10% of KPI sales 4,000,000 (12 people) = 400,000.00, less 25% reserve: 300,000.00."""
    found = {
        "amount": amount_text(inputs.get("amount", "0")),
        "share": share_text(inputs.get("share", "0")),
        "source": source_text(inputs.get("input", "score")),
        "measured": point_text(round(Decimal(inputs.get("measured", "0")), 2)),
        "n": inputs.get("measured_people", "0"),
        "gross": amount_text(gross_of(inputs)),
        "net": amount_text(net_of(inputs)),
        "reserve": share_text(inputs["reserve"]),
    }
    texts = {
        "fixed": _("Pool: %(gross)s."),
        "measure": _("Pool: %(share)s of %(source)s, together %(measured)s (%(n)s people): %(gross)s."),
        "attainment": _("Pool: %(amount)s × mean %(source)s %(measured)s (%(n)s people) ÷ 100: %(gross)s."),
        "claims": _("Pool: what the claims come to, %(gross)s."),
    }
    parts = [texts[inputs["funding"]] % found]
    if "least" in inputs and gross_of(inputs) == Decimal(inputs["least"]):
        parts.append(_("This is the least it can be."))
    elif "most" in inputs and gross_of(inputs) == Decimal(inputs["most"]):
        parts.append(_("This is the most it can be."))
    if Decimal(inputs["reserve"]) > 0:
        parts.append(_("Less %(reserve)s reserve: %(net)s.") % found)
    return sentences(parts)
