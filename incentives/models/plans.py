"""Rules that turn results into money."""

from __future__ import annotations

import pghistory
import pgtrigger
from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from foundation.localized import LocalizedName


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent())
class IncentivePlan(LocalizedName):
    code = models.SlugField(_("Code"), max_length=60, unique=True)
    currency = models.CharField(_("Currency"), max_length=3, default="CNY")
    is_active = models.BooleanField(_("In use"), default=True)

    class Meta:
        ordering = ["code"]


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent())
class PlanVersion(models.Model):
    """Steps as typed data, valid from a day on. A version that a payout run used never changes again."""

    plan = models.ForeignKey(IncentivePlan, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    valid_from = models.DateField(_("Valid from"))
    configuration = models.JSONField(default=dict)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["plan", "-valid_from"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "number"], name="one_plan_version_per_number"),
            models.UniqueConstraint(fields=["plan", "valid_from"], name="one_plan_version_per_day"),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="used_is_final",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                func="""
                    IF EXISTS (SELECT 1 FROM incentives_payoutrun WHERE plan_version_id = OLD.id) THEN
                        RAISE EXCEPTION 'plan version % was used by a payout run: it is final', OLD.id;
                    END IF;
                    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
                    RETURN NEW;
                """,
            )
        ]
