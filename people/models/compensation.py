"""What a person's bonus is reckoned from, by date."""

from __future__ import annotations

import pghistory
from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.utils.translation import gettext_lazy as _


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Compensation(models.Model):
    """Monthly base salary of one person over [from, until); HR, payroll, auditors and the person see it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="compensations")
    valid = DateRangeField()
    salary = models.DecimalField(_("Monthly base salary"), max_digits=14, decimal_places=2)
    currency = models.CharField(_("Currency"), max_length=3, default="CNY")
    legal_entity = models.CharField(_("Legal entity"), max_length=80, blank=True)
    cost_centre = models.CharField(_("Cost centre"), max_length=40, blank=True)

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="one_salary_at_a_time",
                expressions=[("user", RangeOperators.EQUAL), ("valid", RangeOperators.OVERLAPS)],
            ),
            models.CheckConstraint(condition=models.Q(salary__gte=0), name="salary_not_negative"),
        ]
