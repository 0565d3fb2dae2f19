"""One call given to one inspector, the form as it is being filled in, and the scores that came of it."""

from __future__ import annotations

import pghistory
import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent())
class Inspection(models.Model):
    """position 1 counts; position 2 is the blind second scoring of the same call.

    What the record said is copied when it is drawn, so that a corrected file changes no inspection. `answers` holds
    {item: {answer, version, comment, comment_version}}, fatal errors among them; after submission the row is final.
    """

    class State(models.TextChoices):
        OPEN = "open", _("to be scored")
        SUBMITTED = "submitted", _("scored")

    sample = models.ForeignKey(
        "metrics.InspectionSample", on_delete=models.PROTECT, related_name="inspections"
    )
    form_version = models.ForeignKey(
        "metrics.InspectionFormVersion", on_delete=models.PROTECT, related_name="+"
    )
    position = models.PositiveSmallIntegerField(default=1)
    employee = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    inspector = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="inspections"
    )
    external_id = models.CharField(_("Record id"), max_length=120)
    day = models.DateField(_("Day"))
    occurred_at = models.DateTimeField(null=True)
    queue = models.CharField(_("Queue"), max_length=80, blank=True)
    call = models.JSONField(default=dict, help_text="the measures of the record when it was drawn")
    state = models.CharField(max_length=12, choices=State.choices, default=State.OPEN)
    answers = models.JSONField(default=dict, blank=True)
    submitted_at = models.DateTimeField(null=True, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("inspection")
        constraints = [
            models.UniqueConstraint(
                fields=["sample", "external_id", "position"], name="one_inspection_per_position"
            ),
            models.UniqueConstraint(
                fields=["sample", "external_id", "inspector"], name="two_scorings_by_two_people"
            ),
            models.CheckConstraint(
                condition=~Q(employee=F("inspector")), name="nobody_inspects_the_own_calls"
            ),
            models.CheckConstraint(condition=Q(position__in=[1, 2]), name="first_or_second_scoring"),
        ]
        indexes = [
            models.Index(fields=["inspector", "state"], name="inspections_owed"),
            models.Index(fields=["employee", "day"], name="inspections_of_person"),
        ]
        triggers = [
            pgtrigger.Protect(
                name="final_once_submitted",
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Q(old__state="submitted"),
            )
        ]


@pghistory.track(pghistory.InsertEvent())
class InspectionScore(models.Model):
    """What an inspection gave; the highest number counts, and none is ever changed."""

    inspection = models.ForeignKey(Inspection, on_delete=models.PROTECT, related_name="scores")
    number = models.PositiveSmallIntegerField(default=1)
    answers = models.JSONField(help_text="{item: {answer, comment}}; fatal errors with the answer yes")
    score = models.FloatField(_("Score"))
    before_fatal = models.FloatField(help_text="what the items alone give")
    is_fatal = models.BooleanField(_("Fatal error"), default=False)
    scored_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["inspection", "number"]
        verbose_name = _("score of an inspection")
        constraints = [
            models.UniqueConstraint(fields=["inspection", "number"], name="one_inspection_score_per_number")
        ]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent())
class InspectionDispute(models.Model):
    """The agent's objection to a score, and what was decided. Once an inspection; a decision is final."""

    class Decision(models.TextChoices):
        OPEN = "", _("to be decided")
        ACCEPTED = "accepted", _("accepted")
        REJECTED = "rejected", _("rejected")

    inspection = models.OneToOneField(Inspection, on_delete=models.PROTECT, related_name="dispute")
    score = models.ForeignKey(InspectionScore, on_delete=models.PROTECT, related_name="+")
    items = models.JSONField(default=list, help_text="codes of the items objected to; empty: the whole score")
    reason = models.TextField(_("Reason"))
    raised_at = models.DateTimeField(auto_now_add=True)
    decision = models.CharField(max_length=8, choices=Decision.choices, default=Decision.OPEN, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_reason = models.TextField(blank=True)
    new_score = models.ForeignKey(
        InspectionScore, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        verbose_name = _("dispute of an inspection")
        constraints = [
            models.CheckConstraint(
                condition=Q(decision="", decided_by__isnull=True)
                | (~Q(decision="") & Q(decided_by__isnull=False, decided_at__isnull=False)),
                name="a_decision_has_somebody_who_made_it",
            )
        ]
        triggers = [
            pgtrigger.Protect(
                name="decided_once",
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=~pgtrigger.Q(old__decision=""),
            )
        ]
