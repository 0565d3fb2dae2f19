"""What people are told: notices in the app, and one mail a day."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Notice(models.Model):
    """One thing that happened, told to one person. The sentence is made when it is read, in the reader's language.

    `key` names the event ("cycle:12:released"): telling the same event again tells nobody twice.
    """

    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices")
    topic = models.CharField(max_length=60)
    key = models.CharField(max_length=160)
    params = models.JSONField(default=dict)
    url = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    read_at = models.DateTimeField(null=True, blank=True)
    mailed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["recipient", "topic", "key"], name="told_once"),
        ]
        indexes = [
            models.Index(fields=["recipient", "-id"], name="notices_of_person"),
            models.Index(fields=["recipient"], condition=Q(read_at__isnull=True), name="notices_unread"),
            models.Index(fields=["recipient"], condition=Q(mailed_at__isnull=True), name="notices_unmailed"),
        ]

    def __str__(self) -> str:
        return f"{self.topic} {self.key}"


class MailChoice(models.Model):
    """Whether a person wants the daily mail; without a row they get it."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="mail_choice"
    )
    daily = models.BooleanField(_("One mail on working days with what I owe and what is new"), default=True)

    def __str__(self) -> str:
        return str(self.daily)


class DailyMail(models.Model):
    """The one mail of a person and day, kept until the mail server has taken it."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        SENT = "sent", _("Sent")
        FAILED = "failed", _("Failed")

    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    day = models.DateField(help_text="in the recipient's time zone")
    address = models.EmailField()
    language = models.CharField(max_length=10)
    subject = models.CharField(max_length=200)
    text = models.TextField()
    html = models.TextField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["recipient", "day"], name="one_mail_a_day")]
        indexes = [
            models.Index(fields=["next_attempt_at"], condition=Q(state="waiting"), name="mail_waiting"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.state}"
