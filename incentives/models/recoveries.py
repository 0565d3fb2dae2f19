"""Clawbacks month by month: what payroll was asked to deduct, and what it says it has deducted."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

APPEND_ONLY = pgtrigger.Update | pgtrigger.Delete


class DeductionItem(models.Model):
    """One clawback in one month's deduction file. As long as payroll has not answered, the sum counts as on its way, so
    that no other month asks for it again. A batch never changes, so its file has the same bytes each time."""

    clawback = models.ForeignKey(
        "incentives.Clawback", on_delete=models.PROTECT, related_name="deduction_items"
    )
    month = models.DateField(help_text="its first day")
    batch = models.PositiveSmallIntegerField()
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["month", "clawback_id"]
        constraints = [
            models.UniqueConstraint(fields=["clawback", "month"], name="asked_to_deduct_once_a_month"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="deduction_above_zero"),
        ]
        indexes = [models.Index(fields=["month", "batch"], name="deductions_of_month")]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=APPEND_ONLY),
            # Never more than was approved, whatever asks. The lock makes two that come at once wait.
            pgtrigger.Trigger(
                name="deduct_what_is_owed",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                    PERFORM pg_advisory_xact_lock(195302, (NEW.clawback_id % 2147483647)::int);
                    IF NEW.amount + (
                        SELECT coalesce(sum(coalesce(recovery.amount, item.amount)), 0)
                        FROM incentives_deductionitem AS item
                        LEFT JOIN incentives_recovery AS recovery ON recovery.item_id = item.id
                        WHERE item.clawback_id = NEW.clawback_id
                    ) > (
                        SELECT CASE WHEN state = 'approved' THEN amount ELSE 0 END
                        FROM incentives_clawback WHERE id = NEW.clawback_id
                    ) THEN
                        RAISE EXCEPTION 'more is deducted than is owed';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]


class Recovery(models.Model):
    """What payroll says it has deducted of an item; less than asked, or nothing, leaves the rest for later months."""

    item = models.OneToOneField(DeductionItem, on_delete=models.PROTECT, related_name="recovery")
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    recovered_on = models.DateField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(amount__gte=0), name="recovered_not_below_zero")]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=APPEND_ONLY),
            pgtrigger.Trigger(
                name="recovered_within_asked",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                    IF NEW.amount > (SELECT amount FROM incentives_deductionitem WHERE id = NEW.item_id) THEN
                        RAISE EXCEPTION 'more is recovered than was asked';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]
