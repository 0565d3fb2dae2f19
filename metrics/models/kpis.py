"""Key performance indicators and their effective-dated versions."""

from __future__ import annotations

import pghistory
from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from foundation.localized import LocalizedName


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent())
class KPI(LocalizedName):
    """The indicator as people name it; what it means on a day is its version of that day."""

    class Dimension(models.TextChoices):
        QUALITY = "quality", _("quality")
        EFFICIENCY = "efficiency", _("efficiency")
        COST = "cost", _("cost")
        GROWTH = "growth", _("growth")
        ATTITUDE = "attitude", _("attitude")
        SKILL = "skill", _("skill")

    class Perspective(models.TextChoices):
        FINANCIAL = "financial", _("financial")
        CUSTOMER = "customer", _("customer")
        PROCESS = "process", _("internal process")
        LEARNING = "learning", _("learning and growth")

    code = models.CharField(_("Code"), max_length=60, unique=True)
    dimension = models.CharField(_("Dimension"), max_length=12, choices=Dimension.choices)
    perspective = models.CharField(_("Perspective"), max_length=12, choices=Perspective.choices)
    is_qualitative = models.BooleanField(_("Judged by a person"), default=False)
    is_active = models.BooleanField(_("In use"), default=True)

    class Meta:
        ordering = ["code"]


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent())
class KPIVersion(models.Model):
    """What the KPI means from `valid_from` on, until the next version; old cycles keep the one they froze."""

    class Direction(models.TextChoices):
        HIGHER = "higher", _("higher is better")
        LOWER = "lower", _("lower is better")
        NEAREST = "nearest", _("nearest to the target is best")

    class Unit(models.TextChoices):
        PERCENT = "percent", _("%")
        SECONDS = "seconds", _("seconds")
        SCORE = "score", _("points")
        COUNT = "count", _("count")
        PER_DAY = "per_day", _("per day")
        MONEY = "money", _("money")
        RATIO = "ratio", _("ratio")

    kpi = models.ForeignKey(KPI, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    valid_from = models.DateField(_("Valid from"))
    formula = models.CharField(_("Formula"), max_length=500, blank=True)
    unit = models.CharField(_("Unit"), max_length=12, choices=Unit.choices)
    direction = models.CharField(_("Direction"), max_length=8, choices=Direction.choices)
    target = models.DecimalField(_("Target"), max_digits=16, decimal_places=6, null=True, blank=True)
    stretch = models.DecimalField(_("Stretch target"), max_digits=16, decimal_places=6, null=True, blank=True)
    bands = models.JSONField(
        _("Standard bands"), default=list, blank=True, help_text="[[from, score], ...] ascending"
    )
    decimals = models.PositiveSmallIntegerField(_("Decimals"), default=2)
    minimum_sample = models.PositiveIntegerField(_("Minimum sample"), default=1)
    sample_measure = models.CharField(
        _("Sample counted by"),
        max_length=60,
        blank=True,
        help_text="the measure whose count is n; empty: the denominator",
    )
    denominator_zh = models.CharField(_("Denominator in words (Chinese)"), max_length=200, blank=True)
    denominator_en = models.CharField(_("Denominator in words (English)"), max_length=200, blank=True)
    source_note_zh = models.CharField(_("Source (Chinese)"), max_length=200, blank=True)
    source_note_en = models.CharField(_("Source (English)"), max_length=200, blank=True)
    collection_method_zh = models.CharField(_("Collection method (Chinese)"), max_length=200, blank=True)
    collection_method_en = models.CharField(_("Collection method (English)"), max_length=200, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    frozen_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="when a launched cycle first relied on it: no change from then on",
    )

    class Meta:
        ordering = ["kpi", "-valid_from"]
        constraints = [
            models.UniqueConstraint(fields=["kpi", "number"], name="one_kpi_version_per_number"),
            models.UniqueConstraint(fields=["kpi", "valid_from"], name="one_kpi_version_per_day"),
        ]
