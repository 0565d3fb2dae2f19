"""What the stages of a scoring run do: read by COPY, compute by the methods, write by COPY. Never row by row."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from foundation.bulk import copy_in, copy_out
from foundation.runs.models import Run
from reviews.methods import COMPARING, get_method
from reviews.methods.base import ComponentAnswer, ComponentInputs, Floats
from reviews.methods.behaviour import INCIDENT_COLUMNS, BehaviourMethod
from reviews.methods.cohorts import cohort_labels, standings
from reviews.methods.overall import (
    OVERALL,
    POINTS,
    RATING,
    component_weights,
    overall_scores,
)
from reviews.methods.red_lines import RED_LINE
from reviews.methods.targets import needs_people
from reviews.models import ComponentScore, Cycle, Result, ResultAdjustment
from reviews.selectors.cohorts import people_of
from reviews.selectors.objective_scores import objectives_counted
from reviews.selectors.roles import frozen_roles
from reviews.selectors.voice_answers import voices_of
from reviews.services.group_values import group_values_of
from reviews.services.rating_groups import rate_everyone
from reviews.services.red_lines import (
    capped_ratings,
    points_of_people,
    red_lines_crossed,
    standing_breaches,
)
from reviews.services.score_lines import store_lines


def score_components(
    run: Run,
    cycle: Cycle,
    employee_ids: list[int],
    kpi_values: pd.DataFrame,
    *,
    roles: pd.DataFrame | None = None,
    places: pd.DataFrame | None = None,
) -> None:
    """Component scores and their lines of these people, from the run's KPI values and the submitted forms.

    kpi_values   columns employee_id, kpi_version_id, value, standard_error, n
    roles        what targets depend on, of people who do not take part yet; else it is read as frozen at launch
    places       where such people sit: employee_id, team_id, site_id
    """
    configuration = cycle.configuration
    people = np.array(employee_ids, dtype=np.int64)
    if roles is None and needs_people(configuration):
        roles = frozen_roles(cycle.pk, employee_ids)
    inputs = ComponentInputs(
        people,
        kpi_values,
        _judgements(cycle, employee_ids),
        people=roles,
        incidents=_incidents(cycle, employee_ids),
        voices=voices_of(cycle, employee_ids),
        group_values=group_values_of(run, cycle, employee_ids, places),
        objectives=objectives_counted(cycle, employee_ids),
    )
    answers = {
        component["code"]: get_method(component["method"]).compute(component, inputs)
        for component in configuration["components"]
        if component["method"] not in COMPARING
    }
    # A component that compares people is still to come. Weights are reckoned as if it had a score; where it turns out
    # to have none, its stage corrects them.
    still_to_come = np.zeros(len(people))
    scores = np.column_stack(
        [
            answers[component["code"]].score if component["code"] in answers else still_to_come
            for component in configuration["components"]
        ]
    )
    weights = component_weights(scores, configuration)
    for index, component in enumerate(configuration["components"]):
        if component["code"] in answers:
            write_component(run, people, component["code"], answers[component["code"]], weights[:, index])


def write_component(run: Run, people: Any, code: str, answer: ComponentAnswer, weight: Floats) -> None:
    """One component's scores and lines of these people."""
    copy_in(
        ComponentScore._meta.db_table,
        pd.DataFrame(
            {
                "run_id": str(run.pk),
                "employee_id": people,
                "component": code,
                "score": answer.score,
                "standard_error": answer.standard_error,
                "n": answer.n,
                "weight": weight,
            }
        ),
    )
    store_lines(run, answer.lines)


def score_overall(run: Run, cycle: Cycle, people: pd.DataFrame | None = None) -> None:
    """Everyone's overall score, bonus and penalty points, rank, rating, and the calibrated ratings as the last word.

    people   as people_of gives them, before there are participants
    """
    configuration = cycle.configuration
    if people is None:
        people = people_of(cycle)
    order = people["employee_id"].to_numpy(dtype=np.int64)
    found = copy_out(
        "SELECT employee_id, component, score, standard_error FROM reviews_componentscore WHERE run_id = %s",
        [str(run.pk)],
    )
    codes = [component["code"] for component in configuration["components"]]
    adjustments = _adjustments(cycle, order)
    points = points_of_people(adjustments, configuration)
    score, error, state = overall_scores(
        matrix(found, "score", order, codes),
        matrix(found, "standard_error", order, codes),
        points.reindex(order, fill_value=0.0).to_numpy(dtype=np.float64),
        configuration,
    )
    cohorts = cohort_labels(configuration["cohort"], people)
    standing = standings(score, error, cohorts)
    rated = rate_everyone(run, configuration, people, score)
    rating = pd.Series(rated.rating, index=order)
    moved = adjustments[adjustments["kind"] == RATING].drop_duplicates("employee_id", keep="last")
    # Without a score there is no rating to move; an empty move takes those before it back.
    moved = moved[moved["employee_id"].map(rating).ne("") & moved["rating"].ne("")]
    rating.update(moved.set_index("employee_id")["rating"])
    crossed = red_lines_crossed(run, cycle, adjustments, rating)
    rating.update(capped_ratings(rating, crossed, configuration))
    copy_in(
        Result._meta.db_table,
        pd.DataFrame(
            {
                "run_id": str(run.pk),
                "cycle_id": cycle.pk,
                "employee_id": order,
                "team_id": people["team_id"].to_numpy(dtype=np.int64),
                "score": score,
                "standard_error": error,
                "rank": standing["rank"].astype("Int64"),
                "cohort_size": standing["size"].to_numpy(dtype=np.int64),
                "cohort": cohorts,
                "rank_low": (standing["apart_above"] + 1).astype("Int64"),
                "rank_high": (standing["size"] - standing["apart_below"]).astype("Int64"),
                "standing": standing["word"],
                "cohort_mean": standing["mean"],
                "cohort_mean_error": standing["mean_error"],
                "percentile": standing["percentile"],
                "rating": rating.to_numpy(dtype=object),
                "computed_rating": np.array(rated.rating, dtype=object),
                "rating_group": pd.Series(rated.group).where(rated.group >= 0).astype("Int64"),
                "rating_order": pd.Series(rated.order).where(rated.order > 0).astype("Int64"),
                "state": state,
            }
        ),
    )
    _write_adjustment_lines(run, adjustments, moved, crossed)


def _write_adjustment_lines(
    run: Run, adjustments: pd.DataFrame, moved: pd.DataFrame, crossed: pd.DataFrame
) -> None:
    """Which adjustments this run applied (later ones belong to later runs), and which red lines were crossed."""
    entries = pd.concat(
        [adjustments[adjustments["kind"] == POINTS], standing_breaches(adjustments), moved]
    ).sort_values(["employee_id", "id"])
    applied = pd.concat(
        [
            pd.DataFrame(
                {
                    "employee_id": entries["employee_id"],
                    "subject": "adjustment:" + entries["id"].astype(str),
                    "value": np.nan,
                    "points": entries["points"].astype(np.float64),
                    "rule": entries["kind"],
                }
            ),
            pd.DataFrame(
                {
                    "employee_id": crossed["employee_id"],
                    "subject": f"{RED_LINE}:" + crossed["line"].astype(str),
                    "value": crossed["value"].astype(np.float64),
                    "points": np.nan,
                    "rule": RED_LINE,
                }
            ),
        ]
    ).sort_values("employee_id", kind="stable")
    if applied.empty:
        return
    store_lines(
        run,
        pd.DataFrame(
            {
                "employee_id": applied["employee_id"],
                "component": OVERALL,
                "number": applied.groupby("employee_id").cumcount() + 1,
                "subject": applied["subject"],
                "value": applied["value"],
                "weight": 0.0,
                "points": applied["points"],
                "n": 0,
                "rule": applied["rule"],
            }
        ),
    )


def matrix(found: pd.DataFrame, column: str, order: Any, codes: list[str]) -> Any:
    table = found.pivot(index="employee_id", columns="component", values=column)
    return table.reindex(index=order, columns=codes).to_numpy(dtype=np.float64)


def _judgements(cycle: Cycle, employee_ids: list[int]) -> pd.DataFrame:
    """Levels of submitted forms; a draft is nobody's word yet."""
    return copy_out(
        """
        SELECT participant.employee_id, sheet.component, judgement.item, judgement.level::float8 AS level,
            sheet.id AS sheet_id, sheet.days
        FROM reviews_judgement AS judgement
        JOIN reviews_scoresheet AS sheet ON sheet.id = judgement.sheet_id
        JOIN reviews_participant AS participant ON participant.id = sheet.participant_id
        WHERE participant.cycle_id = %s AND participant.employee_id = ANY(%s)
            AND sheet.state = 'submitted' AND judgement.level IS NOT NULL
        ORDER BY sheet.id
        """,
        [cycle.pk, employee_ids],
    )


def _incidents(cycle: Cycle, employee_ids: list[int]) -> pd.DataFrame:
    """Of the period, not withdrawn, and noted before the release; only for a cycle that counts them."""
    if not any(each["method"] == BehaviourMethod.code for each in cycle.configuration["components"]):
        return pd.DataFrame(columns=list(INCIDENT_COLUMNS))
    return copy_out(
        """
        SELECT incident.employee_id, incident.id AS incident_id, incident.happened_on, behaviour.code AS behaviour,
            strength.code AS strength, incident.is_good, (%(last)s::date - incident.happened_on) AS age
        FROM reviews_incident AS incident
        JOIN reviews_behaviourversion AS version ON version.id = incident.behaviour_version_id
        JOIN reviews_behaviour AS behaviour ON behaviour.id = version.behaviour_id
        JOIN reviews_incidentstrength AS strength ON strength.id = incident.strength_id
        WHERE incident.employee_id = ANY(%(people)s) AND incident.happened_on BETWEEN %(first)s AND %(last)s
            AND incident.noted_at < coalesce(%(released)s, 'infinity'::timestamptz)
            AND NOT EXISTS (
                SELECT FROM reviews_incidentwithdrawal AS withdrawal WHERE withdrawal.incident_id = incident.id
            )
        ORDER BY incident.employee_id, incident.happened_on, incident.id
        """,
        {
            "people": employee_ids,
            "first": cycle.first_day,
            "last": cycle.last_day,
            "released": cycle.released_at,
        },
    )


def _adjustments(cycle: Cycle, order: Any) -> pd.DataFrame:
    table = ResultAdjustment._meta.db_table
    frame = copy_out(
        f"SELECT id, employee_id, kind, rating, points, item, reverses_id FROM {table} WHERE cycle_id = %s ORDER BY id",  # noqa: S608
        [cycle.pk],
    )
    return frame[frame["employee_id"].isin(order)]
