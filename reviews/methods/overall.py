"""From component scores to the overall score and its rank among the cohort: pure computation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from reviews.methods.base import Floats
from reviews.methods.cohorts import keys_of
from scoring.composite import combined_standard_error, effective_weights, stored, weighted_mean

SCORED, HELD_BACK, NO_DATA = "scored", "held_back", "no_data"
POINTS, RATING, BREACH = "points", "rating", "breach"
# The reserved component code of lines that belong to the overall score.
OVERALL = "overall"


def declared_weights(configuration: Mapping[str, Any]) -> Floats:
    return np.array([float(component["weight"]) for component in configuration["components"]])


def component_weights(scores: Floats, configuration: Mapping[str, Any]) -> Floats:
    """Effective weights in percent, as stored; shape (people, components), 0 where there is no overall score."""
    share = effective_weights(
        np.ascontiguousarray(scores),
        declared_weights(configuration),
        missing=configuration["missing_component"],
    )
    return stored(np.nan_to_num(share * 100.0))


def overall_scores(
    scores: Floats, errors: Floats, points: Floats, configuration: Mapping[str, Any]
) -> tuple[Floats, Floats, list[str]]:
    """(score, standard error, state) of each person, as stored.

    scores, errors   shape (people, components), nan for none
    points           shape (people,), the sum of bonus and penalty points; 0 for none
    Missing rule     the cycle's missing_component. A component without a known error (a judgement) is taken as exact:
                     the error speaks of the sampling of measured KPIs only.
    The score is not negative: a penalty stops at zero.
    """
    # One memory order for one person and for all: a sum in another order may differ in its last digit.
    values = np.ascontiguousarray(scores, dtype=np.float64)
    weights, missing = declared_weights(configuration), configuration["missing_component"]
    base = np.atleast_1d(weighted_mean(values, weights, missing=missing))
    score = stored(np.maximum(base + points, 0.0))
    share = effective_weights(values, weights, missing=missing)
    known = np.ascontiguousarray(errors, dtype=np.float64)
    error = stored(combined_standard_error(known, np.nan_to_num(share), unknown="exact"))
    error = np.where(np.isnan(score), np.nan, error)
    nothing = np.isnan(values).all(axis=1)
    state = np.where(~np.isnan(score), SCORED, np.where(nothing, NO_DATA, HELD_BACK))
    return score, error, [str(value) for value in state]


def cohort_keys(configuration: Mapping[str, Any], people: pd.DataFrame) -> list[Any]:
    """Whom each person is ranked among: an id, or a text for grade and queue; None for who belongs to no cohort.

    people   the columns that its kind asks for: team_id, site_id, job_id, grade, queue
    """
    return keys_of(configuration.get("cohort", "cycle"), people)
