"""Objectives in words: how each key result became points, and what changed from one version to the next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from foundation.interface.wording import number, percent
from reviews.methods.base import localised
from reviews.methods.objectives import (
    BELOW_MINIMUM,
    KEY_RESULT,
    LEVEL,
    NO_VALUE,
    NONE_AGREED,
    NOT_JUDGED,
    NOT_STARTED,
    OBJECTIVE,
    rule_of,
)


def objectives_node(
    component: Mapping[str, Any],
    configured: Mapping[str, Any],
    label: str,
    score: Callable[[float | None], str],
    weigh: Callable[[float], str],
    total: str,
    input_label: Callable[[str], str],
) -> dict[str, Any]:
    """A component of objectives: each objective, its key results, the totals of a KPI that one follows."""
    nodes: list[dict[str, Any]] = []
    for line in component["lines"]:
        if line["subject"].startswith(OBJECTIVE):
            nodes.append(_objective_node(line, score, weigh))
        elif line["subject"].startswith(KEY_RESULT) and nodes:
            nodes[-1]["children"].append(_key_node(line, configured, score, weigh, input_label))
            nodes[-1]["terms"].append((line["share"], line["points"]))
    for node in nodes:
        node["formula"] = _sum(node.pop("terms"), node.pop("points"))
    none = any(line["rule"] == NONE_AGREED for line in component["lines"])
    return {
        "label": label,
        "value": score(component["score"]) or "–",
        "n": component["n"],
        "formula": total,
        "note": none_agreed() if none else "",
        "children": nodes,
    }


def none_agreed() -> str:
    return _("There is no objective that both sides agreed on, and so no score.")


def _objective_node(
    line: Mapping[str, Any], score: Callable[[float | None], str], weigh: Callable[[float], str]
) -> dict[str, Any]:
    fact = line["objective"]
    said = [
        text
        for text in (
            _("Own word: %(comment)s") % {"comment": fact["own_comment"]} if fact["own_comment"] else "",
            _("Manager's word: %(comment)s") % {"comment": fact["superior_comment"]}
            if fact["superior_comment"]
            else "",
            _("Nothing of it has a value yet. The other objectives share its weight.")
            if line["points"] is None
            else "",
        )
        if text
    ]
    return {
        "label": _("%(name)s, weight %(weight)s") % {"name": fact["title"], "weight": weigh(line["weight"])},
        "value": score(line["points"]) or "–",
        "note": " · ".join(said),
        "children": [],
        "terms": [],
        "points": line["points"],
    }


def _key_node(
    line: Mapping[str, Any],
    configured: Mapping[str, Any],
    score: Callable[[float | None], str],
    weigh: Callable[[float], str],
    input_label: Callable[[str], str],
) -> dict[str, Any]:
    fact = line["key_result"]
    followed = fact["kpi_version"]
    return {
        "label": _("%(name)s, weight %(weight)s") % {"name": fact["title"], "weight": weigh(line["weight"])},
        "value": score(line["points"]) or "–",
        "n": line["n"] if followed else None,
        "formula": key_sentence(line, configured),
        "note": _("Follows the KPI %(kpi)s, by the formula %(formula)s")
        % {
            "kpi": localised(followed["name"], get_language() or "en") or fact["kpi"],
            "formula": followed["formula"],
        }
        if followed
        else "",
        "children": [
            {"label": input_label(name), "value": number(value) if value is not None else "–"}
            for name, value in line["inputs"].items()
        ]
        if followed
        else [],
    }


def key_sentence(line: Mapping[str, Any], configured: Mapping[str, Any]) -> str:
    """ "(75 − 50) ÷ (100 − 50) = 0.5, so 50 points", with every decimal that is stored."""
    fact, rule = line["key_result"], line["rule"]
    if rule == NOT_JUDGED:
        return _("Not judged yet. The other key results share its weight.")
    if rule == LEVEL:
        levels = rule_of(configured)["levels"]
        level: dict[str, Any] = next((each for each in levels if float(each["value"]) == line["value"]), {})
        return _("Level %(level)s, %(name)s: %(points)s points") % {
            "level": number(line["value"]),
            "name": localised(level.get("name"), get_language() or "en"),
            "points": number(line["points"]),
        }
    if rule == NO_VALUE:
        return _("Its KPI has no data in this period. The other key results share its weight.")
    if rule == BELOW_MINIMUM:
        return _(
            "Its KPI has only %(n)s of at least %(minimum)s cases. The other key results share its weight."
        ) % {
            "n": number(line["n"], 0),
            "minimum": number(fact["kpi_version"]["minimum_sample"], 0),
        }
    if rule == NOT_STARTED:
        return _("Nobody noted a value: 0 points")
    value, start, target = line["value"], fact["start"], line["target"]
    if start is not None:
        text = f"({number(value)} − {_term(start)}) ÷ ({number(target)} − {_term(start)})"
    elif not target or target < 0:
        text = _("%(value)s against %(target)s") % {"value": number(value), "target": number(target)}
    elif fact["direction"] == "lower":
        text = f"2 − {number(value)} ÷ {number(target)}"
    else:
        text = f"{number(value)} ÷ {number(target)}"
    cap = float(rule_of(configured)["cap"])
    limit = ""
    if line["attainment"] >= cap:
        limit = _(" (capped at %(cap)s)") % {"cap": percent(cap)}
    elif line["attainment"] <= 0:
        limit = _(" (not below %(floor)s)") % {"floor": percent(0)}
    return _("%(calculation)s = %(ratio)s%(limit)s, so %(points)s points") % {
        "calculation": text,
        "ratio": number(line["attainment"]),
        "limit": limit,
        "points": number(line["points"]),
    }


def _term(value: float) -> str:
    return number(value) if value >= 0 else f"({number(value)})"


def _sum(terms: list[tuple[float, float | None]], total: float | None) -> str:
    told = " + ".join(
        f"{number(share)} % × {number(points)}" for share, points in terms if points is not None
    )
    return f"{told} = {number(total)}" if told and total is not None else ""


def objective_rows(
    component: Mapping[str, Any],
    configured: Mapping[str, Any],
    score: Callable[[float | None], str],
    weigh: Callable[[float], str],
) -> list[dict[str, Any]]:
    """The table of objectives: a row per objective, and under it one per key result."""
    rows = []
    for line in component["lines"]:
        if line["subject"].startswith(OBJECTIVE):
            rows.append(
                {
                    "is_objective": True,
                    "name": line["objective"]["title"],
                    "weight": weigh(line["weight"]),
                    "points": score(line["points"]),
                    "own_comment": line["objective"]["own_comment"],
                    "superior_comment": line["objective"]["superior_comment"],
                    "rule": "",
                }
            )
        elif line["subject"].startswith(KEY_RESULT):
            fact = line["key_result"]
            rows.append(
                {
                    "is_objective": False,
                    "name": fact["title"],
                    "unit": fact["unit"],
                    "value": number(line["value"]) if line["value"] is not None else "",
                    "target": number(line["target"]) if line["target"] is not None else "",
                    "weight": weigh(line["weight"]),
                    "points": score(line["points"]),
                    "rule": key_rule_text(line["rule"]),
                }
            )
        else:
            rows.append({"is_objective": True, "name": none_agreed(), "weight": "", "points": "", "rule": ""})
    return rows


def key_rule_text(rule: str) -> str:
    return {
        NOT_JUDGED: _("not judged"),
        NO_VALUE: _("no data"),
        BELOW_MINIMUM: _("too few cases"),
        NOT_STARTED: _("nobody noted a value"),
    }.get(rule, "")
