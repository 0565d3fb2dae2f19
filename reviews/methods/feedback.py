"""The rules of feedback and of appeals: what counts as weak, what has to be said before a release, how long people
have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from foundation.documents import Path, Problems
from reviews.methods.base import Component

#: Methods whose score is the weighted mean of their lines: each line is a part of its own, and can be set by an appeal.
BY_LINES = ("kpi", "rating_scale", "bars")

FEEDBACK_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "required": {"type": "boolean"},
        "weak_below": {"type": "number", "minimum": 0, "maximum": 200},
        "strong_from": {"type": "number", "minimum": 0, "maximum": 200},
        "most": {"type": "integer", "minimum": 1, "maximum": 10},
    },
}
APPEAL_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "days": {"type": "integer", "minimum": 1, "maximum": 90},
        "answer_days": {"type": "integer", "minimum": 1, "maximum": 90},
    },
}


@dataclass(frozen=True)
class FeedbackRule:
    """required    whether a person's release waits for a suggestion to each weak point
    weak_below  points at target scale under which a part is weak
    strong_from points from which it is a strength
    most        of the weak ones, those that cost most; the same number of strengths is shown
    """

    required: bool = False
    weak_below: float = 80.0
    strong_from: float = 100.0
    most: int = 3


@dataclass(frozen=True)
class AppealRule:
    """days from the own release to object, and days from the objection to answer it; calendar days, both ends open."""

    days: int = 10
    answer_days: int = 10


def feedback_rule(configuration: Mapping[str, Any]) -> FeedbackRule:
    """A cycle without the block asks for no feedback, and still has a rule by which its page suggests points."""
    return FeedbackRule(**(configuration.get("feedback") or {}))


def appeal_rule(configuration: Mapping[str, Any]) -> AppealRule:
    return AppealRule(**(configuration.get("appeal") or {}))


def check_feedback(document: Mapping[str, Any], *, problems: Problems, path: Path) -> None:
    rule = FeedbackRule(**document)
    if rule.strong_from < rule.weak_below:
        problems.add((*path, "strong_from"), "feedback_strong_below_weak")


@dataclass(frozen=True)
class Part:
    """What can be weak or strong: a line of a component, or a component that has no lines of its own (subject "").

    share is its part of the overall score in percent, as declared.
    """

    component: str
    subject: str
    share: float


def parts_of(configuration: Mapping[str, Any]) -> list[Part]:
    """Lines of KPIs and judged items; of every other method the component as a whole."""
    found = []
    for component in configuration.get("components", []):
        entries = lines_of(component) if component["method"] in BY_LINES else []
        if not entries:
            found.append(Part(component["code"], "", float(component["weight"])))
        for code, weight in entries:
            found.append(Part(component["code"], code, float(component["weight"]) * weight / 100))
    return found


def lines_of(component: Component) -> list[tuple[str, float]]:
    """(code, weight) of the entries whose points are averaged to the component's score."""
    return [
        (str(entry.get("kpi") or entry.get("code")), float(entry["weight"]))
        for entry in component.get("kpis") or component.get("items") or []
        if "weight" in entry and (entry.get("kpi") or entry.get("code"))
    ]
