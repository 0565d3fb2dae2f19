"""Results after accepted appeals: a run copies what was released and sets what the appeals have set. Publishing it
moves the cycle's pointer, as ever; nothing that was released is edited, and nobody else's row changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import connection, models, transaction
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from foundation.refusals import Refusal
from foundation.runs import registry
from foundation.runs import services as runs
from foundation.runs.models import Run
from metrics.models import GroupValue
from reviews.methods.corrections import APPEAL
from reviews.models import ComponentScore, Cycle, Participant, Result, ScoreLineSet
from reviews.selectors.corrected_results import corrected_result
from reviews.selectors.corrections import KIND, base_of, corrections_of, corrections_wait, latest_correction

COPY, APPLY = "copy", "apply"
# Values that were measured are not among them: no appeal changes one, and explanations read them where they are.
COPIED: tuple[type[models.Model], ...] = (ComponentScore, ScoreLineSet, Result)


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
        return [{"first": part[0], "last": part[-1]} for part in parts]

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
