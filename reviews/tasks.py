"""What workers do here. Each task calls one service."""

from __future__ import annotations

from celery import shared_task

from reviews.services import retention


@shared_task(name="reviews.tasks.drop_superseded_runs")
def drop_superseded_runs() -> None:
    """Once a day is plenty."""
    retention.drop_superseded_runs()
