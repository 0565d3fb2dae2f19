"""Every number of an explanation from the explanation alone: the proof that it explains.

Nothing here reads the database. What it returns must equal what was published, exactly; a test holds that for every
result, and anyone who exports an explanation can do the same with a pocket calculator and the method's page in docs/.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from reviews.methods import get_method
from reviews.methods.base import or_nan, or_none
from reviews.methods.bonus import counted_points
from reviews.methods.cohorts import standing_again
from reviews.methods.corrections import corrected_component, corrected_overall, corrected_rating
from reviews.methods.overall import POINTS, RATING, component_weights, overall_scores
from reviews.methods.rating_rule import rating_again
from reviews.methods.red_lines import KINDS, capped, red_line_of


def recompute(explanation: Mapping[str, Any]) -> dict[str, Any]:
    """{score, standard_error, state, rating, rank, percentile, rank_low, rank_high, standing, components: {code:
    {score, standard_error, weight, lines}}} from an explanation as `reviews.selectors.explanations.explanation_of`
    gives it."""
    configuration = explanation["configuration"]
    computed = {
        component["code"]: get_method(component["method"]).recompute(component, lines["lines"])
        for component, lines in zip(configuration["components"], explanation["components"], strict=True)
    }
    corrections = explanation.get("corrections") or []
    if not corrections:
        return _result(explanation, computed)
    before = _result({**explanation, "corrections": []}, computed)
    answers = {
        component["code"]: corrected_component(component, computed[component["code"]], corrections)
        for component in configuration["components"]
    }
    return _result(explanation, answers, before)


def _result(
    explanation: Mapping[str, Any], answers: dict[str, dict[str, Any]], before: dict[str, Any] | None = None
) -> dict[str, Any]:
    """From component scores to the place among the others. `before` is the result without the appeals, if any were
    accepted."""
    configuration = explanation["configuration"]
    scores = np.array([[or_nan(answers[each["code"]]["score"]) for each in configuration["components"]]])
    errors = np.array(
        [[or_nan(answers[each["code"]]["standard_error"]) for each in configuration["components"]]]
    )
    weights = component_weights(scores, configuration)
    for index, component in enumerate(configuration["components"]):
        answers[component["code"]]["weight"] = float(weights[0, index])
    adjustments = explanation["adjustments"]
    points = counted_points(
        [(each["item"], each["points"]) for each in adjustments if each["kind"] == POINTS], configuration
    )
    score, error, state = overall_scores(scores, errors, np.array([float(points)]), configuration)
    if before is not None:
        score = np.array([corrected_overall(score[0], explanation["corrections"])])
        state = ["scored"] if not np.isnan(score[0]) else state
    group = explanation.get("rating_group")
    if group and before is not None:
        group = {**group, "order": 1}  # whoever reaches a cut by an appeal is in
    rating = rating_again(score[0], configuration, group)
    moves = [each["rating"] for each in adjustments if each["kind"] == RATING]
    caps = [
        line["cap"] for line in map(_red_line(configuration), explanation["red_lines"]) if line is not None
    ]
    moved = moves[-1] if moves and rating else rating
    if before is not None:
        moved = corrected_rating(
            computed_before=before["computed_rating"],
            rating_before=before["rating"],
            computed=rating,
            configuration=configuration,
        )
    standing = standing_again(float(score[0]), float(error[0]), explanation["cohort"])
    return {
        "score": or_none(score[0]),
        "standard_error": or_none(error[0]),
        "state": state[0],
        "computed_rating": rating,
        "rating": capped(moved, caps, configuration),
        "rank": standing["rank"],
        "percentile": standing["percentile"],
        "rank_low": standing["rank_low"],
        "rank_high": standing["rank_high"],
        "standing": standing["word"],
        "components": answers,
    }


def _red_line(configuration: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], dict[str, Any] | None]:
    """The configured line, where the value that the explanation shows does cross it."""

    def crossed(hit: Mapping[str, Any]) -> dict[str, Any] | None:
        line = red_line_of(configuration, hit["code"])
        return line if line is not None and KINDS[line["kind"]].is_hit(line, hit["value"]) else None

    return crossed
