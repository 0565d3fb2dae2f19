"""A plan's configuration: its JSON schema, its normal form, and everything that is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from foundation.documents import Problem
from incentives.steps import registry
from incentives.steps.fields import CODE_PATTERN
from incentives.steps.limits import minor_unit

STEPS_LIMIT = 20
# When a plan pays: any cycle, only cycles of a month or of a quarter, or any cycle at once when results are released.
FREQUENCIES = ("cycle", "month", "quarter", "release")
_DAYS = {"month": range(28, 32), "quarter": range(89, 93)}
DAYS_LIMIT = 366
# The ledger books two decimals, so currencies with three or four are not offered.
CURRENCY_PATTERN = r"^[A-Z]{3}$"


def schema() -> dict[str, Any]:
    """JSON schema (2020-12) of PlanVersion.configuration."""
    return {
        "type": "object",
        "required": ["steps"],
        "additionalProperties": False,
        "properties": {
            "eligibility": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "minimum_days": {"type": "integer", "minimum": 0, "maximum": DAYS_LIMIT},
                    "jobs": {"type": "array", "items": {"type": "string", "pattern": CODE_PATTERN}},
                },
            },
            "frequency": {"enum": list(FREQUENCIES)},
            "steps": {
                "type": "array",
                "minItems": 1,
                "maxItems": STEPS_LIMIT,
                "items": {"oneOf": [kind.schema() for kind in registry.KINDS.values()]},
            },
        },
    }


def normal(configuration: Any) -> Any:
    """Defaults filled in, numbers as text. What is no plan at all comes back as it is, for `problems` to name."""
    if not isinstance(configuration, Mapping):
        return configuration
    answer: dict[str, Any] = dict(configuration)
    eligibility = answer.get("eligibility") or {}
    if isinstance(eligibility, Mapping):
        minimum = eligibility.get("minimum_days")
        answer["eligibility"] = {**eligibility, "minimum_days": 1 if minimum is None else minimum}
        if not answer["eligibility"].get("jobs"):
            answer["eligibility"].pop("jobs", None)
    steps = answer.get("steps")
    if isinstance(steps, list):
        answer["steps"] = [_normal_step(step) for step in steps]
    return answer


def _normal_step(step: Any) -> Any:
    kind = registry.find(step.get("kind")) if isinstance(step, Mapping) else None
    return kind.normal(step) if kind else step


def problems(configuration: Any, *, currency: str) -> list[Problem]:
    """Everything that keeps a normalised configuration from being used, in the order of the document."""
    return list(_problems(configuration, currency))


def _problems(configuration: Any, currency: str) -> Iterator[Problem]:
    if not re.fullmatch(CURRENCY_PATTERN[1:-1], currency) or minor_unit(currency) < minor_unit("CNY"):
        yield Problem(("currency",), "plan_currency", {"currency": currency[:10]})
    if not isinstance(configuration, Mapping):
        yield Problem((), "plan_not_a_mapping")
        return
    for key in configuration:
        if key not in ("eligibility", "frequency", "steps"):
            yield Problem((str(key)[:40],), "plan_unknown_key", {"key": str(key)[:40]})
    yield from _eligibility_problems(configuration.get("eligibility", {}))
    if configuration.get("frequency", "cycle") not in FREQUENCIES:
        found = str(configuration["frequency"])[:40]
        yield Problem(("frequency",), "step_choice", {"value": found, "allowed": ", ".join(FREQUENCIES)})
    steps = configuration.get("steps")
    if not isinstance(steps, list) or not steps:
        yield Problem(("steps",), "plan_no_steps")
        return
    if len(steps) > STEPS_LIMIT:
        yield Problem(("steps",), "plan_too_many_steps", {"limit": STEPS_LIMIT})
        return
    yield from _step_problems(steps, currency)


def _eligibility_problems(eligibility: Any) -> Iterator[Problem]:
    if not isinstance(eligibility, Mapping):
        yield Problem(("eligibility",), "plan_not_a_mapping")
        return
    for key in eligibility:
        if key not in ("minimum_days", "jobs"):
            yield Problem(("eligibility", str(key)[:40]), "plan_unknown_key", {"key": str(key)[:40]})
    minimum = eligibility.get("minimum_days", 1)
    if isinstance(minimum, bool) or not isinstance(minimum, int) or not 0 <= minimum <= DAYS_LIMIT:
        yield Problem(("eligibility", "minimum_days"), "plan_minimum_days", {"limit": DAYS_LIMIT})
    jobs = eligibility.get("jobs", [])
    if not isinstance(jobs, list) or any(
        not isinstance(job, str) or not re.fullmatch(CODE_PATTERN[1:-1], job) for job in jobs
    ):
        yield Problem(("eligibility", "jobs"), "plan_jobs")


def _step_problems(steps: list[Any], currency: str) -> Iterator[Problem]:
    earns = False
    for place, step in enumerate(steps):
        kind = registry.find(step.get("kind")) if isinstance(step, Mapping) else None
        if kind is None:
            found = step.get("kind", "") if isinstance(step, Mapping) else ""
            yield Problem(
                ("steps", place, "kind"),
                "step_kind",
                {"kind": str(found)[:40], "known": ", ".join(registry.KINDS)},
            )
            continue
        for problem in kind.check(step):
            yield Problem(("steps", place, *problem.path), problem.code, problem.params)
        if kind.role == "factor" and not earns:
            yield Problem(("steps", place), "step_before_base")
        earns = earns or kind.role == "base"
        last = place == len(steps) - 1
        if kind.role == "split" and place != len(steps) - 2:
            yield Problem(("steps", place), "pool_place")
        if kind.role == "last" and not last:
            yield Problem(("steps", place), "rounding_not_last")
        if last and kind.role != "last":
            yield Problem(("steps",), "rounding_missing")
        if (
            kind.kind == "rounding"
            and step.get("quantum") == "0.01"
            and minor_unit(currency) > minor_unit("CNY")
        ):
            yield Problem(("steps", place, "quantum"), "rounding_too_fine", {"currency": currency})
    if not earns:
        yield Problem(("steps",), "plan_pays_nothing")
    kinds = [step.get("kind") for step in steps if isinstance(step, Mapping)]
    if "claim" in kinds and "pool" not in kinds:
        yield Problem(("steps", kinds.index("claim")), "claim_without_pool")


def fits(configuration: Mapping[str, Any], days: int) -> bool:
    """Whether the plan pays for a cycle of so many days."""
    frequency = configuration.get("frequency", "cycle")
    return frequency not in _DAYS or days in _DAYS[frequency]


def frequency_text(configuration: Mapping[str, Any]) -> str:
    texts = {
        "cycle": _("for every cycle"),
        "month": _("for monthly cycles only"),
        "quarter": _("for quarterly cycles only"),
        "release": _("for every cycle, computed as soon as its results are released"),
    }
    return texts[configuration.get("frequency", "cycle")]


def describe(configuration: Mapping[str, Any], *, currency: str) -> list[str]:
    """The plan as sentences, one per step, in the reader's language."""
    return [registry.KINDS[step["kind"]].describe(step, currency) for step in configuration["steps"]]
