"""Lines of the explanation into the table that keeps them."""

from __future__ import annotations

import pandas as pd

from foundation.bulk import constant, copy_in, gathered
from foundation.runs.models import Run
from reviews.models import ScoreLineSet

# By column of reviews.methods.base.LINE_COLUMNS; the number of a line is its place.
_KEPT = {
    "subject": "subjects",
    "value": "values",
    "target": "targets",
    "weight": "weights",
    "attainment": "attainments",
    "points": "points",
    "n": "samples",
    "standard_error": "standard_errors",
    "rule": "rules",
}


def store_lines(run: Run, lines: pd.DataFrame) -> int:
    """Lines of one or more components; the answer is how many people and components had any.

    lines   LINE_COLUMNS, one row per person and line, numbered 1, 2, ... within a person's component; of value, target,
            attainment, points and standard_error a column may be missing. All lines of a component at once: its row
            stands afterwards and takes no more.
    """
    ordered = lines.sort_values(["employee_id", "component", "number"], kind="stable", ignore_index=True)
    absent = {name: float("nan") for name in _KEPT if name not in ordered}
    kept = gathered(ordered.assign(**absent), ["employee_id", "component"], list(_KEPT))
    return copy_in(
        ScoreLineSet._meta.db_table, kept.rename(columns=_KEPT).assign(run_id=constant(run.pk, len(kept)))
    )
