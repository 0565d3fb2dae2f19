"""A 360 in words: groups, agreement, where oneself and the others see something else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from foundation.interface.wording import number
from reviews.methods.base import localised
from reviews.methods.multisource import members_of
from reviews.models import VoiceInvitation
from reviews.selectors.voice_reports import (
    AGREE,
    BLIND_SPOT,
    HIDDEN_STRENGTH,
    KNOWN_WEAKNESS,
    OPEN_AREA,
    SPLIT,
    ItemView,
)


def group_name(code: str) -> str:
    return str(dict(VoiceInvitation.Group.choices).get(VoiceInvitation.Group(code), code))


def unit_text(unit: str) -> str:
    """A group, or several small ones that are shown as one."""
    return _(" and ").join(group_name(code) for code in members_of(unit))


def agreement_text(agreement: float | None) -> str:
    if agreement is None:
        return ""
    if agreement >= AGREE:
        return _("they agree")
    return _("they are split") if agreement < SPLIT else _("they agree in part")


def unit_rows(units: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "unit": each["unit"],
            "name": unit_text(each["unit"]),
            "n": each["n"],
            "weight": f"{number(round(each['effective_weight'], 1))} %",
            "points": number(each["score"], 1) if each["score"] is not None else "",
            "agreement": agreement_text(each["agreement"]),
        }
        for each in units
    ]


def voice_node(
    component: Mapping[str, Any], configured: Mapping[str, Any], label: str, value: str
) -> dict[str, Any]:
    """The explanation down to the items of each group, and no further."""
    names = {each["code"]: each for each in configured["items"]}
    parts = [each for each in component["units"] if each["score"] is not None and each["weight"]]
    terms = " + ".join(f"{number(each['weight'])} × {number(each['score'])}" for each in parts)
    total = sum(each["weight"] for each in parts)
    formula = (
        f"({terms}) ÷ {number(total)} = {number(component['score'])}"
        if parts and component["score"] is not None
        else ""
    )
    return {
        "label": label,
        "value": value,
        "n": component["n"],
        "formula": formula,
        "note": _(
            "Groups with too few answers were merged or left out before anything was computed. Single answers are "
            "shown to nobody."
        ),
        "children": [_unit_node(each, names) for each in component["units"]],
    }


def _unit_node(unit: Mapping[str, Any], names: Mapping[str, Any]) -> dict[str, Any]:
    counted = [each for each in unit["items"] if each["points"] is not None]
    weights = sum(float(names[each["item"]]["weight"]) for each in counted)
    terms = " + ".join(
        f"{number(float(names[each['item']]['weight']))} × {number(each['points'])}" for each in counted
    )
    error = unit["standard_error"]
    return {
        "label": _("%(name)s, weight %(weight)s")
        % {"name": unit_text(unit["unit"]), "weight": f"{number(unit['weight'])} %"},
        "value": number(unit["score"], 1) if unit["score"] is not None else "–",
        "n": unit["n"],
        "formula": f"({terms}) ÷ {number(weights)} = {number(unit['score'])}" if counted else "",
        "note": _("Standard error %(error)s, from the spread of the answers.") % {"error": number(error)}
        if error is not None
        else "",
        "children": [
            {
                "label": _("%(name)s, weight %(weight)s")
                % {
                    "name": localised(names[each["item"]].get("name"), get_language() or "en")
                    or each["item"],
                    "weight": f"{number(float(names[each['item']]['weight']))} %",
                },
                "value": number(each["points"], 1) if each["points"] is not None else "–",
                "n": each["n"],
                "formula": "" if each["points"] is not None else _("Too few could say something to this."),
            }
            for each in unit["items"]
        ],
    }


def quadrant_text(item: ItemView) -> str:
    """One sentence on what oneself and the others see."""
    return {
        BLIND_SPOT: _("Blind spot: you see yourself better than the others do."),
        HIDDEN_STRENGTH: _("Hidden strength: the others see you better than you do."),
        OPEN_AREA: _("Known strength: you and the others agree."),
        KNOWN_WEAKNESS: _("Known weakness: you and the others agree."),
    }.get(item.quadrant, "")
