"""Raw quantities that arrive from outside."""

from __future__ import annotations

import pghistory
from django.db import models
from django.utils.translation import gettext_lazy as _

from foundation.localized import LocalizedName


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent())
class Measure(LocalizedName):
    """E.g. calls answered, seconds to answer, survey score. A missing value is missing, never zero."""

    class Unit(models.TextChoices):
        COUNT = "count", _("count")
        SECONDS = "seconds", _("seconds")
        SCORE = "score", _("score")
        MONEY = "money", _("money")
        SHARE = "share", _("share")
        HOURS = "hours", _("hours")

    code = models.CharField(_("Code"), max_length=60, unique=True)
    unit = models.CharField(_("Unit"), max_length=12, choices=Unit.choices, default=Unit.COUNT)
    minimum = models.FloatField(_("Smallest believable value"), null=True, blank=True)
    maximum = models.FloatField(_("Largest believable value"), null=True, blank=True)
    description_zh = models.TextField(blank=True)
    description_en = models.TextField(blank=True)

    class Meta:
        ordering = ["code"]
