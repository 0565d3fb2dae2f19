"""What a plan would pay an example person: for the composer, before anybody is paid by it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from incentives.steps import engine
from incentives.steps.factors import TARGET

SAMPLE_SALARY = Decimal("6000.00")
SAMPLE_SCORES = (85, 100, 120)
SAMPLE_VALUE = 1.0
SAMPLE_CONDITION = 24.0
CHART_LOW, CHART_HIGH, CHART_STEP = 50, 160, 5


def example_facts(steps: list[Mapping[str, Any]], score: float, salary: Decimal) -> dict[str, Any]:
    """A person of the first job that the plan names, there the whole period, every KPI on target."""
    jobs = [job for step in steps for job in step.get("amounts", {}) if job != "default"]
    facts: dict[str, Any] = {
        "score": float(score),
        "salary": salary,
        "job_code": jobs[0] if jobs else "",
        "days_in_role": 30,
        "days_in_period": 30,
        "days_employed": 30,
    }
    for need in engine.needs(steps):
        if need.startswith("kpi:"):
            facts[need] = float(TARGET)
        if need.startswith("value:"):
            facts[need] = SAMPLE_VALUE
        if need.startswith("condition:"):
            facts[need] = SAMPLE_CONDITION
    return facts


def example(configuration: Mapping[str, Any], score: float, salary: Decimal) -> engine.LineAnswer:
    steps = configuration["steps"]
    return engine.apply(engine.until_pool(steps), example_facts(steps, score, salary))


def samples(configuration: Mapping[str, Any], salary: Decimal) -> list[dict[str, Any]]:
    """What 85, 100 and 120 would pay; with a pool, what claim they would give."""
    return [
        {"score": score, "amount": example(configuration, score, salary).amount} for score in SAMPLE_SCORES
    ]


def curve_chart(configuration: Mapping[str, Any], salary: Decimal) -> dict[str, Any]:
    """Amount over the score, for the chart component."""
    scores = list(range(CHART_LOW, CHART_HIGH + 1, CHART_STEP))
    return {
        "kind": "line",
        "labels": [str(score) for score in scores],
        "series": [
            {"name": "", "values": [float(example(configuration, score, salary).amount) for score in scores]}
        ],
        "decimals": 2,
    }
