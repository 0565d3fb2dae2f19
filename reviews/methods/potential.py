"""Potential beside performance: three described levels, and where a person falls among nine boxes. It never enters a
score, a rating or pay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from foundation.documents import Path, Problems
from reviews.methods.base import NAME, TEXT, has_name
from scoring.ratings import cutoffs

LEVELS = (1, 2, 3)
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["cuts", "levels"],
    "additionalProperties": False,
    "properties": {
        "cuts": {
            "type": "array",
            "minItems": 2,
            "maxItems": 2,
            "items": {"type": "number", "minimum": 0, "maximum": 1000},
        },
        "levels": {
            "type": "array",
            "minItems": 3,
            "maxItems": 3,
            "items": {
                "type": "object",
                "required": ["name"],
                "additionalProperties": False,
                "properties": {"name": NAME, "description": TEXT},
            },
        },
    },
}


def blank_potential() -> dict[str, Any]:
    return {
        "cuts": [70, 90],
        "levels": [
            {
                "name": {"zh": "胜任现岗", "en": "Well placed"},
                "description": {
                    "zh": "在现有岗位上能把工作做好，近两年内更适合深耕本岗。",
                    "en": "Does this job well and is at home in it for the next two years.",
                },
            },
            {
                "name": {"zh": "可以成长", "en": "Growing"},
                "description": {
                    "zh": "已承担过本岗之外的任务并完成，两年内可胜任更大职责。",
                    "en": "Has taken on work beyond the job and finished it; could carry more within two years.",
                },
            },
            {
                "name": {"zh": "随时可进阶", "en": "Ready for more"},
                "description": {
                    "zh": "已在更大职责上有可说明的实例，一年内可胜任上一级岗位。",
                    "en": "Has shown by examples that the next larger job is within reach this year.",
                },
            },
        ],
    }


def potential_of(configuration: Mapping[str, Any]) -> dict[str, Any] | None:
    """The block, None in a cycle that does not ask for potential."""
    found = configuration.get("potential")
    return dict(found) if found else None


def check_potential(document: Mapping[str, Any], *, problems: Problems, path: Path, complete: bool) -> None:
    low, high = document["cuts"]
    if low >= high:
        problems.add((*path, "cuts", 1), "potential_cuts_order")
    for index, level in enumerate(document["levels"]):
        if not complete:
            continue
        for name in ("name", "description"):
            if not has_name(level.get(name)):
                problems.add((*path, "levels", index, name), "cycle_name_required")


def performance_box(score: float | None, cuts: Sequence[float]) -> int | None:
    """0, 1 or 2: below the first cut point, from it on, from the second on. None without a score."""
    if score is None:
        return None
    low, high = cuts
    return int(cutoffs([score], [(float("-inf"), "low"), (low, "middle"), (high, "high")])[0])
