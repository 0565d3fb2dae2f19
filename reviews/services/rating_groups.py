"""Ratings of everyone in a run, and the groups that gave them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from foundation.runs.models import Run
from people.models import Team
from reviews.methods.base import Floats
from reviews.methods.overall import cohort_keys
from reviews.methods.rating_rule import CUTOFFS, Rated, rate, rule_of
from reviews.models import RatingGroup


def rate_everyone(run: Run, configuration: Mapping[str, Any], people: pd.DataFrame, scores: Floats) -> Rated:
    """Ratings by the cycle's rule; the groups are stored with the run. People are ordered by employee id."""
    rated = rating_of(configuration, people, scores)
    RatingGroup.objects.bulk_create(
        [
            RatingGroup(
                run=run,
                number=group.number,
                key=group.key,
                outcome=group.outcome,
                into=group.into,
                size=group.size,
                counted=group.counted,
                bands=group.bands,
            )
            for group in rated.groups
        ],
        batch_size=2000,
    )
    return rated


def rating_of(configuration: Mapping[str, Any], people: pd.DataFrame, scores: Floats) -> Rated:
    """people has the columns that cohort_keys reads, and days_in_role; two queries at most."""
    rule = rule_of(configuration)
    if rule["by"] == CUTOFFS:
        return rate(scores, configuration)
    return rate(
        scores,
        configuration,
        # Those without a grade, a site or a queue are a group of their own: everyone has a rating.
        keys=[
            "" if key is None else key
            for key in cohort_keys({**configuration, "cohort": rule["cohort"]}, people)
        ],
        parents=dict(Team.objects.values_list("pk", "parent_id")) if rule["cohort"] == "team" else None,
        seniority=people["days_in_role"].to_numpy(dtype=np.float64),
    )
