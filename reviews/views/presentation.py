"""Numbers of a cycle as pages show them: formatted, named in the reader's language, with a sentence to explain them."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from foundation.interface.wording import date_short, number, number_within, percent
from metrics.models import KPIVersion, Measure
from reviews.methods.base import localised
from reviews.methods.behaviour import LIMITED, NOT_COUNTED, BehaviourMethod
from reviews.methods.bonus import counted_points
from reviews.methods.corrections import APPEAL, latest
from reviews.methods.kpi import BELOW_MINIMUM, MISSING
from reviews.methods.objectives import KEY_RESULT, OBJECTIVE, ObjectivesMethod
from reviews.methods.overall import OVERALL, POINTS
from reviews.methods.paired import PairedMethod
from reviews.methods.parts import item_of
from reviews.methods.rating_scale import NOT_OBSERVED
from reviews.methods.scorecard import (
    COMPANY,
    OBJECTIVES,
    SITE,
    TEAM,
    ScorecardMethod,
    line_subject,
    objectives_name,
)
from reviews.methods.targets import NO_TARGET, has_targets
from reviews.models import Cycle
from reviews.views.objective_words import objective_rows, objectives_node
from reviews.views.pair_words import pair_rows, pairs_node
from reviews.views.rank_words import certainty_text, place_text, ranking_node, standing_text
from reviews.views.voice_words import unit_rows, voice_node
from scoring.grammar import STATISTICS

UNITS = dict(KPIVersion.Unit.choices)
SCORE_DECIMALS = 1


def language() -> str:
    return get_language() or "en"


def name_of(entry: Mapping[str, Any] | None, fallback: str = "") -> str:
    """The localised name of a component, item, level, band or KPI version."""
    return localised((entry or {}).get("name"), language()) or fallback


def unit_of(version: Mapping[str, Any]) -> str:
    """Short, for the head of a column or behind a number; scores, counts and ratios need none."""
    unit = version["unit"]
    return "" if unit in ("score", "count", "ratio", "money") else str(UNITS.get(unit, unit))


def kpi_value(value: float | None, version: Mapping[str, Any]) -> str:
    return number(value, version["decimals"]) if value is not None else ""


def score_text(value: float | None) -> str:
    return number(value, SCORE_DECIMALS) if value is not None else ""


def weight_text(value: float) -> str:
    return f"{number(value, 0 if abs(value - round(value)) < 0.05 else 1)} %"


# Rating bands -----------------------------------------------------------------------------------------------------


def bands_of(cycle: Cycle) -> list[dict[str, Any]]:
    """[{from, label, code}], lowest first, as the scale wants them."""
    return [
        {
            "from": None if index == 0 else band["from"],
            "label": name_of(band, band["code"]),
            "code": band["code"],
        }
        for index, band in enumerate(cycle.configuration.get("rating_bands", []))
    ]


def band_of(cycle: Cycle, code: str) -> dict[str, Any]:
    """{label, index, total, from, to} of a rating; empty without one. index 0 is the lowest band."""
    bands = cycle.configuration.get("rating_bands", [])
    for index, band in enumerate(bands):
        if band["code"] == code:
            return {
                "label": name_of(band, code),
                "index": index,
                "total": len(bands),
                "from": band["from"],
                "to": bands[index + 1]["from"] if index + 1 < len(bands) else None,
            }
    return {}


def interval(score: float | None, standard_error: float | None) -> tuple[float | None, float | None]:
    """95 % by the normal distribution; (None, None) where the uncertainty is unknown."""
    if score is None or standard_error is None:
        return None, None
    return max(score - 1.96 * standard_error, 0.0), score + 1.96 * standard_error


def interval_text(score: float | None, standard_error: float | None) -> str:
    """ "52.1 – 74.6", empty where the uncertainty is unknown."""
    low, high = interval(score, standard_error)
    return f"{score_text(low)} – {score_text(min(high, 100.0))}" if high is not None else ""


# Explanations -----------------------------------------------------------------------------------------------------


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


def weighted_sum(parts: list[tuple[float, float | None]], total: float | None) -> str:
    """ "70 % × 104.012345 + 30 % × 90 = 99.808642": exact, like line_sentence."""
    terms = " + ".join(
        f"{number(weight)} % × {number(value)}" for weight, value in parts if value is not None
    )
    return f"{terms} = {number(total)}" if terms and total is not None else ""


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


def _record_node(component: Mapping[str, Any], configured: Mapping[str, Any]) -> dict[str, Any]:
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


def _record_rows(component: Mapping[str, Any]) -> list[dict[str, Any]]:
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


def _component_node(
    component: Mapping[str, Any], components: Mapping[str, Any], measures: Mapping[str, str]
) -> dict[str, Any]:
    configured = components[component["code"]]
    if component["method"] == BehaviourMethod.code:
        return _record_node(component, configured)
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
        return _card_node(component, configured, measures, label)
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
            _kpi_node(line, entry, measures) if "version" in entry else _item_node(line, entry, configured)
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


def _card_node(
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
                    else _kpi_node(line, entries[line["subject"]], measures)
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
        return _line_row(line, entries[line["subject"]])
    row = _line_row(line, {})
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
        **_group_head(component),
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


def _kpi_node(
    line: Mapping[str, Any], item: Mapping[str, Any], measures: Mapping[str, str]
) -> dict[str, Any]:
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


def _item_node(
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
        {**_group_head(component), **_group_cells(component, configured[component["code"]])}
        for component in explanation["components"]
    ]


def _group_head(component: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": name_of(component, component["code"]),
        "code": component["code"],
        "method": component["method"],
        "weight": weight_text(component["effective_weight"]),
        "score": score_text(component["score"]),
    }


def _group_cells(component: Mapping[str, Any], entry: Mapping[str, Any]) -> dict[str, Any]:
    """The rows of one group, and what only its method has beside them."""
    if "units" in component:
        return {"rows": unit_rows(component["units"])}
    match component["method"]:
        case BehaviourMethod.code:
            return {"rows": _record_rows(component)}
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
        "rows": [_line_row(line, entries.get(item_of(line["subject"]), {})) for line in component["lines"]]
    }


def _pair_cells(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **row,
        "points": score_text(row["points"]),
        "weight": weight_text(row["weight"]),
        "interval": interval_text(row["points"], row["line"]["standard_error"]),
    }


def _line_row(line: Mapping[str, Any], item: Mapping[str, Any]) -> dict[str, Any]:
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
