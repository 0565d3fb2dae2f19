"""Results after accepted appeals: a run copies what was released and sets what the appeals have set. Publishing it
moves the cycle's pointer, as ever; nothing that was released is edited, and nobody else's row changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import numpy as np
from django.conf import settings
from django.db import connection, models, transaction
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from foundation.bulk import copy_out
from foundation.refusals import Refusal
from foundation.runs import registry
from foundation.runs import services as runs
from foundation.runs.models import Run
from metrics.models import GroupValue, KPIValueSet
from reviews.methods.base import or_nan, or_none
from reviews.methods.cohorts import standings
from reviews.methods.corrections import (
    APPEAL,
    corrected_component,
    corrected_overall,
    corrected_rating,
)
from reviews.methods.overall import component_weights, overall_scores
from reviews.methods.rating_rule import rating_again
from reviews.methods.red_lines import capped
from reviews.models import ComponentScore, Cycle, Participant, Result, ScoreLine, ScoreLineSet
from reviews.selectors.corrections import KIND, base_of, corrections_of, corrections_wait, latest_correction
from reviews.selectors.explanations import points_applied, red_lines_of_result
from reviews.selectors.rating_groups import rating_group_of

COPY, APPLY = "copy", "apply"
COPIED: tuple[type[models.Model], ...] = (KPIValueSet, ComponentScore, ScoreLineSet, Result)


@transaction.atomic
def apply_corrections(cycle_id: int) -> Run | None:
    """Starts the run that brings the decided corrections into the results. Doing it again starts none; while one goes
    on, that one sees to the rest when it ends."""
    cycle = (
        Cycle.objects.select_for_update(of=("self",))
        .select_related("published_run")
        .filter(pk=cycle_id, released_at__isnull=False)
        .first()
    )
    if cycle is None or cycle.published_run is None or not corrections_wait(cycle):
        return None
    try:
        return runs.start_run(
            actor=None,
            kind=KIND,
            scope=f"cycle:{cycle.pk}",
            purpose=Run.Purpose.OFFICIAL,
            parameters={
                "cycle": cycle.pk,
                "base": str(base_of(cycle.published_run)),
                "until": latest_correction(cycle),
            },
            fingerprint=cycle.published_run.fingerprint,
        )
    except Refusal as refusal:
        if refusal.code != "run_active":
            raise
        return None


class CorrectionHandler(registry.RunHandler):
    kind = KIND
    label = gettext_lazy("Corrected results")
    stages = (COPY, APPLY)
    roles = ("hr",)
    scope = "cycles:write"

    def plan(self, run: Run, stage: str) -> list[dict[str, Any]]:
        if stage == APPLY:
            return [{}]
        people = Participant.objects.filter(cycle=run.parameters["cycle"]).order_by("employee_id")
        ids = list(people.values_list("employee_id", flat=True))
        size = settings.RUN_SHARD_SIZE
        parts = [ids[start : start + size] for start in range(0, len(ids), size)]
        # Employee 0 is everybody together: the first part takes it along.
        return [{"first": part[0] if index else 0, "last": part[-1]} for index, part in enumerate(parts)]

    def work(self, run: Run, stage: str, key: dict[str, Any]) -> None:
        if stage == COPY:
            for model in COPIED:
                _copy(model, run, key["first"], key["last"])
            return
        cycle = Cycle.objects.get(pk=run.parameters["cycle"])
        _copy_groups(run)
        _copy_group_values(run)
        for employee_id, corrections in corrections_of(run, cycle).items():
            found = corrected_result(cycle, base_of(run), employee_id, corrections)
            if found is not None:
                _store(run, employee_id, found)

    def finish(self, run: Run) -> None:
        cycle = Cycle.objects.select_for_update(of=("self",)).get(pk=run.parameters["cycle"])
        cycle.published_run = run
        cycle.save(update_fields=["published_run"])
        runs.emit("result.corrected", cycle_id=cycle.pk)
        if latest_correction(cycle) > run.parameters["until"]:
            runs.emit("appeal.accepted", cycle_id=cycle.pk)

    def title(self, run: Run) -> str:
        return _("Corrected results of %(cycle)s") % {
            "cycle": Cycle.objects.get(pk=run.parameters["cycle"]).name
        }

    def doing(self, run: Run) -> str:
        if run.state == Run.State.QUEUED:
            return _("Waiting for a free worker")
        return _("Keeping what was released") if run.stage == COPY else _("Setting what appeals have changed")

    def url(self, run: Run) -> str:
        try:
            return reverse(
                "reviews:appeals_of_cycle", args=[Cycle.objects.get(pk=run.parameters["cycle"]).code]
            )
        except (NoReverseMatch, Cycle.DoesNotExist):
            return ""


def _copy(model: type[models.Model], run: Run, first: int, last: int) -> None:
    table = model._meta.db_table
    columns = [
        field.column
        for field in model._meta.concrete_fields
        if field.column not in ("run_id", "id") and not isinstance(field, models.CompositePrimaryKey)
    ]
    names = ", ".join(connection.ops.quote_name(str(column)) for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (run_id, {names}) SELECT %s, {names} FROM {table}"  # noqa: S608  names of our own
            " WHERE run_id = %s AND employee_id BETWEEN %s AND %s",
            [str(run.pk), run.parameters["base"], first, last],
        )


def _copy_groups(run: Run) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO reviews_ratinggroup (run_id, number, key, outcome, "into", size, counted, bands)
            SELECT %s, number, key, outcome, "into", size, counted, bands FROM reviews_ratinggroup WHERE run_id = %s
            """,
            [str(run.pk), run.parameters["base"]],
        )


def _copy_group_values(run: Run) -> None:
    """What teams, sites and the company reached, where a scorecard looks at it."""
    columns = "subject_type, subject_id, kpi_version_id, value, standard_error, n, inputs"
    table = GroupValue._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (run_id, {columns}) SELECT %s, {columns} FROM {table} WHERE run_id = %s",  # noqa: S608
            [str(run.pk), run.parameters["base"]],
        )


# One person -------------------------------------------------------------------------------------------------------


def corrected_result(
    cycle: Cycle, base: UUID, employee_id: int, corrections: Sequence[Mapping[str, Any]]
) -> dict[str, Any] | None:
    """What the corrections make of a released result: {"components": {code: {score, standard_error, weight, lines}},
    "result": {column: value}}. Nothing is written. None for who has no result in the run.

    Everybody else counts as released: the person is placed among them, and they stay where they are.
    """
    result = Result.objects.filter(run=base, employee=employee_id).first()
    if result is None:
        return None
    configuration = cycle.configuration
    answers = _answers(cycle, base, employee_id)
    answers = {
        component["code"]: corrected_component(component, answers[component["code"]], corrections)
        for component in configuration["components"]
    }
    scores = np.array([[or_nan(answers[each["code"]]["score"]) for each in configuration["components"]]])
    errors = np.array(
        [[or_nan(answers[each["code"]]["standard_error"]) for each in configuration["components"]]]
    )
    weights = component_weights(scores, configuration)
    for index, component in enumerate(configuration["components"]):
        answers[component["code"]]["weight"] = float(weights[0, index])
    points = np.array([points_applied(base, employee_id, configuration)])
    score, error, state = overall_scores(scores, errors, points, configuration)
    overall = corrected_overall(float(score[0]), corrections)
    group = rating_group_of(result, cycle, show_rank=True)
    computed = rating_again(overall, configuration, {**group, "order": 1} if group else None)
    rating = corrected_rating(
        computed_before=result.computed_rating or result.rating,
        rating_before=result.rating,
        computed=computed,
        configuration=configuration,
    )
    caps = [line["cap"] for line in red_lines_of_result(base, employee_id, cycle)]
    return {
        "components": answers,
        "result": {
            "score": or_none(overall),
            "standard_error": or_none(error[0]),
            "state": "scored" if not np.isnan(overall) else state[0],
            "computed_rating": computed,
            "rating": capped(rating, caps, configuration),
            **_place(base, result, overall, float(error[0])),
        },
    }


def _answers(cycle: Cycle, base: UUID, employee_id: int) -> dict[str, dict[str, Any]]:
    """Component scores and lines as released, in the shape in which methods answer."""
    scores = {
        each.component: each for each in ComponentScore.objects.filter(run=base, employee_id=employee_id)
    }
    lines: dict[str, list[dict[str, Any]]] = {}
    for line in ScoreLine.objects.filter(run=base, employee_id=employee_id).order_by("component", "number"):
        lines.setdefault(line.component, []).append(
            {
                "subject": line.subject,
                "points": line.points,
                "standard_error": line.standard_error,
                "attainment": line.attainment,
                "rule": line.rule,
            }
        )
    return {
        each["code"]: {
            "score": scores[each["code"]].score if each["code"] in scores else None,
            "standard_error": scores[each["code"]].standard_error if each["code"] in scores else None,
            "lines": lines.get(each["code"], []),
        }
        for each in cycle.configuration["components"]
    }


def _place(base: UUID, result: Result, score: float, error: float) -> dict[str, Any]:
    """Rank and standing among the others as they were released."""
    if not result.cohort or np.isnan(score):
        return {}
    others = copy_out(
        "SELECT score, standard_error FROM reviews_result"
        " WHERE run_id = %s AND cohort = %s AND employee_id <> %s AND score IS NOT NULL",
        [str(base), result.cohort, result.employee_id],
    )
    values = np.append(others["score"].to_numpy(dtype=np.float64), score)
    errors = np.append(others["standard_error"].to_numpy(dtype=np.float64), error)
    standing = standings(values, errors, ["all"] * len(values)).iloc[-1]
    told = not np.isnan(standing["apart_above"])
    return {
        "rank": int(standing["rank"]),
        "percentile": or_none(standing["percentile"]),
        "cohort_size": int(standing["size"]),
        "rank_low": int(standing["apart_above"]) + 1 if told else None,
        "rank_high": int(standing["size"] - standing["apart_below"]) if told else None,
        "standing": standing["word"],
        "cohort_mean": or_none(standing["mean"]),
        "cohort_mean_error": or_none(standing["mean_error"]),
    }


def _store(run: Run, employee_id: int, found: Mapping[str, Any]) -> None:
    """Into this run's own copies, which nobody reads before it is published."""
    Result.objects.filter(run=run, employee=employee_id).update(**found["result"])
    for code, answer in found["components"].items():
        mine = ComponentScore.objects.filter(run=run, employee_id=employee_id, component=code)
        mine.update(score=answer["score"], standard_error=answer["standard_error"], weight=answer["weight"])
        if any(line["rule"] == APPEAL for line in answer["lines"]):
            ScoreLineSet.objects.filter(run=run, employee_id=employee_id, component=code).update(
                points=[line["points"] for line in answer["lines"]],
                attainments=[line["attainment"] for line in answer["lines"]],
                rules=[line["rule"] for line in answer["lines"]],
            )
