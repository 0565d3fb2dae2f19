"""What workers do here. Each task calls one service."""

from __future__ import annotations

from celery import shared_task

from reviews.services import notices, retention


@shared_task(name="reviews.tasks.drop_superseded_runs")
def drop_superseded_runs() -> None:
    """Once a day is plenty."""
    retention.drop_superseded_runs()


@shared_task(name="reviews.tasks.tell_of_phase")
def tell_of_phase(change_id: int) -> None:
    notices.tell_of_phase(change_id)


@shared_task(name="reviews.tasks.escalate_late_raters")
def escalate_late_raters() -> None:
    notices.escalate_late_raters()
