"""The rules of the bonus, in words, for whoever is appraised in a cycle: read before the period is judged."""

from __future__ import annotations

from typing import Any

from django.utils import translation

from incentives.models import IncentivePlan, PlanVersion
from incentives.selectors.payout_runs import applies
from incentives.steps import configuration as configurations
from reviews.models import Cycle

LANGUAGES = {"zh": "zh-hans", "en": "en"}


def bonus_rules(cycle: Cycle, job: str) -> list[dict[str, Any]]:
    """[{name, version, sentences}] of the plans in use that would pay this job for this cycle, by their version on its
    last day; each text in both languages. One query."""
    versions: dict[int, PlanVersion] = {}
    found = PlanVersion.objects.filter(
        plan__in=IncentivePlan.objects.filter(is_active=True), valid_from__lte=cycle.last_day
    ).select_related("plan")
    for version in found.order_by("valid_from"):
        versions[version.plan_id] = version
    return [
        {
            "name": {"zh": version.plan.name_zh, "en": version.plan.name_en},
            "version": version.number,
            "sentences": _sentences(version),
        }
        for version in sorted(versions.values(), key=lambda each: each.plan.code)
        if applies(version.configuration, cycle, {job})
    ]


def _sentences(version: PlanVersion) -> list[dict[str, str]]:
    told: dict[str, list[str]] = {}
    for short, language in LANGUAGES.items():
        with translation.override(language):
            told[short] = configurations.describe(version.configuration, currency=version.plan.currency)
    return [{"zh": zh, "en": en} for zh, en in zip(told["zh"], told["en"], strict=True)]
