"""Steps of lines into the table that keeps them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

import pandas as pd

from foundation.bulk import array_literal, constant, copy_in
from incentives.models import PayoutRun, PayoutStepSet
from incentives.steps.engine import StepAnswer

_TO_JSON = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
COLUMNS = ["employee_id", "first", "kinds", "inputs", "factors", "amounts"]


class StepsOf(NamedTuple):
    """One person's steps, numbered without a gap from whatever the first one's number is."""

    employee_id: int
    steps: Sequence[StepAnswer]


def store_steps(payout_run: PayoutRun, people: Iterable[StepsOf]) -> int:
    """The answer is how many people have any. A person's steps from one number on are stored once; who writes others in
    their place removes them before."""
    rows = [
        (
            person.employee_id,
            person.steps[0].number,
            _kinds(tuple(step.kind for step in person.steps)),
            _TO_JSON([step.inputs for step in person.steps]),
            # Numbers need no quotes, and str() of a Decimal is a number that PostgreSQL reads digit for digit.
            "{"
            + ",".join("NULL" if step.factor is None else str(step.factor) for step in person.steps)
            + "}",
            "{" + ",".join(str(step.amount) for step in person.steps) + "}",
        )
        for person in people
        if person.steps
    ]
    if not rows:
        return 0
    frame = pd.DataFrame(rows, columns=COLUMNS)
    return copy_in(
        PayoutStepSet._meta.db_table, frame.assign(payout_run_id=constant(payout_run.pk, len(frame)))
    )


@lru_cache(maxsize=64)
def _kinds(kinds: tuple[str, ...]) -> str:
    return array_literal(kinds)
