"""One computation of a plan for a cycle: computed by workers, approved by a second person, exported, paid once."""

from __future__ import annotations

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent())
class PayoutRun(models.Model):
    class State(models.TextChoices):
        COMPUTING = "computing", _("being computed")
        COMPUTED = "computed", _("waiting for approval")
        FAILED = "failed", _("failed")
        APPROVED = "approved", _("approved")
        REJECTED = "rejected", _("rejected")

    plan_version = models.ForeignKey("incentives.PlanVersion", on_delete=models.PROTECT, related_name="payout_runs")
    cycle = models.ForeignKey("reviews.Cycle", on_delete=models.PROTECT, related_name="payout_runs")
    result_run = models.ForeignKey("runs.Run", on_delete=models.PROTECT, related_name="+", help_text="results paid on")
    run = models.OneToOneField("runs.Run", null=True, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=12, choices=State.choices, default=State.COMPUTING)
    currency = models.CharField(max_length=3)
    lines = models.PositiveIntegerField(default=0)
    total = models.DecimalField(max_digits=18, decimal_places=2, default=0)
    content_digest = models.CharField(max_length=64, blank=True, help_text="over all lines; approval names it")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    approved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            # Maker and checker differ by every door, even one that forgot to ask.
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("created_by")), name="approver_is_not_maker"
            ),
            models.CheckConstraint(
                condition=~Q(state="approved") | Q(approved_by__isnull=False), name="approved_has_approver"
            ),
        ]


class PayoutLine(models.Model):
    """One employee's amount. status says why a line is not paid as computed (no salary, leaver to be decided, ...)."""

    class Status(models.TextChoices):
        PAYABLE = "payable", _("to be paid")
        UNDECIDED = "undecided", _("left the company: to be decided")
        NOT_ELIGIBLE = "not_eligible", _("not eligible")
        MISSING_INPUT = "missing_input", _("something is missing")

    payout_run = models.ForeignKey(PayoutRun, on_delete=models.CASCADE, related_name="payout_lines")
    employee = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.PAYABLE)
    reason_code = models.CharField(max_length=40, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["payout_run", "employee"], name="one_line_per_payout_run")]


class PayoutStep(models.Model):
    """A step of a line, typed so that it can be recomputed: result = rule(kind, inputs)."""

    payout_run = models.ForeignKey(PayoutRun, on_delete=models.CASCADE, related_name="+")
    employee_id = models.BigIntegerField()
    number = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=40, help_text="target_bonus, curve, proration, rounding, ...")
    inputs = models.JSONField(default=dict, help_text="decimal strings and codes that the rule used")
    factor = models.DecimalField(max_digits=20, decimal_places=10, null=True)
    amount = models.DecimalField(max_digits=24, decimal_places=10, help_text="running amount after this step")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["payout_run", "employee_id", "number"], name="one_step_per_number")
        ]


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent())
class PayoutDecision(models.Model):
    """What was decided about one line that the rules leave open (a leaver): pay or withhold, by whom, why."""

    class Decision(models.TextChoices):
        PAY = "pay", _("pay")
        WITHHOLD = "withhold", _("do not pay")

    payout_run = models.ForeignKey(PayoutRun, on_delete=models.CASCADE, related_name="decisions")
    employee = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    decision = models.CharField(max_length=12, choices=Decision.choices)
    reason = models.CharField(max_length=400)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["payout_run", "employee"], name="one_decision_per_line")]


class PayoutExport(models.Model):
    """A payroll file that was made: its number in the sequence of the run, and the checksum of its bytes."""

    payout_run = models.ForeignKey(PayoutRun, on_delete=models.PROTECT, related_name="exports")
    number = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    exported_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    exported_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["payout_run", "number"], name="one_export_per_number")]
