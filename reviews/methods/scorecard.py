"""Balanced scorecard: KPIs under perspectives, each perspective with its weight, of a person, a team, a site or the
company. Whoever belongs to a team, a site or the company gets its score."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from django.utils.translation import get_language
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
from scoring.composite import stored, weighted_mean

PERSON, TEAM, SITE, COMPANY = "person", "team", "site", "company"
SUBJECTS = (PERSON, TEAM, SITE, COMPANY)
#: Subject and rule of the lines that say what a perspective gives; codes of KPIs have no colon.
PERSPECTIVE = "perspective"

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
        names = [perspective_name(each) for each in perspectives]
        self._check_weights(component, names, problems=problems, path=path, complete=complete)
        for index, each in enumerate(perspectives):
            here = (*base, index)
            if complete and not has_name(each.get("name")):
                problems.add((*here, "name"), "cycle_name_required")
            own = [item["weight"] for item, code in zip(items, under, strict=True) if code == each["code"]]
            if complete and not own:
                problems.add(here, "perspective_empty", name=names[index])
            elif complete and sum(own) > 0:
                check_weights(own, problems=problems, path=here, complete=complete)
        strategy_map.check_links(
            component.get("links", []), nodes_of(component, kpis), problems=problems, path=(*path, "links")
        )

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
            "links": component.get("links", []),
        }

    def compute(self, component: Component, inputs: ComponentInputs) -> ComponentAnswer:
        """Points of the KPIs as in the method kpi; a perspective is the mean of its counted KPIs by weight, the card
        the mean of its perspectives by weight.

        Missing rule: a KPI without points leaves its weight to the others of its perspective, a perspective without any
        leaves its own to the other perspectives. Of a team, a site or the company everyone who belongs to it has the
        same; who belongs to none has no score (nan).
        """
        people = inputs.employee_ids
        is_own = component["subject"] == PERSON
        values = inputs.kpi_values if is_own else inputs.group_values[component["subject"]]
        items = component["kpis"]
        found = kpi_lines(items, people, values, inputs.people if is_own else None)
        points, errors = perspective_scores(component, found.points, found.errors)
        weights = np.array([float(each["weight"]) for each in component["perspectives"]])
        lines, number = [], 0
        for place, perspective in enumerate(component["perspectives"]):
            number += 1
            counted = ~np.isnan(points[:, place])
            lines.append(
                pd.DataFrame(
                    {
                        "employee_id": people,
                        "component": component["code"],
                        "number": number,
                        "subject": f"{PERSPECTIVE}:{perspective['code']}",
                        "value": np.nan,
                        "target": np.nan,
                        "weight": weights[place],
                        "attainment": np.nan,
                        "points": points[:, place],
                        "n": found.samples[:, members(component, perspective["code"])].max(axis=1, initial=0),
                        "standard_error": errors[:, place],
                        "rule": np.where(counted, PERSPECTIVE, MISSING),
                    }
                )
            )
            for index in members(component, perspective["code"]):
                number += 1
                line = found.lines[index]
                line["component"], line["number"] = component["code"], number
                line["subject"] = line_subject(component, items[index]["kpi"])
                lines.append(line)
        return ComponentAnswer(
            score=stored(weighted_mean(points, weights)),
            standard_error=stored(line_error(points, errors, weights)),
            n=found.samples.max(axis=1, initial=0),
            lines=pd.concat(lines, ignore_index=True)[list(LINE_COLUMNS)],
        )

    def recompute(self, component: Component, lines: list[dict[str, Any]]) -> dict[str, Any]:
        """From the lines of KPIs alone; the answer has the perspectives too: {code: {score, standard_error}}."""
        items = component["kpis"]
        by_subject = {line_subject(component, item["kpi"]): item for item in items}
        answers = [recompute_line(by_subject[line["subject"]], line) for line in lines]
        told = {answer["subject"]: answer for answer in answers}
        subjects = [line_subject(component, item["kpi"]) for item in items]
        points, errors = perspective_scores(
            component,
            np.array(
                [[or_nan(told[subject]["points"]) if subject in told else np.nan for subject in subjects]]
            ),
            np.array(
                [
                    [
                        or_nan(told[subject]["standard_error"]) if subject in told else np.nan
                        for subject in subjects
                    ]
                ]
            ),
        )
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

    points, errors   of the card's KPIs in order, shape (people, KPIs)
    """
    weights = np.array([float(item["weight"]) for item in component["kpis"]])
    shape = (len(points), len(component["perspectives"]))
    found, spread = np.full(shape, np.nan), np.full(shape, np.nan)
    for place, perspective in enumerate(component["perspectives"]):
        own = members(component, perspective["code"])
        if own and weights[own].any():
            inside = np.ascontiguousarray(points[:, own])
            found[:, place] = stored(weighted_mean(inside, weights[own]))
            spread[:, place] = stored(line_error(inside, np.ascontiguousarray(errors[:, own]), weights[own]))
    return found, spread


def members(component: Component, perspective: str) -> list[int]:
    """Positions of the perspective's KPIs."""
    return [index for index, item in enumerate(component["kpis"]) if item.get("perspective") == perspective]


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
    return {
        item["kpi"]: (localised(kpis[item["kpi"]].name, language) if item["kpi"] in kpis else "")
        or item["kpi"]
        for item in component["kpis"]
    }


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
