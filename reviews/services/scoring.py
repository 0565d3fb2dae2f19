"""The durable run that computes a cycle's results, stage by stage, and publishes them."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from foundation.refusals import Refusal
from foundation.runs import registry
from foundation.runs import services as runs
from foundation.runs.models import Run
from metrics.models import KPIVersion
from metrics.selectors.parts import slices_by_part
from metrics.services.kpi_values import compute_kpi_values
from people.models import User
from reviews.methods.document import comparing_components, kpi_version_ids
from reviews.models import Cycle, Participant
from reviews.models.cycles import Phase
from reviews.selectors.freshness import inputs_mark
from reviews.selectors.objective_scores import followed_kpi_versions
from reviews.services import relative, stages
from reviews.services.group_values import grouped, score_groups
from reviews.services.rights import require_hr

SCORABLE = (Phase.COLLECTION, Phase.RATING, Phase.CALIBRATION)
GROUPS, COMPONENTS, RELATIVE, OVERALL = "groups", "components", "relative", "overall"


@transaction.atomic
def start_scoring(*, actor: User, cycle: Cycle) -> Run:
    """Queues an official run. Refusals: scoring_not_open (409); run_active (of the runs) while another one goes on."""
    require_hr(actor)
    locked = Cycle.objects.select_for_update(of=("self",)).get(pk=cycle.pk)
    if locked.phase not in SCORABLE:
        raise Refusal("scoring_not_open", status=409)
    return runs.start_run(
        actor=actor,
        kind=ScoringHandler.kind,
        scope=f"cycle:{locked.pk}",
        purpose=Run.Purpose.OFFICIAL,
        parameters={"cycle": locked.pk, "configuration": locked.fingerprint},
        # Taken before any shard reads: whatever changes from here on makes another mark, so the results count as stale.
        fingerprint=inputs_mark(locked),
    )


class ScoringHandler(registry.RunHandler):
    kind = "scoring"
    label = gettext_lazy("Scores")
    stages = (GROUPS, COMPONENTS, RELATIVE, OVERALL)
    roles = ("hr",)
    scope = "cycles:write"

    def plan(self, run: Run, stage: str) -> list[dict[str, Any]]:
        """People are scored in slices, as their day totals lie; ranking needs everyone at once."""
        if stage == GROUPS:
            return [{}] if grouped(cycle_of(run).configuration) else []
        if stage == RELATIVE:
            return [{}] if comparing_components(cycle_of(run).configuration) else []
        if stage == OVERALL:
            return [{}]
        return [{"employees": ids} for ids in _slices(cycle_of(run))]

    def work(self, run: Run, stage: str, key: dict[str, Any]) -> None:
        cycle = cycle_of(run)
        if run.parameters["configuration"] != cycle.fingerprint:
            raise Refusal("cycle_changed", status=409)
        if stage == GROUPS:
            score_groups(run, cycle)
            return
        if stage == RELATIVE:
            relative.score_relative(run, cycle)
            return
        if stage == OVERALL:
            stages.score_overall(run, cycle)
            return
        wanted = {*kpi_version_ids(cycle.configuration), *followed_kpi_versions(cycle)}
        versions = KPIVersion.objects.filter(pk__in=wanted).select_related("kpi")
        # Handed on as it is: reading back what was just written would cost a fifth of the run.
        values = compute_kpi_values(
            run=run,
            employee_ids=key["employees"],
            kpi_versions=list(versions.order_by("pk")),
            first_day=cycle.first_day,
            last_day=cycle.last_day,
        )
        stages.score_components(run, cycle, key["employees"], values)

    def finish(self, run: Run) -> None:
        """Publishing is this one UPDATE: a reader sees the results of the run before, or all of this one's."""
        if run.purpose != Run.Purpose.OFFICIAL:
            return
        published = Cycle.objects.filter(
            pk=run.parameters["cycle"],
            fingerprint=run.parameters["configuration"],
            phase__in=SCORABLE,
            released_at__isnull=True,
        ).update(published_run=run)
        if not published:
            raise Refusal("cycle_changed", status=409)

    def title(self, run: Run) -> str:
        return _("Scores of %(cycle)s") % {"cycle": cycle_of(run).name}

    def doing(self, run: Run) -> str:
        if run.state == Run.State.QUEUED:
            return _("Waiting for a free worker")
        return {
            COMPONENTS: _("Computing KPI values and scores"),
            RELATIVE: _("Comparing people"),
            OVERALL: _("Ranking and rating"),
        }.get(run.stage, "")

    def url(self, run: Run) -> str:
        try:
            return reverse("reviews:cycle", args=[cycle_of(run).code])
        except (NoReverseMatch, Cycle.DoesNotExist):
            return ""


def cycle_of(run: Run) -> Cycle:
    return Cycle.objects.get(pk=run.parameters["cycle"])


def _slices(cycle: Cycle) -> list[list[int]]:
    people = Participant.objects.filter(cycle=cycle).order_by("employee_id")
    return slices_by_part(list(people.values_list("employee_id", flat=True)), small=settings.RUN_SHARD_SIZE)
