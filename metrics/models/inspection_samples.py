"""Which calls are inspected: the draw with all that is needed to repeat it."""

from __future__ import annotations

import pghistory
import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _


@pghistory.track(pghistory.InsertEvent())
class InspectionSample(models.Model):
    """Drawn once and never changed; see docs/methods/sampling.md."""

    class Every(models.TextChoices):
        PERIOD = "period", _("in the whole period")
        WEEK = "week", _("in each week")

    class Spread(models.TextChoices):
        DAY = "day", _("over the days")
        QUEUE = "queue", _("over the queues")
        NONE = "none", _("not at all")

    form_version = models.ForeignKey(
        "metrics.InspectionFormVersion", on_delete=models.PROTECT, related_name="samples"
    )
    source = models.ForeignKey("metrics.Source", on_delete=models.PROTECT, related_name="+")
    first_day = models.DateField(_("First day"))
    last_day = models.DateField(_("Last day"))
    team_codes = ArrayField(
        models.CharField(max_length=40), verbose_name=_("Teams"), default=list, blank=True
    )
    per_agent = models.PositiveSmallIntegerField(_("Calls per agent"))
    every = models.CharField(max_length=8, choices=Every.choices, default=Every.PERIOD)
    spread = models.CharField(max_length=8, choices=Spread.choices, default=Spread.DAY)
    needs_measure = models.CharField(
        max_length=60, blank=True, help_text="only records in which this measure is above zero"
    )
    double_percent = models.PositiveSmallIntegerField(_("Scored twice"), default=10)
    seed = models.BigIntegerField(_("Seed"))
    population = models.PositiveIntegerField(help_text="records that could have been drawn")
    population_digest = models.CharField(
        max_length=64, help_text="sum of the first 60 bits of the MD5 of each id"
    )
    agents = models.PositiveIntegerField(help_text="people with at least one of them")
    drawn = models.PositiveIntegerField()
    doubled = models.PositiveIntegerField()
    shortfalls = models.JSONField(default=list, help_text="[{employee, wanted, found}] of those with too few")
    left_out = models.JSONField(default=list, help_text="[{employee, records}] of those who have left")
    due_on = models.DateField(_("Due on"), null=True, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("sample of calls")
        triggers = [pgtrigger.Protect(name="drawn_once", operation=pgtrigger.Update | pgtrigger.Delete)]
