"""What raters wrote. Scores live here; results are computed from them and stored elsewhere."""

from __future__ import annotations

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent())
class ScoreSheet(models.Model):
    """One rater's form for one participant in one component."""

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        SUBMITTED = "submitted", _("submitted")
        # Asked for no more: the ratee left the cycle, or somebody else judges. What was written stays.
        WITHDRAWN = "withdrawn", _("withdrawn")

    participant = models.ForeignKey("reviews.Participant", on_delete=models.CASCADE, related_name="sheets")
    component = models.CharField(max_length=60, help_text="the component's code in the frozen configuration")
    rater = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="sheets")
    state = models.CharField(max_length=12, choices=State.choices, default=State.DRAFT)
    version = models.PositiveIntegerField(default=1)
    submitted_at = models.DateTimeField(null=True, blank=True)
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    # Of somebody whom several managers judge, each for the own part; empty where one judges the whole period.
    first_day = models.DateField(null=True, blank=True)
    last_day = models.DateField(null=True, blank=True)
    days = models.PositiveIntegerField(null=True, blank=True)
    # In a comparison of pairs: the rater does not know the person well enough and compares them with nobody.
    ratee_unknown = models.BooleanField(default=False, db_default=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["participant", "component", "rater"], name="one_sheet_per_rater")
        ]
        indexes = [models.Index(fields=["rater", "state"], name="sheets_owed")]


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent())
class Judgement(models.Model):
    """One item of a sheet. `version` rises with each save; a save that names an older one is refused.

    not_observed: the rater says that there was nothing to judge by; an answer, unlike a level that is still missing.
    """

    sheet = models.ForeignKey(ScoreSheet, on_delete=models.CASCADE, related_name="judgements")
    item = models.CharField(max_length=60)
    level = models.DecimalField(max_digits=6, decimal_places=2, null=True, blank=True)
    not_observed = models.BooleanField(_("Not observed"), default=False)
    comment = models.TextField(blank=True)
    version = models.PositiveIntegerField(default=1)
    updated_at = models.DateTimeField(auto_now=True)
    updated_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sheet", "item"], name="one_judgement_per_item"),
            models.CheckConstraint(
                condition=Q(not_observed=False) | Q(level__isnull=True), name="level_or_not_observed"
            ),
        ]

    @property
    def is_answered(self) -> bool:
        return self.level is not None or self.not_observed
