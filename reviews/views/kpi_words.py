"""A KPI or a judged item in an explanation: how its value became points."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from foundation.interface.wording import number, percent
from metrics.models import Measure
from reviews.methods.base import localised
from reviews.methods.behaviour import LIMITED, NOT_COUNTED
from reviews.methods.corrections import APPEAL
from reviews.methods.kpi import BELOW_MINIMUM, MISSING
from reviews.methods.parts import item_of
from reviews.methods.rating_scale import NOT_OBSERVED
from reviews.methods.targets import NO_TARGET, has_targets
from reviews.views.presentation import kpi_value, language, name_of, score_text, unit_of, weight_text
from scoring.grammar import STATISTICS


def measure_names(explanation: Mapping[str, Any]) -> dict[str, str]:
    """{measure code: name} of the measures that an explanation's formulas read; one query."""
    codes = {
        name[name.index("(") + 1 : -1]
        for component in explanation["components"]
        for line in component["lines"]
        for name in line.get("inputs", {})
    }
    return {measure.code: measure.name or measure.code for measure in Measure.objects.filter(code__in=codes)}


def input_label(name: str, measures: Mapping[str, str]) -> str:
    """ "sum(calls)" in words."""
    statistic, code = name[: name.index("(")], name[name.index("(") + 1 : -1]
    measure = measures.get(code, code)
    if statistic not in STATISTICS or statistic == "mean":
        return f"{measure} ({statistic})"
    return (
        _("Total of %(measure)s") % {"measure": measure}
        if statistic == "sum"
        else _("Number of values of %(measure)s") % {"measure": measure}
    )


def line_sentence(line: Mapping[str, Any], item: Mapping[str, Any]) -> str:
    """How a KPI became points, as a calculation: "4.371234 ÷ 4.6 = 0.950268, so 95.026826 points".

    With every decimal that is stored: from rounded numbers nobody could compute it again.
    """
    version = item["version"]
    value, points = number(line["value"]), number(line["points"])
    match line["rule"]:
        case "missing":
            return _("No data in this period. The other indicators share its weight.")
        case "below_minimum":
            return _("Only %(n)s of at least %(minimum)s cases. The other indicators share its weight.") % {
                "n": number(line["n"], 0),
                "minimum": number(version["minimum_sample"], 0),
            }
        case "appeal":
            return _("Raised to %(points)s points by an appeal") % {"points": points}
        case "no_target":
            return _("The target table has no target for this person. The other indicators share its weight.")
        case "bands":
            return _("%(value)s falls into a standard band: %(points)s points") % {
                "value": value,
                "points": points,
            }
    target, ratio = number(line["target"]), number(line["attainment"])
    calculation = {
        "higher": f"{value} ÷ {target}",
        "lower": f"2 − {value} ÷ {target}",
        "nearest": f"1 − |{value} − {target}| ÷ {target}",
    }[version["direction"]]
    if not line["target"] or line["target"] < 0:
        calculation = _("%(value)s against %(target)s") % {"value": value, "target": target}
    limit = ""
    if item["cap"] is not None and line["attainment"] >= item["cap"]:
        limit = _(" (capped at %(cap)s)") % {"cap": percent(item["cap"])}
    elif item["floor"] and line["attainment"] <= item["floor"]:
        limit = _(" (raised to the floor of %(floor)s)") % {"floor": percent(item["floor"])}
    return _("%(calculation)s = %(ratio)s%(limit)s, so %(points)s points") % {
        "calculation": calculation,
        "ratio": ratio,
        "limit": limit,
        "points": points,
    }


def rule_text(rule: str) -> str:
    """Why a line counts as it does, in a word or two; empty where nothing is special."""
    return {
        MISSING: _("no data"),
        BELOW_MINIMUM: _("too few cases"),
        NO_TARGET: _("no target"),
        NOT_OBSERVED: _("not observed"),
        LIMITED: _("limited"),
        NOT_COUNTED: _("not counted"),
        APPEAL: _("after an appeal"),
    }.get(rule, "")


def kpi_node(line: Mapping[str, Any], item: Mapping[str, Any], measures: Mapping[str, str]) -> dict[str, Any]:
    version = item["version"]
    denominator = localised(version.get("denominator"), language())
    return {
        "label": _("%(name)s, weight %(weight)s")
        % {"name": name_of(version, line["subject"]), "weight": weight_text(line["weight"])},
        "value": score_text(line["points"]) or "–",
        "n": line["n"],
        "formula": line_sentence(line, item),
        "children": [
            {
                "label": _("Value, by the formula %(formula)s") % {"formula": version["formula"]},
                "value": kpi_value(line["value"], version) or "–",
                "unit": unit_of(version),
                "note": denominator,
            },
            *_target_nodes(line, item),
            *(
                {"label": input_label(name, measures), "value": number(value) if value is not None else "–"}
                for name, value in line["inputs"].items()
            ),
        ],
    }


def _target_nodes(line: Mapping[str, Any], item: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The person's own target and how it came about, where it depends on the person."""
    if not has_targets(item) or line["target"] is None:
        return []
    version = item["version"]
    return [
        {
            "label": _("Target for this person"),
            "value": kpi_value(line["target"], version),
            "unit": unit_of(version),
            "formula": target_sentence(line, item),
            "note": _("By edition %(edition)s of the target table, frozen at launch.")
            % {"edition": number(item["targets"]["edition"], 0)},
        }
    ]


def target_sentence(line: Mapping[str, Any], item: Mapping[str, Any]) -> str:
    """ "85 = 100 × ramp 0.85 (2nd month)"; of several months their mean."""
    parts = line.get("target_parts", [])
    told = [_target_part(part) for part in parts]
    if len(parts) == 1:
        return _("%(target)s = %(part)s") % {"target": number(line["target"]), "part": told[0]}
    if len({(part["base"], part["share"]) for part in parts}) == 1 and parts[0]["share"] == 1:
        return _("%(target)s in each of %(count)s months") % {
            "target": number(line["target"]),
            "count": number(len(parts), 0),
        }
    return _("%(target)s = (%(parts)s) ÷ %(count)s, the mean of the months") % {
        "target": number(line["target"]),
        "parts": " + ".join(told),
        "count": number(len(parts), 0),
    }


def _target_part(part: Mapping[str, Any]) -> str:
    if part["share"] == 1:
        return number(part["base"])
    return _("%(base)s × ramp %(share)s (month %(month)s in the job)") % {
        "base": number(part["base"]),
        "share": number(part["share"]),
        "month": number(part["tenure"] + 1, 0),
    }


def _line_label(entry: Mapping[str, Any], line: Mapping[str, Any]) -> str:
    """The name of a line; of one of several managers with whose part it is."""
    name = name_of(entry, item_of(line["subject"]))
    part = line.get("part")
    if not part:
        return name
    return _("%(name)s (%(rater)s, %(days)s days)") % {
        "name": name,
        "rater": part["rater"],
        "days": number(part["days"], 0),
    }


def item_node(
    line: Mapping[str, Any], item: Mapping[str, Any], component: Mapping[str, Any]
) -> dict[str, Any]:
    level = next((each for each in component.get("levels", []) if each["value"] == line["value"]), None)
    chosen = (
        _("Level %(level)s, %(name)s") % {"level": number(line["value"]), "name": name_of(level)}
        if level
        else _("Not observed; the other items share its weight")
        if line["rule"] == NOT_OBSERVED
        else _("Not judged")
    )
    if line["rule"] == APPEAL:
        chosen += _("; raised to %(points)s points by an appeal") % {"points": number(line["points"])}
    note = _("; ").join(localised(text, language()) for text in line.get("descriptions", []))
    comment = line.get("comment", "")
    return {
        "label": _("%(name)s, weight %(weight)s")
        % {"name": _line_label(item, line), "weight": weight_text(line["weight"])},
        "value": score_text(line["points"]) or "–",
        "formula": chosen,
        "note": " ".join(text for text in (note, comment) if text),
    }


def line_row(line: Mapping[str, Any], item: Mapping[str, Any]) -> dict[str, Any]:
    version = item.get("version")
    return {
        "name": _line_label(version or item, line),
        "unit": unit_of(version) if version else "",
        "value": kpi_value(line["value"], version) if version else number(line["value"]),
        "target": kpi_value(line["target"], version) if version else "",
        "weight": weight_text(line["weight"]),
        "attainment": percent(line["attainment"]) if line["attainment"] is not None else "",
        "points": score_text(line["points"]),
        "n": line["n"],
        "rule": rule_text(line["rule"]),
        "is_met": line["points"] is not None and line["points"] >= 100,
    }
