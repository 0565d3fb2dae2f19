"""An employee says to have read a result; that is no agreement."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class Acknowledgement(models.Model):
    """Once per cycle and person. Agreeing is another question; `comment` is the employee's own word beside it."""

    cycle = models.ForeignKey("reviews.Cycle", on_delete=models.CASCADE, related_name="acknowledgements")
    employee = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    agrees = models.BooleanField(null=True, help_text="none where the person did not say")
    comment = models.CharField(max_length=1000, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["cycle", "employee"], name="acknowledged_once")]
