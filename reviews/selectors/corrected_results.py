"""What corrections make of one person's released result: computed from what is stored, nothing is written. For the run
that stores it, and for whoever decides an appeal and wants to see what it would do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np

from foundation.bulk import copy_out
from reviews.methods.base import or_nan, or_none
from reviews.methods.cohorts import standings
from reviews.methods.corrections import corrected_component, corrected_overall, corrected_rating
from reviews.methods.overall import component_weights, overall_scores
from reviews.methods.rating_rule import rating_again
from reviews.methods.red_lines import capped
from reviews.models import Appeal, ComponentScore, Cycle, Result, ScoreLine
from reviews.selectors.corrections import base_of, every_correction_of
from reviews.selectors.explanations import points_applied, red_lines_of_result
from reviews.selectors.rating_groups import rating_group_of


@dataclass(frozen=True)
class Foresight:
    """What accepting an appeal at `score` would make of the result; `corrected` as corrected_result gives it."""

    score: float
    before: Result
    corrected: Mapping[str, Any]

    @property
    def after(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.corrected["result"]
        return found

    def attainments(self) -> dict[str, float]:
        """{KPI: attainment} of the corrected lines, as pay reads them: the first line of each in the order of
        components."""
        found: dict[str, float] = {}
        for code in sorted(self.corrected["components"]):
            for line in self.corrected["components"][code]["lines"]:
                if line["attainment"] is not None:
                    found.setdefault(line["subject"], line["attainment"])
        return found


def foresee(appeal: Appeal, score: float) -> Foresight | None:
    """The appeal accepted at `score` beside all that was accepted before, computed as the run of corrections will.
    None where there is no result."""
    cycle = Cycle.objects.select_related("published_run").get(pk=appeal.cycle_id)
    if cycle.published_run is None:
        return None
    before = Result.objects.filter(run=cycle.published_run, employee=appeal.employee_id).first()
    wanted = {"component": appeal.component, "subject": appeal.subject, "score": score}
    corrected = corrected_result(
        cycle,
        base_of(cycle.published_run),
        appeal.employee_id,
        [*every_correction_of(cycle, appeal.employee_id), wanted],
    )
    return Foresight(score, before, corrected) if before is not None and corrected is not None else None


def corrected_result(
    cycle: Cycle, base: UUID, employee_id: int, corrections: Sequence[Mapping[str, Any]]
) -> dict[str, Any] | None:
    """What the corrections make of a released result: {"components": {code: {score, standard_error, weight, lines}},
    "result": {column: value}}. Nothing is written. None for who has no result in the run.

    Everybody else counts as released: the person is placed among them, and they stay where they are.
    """
    result = Result.objects.filter(run=base, employee=employee_id).first()
    if result is None:
        return None
    configuration = cycle.configuration
    answers = _answers(cycle, base, employee_id)
    answers = {
        component["code"]: corrected_component(component, answers[component["code"]], corrections)
        for component in configuration["components"]
    }
    scores = np.array([[or_nan(answers[each["code"]]["score"]) for each in configuration["components"]]])
    errors = np.array(
        [[or_nan(answers[each["code"]]["standard_error"]) for each in configuration["components"]]]
    )
    weights = component_weights(scores, configuration)
    for index, component in enumerate(configuration["components"]):
        answers[component["code"]]["weight"] = float(weights[0, index])
    points = np.array([points_applied(base, employee_id, configuration)])
    score, error, state = overall_scores(scores, errors, points, configuration)
    overall = corrected_overall(float(score[0]), corrections)
    group = rating_group_of(result, cycle, show_rank=True)
    computed = rating_again(overall, configuration, {**group, "order": 1} if group else None)
    rating = corrected_rating(
        computed_before=result.computed_rating or result.rating,
        rating_before=result.rating,
        computed=computed,
        configuration=configuration,
    )
    caps = [line["cap"] for line in red_lines_of_result(base, employee_id, cycle)]
    return {
        "components": answers,
        "result": {
            "score": or_none(overall),
            "standard_error": or_none(error[0]),
            "state": "scored" if not np.isnan(overall) else state[0],
            "computed_rating": computed,
            "rating": capped(rating, caps, configuration),
            **_place(base, result, overall, float(error[0])),
        },
    }


def _answers(cycle: Cycle, base: UUID, employee_id: int) -> dict[str, dict[str, Any]]:
    """Component scores and lines as released, in the shape in which methods answer."""
    scores = {
        each.component: each for each in ComponentScore.objects.filter(run=base, employee_id=employee_id)
    }
    lines: dict[str, list[dict[str, Any]]] = {}
    for line in ScoreLine.objects.filter(run=base, employee_id=employee_id).order_by("component", "number"):
        lines.setdefault(line.component, []).append(
            {
                "subject": line.subject,
                "points": line.points,
                "standard_error": line.standard_error,
                "attainment": line.attainment,
                "rule": line.rule,
            }
        )
    return {
        each["code"]: {
            "score": scores[each["code"]].score if each["code"] in scores else None,
            "standard_error": scores[each["code"]].standard_error if each["code"] in scores else None,
            "lines": lines.get(each["code"], []),
        }
        for each in cycle.configuration["components"]
    }


def _place(base: UUID, result: Result, score: float, error: float) -> dict[str, Any]:
    """Rank and standing among the others as they were released."""
    if not result.cohort or np.isnan(score):
        return {}
    others = copy_out(
        "SELECT score, standard_error FROM reviews_result"
        " WHERE run_id = %s AND cohort = %s AND employee_id <> %s AND score IS NOT NULL",
        [str(base), result.cohort, result.employee_id],
    )
    values = np.append(others["score"].to_numpy(dtype=np.float64), score)
    errors = np.append(others["standard_error"].to_numpy(dtype=np.float64), error)
    standing = standings(values, errors, ["all"] * len(values)).iloc[-1]
    told = not np.isnan(standing["apart_above"])
    return {
        "rank": int(standing["rank"]),
        "percentile": or_none(standing["percentile"]),
        "cohort_size": int(standing["size"]),
        "rank_low": int(standing["apart_above"]) + 1 if told else None,
        "rank_high": int(standing["size"] - standing["apart_below"]) if told else None,
        "standing": standing["word"],
        "cohort_mean": or_none(standing["mean"]),
        "cohort_mean_error": or_none(standing["mean_error"]),
    }
