"""Systems that records and totals come from."""

from __future__ import annotations

import pghistory
from django.db import models
from django.utils.translation import gettext_lazy as _

from foundation.localized import LocalizedName


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent())
class Source(LocalizedName):
    """One source system and how its files are read; the mapping is saved here and offered at the next import."""

    class Kind(models.TextChoices):
        RECORDS = "records", _("records (one call, ticket or answer a row)")
        TOTALS = "totals", _("daily totals")

    code = models.CharField(_("Code"), max_length=60, unique=True)
    kind = models.CharField(_("Kind"), max_length=12, choices=Kind.choices)
    time_zone = models.CharField(_("Time zone"), max_length=60, default="Asia/Shanghai")
    precedence = models.PositiveIntegerField(
        _("Precedence"),
        default=100,
        help_text="where two sources give one measure of one day, the lower number counts",
    )
    mapping = models.JSONField(default=dict, blank=True)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["code"]
