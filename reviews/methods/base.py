"""What every appraisal method gives: a schema, a check, a frozen form, an answer of one shape, a recomputation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd
from django.utils.functional import Promise

from foundation.documents import Path, Problems

Component = dict[str, Any]
Floats = npt.NDArray[np.float64]

# Codes of components, items and bands: they stand in addresses and in column names.
CODE = {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_-]{0,59}$"}
BAND_CODE = {"type": "string", "pattern": "^[^\\s<>\"'&][^<>\"'&]{0,19}$"}
NAME = {
    "type": "object",
    "properties": {"zh": {"type": "string", "maxLength": 120}, "en": {"type": "string", "maxLength": 120}},
    "additionalProperties": False,
}
TEXT = {
    "type": "object",
    "properties": {"zh": {"type": "string", "maxLength": 1000}, "en": {"type": "string", "maxLength": 1000}},
    "additionalProperties": False,
}
NUMBER = {"type": "number", "minimum": -1e12, "maximum": 1e12}
WEIGHT = {"type": "number", "minimum": 0, "maximum": 100}

LINE_COLUMNS = (
    "employee_id",
    "component",
    "number",
    "subject",
    "value",
    "target",
    "weight",
    "attainment",
    "points",
    "n",
    "standard_error",
    "rule",
)


@dataclass(frozen=True)
class KPIReference:
    """What a method needs to know of a KPI on a day; services read it, so that methods stay free of the database."""

    code: str
    name: Mapping[str, str]
    is_qualitative: bool
    version_id: int
    version_number: int
    formula: str
    unit: str
    direction: str
    target: float | None
    bands: list[list[float]]
    decimals: int
    minimum_sample: int
    denominator: Mapping[str, str] = field(default_factory=dict)
    # {edition, first_day, last_day, rows} of the target table; None where it says nothing of this KPI.
    targets: Mapping[str, Any] | None = None
    # Of a balanced scorecard: where the KPI belongs by itself.
    perspective: str = ""


def frozen_version(reference: KPIReference) -> dict[str, Any]:
    """What a frozen configuration keeps of a KPI, so that it explains itself."""
    return {
        "id": reference.version_id,
        "number": reference.version_number,
        "name": dict(reference.name),
        "formula": reference.formula,
        "unit": reference.unit,
        "direction": reference.direction,
        "decimals": reference.decimals,
        "minimum_sample": reference.minimum_sample,
        "denominator": dict(reference.denominator),
    }


@dataclass(frozen=True)
class ComponentInputs:
    """What a component is computed from, for one shard of people.

    employee_ids   shape (people,), ascending
    kpi_values     columns employee_id, kpi_version_id, value, standard_error, n; nan value = undefined
    judgements     columns employee_id, component, item, level, and sheet_id and days (of the part) where several raters
                   judge; only of submitted sheets
    people         columns employee_id, job, queue, role_since, role_until, where targets depend on them; else None
    incidents      columns employee_id, incident_id, happened_on, behaviour, strength, is_good, age (days from it to the
                   last day of the period); those of the period that were not withdrawn
    voices         columns employee_id, component, unit, place (0 the unit, 1.. its items), n, mean, standard_error; of
                   questionnaires that were closed, aggregates only
    group_values   {"team", "site", "company": columns as kpi_values}: what the one that a person belongs to has
    objectives     reviews.methods.objectives.FACTS, one row per key result of an objective that both sides agreed on
    """

    employee_ids: npt.NDArray[np.int64]
    kpi_values: pd.DataFrame
    judgements: pd.DataFrame
    people: pd.DataFrame | None = None
    incidents: pd.DataFrame = field(default_factory=pd.DataFrame)
    voices: pd.DataFrame = field(default_factory=pd.DataFrame)
    group_values: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    objectives: pd.DataFrame = field(default_factory=pd.DataFrame)


@dataclass(frozen=True)
class ComponentAnswer:
    """score and standard_error are nan where there is none; n is the largest sample behind a counted line.

    lines has LINE_COLUMNS, one row per person and line, as they are stored.
    """

    score: Floats
    standard_error: Floats
    n: npt.NDArray[np.int64]
    lines: pd.DataFrame


@dataclass(frozen=True)
class RelativeInputs:
    """What a component that compares people is computed from: everyone of the cycle at once.

    employee_ids   shape (people,), ascending
    people         one row per person in that order: employee_id, team_id, job_id, site_id, grade, and queue where a
                   cohort is made by it
    kpi_values     as in ComponentInputs, of the KPIs that such components name
    scores         columns employee_id, component, score, standard_error, n: of the components that do not compare
    judgements     columns employee_id, component, item, level, rater_id, in the order of the forms; submitted ones only
    comparisons  columns component, criterion, rater_id, first_id, second_id, outcome (1, 0, -1): answers of submitted
                 forms about pairs, of those components that are judged so
    """

    employee_ids: npt.NDArray[np.int64]
    people: pd.DataFrame
    kpi_values: pd.DataFrame
    scores: pd.DataFrame
    judgements: pd.DataFrame
    comparisons: pd.DataFrame = field(default_factory=pd.DataFrame)


class Method(Protocol):
    code: str
    label: str | Promise
    description: str | Promise
    schema: Mapping[str, Any]
    needs_raters: bool
    # Whether a score depends on other people: such components are computed in a stage of their own, by `compare`.
    compares_people: bool = False

    def wants_raters(self, component: Component) -> bool:
        """Whether this component asks somebody to fill in forms; for most methods all of them do, or none."""
        return self.needs_raters

    def check(
        self,
        component: Component,
        *,
        kpis: Mapping[str, KPIReference],
        problems: Problems,
        path: Path,
        complete: bool,
    ) -> None:
        """Adds what the schema cannot say. `complete` also asks for what only a launch needs: sums, descriptions."""

    def freeze(self, component: Component, *, kpis: Mapping[str, KPIReference]) -> Component:
        """The component with every reference replaced by what it meant, so that the document explains itself."""

    def compute(self, component: Component, inputs: ComponentInputs) -> ComponentAnswer: ...

    def compare(self, component: Component, inputs: RelativeInputs) -> ComponentAnswer:
        """Where compares_people, instead of `compute`."""
        raise TypeError(f"{self.code} compares nobody")

    def recompute(self, component: Component, lines: list[dict[str, Any]]) -> dict[str, Any]:
        """{"score", "standard_error", "lines": [{...}]} of one person from the explanation's lines alone."""

    def blank(self) -> Component:
        """What a new component starts as in the browser, without code, name and weight."""


def localised(name: Mapping[str, str] | None, language: str) -> str:
    """The text for a language code such as zh-hans, falling back to the other one."""
    texts = name or {}
    first, second = ("zh", "en") if language.startswith("zh") else ("en", "zh")
    return texts.get(first) or texts.get(second) or ""


def has_name(name: Mapping[str, str] | None) -> bool:
    return bool(name and any(text.strip() for text in name.values()))


def check_weights(weights: list[Any], *, problems: Problems, path: Path, complete: bool) -> None:
    """Weights of a whole are parts of 100, compared exactly: 33.3 + 33.3 + 33.4 is 100."""
    total = weight_total(weights)
    if complete and total != 100:
        problems.add(path, "cycle_weights_not_100", total=plain(total), missing=plain(100 - total))


def weight_total(weights: list[Any]) -> Decimal:
    return sum((Decimal(str(weight)) for weight in weights), start=Decimal(0))


def plain(number: Any) -> str:
    """A number as people type it: 90, 33.3, never 9E+1."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def check_duplicates(codes: list[str], *, problems: Problems, paths: list[Path]) -> None:
    seen: set[str] = set()
    for code, path in zip(codes, paths, strict=True):
        if code in seen:
            problems.add(path, "cycle_code_twice", name=code)
        seen.add(code)


def or_none(value: Any) -> float | None:
    """nan is what arrays know; None is what documents and the database know."""
    return None if value is None or np.isnan(value) else float(value)


def or_nan(value: float | None) -> float:
    return float("nan") if value is None else float(value)
