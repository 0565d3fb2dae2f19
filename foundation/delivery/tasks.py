"""What the clock asks of delivery. Doing either twice changes nothing."""

from __future__ import annotations

from celery import shared_task

from foundation.delivery import mail


@shared_task(name="foundation.delivery.tasks.write_mails")
def write_mails() -> None:
    mail.write_mails()
    mail.forget_mails()


@shared_task(name="foundation.delivery.tasks.send_mails")
def send_mails() -> None:
    mail.send_mails()
