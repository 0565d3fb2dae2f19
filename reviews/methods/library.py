"""What a cycle takes from the libraries: the words of competencies, expected behaviours, strengths of incidents."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from typing import Any

from foundation.documents import Path, Problems
from reviews.methods.base import Component, has_name

OWN_WORDS = ("anchors", "descriptions")


@dataclass(frozen=True)
class CompetencyReference:
    """The newest version of a competency; anchors as {"1": [{zh, en}, ...]}."""

    code: str
    number: int
    name: Mapping[str, str]
    anchors: Mapping[str, list[dict[str, str]]] = field(default_factory=dict)
    is_active: bool = True


def with_competencies(
    component: Component,
    competencies: Mapping[str, CompetencyReference],
    *,
    problems: Problems | None = None,
    path: Path = (),
) -> Component:
    """The component whose items say in words what the competencies that they name mean, with the version it was.

    An item names a competency or has words of its own, never both: else it would be unclear which of them counts.
    """
    if not any(item.get("competency") for item in component.get("items", [])):
        return component
    items = []
    for index, item in enumerate(component["items"]):
        reference = competencies.get(item.get("competency", ""))
        here = (*path, "items", index, "competency")
        if not item.get("competency"):
            items.append(item)
        elif reference is None:
            _add(problems, here, "competency_unknown", name=item["competency"])
            items.append(item)
        else:
            if has_name(item.get("name")) or any(item.get(words) for words in OWN_WORDS):
                _add(problems, here, "competency_and_own_words", name=item["code"])
            items.append({**item, **_words(component["method"], reference)})
    return {**component, "items": items}


def _words(method: str, reference: CompetencyReference) -> dict[str, Any]:
    found: dict[str, Any] = {"name": dict(reference.name), "competency_version": reference.number}
    if method == "bars":
        return {**found, "anchors": {key: list(texts) for key, texts in reference.anchors.items()}}
    return {
        **found,
        "descriptions": {
            key: {
                language: "\n".join(text[language] for text in texts if text.get(language))
                for language in ("zh", "en")
            }
            for key, texts in reference.anchors.items()
        },
    }


@dataclass(frozen=True)
class StrengthReference:
    """How strongly an incident counts, as the catalogue has it."""

    code: str
    name: Mapping[str, str]
    points: float


def with_strengths(
    component: Component,
    strengths: Mapping[str, StrengthReference],
    behaviours: Container[str],
    *,
    problems: Problems | None = None,
    path: Path = (),
) -> Component:
    """A behavioural record with its strengths: those that it lists, with their names, or all of the catalogue."""
    if component["method"] != "behaviour":
        return component
    for index, code in enumerate(component.get("behaviours", [])):
        if code not in behaviours:
            _add(problems, (*path, "behaviours", index), "behaviour_unknown", name=code)
    listed = component.get("strengths") or [
        {"code": each.code, "points": each.points} for each in strengths.values()
    ]
    for index, each in enumerate(component.get("strengths", [])):
        if each["code"] not in strengths:
            _add(problems, (*path, "strengths", index, "code"), "strength_unknown", name=each["code"])
    found = [
        {**each, "name": dict(strengths[each["code"]].name)} if each["code"] in strengths else each
        for each in listed
    ]
    return {**component, "strengths": found}


def without_competencies(item: dict[str, Any]) -> dict[str, Any]:
    """A frozen item as it was before the launch: it names its competency again, whatever that means by then."""
    if not item.get("competency"):
        return item
    return {
        key: value for key, value in item.items() if key not in (*OWN_WORDS, "name", "competency_version")
    }


def _add(problems: Problems | None, path: Path, code: str, **params: object) -> None:
    if problems is not None:
        problems.add(path, code, **params)
