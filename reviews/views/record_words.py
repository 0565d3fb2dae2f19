"""The behavioural record in an explanation, in words."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from foundation.interface.wording import date_short, number
from reviews.methods.base import localised
from reviews.methods.behaviour import LIMITED, NOT_COUNTED
from reviews.views.kpi_words import rule_text
from reviews.views.presentation import language, name_of, score_text, weight_text


def record_node(component: Mapping[str, Any], configured: Mapping[str, Any]) -> dict[str, Any]:
    """A behavioural record: the start, each incident with what it counts, and their sum."""
    noted = [line for line in component["lines"] if "incident" in line]
    return {
        "label": _("%(name)s, weight %(weight)s")
        % {
            "name": name_of(component, component["code"]),
            "weight": weight_text(component["effective_weight"]),
        },
        "value": score_text(component["score"]) or "–",
        "n": component["n"],
        "formula": record_sum(component, configured),
        "note": record_rule(configured),
        "children": [
            {
                "label": f"{incident_day(line)} {name_of(line['incident'], line['incident']['behaviour'])}",
                "value": _signed(line["points"]) if line["points"] else "0",
                "formula": incident_sentence(line, configured),
                "note": line["incident"]["text"],
            }
            for line in noted
        ],
    }


def record_sum(component: Mapping[str, Any], configured: Mapping[str, Any]) -> str:
    """ "80 + 5 − 10 = 75", every decimal that is stored."""
    if component["score"] is None:
        return _("No incident in this period, and so no score.")
    counted = [line["points"] for line in component["lines"] if "incident" in line and line["points"]]
    terms = [
        number(configured["start"]),
        *(f"{'+' if each > 0 else '−'} {number(abs(each))}" for each in counted),
    ]
    total = float(configured["start"]) + sum(counted)
    sum_text = f"{' '.join(terms)} = {number(round(total, 6))}" if counted else terms[0]
    if total < configured["floor"]:
        return _("%(sum)s, raised to %(limit)s") % {"sum": sum_text, "limit": number(configured["floor"])}
    if total > configured["cap"]:
        return _("%(sum)s, cut to %(limit)s") % {"sum": sum_text, "limit": number(configured["cap"])}
    return sum_text


def record_rule(configured: Mapping[str, Any]) -> str:
    """The rule of the component in a sentence or two."""
    told = [
        _("Everyone begins with %(start)s; incidents add and take points, from %(floor)s to %(cap)s.")
        % {name: number(configured[name]) for name in ("start", "floor", "cap")}
    ]
    if configured["half_life_days"]:
        told.append(
            _("An incident counts half after %(days)s days.") % {"days": number(configured["half_life_days"])}
        )
    if configured["day_cap"]:
        told.append(
            _("The good, and the bad, of one day count at most %(points)s.")
            % {"points": number(configured["day_cap"])}
        )
    if configured["behaviour_cap"]:
        told.append(
            _("The good, and the bad, of one behaviour count at most %(points)s.")
            % {"points": number(configured["behaviour_cap"])}
        )
    return " ".join(told)


def _signed(value: float) -> str:
    return f"+{number(value)}" if value > 0 else f"−{number(abs(value))}"


def incident_day(line: Mapping[str, Any]) -> str:
    return date_short(datetime.date.fromisoformat(line["incident"]["happened_on"]))


def incident_sentence(line: Mapping[str, Any], configured: Mapping[str, Any]) -> str:
    """ "grave: −10 × 2^(−30 ÷ 30) = −5, limited to −3", with every decimal that is stored."""
    fact = line["incident"]
    strength = localised(fact["strength_name"], language()) or fact["strength"]
    if line["rule"] == NOT_COUNTED:
        return _("%(strength)s: this cycle knows no such strength, so it counts nothing.") % {
            "strength": strength
        }
    text = f"{strength}: {_signed(line['value'])}"
    half_life = configured["half_life_days"]
    if half_life:
        faded = round(line["value"] * 2.0 ** (-fact["age"] / half_life), 6)
        text += f" × 2^(−{number(fact['age'])} ÷ {number(half_life)}) = {_signed(faded)}"
    if line["rule"] == LIMITED:
        return _("%(calculation)s, limited to %(points)s") % {
            "calculation": text,
            "points": _signed(line["points"]) if line["points"] else "0",
        }
    return text


def record_rows(component: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The table of a behavioural record: the start and each incident."""
    rows = []
    for line in component["lines"]:
        fact = line.get("incident")
        if fact is None:
            rows.append(
                {"name": _("Start"), "points": score_text(line["points"]), "rule": rule_text(line["rule"])}
            )
            continue
        rows.append(
            {
                "name": name_of(fact, fact["behaviour"]),
                "day": incident_day(line),
                "strength": localised(fact["strength_name"], language()) or fact["strength"],
                "is_good": fact["is_good"],
                "text": fact["text"],
                "points": _signed(line["points"]) if line["points"] else "0",
                "rule": rule_text(line["rule"]),
            }
        )
    return rows
