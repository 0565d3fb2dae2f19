"""Inspections in the reader's words: answers, what a line of a score is worth, how well inspectors agree."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from foundation.interface.wording import number
from metrics.models import InspectionFormVersion
from metrics.services.inspection_content import NO, NOT_APPLICABLE, PARTLY_DONE, SCALE, YES, answers_of
from metrics.services.inspections import Answers, compute, given


def text_of(names: Mapping[str, str] | None) -> str:
    """{zh, en} in the reader's language, falling back to the other."""
    names = names or {}
    first, second = ("zh", "en") if (get_language() or "").startswith("zh") else ("en", "zh")
    return str(names.get(first) or names.get(second) or "")


def answer_text(answer: str) -> str:
    """Yes, partly, no, does not apply, or the level of a scale."""
    words = {YES: _("Yes"), PARTLY_DONE: _("Partly"), NO: _("No"), NOT_APPLICABLE: _("Does not apply")}
    return words.get(answer, answer)


def kind_text(item: Mapping[str, Any]) -> str:
    """How an item is answered."""
    found = " / ".join(answer_text(answer) for answer in answers_of(item) if answer != NOT_APPLICABLE)
    if item["answers"] == SCALE:
        found = _("1 to %(highest)s") % {"highest": item["highest"]}
    return found


def choices(item: Mapping[str, Any]) -> list[dict[str, str]]:
    """[{value, label, text, key}] of an item's answers: key is the digit that chooses it."""
    found = []
    for place, answer in enumerate(answers_of(item), start=1):
        key = answer if item["answers"] == SCALE else str(place)
        found.append(
            {
                "value": answer,
                "label": answer_text(answer),
                "text": text_of(item.get("levels", {}).get(answer)),
                "key": "0" if answer == NOT_APPLICABLE else key if len(key) == 1 else "",
            }
        )
    return found


def fatal_rule(version: InspectionFormVersion) -> str:
    """What one fatal error does."""
    if not version.fatal_cap:
        return _("Any fatal error makes the score 0.")
    return _("With a fatal error the score is at most %(cap)s.") % {"cap": number(version.fatal_cap)}


def score_lines(version: InspectionFormVersion, answers: Answers) -> list[dict[str, Any]]:
    """Sections with their items: answer in words, weight as it counted, points, comment. The points add up to the score
    before fatal errors."""
    found = compute(version, answers)
    sections = []
    for section in version.content["sections"]:
        lines = []
        for item in section["items"]:
            code = item["code"]
            share, weight = found["shares"].get(code), found["weights"].get(code, 0.0)
            answer = given(answers, code)
            lines.append(
                {
                    "code": code,
                    "name": text_of(item["name"]),
                    "description": text_of(item.get("description")),
                    "answer": answer_text(answer) if answer else "",
                    "level": text_of(item.get("levels", {}).get(answer)),
                    "weight": weight,
                    "full_weight": item["weight"],
                    "share": share,
                    "points": None if share is None else round(weight * share, 6),
                    "comment": str(answers.get(code, {}).get("comment") or ""),
                    "applies": answer != NOT_APPLICABLE,
                }
            )
        sections.append({"name": text_of(section["name"]), "lines": lines})
    return sections


def fatal_lines(version: InspectionFormVersion, answers: Answers) -> list[dict[str, Any]]:
    """Fatal errors that were found, with the comment."""
    return [
        {
            "code": error["code"],
            "name": text_of(error["name"]),
            "description": text_of(error.get("description")),
            "comment": str(answers.get(error["code"], {}).get("comment") or ""),
        }
        for error in version.fatal_errors
        if given(answers, error["code"]) == YES
    ]


def verdict_text(verdict: str) -> str:
    return {
        "excellent": _("excellent"),
        "good": _("good"),
        "fair": _("fair: read the item together"),
        "poor": _("poor: the item is read in different ways"),
        "alike": _("all answers alike, so agreement beyond chance cannot be told"),
        "too_few": _("not enough yet"),
    }[verdict]
