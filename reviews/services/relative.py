"""The stage of a scoring run that compares people: everyone at once, between the components and the overall score."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from django.db import connection

from foundation.bulk import copy_out
from foundation.runs.models import Run
from reviews.methods import get_method
from reviews.methods.base import Floats, RelativeInputs
from reviews.methods.document import comparing_components
from reviews.methods.overall import component_weights
from reviews.methods.paired import COMPARISON_COLUMNS, is_paired
from reviews.models import Cycle
from reviews.selectors.cohorts import people_of
from reviews.services.stages import matrix, write_component


def score_relative(run: Run, cycle: Cycle, people: pd.DataFrame | None = None) -> None:
    """Scores and lines of the components that compare people, and with them the final weights of all components.

    people   as people_of gives them, before there are participants
    """
    configuration = cycle.configuration
    if people is None:
        people = people_of(cycle)
    order = people["employee_id"].to_numpy(dtype=np.int64)
    comparing = comparing_components(configuration)
    found = copy_out(
        "SELECT employee_id, component, score, standard_error, n, weight FROM reviews_componentscore "
        "WHERE run_id = %s",
        [str(run.pk)],
    )
    inputs = RelativeInputs(
        employee_ids=order,
        people=people,
        kpi_values=_kpi_values(run, comparing),
        scores=found,
        judgements=_judgements(cycle, [each["code"] for each in comparing]),
        comparisons=_comparisons(cycle, [each["code"] for each in comparing if is_paired(each)]),
    )
    answers = {each["code"]: get_method(each["method"]).compare(each, inputs) for each in comparing}
    codes = [component["code"] for component in configuration["components"]]
    scores = matrix(found, "score", order, codes)
    for index, code in enumerate(codes):
        if code in answers:
            scores[:, index] = answers[code].score
    weights = component_weights(scores, configuration)
    for index, code in enumerate(codes):
        if code in answers:
            write_component(run, order, code, answers[code], weights[:, index])
    _correct_weights(run, order, codes, weights, matrix(found, "weight", order, codes))


def _correct_weights(run: Run, order: Any, codes: list[str], weights: Floats, stored: Floats) -> None:
    """The first stage took it that everyone would have a score here; those who have none need other weights."""
    rows, columns = np.nonzero(~np.isnan(stored) & (weights != stored))
    if not len(rows):
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE reviews_componentscore AS score SET weight = right_one.weight
            FROM unnest(%s::bigint[], %s::text[], %s::float8[]) AS right_one (employee_id, component, weight)
            WHERE score.run_id = %s AND score.employee_id = right_one.employee_id
                AND score.component = right_one.component
            """,
            [
                order[rows].tolist(),
                [codes[column] for column in columns],
                weights[rows, columns].tolist(),
                str(run.pk),
            ],
        )


def _kpi_values(run: Run, comparing: list[dict[str, Any]]) -> pd.DataFrame:
    versions = [item["version"]["id"] for each in comparing for item in each.get("kpis", [])]
    return copy_out(
        "SELECT employee_id, kpi_version_id, value, standard_error, n FROM metrics_kpivalue "
        "WHERE run_id = %s AND kpi_version_id = ANY(%s::bigint[])",
        [str(run.pk), versions],
    )


def _judgements(cycle: Cycle, codes: list[str]) -> pd.DataFrame:
    """Submitted forms of these components, with who filled them in."""
    return copy_out(
        """
        SELECT participant.employee_id, sheet.component, judgement.item, judgement.level::float8 AS level,
            sheet.rater_id
        FROM reviews_judgement AS judgement
        JOIN reviews_scoresheet AS sheet ON sheet.id = judgement.sheet_id
        JOIN reviews_participant AS participant ON participant.id = sheet.participant_id
        WHERE participant.cycle_id = %s AND sheet.component = ANY(%s::text[])
            AND sheet.state = 'submitted' AND judgement.level IS NOT NULL
        ORDER BY sheet.id
        """,
        [cycle.pk, codes],
    )


def _comparisons(cycle: Cycle, codes: list[str]) -> pd.DataFrame:
    """Standing answers about pairs both of whose forms are submitted; one query, none without such a component."""
    if not codes:
        return pd.DataFrame(columns=list(COMPARISON_COLUMNS))
    return copy_out(
        """
        SELECT comparison.component, comparison.criterion, comparison.rater_id, first.employee_id AS first_id,
            second.employee_id AS second_id, comparison.outcome
        FROM reviews_comparison AS comparison
        JOIN reviews_participant AS first ON first.id = comparison.first_id
        JOIN reviews_participant AS second ON second.id = comparison.second_id
        JOIN reviews_scoresheet AS form ON form.participant_id = first.id AND form.rater_id = comparison.rater_id
            AND form.component = comparison.component AND form.state = 'submitted' AND NOT form.ratee_unknown
        JOIN reviews_scoresheet AS other ON other.participant_id = second.id AND other.rater_id = comparison.rater_id
            AND other.component = comparison.component AND other.state = 'submitted'
            AND NOT other.ratee_unknown
        WHERE comparison.cycle_id = %s AND comparison.component = ANY(%s::text[])
            AND NOT EXISTS (
                SELECT FROM reviews_comparisonreversal AS reversal WHERE reversal.comparison_id = comparison.id
            )
        ORDER BY comparison.id
        """,
        [cycle.pk, codes],
    )
