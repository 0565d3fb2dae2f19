"""What the lines of objectives stood for, so that an explanation explains itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from metrics.models import KPIValue
from reviews.methods.base import frozen_version
from reviews.methods.objectives import KEY_RESULT, OBJECTIVE
from reviews.models import KeyResult, ObjectiveAssessment, ObjectiveVersion, Side
from reviews.selectors.references import kpi_reference


def add_objective_lines(components: Iterable[dict[str, Any]], values: Mapping[int, KPIValue]) -> None:
    """Puts `objective` and `key_result` beside the lines that name them, and the KPI's inputs where one is followed.

    The wording is that of the version which was scored, whatever was agreed since. Three queries where there is such a
    line, none else. effective_weight of an objective is its share of the component; that of a key result is 0, since
    its objective's line has it already, and `share` says its part of the objective.
    """
    lines = [line for component in components for line in component["lines"]]
    versions = _ids(lines, OBJECTIVE)
    if not versions:
        return
    objectives = {each.pk: each for each in ObjectiveVersion.objects.filter(pk__in=versions)}
    results = {
        each.pk: each
        for each in KeyResult.objects.filter(pk__in=_ids(lines, KEY_RESULT)).select_related(
            "kpi_version__kpi"
        )
    }
    comments: dict[int, dict[str, str]] = defaultdict(dict)
    for assessment in ObjectiveAssessment.objects.filter(
        objective__in=[each.objective_id for each in objectives.values()]
    ):
        comments[assessment.objective_id][assessment.side] = assessment.comment
    for component in components:
        _weigh(component["lines"])
        for line in component["lines"]:
            kind, pk = _subject(line)
            if kind == OBJECTIVE:
                line["objective"] = _objective(objectives[pk], comments)
            elif kind == KEY_RESULT:
                value = values.get(results[pk].kpi_version_id or 0)
                line["key_result"] = key_result_fact(results[pk])
                line["inputs"] = value.inputs if value else {}
                line["value_standard_error"] = value.standard_error if value else None


def _subject(line: Mapping[str, Any]) -> tuple[str, int]:
    for kind in (OBJECTIVE, KEY_RESULT):
        number = line["subject"].removeprefix(kind)
        if line["subject"].startswith(kind) and number.isdecimal():
            return kind, int(number)
    return "", 0


def _ids(lines: Iterable[Mapping[str, Any]], wanted: str) -> list[int]:
    return [pk for kind, pk in map(_subject, lines) if kind == wanted]


def _weigh(lines: list[dict[str, Any]]) -> None:
    """The shares of objectives in the component, and of key results in their objective."""
    heads = [line for line in lines if _subject(line)[0] == OBJECTIVE]
    if not heads:
        return
    _share(heads, "effective_weight")
    parts: list[dict[str, Any]] = []
    for line in [*lines, None]:
        if line is not None and _subject(line)[0] == KEY_RESULT:
            line["effective_weight"] = 0.0
            parts.append(line)
        else:
            _share(parts, "share")
            parts = []


def _share(lines: list[dict[str, Any]], name: str) -> None:
    counted = sum(line["weight"] for line in lines if line["points"] is not None)
    for line in lines:
        line[name] = (
            round(100 * line["weight"] / counted, 6) if counted and line["points"] is not None else 0.0
        )


def _objective(version: ObjectiveVersion, comments: Mapping[int, Mapping[str, str]]) -> dict[str, Any]:
    said = comments.get(version.objective_id, {})
    return {
        "id": version.objective_id,
        "version": version.number,
        "title": version.title,
        "perspective": version.perspective,
        "own_comment": said.get(Side.OWNER, ""),
        "superior_comment": said.get(Side.SUPERIOR, ""),
    }


def key_result_fact(result: KeyResult) -> dict[str, Any]:
    """What a recomputation and a reader need of a key result, beside its line."""
    followed = result.kpi_version
    return {
        "key": result.key,
        "title": result.title,
        "unit": result.unit,
        "is_judged": result.is_judged,
        "start": result.start,
        "direction": result.direction,
        "kpi": followed.kpi.code if followed else None,
        "kpi_version": frozen_version(kpi_reference(followed)) if followed else None,
    }
