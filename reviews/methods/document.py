"""The configuration document of a cycle: its schema, its check, its frozen form and its fingerprint."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Container, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from foundation.documents import Path, Problems
from reviews.methods import COMPARING, METHODS, get_method
from reviews.methods.base import (
    BAND_CODE,
    CODE,
    NAME,
    WEIGHT,
    KPIReference,
    check_duplicates,
    check_weights,
    has_name,
)
from reviews.methods.bonus import SCHEMA as BONUS
from reviews.methods.bonus import check_bonus, completed_bonus
from reviews.methods.cohorts import COHORTS
from reviews.methods.feedback import APPEAL_SCHEMA, FEEDBACK_SCHEMA, check_feedback
from reviews.methods.library import (
    CompetencyReference,
    StrengthReference,
    with_competencies,
    with_strengths,
    without_competencies,
)
from reviews.methods.overall import OVERALL
from reviews.methods.potential import SCHEMA as POTENTIAL
from reviews.methods.potential import check_potential
from reviews.methods.problems import check_shape
from reviews.methods.ranking import check_sources
from reviews.methods.rating_rule import SCHEMA as RATING
from reviews.methods.rating_rule import check_rule, completed_rule
from reviews.methods.red_lines import KINDS, check_catalogue, check_red_lines, line_schema
from reviews.methods.red_lines import SCHEMA as RED_LINES
from scoring.composite import MISSING

Configuration = dict[str, Any]

CODES = {"type": "array", "maxItems": 2000, "items": {"type": "string", "maxLength": 60}}

COMPONENT_FIELDS: dict[str, Any] = {
    "code": CODE,
    "method": {"type": "string"},
    "name": NAME,
    "weight": WEIGHT,
}

EACH, LAST = "each", "last"
# Who judges somebody who changed teams in the period: every manager for the own part, or the last one for all of it.
TRANSFERS: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "judged_by": {"enum": [EACH, LAST]},
        "minimum_days": {"type": "integer", "minimum": 1, "maximum": 400},
    },
}

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["components"],
    "additionalProperties": False,
    "properties": {
        "population": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "teams": CODES,
                "jobs": CODES,
                "sites": CODES,
                "minimum_days": {"type": "integer", "minimum": 1, "maximum": 400},
            },
        },
        "components": {"type": "array", "maxItems": 20, "items": {"type": "object"}},
        "missing_component": {"enum": list(MISSING)},
        "cohort": {"enum": list(COHORTS)},
        "show_rank": {"type": "boolean"},
        "acknowledge_terms": {"type": "boolean"},
        "second_review": {"type": "boolean"},
        "transfers": TRANSFERS,
        "rating": RATING,
        "bonus": BONUS,
        "red_lines": RED_LINES,
        "potential": POTENTIAL,
        "feedback": FEEDBACK_SCHEMA,
        "appeal": APPEAL_SCHEMA,
        "rating_bands": {
            "type": "array",
            "maxItems": 12,
            "items": {
                "type": "object",
                "required": ["code", "from"],
                "additionalProperties": False,
                "properties": {
                    "code": BAND_CODE,
                    "from": {"type": "number", "minimum": 0, "maximum": 1000},
                    "name": NAME,
                },
            },
        },
    },
}


class Everything:
    """Contains whatever is asked for: a template may name jobs that a company has yet to define."""

    def __contains__(self, code: object) -> bool:
        return True


@dataclass(frozen=True)
class References:
    """What codes in a document may name; services read it for one day."""

    kpis: Mapping[str, KPIReference] = field(default_factory=dict)
    competencies: Mapping[str, CompetencyReference] = field(default_factory=dict)
    strengths: Mapping[str, StrengthReference] = field(default_factory=dict)
    behaviours: Container[str] = ()
    teams: Container[str] = ()
    jobs: Container[str] = ()
    sites: Container[str] = ()


def blank_configuration() -> Configuration:
    return {
        "population": {"teams": [], "jobs": [], "sites": [], "minimum_days": 1},
        "components": [],
        "missing_component": "renormalise",
        "cohort": "cycle",
        "show_rank": True,
        "acknowledge_terms": True,
        "second_review": False,
        "transfers": {"judged_by": EACH, "minimum_days": 15},
        "rating_bands": [
            {"code": "D", "from": 0, "name": {"zh": "待改进", "en": "Needs improvement"}},
            {"code": "C", "from": 60, "name": {"zh": "合格", "en": "Meets standard"}},
            {"code": "B", "from": 75, "name": {"zh": "良好", "en": "Good"}},
            {"code": "A", "from": 90, "name": {"zh": "优秀", "en": "Excellent"}},
            {"code": "S", "from": 105, "name": {"zh": "卓越", "en": "Outstanding"}},
        ],
        "rating": completed_rule(None),
        "bonus": completed_bonus(None),
        "red_lines": [],
    }


def completed(document: Mapping[str, Any]) -> Configuration:
    """The document with its defaults written out, so that two spellings of one configuration are one."""
    result = {**blank_configuration(), "rating_bands": [], **deepcopy(dict(document))}
    result["population"] = {**blank_configuration()["population"], **result["population"]}
    result["transfers"] = {**blank_configuration()["transfers"], **result["transfers"]}
    result["rating"] = completed_rule(result["rating"])
    result["bonus"] = completed_bonus(result["bonus"])
    return result


def with_text_keys(value: Any) -> Any:
    """YAML reads {1: …} with a number as its key where JSON has "1"; the document knows texts only."""
    if isinstance(value, dict):
        return {str(key): with_text_keys(each) for key, each in value.items()}
    if isinstance(value, list):
        return [with_text_keys(each) for each in value]
    return value


def check_configuration(
    document: Any, *, references: References, problems: Problems, path: Path = (), complete: bool = False
) -> None:
    """Adds every problem with its path.

    Without `complete` only what can never be right is refused (types, ranges, unknown KPIs, repeated codes), so that
    unfinished work can be kept; `complete` adds what a launch needs: weights of 100, items, descriptions, bands, and
    a population whose teams, jobs and sites exist.
    """
    before = len(problems)
    check_shape(document, SCHEMA, problems=problems, path=path)
    components = document.get("components") if isinstance(document, dict) else None
    for index, component in enumerate(components if isinstance(components, list) else []):
        if isinstance(component, dict):
            _check_component_shape(component, problems=problems, path=(*path, "components", index))
    lines = document.get("red_lines") if isinstance(document, dict) else None
    for index, line in enumerate(lines if isinstance(lines, list) else []):
        if isinstance(line, dict):
            _check_line_shape(line, problems=problems, path=(*path, "red_lines", index))
    if len(problems) > before:
        return  # what follows reads the document as if it had its shape
    population = document.get("population", {})
    for name, known in (("teams", references.teams), ("jobs", references.jobs), ("sites", references.sites)):
        for index, code in enumerate(population.get(name, [])):
            if complete and code not in known:
                problems.add((*path, "population", name, index), f"cycle_{name}_unknown", name=code)
    for index, component in enumerate(document["components"]):
        here = (*path, "components", index)
        if component["code"] == OVERALL:
            problems.add((*here, "code"), "cycle_code_reserved", name=OVERALL)
        if complete and not has_name(component.get("name")):
            problems.add((*here, "name"), "cycle_name_required")
        if complete and component["weight"] == 0:
            problems.add((*here, "weight"), "cycle_weight_zero")
        meant = with_library(component, references, problems=problems, path=here)
        get_method(component["method"]).check(
            meant, kpis=references.kpis, problems=problems, path=here, complete=complete
        )
    if document.get("potential"):
        check_potential(
            document["potential"], problems=problems, path=(*path, "potential"), complete=complete
        )
    if document.get("feedback"):
        check_feedback(document["feedback"], problems=problems, path=(*path, "feedback"))
    check_sources(document["components"], comparing=COMPARING, problems=problems, path=(*path, "components"))
    check_duplicates(
        [component["code"] for component in document["components"]],
        problems=problems,
        paths=[(*path, "components", index, "code") for index in range(len(document["components"]))],
    )
    if complete and not document["components"]:
        problems.add((*path, "components"), "no_components")
    else:
        check_weights(
            [component["weight"] for component in document["components"]],
            problems=problems,
            path=(*path, "components"),
            complete=complete,
        )
    _check_bands(
        document.get("rating_bands", []), problems=problems, path=(*path, "rating_bands"), complete=complete
    )
    check_bonus(document.get("bonus", {}), problems=problems, path=(*path, "bonus"), complete=complete)
    check_red_lines(
        document.get("red_lines", []),
        document.get("rating_bands", []),
        kpis=references.kpis,
        problems=problems,
        path=(*path, "red_lines"),
        complete=complete,
    )
    check_catalogue(
        document.get("red_lines", []),
        behaviours=references.behaviours,
        strengths=references.strengths,
        problems=problems,
        path=(*path, "red_lines"),
    )
    if "rating" in document:
        check_rule(
            document["rating"],
            document.get("rating_bands", []),
            cohorts=COHORTS,
            problems=problems,
            path=(*path, "rating"),
            complete=complete,
        )


def _check_component_shape(component: dict[str, Any], *, problems: Problems, path: Path) -> None:
    method = METHODS.get(component.get("method", "")) if isinstance(component.get("method"), str) else None
    if method is None:
        problems.add((*path, "method"), "method_unknown", allowed=", ".join(METHODS))
        return
    schema = {
        **method.schema,
        "required": ["code", "method", "weight", *method.schema.get("required", [])],
        "properties": {**COMPONENT_FIELDS, **method.schema["properties"]},
        "additionalProperties": False,
    }
    check_shape(component, schema, problems=problems, path=path)


def _check_line_shape(line: dict[str, Any], *, problems: Problems, path: Path) -> None:
    kind = KINDS.get(line.get("kind", "")) if isinstance(line.get("kind"), str) else None
    if kind is None:
        problems.add((*path, "kind"), "cycle_field_choice", allowed=", ".join(KINDS))
        return
    check_shape(line, line_schema(kind), problems=problems, path=path)


def _check_bands(bands: list[dict[str, Any]], *, problems: Problems, path: Path, complete: bool) -> None:
    for index, band in enumerate(bands):
        if index and band["from"] <= bands[index - 1]["from"]:
            problems.add((*path, index, "from"), "cycle_bands_not_ascending")
        if complete and not has_name(band.get("name")):
            problems.add((*path, index, "name"), "cycle_name_required")
    check_duplicates(
        [band["code"] for band in bands],
        problems=problems,
        paths=[(*path, index, "code") for index in range(len(bands))],
    )
    if complete and len(bands) < 2:
        problems.add(path, "bands_too_few")
    elif complete and bands[0]["from"] != 0:
        problems.add((*path, 0, "from"), "bands_hole", score=bands[0]["from"])


def freeze_configuration(document: Mapping[str, Any], *, references: References) -> Configuration:
    """The document that alone explains every number: KPI references replaced by what they mean on the last day,
    competencies by the words of their newest version."""
    frozen = completed(document)
    frozen["components"] = [
        get_method(component["method"]).freeze(with_library(component, references), kpis=references.kpis)
        for component in frozen["components"]
    ]
    frozen["red_lines"] = [
        KINDS[line["kind"]].freeze(line, kpis=references.kpis) for line in frozen["red_lines"]
    ]
    return frozen


def with_library(
    component: dict[str, Any], references: References, *, problems: Problems | None = None, path: Path = ()
) -> dict[str, Any]:
    """The component with what it takes from the libraries, as they stand now."""
    worded = with_competencies(component, references.competencies, problems=problems, path=path)
    return with_strengths(worded, references.strengths, references.behaviours, problems=problems, path=path)


def fingerprint(document: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical JSON: sorted keys, no spaces, UTF-8."""
    text = json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def kpi_version_ids(configuration: Mapping[str, Any]) -> list[int]:
    """Of a frozen configuration: the KPI versions whose values a run computes, each once."""
    return sorted({item["version"]["id"] for item in named_kpis(configuration) if "version" in item})


def named_kpis(configuration: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every entry that names a KPI: those of components, then those of red lines."""
    items = [item for component in configuration["components"] for item in component.get("kpis", [])]
    return [*items, *(line for line in configuration.get("red_lines") or [] if "kpi" in line)]


def component_of(configuration: Mapping[str, Any], code: str) -> dict[str, Any] | None:
    return next((each for each in configuration["components"] if each["code"] == code), None)


def rated_components(configuration: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [each for each in configuration["components"] if get_method(each["method"]).wants_raters(each)]


def comparing_components(configuration: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Those whose scores depend on other people's."""
    return [each for each in configuration["components"] if each["method"] in COMPARING]


def as_draft(frozen: Mapping[str, Any]) -> Configuration:
    """A frozen configuration as one that can be edited and launched again: for the next cycle like this one."""
    draft = deepcopy(dict(frozen))
    for component in draft["components"]:
        for item in component.get("kpis", []):
            item.pop("version", None)
            item.pop("targets", None)
        for item in component.get("evidence", []):
            for name in ("version", "weight", "target"):
                item.pop(name, None)
        if "items" in component:
            component["items"] = [without_competencies(item) for item in component["items"]]
    for line in draft.get("red_lines", []):
        line.pop("version", None)
    return draft
