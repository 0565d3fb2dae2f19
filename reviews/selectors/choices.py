"""The choice of indicators, looked at before the launch: is it comprehensive, measurable, and nothing said twice?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from foundation.bulk import copy_out
from foundation.interface.wording import month, number
from metrics.models import KPI, KPIPeriod
from metrics.selectors.duties import duties_of
from metrics.selectors.kpi_values import latest_period
from people.models import Job
from reviews.methods.base import KPIReference, localised
from reviews.methods.document import completed, rated_components
from reviews.methods.scorecard import perspective_of, share_of
from reviews.models import Cycle
from reviews.models.cycles import Phase
from reviews.selectors.launch import LaunchProblem
from reviews.selectors.population import population_of
from reviews.selectors.references import references_on
from scoring.choice import repeats, varies

#: What a choice should cover; of the dimensions these are the ones that work is measured by.
EXPECTED = (KPI.Dimension.QUALITY, KPI.Dimension.EFFICIENCY, KPI.Dimension.COST)
THRESHOLD, MINIMUM = 0.9, 10
#: With more than this share of people below the minimum sample the KPI would hardly count.
FEW_SHARE = 0.5


def choice_findings(cycle: Cycle) -> list[LaunchProblem]:
    """What is worth a thought before the launch, as sentences; all of it advice. Empty after the launch.

    Values are those of the last month that has any, of the people who would be appraised. About twelve queries.
    """
    if cycle.phase != Phase.SETUP:
        return []
    configuration = completed(cycle.configuration)
    references = references_on(cycle.last_day).kpis
    weights = kpi_weights(configuration, references)
    if not weights:
        return []
    found = _uncovered(weights, configuration)
    people = population_of(configuration, cycle.first_day, cycle.last_day)
    found += _duties(weights, {row.job_id for row in people if row.job_id})
    period = latest_period()
    if period is not None and people:
        values = _values(period, [row.employee_id for row in people], list(weights))
        found += _poor(values, references, weights, period)
        found += _repeated(values, references, weights)
    return found


def kpi_weights(configuration: Mapping[str, Any], references: Mapping[str, KPIReference]) -> dict[str, float]:
    """{KPI code: its share of the overall score in per cent}, of measured KPIs, added up over components."""
    weights: dict[str, float] = {}
    for component in configuration["components"]:
        for item in component.get("kpis", []):
            if item["kpi"] in references:
                placed = {**item, "perspective": perspective_of(item, references)}
                share = component["weight"] * share_of(component, placed) / 100
                weights[item["kpi"]] = weights.get(item["kpi"], 0.0) + share
    return weights


def _uncovered(weights: Mapping[str, float], configuration: Mapping[str, Any]) -> list[LaunchProblem]:
    covered = set(KPI.objects.filter(code__in=list(weights)).values_list("dimension", flat=True))
    absent = [str(dimension.label) for dimension in EXPECTED if dimension not in covered]
    if not absent:
        return []
    judged = bool(rated_components(configuration))
    code = "choice_uncovered_judged" if judged else "choice_uncovered"
    return [_finding(code, {"names": _(", ").join(absent)})]


def _duties(weights: Mapping[str, float], job_ids: set[int]) -> list[LaunchProblem]:
    """The duties of the people's jobs that no measured KPI of the cycle covers, a sentence per job. Two queries."""
    jobs = [job for job in Job.objects.filter(pk__in=job_ids).order_by("code") if job.duties]
    found = []
    for each in duties_of(jobs):
        names = [duty.name for duty in each.duties if not any(kpi.code in weights for kpi in duty.kpis)]
        if names:
            found.append(
                _finding("choice_duty", {"job": each.job.name, "names": _(", ").join(names)}, "duties")
            )
    return found


def _values(period: KPIPeriod, employee_ids: list[int], codes: list[str]) -> pd.DataFrame:
    """employee_id, code, value, n, minimum of the month's published values."""
    return copy_out(
        """
        SELECT value.employee_id, kpi.code, value.value, value.n, version.minimum_sample AS minimum
        FROM metrics_kpivalue AS value
        JOIN metrics_kpiversion AS version ON version.id = value.kpi_version_id
        JOIN metrics_kpi AS kpi ON kpi.id = version.kpi_id
        WHERE value.run_id = %s AND kpi.code = ANY(%s) AND value.employee_id = ANY(%s::bigint[])
        """,
        [str(period.published_run_id), codes, employee_ids],
    )


def _poor(
    values: pd.DataFrame,
    references: Mapping[str, KPIReference],
    weights: Mapping[str, float],
    period: KPIPeriod,
) -> list[LaunchProblem]:
    """No data, too few cases, no variation: a sentence each, that names all KPIs it is true of."""
    groups: dict[str, list[str]] = {"choice_no_data": [], "choice_few": [], "choice_same": []}
    for code in weights:
        rows = values[(values["code"] == code) & values["value"].notna()]
        if rows.empty:
            groups["choice_no_data"].append(code)
        elif (rows["n"] < rows["minimum"]).mean() > FEW_SHARE:
            groups["choice_few"].append(code)
        elif len(rows) >= MINIMUM and not varies(rows["value"].to_numpy(dtype=np.float64)):
            groups["choice_same"].append(code)
    return [
        _finding(
            code,
            {
                "names": _names(kpis, references),
                "month": month(period.first_day),
                "weight": _percent(sum(weights[kpi] for kpi in kpis)),
            },
        )
        for code, kpis in groups.items()
        if kpis
    ]


def _repeated(
    values: pd.DataFrame, references: Mapping[str, KPIReference], weights: Mapping[str, float]
) -> list[LaunchProblem]:
    codes = list(weights)
    enough = values[values["n"] >= values["minimum"]]
    table = enough.pivot_table(index="employee_id", columns="code", values="value").reindex(columns=codes)
    return [
        _finding(
            "choice_repeats",
            {
                "weight": _percent(weights[codes[pair.first]] + weights[codes[pair.second]]),
                "first": _names([codes[pair.first]], references),
                "second": _names([codes[pair.second]], references),
                "r": number(pair.r, 2),
                "n": number(pair.n, 0),
            },
        )
        for pair in repeats(table.to_numpy(dtype=np.float64), threshold=THRESHOLD, minimum=MINIMUM)
    ]


def _finding(code: str, params: dict[str, Any], path: str = "components") -> LaunchProblem:
    return LaunchProblem(code, params, path=path, severity="warning")


def _names(codes: list[str], references: Mapping[str, KPIReference]) -> str:
    language = get_language() or "en"
    return _(", ").join(localised(references[code].name, language) or code for code in codes)


def _percent(value: float) -> str:
    return f"{number(value, 0)} %"
