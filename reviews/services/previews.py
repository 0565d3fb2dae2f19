"""What a cycle would have given last month, computed before its launch. Nothing official is touched: the rows belong
to a run that no cycle ever points to."""

from __future__ import annotations

import datetime
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from foundation.documents import Problems
from foundation.refusals import Refusal
from foundation.runs import registry
from foundation.runs import services as runs
from foundation.runs.models import Run
from metrics.models import KPIVersion
from metrics.selectors.kpi_values import latest_period
from metrics.selectors.parts import slices_by_part
from metrics.services.kpi_values import compute_kpi_values
from people.models import User
from reviews.methods.document import (
    check_configuration,
    comparing_components,
    completed,
    freeze_configuration,
    kpi_version_ids,
)
from reviews.methods.targets import names_queues, needs_people
from reviews.models import Cycle
from reviews.models.cycles import Phase
from reviews.selectors.cohorts import people_from
from reviews.selectors.population import population_of
from reviews.selectors.references import references_on
from reviews.selectors.roles import as_frame, roles_of
from reviews.services import relative, stages
from reviews.services.group_values import grouped, score_groups
from reviews.services.rights import require_hr

KIND = "preview"
GROUPS, COMPONENTS, RELATIVE, OVERALL = "groups", "components", "relative", "overall"


@transaction.atomic
def start_preview(*, actor: User, cycle: Cycle) -> Run:
    """Computes the measured components of a cycle in setup on the last month that has values.

    A preview that goes on already is returned instead. Refusals: preview_after_launch (409), preview_not_ready,
    preview_no_data, preview_nothing_measured (422).
    """
    require_hr(actor)
    locked = Cycle.objects.select_for_update(of=("self",)).get(pk=cycle.pk)
    if locked.phase != Phase.SETUP:
        raise Refusal("preview_after_launch", status=409)
    active = Run.objects.filter(kind=KIND, scope=f"cycle:{locked.pk}", state__in=Run.ACTIVE).first()
    if active is not None:
        return active
    period = latest_period()
    if period is None:
        raise Refusal("preview_no_data", status=422)
    return runs.start_run(
        actor=actor,
        kind=KIND,
        scope=f"cycle:{locked.pk}",
        purpose=Run.Purpose.PREVIEW,
        parameters={
            "cycle": locked.pk,
            "version": locked.version,
            "first_day": period.first_day.isoformat(),
            "last_day": period.last_day.isoformat(),
            "configuration": _previewed(locked, period.first_day, period.last_day),
        },
    )


def _previewed(cycle: Cycle, first: datetime.date, last: datetime.date) -> dict[str, Any]:
    """The measured part of the configuration, frozen as of last month. Nobody has judged yet, so judged components are
    left out, and a cycle that would hold a score back for them does not here."""
    document = completed(cycle.configuration)
    # KPIs mean what they will mean in the cycle; targets are those of the month that is computed.
    meant, then = references_on(cycle.last_day), references_on(last, first)
    problems = Problems()
    check_configuration(cycle.configuration, references=meant, problems=problems, complete=True)
    if problems:
        raise Refusal("preview_not_ready", status=422, first=str(next(iter(problems))))
    measured = [each for each in document["components"] if each.get("kpis")]
    if not measured:
        raise Refusal("preview_nothing_measured", status=422)
    kpis = {
        code: replace(reference, targets=then.kpis[code].targets if code in then.kpis else None)
        for code, reference in meant.kpis.items()
    }
    return freeze_configuration(
        {**document, "components": measured, "missing_component": "renormalise"},
        references=replace(meant, kpis=kpis),
    )


class PreviewHandler(registry.RunHandler):
    kind = KIND
    label = gettext_lazy("Previews")
    stages = (GROUPS, COMPONENTS, RELATIVE, OVERALL)
    roles = ("hr",)
    scope = "cycles:write"

    def plan(self, run: Run, stage: str) -> list[dict[str, Any]]:
        if stage == GROUPS:
            return [{}] if grouped(_as_it_would_be(run).configuration) else []
        if stage == RELATIVE:
            return [{}] if comparing_components(_as_it_would_be(run).configuration) else []
        if stage == OVERALL:
            return [{}]
        people = [row.employee_id for row in _people(run)]
        return [{"employees": ids} for ids in slices_by_part(people, small=settings.RUN_SHARD_SIZE)]

    def work(self, run: Run, stage: str, key: dict[str, Any]) -> None:
        cycle = _as_it_would_be(run)
        first, last = _period(run)
        if stage in (GROUPS, RELATIVE, OVERALL):
            people = people_from(_people(run), cycle.configuration, first, last)
            score = {
                GROUPS: score_groups,
                RELATIVE: relative.score_relative,
                OVERALL: stages.score_overall,
            }[stage]
            score(run, cycle, people)
            return
        versions = KPIVersion.objects.filter(pk__in=kpi_version_ids(cycle.configuration))
        values = compute_kpi_values(
            run=run,
            employee_ids=key["employees"],
            kpi_versions=list(versions.select_related("kpi").order_by("pk")),
            first_day=first,
            last_day=last,
        )
        roles = None
        if needs_people(cycle.configuration):
            with_queues = names_queues(cycle.configuration)
            roles = as_frame(roles_of(key["employees"], first, last, with_queues=with_queues))
        places = None
        if grouped(cycle.configuration):
            people = people_from(_people(run), cycle.configuration, first, last)
            places = people[people["employee_id"].isin(key["employees"])]
        stages.score_components(run, cycle, key["employees"], values, roles=roles, places=places)

    def title(self, run: Run) -> str:
        return _("Preview of %(cycle)s") % {"cycle": _cycle(run).name}

    def doing(self, run: Run) -> str:
        if run.state == Run.State.QUEUED:
            return _("Waiting for a free worker")
        return _("Computing what last month would have given")

    def url(self, run: Run) -> str:
        return reverse("reviews:preview", args=[_cycle(run).code])


def _cycle(run: Run) -> Cycle:
    return Cycle.objects.get(pk=run.parameters["cycle"])


def _period(run: Run) -> tuple[datetime.date, datetime.date]:
    return (
        datetime.date.fromisoformat(run.parameters["first_day"]),
        datetime.date.fromisoformat(run.parameters["last_day"]),
    )


def _as_it_would_be(run: Run) -> Cycle:
    """The cycle with the preview's configuration and period; never saved."""
    cycle = _cycle(run)
    cycle.configuration = run.parameters["configuration"]
    cycle.first_day, cycle.last_day = _period(run)
    return cycle


def _people(run: Run) -> list[Any]:
    return population_of(run.parameters["configuration"], *_period(run))
