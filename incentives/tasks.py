"""What workers do here. Each task calls one service."""

from __future__ import annotations

from celery import shared_task

from incentives.services import notices


@shared_task(name="incentives.tasks.tell_of_payout")
def tell_of_payout(payout_run: int) -> None:
    notices.tell_of_payout(payout_run)
