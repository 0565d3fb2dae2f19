"""What a step may look at: the overall score, a KPI's attainment, a KPI's value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from incentives.steps.base import fact
from incentives.steps.fields import plain
from scoring import payouts


def need_of(source: str) -> str:
    """The fact's name: the source itself."""
    return source


def read_source(source: str, facts: Mapping[str, Any]) -> str:
    """The number behind a source as a decimal text.

    Stored numbers are float64 rounded to 6 decimals; here they become exact, by the decimals that they print as.
    """
    value = fact(facts, source, "no_score" if source == "score" else "no_kpi_value")
    number = payouts.to_decimal(round(value, 6) if isinstance(value, float) else value, source)
    return plain(number)
