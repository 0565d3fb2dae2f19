"""The behavioural record: what somebody saw, what the person said to it, and what was taken back. All append-only."""

from __future__ import annotations

import pghistory
import pgtrigger
from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

APPEND_ONLY = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]


@pghistory.track(pghistory.InsertEvent())
class Incident(models.Model):
    """One good or bad incident of one day. It is never edited: a correction is a new one that names the old.

    team      the person's on that day; who led it then, or leads it today, may read this
    form_key  of the page that it was sent from, so that a second tap notes nothing twice
    """

    employee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("employee"),
        on_delete=models.PROTECT,
        related_name="incidents",
    )
    behaviour_version = models.ForeignKey(
        "reviews.BehaviourVersion",
        verbose_name=_("expected behaviour"),
        on_delete=models.PROTECT,
        related_name="incidents",
    )
    strength = models.ForeignKey(
        "reviews.IncidentStrength", verbose_name=_("Strength"), on_delete=models.PROTECT, related_name="+"
    )
    is_good = models.BooleanField(_("Good"))
    happened_on = models.DateField(_("Day"))
    text = models.TextField(_("What was seen"))
    reference = models.CharField(_("Call or record"), max_length=120, blank=True)
    team = models.ForeignKey(
        "people.Team", verbose_name=_("team"), on_delete=models.PROTECT, related_name="+"
    )
    replaces = models.OneToOneField(
        "self",
        verbose_name=_("Corrects"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="replaced_by",
    )
    noted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("Noted by"), on_delete=models.PROTECT, related_name="+"
    )
    noted_at = models.DateTimeField(_("Noted at"), auto_now_add=True)
    form_key = models.UUIDField(null=True, unique=True, editable=False)

    class Meta:
        verbose_name = _("incident")
        indexes = [
            models.Index(fields=["employee", "happened_on"], name="incidents_of_person"),
            models.Index(fields=["-happened_on", "-id"], name="incidents_by_day"),
        ]
        triggers = APPEND_ONLY

    @property
    def is_withdrawn(self) -> bool:
        return hasattr(self, "withdrawal")


@pghistory.track(pghistory.InsertEvent())
class IncidentWithdrawal(models.Model):
    """Why an incident counts no more. It stays to be read."""

    incident = models.OneToOneField(
        Incident, verbose_name=_("incident"), on_delete=models.PROTECT, related_name="withdrawal"
    )
    reason = models.CharField(_("Reason"), max_length=400)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("Withdrawn by"), on_delete=models.PROTECT, related_name="+"
    )
    withdrawn_at = models.DateTimeField(_("Withdrawn at"), auto_now_add=True)

    class Meta:
        verbose_name = _("withdrawal of an incident")
        triggers = APPEND_ONLY


@pghistory.track(pghistory.InsertEvent())
class IncidentReply(models.Model):
    """What the employee says to it."""

    incident = models.ForeignKey(
        Incident, verbose_name=_("incident"), on_delete=models.PROTECT, related_name="replies"
    )
    text = models.TextField(_("Reply"))
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["created_at", "id"]
        verbose_name = _("reply to an incident")
        triggers = APPEND_ONLY


class IncidentReceipt(models.Model):
    """The employee has read it; until then it is counted in the navigation."""

    incident = models.OneToOneField(Incident, on_delete=models.PROTECT, related_name="receipt")
    read_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        triggers = APPEND_ONLY
