"""A manager's manager looks at a form that was handed in: confirms it, or gives it back with a reason."""

from __future__ import annotations

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent())
class SecondReview(models.Model):
    """One per handing-in; a form that is handed in again is looked at again."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        CONFIRMED = "confirmed", _("confirmed")
        RETURNED = "returned", _("given back")
        VOID = "void", _("no longer needed")

    sheet = models.ForeignKey("reviews.ScoreSheet", on_delete=models.CASCADE, related_name="second_reviews")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=12, choices=State.choices, default=State.WAITING)
    reason = models.CharField(_("Reason"), max_length=400, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["sheet"], condition=Q(state="waiting"), name="one_second_review_at_a_time"
            )
        ]
        indexes = [models.Index(fields=["reviewer", "state"], name="second_reviews_owed")]
