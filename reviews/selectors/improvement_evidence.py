"""What a plan may rest on: released scores, their KPI lines, months of KPI values; each against an absolute standard.

A key names one: "score:CYCLE", "kpi:CYCLE:KPI", "month:2025-10:KPI". A rank, or a rating that was given by shares, is
none; nor is a score into which ranks entered.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Collection
from typing import Any

from metrics.models import KPIPeriod, KPIValue
from reviews.methods import COMPARING
from reviews.models import Cycle, Result, ScoreLine
from reviews.selectors.evidence import kpi_items
from reviews.selectors.improvement_plans import RuleOfPlans, current_rule
from scoring.improvement import is_met

CYCLES_OFFERED, MONTHS_OFFERED = 4, 3
#: How a line of a KPI came to points by an absolute standard.
COUNTED = ("attainment", "bands")
KEY = re.compile(r"(score|kpi|month):[A-Za-z0-9_-]{1,60}(:[A-Za-z0-9_-]{1,60})?")


def compares_people(cycle: Cycle) -> bool:
    """Whether the overall score depends on how others did."""
    return any(each["method"] in COMPARING for each in cycle.configuration.get("components", []))


def kpi_components(cycle: Cycle) -> list[str]:
    return [
        each["code"] for each in cycle.configuration.get("components", []) if each["method"] not in COMPARING
    ]


def evidence_offered(employee_id: int) -> list[dict[str, Any]]:
    """What there is about a person, the latest first, each with its key and whether it lies below its standard. Only
    what the person has been shown: released results, and the standing values of months. Five queries."""
    cycles = list(
        Cycle.objects.filter(released_at__isnull=False, participants__employee=employee_id).order_by(
            "-last_day", "-id"
        )[:CYCLES_OFFERED]
    )
    periods = list(
        KPIPeriod.objects.filter(published_run__isnull=False).order_by("-first_day")[:MONTHS_OFFERED]
    )
    return [*_of_cycles(employee_id, cycles), *_of_months(employee_id, periods)]


def evidence_named(employee_id: int, keys: Collection[str]) -> dict[str, dict[str, Any]]:
    """{key: what it names}; what does not exist for this person is left out."""
    parts = [key.split(":") for key in keys if KEY.fullmatch(key)]
    codes = {part[1] for part in parts if len(part) > 1 and part[0] in ("score", "kpi")}
    months = set()
    for part in parts:
        if len(part) == 3 and part[0] == "month":
            try:
                months.add(datetime.date.fromisoformat(f"{part[1]}-01"))
            except ValueError:
                continue
    cycles = list(
        Cycle.objects.filter(released_at__isnull=False, participants__employee=employee_id, code__in=codes)
    )
    periods = list(KPIPeriod.objects.filter(published_run__isnull=False, first_day__in=months))
    found = {
        each["key"]: each for each in [*_of_cycles(employee_id, cycles), *_of_months(employee_id, periods)]
    }
    return {key: found[key] for key in keys if key in found}


def _of_cycles(employee_id: int, cycles: list[Cycle]) -> list[dict[str, Any]]:
    runs = [cycle.published_run_id for cycle in cycles if cycle.published_run_id]
    if not runs:
        return []
    rule = current_rule()
    scores: dict[Any, float | None] = dict(
        Result.objects.filter(run__in=runs, employee=employee_id).values_list("run", "score")
    )
    lines: dict[Any, list[ScoreLine]] = {}
    for line in ScoreLine.objects.filter(run__in=runs, employee_id=employee_id, rule__in=COUNTED):
        lines.setdefault(line.run_id, []).append(line)
    made: list[dict[str, Any]] = []
    for cycle in cycles:
        base = reference_of(cycle)
        score = scores.get(cycle.published_run_id)
        if score is not None:
            made.append(score_evidence(base, cycle, score, rule))
        components = kpi_components(cycle)
        versions = {
            (part["code"], item["kpi"]): item["version"]
            for part, item in kpi_items(cycle)
            if part["code"] in components
        }
        for line in sorted(lines.get(cycle.published_run_id, []), key=lambda each: each.number):
            version = versions.get((line.component, line.subject))
            if version is not None and line.points is not None:
                made.append(
                    kpi_evidence(
                        base,
                        version,
                        kpi=line.subject,
                        value=line.value,
                        target=line.target,
                        points=line.points,
                        n=line.n,
                        attainment=line.attainment,
                        rule=rule,
                    )
                )
    return made


def reference_of(cycle: Cycle) -> dict[str, Any]:
    return {
        "cycle": cycle.code,
        "cycle_name": {"zh": cycle.name_zh, "en": cycle.name_en},
        "first_day": cycle.first_day.isoformat(),
        "last_day": cycle.last_day.isoformat(),
        "run": str(cycle.published_run_id),
    }


def score_evidence(base: dict[str, Any], cycle: Cycle, score: float, rule: RuleOfPlans) -> dict[str, Any]:
    relative = compares_people(cycle)
    return {
        **base,
        "key": f"score:{cycle.code}",
        "source": "score",
        "value": score,
        "standard": rule.score_below,
        "is_relative": relative,
        "is_below": not relative and score < rule.score_below,
    }


def kpi_evidence(
    base: dict[str, Any],
    version: dict[str, Any],
    *,
    kpi: str,
    value: float | None,
    target: float | None,
    points: float,
    n: int,
    attainment: float | None,
    rule: RuleOfPlans,
) -> dict[str, Any]:
    """Below its standard: fewer points than the rule's cut-off, or the target missed."""
    missed = attainment is not None and attainment < 1
    return {
        **base,
        "key": f"kpi:{base['cycle']}:{kpi}",
        "source": "kpi",
        "kpi": kpi,
        "name": version["name"],
        "unit": version["unit"],
        "decimals": version["decimals"],
        "direction": version["direction"],
        "value": value,
        "target": target,
        "points": points,
        "standard": rule.points_below,
        "n": n,
        "is_below": points < rule.points_below or missed,
    }


def _of_months(employee_id: int, periods: list[KPIPeriod]) -> list[dict[str, Any]]:
    runs = {period.published_run_id: period for period in periods}
    if not runs:
        return []
    values = KPIValue.objects.filter(
        run__in=list(runs), employee_id=employee_id, value__isnull=False, kpi_version__target__isnull=False
    ).select_related("kpi_version__kpi")
    made = []
    for value in sorted(
        values, key=lambda each: (-runs[each.run_id].first_day.toordinal(), each.kpi_version.kpi.code)
    ):
        period, version = runs[value.run_id], value.kpi_version
        if value.n < version.minimum_sample or value.value is None or version.target is None:
            continue
        month, target = period.first_day.isoformat()[:7], float(version.target)
        made.append(
            {
                "key": f"month:{month}:{version.kpi.code}",
                "source": "month",
                "month": month,
                "first_day": period.first_day.isoformat(),
                "last_day": period.last_day.isoformat(),
                "run": str(value.run_id),
                "kpi": version.kpi.code,
                "name": {"zh": version.kpi.name_zh, "en": version.kpi.name_en},
                "unit": version.unit,
                "decimals": version.decimals,
                "direction": version.direction,
                "value": value.value,
                "target": target,
                "n": value.n,
                "is_below": not is_met(value.value, target, version.direction, decimals=version.decimals),
            }
        )
    return made
