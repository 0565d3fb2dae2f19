"""Whom a person is compared with, and where the person stands among them: pure computation over whole cohorts.

The overall score and the method `ranking` say the same of a place: rank, percentile, an interval of ranks within which
nobody can be told apart, and one of five words against the cohort's mean. What one person's explanation keeps of the
others are counts and a mean, and `standing_again` makes the same answer of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from reviews.methods.base import Floats, or_none
from scoring.composite import stored
from scoring.ranking import WORDS, against_mean, mean_error, percentile, rank, rank_interval

COHORTS = ("cycle", "team", "site", "job", "grade", "queue")
COLUMNS = {"team": "team_id", "site": "site_id", "job": "job_id", "grade": "grade", "queue": "queue"}
# Everyone against everyone costs the square of a cohort: above this many people no interval of ranks is computed.
INTERVAL_LIMIT = 5000
LEVEL = 0.95


def keys_of(kind: str, people: pd.DataFrame) -> list[Any]:
    """The cohort of each person: an id, or a text for grade and queue; None for one who is in none, without a site, a
    grade or a queue. Everyone is 0 in the cohort of the whole cycle.

    people   columns of COLUMNS, those that `kind` asks for
    """
    if kind == "cycle":
        return [0] * len(people)
    column = people[COLUMNS[kind]]
    if kind in ("grade", "queue"):
        return [None if pd.isna(value) or value == "" else value for value in column]
    return [None if pd.isna(value) else int(value) for value in column]


def cohort_labels(kind: str, people: pd.DataFrame) -> list[str]:
    """The same as a text that names the kind, as it is stored; "" for no cohort."""
    return ["" if key is None else f"{kind}:{key}" for key in keys_of(kind, people)]


def word_of(step: int) -> str:
    """The code of one of the five words: 2 is significantly_above, -2 significantly_below."""
    return WORDS[2 - int(step)]


STANDING_COLUMNS = (
    "rank",
    "percentile",
    "size",
    "above",
    "equal",
    "apart_above",
    "apart_below",
    "mean",
    "mean_error",
    "word",
)


def standings(values: Floats, errors: Floats, cohorts: Sequence[str]) -> pd.DataFrame:
    """STANDING_COLUMNS of each person, as stored, in the order given.

    values    shape (people,), higher is better; nan: no place, and nobody is compared with it
    errors    shape (people,); nan: unknown
    cohorts   keys; "" is no cohort

    size counts those of the cohort who have a value. apart_above and apart_below count those who can be told apart from
    this person; nan where the cohort is too large for that (INTERVAL_LIMIT) or no error is known at all: an order
    without known errors says nothing of how sure it is.
    """
    frame = pd.DataFrame({"value": values, "error": errors, "cohort": list(cohorts)})
    answer = pd.DataFrame(np.nan, index=frame.index, columns=list(STANDING_COLUMNS[:-1]))
    answer["size"] = 0.0
    answer["word"] = ""
    for key, group in frame.groupby("cohort", sort=False):
        value = group["value"].to_numpy(dtype=np.float64)
        present = ~np.isnan(value)
        if not key or not present.any():
            continue
        size = int(present.sum())
        answer.loc[group.index, "size"] = size
        rows, value = group.index[present], value[present]
        error = group["error"].to_numpy(dtype=np.float64)[present]
        mean, of_mean = stored([value.mean()])[0], stored([mean_error(error)])[0]
        share = percentile(value)
        steps = against_mean(value, error, share, mean=mean, error_of_mean=of_mean, size=size, level=LEVEL)
        places = rank(value)
        answer.loc[rows, "rank"] = places
        answer.loc[rows, "percentile"] = stored(share)
        answer.loc[rows, "above"] = places - 1
        answer.loc[rows, "equal"] = rank(value, ties="max") - places + 1
        answer.loc[rows, "mean"] = mean
        answer.loc[rows, "mean_error"] = of_mean
        answer.loc[rows, "word"] = [word_of(step) for step in steps] if size > 1 else ""
        if size <= INTERVAL_LIMIT and not np.isnan(error).all():
            low, high = rank_interval(value, error, level=LEVEL)
            answer.loc[rows, "apart_above"] = low - 1
            answer.loc[rows, "apart_below"] = size - high
    return answer


def standing_again(value: float, error: float, cohort: Mapping[str, Any] | None) -> dict[str, Any]:
    """{rank, percentile, rank_low, rank_high, word} of one person from what an explanation says of the cohort.

    cohort   size, above, equal, apart_above, apart_below, mean, mean_error; None for what is not known,
             and None where ranks are not shown
    """
    nothing = {"rank": None, "percentile": None, "rank_low": None, "rank_high": None, "word": ""}
    if cohort is None or not cohort["size"] or np.isnan(value):
        return nothing
    size, above, equal = int(cohort["size"]), int(cohort["above"] or 0), int(cohort["equal"] or 0)
    # As in scoring.ranking.percentile: the middle of the places that the equals share.
    below = size - above - equal
    share = (below + (equal + 1) / 2 - 0.5) / size
    [step] = against_mean(
        [value],
        [error],
        [share],
        mean=cohort["mean"],
        error_of_mean=np.nan if cohort["mean_error"] is None else cohort["mean_error"],
        size=size,
        level=LEVEL,
    )
    told = cohort["apart_above"] is not None
    return {
        "rank": above + 1,
        "percentile": or_none(stored([share])[0]),
        "rank_low": int(cohort["apart_above"]) + 1 if told else None,
        "rank_high": size - int(cohort["apart_below"]) if told else None,
        "word": word_of(step) if size > 1 else "",
    }
