"""What workers do of a payout run: lines part by part, then pools, decisions that still hold, and sums."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from foundation.refusals import Refusal
from foundation.runs import registry
from foundation.runs.models import Run
from incentives.models import PayoutDecision, PayoutLine, PayoutRun
from incentives.selectors.facts import participant_slices
from incentives.services import lines, pools

State = PayoutRun.State
LINES, SUMMARY = "lines", "summary"


class PayoutHandler(registry.RunHandler):
    kind = "payout"
    label = gettext_lazy("Payouts")
    stages = (LINES, SUMMARY)
    roles = ("hr",)
    scope = "payouts:write"

    def plan(self, run: Run, stage: str) -> list[dict[str, Any]]:
        if stage == SUMMARY:
            return [{}]
        return list(participant_slices(payout_of(run).cycle, settings.RUN_SHARD_SIZE))

    def work(self, run: Run, stage: str, key: dict[str, Any]) -> None:
        payout_run = payout_of(run)
        if payout_run.state != State.COMPUTING:
            raise Refusal("payout_not_computed", status=409, state=State(payout_run.state).label)
        if stage == LINES:
            lines.compute_slice(
                payout_run, first=key["first"], last=key["last"], people=people_of(payout_run)
            )
            return
        pools.distribute(payout_run)
        _carry_decisions(payout_run, run.parameters.get("carries"), people_of(payout_run))
        lines.describe_run(payout_run)
        lines.refresh_totals(payout_run)

    def finish(self, run: Run) -> None:
        PayoutRun.objects.filter(run=run, state=State.COMPUTING).update(state=State.COMPUTED)

    def fail(self, run: Run) -> None:
        PayoutRun.objects.filter(run=run, state=State.COMPUTING).update(state=State.FAILED)

    def stop(self, run: Run) -> None:
        self.fail(run)

    def restart(self, run: Run) -> None:
        """Goes on where it was, unless another run of the same plan and cycle has been opened meanwhile."""
        payout_run = payout_of(run)
        open_runs = PayoutRun.objects.filter(
            plan=payout_run.plan_id, cycle=payout_run.cycle_id, state__in=[*PayoutRun.OPEN, State.APPROVED]
        )
        if payout_run.kind == PayoutRun.Kind.ADJUSTING:
            open_runs = open_runs.exclude(state=State.APPROVED)
        if payout_run.state != State.FAILED or open_runs.exists():
            raise Refusal("payout_open", status=409)
        PayoutRun.objects.filter(pk=payout_run.pk).update(state=State.COMPUTING)

    def title(self, run: Run) -> str:
        payout_run = payout_of(run)
        return _("%(plan)s for %(cycle)s") % {"plan": payout_run.plan.name, "cycle": payout_run.cycle.name}

    def doing(self, run: Run) -> str:
        if run.state == Run.State.QUEUED:
            return _("Waiting for a free worker")
        if run.stage == SUMMARY:
            return _("Adding up")
        return _("Computing lines: part %(done)s of %(total)s") % {
            "done": run.shards_done,
            "total": run.shards_total,
        }

    def url(self, run: Run) -> str:
        try:
            return reverse("incentives:payout_run", args=[run.parameters["payout_run"]])
        except (NoReverseMatch, KeyError):
            return ""


def people_of(payout_run: PayoutRun) -> list[int]:
    """Whom an adjusting run is about; empty where it is about everybody."""
    return list(payout_run.run.parameters.get("people", [])) if payout_run.run else []


def payout_of(run: Run) -> PayoutRun:
    return PayoutRun.objects.select_related("plan", "plan_version", "cycle", "run").get(
        pk=run.parameters["payout_run"]
    )


def _carry_decisions(payout_run: PayoutRun, old_id: int | None, people: Sequence[int] = ()) -> None:
    """What was decided about a leaver holds for the next computation too, while the line still leaves it open. Not for
    whose result has just been opened: that they were not paid before was because it was shut."""
    if old_id is None:
        return
    known = set(PayoutDecision.objects.filter(payout_run=payout_run).values_list("employee_id", flat=True))
    status_of = dict(PayoutLine.objects.filter(payout_run=payout_run).values_list("employee_id", "status"))
    opened = set(
        PayoutLine.objects.filter(
            payout_run=old_id, employee_id__in=people, reason_code=lines.NOT_OPEN
        ).values_list("employee_id", flat=True)
    )
    for old in PayoutDecision.objects.filter(payout_run=old_id).exclude(employee_id__in=known | opened):
        status = status_of.get(old.employee_id)
        keeps = status == PayoutLine.Status.UNDECIDED or (
            old.decision == PayoutDecision.Decision.WITHHOLD
            and status in (PayoutLine.Status.PAYABLE, PayoutLine.Status.MISSING_INPUT)
        )
        if keeps:
            PayoutDecision.objects.create(
                payout_run=payout_run,
                employee_id=old.employee_id,
                decision=old.decision,
                reason=old.reason,
                decided_by_id=old.decided_by_id,
            )
