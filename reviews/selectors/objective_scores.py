"""What objectives give: the facts that scores are computed from, and the score of each objective."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from django.db.models import F

from foundation.bulk import copy_out
from reviews.methods.objectives import (
    ObjectivesMethod,
    counts_objectives,
    no_facts,
    rule_of,
    score_objectives,
)
from reviews.models import Cycle, KeyResult

#: The company where an owner is one number.
COMPANY = 0

_FACTS = """
    SELECT objective.employee_id, objective.team_id, objective.id AS objective_id, version.id AS version_id,
        version.title, version.weight::float8 AS weight, version.perspective, result.id AS key_result_id, result.key,
        result.weight::float8 AS key_weight, result.is_judged, result.start, result.target,
        result.direction = 'lower' AS lower, result.kpi_version_id,
        coalesce(kpi.minimum_sample, 0) AS minimum_sample, newest.value,
        (assessment.levels ->> result.key::text)::float8 AS level
    FROM reviews_objective AS objective
    JOIN reviews_objectiveversion AS version ON version.id = objective.agreed_version_id
    JOIN reviews_keyresult AS result ON result.version_id = version.id
    LEFT JOIN metrics_kpiversion AS kpi ON kpi.id = result.kpi_version_id
    LEFT JOIN LATERAL (
        SELECT noted.value FROM reviews_checkinvalue AS noted
        WHERE noted.objective_id = objective.id AND noted.key = result.key
        ORDER BY noted.id DESC LIMIT 1
    ) AS newest ON true
    LEFT JOIN reviews_objectiveassessment AS assessment
        ON assessment.objective_id = objective.id AND assessment.side = 'superior'
    WHERE objective.cycle_id = %(cycle)s AND objective.state = 'agreed' AND version.weight > 0 AND {owners}
    ORDER BY objective.employee_id, objective.team_id, objective.id, result.number
"""


def objective_facts(cycle: Cycle, employee_ids: Sequence[int]) -> pd.DataFrame:
    """reviews.methods.objectives.FACTS (and title, key) of these people: one row per key result of an objective that
    both sides agreed on, those of a person by the age of the objective. One query."""
    return copy_out(
        _FACTS.format(owners="objective.employee_id = ANY(%(people)s::bigint[])"),
        {"cycle": cycle.pk, "people": list(employee_ids)},
    )


def facts_of_objectives(cycle: Cycle, objective_ids: Sequence[int]) -> pd.DataFrame:
    """The same of these objectives, whose ever they are. Groups stand in employee_id as well: COMPANY is the company,
    -3 the team 3. One query."""
    facts = copy_out(
        _FACTS.format(owners="objective.id = ANY(%(objectives)s::bigint[])"),
        {"cycle": cycle.pk, "objectives": list(objective_ids)},
    )
    return facts.assign(employee_id=facts["employee_id"].fillna(-facts["team_id"].fillna(COMPANY)))


def objectives_counted(cycle: Cycle, employee_ids: Sequence[int]) -> pd.DataFrame:
    """objective_facts where the cycle counts them; else an empty frame and no query."""
    if not counts_objectives(cycle.configuration):
        return no_facts()
    return objective_facts(cycle, employee_ids)


def objective_scores(
    cycle: Cycle, employee_ids: Sequence[int], kpi_values: pd.DataFrame | None = None
) -> pd.DataFrame:
    """The score of each agreed objective of these people, by the rule of the cycle's component of objectives (or the
    usual one): employee_id, objective_id, version_id, number (within the person, from 1), title, perspective, weight,
    score, standard_error, n, rule. Score is nan where nothing of it counts yet.

    kpi_values   as in ComponentInputs, for key results that follow a KPI; without them those have no value
    """
    facts = objective_facts(cycle, employee_ids)
    values = (
        pd.DataFrame(columns=["employee_id", "kpi_version_id", "value", "standard_error", "n"])
        if kpi_values is None
        else kpi_values
    )
    _keys, found = score_objectives(objectives_rule(cycle), facts, values)
    titles = facts.drop_duplicates("version_id").set_index("version_id")["title"]
    return found.assign(
        number=found.groupby("employee_id").cumcount() + 1,
        title=found["version_id"].map(titles),
    ).rename(columns={"points": "score"})[
        [
            "employee_id",
            "objective_id",
            "version_id",
            "number",
            "title",
            "perspective",
            "weight",
            "score",
            "standard_error",
            "n",
            "rule",
        ]
    ]


def objectives_rule(cycle: Cycle) -> dict[str, object]:
    """cap and levels of the cycle's component of objectives, or the usual ones."""
    return rule_of(
        next(
            (
                each
                for each in cycle.configuration.get("components", [])
                if each["method"] == ObjectivesMethod.code
            ),
            None,
        )
    )


def followed_kpi_versions(cycle: Cycle) -> list[int]:
    """The KPI versions that agreed objectives of people follow; no query where the cycle counts none."""
    if not counts_objectives(cycle.configuration):
        return []
    found = KeyResult.objects.filter(
        version__objective__cycle=cycle,
        version__objective__employee__isnull=False,
        version__objective__state="agreed",
        version__objective__agreed_version=F("version"),
        kpi_version__isnull=False,
    )
    return sorted(set(found.values_list("kpi_version", flat=True)))
