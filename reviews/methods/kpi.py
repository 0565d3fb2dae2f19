"""KPI appraisal: a weighted set of KPIs, each scored by attainment of its target or by its standard bands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from django.utils.translation import gettext_lazy as _

from foundation.documents import Path, Problems
from metrics.formulas import evaluate
from reviews.methods.base import (
    LINE_COLUMNS,
    NUMBER,
    WEIGHT,
    Component,
    ComponentAnswer,
    ComponentInputs,
    Floats,
    KPIReference,
    Method,
    check_duplicates,
    check_weights,
    frozen_version,
    or_nan,
    or_none,
)
from reviews.methods.targets import NO_TARGET, frozen_targets, person_targets, target_of
from scoring import kpi as formulas
from scoring.attainment import attainment, band_error, band_score
from scoring.composite import combined_standard_error, score_from_attainment, stored, weighted_mean

ATTAINMENT, BANDS = "attainment", "bands"
MISSING, BELOW_MINIMUM = "missing", "below_minimum"

BAND_LIST = {
    "type": "array",
    "maxItems": 30,
    "items": {"type": "array", "minItems": 2, "maxItems": 2, "items": NUMBER},
}


class KPIMethod(Method):
    code = "kpi"
    label = _("KPI appraisal")
    description = _("Measured indicators against their targets or standard bands.")
    needs_raters = False
    schema: Mapping[str, Any] = {
        "type": "object",
        "required": ["kpis"],
        "properties": {
            "kpis": {
                "type": "array",
                "maxItems": 60,
                "items": {
                    "type": "object",
                    "required": ["kpi", "weight"],
                    "additionalProperties": False,
                    "properties": {
                        "kpi": {"type": "string", "maxLength": 60},
                        "weight": WEIGHT,
                        "scoring": {"enum": [ATTAINMENT, BANDS]},
                        "target": {"type": ["number", "null"], "minimum": -1e12, "maximum": 1e12},
                        "floor": {"type": "number", "minimum": 0, "maximum": 10},
                        "cap": {"type": ["number", "null"], "minimum": 0, "maximum": 10},
                        "bands": BAND_LIST,
                    },
                },
            },
        },
    }

    def blank(self) -> Component:
        return {"kpis": []}

    def check(
        self,
        component: Component,
        *,
        kpis: Mapping[str, KPIReference],
        problems: Problems,
        path: Path,
        complete: bool,
    ) -> None:
        items = component["kpis"]
        base = (*path, "kpis")
        if complete and not items:
            problems.add(base, "component_without_kpis")
            return
        check_kpi_items(items, kpis=kpis, problems=problems, base=base, complete=complete)
        check_weights([item["weight"] for item in items], problems=problems, path=base, complete=complete)

    def freeze(self, component: Component, *, kpis: Mapping[str, KPIReference]) -> Component:
        frozen = []
        for item in component["kpis"]:
            reference = kpis[item["kpi"]]
            scoring = item.get("scoring", ATTAINMENT)
            # The line's own target is for everybody; else the table's rows; else the KPI's own.
            tables = reference.targets if item.get("target") is None and scoring == ATTAINMENT else None
            own = item["target"] if item.get("target") is not None else reference.target
            frozen.append(
                {
                    "kpi": reference.code,
                    "weight": item["weight"],
                    "scoring": scoring,
                    "target": None if tables else own,
                    **({"targets": frozen_targets(tables, reference.target)} if tables else {}),
                    "floor": item.get("floor", 0),
                    "cap": item.get("cap"),
                    "bands": (item.get("bands") or reference.bands) if scoring == BANDS else [],
                    "version": frozen_version(reference),
                }
            )
        return {**component, "kpis": frozen}

    def compute(self, component: Component, inputs: ComponentInputs) -> ComponentAnswer:
        """Line points from values; component = weighted mean of the counted lines.

        Missing rule: a KPI that is undefined (rule missing), whose n lies under its minimum sample (below_minimum) or
        for which the target table has no target for the person (no_target) has no points, and its weight is shared by
        the others in proportion. Nothing counted: no score (nan).
        """
        found = kpi_lines(component["kpis"], inputs.employee_ids, inputs.kpi_values, inputs.people)
        for number, line in enumerate(found.lines, start=1):
            line["component"], line["number"] = component["code"], number
        weights = np.array([float(item["weight"]) for item in component["kpis"]])
        return ComponentAnswer(
            score=stored(weighted_mean(found.points, weights)),
            standard_error=stored(line_error(found.points, found.errors, weights)),
            n=found.samples.max(axis=1, initial=0),
            lines=pd.concat(found.lines, ignore_index=True)[list(LINE_COLUMNS)],
        )

    def recompute(self, component: Component, lines: list[dict[str, Any]]) -> dict[str, Any]:
        by_code = {item["kpi"]: item for item in component["kpis"]}
        answers = [recompute_line(by_code[line["subject"]], line) for line in lines]
        weights = np.array([float(by_code[line["subject"]]["weight"]) for line in lines])
        points = np.array([[or_nan(answer["points"]) for answer in answers]])
        errors = np.array([[or_nan(answer["standard_error"]) for answer in answers]])
        return {
            "score": or_none(stored(weighted_mean(points, weights))[0]),
            "standard_error": or_none(stored(line_error(points, errors, weights))[0]),
            "lines": answers,
        }


def check_kpi_items(
    items: list[dict[str, Any]],
    *,
    kpis: Mapping[str, KPIReference],
    problems: Problems,
    base: Path,
    complete: bool,
) -> None:
    """What can be wrong with each entry by itself; the sum of the weights is for who knows what makes a whole."""
    check_duplicates(
        [item["kpi"] for item in items],
        problems=problems,
        paths=[(*base, index, "kpi") for index in range(len(items))],
    )
    for index, item in enumerate(items):
        here = (*base, index)
        reference = kpis.get(item["kpi"])
        if reference is None:
            problems.add((*here, "kpi"), "cycle_kpi_unknown", name=item["kpi"][:60])
            continue
        if reference.is_qualitative:
            problems.add((*here, "kpi"), "cycle_kpi_is_qualitative", name=item["kpi"])
        floor, cap = item.get("floor", 0), item.get("cap")
        if cap is not None and floor > cap:
            problems.add((*here, "floor"), "cycle_floor_above_cap", floor=floor, cap=cap)
        if item.get("scoring", ATTAINMENT) == ATTAINMENT:
            known = item.get("target") is not None or reference.target is not None or reference.targets
            if complete and not known:
                problems.add((*here, "target"), "cycle_kpi_without_target", name=item["kpi"])
        else:
            edges = [band[0] for band in item.get("bands") or reference.bands]
            if edges != sorted(set(edges)):
                problems.add((*here, "bands"), "cycle_bands_not_ascending")
            elif complete and not edges:
                problems.add((*here, "scoring"), "cycle_kpi_without_bands", name=item["kpi"])
        if complete and item["weight"] == 0:
            problems.add((*here, "weight"), "cycle_weight_zero")


@dataclass(frozen=True)
class KPILines:
    """points, errors and samples have shape (people, entries); lines has a frame per entry, without component and
    number."""

    points: Floats
    errors: Floats
    samples: npt.NDArray[np.int64]
    lines: list[pd.DataFrame]


def kpi_lines(
    items: list[dict[str, Any]],
    employee_ids: npt.NDArray[np.int64],
    kpi_values: pd.DataFrame,
    people: pd.DataFrame | None,
) -> KPILines:
    """Frozen entries for many people.

    kpi_values   columns employee_id, kpi_version_id, value, standard_error, n
    """
    shape = (len(employee_ids), len(items))
    points, errors = np.full(shape, np.nan), np.full(shape, np.nan)
    samples = np.zeros(shape, dtype=np.int64)
    lines = []
    by_version = dict(list(kpi_values.groupby("kpi_version_id")))
    for index, item in enumerate(items):
        values = (
            by_version.get(item["version"]["id"], kpi_values.iloc[:0])
            .set_index("employee_id")[["value", "standard_error", "n"]]
            .reindex(employee_ids)
        )
        value = values["value"].to_numpy(dtype=np.float64)
        n = values["n"].fillna(0).to_numpy(dtype=np.int64)
        target = person_targets(item, people, employee_ids)
        line = score_line(item, value, values["standard_error"].to_numpy(dtype=np.float64), n, target)
        points[:, index], errors[:, index] = line["points"], line["standard_error"]
        samples[:, index] = np.where(np.isnan(line["points"]), 0, n)
        lines.append(
            pd.DataFrame(
                {
                    "employee_id": employee_ids,
                    "subject": item["kpi"],
                    "value": value,
                    "target": target,
                    "weight": float(item["weight"]),
                    "n": n,
                    **line,
                }
            )
        )
    return KPILines(points, errors, samples, lines)


def recompute_line(item: Mapping[str, Any], line: Mapping[str, Any]) -> dict[str, Any]:
    """One line of one person from its inputs: subject, value, target, attainment, points, standard_error, rule."""
    value = value_from_inputs(item["version"], line["inputs"], line["n"])
    target = target_of(item, line.get("person"))
    scored = score_line(
        item,
        np.array([or_nan(value)]),
        np.array([or_nan(line["value_standard_error"])]),
        np.array([line["n"]]),
        np.array([or_nan(target)]),
    )
    return {
        "subject": line["subject"],
        "value": value,
        "target": target,
        "attainment": or_none(scored["attainment"][0]),
        "points": or_none(scored["points"][0]),
        "standard_error": or_none(scored["standard_error"][0]),
        "rule": str(scored["rule"][0]),
    }


def score_line(
    item: Mapping[str, Any], value: Floats, error: Floats, n: Any, target: Floats
) -> dict[str, Any]:
    """One KPI for many people: arrays attainment, points, standard_error (in points), rule, all as stored.

    The error of points by attainment is the KPI's own error times 100 / |target|; by bands it is that of the points
    which the value's neighbourhood would get (scoring.attainment.band_error). Without a target (nan) a line by
    attainment does not count.
    """
    version = item["version"]
    undefined = np.isnan(value)
    counted = ~undefined & (n >= version["minimum_sample"])
    rule = np.where(undefined, MISSING, np.where(counted, item["scoring"], BELOW_MINIMUM))
    if item["scoring"] == ATTAINMENT:
        cap = item["cap"]
        ratio = stored(
            attainment(
                value,
                target,
                direction=version["direction"],
                floor=float(item["floor"]),
                cap=None if cap is None else float(cap),
            )
        )
        points = stored(score_from_attainment(ratio))
        with np.errstate(divide="ignore", invalid="ignore"):
            spread = stored(np.where(target == 0, np.nan, error * 100.0 / np.abs(target)))
        rule = np.where(counted & np.isnan(target), NO_TARGET, rule)
        counted &= ~np.isnan(target)
    else:
        ratio = np.full(value.shape, np.nan)
        bands = [(float(edge), float(score)) for edge, score in item["bands"]]
        points = stored(band_score(value, bands))
        spread = stored(band_error(value, error, bands))
    return {
        "attainment": np.where(counted, ratio, np.nan),
        "points": np.where(counted, points, np.nan),
        "standard_error": np.where(counted, spread, np.nan),
        "rule": rule,
    }


def line_error(points: Floats, errors: Floats, weights: Floats) -> Floats:
    """Lines that do not count have no weight; a counted line without a known error is taken as exact."""
    counted = np.where(np.isnan(points), 0.0, weights[None, :])
    answer: Floats = combined_standard_error(np.where(counted > 0, errors, np.nan), counted, unknown="exact")
    return answer


def value_from_inputs(version: Mapping[str, Any], inputs: Mapping[str, float | None], n: int) -> float | None:
    """The KPI's value from the totals that entered it, as stored; {'sum(m)': x, 'count(m)': n}.

    Without one record of the person (n = 0 and nothing in any total) it is undefined, whatever the formula makes of 0.
    """
    if not inputs or (n == 0 and not any(inputs.values())):
        return None
    formula = formulas.parse(version["formula"])
    frame = pd.DataFrame({name: [or_nan(number)] for name, number in inputs.items()})
    for measure, statistic in formula.columns:
        if (name := f"{statistic}({measure})") not in frame:
            frame[name] = np.nan
    return or_none(evaluate(formula, frame, unit=version["unit"])[0])
