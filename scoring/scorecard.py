"""Balanced scorecard: perspectives combined by weights, typed or derived from pairwise judgements (AHP)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from scoring.arrays import Floats, exact
from scoring.errors import InvalidInput, NotReciprocal
from scoring.objectives import weighted

# Mean consistency index of random reciprocal matrices (Saaty); index = number of things compared.
_RANDOM_INDEX = (0.0, 0.0, 0.0, 0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49)
# Reciprocals typed as decimals: 0.33 for 1/3 is accepted, 0.3 is not.
_RECIPROCAL_TOLERANCE = 0.025


def combine(scores: Any, weights: Any) -> float:
    """The score of a card from the scores of its perspectives.

    scores, weights   one per perspective: two sequences, or two mappings by name; weights of any scale
    returns           float in the unit of the scores

    Formula   sum(w s) / sum(w)
    Missing   nan leaves its weight to the other perspectives.
    Errors    NothingScored when no perspective with a weight has a score; InvalidInput as for
              `objectives.score`.
    Source    Kaplan and Norton, The Balanced Scorecard (1996).
    """
    return weighted(scores, weights, "scores")


def ahp_weights(matrix: Any) -> tuple[Floats, float]:
    """Weights from pairwise judgements of importance, and how consistent they are.

    matrix   square; entry (i, j) says how many times as important i is as j (Saaty's 1-9); numbers, or texts
             such as "1/3"
    returns  (weights adding up to 1, consistency ratio); a ratio up to 0.10 is usually accepted

    Formula   weights: principal eigenvector; ratio = (lambda_max - n) / (n - 1) / RI(n), 0 for one or two
              things. RI from Saaty's table up to n = 10, beyond it lambda_max - n over 1.7699 n - 4.3513
              (Alonso and Lamata's line for the mean lambda_max of random matrices).
    Errors    NotReciprocal with row and column (from 1); InvalidInput when it is not square or not positive.
    Source    Saaty, "Decision making with the analytic hierarchy process", Int. J. Services Sciences 1
              (2008); Alonso and Lamata, Int. J. Uncertainty, Fuzziness and Knowledge-Based Systems 14 (2006).
    """
    judgements = _judgements(matrix)
    n = len(judgements)
    values, vectors = np.linalg.eig(judgements)
    principal = int(np.argmax(values.real))
    vector = np.abs(vectors[:, principal].real)
    weights = vector / vector.sum()
    excess = max(0.0, float(values[principal].real) - n)
    if n <= 2:
        return weights, 0.0
    scale = (n - 1) * _RANDOM_INDEX[n] if n < len(_RANDOM_INDEX) else 1.7699 * n - 4.3513
    return weights, excess / scale


def least_consistent_pair(matrix: Any) -> tuple[int, int, float]:
    """The judgement that fits the others worst: (i, j, the value that the weights imply for i over j).

    i < j by position; (0, 0, 1.0) for a single thing. The pair with the largest |log(entry x w_j / w_i)|.
    Errors   as for `ahp_weights`
    Source   Saaty's advice on where to revise a matrix.
    """
    judgements = _judgements(matrix)
    weights = ahp_weights(matrix)[0]
    implied = weights[:, None] / weights[None, :]
    distance = np.triu(np.abs(np.log(judgements / implied)), k=1)
    i, j = np.unravel_index(int(np.argmax(distance)), distance.shape)
    return int(i), int(j), float(implied[i, j])


def _judgements(matrix: Sequence[Sequence[Any]]) -> Floats:
    rows = [[float(exact(entry, "matrix")) for entry in row] for row in matrix]
    if not rows or any(len(row) != len(rows) for row in rows):
        found = f"{len(rows)} rows of {sorted({len(row) for row in rows})}"
        raise InvalidInput("shape", name="matrix", found=found, expected="as many columns as rows")
    judgements = np.array(rows)
    if (judgements <= 0).any():
        raise InvalidInput("out_of_range", name="matrix", found=float(judgements.min()), low=0, high=9)
    product = np.abs(judgements * judgements.T - 1.0)
    wrong = np.argwhere(product > _RECIPROCAL_TOLERANCE)
    if len(wrong):
        raise NotReciprocal(row=int(wrong[0, 0]) + 1, column=int(wrong[0, 1]) + 1)
    return judgements
