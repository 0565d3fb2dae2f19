"""What workers do here. Each task calls one service."""

from __future__ import annotations

from celery import shared_task

from foundation.intake import retention


@shared_task(name="foundation.intake.tasks.forget_unused_uploads")
def forget_unused_uploads() -> None:
    """Once a day is plenty."""
    retention.forget_unused_uploads()
