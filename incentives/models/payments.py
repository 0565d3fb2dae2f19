"""What payroll was asked to pay, what it has paid, who is on hold, and what is asked back."""

from __future__ import annotations

import pghistory
import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class PaymentItem(models.Model):
    """One person's sum in one batch of a run's payroll file. Whoever is on hold is in none of them, and comes into the
    next batch once released; a batch never changes, so its file has the same bytes each time."""

    payout_run = models.ForeignKey(
        "incentives.PayoutRun", on_delete=models.PROTECT, related_name="payment_items"
    )
    batch = models.PositiveSmallIntegerField()
    employee = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    amount = models.DecimalField(max_digits=14, decimal_places=2)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["payout_run", "employee"], name="asked_to_pay_once")]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]


class Payment(models.Model):
    """What payroll says it has paid, as it came back; once per person and run."""

    employee = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    plan = models.ForeignKey("incentives.IncentivePlan", on_delete=models.PROTECT, related_name="+")
    cycle = models.ForeignKey("reviews.Cycle", on_delete=models.PROTECT, related_name="+")
    payout_run = models.ForeignKey("incentives.PayoutRun", on_delete=models.PROTECT, related_name="payments")
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    currency = models.CharField(max_length=3)
    paid_on = models.DateField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["payout_run", "employee"], name="paid_once")]
        indexes = [models.Index(fields=["employee", "plan", "cycle"], name="payments_of_person")]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent())
class PayoutHold(models.Model):
    """Somebody's money is booked and shown as pending, but stays out of the payroll file until it is released."""

    employee = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="payout_holds"
    )
    reason = models.CharField(max_length=400)
    put_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    put_at = models.DateTimeField(auto_now_add=True)
    release_reason = models.CharField(max_length=400, blank=True)
    released_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    released_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-put_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["employee"], condition=Q(released_at__isnull=True), name="one_hold_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(released_at__isnull=True, released_by__isnull=True)
                | (Q(released_at__isnull=False, released_by__isnull=False) & ~Q(release_reason="")),
                name="release_is_whole",
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="released_is_final",
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Q(old__released_at__isnull=False),
            )
        ]


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent())
class Clawback(models.Model):
    """Money asked back of what was paid for one plan and cycle, by instalments within a share of the monthly salary."""

    class State(models.TextChoices):
        PROPOSED = "proposed", _("waiting for approval")
        APPROVED = "approved", _("approved")
        REJECTED = "rejected", _("rejected")

    employee = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="clawbacks")
    plan = models.ForeignKey("incentives.IncentivePlan", on_delete=models.PROTECT, related_name="+")
    cycle = models.ForeignKey("reviews.Cycle", on_delete=models.PROTECT, related_name="+")
    payout_run = models.ForeignKey("incentives.PayoutRun", on_delete=models.PROTECT, related_name="clawbacks")
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=400)
    monthly_share = models.DecimalField(max_digits=5, decimal_places=4)
    salary = models.DecimalField(
        max_digits=14, decimal_places=2, help_text="monthly, as the share is taken of"
    )
    state = models.CharField(max_length=12, choices=State.choices, default=State.PROPOSED)
    entry = models.OneToOneField(
        "incentives.LedgerEntry", null=True, blank=True, on_delete=models.PROTECT, related_name="clawback"
    )
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    rejection = models.CharField(max_length=400, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="clawback_above_zero"),
            models.CheckConstraint(
                condition=Q(monthly_share__gt=0, monthly_share__lte=1), name="clawback_share_of_salary"
            ),
            models.CheckConstraint(
                condition=~Q(state="approved") | (Q(entry__isnull=False) & ~Q(decided_by=F("created_by"))),
                name="clawback_second_person",
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="decided_is_final",
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=~pgtrigger.Q(old__state="proposed"),
            )
        ]

    @property
    def pk_text(self) -> str:
        """For addresses inside a page."""
        return str(self.pk)


class ClawbackInstalment(models.Model):
    """What is deducted in one month."""

    clawback = models.ForeignKey(Clawback, on_delete=models.CASCADE, related_name="instalments")
    number = models.PositiveSmallIntegerField()
    month = models.DateField(help_text="its first day")
    amount = models.DecimalField(max_digits=14, decimal_places=2)

    class Meta:
        ordering = ["clawback", "number"]
        constraints = [
            models.UniqueConstraint(fields=["clawback", "number"], name="one_instalment_per_number"),
            models.UniqueConstraint(fields=["clawback", "month"], name="one_instalment_per_month"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="instalment_above_zero"),
        ]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]
