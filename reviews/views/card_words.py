"""A scorecard's part of an explanation: its tree and its table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from foundation.interface.wording import number
from reviews.methods.objectives import KEY_RESULT, OBJECTIVE
from reviews.methods.scorecard import COMPANY, OBJECTIVES, SITE, TEAM, line_subject, objectives_name
from reviews.views.kpi_words import input_label, kpi_node, line_row
from reviews.views.objective_words import objectives_node
from reviews.views.presentation import group_head, name_of, score_text, weight_text, weighted_sum


def card_node(
    component: Mapping[str, Any], configured: Mapping[str, Any], measures: Mapping[str, str], label: str
) -> dict[str, Any]:
    """A scorecard: its perspectives, under each its KPIs."""
    entries = {line_subject(configured, entry["kpi"]): entry for entry in configured["kpis"]}
    perspectives = []
    for perspective in component["perspectives"]:
        own = [line for line in component["lines"] if line["perspective"] == perspective["code"]]
        entries_here = [line for line in own if line["subject"] in entries or is_agreed(line)]
        whole = sum(line["weight"] for line in entries_here if line["points"] is not None)
        parts = [(round(100 * line["weight"] / whole, 6), line["points"]) for line in entries_here if whole]
        perspectives.append(
            {
                "label": _("%(name)s, weight %(weight)s")
                % {
                    "name": name_of(perspective, perspective["code"]),
                    "weight": weight_text(perspective["weight"]),
                },
                "value": score_text(perspective["score"]) or "–",
                "n": perspective["n"],
                "formula": weighted_sum(parts, perspective["score"]),
                "children": [
                    _agreed_node(line, own, perspective, configured, measures)
                    if is_agreed(line)
                    else kpi_node(line, entries[line["subject"]], measures)
                    for line in entries_here
                ],
            }
        )
    shares = [(each["effective_weight"], each["score"]) for each in component["perspectives"]]
    return {
        "label": label,
        "value": score_text(component["score"]) or "–",
        "n": component["n"],
        "formula": weighted_sum(shares, component["score"]),
        "note": card_sentence(component["card"]),
        "children": perspectives,
    }


def is_agreed(line: Mapping[str, Any]) -> bool:
    """Whether a line of a scorecard stands for all agreed objectives of a perspective."""
    return bool(line["subject"].startswith(f"{OBJECTIVES}:"))


def _agreed_node(
    line: Mapping[str, Any],
    lines: list[dict[str, Any]],
    perspective: Mapping[str, Any],
    configured: Mapping[str, Any],
    measures: Mapping[str, str],
) -> dict[str, Any]:
    """The objectives of a perspective as one entry; `lines` are those of the perspective."""
    below = [each for each in lines if each["subject"].startswith((OBJECTIVE, KEY_RESULT))]
    return objectives_node(
        {**line, "score": line["points"], "lines": below or [dict(line)]},
        configured["objective_rule"],
        _("%(name)s, weight %(weight)s")
        % {
            "name": objectives_name(name_of(perspective, perspective["code"])),
            "weight": weight_text(line["weight"]),
        },
        score_text,
        weight_text,
        weighted_sum(
            [(each["share"], each["points"]) for each in below if each["subject"].startswith(OBJECTIVE)],
            line["points"],
        ),
        lambda name: input_label(name, measures),
    )


def card_sentence(card: Mapping[str, Any]) -> str:
    """Whose numbers these are, where they are not the person's own."""
    name = name_of(card, card["code"])
    return {
        TEAM: _("The numbers of the team %(name)s; everyone of it has the same score here.") % {"name": name},
        SITE: _("The numbers of the site %(name)s; everyone there has the same score here.") % {"name": name},
        COMPANY: _("The numbers of the whole company; everyone has the same score here."),
    }.get(card["subject"], "")


def _card_row(
    line: Mapping[str, Any], entries: Mapping[str, Any], perspectives: Mapping[str, str]
) -> dict[str, Any]:
    if line["subject"] in entries:
        return line_row(line, entries[line["subject"]])
    row = line_row(line, {})
    if is_agreed(line):
        return {**row, "name": objectives_name(perspectives[line["perspective"]]), "value": ""}
    fact = line.get("objective") or line.get("key_result") or {}
    target = number(line["target"]) if line["target"] is not None else ""
    return {
        **row,
        "name": fact.get("title", ""),
        "unit": fact.get("unit", ""),
        "target": target,
        "is_part": True,
    }


def card_group(component: Mapping[str, Any], configured: Mapping[str, Any]) -> dict[str, Any]:
    """The table of a scorecard: the rows in order, and the same rows under their perspectives."""
    entries = {line_subject(configured, entry["kpi"]): entry for entry in configured["kpis"]}
    names = {each["code"]: name_of(each, each["code"]) for each in component["perspectives"]}
    rows = [_card_row(line, entries, names) for line in component["lines"]]
    under: dict[str, list[dict[str, Any]]] = {}
    for line, row in zip(component["lines"], rows, strict=True):
        under.setdefault(line["perspective"], []).append(row)
    return {
        **group_head(component),
        "whose": card_sentence(component["card"]),
        "rows": rows,
        "perspectives": [
            {
                "name": name_of(each, each["code"]),
                "weight": weight_text(each["weight"]),
                "score": score_text(each["score"]),
                "rows": under.get(each["code"], []),
            }
            for each in component["perspectives"]
        ],
    }
