"""Ranking: people against one another in a cohort, by a KPI, by other components, or as ordered by hand."""

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
    WEIGHT,
    Component,
    ComponentAnswer,
    ComponentInputs,
    Floats,
    KPIReference,
    Method,
    RelativeInputs,
    check_duplicates,
    check_weights,
    or_nan,
    or_none,
)
from reviews.methods.cohorts import COHORTS, cohort_labels, standing_again, standings
from reviews.methods.kpi import BELOW_MINIMUM, MISSING, KPIMethod, value_from_inputs
from scoring.composite import combined_standard_error, stored, weighted_mean

KPI, COMPONENTS, ORDERING = "kpi", "components", "ordering"
PERCENTILE, PLACE = "percentile", "place"
# The cohort of an order made by hand: the people whom one rater ordered.
RATER = "rater"
# Why somebody has no place, beside the KPI's own reasons; and the rule of a line that only says what was compared.
NO_COHORT, SMALL_COHORT, SOURCE = "no_cohort", "small_cohort", "source"
# What stands in a rater's form: the place, 1 for the best.
PLACE_ITEM = "place"
# Subjects of the lines that speak of the cohort; codes of components and KPIs have no colon.
HEAD = "cohort:place"
COUNTS = ("above", "equal", "apart_above", "apart_below")
SMALLEST_COHORT, USUAL_COHORT = 2, 5


class RankingMethod(Method):
    code = "ranking"
    label = _("Ranking")
    description = _(
        "People against one another: by a KPI, by other components, or as their manager orders them."
    )
    needs_raters = False
    compares_people = True
    schema: Mapping[str, Any] = {
        "type": "object",
        "required": ["source"],
        "properties": {
            "source": {"enum": [KPI, COMPONENTS, ORDERING]},
            "kpis": {
                "type": "array",
                "maxItems": 1,
                "items": {
                    "type": "object",
                    "required": ["kpi"],
                    "additionalProperties": False,
                    "properties": {"kpi": {"type": "string", "maxLength": 60}},
                },
            },
            "components": {
                "type": "array",
                "maxItems": 20,
                "items": {
                    "type": "object",
                    "required": ["code", "weight"],
                    "additionalProperties": False,
                    "properties": {"code": CODE, "weight": WEIGHT},
                },
            },
            "cohort": {"enum": [*COHORTS, RATER]},
            "minimum_cohort": {"type": "integer", "minimum": SMALLEST_COHORT, "maximum": 1000},
            "scale": {"enum": [PERCENTILE, PLACE]},
            "points": {
                "type": "object",
                "required": ["lowest", "highest"],
                "additionalProperties": False,
                "properties": {
                    "lowest": {"type": "number", "minimum": 0, "maximum": 200},
                    "highest": {"type": "number", "minimum": 0, "maximum": 200},
                },
            },
        },
    }

    def blank(self) -> Component:
        return {
            "source": KPI,
            "kpis": [],
            "components": [],
            "cohort": "team",
            "minimum_cohort": USUAL_COHORT,
            "scale": PERCENTILE,
            "points": {"lowest": 0, "highest": 100},
        }

    def wants_raters(self, component: Component) -> bool:
        return bool(component["source"] == ORDERING)

    def check(
        self,
        component: Component,
        *,
        kpis: Mapping[str, KPIReference],
        problems: Problems,
        path: Path,
        complete: bool,
    ) -> None:
        """Which components there are to rank by is checked where the whole document is known (check_sources)."""
        points = component.get("points") or self.blank()["points"]
        if points["lowest"] >= points["highest"]:
            problems.add((*path, "points", "highest"), "ranking_points_backwards")
        cohort = component.get("cohort", RATER if component["source"] == ORDERING else "team")
        if component["source"] == ORDERING and complete and cohort != RATER:
            problems.add((*path, "cohort"), "ranking_cohort_by_hand")
        if component["source"] != ORDERING and cohort == RATER:
            problems.add((*path, "cohort"), "ranking_cohort_needs_hand")
        for index, item in enumerate(component.get("kpis", [])):
            here = (*path, "kpis", index, "kpi")
            reference = kpis.get(item["kpi"])
            if reference is None:
                problems.add(here, "cycle_kpi_unknown", name=item["kpi"][:60])
            elif reference.is_qualitative:
                problems.add(here, "cycle_kpi_is_qualitative", name=item["kpi"])
            elif complete and reference.direction == "nearest" and reference.target is None:
                problems.add(here, "cycle_kpi_without_target", name=item["kpi"])
        if component["source"] == KPI and complete and not component.get("kpis"):
            problems.add((*path, "kpis"), "ranking_without_kpi")
        if component["source"] == COMPONENTS:
            sources = component.get("components", [])
            check_duplicates(
                [each["code"] for each in sources],
                problems=problems,
                paths=[(*path, "components", index, "code") for index in range(len(sources))],
            )
            if complete and not sources:
                problems.add((*path, "components"), "ranking_without_components")
            else:
                check_weights(
                    [each["weight"] for each in sources],
                    problems=problems,
                    path=(*path, "components"),
                    complete=complete,
                )

    def freeze(self, component: Component, *, kpis: Mapping[str, KPIReference]) -> Component:
        frozen = completed_ranking(component)
        if frozen["source"] == KPI:
            entries = [{"kpi": each["kpi"], "weight": 100} for each in frozen["kpis"]]
            frozen["kpis"] = KPIMethod().freeze({"kpis": entries}, kpis=kpis)["kpis"]
        else:
            frozen["kpis"] = []
        if frozen["source"] != COMPONENTS:
            frozen["components"] = []
        return frozen

    def compute(self, component: Component, inputs: ComponentInputs) -> ComponentAnswer:
        raise TypeError("a ranking needs everyone at once: compare()")

    def compare(self, component: Component, inputs: RelativeInputs) -> ComponentAnswer:
        """Places in the cohorts of everyone who has a value, and points for the place.

        Missing rule: without a value of one's own (missing, below_minimum), without a cohort (no_cohort) and in one of
        fewer than `minimum_cohort` people with a value (small_cohort) there is no score; what then happens is the
        cycle's missing_component. An order of places has no sampling error, so the score has none (nan); how sure a
        place is says its interval.
        """
        sources = self._sources(component, inputs)
        value, error = compared(component, sources)
        keys = self._keys(component, inputs)
        found = standings(value, error, keys)
        small = found["size"].to_numpy() < component["minimum_cohort"]
        # Whom nobody has ordered yet is missing from the order, not from a cohort.
        outside = np.array([key == "" and component["cohort"] != RATER for key in keys], dtype=bool)
        nothing = np.isnan(value)
        counted = ~nothing & ~outside & ~small
        places = found["rank"].to_numpy(dtype=np.float64)
        equal = found["equal"].to_numpy(dtype=np.float64)
        score = points_of(component, places, equal, found["size"].to_numpy(dtype=np.float64))
        score = np.where(counted, score, np.nan)
        unfit = np.where(
            outside, NO_COHORT, np.where(small, SMALL_COHORT, found["word"].to_numpy(dtype=object))
        )
        rule = np.where(nothing & ~outside, sources["rule"], unfit)
        head = {
            "subject": HEAD,
            "value": np.where(counted, places, np.nan),
            "weight": 100.0,
            "attainment": np.where(counted, found["percentile"], np.nan),
            "points": score,
            "n": found["size"].to_numpy(dtype=np.int64),
            "rule": rule,
        }
        people = inputs.employee_ids
        rows = [_lines(component, people, head)]
        rows += [_lines(component, people, line) for line in sources["lines"]]
        rows.append(
            _lines(
                component,
                people[counted],
                {
                    "subject": "cohort:mean",
                    "value": found["mean"].to_numpy()[counted],
                    "standard_error": found["mean_error"].to_numpy()[counted],
                    "n": found["size"].to_numpy(dtype=np.int64)[counted],
                    "rule": SOURCE,
                },
            )
        )
        for name in COUNTS:
            number = found[name].to_numpy(dtype=np.float64)
            known = counted & ~np.isnan(number)
            line = {"subject": f"cohort:{name}", "value": number[known], "rule": SOURCE}
            rows.append(_lines(component, people[known], line))
        for place, frame in enumerate(rows, start=1):
            frame["number"] = place
        return ComponentAnswer(
            score=score,
            standard_error=np.full(len(people), np.nan),
            n=np.where(counted, sources["n"], 0).astype(np.int64),
            lines=pd.concat(rows, ignore_index=True)[list(LINE_COLUMNS)],
        )

    def _keys(self, component: Component, inputs: RelativeInputs) -> list[str]:
        if component["cohort"] != RATER:
            return cohort_labels(component["cohort"], inputs.people)
        ordered = _places(component, inputs)
        raters = ordered["rater_id"].reindex(inputs.employee_ids)
        return ["" if pd.isna(rater) else f"{RATER}:{int(rater)}" for rater in raters]

    def _sources(self, component: Component, inputs: RelativeInputs) -> dict[str, Any]:
        """values and errors, shape (people, sources); n and rule, shape (people,); lines of what was compared."""
        people = inputs.employee_ids
        if component["source"] == KPI:
            item = component["kpis"][0]
            found = inputs.kpi_values[inputs.kpi_values["kpi_version_id"] == item["version"]["id"]]
            found = found.set_index("employee_id").reindex(people)
            raw = found["value"].to_numpy(dtype=np.float64)
            n: Any = found["n"].fillna(0).to_numpy(dtype=np.int64)
            few = ~np.isnan(raw) & (n < item["version"]["minimum_sample"])
            error = found["standard_error"].to_numpy(dtype=np.float64)
            line = {
                "subject": item["kpi"],
                "value": raw,
                "target": or_nan(item["target"]),
                "standard_error": error,
                "n": n,
                "rule": np.where(few, BELOW_MINIMUM, SOURCE),
            }
            counted = np.where(few, np.nan, raw)
            rule = np.where(few, BELOW_MINIMUM, MISSING)
            return {
                "values": counted[:, None],
                "errors": error[:, None],
                "n": n,
                "rule": rule,
                "lines": [line],
            }
        if component["source"] == ORDERING:
            raw = _places(component, inputs)["level"].reindex(people).to_numpy(dtype=np.float64)
            given = ~np.isnan(raw)
            line = {"subject": ORDERING, "value": raw, "n": given.astype(np.int64), "rule": SOURCE}
            rule = np.full(len(people), MISSING, dtype=object)
            nothing = np.full((len(people), 1), np.nan)
            return {"values": raw[:, None], "errors": nothing, "n": given, "rule": rule, "lines": [line]}
        scores, errors, sizes, lines = [], [], [], []
        for source in component["components"]:
            found = inputs.scores[inputs.scores["component"] == source["code"]]
            found = found.set_index("employee_id").reindex(people)
            scores.append(found["score"].to_numpy(dtype=np.float64))
            errors.append(found["standard_error"].to_numpy(dtype=np.float64))
            sizes.append(found["n"].fillna(0).to_numpy(dtype=np.int64))
            lines.append(
                {
                    "subject": source["code"],
                    "value": scores[-1],
                    "standard_error": errors[-1],
                    "n": sizes[-1],
                    "rule": SOURCE,
                }
            )
        return {
            "values": np.column_stack(scores),
            "errors": np.column_stack(errors),
            "n": np.max(sizes, axis=0),
            "rule": np.full(len(people), MISSING, dtype=object),
            "lines": lines,
        }

    def recompute(self, component: Component, lines: list[dict[str, Any]]) -> dict[str, Any]:
        by_subject = {line["subject"]: line for line in lines}
        head = by_subject[HEAD]
        raw = self._raw_again(component, by_subject)
        value, error = compared(component, raw)
        standing = standing_lines(by_subject)
        again = standing_again(value[0], error[0], standing)
        rule = head["rule"]
        if standing["size"] and rule not in (NO_COHORT, SMALL_COHORT, MISSING, BELOW_MINIMUM):
            places, equal = np.array([float(again["rank"])]), np.array([float(standing["equal"])])
            points = or_none(points_of(component, places, equal, np.array([float(standing["size"])]))[0])
            rule = again["word"]
        else:
            points, again = None, {**again, "rank": None, "percentile": None}
        answers = []
        for line in lines:
            is_head = line["subject"] == HEAD
            answers.append(
                {
                    "subject": line["subject"],
                    "value": again["rank"] if is_head else raw["again"].get(line["subject"], line["value"]),
                    "attainment": again["percentile"] if is_head else None,
                    "points": points if is_head else None,
                    "standard_error": line["standard_error"],
                    "rule": rule if is_head else line["rule"],
                }
            )
        return {"score": points, "standard_error": None, "lines": answers}

    def _raw_again(self, component: Component, by_subject: dict[str, Any]) -> dict[str, Any]:
        if component["source"] == KPI:
            item = component["kpis"][0]
            line = by_subject[item["kpi"]]
            value = value_from_inputs(item["version"], line["inputs"], line["n"])
            counted = np.nan if line["rule"] == BELOW_MINIMUM else or_nan(value)
            return {
                "values": np.array([[counted]]),
                "errors": np.array([[or_nan(line["standard_error"])]]),
                "again": {item["kpi"]: value},
            }
        subjects = (
            [ORDERING]
            if component["source"] == ORDERING
            else [each["code"] for each in component["components"]]
        )
        return {
            "values": np.array([[or_nan(by_subject[each]["value"]) for each in subjects]]),
            "errors": np.array([[or_nan(by_subject[each]["standard_error"]) for each in subjects]]),
            "again": {},
        }


def completed_ranking(component: Mapping[str, Any]) -> Component:
    """With the defaults written out; whoever orders by hand orders the own people."""
    found = {**RankingMethod().blank(), **component}
    return {**found, "cohort": RATER} if found["source"] == ORDERING else found


def compared(component: Component, sources: Mapping[str, Any]) -> tuple[Floats, Floats]:
    """(value, standard error) by which people are compared, as stored, shape (people,): higher is better.

    KPI          its value; lower is better: the value negated; nearest: minus the distance from its target
    components   the mean of their scores by weight; those without a score leave theirs to the others
    ordering     minus the place, without an error
    """
    values = np.ascontiguousarray(sources["values"], dtype=np.float64)
    errors = np.ascontiguousarray(sources["errors"], dtype=np.float64)
    if component["source"] == COMPONENTS:
        weights = np.array([float(each["weight"]) for each in component["components"]])
        value = np.atleast_1d(weighted_mean(values, weights))
        shares = np.where(np.isnan(values), 0.0, weights[None, :])
        error = combined_standard_error(np.where(shares > 0, errors, np.nan), shares, unknown="exact")
        return stored(value), stored(np.where(np.isnan(value), np.nan, error))
    value, error = values[:, 0], errors[:, 0]
    if component["source"] == ORDERING:
        return stored(-value), error
    item = component["kpis"][0]
    direction = item["version"]["direction"]
    if direction == "lower":
        value = -value
    elif direction == "nearest":
        value = -np.abs(value - float(item["target"]))
    return stored(value), stored(error)


def points_of(component: Component, rank: Floats, equal: Floats, size: Floats) -> Floats:
    """Points of a place, as stored: lowest + (highest - lowest) x share.

    percentile   share = (people below + half the equals, oneself included) / size
    place        share = (size - place) / (size - 1), the middle of their places for equals: the best has 1, the last 0
    """
    middle = rank + (equal - 1.0) / 2.0
    with np.errstate(invalid="ignore", divide="ignore"):
        if component["scale"] == PERCENTILE:
            share = (size - middle + 0.5) / size
        else:
            share = (size - middle) / (size - 1.0)
    lowest, highest = float(component["points"]["lowest"]), float(component["points"]["highest"])
    return stored(lowest + (highest - lowest) * share)


def standing_lines(by_subject: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What the lines say of the cohort: size, mean, mean_error and COUNTS; None for what is not there."""
    head, mean = by_subject[HEAD], by_subject.get("cohort:mean", {})
    counts = {name: by_subject.get(f"cohort:{name}", {}).get("value") for name in COUNTS}
    return {
        "size": head["n"] if mean else 0,
        "mean": mean.get("value"),
        "mean_error": mean.get("standard_error"),
        **counts,
    }


def check_sources(
    components: list[dict[str, Any]], *, comparing: frozenset[str], problems: Problems, path: Path
) -> None:
    """Components that are ranked by exist and do not compare people themselves, so nothing waits for itself.

    comparing   codes of the methods that compare people
    """
    methods = {each["code"]: each["method"] for each in components}
    for index, component in enumerate(components):
        if component["method"] != RankingMethod.code or component["source"] != COMPONENTS:
            continue
        for number, source in enumerate(component.get("components", [])):
            here = (*path, index, "components", number, "code")
            if source["code"] not in methods:
                problems.add(here, "ranking_component_unknown", name=source["code"])
            elif methods[source["code"]] in comparing:
                problems.add(here, "ranking_component_compares", name=source["code"])


def _places(component: Component, inputs: RelativeInputs) -> pd.DataFrame:
    """rater_id and level of the submitted orders, by employee id; of two raters the later form counts."""
    found = inputs.judgements
    found = found[(found["component"] == component["code"]) & (found["item"] == PLACE_ITEM)]
    return found.drop_duplicates("employee_id", keep="last").set_index("employee_id")


def _lines(component: Component, people: Any, line: dict[str, Any]) -> pd.DataFrame:
    blank = {"target": np.nan, "weight": 0.0, "attainment": np.nan, "points": np.nan, "n": 0}
    return pd.DataFrame(
        {
            "employee_id": people,
            "component": component["code"],
            "value": np.nan,
            "standard_error": np.nan,
            **blank,
            **line,
        }
    )
