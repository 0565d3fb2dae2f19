"""Why a cycle cannot be launched: every reason as a sentence, with the place where it is mended."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from foundation.documents import Problem, Problems, format_path
from foundation.interface.wording import date_short
from foundation.refusals import refusal_text
from metrics.models import Measure
from metrics.selectors.observations import covered_measures
from people.models import User
from reviews.methods.base import KPIReference, localised
from reviews.methods.document import (
    References,
    check_configuration,
    completed,
    freeze_configuration,
    named_kpis,
    rated_components,
)
from reviews.methods.objectives import counts_objectives
from reviews.methods.paired import LARGEST_COHORT
from reviews.methods.targets import has_targets, names_queues, needs_people, person_targets
from reviews.models import Cycle
from reviews.selectors.cohort_sizes import completed_comparing, small_cohorts, unfit_for_pairs
from reviews.selectors.population import population_of, raters_of
from reviews.selectors.references import references_on
from reviews.selectors.roles import as_frame, roles_of
from scoring.kpi import parse

NAMES_SHOWN = 5


@dataclass(frozen=True)
class LaunchProblem:
    """`path` says which part of the configuration mends it; a warning does not keep the cycle from launch."""

    code: str
    params: Mapping[str, Any] = field(default_factory=dict)
    path: str = ""
    severity: str = "error"
    component: str = ""

    @property
    def text(self) -> str:
        text = refusal_text(self.code, self.params)
        return f"{self.component}: {text}" if self.component else text


def launch_problems(cycle: Cycle) -> list[LaunchProblem]:
    """Empty when nothing keeps the cycle from launch. About twelve queries, whatever the number of people and KPIs."""
    configuration = completed(cycle.configuration)
    references = references_on(cycle.last_day, cycle.first_day)
    problems = Problems()
    check_configuration(cycle.configuration, references=references, problems=problems, complete=True)
    found = [_as_launch_problem(problem, configuration) for problem in problems]
    if any(problem.path[:1] == ("population",) for problem in problems):
        return found
    people = population_of(configuration, cycle.first_day, cycle.last_day)
    if not people:
        found.append(LaunchProblem("no_people", path="population"))
    elif not found and rated_components(configuration):
        found += _without_rater(people, cycle.last_day)
    if counts_objectives(configuration) and configuration["missing_component"] != "hold_back":
        found.append(LaunchProblem("objectives_not_held_back", path="missing_component", severity="warning"))
    if not any(problem.severity == "error" for problem in found):
        found += _without_target(configuration, references, people, cycle)
        found += _without_data(configuration, references.kpis, cycle)
        found += _small_cohorts(configuration, people, cycle.last_day)
    return found


def _small_cohorts(
    configuration: Mapping[str, Any], people: list[Any], last_day: datetime.date
) -> list[LaunchProblem]:
    """Where there are too few people to compare: an error when nobody would get a place, else a warning. In a paired
    comparison nobody may stand alone, since that person's form could never be answered, and no cohort be too large."""
    problems = []
    for index, component in enumerate(configuration["components"]):
        unfit = dict(
            zip(("pairs_alone", "pairs_too_many"), unfit_for_pairs(component, people, last_day), strict=True)
        )
        problems += [
            LaunchProblem(
                code,
                {
                    "count": len(names),
                    "names": ", ".join([*names[:NAMES_SHOWN], *(["…"] if len(names) > NAMES_SHOWN else [])]),
                    "most": LARGEST_COHORT,
                },
                path=f"components[{index}].cohort",
                component=localised(component.get("name"), get_language() or "en") or component["code"],
            )
            for code, names in unfit.items()
            if names
        ]
        if any(unfit.values()):
            continue
        small = small_cohorts(component, people, last_day)
        if small is None or not small[0]:
            continue
        count, names = small
        nobody = count >= len(people)
        shown = [*names[:NAMES_SHOWN], *(["…"] if len(names) > NAMES_SHOWN else [])]
        problems.append(
            LaunchProblem(
                "ranking_no_cohort" if nobody else "ranking_cohorts_small",
                {
                    "count": count,
                    "people": len(people),
                    "minimum": completed_comparing(component)["minimum_cohort"],
                    "names": ", ".join(shown) or "–",
                },
                path=f"components[{index}].minimum_cohort",
                severity="error" if nobody else "warning",
                component=localised(component.get("name"), get_language() or "en") or component["code"],
            )
        )
    return problems


def _as_launch_problem(problem: Problem, configuration: Mapping[str, Any]) -> LaunchProblem:
    component = ""
    if problem.path[:1] == ("components",) and len(problem.path) > 1:
        entry = configuration["components"][int(problem.path[1])]
        component = localised(entry.get("name"), get_language() or "en") or str(entry.get("code", ""))
    return LaunchProblem(problem.code, problem.params, format_path(problem.path), component=component)


def _without_rater(people: list[Any], last_day: datetime.date) -> list[LaunchProblem]:
    alone = [employee for employee, rater in raters_of(people, last_day).items() if rater is None]
    if not alone:
        return []
    names = list(User.objects.filter(pk__in=alone[:NAMES_SHOWN]).values_list("name", flat=True))
    if len(alone) > NAMES_SHOWN:
        names.append("…")
    return [LaunchProblem("no_rater", {"count": len(alone), "names": ", ".join(names)}, path="population")]


def _without_target(
    configuration: Mapping[str, Any], references: References, people: list[Any], cycle: Cycle
) -> list[LaunchProblem]:
    """People for whom neither the target table nor the KPI has a target: their line would not count."""
    frozen = freeze_configuration(configuration, references=references)
    if not needs_people(frozen):
        return []
    ids = np.array([row.employee_id for row in people], dtype=np.int64)
    roles = as_frame(
        roles_of(ids.tolist(), cycle.first_day, cycle.last_day, with_queues=names_queues(frozen))
    )
    found = []
    for component in frozen["components"]:
        for item in component.get("kpis", []):
            lacking = int(np.isnan(person_targets(item, roles, ids)).sum()) if has_targets(item) else 0
            if lacking:
                name = localised(item["version"]["name"], get_language() or "en") or item["kpi"]
                found.append(
                    LaunchProblem(
                        "people_without_target",
                        {"name": name, "count": lacking},
                        path="targets",
                        severity="warning" if lacking < len(ids) else "error",
                    )
                )
    return found


def _without_data(
    configuration: Mapping[str, Any], kpis: Mapping[str, KPIReference], cycle: Cycle
) -> list[LaunchProblem]:
    """A KPI none of whose measures arrived: an error once the period is over, a warning while data may still come."""
    used = [kpis[code] for code in dict.fromkeys(item["kpi"] for item in named_kpis(configuration))]
    wanted = {measure for reference in used for measure in parse(reference.formula).measures}
    present = measures_with_data(wanted, cycle.first_day, cycle.last_day)
    severity = "error" if cycle.last_day < timezone.localdate() else "warning"
    empty = [each for each in used if not parse(each.formula).measures <= present]
    if not empty:
        return []
    # One sentence for all of them: where nothing has come in yet, a line per KPI would say nothing more.
    names = dict.fromkeys(localised(each.name, get_language() or "en") or each.code for each in empty)
    return [
        LaunchProblem(
            "cycle_kpi_without_data",
            {
                "name": _(", ").join(names),
                "first_day": date_short(cycle.first_day),
                "last_day": date_short(cycle.last_day),
            },
            path="components",
            severity=severity,
        )
    ]


def measures_with_data(codes: set[str], first_day: datetime.date, last_day: datetime.date) -> set[str]:
    """Of these measures, the ones of which anything came in for the period; two queries."""
    known = dict(Measure.objects.filter(code__in=codes).values_list("pk", "code"))
    return {known[pk] for pk in covered_measures(list(known), first_day, last_day)} if known else set()
