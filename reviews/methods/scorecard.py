"""Balanced scorecard: KPIs and objectives under perspectives, each perspective with its weight, of a person, a team, a
site or the company. Whoever belongs to a team, a site or the company gets its score."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from foundation.documents import Path, Problems
from reviews.methods import strategy_map
from reviews.methods.ahp import SCHEMA as AHP
from reviews.methods.ahp import check_ahp, judged
from reviews.methods.base import (
    CODE,
    LINE_COLUMNS,
    NAME,
    WEIGHT,
    Component,
    ComponentAnswer,
    ComponentInputs,
    Floats,
    KPIReference,
    Method,
    check_duplicates,
    check_weights,
    has_name,
    localised,
    or_nan,
    or_none,
)
from reviews.methods.kpi import (
    MISSING,
    KPIMethod,
    check_kpi_items,
    kpi_lines,
    line_error,
    recompute_line,
)
from reviews.methods.objectives import (
    NONE,
    NONE_AGREED,
    ObjectivesMethod,
    answers_of,
    facts_of_lines,
    no_facts,
    objective_lines,
    person_scores,
    rule_of,
    score_objectives,
)
from scoring.composite import stored, weighted_mean

PERSON, TEAM, SITE, COMPANY = "person", "team", "site", "company"
SUBJECTS = (PERSON, TEAM, SITE, COMPANY)
#: Subjects and rules of the lines that say what a perspective, and the objectives under it, come to; codes of KPIs have
#: no colon.
PERSPECTIVE, OBJECTIVES = "perspective", "objectives"

_ENTRY = KPIMethod.schema["properties"]["kpis"]["items"]


class ScorecardMethod(Method):
    code = "scorecard"
    label = _("Balanced scorecard")
    description = _("KPIs under four perspectives, of a person, a team, a site or the company.")
    needs_raters = False
    schema: Mapping[str, Any] = {
        "type": "object",
        "required": ["perspectives", "kpis"],
        "properties": {
            "subject": {"enum": list(SUBJECTS)},
            "perspectives": {
                "type": "array",
                "maxItems": 8,
                "items": {
                    "type": "object",
                    "required": ["code"],
                    "additionalProperties": False,
                    "properties": {"code": CODE, "name": NAME, "weight": WEIGHT},
                },
            },
            "ahp": AHP,
            "kpis": {
                "type": "array",
                "maxItems": 60,
                "items": {**_ENTRY, "properties": {**_ENTRY["properties"], "perspective": CODE}},
            },
            "objectives": {
                "type": "array",
                "maxItems": 8,
                "items": {
                    "type": "object",
                    "required": ["perspective", "weight"],
                    "additionalProperties": False,
                    "properties": {"perspective": CODE, "weight": WEIGHT},
                },
            },
            "objective_rule": {
                "type": "object",
                "additionalProperties": False,
                "properties": ObjectivesMethod.schema["properties"],
            },
            "links": strategy_map.SCHEMA,
        },
    }

    def blank(self) -> Component:
        return {
            "subject": PERSON,
            "perspectives": [
                {"code": "financial", "weight": 25, "name": {"zh": "财务", "en": "Financial"}},
                {"code": "customer", "weight": 25, "name": {"zh": "客户", "en": "Customer"}},
                {"code": "process", "weight": 25, "name": {"zh": "内部流程", "en": "Internal process"}},
                {"code": "learning", "weight": 25, "name": {"zh": "学习与成长", "en": "Learning and growth"}},
            ],
            "kpis": [],
            "objectives": [],
            "links": [],
        }

    def check(
        self,
        component: Component,
        *,
        kpis: Mapping[str, KPIReference],
        problems: Problems,
        path: Path,
        complete: bool,
    ) -> None:
        perspectives, items = component["perspectives"], component["kpis"]
        base = (*path, "perspectives")
        codes = [each["code"] for each in perspectives]
        check_duplicates(
            codes, problems=problems, paths=[(*base, index, "code") for index in range(len(codes))]
        )
        if complete and not perspectives:
            problems.add(base, "scorecard_without_perspectives")
            return
        check_kpi_items(items, kpis=kpis, problems=problems, base=(*path, "kpis"), complete=complete)
        under = [perspective_of(item, kpis) for item in items]
        for index, code in enumerate(under):
            if code not in codes and items[index]["kpi"] in kpis:
                problems.add((*path, "kpis", index, "perspective"), "perspective_unknown", name=code)
        agreed = component.get("objectives", [])
        self._check_objectives(component, codes, problems=problems, path=path, complete=complete)
        names = [perspective_name(each) for each in perspectives]
        self._check_weights(component, names, problems=problems, path=path, complete=complete)
        for index, each in enumerate(perspectives):
            here = (*base, index)
            if complete and not has_name(each.get("name")):
                problems.add((*here, "name"), "cycle_name_required")
            own = [item["weight"] for item, code in zip(items, under, strict=True) if code == each["code"]]
            own += [entry["weight"] for entry in agreed if entry["perspective"] == each["code"]]
            if complete and not own:
                problems.add(here, "perspective_empty", name=names[index])
            elif complete and sum(own) > 0:
                check_weights(own, problems=problems, path=here, complete=complete)
        strategy_map.check_links(
            component.get("links", []), nodes_of(component, kpis), problems=problems, path=(*path, "links")
        )

    def _check_objectives(
        self, component: Component, codes: list[str], *, problems: Problems, path: Path, complete: bool
    ) -> None:
        agreed = component.get("objectives", [])
        here = (*path, "objectives")
        if agreed and not is_of_person(component):
            problems.add(here, "scorecard_objectives_of_people")
        check_duplicates(
            [each["perspective"] for each in agreed],
            problems=problems,
            paths=[(*here, index, "perspective") for index in range(len(agreed))],
        )
        for index, each in enumerate(agreed):
            if each["perspective"] not in codes:
                problems.add((*here, index, "perspective"), "perspective_unknown", name=each["perspective"])
            if complete and each["weight"] == 0:
                problems.add((*here, index, "weight"), "cycle_weight_zero")

    def _check_weights(
        self, component: Component, names: list[str], *, problems: Problems, path: Path, complete: bool
    ) -> None:
        """Typed weights add up to 100; derived ones are those of the judgements, whatever stands beside them."""
        perspectives = component["perspectives"]
        base = (*path, "perspectives")
        if component.get("ahp"):
            check_ahp(component["ahp"], names, problems=problems, path=(*path, "ahp"), complete=complete)
            return
        for index, each in enumerate(perspectives):
            if complete and not each.get("weight"):
                problems.add((*base, index, "weight"), "cycle_weight_zero")
        check_weights(
            [each.get("weight", 0) for each in perspectives], problems=problems, path=base, complete=complete
        )

    def freeze(self, component: Component, *, kpis: Mapping[str, KPIReference]) -> Component:
        subject = component.get("subject", PERSON)
        # The target table asks for a job, a queue, a tenure: people have these, teams have not.
        known = (
            kpis
            if subject == PERSON
            else {code: replace(reference, targets=None) for code, reference in kpis.items()}
        )
        frozen = KPIMethod().freeze({"kpis": component["kpis"]}, kpis=known)["kpis"]
        return {
            **component,
            "subject": subject,
            "perspectives": [
                {**each, "weight": weight}
                for each, weight in zip(
                    component["perspectives"], perspective_weights(component), strict=True
                )
            ],
            "kpis": [
                {**entry, "perspective": perspective_of(item, kpis)}
                for item, entry in zip(component["kpis"], frozen, strict=True)
            ],
            "objectives": component.get("objectives", []),
            "objective_rule": rule_of(component.get("objective_rule")),
            "links": component.get("links", []),
        }

    def compute(self, component: Component, inputs: ComponentInputs) -> ComponentAnswer:
        """Points of the KPIs as in the method kpi; a perspective is the mean of its counted KPIs by weight, the card
        the mean of its perspectives by weight.

        The agreed objectives of a perspective, where the card has them, count as one entry beside its KPIs: their mean
        by weight, each scored as in the method objectives.

        Missing rule: an entry without points leaves its weight to the others of its perspective, a perspective without
        any leaves its own to the other perspectives. Of a team, a site or the company everyone who belongs to it has
        the same; who belongs to none has no score (nan).
        """
        people = inputs.employee_ids
        is_own = component["subject"] == PERSON
        values = inputs.kpi_values if is_own else inputs.group_values[component["subject"]]
        items = component["kpis"]
        found = kpi_lines(items, people, values, inputs.people if is_own else None)
        agreed = _agreed(component, inputs)
        points, errors = perspective_scores(
            component,
            np.column_stack([found.points, *(each.score for each in agreed)]),
            np.column_stack([found.errors, *(each.error for each in agreed)]),
        )
        samples = np.column_stack([found.samples, *(each.n for each in agreed)]).astype(np.int64)
        weights = np.array([float(each["weight"]) for each in component["perspectives"]])
        blocks = []
        for place, perspective in enumerate(component["perspectives"]):
            own = members(component, perspective["code"])
            blocks.append(
                _head(
                    people,
                    f"{PERSPECTIVE}:{perspective['code']}",
                    weight=weights[place],
                    points=points[:, place],
                    errors=errors[:, place],
                    n=samples[:, own].max(axis=1, initial=0),
                    rule=PERSPECTIVE,
                )
            )
            for index in own:
                if index < len(items):
                    line = found.lines[index]
                    line["subject"] = line_subject(component, items[index]["kpi"])
                    blocks.append(line)
                else:
                    blocks += agreed[index - len(items)].lines
        lines = pd.concat(
            [block.assign(component=component["code"], block=number) for number, block in enumerate(blocks)],
            ignore_index=True,
        )
        # Blocks follow one another for each person; inside a block, lines keep their order.
        lines = lines.sort_values(["employee_id", "block"], kind="stable", ignore_index=True)
        lines["number"] = lines.groupby("employee_id").cumcount() + 1
        return ComponentAnswer(
            score=stored(weighted_mean(points, weights)),
            standard_error=stored(line_error(points, errors, weights)),
            n=samples.max(axis=1, initial=0),
            lines=lines[list(LINE_COLUMNS)],
        )

    def recompute(self, component: Component, lines: list[dict[str, Any]]) -> dict[str, Any]:
        """From the lines of KPIs and key results alone; the answer has the perspectives too, {code: {score,
        standard_error}}."""
        by_subject = {line_subject(component, item["kpi"]): item for item in component["kpis"]}
        facts, values = facts_of_lines(lines)
        keys, objectives = score_objectives(component["objective_rule"], facts, values)
        told = {each["subject"]: each for each in answers_of(lines, keys, objectives)}
        for line in lines:
            if line["subject"] in by_subject:
                told[line["subject"]] = recompute_line(by_subject[line["subject"]], line)
        for entry in component["objectives"]:
            told |= _entry_again(entry, objectives)
        subjects = [
            *by_subject,
            *(f"{OBJECTIVES}:{entry['perspective']}" for entry in component["objectives"]),
        ]
        points, errors = perspective_scores(
            component,
            np.array([[or_nan(told.get(subject, {}).get("points")) for subject in subjects]]),
            np.array([[or_nan(told.get(subject, {}).get("standard_error")) for subject in subjects]]),
        )
        answers = [told[line["subject"]] for line in lines]
        weights = np.array([float(each["weight"]) for each in component["perspectives"]])
        return {
            "score": or_none(stored(weighted_mean(points, weights))[0]),
            "standard_error": or_none(stored(line_error(points, errors, weights))[0]),
            "lines": answers,
            "perspectives": {
                each["code"]: {
                    "score": or_none(points[0, place]),
                    "standard_error": or_none(errors[0, place]),
                }
                for place, each in enumerate(component["perspectives"])
            },
        }


def perspective_scores(component: Component, points: Floats, errors: Floats) -> tuple[Floats, Floats]:
    """(score, standard error) of each perspective, shape (people, perspectives), as stored.

    points, errors   of the card's KPIs and then its objectives in order, shape (people, entries)
    """
    weights = np.array([float(entry["weight"]) for entry in entries_of(component)])
    shape = (len(points), len(component["perspectives"]))
    found, spread = np.full(shape, np.nan), np.full(shape, np.nan)
    for place, perspective in enumerate(component["perspectives"]):
        own = members(component, perspective["code"])
        if own and weights[own].any():
            inside = np.ascontiguousarray(points[:, own])
            found[:, place] = stored(weighted_mean(inside, weights[own]))
            spread[:, place] = stored(line_error(inside, np.ascontiguousarray(errors[:, own]), weights[own]))
    return found, spread


def entries_of(component: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What stands under the perspectives: the KPIs, then the agreed objectives of a perspective as one entry each."""
    return [*component["kpis"], *component.get("objectives", [])]


def members(component: Component, perspective: str) -> list[int]:
    """Positions of the perspective's entries."""
    return [
        index for index, entry in enumerate(entries_of(component)) if entry.get("perspective") == perspective
    ]


@dataclass(frozen=True)
class _Agreed:
    """The objectives of one perspective for everybody: arrays by person, and the lines that say so."""

    score: Floats
    error: Floats
    n: npt.NDArray[np.int64]
    lines: list[pd.DataFrame]


def _agreed(component: Component, inputs: ComponentInputs) -> list[_Agreed]:
    entries = component.get("objectives", [])
    if not entries:
        return []
    people = inputs.employee_ids
    facts = inputs.objectives if len(inputs.objectives) else no_facts()
    answers = []
    for entry in entries:
        own = facts[facts["perspective"] == entry["perspective"]]
        keys, found = score_objectives(component["objective_rule"], own, inputs.kpi_values)
        place = np.searchsorted(people, found["employee_id"].to_numpy(dtype=np.int64))
        score, error = person_scores(found, place, len(people))
        counted = ~np.isnan(found["points"].to_numpy(dtype=np.float64))
        n = np.bincount(place[counted], minlength=len(people)).astype(np.int64)
        head = _head(
            people,
            f"{OBJECTIVES}:{entry['perspective']}",
            weight=float(entry["weight"]),
            points=score,
            errors=error,
            n=n,
            rule=OBJECTIVES,
            missing=NONE_AGREED,
        )
        lines = objective_lines(component["code"], people, keys, found)
        answers.append(_Agreed(score, error, n, [head, lines[lines["subject"] != NONE]]))
    return answers


def _entry_again(entry: Mapping[str, Any], objectives: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """The entry of one perspective's objectives, from those of one person."""
    own = objectives[objectives["perspective"] == entry["perspective"]]
    score, error = person_scores(own, np.zeros(len(own), dtype=np.int64), 1)
    subject = f"{OBJECTIVES}:{entry['perspective']}"
    return {
        subject: {
            "subject": subject,
            "value": None,
            "attainment": None,
            "points": or_none(score[0]),
            "standard_error": or_none(error[0]),
            "rule": NONE_AGREED if np.isnan(score[0]) else OBJECTIVES,
        }
    }


def _head(
    people: npt.NDArray[np.int64],
    subject: str,
    *,
    weight: float,
    points: Floats,
    errors: Floats,
    n: Any,
    rule: str,
    missing: str = MISSING,
) -> pd.DataFrame:
    """A line that says what those below it come to."""
    return pd.DataFrame(
        {
            "employee_id": people,
            "subject": subject,
            "value": np.nan,
            "target": np.nan,
            "weight": weight,
            "attainment": np.nan,
            "points": points,
            "n": n,
            "standard_error": errors,
            "rule": np.where(np.isnan(points), missing, rule),
        }
    )


def perspective_weights(component: Mapping[str, Any]) -> list[float]:
    """Of each perspective in per cent: as judged in pairs, else as typed."""
    if component.get("ahp"):
        return judged(component["ahp"]["matrix"]).weights
    return [each.get("weight", 0) for each in component["perspectives"]]


def perspective_of(item: Mapping[str, Any], kpis: Mapping[str, KPIReference]) -> str:
    """Where a KPI stands: where the card puts it, else where the KPI itself belongs."""
    reference = kpis.get(item["kpi"])
    return str(item.get("perspective") or (reference.perspective if reference else ""))


def perspective_name(perspective: Mapping[str, Any]) -> str:
    return localised(perspective.get("name"), get_language() or "en") or str(perspective["code"])


def nodes_of(component: Component, kpis: Mapping[str, KPIReference]) -> dict[str, str]:
    """{what a link may name: how it is called}"""
    language = get_language() or "en"
    names = {each["code"]: perspective_name(each) for each in component["perspectives"]}
    found = {
        item["kpi"]: (localised(kpis[item["kpi"]].name, language) if item["kpi"] in kpis else "")
        or item["kpi"]
        for item in component["kpis"]
    }
    for entry in component.get("objectives", []):
        code = entry["perspective"]
        found[f"{OBJECTIVES}:{code}"] = objectives_name(names.get(code, code))
    return found


def objectives_name(perspective: str) -> str:
    return gettext("Objectives: %(perspective)s") % {"perspective": perspective}


def is_of_person(component: Mapping[str, Any]) -> bool:
    """Whether a component's KPIs are the person's own; only a scorecard may be somebody else's."""
    return bool(component.get("subject", PERSON) == PERSON)


def line_subject(component: Mapping[str, Any], kpi: str) -> str:
    """What the line of a KPI is called: a team's number must not be taken for the person's."""
    return kpi if is_of_person(component) else f"{component['subject']}:{kpi}"


def share_of(component: Mapping[str, Any], item: Mapping[str, Any]) -> float:
    """What part of its component an entry of `kpis` is, in per cent."""
    weight = float(item.get("weight", 0))
    if component["method"] != ScorecardMethod.code:
        return weight
    weights = dict(
        zip([each["code"] for each in component["perspectives"]], perspective_weights(component), strict=True)
    )
    return weight * float(weights.get(item.get("perspective", ""), 0)) / 100
