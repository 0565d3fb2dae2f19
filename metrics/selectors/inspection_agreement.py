"""How far two inspectors who scored the same call agree. Only pairs count in which both have submitted, so that no
number tells an inspector anything about a call that is still to be scored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db.models import Q

from metrics.models import Inspection, InspectionForm, InspectionScore
from people.models import User
from scoring.agreement import icc, krippendorff_alpha
from scoring.errors import ScoringError

READERS = ("hr", "auditor", "inspector")
#: Fewer pairs than this say nothing.
ENOUGH = 10


@dataclass(frozen=True)
class ItemAgreement:
    """One item: pairs in which both gave an answer, how many gave the same, and alpha where it has a value.

    verdict   good (alpha >= 0.8), fair (>= 0.667), poor, too_few, or alike (everybody answered the same)
    """

    code: str
    name: dict[str, str]
    is_fatal: bool
    pairs: int
    equal: int
    alpha: float | None
    verdict: str

    @property
    def equal_share(self) -> float | None:
        return self.equal / self.pairs if self.pairs else None


@dataclass(frozen=True)
class Agreement:
    """verdict of the scores by ICC1: excellent (>= 0.9), good (>= 0.75), fair (>= 0.5), poor, too_few, alike."""

    form: InspectionForm
    pairs: int
    waiting: int
    mean_difference: float | None
    icc: float | None
    verdict: str
    items: list[ItemAgreement]

    @property
    def missing(self) -> int:
        """Pairs to go until something can be said."""
        return max(0, ENOUGH - self.pairs)


def agreement_of(user: User, form: InspectionForm) -> Agreement:
    """Over all versions of the form; items are compared by code. Four queries. For `user` in READERS; an inspector
    sees how all agree together, never who disagreed with whom."""
    rows = Inspection.objects.filter(form_version__form=form, position=2).values_list("sample", "external_id")
    firsts, seconds = _scores(form, 1), _scores(form, 2)
    both = sorted(set(firsts) & set(seconds))
    pairs = [(firsts[key], seconds[key]) for key in both]
    differences = [abs(first.score - second.score) for first, second in pairs]
    value, verdict = _icc([(first.score, second.score) for first, second in pairs])
    latest = max(form.versions.all(), key=lambda version: version.number)
    entries = [*((item, False) for item in latest.items), *((error, True) for error in latest.fatal_errors)]
    return Agreement(
        form=form,
        pairs=len(pairs),
        waiting=rows.count() - len(pairs),
        mean_difference=float(np.round(np.mean(differences), 6)) if differences else None,
        icc=value,
        verdict=verdict,
        items=[_item(entry, is_fatal, pairs) for entry, is_fatal in entries],
    )


def _scores(form: InspectionForm, position: int) -> dict[tuple[int, str], InspectionScore]:
    """The first score of each doubly scored call: what a dispute made of it later is not what the inspector saw."""
    doubled = Inspection.objects.filter(form_version__form=form, position=2).values(
        "sample_id", "external_id"
    )
    found = (
        InspectionScore.objects.filter(
            inspection__form_version__form=form, inspection__position=position, number=1
        )
        .filter(
            Q(inspection__sample__in=doubled.values("sample_id")),
            inspection__external_id__in=doubled.values("external_id"),
        )
        .select_related("inspection")
    )
    return {(score.inspection.sample_id, score.inspection.external_id): score for score in found}


def _item(
    entry: dict[str, Any], is_fatal: bool, pairs: Sequence[tuple[InspectionScore, InspectionScore]]
) -> ItemAgreement:
    code = entry["code"]
    both = []
    for first, second in pairs:
        mine, theirs = (_answer(each, code, is_fatal) for each in (first, second))
        if mine and theirs:
            both.append((mine, theirs))
    equal = sum(mine == theirs for mine, theirs in both)
    alpha, verdict = _alpha(entry, is_fatal, both)
    return ItemAgreement(code, entry["name"], is_fatal, len(both), equal, alpha, verdict)


def _answer(score: InspectionScore, code: str, is_fatal: bool) -> str:
    found = str(score.answers.get(code, {}).get("answer") or "")
    # A fatal error that nobody ticked was not found.
    return found or ("no" if is_fatal else "")


_ORDER = {"no": 0.0, "partly": 1.0, "yes": 2.0}


def _alpha(
    entry: dict[str, Any], is_fatal: bool, both: Sequence[tuple[str, str]]
) -> tuple[float | None, str]:
    """Ordinal where the answers have an order, else nominal; where one of the two said that it does not apply there is
    nothing to place on the order, and the pair only counts as unequal."""
    ordered = not is_fatal and entry.get("answers") in ("scale", "yes_partly_no")
    placed = [(_place(mine), _place(theirs)) for mine, theirs in both if "na" not in (mine, theirs)]
    if len(placed) < ENOUGH:
        return None, "too_few"
    try:
        alpha = krippendorff_alpha(np.array(placed).T, "ordinal" if ordered else "nominal")
    except ScoringError:
        return None, "alike"
    return round(alpha, 6), "good" if alpha >= 0.8 else "fair" if alpha >= 0.667 else "poor"


def _place(answer: str) -> float:
    return _ORDER[answer] if answer in _ORDER else float(answer)


def _icc(scores: Sequence[tuple[float, float]]) -> tuple[float | None, str]:
    """ICC1: whoever happens to inspect a call is one of many."""
    if len(scores) < ENOUGH:
        return None, "too_few"
    try:
        value = icc(np.array(scores))["ICC1"]
    except ScoringError:
        value = None
    if value is None:
        return None, "alike"
    words = ((0.9, "excellent"), (0.75, "good"), (0.5, "fair"))
    return round(value, 6), next((word for least, word in words if value >= least), "poor")
