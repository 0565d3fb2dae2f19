"""Names, numbers and bands of a cycle as pages show them, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import get_language

from foundation.interface.wording import number
from metrics.models import KPIVersion
from reviews.methods.base import localised
from reviews.models import Cycle

UNITS = dict(KPIVersion.Unit.choices)
SCORE_DECIMALS = 1


def language() -> str:
    return get_language() or "en"


def name_of(entry: Mapping[str, Any] | None, fallback: str = "") -> str:
    """The localised name of a component, item, level, band or KPI version."""
    return localised((entry or {}).get("name"), language()) or fallback


def unit_of(version: Mapping[str, Any]) -> str:
    """Short, for the head of a column or behind a number; scores, counts and ratios need none."""
    unit = version["unit"]
    return "" if unit in ("score", "count", "ratio", "money") else str(UNITS.get(unit, unit))


def kpi_value(value: float | None, version: Mapping[str, Any]) -> str:
    return number(value, version["decimals"]) if value is not None else ""


def score_text(value: float | None) -> str:
    return number(value, SCORE_DECIMALS) if value is not None else ""


def weight_text(value: float) -> str:
    return f"{number(value, 0 if abs(value - round(value)) < 0.05 else 1)} %"


# Rating bands -----------------------------------------------------------------------------------------------------


def bands_of(cycle: Cycle) -> list[dict[str, Any]]:
    """[{from, label, code}], lowest first, as the scale wants them."""
    return [
        {
            "from": None if index == 0 else band["from"],
            "label": name_of(band, band["code"]),
            "code": band["code"],
        }
        for index, band in enumerate(cycle.configuration.get("rating_bands", []))
    ]


def band_of(cycle: Cycle, code: str) -> dict[str, Any]:
    """{label, index, total, from, to} of a rating; empty without one. index 0 is the lowest band."""
    bands = cycle.configuration.get("rating_bands", [])
    for index, band in enumerate(bands):
        if band["code"] == code:
            return {
                "label": name_of(band, code),
                "index": index,
                "total": len(bands),
                "from": band["from"],
                "to": bands[index + 1]["from"] if index + 1 < len(bands) else None,
            }
    return {}


def interval(score: float | None, standard_error: float | None) -> tuple[float | None, float | None]:
    """95 % by the normal distribution; (None, None) where the uncertainty is unknown."""
    if score is None or standard_error is None:
        return None, None
    return max(score - 1.96 * standard_error, 0.0), score + 1.96 * standard_error


def interval_text(score: float | None, standard_error: float | None) -> str:
    """ "52.1 – 74.6", empty where the uncertainty is unknown."""
    low, high = interval(score, standard_error)
    return f"{score_text(low)} – {score_text(min(high, 100.0))}" if high is not None else ""


def weighted_sum(parts: list[tuple[float, float | None]], total: float | None) -> str:
    """ "70 % × 104.012345 + 30 % × 90 = 99.808642": exact, like line_sentence."""
    terms = " + ".join(
        f"{number(weight)} % × {number(value)}" for weight, value in parts if value is not None
    )
    return f"{terms} = {number(total)}" if terms and total is not None else ""


def group_head(component: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": name_of(component, component["code"]),
        "code": component["code"],
        "method": component["method"],
        "weight": weight_text(component["effective_weight"]),
        "score": score_text(component["score"]),
    }
