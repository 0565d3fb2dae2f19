"""What a manager thinks somebody could grow into. Not for the person's eyes, nor another manager's."""

from __future__ import annotations

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import Q


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent())
class PotentialRating(models.Model):
    """level 1-3, as described in the cycle's configuration; by the participant's rater."""

    participant = models.OneToOneField(
        "reviews.Participant", on_delete=models.CASCADE, related_name="potential"
    )
    level = models.PositiveSmallIntegerField()
    reason = models.CharField(max_length=400)
    version = models.PositiveIntegerField(default=1)
    rated_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(level__gte=1, level__lte=3), name="potential_has_three_levels")
        ]
