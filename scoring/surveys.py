"""Figures from questionnaires that customers answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scoring.arrays import whole
from scoring.errors import InvalidInput, NoAnswers


def net_promoter_score(counts: Any) -> float:
    """Net Promoter Score from the answers to "how likely are you to recommend us?".

    counts   how often each answer from 0 to 10 was given: eleven counts in that order, or a mapping {answer:
             count} in which absent answers were given by nobody
    returns  float from -100 to 100

    Formula   100 x (answers 9 and 10 - answers 0 to 6) / all answers
    Errors    NoAnswers when nobody answered; InvalidInput for a wrong length or counts that are not whole.
    Source    Reichheld, Harvard Business Review, December 2003.
    """
    if isinstance(counts, Mapping):
        unknown = [answer for answer in counts if answer not in range(11)]
        if unknown:
            raise InvalidInput("out_of_range", name="counts", found=unknown[0], low=0, high=10)
        counts = [counts.get(answer, 0) for answer in range(11)]
    answers = whole(counts, "counts", ndim=1)
    if len(answers) != 11:
        raise InvalidInput("shape", name="counts", found=str(answers.shape), expected="(11,)")
    total = int(answers.sum())
    if total == 0:
        raise NoAnswers()
    return 100.0 * (int(answers[9:].sum()) - int(answers[:7].sum())) / total
