"""What workers do here. Each task takes ids and days, and calls one service."""

from __future__ import annotations

from datetime import date

from celery import shared_task

from metrics.services.inspection_records import store_scores
from metrics.services.standing_values import refresh_months


@shared_task(name="metrics.tasks.refresh_kpi_values")
def refresh_kpi_values(first_day: str, last_day: str) -> None:
    """News of observations that came or went between the two days (ISO dates)."""
    refresh_months(date.fromisoformat(first_day), date.fromisoformat(last_day))


@shared_task(name="metrics.tasks.store_inspection_scores")
def store_inspection_scores(sample_id: int, day: str) -> None:
    """News of a scored call, or of a dispute that changed a score; `day` is that of the call (ISO date)."""
    store_scores(sample_id, date.fromisoformat(day))
