"""Steps that change what is there: a curve of the score, a gate, a share of the period."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import ROUND_CEILING, Decimal
from functools import lru_cache
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from foundation.documents import Problem
from incentives.steps.base import StepKind, fact, settle
from incentives.steps.fields import ChoiceField, DecimalField, SourceField, plain
from incentives.steps.sources import need_of, read_source
from incentives.steps.wording import factor_text, point_text, rate_text, sentences, share_text, source_text
from scoring import payouts

TARGET = Decimal(100)
Points = tuple[tuple[Decimal, Decimal], ...]


@lru_cache(maxsize=512)
def curve_points(threshold: str, at_threshold: str, accelerator: str, cap: str) -> Points:
    """The curve as points for scoring.payouts.curve, in score units: 100 = target met = factor 1.

    Nothing below the threshold, `at_threshold` on it, straight to 1 at 100, then `accelerator` hundredths of the bonus
    for each point more. The last point lies where the cap is reached or, where that place is no whole number, at the
    next whole one; Curve.factor takes the excess off, so that no division is rounded.
    """
    start, first, speed, most = Decimal(threshold), Decimal(at_threshold), Decimal(accelerator), Decimal(cap)
    points: list[tuple[Decimal, Decimal]] = []
    if start > 0:
        # Two points at one place are a jump; where nothing is paid on the threshold there is none.
        points.append((start, Decimal(0)))
    if first > 0 or start == 0:
        points.append((start, first))
    points.append((TARGET, Decimal(1)))
    if speed > 0 and most > 1:
        end = (TARGET + (most - 1) * 100 / speed).to_integral_value(rounding=ROUND_CEILING)
        points.append((end, 1 + (end - TARGET) * speed / 100))
    return tuple(points)


class Curve(StepKind):
    """before x curve(score)."""

    kind = "curve"
    label = gettext_lazy("Curve")
    help = gettext_lazy(
        "Multiplies by how far the target was met: 100 pays the whole, less pays less, more pays more."
    )
    fields = (
        SourceField(code="input", label=gettext_lazy("Looked at"), default="score"),
        DecimalField(
            code="threshold",
            label=gettext_lazy("Threshold"),
            help=gettext_lazy("Below it nothing is paid."),
            minimum=Decimal(0),
            maximum=Decimal("99.99"),
        ),
        DecimalField(
            code="at_threshold",
            label=gettext_lazy("Paid at the threshold"),
            unit="%",
            percent=True,
            minimum=Decimal(0),
            maximum=Decimal(1),
            default="0",
        ),
        DecimalField(
            code="accelerator",
            label=gettext_lazy("Each point above 100 adds"),
            unit="%",
            minimum=Decimal(0),
            maximum=Decimal(100),
            default="1",
        ),
        DecimalField(
            code="cap",
            label=gettext_lazy("At most"),
            unit="×",
            minimum=Decimal(1),
            maximum=Decimal(20),
        ),
    )

    def check_together(self, step: Mapping[str, Any]) -> Iterator[Problem]:
        if Decimal(step["accelerator"]) == 0 and Decimal(step["cap"]) > 1:
            yield Problem(("cap",), "curve_cap_unreachable")

    def needs(self, step: Mapping[str, Any]) -> set[str]:
        return {need_of(step["input"])}

    def inputs(self, step: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, str]:
        return {
            "input": step["input"],
            "score": read_source(step["input"], facts),
            "threshold": step["threshold"],
            "at_threshold": step["at_threshold"],
            "accelerator": step["accelerator"],
            "cap": step["cap"],
        }

    def factor(self, inputs: Mapping[str, str]) -> Decimal:
        """Not settled: a third of 3,000 is 1,000, which a third to ten decimals misses."""
        points = curve_points(
            inputs["threshold"], inputs["at_threshold"], inputs["accelerator"], inputs["cap"]
        )
        return min(payouts.curve(inputs["score"], points), Decimal(inputs["cap"]))

    def rule(self, before: Decimal, inputs: Mapping[str, str]) -> tuple[Decimal | None, Decimal]:
        factor = self.factor(inputs)
        return settle(factor), before * factor

    def sentence(
        self, inputs: Mapping[str, str], factor: Decimal | None, amount: Decimal, currency: str
    ) -> str:
        found = {
            "factor": factor_text(factor or Decimal(0)),
            "score": point_text(inputs["score"]),
            "source": source_text(inputs["input"]),
            "threshold": point_text(inputs["threshold"]),
        }
        score, threshold, cap = Decimal(inputs["score"]), Decimal(inputs["threshold"]), Decimal(inputs["cap"])
        if score < threshold:
            return (
                _("× %(factor)s because %(source)s %(score)s lies below the threshold %(threshold)s") % found
            )
        if score == TARGET:
            return _("× %(factor)s because %(source)s %(score)s meets the target") % found
        if score < TARGET:
            found |= {"high": point_text(TARGET)}
            return (
                _("× %(factor)s because %(source)s %(score)s lies between %(threshold)s and %(high)s") % found
            )
        if factor == cap:
            return _("× %(factor)s, the most there is, because %(source)s is %(score)s") % found
        speed = Decimal(inputs["accelerator"])
        found |= {"low": point_text(TARGET), "high": point_text(round(TARGET + (cap - 1) * 100 / speed, 2))}
        return _("× %(factor)s because %(source)s %(score)s lies between %(low)s and %(high)s") % found

    def describe(self, step: Mapping[str, Any], currency: str) -> str:
        found = {
            "source": source_text(step["input"]),
            "threshold": point_text(step["threshold"]),
            "at_threshold": share_text(step["at_threshold"]),
            "accelerator": point_text(step["accelerator"]),
            "cap": rate_text(step["cap"]),
        }
        parts = []
        if Decimal(step["threshold"]) > 0:
            parts.append(_("Below %(source)s %(threshold)s nothing is paid.") % found)
        parts.append(
            _("From %(threshold)s (%(at_threshold)s) to 100 (100%%) the share rises in a straight line.")
            % found
        )
        if Decimal(step["accelerator"]) > 0 and Decimal(step["cap"]) > 1:
            parts.append(
                _("Each point above 100 adds %(accelerator)s%%, up to %(cap)s times the whole.") % found
            )
        else:
            parts.append(_("Above 100 nothing is added."))
        return sentences(parts)


class Gate(StepKind):
    """before x 1 when the condition is met, else before x `otherwise`."""

    kind = "gate"
    label = gettext_lazy("Gate")
    help = gettext_lazy("A condition that has to be met; otherwise only a part is paid, or nothing.")
    fields = (
        SourceField(code="input", label=gettext_lazy("Looked at")),
        ChoiceField(
            code="condition",
            label=gettext_lazy("Must be"),
            choices=(("at_least", gettext_lazy("at least")), ("at_most", gettext_lazy("at most"))),
        ),
        DecimalField(
            code="limit",
            label=gettext_lazy("Limit"),
            minimum=Decimal(-1_000_000_000),
            maximum=Decimal(1_000_000_000),
        ),
        DecimalField(
            code="otherwise",
            label=gettext_lazy("Otherwise paid"),
            unit="%",
            percent=True,
            minimum=Decimal(0),
            maximum=Decimal("0.99"),
            default="0",
        ),
    )

    def needs(self, step: Mapping[str, Any]) -> set[str]:
        return {need_of(step["input"])}

    def inputs(self, step: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, str]:
        return {
            "input": step["input"],
            "found": read_source(step["input"], facts),
            "condition": step["condition"],
            "limit": step["limit"],
            "otherwise": step["otherwise"],
        }

    def is_met(self, inputs: Mapping[str, str]) -> bool:
        found, limit = Decimal(inputs["found"]), Decimal(inputs["limit"])
        return found >= limit if inputs["condition"] == "at_least" else found <= limit

    def rule(self, before: Decimal, inputs: Mapping[str, str]) -> tuple[Decimal | None, Decimal]:
        factor = Decimal(1) if self.is_met(inputs) else Decimal(inputs["otherwise"])
        return factor, before * factor

    def sentence(
        self, inputs: Mapping[str, str], factor: Decimal | None, amount: Decimal, currency: str
    ) -> str:
        found = {
            "gate": gate_text(inputs),
            "found": point_text(inputs["found"]),
            "factor": factor_text(factor or Decimal(0)),
        }
        if plan_gate(inputs):
            if self.is_met(inputs):
                return _("gate “%(gate)s” met") % found
            return _("× %(factor)s because gate “%(gate)s” was not met") % found
        if self.is_met(inputs):
            return _("gate “%(gate)s” met (%(found)s)") % found
        return _("× %(factor)s because gate “%(gate)s” was not met (%(found)s)") % found

    def describe(self, step: Mapping[str, Any], currency: str) -> str:
        found = {"gate": gate_text(step), "otherwise": share_text(step["otherwise"])}
        if Decimal(step["otherwise"]) == 0:
            return _("Unless %(gate)s, nothing is paid.") % found
        return _("Unless %(gate)s, only %(otherwise)s is paid.") % found


def plan_gate(step: Mapping[str, Any]) -> str:
    """Whether the gate asks for "none" or "some" open improvement plan; "" for any other gate."""
    if step["input"] != "condition:open_plan":
        return ""
    limit = Decimal(step["limit"])
    if step["condition"] == "at_most":
        return "none" if 0 <= limit < 1 else ""
    return "some" if 0 < limit <= 1 else ""


def gate_text(step: Mapping[str, Any]) -> str:
    """The condition in words, as it stands between “ and ”."""
    texts = {
        "none": _("no improvement plan was open on the last day of the period"),
        "some": _("an improvement plan was open on the last day of the period"),
    }
    sign = "≥" if step["condition"] == "at_least" else "≤"
    return texts.get(plan_gate(step)) or f"{source_text(step['input'])} {sign} {point_text(step['limit'])}"


class Proration(StepKind):
    """before x days in role / days in the period."""

    kind = "proration"
    label = gettext_lazy("Proration")
    help = gettext_lazy("Pays only the share of the period that someone was in the role.")
    fields = (
        ChoiceField(
            code="by",
            label=gettext_lazy("Reckoned by"),
            choices=(
                ("days_in_role", gettext_lazy("calendar days in the role")),
                ("days_employed", gettext_lazy("calendar days employed")),
            ),
            default="days_in_role",
        ),
        SourceField(
            code="less",
            label=gettext_lazy("Less the days of leave"),
            help=gettext_lazy(
                "A KPI that counts unpaid days only: statutory leave never counts against anyone."
            ),
            values_only=True,
            optional=True,
        ),
    )

    def needs(self, step: Mapping[str, Any]) -> set[str]:
        return {step["by"], "days_in_period"} | ({need_of(step["less"])} if "less" in step else set())

    def inputs(self, step: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, str]:
        days = int(fact(facts, step["by"], "no_days"))
        of = fact(facts, "days_in_period", "no_days")
        found = {"by": step["by"], "days": str(days), "of": str(int(of))}
        if "less" in step:
            # Nobody wrote down a leave: there was none. Leave cannot take more days than there are.
            known = facts.get(step["less"])
            leave = read_source(step["less"], facts) if known is not None and known == known else "0"
            taken = min(max(Decimal(leave), Decimal(0)), Decimal(days))
            found |= {"less": step["less"], "leave": plain(taken), "days": plain(days - taken)}
        return found

    def rule(self, before: Decimal, inputs: Mapping[str, str]) -> tuple[Decimal | None, Decimal]:
        days, of = inputs["days"], inputs["of"]
        return settle(payouts.prorate(Decimal(1), days, of)), payouts.prorate(before, days, of)

    def sentence(
        self, inputs: Mapping[str, str], factor: Decimal | None, amount: Decimal, currency: str
    ) -> str:
        found = {"days": inputs["days"], "of": inputs["of"], "leave": inputs.get("leave", "0")}
        if inputs.get("leave", "0") != "0":
            return _("prorated %(days)s of %(of)s days, %(leave)s days of leave left out") % found
        if inputs["days"] == inputs["of"]:
            return _("whole period: %(days)s of %(of)s days") % found
        return _("prorated %(days)s of %(of)s days") % found

    def describe(self, step: Mapping[str, Any], currency: str) -> str:
        said = [
            _("Paid for the calendar days employed out of those of the period.")
            if step["by"] == "days_employed"
            else _("Paid for the calendar days in the role out of those of the period.")
        ]
        if "less" in step:
            said.append(_("Days of %(source)s are left out.") % {"source": source_text(step["less"])})
        return sentences(said)
