"""What inspectors look for: forms of weighted items and fatal errors, in versions with a first day."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pghistory
import pgtrigger
from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from foundation.localized import LocalizedName


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent())
class InspectionForm(LocalizedName):
    """The form as people name it; what it asks on a day is its version of that day."""

    code = models.CharField(_("Code"), max_length=60, unique=True)
    is_active = models.BooleanField(_("In use"), default=True)

    class Meta:
        ordering = ["code"]
        verbose_name = _("inspection form")


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent())
class InspectionFormVersion(models.Model):
    """What the form asks from `valid_from` on. Once calls were drawn for it, it is final: the database holds that."""

    form = models.ForeignKey(InspectionForm, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    valid_from = models.DateField(_("Valid from"))
    content = models.JSONField(help_text="see metrics.services.inspection_content")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    frozen_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="when calls were first drawn for it"
    )

    class Meta:
        ordering = ["form", "-valid_from"]
        verbose_name = _("version of an inspection form")
        constraints = [
            models.UniqueConstraint(fields=["form", "number"], name="one_form_version_per_number"),
            models.UniqueConstraint(fields=["form", "valid_from"], name="one_form_version_per_day"),
        ]
        triggers = [
            pgtrigger.Protect(
                name="final_once_drawn",
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Q(old__frozen_at__isnull=False),
            )
        ]

    @property
    def items(self) -> list[dict[str, Any]]:
        """The weighted items of all sections, in order."""
        return [item for section in self.content["sections"] for item in section["items"]]

    @property
    def fatal_errors(self) -> list[dict[str, Any]]:
        return list(self.content.get("fatal_errors", []))

    @property
    def fatal_cap(self) -> Decimal:
        """The most that an inspection with a fatal error may score."""
        return Decimal(str(self.content.get("fatal_cap", 0)))

    @property
    def dispute_days(self) -> int:
        return int(self.content.get("dispute_days", 7))
