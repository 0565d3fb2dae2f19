"""What one applied file brought; replaced as a whole."""

from __future__ import annotations

import pghistory
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent())
class Batch(models.Model):
    class State(models.TextChoices):
        LOADING = "loading", _("being stored")
        LIVE = "live", _("counts")
        REPLACED = "replaced", _("replaced")

    source = models.ForeignKey("metrics.Source", on_delete=models.PROTECT, related_name="batches")
    import_record = models.ForeignKey("intake.Import", null=True, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=255, help_text="the file's name, or the key of a push")
    content_digest = models.CharField(
        max_length=64, help_text="file and mapping together: the same twice changes nothing"
    )
    state = models.CharField(max_length=12, choices=State.choices, default=State.LOADING)
    replaced_by = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="replaces"
    )
    first_day = models.DateField(null=True)
    last_day = models.DateField(null=True)
    rows = models.PositiveIntegerField(default=0)
    measure_ids = ArrayField(
        models.BigIntegerField(),
        default=list,
        help_text="the measures it gave, so that nobody has to look for them",
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "content_digest"],
                condition=models.Q(state="live"),
                name="one_live_batch_per_content",
            ),
            models.UniqueConstraint(
                fields=["source", "name"], condition=models.Q(state="live"), name="one_live_batch_per_name"
            ),
        ]
