"""Which KPIs cover a duty of a job."""

from __future__ import annotations

import pghistory
from django.db import models
from django.utils.translation import gettext_lazy as _


@pghistory.track(pghistory.InsertEvent(), pghistory.DeleteEvent())
class DutyKPI(models.Model):
    """One KPI that covers one duty. The duty is one of Job.duties, by its code; what is said of a duty that the job no
    longer has counts for nothing."""

    job = models.ForeignKey("people.Job", on_delete=models.PROTECT, related_name="+", verbose_name=_("Job"))
    duty = models.CharField(_("Duty"), max_length=40)
    kpi = models.ForeignKey("metrics.KPI", on_delete=models.PROTECT, related_name="+", verbose_name=_("KPI"))

    class Meta:
        verbose_name = _("KPI of a duty")
        constraints = [
            models.UniqueConstraint(fields=["job", "duty", "kpi"], name="a_kpi_covers_a_duty_once")
        ]
