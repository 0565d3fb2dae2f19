"""The 360 of one person, from what was published: group aggregates, and texts that belong to nobody."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from reviews.methods.multisource import (
    GROUP,
    MERGED,
    NAMED,
    SELF,
    members_of,
    unit_weight,
)
from reviews.models import ComponentScore, Cycle, Participant, Result, ScoreLine, VoiceComment
from scoring.multisource import within_group_agreement

# A gap below this, in points of 100, is talk; half a level of five is 10.
GAP = 10.0
# Above and below the middle of the items, for what stands out.
STRONG, WEAK = 75.0, 60.0
AGREE, SPLIT = 0.7, 0.3
OPEN_AREA, BLIND_SPOT, HIDDEN_STRENGTH, KNOWN_WEAKNESS = "open", "blind", "hidden", "known"


@dataclass(frozen=True)
class ItemView:
    """One item as oneself and as the others see it; None where nobody may know."""

    code: str
    own: float | None
    others: float | None
    by_unit: dict[str, float | None]

    @property
    def gap(self) -> float | None:
        return None if self.own is None or self.others is None else round(self.own - self.others, 6)

    @property
    def quadrant(self) -> str:
        """Johari's window, in the product's words: where both agree, one thinks better, or the others do."""
        if self.gap is None:
            return ""
        if self.gap >= GAP:
            return BLIND_SPOT
        if self.gap <= -GAP:
            return HIDDEN_STRENGTH
        return (
            OPEN_AREA if (self.others or 0) >= STRONG else KNOWN_WEAKNESS if (self.others or 0) < WEAK else ""
        )


@dataclass
class VoiceReport:
    component: dict[str, Any]
    score: float | None
    standard_error: float | None
    units: list[dict[str, Any]]
    items: list[ItemView]
    comments: dict[str, dict[str, list[str]]] = field(default_factory=dict)  # {question: {unit: texts}}

    @property
    def strengths(self) -> list[ItemView]:
        """What the others see as the best: at most three, and of few items not more than half, so that something is
        left to grow in."""
        told = [each for each in self.items if each.others is not None]
        strong = [each for each in told if (each.others or 0) >= STRONG]
        return sorted(strong, key=lambda each: -(each.others or 0))[: min(3, -(-len(told) // 2))]

    @property
    def growth(self) -> list[ItemView]:
        best = {each.code for each in self.strengths}
        told = [each for each in self.items if each.others is not None and each.code not in best]
        return sorted(told, key=lambda each: each.others or 0)[:3]


def voice_units(component: dict[str, Any], lines: Sequence[ScoreLine]) -> list[dict[str, Any]]:
    """What may be told of each unit: {unit, groups, n, score, weight, effective_weight, standard_error, agreement,
    items [{item, points, n}]}. `agreement` follows from the standard error and n, both of which stand here."""
    heads = [line for line in lines if line.rule in (GROUP, MERGED)]
    told: dict[str, list[ScoreLine]] = defaultdict(list)
    for line in lines:
        unit, colon, _item = line.subject.partition(":")
        if colon:
            told[unit].append(line)
    total = sum(unit_weight(component, head.subject) for head in heads)
    points = [float(level["points"]) for level in component["levels"]]
    return [
        {
            "unit": head.subject,
            "groups": members_of(head.subject),
            "n": head.n,
            "score": head.points,
            "weight": head.weight,
            "effective_weight": round(100 * head.weight / total, 6) if total else 0.0,
            "standard_error": head.standard_error,
            "agreement": _agreement(head, points),
            "items": [
                {"item": line.subject.partition(":")[2], "points": line.points, "n": line.n}
                for line in told[head.subject]
            ],
        }
        for head in heads
    ]


def _agreement(head: ScoreLine, points: list[float]) -> float | None:
    if head.standard_error is None or head.subject in NAMED:
        return None
    found = float(within_group_agreement(head.standard_error * np.sqrt(head.n), points))
    return None if np.isnan(found) else round(found, 6)


def voice_report(result: Result, cycle: Cycle, component: dict[str, Any]) -> VoiceReport:
    """Of a result that the reader may see (reviews.selectors.results.get_result_for); four queries."""
    code = component["code"]
    score = ComponentScore.objects.filter(
        run=result.run_id, employee_id=result.employee_id, component=code
    ).first()
    lines = list(
        ScoreLine.objects.filter(run=result.run_id, employee_id=result.employee_id, component=code).order_by(
            "number"
        )
    )
    units = voice_units(component, lines)
    participant = Participant.objects.filter(cycle=cycle, employee=result.employee_id).first()
    return VoiceReport(
        component=component,
        score=score.score if score else None,
        standard_error=score.standard_error if score else None,
        units=units,
        items=[_item(each["code"], units) for each in component["items"]],
        comments=_comments(participant, component, {each["unit"] for each in units}) if participant else {},
    )


def _item(code: str, units: list[dict[str, Any]]) -> ItemView:
    by_unit = {
        each["unit"]: next((item["points"] for item in each["items"] if item["item"] == code), None)
        for each in units
    }
    others = [
        (float(each["weight"]), float(points))
        for each in units
        if each["unit"] != SELF and (points := by_unit[each["unit"]]) is not None
    ]
    if not any(weight for weight, _points in others):
        others = [(1.0, points) for _weight, points in others]  # none weighs anything; then they count alike
    total = sum(weight for weight, _points in others)
    told = round(sum(weight * points for weight, points in others) / total, 6) if others else None
    return ItemView(code, by_unit.get(SELF), told, by_unit)


def _comments(
    participant: Participant, component: dict[str, Any], units: set[str]
) -> dict[str, dict[str, list[str]]]:
    """In the order of their random ids, which says nothing; only of units that are reported."""
    found: dict[str, dict[str, list[str]]] = {}
    rows = (
        VoiceComment.objects.filter(
            participant=participant, round__component=component["code"], unit__in=units
        )
        .order_by("id")
        .values_list("question", "unit", "text")
    )
    for question, unit, text in rows:
        found.setdefault(question, {}).setdefault(unit, []).append(text)
    return found
