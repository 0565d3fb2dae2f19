"""What workers do here. Each task calls one service."""

from __future__ import annotations

import smtplib

from celery import shared_task

from reviews.services import (
    appeal_notices,
    corrections,
    improvement_plans,
    improvement_proposals,
    notices,
    retention,
    voice_mails,
)


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


@shared_task(
    name="reviews.tasks.mail_customer",
    autoretry_for=(OSError, smtplib.SMTPException),
    retry_backoff=60,
    retry_backoff_max=3600,
    max_retries=10,
)
def mail_customer(invitation_id: int) -> None:
    """A mail server that is away is asked again, later each time."""
    voice_mails.mail_customer(invitation_id)


@shared_task(name="reviews.tasks.settle_plans")
def settle_plans() -> None:
    improvement_plans.settle_all_lapsed()


@shared_task(name="reviews.tasks.propose_plans")
def propose_plans() -> None:
    improvement_proposals.look_for_proposals(actor=None)


@shared_task(name="reviews.tasks.escalate_late_appeals")
def escalate_late_appeals() -> None:
    appeal_notices.escalate_late_appeals()


@shared_task(name="reviews.tasks.apply_corrections")
def apply_corrections(cycle_id: int) -> None:
    """News of an accepted appeal."""
    corrections.apply_corrections(cycle_id)
