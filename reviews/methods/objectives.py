"""Management by objectives: the agreed objectives of a person, each by its key results, weighted. Pure computation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from django.utils.translation import gettext_lazy as _

from foundation.documents import Path, Problems
from reviews.methods.base import (
    LINE_COLUMNS,
    NAME,
    Component,
    ComponentAnswer,
    ComponentInputs,
    Floats,
    KPIReference,
    Method,
    has_name,
    or_nan,
    or_none,
)
from reviews.methods.kpi import value_from_inputs
from scoring.composite import combined_standard_error, score_from_attainment, stored, weighted_mean
from scoring.objectives import progress

#: So many objectives has an owner at most, and so many key results an objective.
MOST_OBJECTIVES, MOST_KEY_RESULTS = 20, 10
OBJECTIVE, KEY_RESULT, NONE = "objective:", "key:", "none"

# Why a key result counts as it does.
PROGRESS, LEVEL = "progress", "level"
NOT_STARTED, NO_VALUE, BELOW_MINIMUM, NOT_JUDGED = "not_started", "no_value", "below_minimum", "not_judged"
# Why an objective does, and why a person has no score.
AGREED, NOTHING_COUNTS, NONE_AGREED = "agreed", "nothing_counts", "none_agreed"

FACTS = (
    "employee_id",
    "objective_id",
    "version_id",
    "weight",
    "perspective",
    "key_result_id",
    "key_weight",
    "is_judged",
    "start",
    "target",
    "lower",
    "kpi_version_id",
    "minimum_sample",
    "value",
    "level",
)


def no_facts() -> pd.DataFrame:
    return pd.DataFrame(columns=list(FACTS))


class ObjectivesMethod(Method):
    code = "objectives"
    label = _("Objectives (MBO)")
    description = _("Objectives with key results that the employee and the manager both agreed on.")
    needs_raters = False
    schema: Mapping[str, Any] = {
        "type": "object",
        "required": [],
        "properties": {
            "cap": {"type": "number", "minimum": 1, "maximum": 10},
            "levels": {
                "type": "array",
                "maxItems": 10,
                "items": {
                    "type": "object",
                    "required": ["value", "points"],
                    "additionalProperties": False,
                    "properties": {
                        "value": {"type": "integer", "minimum": 0, "maximum": 100},
                        "points": {"type": "number", "minimum": 0, "maximum": 200},
                        "name": NAME,
                    },
                },
            },
        },
    }

    def blank(self) -> Component:
        names = (
            (1, 0, "未完成", "Not reached"),
            (2, 60, "部分完成", "Partly reached"),
            (3, 100, "完成", "Reached"),
            (4, 120, "超额完成", "More than reached"),
        )
        return {
            "cap": 1.2,
            "levels": [
                {"value": value, "points": points, "name": {"zh": zh, "en": en}}
                for value, points, zh, en in names
            ],
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
        levels = rule_of(component)["levels"]
        values = [level["value"] for level in levels]
        points = [level["points"] for level in levels]
        if values != sorted(set(values)):
            problems.add((*path, "levels"), "levels_not_ascending")
        if points != sorted(points):
            problems.add((*path, "levels"), "level_points_not_ascending")
        if complete and len(levels) < 2:
            problems.add((*path, "levels"), "levels_too_few")
        for index, level in enumerate(levels):
            if complete and not has_name(level.get("name")):
                problems.add((*path, "levels", index, "name"), "cycle_name_required")

    def freeze(self, component: Component, *, kpis: Mapping[str, KPIReference]) -> Component:
        return {**component, **rule_of(component)}

    def compute(self, component: Component, inputs: ComponentInputs) -> ComponentAnswer:
        """The rule of docs/methods/objectives.md.

        Missing rule: only what both sides agreed on counts. A key result without a value (its KPI is undefined or below
        its minimum sample), or not judged yet, leaves its weight to the others of its objective; one for which nobody
        ever noted a value was not started and has 0 points. An objective without any leaves its weight to the other
        objectives. Who has no agreed objective has no score (nan), and the line says so.
        """
        people = inputs.employee_ids
        facts = inputs.objectives if len(inputs.objectives) else no_facts()
        keys, found = score_objectives(rule_of(component), facts, inputs.kpi_values)
        score, error = person_scores(found, _places(people, found["employee_id"]), len(people))
        counted = keys[~np.isnan(keys["points"].to_numpy(dtype=np.float64))]
        samples = np.zeros(len(people), dtype=np.int64)
        np.maximum.at(samples, _places(people, counted["employee_id"]), counted["n"].to_numpy(dtype=np.int64))
        return ComponentAnswer(
            score=score,
            standard_error=error,
            n=samples,
            lines=objective_lines(component["code"], people, keys, found),
        )

    def recompute(self, component: Component, lines: list[dict[str, Any]]) -> dict[str, Any]:
        rule = rule_of(component)
        facts, values = facts_of_lines(lines)
        keys, found = score_objectives(rule, facts, values)
        score, error = person_scores(found, np.zeros(len(found), dtype=np.int64), 1)
        return {
            "score": or_none(score[0]),
            "standard_error": or_none(error[0]),
            "lines": answers_of(lines, keys, found),
        }


def counts_objectives(configuration: Mapping[str, Any]) -> bool:
    """Whether objectives enter the scores of a cycle: by a component of their own, or because a
    scorecard says that it takes them in (`objectives`)."""
    return any(
        each["method"] == ObjectivesMethod.code or bool(each.get("objectives"))
        for each in configuration.get("components", [])
    )


def rule_of(component: Mapping[str, Any] | None) -> dict[str, Any]:
    """cap and levels, with the defaults written out; also for whoever scores objectives without such a component."""
    given = component or {}
    return {name: given.get(name, value) for name, value in ObjectivesMethod().blank().items()}


def score_objectives(
    rule: Mapping[str, Any], facts: pd.DataFrame, kpi_values: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(key results, objectives) with what each counts, in the order of `facts`, all as stored.

    facts       FACTS, one row per key result of an agreed objective; those of an objective stand together
    kpi_values  as in ComponentInputs
    key results FACTS and value (that of the KPI where it follows one), attainment, points, standard_error, n, rule
    objectives  employee_id, objective_id, version_id, perspective, weight, points, standard_error, n, rule
    """
    keys = facts.reset_index(drop=True).copy()
    followed = keys["kpi_version_id"].notna().to_numpy(dtype=bool)
    judged = keys["is_judged"].to_numpy(dtype=bool)
    value, error, n = _values(keys, kpi_values, followed)
    start, target = (_floats(keys[name]) for name in ("start", "target"))
    lower = keys["lower"].to_numpy(dtype=bool)
    few = followed & ~np.isnan(value) & (n < _floats(keys["minimum_sample"], 0.0))
    absent = followed & np.isnan(value)
    unstarted = ~followed & ~judged & np.isnan(value)
    way = np.where(judged, np.nan, target)
    ratio = stored(progress(value, way, start=start, lower=lower, cap=float(rule["cap"])))
    ratio = np.where(unstarted, 0.0, ratio)
    ratio = np.where(judged | absent | few, np.nan, ratio)
    points = stored(score_from_attainment(ratio))
    levels = {float(each["value"]): float(each["points"]) for each in rule["levels"]}
    level = _floats(keys["level"])
    by_level = np.array([levels.get(each, np.nan) for each in level], dtype=np.float64)
    points = np.where(judged, by_level, points)
    span = np.where(np.isnan(start), np.abs(target), np.abs(target - start))
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = stored(np.where(span == 0, np.nan, error * 100.0 / span))
    keys["value"] = np.where(judged, np.where(np.isnan(by_level), np.nan, level), value)
    keys["attainment"] = ratio
    keys["points"] = points
    keys["standard_error"] = np.where(np.isnan(points), np.nan, spread)
    keys["n"] = n
    keys["rule"] = np.select(
        [judged & np.isnan(by_level), judged, absent, few, unstarted],
        [NOT_JUDGED, LEVEL, NO_VALUE, BELOW_MINIMUM, NOT_STARTED],
        PROGRESS,
    )
    return keys, _objectives(keys)


def person_scores(found: pd.DataFrame, place: npt.NDArray[np.int64], people: int) -> tuple[Floats, Floats]:
    """(score, standard error) from objectives of `score_objectives`; place says which of the people each is of."""
    weights = _floats(found["weight"])
    score = stored(_group_mean(place, found["points"], weights, people, MOST_OBJECTIVES))
    error = stored(
        _group_error(place, found["points"], found["standard_error"], weights, people, MOST_OBJECTIVES)
    )
    return score, np.where(np.isnan(score), np.nan, error)


def _objectives(keys: pd.DataFrame) -> pd.DataFrame:
    first = ~keys["version_id"].duplicated().to_numpy(dtype=bool)
    place = np.cumsum(first) - 1 if len(keys) else np.zeros(0, dtype=np.int64)
    found = keys.loc[
        first, ["employee_id", "objective_id", "version_id", "perspective", "weight"]
    ].reset_index(drop=True)
    weights = _floats(keys["key_weight"])
    points = stored(_group_mean(place, keys["points"], weights, len(found), MOST_KEY_RESULTS))
    counted = np.bincount(place[~np.isnan(_floats(keys["points"]))], minlength=len(found))
    return found.assign(
        weight=_floats(found["weight"]),
        points=points,
        standard_error=stored(
            _group_error(place, keys["points"], keys["standard_error"], weights, len(found), MOST_KEY_RESULTS)
        ),
        n=counted.astype(np.int64),
        rule=np.where(np.isnan(points), NOTHING_COUNTS, AGREED),
    )


def _values(
    keys: pd.DataFrame, kpi_values: pd.DataFrame, followed: npt.NDArray[np.bool_]
) -> tuple[Floats, Floats, npt.NDArray[np.int64]]:
    """(value, standard error, n) of each key result: the newest that somebody noted, or that of the KPI."""
    value = _floats(keys["value"])
    value[followed] = np.nan
    error = np.full(len(keys), np.nan)
    n = np.zeros(len(keys), dtype=np.int64)
    if followed.any():
        wanted = keys.loc[followed, ["employee_id", "kpi_version_id"]].astype("int64")
        known = kpi_values.set_index(["employee_id", "kpi_version_id"])[["value", "standard_error", "n"]]
        met = known.reindex(pd.MultiIndex.from_frame(wanted))
        value[followed], error[followed] = _floats(met["value"]), _floats(met["standard_error"])
        n[followed] = _floats(met["n"], 0.0).astype(np.int64)
    return value, error, n


def _floats(column: pd.Series, default: float = np.nan) -> Floats:
    found = pd.to_numeric(column, errors="coerce").astype("float64").to_numpy(dtype=np.float64, copy=True)
    return np.where(np.isnan(found), default, found)


def _places(people: npt.NDArray[np.int64], ids: pd.Series) -> npt.NDArray[np.int64]:
    return np.searchsorted(people, ids.to_numpy(dtype=np.int64)).astype(np.int64)


def _table(place: Any, values: Any, groups: int, width: int, fill: float) -> Floats:
    """Values of one list as rows of groups, each in order; always as wide, so that a sum adds in one order for one
    person and for all."""
    rank = pd.Series(place).groupby(place).cumcount().to_numpy(dtype=np.int64)
    table = np.full((groups, width), fill)
    table[place, rank] = values
    return table


def _group_mean(place: Any, points: pd.Series, weights: Floats, groups: int, width: int) -> Floats:
    """The weighted mean of each group's points that are not missing; nan where there are none."""
    answer = np.full(groups, np.nan)
    if len(points):
        has = np.bincount(place, minlength=groups) > 0
        table = _table(place, _floats(points), groups, width, np.nan)
        weighted = _table(place, weights, groups, width, 0.0)
        answer[has] = weighted_mean(table[has], weighted[has])
    return answer


def _group_error(
    place: Any, points: pd.Series, errors: pd.Series, weights: Floats, groups: int, width: int
) -> Floats:
    """Of that mean; what has no known error (a level, a value that somebody noted) is taken as exact."""
    answer = np.full(groups, np.nan)
    if len(points):
        counted = np.where(np.isnan(_floats(points)), 0.0, weights)
        has = np.bincount(place, weights=counted, minlength=groups) > 0
        table = _table(place, np.where(counted > 0, _floats(errors), np.nan), groups, width, np.nan)
        weighted = _table(place, counted, groups, width, 0.0)
        answer[has] = combined_standard_error(table[has], weighted[has], unknown="exact")
    return answer


def objective_lines(
    code: str, people: npt.NDArray[np.int64], keys: pd.DataFrame, found: pd.DataFrame
) -> pd.DataFrame:
    """Each objective followed by its key results; one line for who has none."""
    alone = np.setdiff1d(people, found["employee_id"].to_numpy(dtype=np.int64))
    order = np.arange(len(found))
    heads = pd.DataFrame(
        {
            "employee_id": found["employee_id"].to_numpy(dtype=np.int64),
            "subject": OBJECTIVE + found["version_id"].astype("int64").astype(str).to_numpy(dtype=object),
            "value": np.nan,
            "target": np.nan,
            "weight": _floats(found["weight"]),
            "attainment": np.nan,
            "points": _floats(found["points"]),
            "n": found["n"].to_numpy(dtype=np.int64),
            "standard_error": _floats(found["standard_error"]),
            "rule": found["rule"].to_numpy(dtype=object),
            "order": order,
            "part": 0,
        }
    )
    first = ~keys["version_id"].duplicated().to_numpy(dtype=bool)
    parts = pd.DataFrame(
        {
            "employee_id": keys["employee_id"].to_numpy(dtype=np.int64),
            "subject": KEY_RESULT + keys["key_result_id"].astype("int64").astype(str).to_numpy(dtype=object),
            "value": _floats(keys["value"]),
            "target": _floats(keys["target"]),
            "weight": _floats(keys["key_weight"]),
            "attainment": _floats(keys["attainment"]),
            "points": _floats(keys["points"]),
            "n": keys["n"].to_numpy(dtype=np.int64),
            "standard_error": _floats(keys["standard_error"]),
            "rule": keys["rule"].to_numpy(dtype=object),
            "order": np.cumsum(first) - 1,
            "part": np.arange(1, len(keys) + 1),
        }
    )
    nothing = pd.DataFrame(
        {
            "employee_id": alone,
            "subject": NONE,
            "value": np.nan,
            "target": np.nan,
            "weight": 0.0,
            "attainment": np.nan,
            "points": np.nan,
            "n": 0,
            "standard_error": np.nan,
            "rule": NONE_AGREED,
            "order": 0,
            "part": 0,
        }
    )
    lines = pd.concat([each for each in (heads, parts, nothing) if len(each)] or [nothing], ignore_index=True)
    lines = lines.sort_values(["employee_id", "order", "part"], kind="stable", ignore_index=True)
    lines = lines.assign(component=code, number=lines.groupby("employee_id").cumcount() + 1)
    return lines[list(LINE_COLUMNS)]


# Recomputing ------------------------------------------------------------------------------------------------------


def facts_of_lines(lines: list[dict[str, Any]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(FACTS, KPI values) from the lines of an explanation alone; see reviews.selectors.objective_lines."""
    rows, values, head = [], [], None
    for line in lines:
        if line["subject"].startswith(OBJECTIVE):
            head = line
            continue
        if not line["subject"].startswith(KEY_RESULT) or head is None:
            continue
        objective, fact = head["objective"], line["key_result"]
        followed = fact["kpi_version"]
        if followed is not None:
            value = value_from_inputs(followed, line["inputs"], line["n"])
            values.append(
                {
                    "employee_id": 0,
                    "kpi_version_id": followed["id"],
                    "value": or_nan(value),
                    "standard_error": or_nan(line["value_standard_error"]),
                    "n": line["n"],
                }
            )
        rows.append(
            {
                "employee_id": 0,
                "objective_id": objective["id"],
                "version_id": int(head["subject"].removeprefix(OBJECTIVE)),
                "weight": head["weight"],
                "perspective": objective["perspective"],
                "key_result_id": int(line["subject"].removeprefix(KEY_RESULT)),
                "key_weight": line["weight"],
                "is_judged": fact["is_judged"],
                "start": or_nan(fact["start"]),
                "target": or_nan(line["target"]),
                "lower": fact["direction"] == "lower",
                "kpi_version_id": followed["id"] if followed else None,
                "minimum_sample": followed["minimum_sample"] if followed else 0,
                "value": np.nan if fact["is_judged"] else or_nan(line["value"]),
                "level": or_nan(line["value"]) if fact["is_judged"] else np.nan,
            }
        )
    kpi_values = pd.DataFrame(
        values, columns=["employee_id", "kpi_version_id", "value", "standard_error", "n"]
    ).drop_duplicates(["employee_id", "kpi_version_id"])
    return pd.DataFrame(rows, columns=list(FACTS)), kpi_values


def answers_of(lines: list[dict[str, Any]], keys: pd.DataFrame, found: pd.DataFrame) -> list[dict[str, Any]]:
    """What was computed again, line by line of the explanation."""
    again = {
        **{f"{OBJECTIVE}{int(row['version_id'])}": row for row in found.to_dict("records")},
        **{f"{KEY_RESULT}{int(row['key_result_id'])}": row for row in keys.to_dict("records")},
    }
    answers = []
    for line in lines:
        row = again.get(line["subject"], {})
        answers.append(
            {
                "subject": line["subject"],
                "value": or_none(row.get("value", np.nan)),
                "attainment": or_none(row.get("attainment", np.nan)),
                "points": or_none(row.get("points", np.nan)),
                "standard_error": or_none(row.get("standard_error", np.nan)),
                "rule": str(row.get("rule", NONE_AGREED)),
            }
        )
    return answers
