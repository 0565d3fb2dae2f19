"""Targets by job, queue, tenure and month. A sheet is never changed: every edit is a new edition of all of its rows."""

from __future__ import annotations

import pghistory
import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

APPEND_ONLY = pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)


@pghistory.track(pghistory.InsertEvent())
class TargetEdition(models.Model):
    """What the target table said from one edit to the next. Cycles freeze the rows of the edition they are launched
    on."""

    number = models.PositiveIntegerField(unique=True)
    reason = models.CharField(_("Reason"), max_length=400, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-number"]
        triggers = [APPEND_ONLY]


class TargetRow(models.Model):
    """A target of one KPI for those whom the row names; what it leaves empty is any.

    Tenure is half-open in completed months, [from, to). Months are first days, both included. Without a target the row
    says how the KPI's own one is reached: by its ramp.
    """

    edition = models.ForeignKey(TargetEdition, on_delete=models.PROTECT, related_name="rows")
    position = models.PositiveIntegerField()
    kpi = models.ForeignKey("metrics.KPI", on_delete=models.PROTECT, related_name="+", verbose_name=_("KPI"))
    job = models.ForeignKey(
        "people.Job", null=True, blank=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("Job")
    )
    queue = models.CharField(_("Queue"), max_length=80, blank=True)
    tenure_from = models.PositiveSmallIntegerField(_("Months in the job, from"), default=0)
    tenure_to = models.PositiveSmallIntegerField(_("to below"), null=True, blank=True)
    month_from = models.DateField(_("From month"), null=True, blank=True)
    month_to = models.DateField(_("To month"), null=True, blank=True)
    target = models.DecimalField(_("Target"), max_digits=16, decimal_places=6, null=True, blank=True)
    ramp = models.JSONField(_("Ramp"), default=list, blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["edition", "position"], name="one_target_row_per_place"),
            models.CheckConstraint(
                condition=Q(tenure_to__isnull=True) | Q(tenure_to__gt=F("tenure_from")),
                name="target_tenure_in_order",
            ),
            models.CheckConstraint(
                condition=Q(month_to__isnull=True)
                | Q(month_from__isnull=True)
                | Q(month_to__gte=F("month_from")),
                name="target_months_in_order",
            ),
        ]
        triggers = [APPEND_ONLY]
