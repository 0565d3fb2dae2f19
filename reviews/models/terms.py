"""That an employee has read what they are appraised by. Append-only: what was confirmed stays as it was shown."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models


class TermsReceipt(models.Model):
    """One confirmation of one wording. A changed configuration has other words and so asks for another receipt.

    shown                  the document that stood on the page, with the own targets and the rules of the bonus
    digest                 SHA-256 of its canonical JSON
    configuration_version  of the cycle, when it was read
    """

    cycle = models.ForeignKey("reviews.Cycle", on_delete=models.PROTECT, related_name="terms_receipts")
    employee = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    configuration_version = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    shown = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["cycle", "employee", "configuration_version", "digest"],
                name="one_receipt_per_wording",
            )
        ]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]
