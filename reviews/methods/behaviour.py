"""Behavioural record: everyone begins with the same points; each good or bad incident of the period moves them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from django.utils.translation import gettext_lazy as _

from foundation.documents import Path, Problems
from reviews.methods.base import (
    CODE,
    LINE_COLUMNS,
    NAME,
    Component,
    ComponentAnswer,
    ComponentInputs,
    Floats,
    KPIReference,
    Method,
    check_duplicates,
    or_none,
)
from scoring.incidents import behaviour_scores, incident_points

START, GOOD, BAD, LIMITED, NOT_COUNTED, MISSING = "start", "good", "bad", "limited", "not_counted", "missing"
SUBJECT = "incident:"
INCIDENT_COLUMNS = ("employee_id", "incident_id", "happened_on", "behaviour", "strength", "is_good", "age")
LIMIT = {"type": ["number", "null"], "exclusiveMinimum": 0, "maximum": 1000}
SCORE = {"type": "number", "minimum": 0, "maximum": 200}


class BehaviourMethod(Method):
    code = "behaviour"
    label = _("Behavioural record")
    description = _("Good and bad incidents that were noted during the period, each with its day.")
    needs_raters = False
    schema: Mapping[str, Any] = {
        "type": "object",
        "required": [],
        "properties": {
            "start": SCORE,
            "floor": SCORE,
            "cap": SCORE,
            "without_incident": {"enum": ["start", "missing"]},
            "half_life_days": LIMIT,
            "day_cap": LIMIT,
            "behaviour_cap": LIMIT,
            "behaviours": {"type": "array", "maxItems": 200, "items": CODE},
            "strengths": {
                "type": "array",
                "maxItems": 20,
                "items": {
                    "type": "object",
                    "required": ["code", "points"],
                    "additionalProperties": False,
                    "properties": {
                        "code": CODE,
                        "name": NAME,
                        "points": {"type": "number", "exclusiveMinimum": 0, "maximum": 100},
                    },
                },
            },
        },
    }

    def blank(self) -> Component:
        return {
            "start": 80,
            "floor": 0,
            "cap": 100,
            "without_incident": "start",
            "half_life_days": None,
            "day_cap": None,
            "behaviour_cap": None,
            "behaviours": [],
            "strengths": [],
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
        """What the catalogues know is checked where they are read: reviews.methods.library."""
        rule = rule_of(component)
        if not rule["floor"] <= rule["start"] <= rule["cap"]:
            problems.add(
                (*path, "start"),
                "behaviour_start_outside",
                start=rule["start"],
                floor=rule["floor"],
                cap=rule["cap"],
            )
        strengths = component.get("strengths", [])
        check_duplicates(
            [each["code"] for each in strengths],
            problems=problems,
            paths=[(*path, "strengths", index, "code") for index in range(len(strengths))],
        )
        codes = component.get("behaviours", [])
        check_duplicates(
            codes, problems=problems, paths=[(*path, "behaviours", index) for index in range(len(codes))]
        )
        if complete and not strengths:
            problems.add((*path, "strengths"), "strengths_none")

    def freeze(self, component: Component, *, kpis: Mapping[str, KPIReference]) -> Component:
        return {**self.blank(), **component}

    def compute(self, component: Component, inputs: ComponentInputs) -> ComponentAnswer:
        """The rule of docs/methods/behaviour.md over the incidents of the component's behaviours.

        Missing rule: an incident whose strength the cycle does not know counts nothing and says so; who has no incident
        that counts keeps the start, or has no score, as the component says. A record has no sampling error (nan).
        """
        incidents = inputs.incidents
        if component["behaviours"]:
            incidents = incidents[incidents["behaviour"].isin(component["behaviours"])]
        incidents = incidents.sort_values(["employee_id", "happened_on", "incident_id"], kind="stable")
        raw, points, rule = counted(
            component,
            incidents["employee_id"].to_numpy(dtype=np.int64),
            incidents["happened_on"].to_numpy(dtype=object),
            incidents["behaviour"].to_numpy(dtype=object),
            incidents["strength"].to_numpy(dtype=object),
            incidents["is_good"].to_numpy(dtype=bool),
            incidents["age"].to_numpy(dtype=np.float64),
        )
        people = inputs.employee_ids
        counting = rule != NOT_COUNTED
        place = np.searchsorted(people, incidents["employee_id"].to_numpy(dtype=np.int64))
        score = _scores(component, points[counting], place[counting], len(people))
        first = pd.DataFrame(
            {
                "employee_id": people,
                "number": 1,
                "subject": START,
                "value": float(component["start"]),
                "points": np.where(np.isnan(score), np.nan, float(component["start"])),
                "n": 0,
                "rule": np.where(np.isnan(score), MISSING, START),
            }
        )
        rest = pd.DataFrame(
            {
                "employee_id": incidents["employee_id"].to_numpy(dtype=np.int64),
                "number": incidents.groupby("employee_id", sort=False).cumcount().to_numpy(dtype=np.int64)
                + 2,
                "subject": SUBJECT
                + incidents["incident_id"].astype("int64").astype(str).to_numpy(dtype=object),
                "value": raw,
                "points": points,
                "n": counting.astype(np.int64),
                "rule": rule,
            }
        )
        lines = pd.concat([first, rest], ignore_index=True) if len(rest) else first
        lines = lines.assign(
            component=component["code"], target=np.nan, weight=0.0, attainment=np.nan, standard_error=np.nan
        )
        return ComponentAnswer(
            score=score,
            standard_error=np.full(len(people), np.nan),
            n=np.bincount(place[counting], minlength=len(people)).astype(np.int64),
            lines=lines[list(LINE_COLUMNS)],
        )

    def recompute(self, component: Component, lines: list[dict[str, Any]]) -> dict[str, Any]:
        facts = [line["incident"] for line in lines[1:]]
        raw, points, rule = counted(
            component,
            np.zeros(len(facts), dtype=np.int64),
            np.array([fact["happened_on"] for fact in facts], dtype=object),
            np.array([fact["behaviour"] for fact in facts], dtype=object),
            np.array([fact["strength"] for fact in facts], dtype=object),
            np.array([fact["is_good"] for fact in facts], dtype=bool),
            np.array([fact["age"] for fact in facts], dtype=np.float64),
        )
        counting = rule != NOT_COUNTED
        score = or_none(
            _scores(component, points[counting], np.zeros(int(counting.sum()), dtype=np.int64), 1)[0]
        )
        start = float(component["start"])
        answers = [(START, start, None if score is None else start, MISSING if score is None else START)]
        answers += [
            (line["subject"], float(value), float(point), str(each))
            for line, value, point, each in zip(lines[1:], raw, points, rule, strict=True)
        ]
        return {
            "score": score,
            "standard_error": None,
            "lines": [
                {
                    "subject": subject,
                    "value": value,
                    "attainment": None,
                    "points": point,
                    "standard_error": None,
                    "rule": each,
                }
                for subject, value, point, each in answers
            ],
        }


def rule_of(component: Component) -> dict[str, Any]:
    """The numbers of the rule, with the defaults written out."""
    return {**BehaviourMethod().blank(), **component}


def counted(
    component: Component,
    people: Any,
    days: Any,
    behaviours: Any,
    strengths: Any,
    is_good: Any,
    ages: Any,
) -> tuple[Floats, Floats, Any]:
    """(points of the strength with their sign, points that count, rule) of incidents in order, as stored."""
    known = {each["code"]: float(each["points"]) for each in component["strengths"]}
    size = np.array([known.get(code, 0.0) for code in strengths], dtype=np.float64)
    raw = np.where(is_good, size, -size) + 0.0
    points = incident_points(
        raw,
        people=people,
        days=days,
        behaviours=behaviours,
        ages=ages,
        half_life=component["half_life_days"],
        day_cap=component["day_cap"],
        behaviour_cap=component["behaviour_cap"],
    )
    faded = incident_points(
        raw, people=people, days=days, behaviours=behaviours, ages=ages, half_life=component["half_life_days"]
    )
    rule = np.where(size == 0, NOT_COUNTED, np.where(points != faded, LIMITED, np.where(is_good, GOOD, BAD)))
    return raw, points, rule


def _scores(component: Component, points: Floats, place: Any, people: int) -> Floats:
    return behaviour_scores(
        points,
        place,
        people,
        start=float(component["start"]),
        floor=float(component["floor"]),
        cap=float(component["cap"]),
        without_incident=component["without_incident"],
    )
