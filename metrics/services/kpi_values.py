"""KPI values of people over a period: one aggregate query, the formulas on whole columns, one COPY in."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from django.db import connection

from foundation.bulk import array_literal, constant, copy_in, lists
from foundation.runs.models import Run
from metrics import formulas
from metrics.models import KPIValueSet, KPIVersion, Measure
from metrics.selectors.observations import COMPANY, company_totals, covered_measures, totals_by
from metrics.selectors.parts import PARTS, TABLE, tables_of
from people.models import User
from scoring import kpi as scoring_kpi
from scoring.arrays import Floats

STATISTICS = {"sum": "total", "count": "n", "sumsq": "total_sq"}
VALUE_COLUMNS = ["employee_id", "kpi_version_id", "value", "standard_error", "n"]


class Computed(NamedTuple):
    """One KPI of many people: arrays of one length, nan where there is nothing; the inputs column by column."""

    value: Floats
    standard_error: Floats
    n: npt.NDArray[np.int64]
    inputs: dict[str, Floats]


@dataclass(frozen=True)
class Preview:
    """Everybody together, and how people's own values spread."""

    value: float | None
    n: int
    people: int
    below_minimum: int
    lowest: float | None
    median: float | None
    highest: float | None


def compute_kpi_values(
    *,
    run: Run,
    employee_ids: Sequence[int],
    kpi_versions: Iterable[KPIVersion],
    first_day: date,
    last_day: date,
) -> pd.DataFrame:
    """Compute and store a KPIValue per employee and measured version, for `run`; the answer is VALUE_COLUMNS of them,
    by employee and version.

    value            in the KPI's unit (percent as 0-100), rounded to 6 decimals; None where the KPI is undefined: no
                     record of the person in any of its measures, nothing to divide by, a measure that nobody sent
    n                the cases behind it (formulas.sample_of), 0 without a value; below the version's minimum sample it
                     is for the reader to see, the value is kept
    standard_error   in the same unit, None where nothing can be said
    inputs           {"sum(m)": x, "count(m)": n}: evaluating the formula on them gives the value again

    Call it inside the transaction of a run's shard. The number of queries does not depend on people or KPIs; many
    people are read at once where they lie in one part (see selectors.parts).
    """
    versions = [version for version in kpi_versions if version.formula]
    people = list(employee_ids)
    if not people or not versions:
        return pd.DataFrame({name: [] for name in VALUE_COLUMNS})
    parsed = {version.pk: scoring_kpi.parse(version.formula) for version in versions}
    _prepare_grouping()
    totals = totals_of_people(people, codes_of(versions, parsed.values()), first_day, last_day)
    units = totals.attrs["units"]
    computed = [values_of(version, parsed[version.pk], totals, units=units) for version in versions]
    return _store(run, people, versions, computed)


def _store(
    run: Run, people: Sequence[int], versions: Sequence[KPIVersion], computed: Sequence[Computed]
) -> pd.DataFrame:
    """A KPIValueSet a person, in the order of `people`; the answer is VALUE_COLUMNS of the single values."""
    rows = len(people)
    employees = np.array(people, dtype=np.int64)
    value, error, n = (np.column_stack(columns) for columns in list(zip(*computed, strict=True))[:3])
    inputs = [column for each in computed for column in each.inputs.values()]
    ends = np.cumsum([len(each.inputs) for each in computed])
    keys = [version.pk for version in versions]
    copy_in(
        KPIValueSet._meta.db_table,
        pd.DataFrame(
            {
                "run_id": constant(run.pk, rows),
                "employee_id": employees,
                "kpi_versions": constant(array_literal(keys), rows),
                "values": lists(value),
                "standard_errors": lists(error),
                "samples": lists(n),
                "input_ends": constant(array_literal(ends), rows),
                "input_names": constant(
                    array_literal([name for each in computed for name in each.inputs]), rows
                ),
                "inputs": lists(np.column_stack(inputs) if inputs else np.empty((rows, 0))),
            }
        ),
    )
    found = {
        "employee_id": np.repeat(employees, len(keys)),
        "kpi_version_id": np.tile(np.array(keys, dtype=np.int64), rows),
        "value": value.ravel(),
        "standard_error": error.ravel(),
        "n": n.ravel(),
    }
    return pd.DataFrame(found, columns=VALUE_COLUMNS)


def _prepare_grouping() -> None:
    """Until the end of the transaction: memory, since a hash table of 150,000 groups spills to disk with PostgreSQL's
    usual; and no parallel query, since it is the workers that fill the processors, each with a part of its own."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL work_mem = '128MB'")
        cursor.execute("SET LOCAL max_parallel_workers_per_gather = 0")


def compute_company_values(
    *, run: Run, kpi_versions: Iterable[KPIVersion], first_day: date, last_day: date
) -> int:
    """The KPIs of everybody together, stored under COMPANY: the formula on the company's totals, no mean of means."""
    versions = [version for version in kpi_versions if version.formula]
    if not versions:
        return 0
    return len(_store(run, [COMPANY], versions, _of_company(versions, first_day, last_day)))


def _of_company(versions: Sequence[KPIVersion], first_day: date, last_day: date) -> list[Computed]:
    parsed = [scoring_kpi.parse(version.formula) for version in versions]
    measures = measures_of(codes_of(versions, parsed))
    ids = [measure.pk for measure in measures.values()]
    found = company_totals(ids, first_day, last_day).assign(subject_id=COMPANY)
    totals = pivot_totals(found, [COMPANY], measures, covered_measures(ids, first_day, last_day))
    units = {code: measure.unit for code, measure in measures.items()}
    return [
        values_of(version, formula, totals, units=units)
        for version, formula in zip(versions, parsed, strict=True)
    ]


def preview(version: KPIVersion, employee_ids: Sequence[int], first_day: date, last_day: date) -> Preview:
    """What a version that need not be stored would have said about a period; nothing is written."""
    formula = scoring_kpi.parse(version.formula)
    (together,) = _of_company([version], first_day, last_day)
    values: list[float] = []
    small = 0
    if employee_ids:
        totals = totals_of_people(employee_ids, codes_of([version], [formula]), first_day, last_day)
        found = values_of(version, formula, totals, units=totals.attrs["units"])
        has_value = ~np.isnan(found.value)
        values = sorted(found.value[has_value].tolist())
        small = int((has_value & (found.n < version.minimum_sample)).sum())
    value = float(together.value[0])
    return Preview(
        value=None if math.isnan(value) else value,
        n=int(together.n[0]),
        people=len(values),
        below_minimum=small,
        lowest=values[0] if values else None,
        median=float(np.median(values)) if values else None,
        highest=values[-1] if values else None,
    )


def totals_of_people(
    people: Sequence[int], codes: Collection[str], first_day: date, last_day: date
) -> pd.DataFrame:
    """One row per person, columns (measure, "sum" | "count" | "sumsq"), as scoring reads it.

    Missing   somebody without a record of a counted thing or of money has none of it, 0, once anybody's came in at all
              in the period; all else is nan where no value is.
    """
    measures = measures_of(codes)
    ids = [measure.pk for measure in measures.values()]
    tables = tables_of(people, first_day, last_day)
    found = totals_by(
        ["subject_id", "measure_id"],
        # Looking for each of 26 million rows whether it is asked for costs more than adding up a few for nobody.
        subject_ids=None if _are_most(people, tables) else people,
        measure_ids=ids,
        first=first_day,
        last=last_day,
        tables=tables,
    )
    frame = pivot_totals(found, people, measures, covered_measures(ids, first_day, last_day))
    frame.attrs["units"] = {code: measure.unit for code, measure in measures.items()}
    return frame


def _are_most(people: Sequence[int], tables: Sequence[str]) -> bool:
    """Whether these people, of one part of the day totals, are more than half of those who can be in it."""
    if TABLE in tables:
        return False
    return 2 * len(people) * PARTS > User.objects.filter(employee_number__isnull=False).count()


def measures_of(codes: Collection[str]) -> dict[str, Measure]:
    return {measure.code: measure for measure in Measure.objects.filter(code__in=codes)}


def codes_of(versions: Iterable[KPIVersion], parsed: Iterable[scoring_kpi.Formula]) -> set[str]:
    named = {version.sample_measure for version in versions if version.sample_measure}
    return named.union(*(formula.measures for formula in parsed))


def pivot_totals(
    found: pd.DataFrame, subjects: Sequence[int], measures: Mapping[str, Measure], covered: Collection[int]
) -> pd.DataFrame:
    index = pd.Index(subjects)
    columns: dict[tuple[str, str], np.ndarray[Any, np.dtype[np.float64]]] = {}
    of_measure = dict(list(found.groupby("measure_id"))) if len(found) else {}
    for code, measure in measures.items():
        rows = of_measure.get(measure.pk, found.iloc[:0])
        place = index.get_indexer(pd.Index(rows["subject_id"]))
        asked = place >= 0  # a whole part may hold others too
        zero = measure.unit in formulas.ADDITIVE_UNITS and measure.pk in covered
        for statistic, column in STATISTICS.items():
            # A count of no values is 0 as long as anybody could have had one.
            fill = 0.0 if zero or (statistic == "count" and measure.pk in covered) else np.nan
            values = np.full(len(index), fill)
            values[place[asked]] = rows[column].to_numpy(dtype=float)[asked]
            columns[code, statistic] = values
    frame = pd.DataFrame(columns, index=index, dtype=float)
    if columns:
        frame.columns = pd.MultiIndex.from_tuples(list(columns))
    return frame


def values_of(
    version: KPIVersion, formula: scoring_kpi.Formula, totals: pd.DataFrame, *, units: Mapping[str, str]
) -> Computed:
    """A version's values, one per row of `totals`."""
    missing = sorted(formula.measures - set(units))
    if missing:
        # A measure of an old version may be gone; then there is nothing to compute from.
        empty = np.full(len(totals), np.nan)
        return Computed(empty, empty, np.zeros(len(totals), dtype=np.int64), {})
    own = totals[sorted(formula.measures)]
    counts = np.column_stack([own[code, "count"].to_numpy(dtype=float) for code in sorted(formula.measures)])
    has_any = np.nan_to_num(counts).any(axis=1)
    value = np.where(has_any, formulas.evaluate(formula, own, unit=version.unit), np.nan)
    error = np.where(np.isnan(value), np.nan, formulas.standard_error(formula, own, unit=version.unit))
    sampled = formulas.sample_of(formula, sample_measure=version.sample_measure, units=units)
    return Computed(
        value,
        error,
        np.where(np.isnan(value), 0, formulas.sample(sampled, totals)),
        {
            f"{statistic}({measure})": _input(own, measure, statistic)
            for measure, statistic in sorted(formula.columns)
        },
    )


def _input(totals: pd.DataFrame, measure: str, statistic: str) -> Floats:
    """As it is kept: never minus zero, nan for none."""
    column = totals[measure, statistic].to_numpy(dtype=np.float64) + 0.0
    return np.where(np.isfinite(column), column, np.nan)
