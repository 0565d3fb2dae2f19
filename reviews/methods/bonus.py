"""Bonus and penalty items: which may be granted, and how many of the granted points count. Pure computation."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from foundation.documents import Path, Problems
from reviews.methods.base import NAME, check_duplicates, has_name
from scoring.composite import DECIMALS

MOST_POINTS = 100.0
ITEM_CODE = {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$"}
POINTS = {"type": "number", "minimum": -MOST_POINTS, "maximum": MOST_POINTS}

SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "minimum": {"type": "number", "minimum": -MOST_POINTS, "maximum": 0},
        "maximum": {"type": "number", "minimum": 0, "maximum": MOST_POINTS},
        "items": {
            "type": "array",
            "maxItems": 60,
            "items": {
                "type": "object",
                "required": ["code", "minimum", "maximum"],
                "additionalProperties": False,
                "properties": {
                    "code": ITEM_CODE,
                    "name": NAME,
                    "minimum": POINTS,
                    "maximum": POINTS,
                    "total": {"type": "number", "exclusiveMinimum": 0, "maximum": MOST_POINTS},
                    "evidence_required": {"type": "boolean"},
                },
            },
        },
    },
}
DEFAULTS: dict[str, Any] = {"minimum": -MOST_POINTS, "maximum": MOST_POINTS, "items": []}


def completed_bonus(bonus: Mapping[str, Any] | None) -> dict[str, Any]:
    written = {**DEFAULTS, **(bonus or {})}
    return {**written, "items": [{"evidence_required": True, **item} for item in written["items"]]}


def items_of(configuration: Mapping[str, Any]) -> list[dict[str, Any]]:
    return list(completed_bonus(configuration.get("bonus"))["items"])


def item_of(configuration: Mapping[str, Any], code: str) -> dict[str, Any] | None:
    return next((item for item in items_of(configuration) if item["code"] == code), None)


def check_bonus(bonus: Mapping[str, Any], *, problems: Problems, path: Path, complete: bool) -> None:
    """An item either gives or takes points; its range is in order; codes are named once."""
    items = bonus.get("items", [])
    for index, item in enumerate(items):
        here = (*path, "items", index)
        if item["minimum"] > item["maximum"]:
            problems.add((*here, "maximum"), "bonus_range_backwards")
        elif item["minimum"] < 0 < item["maximum"]:
            problems.add((*here, "minimum"), "bonus_both_signs")
        elif item["minimum"] == item["maximum"] == 0:
            problems.add((*here, "maximum"), "bonus_no_points")
        if complete and not has_name(item.get("name")):
            problems.add((*here, "name"), "cycle_name_required")
    check_duplicates(
        [item["code"] for item in items],
        problems=problems,
        paths=[(*path, "items", index, "code") for index in range(len(items))],
    )


def counted_points(grants: Iterable[tuple[str, float]], configuration: Mapping[str, Any]) -> float:
    """How many points of one person count.

    grants    (item code, points) as granted and taken back; points without an item have the code ""
    Rule      the points of one item add up to at most its total in size; all together lie between minimum and maximum.
    returns   rounded to 6 decimals, whatever the order of the grants
    """
    bonus = completed_bonus(configuration.get("bonus"))
    totals = {item["code"]: float(item.get("total", math.inf)) for item in bonus["items"]}
    by_item: dict[str, list[float]] = {}
    for code, points in grants:
        by_item.setdefault(code, []).append(points)
    sums = []
    for code, points_of_item in by_item.items():
        limit = totals.get(code, math.inf)
        sums.append(min(max(math.fsum(points_of_item), -limit), limit))
    return round(min(max(math.fsum(sums), bonus["minimum"]), bonus["maximum"]), DECIMALS) + 0.0
