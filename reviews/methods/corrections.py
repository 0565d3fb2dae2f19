"""What an accepted appeal does to one person's result: pure computation, the same for the run that stores it and for
whoever recomputes it from the explanation.

A correction raises points at target scale to what was decided: those of a line, of a component, or the overall score.
Lines come first, then components, then the overall score; of two at one place the later one counts, and what is higher
already stays. All else is computed as the cycle says.
An appeal never lowers a rating, and nobody else is touched: who was released keeps score, rank and rating.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from reviews.methods.base import Component, or_nan, or_none
from reviews.methods.feedback import BY_LINES
from reviews.methods.kpi import ATTAINMENT, line_error
from reviews.methods.overall import OVERALL
from scoring.composite import stored, weighted_mean

#: The rule of a line that an appeal has set.
APPEAL = "appeal"

Entry = Mapping[str, Any]


def latest(corrections: Sequence[Entry], component: str, subject: str) -> Entry | None:
    """corrections are in the order in which they were made."""
    found = None
    for each in corrections:
        if each["component"] == component and each["subject"] == subject:
            found = each
    return found


def corrected_component(
    component: Component, answer: Mapping[str, Any], corrections: Sequence[Entry]
) -> dict[str, Any]:
    """The component's answer {score, standard_error, lines: [{subject, points, standard_error, attainment, rule}]} with
    what appeals have set.

    A line that is set counts with its weight even if it had no points; its error stays what it was, and one without a
    known error is taken as exact, as everywhere. A component that is set keeps its error.
    """
    mine = [each for each in corrections if each["component"] == component["code"]]
    if not mine:
        return dict(answer)
    found = dict(answer)
    if component["method"] in BY_LINES and any(each["subject"] for each in mine):
        found = _with_lines(component, found, mine)
    whole = latest(mine, component["code"], "")
    if whole is not None:
        found["score"] = _raised(found["score"], whole)
    return found


def _raised(score: float | None, correction: Entry) -> float:
    return float(correction["score"] if score is None else max(score, correction["score"]))


def _with_lines(component: Component, answer: dict[str, Any], corrections: Sequence[Entry]) -> dict[str, Any]:
    entries = {
        str(entry.get("kpi") or entry.get("code")): entry
        for entry in component.get("kpis") or component.get("items") or []
    }
    lines = []
    for line in answer["lines"]:
        set_to = latest(corrections, component["code"], line["subject"])
        if set_to is not None:
            raised = _raised(line["points"], set_to)
            line = {**line, "points": raised, "rule": APPEAL}
            if entries[line["subject"]].get("scoring") == ATTAINMENT:
                # Pay may look at the attainment of a KPI: it follows the points.
                line["attainment"] = float(stored([raised / 100.0])[0])
        lines.append(line)
    weights = np.array([float(entries[line["subject"]]["weight"]) for line in lines])
    points = np.array([[or_nan(line["points"]) for line in lines]])
    errors = np.array([[or_nan(line["standard_error"]) for line in lines]])
    return {
        **answer,
        "lines": lines,
        "score": or_none(stored(weighted_mean(points, weights))[0]),
        "standard_error": or_none(stored(line_error(points, errors, weights))[0])
        if component["method"] == "kpi"
        else answer["standard_error"],
    }


def corrected_overall(score: float, corrections: Sequence[Entry]) -> float:
    """The overall score raised by an appeal, else the one computed. nan for none."""
    whole = latest(corrections, OVERALL, "")
    return score if whole is None else _raised(or_none(score), whole)


def corrected_rating(
    *, computed_before: str, rating_before: str, computed: str, configuration: Mapping[str, Any]
) -> str:
    """The rating after an appeal, before red lines.

    computed_before   by the rule alone, as released
    rating_before     as released, calibration included
    computed          by the rule alone, from the corrected score

    Where the rule gives no better rating than before, the released one stays, and with it what calibration decided.
    Where it does, the better one of the new and the released rating counts.
    """
    order = {band["code"]: index for index, band in enumerate(configuration["rating_bands"])}
    if not computed or not rating_before or not computed_before:
        return computed or rating_before
    if order[computed] <= order[computed_before]:
        return rating_before
    return max(rating_before, computed, key=lambda code: order[code])
