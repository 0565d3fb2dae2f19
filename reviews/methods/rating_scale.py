"""Rating scale: a rater chooses one described level for each item; levels carry points, items carry weights.

What a level looks like is written per item: one description here, several anchors in BARS (bars.py). An item may also
name a competency of the library; then its words are those of the competency's newest version at the launch.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
from django.utils.translation import gettext_lazy as _

from foundation.documents import Path, Problems
from reviews.methods.base import (
    CODE,
    LINE_COLUMNS,
    NAME,
    TEXT,
    WEIGHT,
    Component,
    ComponentAnswer,
    ComponentInputs,
    Floats,
    KPIReference,
    Method,
    check_duplicates,
    check_weights,
    has_name,
    or_nan,
    or_none,
    plain,
)
from reviews.methods.parts import (
    days_of_parts,
    item_of,
    part_subject,
    part_weights,
    parted,
    sheet_of,
)
from scoring.composite import stored, weighted_mean

JUDGED, MISSING, NOT_OBSERVED = "judged", "missing", "not_observed"
# Not an item: the comment on the whole sheet is kept under this name.
COMMENT_ITEM = "comment"


LEVEL_VALUE = {"type": "number", "minimum": 0, "maximum": 100}


def scale_schema(**words: Any) -> Mapping[str, Any]:
    """The schema of a scale whose items say by `words` what a level looks like."""
    return {
        "type": "object",
        "required": ["levels", "items"],
        "properties": {
            "levels": {
                "type": "array",
                "maxItems": 10,
                "items": {
                    "type": "object",
                    "required": ["value", "points"],
                    "additionalProperties": False,
                    "properties": {
                        "value": LEVEL_VALUE,
                        "points": {"type": "number", "minimum": 0, "maximum": 200},
                        "name": NAME,
                    },
                },
            },
            "items": {
                "type": "array",
                "maxItems": 30,
                "items": {
                    "type": "object",
                    "required": ["code", "weight"],
                    "additionalProperties": False,
                    "properties": {
                        "code": CODE,
                        "weight": WEIGHT,
                        "name": NAME,
                        "competency": {"type": "string", "maxLength": 60},
                        **words,
                    },
                },
            },
            "comment_required_at": {"type": "array", "maxItems": 10, "items": LEVEL_VALUE},
            "allow_not_observed": {"type": "boolean"},
        },
    }


class RatingScaleMethod(Method):
    code = "rating_scale"
    label = _("Rating scale")
    description = _("A manager chooses a described level for each item.")
    needs_raters = True
    schema: Mapping[str, Any] = scale_schema(
        descriptions={"type": "object", "maxProperties": 10, "additionalProperties": TEXT}
    )

    def blank(self) -> Component:
        return {
            "levels": [
                {"value": 1, "points": 20, "name": {"zh": "差", "en": "Poor"}},
                {"value": 2, "points": 40, "name": {"zh": "待改进", "en": "Below standard"}},
                {"value": 3, "points": 60, "name": {"zh": "合格", "en": "Meets standard"}},
                {"value": 4, "points": 80, "name": {"zh": "良好", "en": "Good"}},
                {"value": 5, "points": 100, "name": {"zh": "优秀", "en": "Excellent"}},
            ],
            "items": [],
            "comment_required_at": [1, 5],
        }

    def check(
        self,
        component: Component,
        *,
        kpis: Mapping[str, KPIReference],
        problems: Problems,
        path: Path,
        complete: bool,
    ) -> None:
        levels, items = component["levels"], component["items"]
        keys = [level_key(level["value"]) for level in levels]
        for index, level in enumerate(levels):
            here = (*path, "levels", index)
            if Decimal(str(level["value"])).normalize().as_tuple().exponent < -2:  # type: ignore[operator]
                problems.add((*here, "value"), "level_decimals")
            if index and level["value"] <= levels[index - 1]["value"]:
                problems.add((*here, "value"), "levels_not_ascending")
            if index and level["points"] < levels[index - 1]["points"]:
                problems.add((*here, "points"), "level_points_not_ascending")
            if complete and not has_name(level.get("name")):
                problems.add((*here, "name"), "cycle_name_required")
        if complete and len(levels) < 2:
            problems.add((*path, "levels"), "levels_too_few")
        if complete and not items:
            problems.add((*path, "items"), "component_without_items")
            return
        check_duplicates(
            [item["code"] for item in items],
            problems=problems,
            paths=[(*path, "items", index, "code") for index in range(len(items))],
        )
        for index, item in enumerate(items):
            here = (*path, "items", index)
            if item["code"] == COMMENT_ITEM:
                problems.add((*here, "code"), "cycle_code_reserved", name=COMMENT_ITEM)
            self.check_words(item, keys, problems=problems, path=here, complete=complete)
            if not complete:
                continue
            if not has_name(item.get("name")):
                problems.add((*here, "name"), "cycle_name_required")
            if item["weight"] == 0:
                problems.add((*here, "weight"), "cycle_weight_zero")
        for index, value in enumerate(component.get("comment_required_at", [])):
            if level_key(value) not in keys:
                problems.add(
                    (*path, "comment_required_at", index),
                    "cycle_level_unknown",
                    level=plain(Decimal(str(value))),
                )
        check_weights(
            [item["weight"] for item in items], problems=problems, path=(*path, "items"), complete=complete
        )

    def check_words(
        self, item: Mapping[str, Any], keys: list[str], *, problems: Problems, path: Path, complete: bool
    ) -> None:
        """Every level of every item is described, and nothing is described that is no level."""
        descriptions = item.get("descriptions", {})
        for key in sorted(set(descriptions) - set(keys)):
            problems.add((*path, "descriptions", key), "description_without_level", level=key[:12])
        absent = [key for key in keys if not has_name(descriptions.get(key))]
        if complete and absent:
            problems.add(
                (*path, "descriptions"), "descriptions_missing", name=item["code"], levels=", ".join(absent)
            )

    def freeze(self, component: Component, *, kpis: Mapping[str, KPIReference]) -> Component:
        return dict(component)

    def compute(self, component: Component, inputs: ComponentInputs) -> ComponentAnswer:
        """Points of the chosen levels, weighted by item.

        Only submitted sheets count, and a sheet is submitted whole: whoever has one level has all, but for the items
        that the rater could not observe. Those have no points, and the others share their weight. A judgement has
        no sampling error (nan). Whom several managers judged, each for a part of the period, has a line per item and
        part, weighted by days (parts.py).
        """
        judged = inputs.judgements[inputs.judgements["component"] == component["code"]]
        table = judged.pivot_table(
            index="employee_id", columns="item", values="level", aggfunc="first", observed=True
        )
        people = len(inputs.employee_ids)
        points = np.full((people, len(component["items"])), np.nan)
        unjudged = np.where(np.isin(inputs.employee_ids, table.index), NOT_OBSERVED, MISSING)
        lines = []
        for index, item in enumerate(component["items"]):
            if item["code"] in table:
                level = table[item["code"]].reindex(inputs.employee_ids).to_numpy(dtype=np.float64)
            else:
                level = np.full(people, np.nan)
            points[:, index] = level_points(component, level)
            lines.append(
                pd.DataFrame(
                    {
                        "employee_id": inputs.employee_ids,
                        "component": component["code"],
                        "number": index + 1,
                        "subject": item["code"],
                        "value": level,
                        "target": np.nan,
                        "weight": float(item["weight"]),
                        "attainment": np.nan,
                        "points": points[:, index],
                        "n": np.where(np.isnan(level), 0, 1),
                        "standard_error": np.nan,
                        "rule": np.where(np.isnan(points[:, index]), unjudged, JUDGED),
                    }
                )
            )
        weights = np.array([float(item["weight"]) for item in component["items"]])
        score = stored(weighted_mean(points, weights))
        n = (~np.isnan(points)).sum(axis=1).astype(np.int64)
        kept = pd.concat(lines, ignore_index=True)[list(LINE_COLUMNS)]
        if shared := parted(judged):
            kept = kept[~kept["employee_id"].isin(shared)]
            of_parts = [kept]
            for employee, days in shared.items():
                own = _part_lines(component, judged[judged["employee_id"] == employee], employee, days)
                place = np.flatnonzero(inputs.employee_ids == employee)
                found = own["points"].to_numpy(dtype=np.float64)
                score[place] = stored(weighted_mean(found[None, :], own["weight"].to_numpy(dtype=np.float64)))
                n[place] = int((~np.isnan(found)).sum())
                of_parts.append(own)
            kept = pd.concat(of_parts, ignore_index=True)
        return ComponentAnswer(score=score, standard_error=np.full(people, np.nan), n=n, lines=kept)

    def recompute(self, component: Component, lines: list[dict[str, Any]]) -> dict[str, Any]:
        by_code = {item["code"]: item for item in component["items"]}
        points = level_points(component, np.array([or_nan(line["value"]) for line in lines]))
        days = days_of_parts(lines)
        weights = np.array([_line_weight(by_code, str(line["subject"]), days) for line in lines])
        unjudged = MISSING if np.isnan(points).all() else NOT_OBSERVED
        return {
            "score": or_none(stored(weighted_mean(points[None, :], weights))[0]),
            "standard_error": None,
            "lines": [
                {
                    "subject": line["subject"],
                    "value": line["value"],
                    "attainment": None,
                    "points": or_none(point),
                    "standard_error": None,
                    "rule": unjudged if np.isnan(point) else JUDGED,
                }
                for line, point in zip(lines, points, strict=True)
            ],
        }


def _part_lines(
    component: Component, judged: pd.DataFrame, employee: int, days: Mapping[int, int]
) -> pd.DataFrame:
    """LINE_COLUMNS of one person whom several forms judge: {sheet id: days}."""
    levels = {
        (int(sheet), item): float(level)
        for sheet, item, level in judged[["sheet_id", "item", "level"]].itertuples(index=False)
    }
    rows: list[dict[str, Any]] = []
    for item in component["items"]:
        for sheet, weight in zip(days, part_weights(item["weight"], list(days.values())), strict=True):
            level = levels.get((sheet, item["code"]), np.nan)
            point = level_points(component, np.array([level]))[0]
            rows.append(
                {
                    "employee_id": employee,
                    "component": component["code"],
                    "number": len(rows) + 1,
                    "subject": part_subject(item["code"], sheet),
                    "value": level,
                    "target": np.nan,
                    "weight": weight,
                    "attainment": np.nan,
                    "points": point,
                    "n": int(not np.isnan(level)),
                    "standard_error": np.nan,
                    "rule": NOT_OBSERVED if np.isnan(point) else JUDGED,
                }
            )
    return pd.DataFrame(rows, columns=list(LINE_COLUMNS))


def _line_weight(items: Mapping[str, Mapping[str, Any]], subject: str, days: Mapping[int, int]) -> float:
    weight, sheet = float(items[item_of(subject)]["weight"]), sheet_of(subject)
    return weight if sheet is None else part_weights(weight, list(days.values()))[list(days).index(sheet)]


def level_texts(item: Mapping[str, Any], key: str) -> list[dict[str, str]]:
    """What a level of an item looks like, in both languages: the anchors of BARS, or the one description."""
    if "anchors" in item:
        return list(item["anchors"].get(key, []))
    text = item.get("descriptions", {}).get(key)
    return [text] if text else []


def level_key(value: Any) -> str:
    """The level as it stands in `descriptions` and in a judgement: 4 and 4.0 and "4.00" are "4"."""
    return plain(Decimal(str(value)))


def level_points(component: Component, levels: Floats) -> Floats:
    """Points of levels; nan for no level, and for one that the component does not have."""
    points = np.full(levels.shape, np.nan)
    for level in component["levels"]:
        points[np.isclose(levels, float(level["value"]), rtol=0, atol=1e-9)] = float(level["points"])
    return stored(points)
