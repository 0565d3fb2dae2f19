"""An explanation as a tree and as a table of lines."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from foundation.interface.wording import date_short, number, number_within
from reviews.methods.behaviour import BehaviourMethod
from reviews.methods.bonus import counted_points
from reviews.methods.corrections import latest
from reviews.methods.objectives import ObjectivesMethod
from reviews.methods.overall import OVERALL, POINTS
from reviews.methods.paired import PairedMethod
from reviews.methods.parts import item_of
from reviews.methods.scorecard import ScorecardMethod
from reviews.models import Cycle
from reviews.views.card_words import card_group, card_node
from reviews.views.kpi_words import input_label, item_node, kpi_node, line_row, measure_names
from reviews.views.objective_words import objective_rows, objectives_node
from reviews.views.pair_words import pair_rows, pairs_node
from reviews.views.presentation import (
    bands_of,
    group_head,
    interval_text,
    name_of,
    score_text,
    weight_text,
    weighted_sum,
)
from reviews.views.rank_words import certainty_text, place_text, ranking_node, standing_text
from reviews.views.record_words import record_node, record_rows
from reviews.views.voice_words import unit_rows, voice_node


def explanation_tree(explanation: Mapping[str, Any], cycle: Cycle) -> dict[str, Any]:
    """The nodes of components/explain_tree.html: overall, components, lines, inputs."""
    measures = measure_names(explanation)
    edges = [band["from"] for band in bands_of(cycle)]
    configured = {component["code"]: component for component in explanation["configuration"]["components"]}
    children = [_component_node(component, configured, measures) for component in explanation["components"]]
    for component, node in zip(explanation["components"], children, strict=True):
        if told := _raised_by_appeal(explanation, component["code"]):
            node["formula"] = told
    parts = [(each["effective_weight"], each["score"]) for each in explanation["components"]]
    points = points_that_count(explanation)
    base = None if explanation["score"] is None else explanation["score"] - points
    formula = weighted_sum(parts, base) if not points or base is None or base > 0 else ""
    return {
        "label": _("Overall score"),
        "value": number_within(explanation["score"], edges) or "–",
        "formula": _raised_by_appeal(explanation, OVERALL) or formula,
        "note": missing_sentence(explanation),
        "children": children,
        "open": True,
    }


def _raised_by_appeal(explanation: Mapping[str, Any], component: str) -> str:
    """ "Raised from 78.5 to 82 by an appeal" of a component or the overall score; "" where none was."""
    found = latest(explanation.get("corrections") or [], component, "")
    if found is None:
        return ""
    return _("Raised from %(before)s to %(score)s by an appeal") % {
        "before": number(found["before"]) if found["before"] is not None else "–",
        "score": number(found["score"]),
    }


def points_that_count(explanation: Mapping[str, Any]) -> float:
    granted = [
        (each["item"], each["points"]) for each in explanation["adjustments"] if each["kind"] == POINTS
    ]
    return counted_points(granted, explanation["configuration"])


def missing_sentence(explanation: Mapping[str, Any]) -> str:
    """What was done about components without a score; empty when there is none."""
    absent = [name_of(each, each["code"]) for each in explanation["components"] if each["score"] is None]
    if not absent:
        return ""
    rule = explanation["configuration"]["missing_component"]
    return {
        "renormalise": _("Without a score: %(names)s. The other components share the weight."),
        "zero": _("Without a score: %(names)s. It counts as 0."),
        "hold_back": _("Without a score: %(names)s. Until it is there, there is no overall score."),
    }[rule] % {"names": _(", ").join(absent)}


def _component_node(
    component: Mapping[str, Any], components: Mapping[str, Any], measures: Mapping[str, str]
) -> dict[str, Any]:
    configured = components[component["code"]]
    if component["method"] == BehaviourMethod.code:
        return record_node(component, configured)
    label = _("%(name)s, weight %(weight)s") % {
        "name": name_of(component, component["code"]),
        "weight": weight_text(component["effective_weight"]),
    }
    if "units" in component:
        return voice_node(component, configured, label, score_text(component["score"]) or "–")
    if component["method"] == PairedMethod.code:
        parts = [(line["effective_weight"], line["points"]) for line in component["lines"]]
        return pairs_node(
            component,
            configured,
            label=label,
            value=score_text(component["score"]) or "–",
            formula=weighted_sum(parts, component["score"]),
        )
    if "standing" in component:
        names = {code: name_of(each, code) for code, each in components.items()}
        return ranking_node(component, configured, names, label, score_text(component["score"]) or "–")
    if component["method"] == ScorecardMethod.code:
        return card_node(component, configured, measures, label)
    if component["method"] == ObjectivesMethod.code:
        parts = [(line["effective_weight"], line["points"]) for line in component["lines"]]
        return objectives_node(
            component,
            configured,
            label,
            score_text,
            weight_text,
            weighted_sum([part for part in parts if part[0]], component["score"]),
            lambda name: input_label(name, measures),
        )
    entries = {
        (entry.get("kpi") or entry.get("code")): entry
        for entry in configured.get("kpis", configured.get("items", []))
    }
    children = []
    for line in component["lines"]:
        entry = entries.get(item_of(line["subject"]), {})
        children.append(
            kpi_node(line, entry, measures) if "version" in entry else item_node(line, entry, configured)
        )
    parts = [(line["effective_weight"], line["points"]) for line in component["lines"]]
    return {
        "label": label,
        "value": score_text(component["score"]) or "–",
        "n": component["n"],
        "formula": weighted_sum(parts, component["score"]),
        "note": " ".join(text for text in (parts_sentence(component), component.get("comment", "")) if text),
        "children": children,
    }


def parts_sentence(component: Mapping[str, Any]) -> str:
    """Why there are several lines of one item; empty where one manager judged the whole period."""
    parts = {line["part"]["sheet"]: line["part"] for line in component["lines"] if line.get("part")}
    if not parts:
        return ""
    told = [
        _("%(rater)s %(days)s days (%(first)s – %(last)s)")
        % {
            "rater": part["rater"],
            "days": number(part["days"], 0),
            "first": date_short(datetime.date.fromisoformat(part["first_day"])),
            "last": date_short(datetime.date.fromisoformat(part["last_day"])),
        }
        for part in parts.values()
    ]
    return _("Each manager judged the own part, and it counts by its days: %(parts)s.") % {
        "parts": _("; ").join(told)
    }


def rank_sentence(explanation: Mapping[str, Any]) -> str:
    """ "Rank 12 to 15 of 48 people, about average." Empty where ranks are not shown."""
    cohort = explanation["cohort"]
    if not cohort:
        return ""
    return place_text(
        explanation["rank"],
        explanation["rank_low"],
        explanation["rank_high"],
        cohort["size"],
        explanation["standing"],
    )


def line_rows(explanation: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The table of lines: one group per component with formatted cells."""
    configured = {component["code"]: component for component in explanation["configuration"]["components"]}
    return [
        {**group_head(component), **_group_cells(component, configured[component["code"]])}
        for component in explanation["components"]
    ]


def _group_cells(component: Mapping[str, Any], entry: Mapping[str, Any]) -> dict[str, Any]:
    """The rows of one group, and what only its method has beside them."""
    if "units" in component:
        return {"rows": unit_rows(component["units"])}
    match component["method"]:
        case BehaviourMethod.code:
            return {"rows": record_rows(component)}
        case ScorecardMethod.code:
            return card_group(component, entry)
        case ObjectivesMethod.code:
            return {"rows": objective_rows(component, entry, score_text, weight_text)}
        case PairedMethod.code:
            return {"rows": [_pair_cells(row) for row in pair_rows(component, entry)]}
    if "standing" in component:
        standing = component["standing"]
        return {"standing": standing_text(standing), "certainty": certainty_text(standing), "rows": []}
    entries = {
        (each.get("kpi") or each.get("code")): each for each in entry.get("kpis", entry.get("items", []))
    }
    return {
        "rows": [line_row(line, entries.get(item_of(line["subject"]), {})) for line in component["lines"]]
    }


def _pair_cells(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **row,
        "points": score_text(row["points"]),
        "weight": weight_text(row["weight"]),
        "interval": interval_text(row["points"], row["line"]["standard_error"]),
    }
