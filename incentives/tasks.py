"""What workers do here. Each task takes ids and calls one service."""

from __future__ import annotations

from celery import shared_task

from incentives.models import PayoutRun
from incentives.services import differences, notices, payout_runs
from reviews.models import Cycle


@shared_task(name="incentives.tasks.tell_of_payout")
def tell_of_payout(payout_run: int) -> None:
    notices.tell_of_payout(payout_run)


@shared_task(name="incentives.tasks.pay_at_once")
def pay_at_once(cycle_id: int) -> None:
    """News of released results."""
    cycle = Cycle.objects.filter(pk=cycle_id, released_at__isnull=False).first()
    if cycle is not None:
        payout_runs.pay_at_once(cycle=cycle)


@shared_task(name="incentives.tasks.pay_differences")
def pay_differences(cycle_id: int) -> None:
    """News of results that an appeal has corrected, or that opened after the others."""
    cycle = Cycle.objects.filter(pk=cycle_id, released_at__isnull=False).first()
    if cycle is not None:
        differences.pay_differences(cycle=cycle)


@shared_task(name="incentives.tasks.look_for_differences")
def look_for_differences(payout_run: int) -> None:
    """News of an approval: results may have changed while that run waited."""
    found = PayoutRun.objects.select_related("cycle").filter(pk=payout_run).first()
    if found is not None:
        differences.pay_differences(cycle=found.cycle)
