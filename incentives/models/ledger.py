"""What is owed to whom: append-only. A correction is a new entry that reverses; nothing is edited."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class LedgerEntry(models.Model):
    class Kind(models.TextChoices):
        EARNED = "earned", _("earned")
        ADJUSTMENT = "adjustment", _("adjustment")
        REVERSAL = "reversal", _("reversal")
        CLAWBACK = "clawback", _("clawback")

    employee = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    plan = models.ForeignKey("incentives.IncentivePlan", on_delete=models.PROTECT, related_name="+")
    cycle = models.ForeignKey("reviews.Cycle", on_delete=models.PROTECT, related_name="+")
    payout_run = models.ForeignKey(
        "incentives.PayoutRun", on_delete=models.PROTECT, related_name="ledger_entries"
    )
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    currency = models.CharField(max_length=3)
    reverses = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="reversed_by"
    )
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            # Earned once: the same plan pays the same person for the same cycle one time, whatever asks.
            models.UniqueConstraint(
                fields=["employee", "plan", "cycle"], condition=Q(kind="earned"), name="earned_once"
            ),
            models.CheckConstraint(
                condition=~Q(kind="reversal") | Q(reverses__isnull=False), name="reversal_names_its_entry"
            ),
        ]
        indexes = [models.Index(fields=["employee", "-created_at"], name="ledger_of_person")]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
            # Only what payroll has paid can be asked back, whatever asks. The lock makes two that come at once wait.
            pgtrigger.Trigger(
                name="clawback_of_paid",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                condition=pgtrigger.Q(new__kind="clawback"),
                func="""
                    PERFORM pg_advisory_xact_lock(195301, (NEW.employee_id % 2147483647)::int);
                    IF NEW.amount > 0 OR (
                        SELECT coalesce(sum(amount), 0) FROM incentives_payment
                        WHERE employee_id = NEW.employee_id AND plan_id = NEW.plan_id AND cycle_id = NEW.cycle_id
                    ) + (
                        SELECT coalesce(sum(amount), 0) FROM incentives_ledgerentry
                        WHERE employee_id = NEW.employee_id AND plan_id = NEW.plan_id AND cycle_id = NEW.cycle_id
                            AND kind = 'clawback'
                    ) + NEW.amount < 0 THEN
                        RAISE EXCEPTION 'more is clawed back than was paid';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]
