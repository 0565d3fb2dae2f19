"""How an objective comes along: a value, how sure one is to reach it, a word. Append-only."""

from __future__ import annotations

import pghistory
import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

APPEND_ONLY = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]


class Confidence(models.IntegerChoices):
    OFF_TRACK = 1, _("off track")
    AT_RISK = 2, _("at risk")
    ON_TRACK = 3, _("on track")


@pghistory.track(pghistory.InsertEvent())
class CheckIn(models.Model):
    """One entry of the timeline. Without a confidence it is a remark.

    form_key  of the page that it was sent from, so that a second tap stores nothing twice
    """

    objective = models.ForeignKey("reviews.Objective", on_delete=models.PROTECT, related_name="check_ins")
    confidence = models.PositiveSmallIntegerField(
        _("Confidence"), null=True, blank=True, choices=Confidence.choices
    )
    comment = models.CharField(_("Comment"), max_length=1000, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    form_key = models.UUIDField(null=True, unique=True, editable=False)

    class Meta:
        verbose_name = _("check-in")
        ordering = ["id"]
        indexes = [models.Index(fields=["objective", "-id"], name="check_ins_of_objective")]
        constraints = [
            models.CheckConstraint(
                condition=Q(confidence__isnull=True) | Q(confidence__in=[1, 2, 3]),
                name="check_in_confidence_known",
            )
        ]
        triggers = APPEND_ONLY


class CheckInValue(models.Model):
    """Where a key result stood. `objective` stands here too, so that the newest value is found by one index."""

    check_in = models.ForeignKey(CheckIn, on_delete=models.PROTECT, related_name="values")
    objective = models.ForeignKey(
        "reviews.Objective", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    key = models.PositiveSmallIntegerField()
    value = models.FloatField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["check_in", "key"], name="one_value_per_key_result")]
        indexes = [models.Index(fields=["objective", "key", "-id"], name="newest_value_of_key")]
        triggers = APPEND_ONLY


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent())
class ObjectiveAssessment(models.Model):
    """What one side says of an objective at the end: a comment, and a level for each key result that is judged.

    levels   {key: level}; the superior's count, the owner's stand beside them
    """

    objective = models.ForeignKey("reviews.Objective", on_delete=models.PROTECT, related_name="assessments")
    side = models.CharField(max_length=8, choices=[("owner", _("owner")), ("superior", _("superior"))])
    comment = models.TextField(_("Comment"))
    levels = models.JSONField(default=dict, blank=True)
    version = models.PositiveIntegerField(default=1)
    assessed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("assessment of an objective")
        constraints = [models.UniqueConstraint(fields=["objective", "side"], name="one_assessment_per_side")]
