"""Weights from judging pairs of importance (AHP), as a configuration states them: how they are checked and read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from foundation.documents import Path, Problems
from scoring.apportion import largest_remainder
from scoring.arrays import exact
from scoring.errors import NotReciprocal
from scoring.scorecard import ahp_weights, least_consistent_pair

#: Up to this ratio Saaty calls judgements consistent enough.
ACCEPTED_RATIO = 0.1
#: Derived weights have two decimals and add up to exactly 100.
PARTS = 10_000
# Never a text with an exponent: it would be a number of as many digits.
ENTRY = re.compile(r"(\d{1,2}(\.\d{1,6})?|\d?\.\d{1,6}|1/\d(\.\d{1,6})?)")
LOWEST, HIGHEST = 1 / 9.5, 9.0

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["matrix"],
    "additionalProperties": False,
    "properties": {
        "matrix": {
            "type": "array",
            "minItems": 2,
            "maxItems": 9,
            "items": {
                "type": "array",
                "minItems": 2,
                "maxItems": 9,
                "items": {"type": ["number", "string"], "maxLength": 12},
            },
        },
        "accepted": {"type": "boolean"},
    },
}


@dataclass(frozen=True)
class Judged:
    """weights in per cent; first and second are the positions of the pair that fits the others worst, stated what was
    judged of it and implied what the other judgements say."""

    weights: list[float]
    ratio: float
    first: int
    second: int
    stated: float
    implied: float

    @property
    def is_consistent(self) -> bool:
        return self.ratio <= ACCEPTED_RATIO


def judged(matrix: Sequence[Sequence[Any]]) -> Judged:
    """What a matrix that passed `check_ahp` says."""
    weights, ratio = ahp_weights(matrix)
    first, second, implied = least_consistent_pair(matrix)
    parts = largest_remainder([float(weight) for weight in weights], PARTS)
    return Judged(
        weights=[whole(part) for part in parts],
        ratio=round(float(ratio), 6),
        first=first,
        second=second,
        stated=float(exact(matrix[first][second], "matrix")),
        implied=round(implied, 6),
    )


def whole(part: int) -> float:
    """Hundredths of a per cent as people write them: 25 rather than 25.0."""
    return part // 100 if part % 100 == 0 else part / 100


def check_ahp(
    ahp: dict[str, Any], names: Sequence[str], *, problems: Problems, path: Path, complete: bool
) -> bool:
    """True when weights can be derived. names: of what is compared, in order.

    Judgements that contradict one another more than Saaty accepts are kept; a launch asks that somebody has looked at
    the pair and accepted them.
    """
    matrix = ahp["matrix"]
    here = (*path, "matrix")
    if len(matrix) != len(names) or any(len(row) != len(names) for row in matrix):
        problems.add(here, "ahp_shape", count=len(names))
        return False
    wrong = [
        (row, column)
        for row, entries in enumerate(matrix)
        for column, entry in enumerate(entries)
        if not _fits(entry)
    ]
    for row, column in wrong:
        problems.add((*here, row, column), "ahp_entry", first=names[row], second=names[column])
    if wrong:
        return False
    try:
        found = judged(matrix)
    except NotReciprocal as error:
        row, column = sorted((error.params["row"] - 1, error.params["column"] - 1))
        problems.add((*here, row, column), "ahp_not_reciprocal", first=names[row], second=names[column])
        return False
    if complete and not found.is_consistent and not ahp.get("accepted"):
        problems.add(
            here,
            "ahp_inconsistent",
            ratio=f"{found.ratio:.2f}",
            first=names[found.first],
            second=names[found.second],
        )
    return True


def _fits(entry: Any) -> bool:
    if isinstance(entry, bool):
        return False
    if isinstance(entry, str) and not ENTRY.fullmatch(entry):
        return False
    if isinstance(entry, str) and entry.startswith("1/") and float(entry[2:]) == 0:
        return False
    value = float(exact(entry, "matrix")) if isinstance(entry, str) else float(entry)
    return LOWEST <= value <= HIGHEST


def mirrored(above: dict[tuple[int, int], int], size: int) -> list[list[Any]]:
    """The whole matrix from the judgements above its diagonal: {(i, j): 1 to 9, or -2 to -9 where j counts more}."""
    matrix: list[list[Any]] = [[1] * size for _row in range(size)]
    for (row, column), step in above.items():
        if step >= 1:
            matrix[row][column], matrix[column][row] = step, 1 if step == 1 else f"1/{step}"
        else:
            matrix[row][column], matrix[column][row] = f"1/{-step}", -step
    return matrix


def step_of(entry: Any) -> int:
    """The nearest step of Saaty's scale: 3 for 3, -3 for "1/3" or 0.33."""
    value = float(exact(entry, "matrix"))
    return (
        max(1, min(9, round(value)))
        if value >= 1
        else -max(2, min(9, round(1 / value)))
        if value < 0.75
        else 1
    )
