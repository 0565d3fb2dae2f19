"""One computation of a plan for a cycle: computed by workers, approved by a second person, exported, paid once."""

from __future__ import annotations

import pghistory
import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Func, IntegerField, Q
from django.db.models.lookups import Exact
from django.utils.translation import gettext_lazy as _


def _length(array: str) -> Func:
    return Func(array, function="cardinality", output_field=IntegerField())


def frozen_once_approved() -> list[pgtrigger.Trigger]:
    """Rows of an approved payout run are neither added, changed nor removed, whoever asks.

    One check per statement over its transition table, not one per row: COPY stays as fast as without it. PostgreSQL
    allows one event per trigger with a transition table, hence three.
    """
    refusal = """
        IF EXISTS (
            SELECT 1 FROM incentives_payoutrun WHERE state = 'approved' AND id IN ({touched})
        ) THEN
            RAISE EXCEPTION 'payout run is approved: its rows are final';
        END IF;
        RETURN NULL;
    """
    before, after = "SELECT payout_run_id FROM old_rows", "SELECT payout_run_id FROM new_rows"
    return [
        pgtrigger.Trigger(
            name=f"final_{name}",
            level=pgtrigger.Statement,
            when=pgtrigger.After,
            operation=operation,
            referencing=pgtrigger.Referencing(
                old="old_rows" if old else None, new="new_rows" if new else None
            ),
            func=refusal.format(touched=" UNION ".join(([before] if old else []) + ([after] if new else []))),
        )
        for name, operation, old, new in (
            ("insert", pgtrigger.Insert, False, True),
            ("update", pgtrigger.Update, True, True),
            ("delete", pgtrigger.Delete, True, False),
        )
    ]


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent())
class PayoutRun(models.Model):
    """Regular runs pay a cycle the first time; an adjusting run computes it again and books the difference."""

    class Kind(models.TextChoices):
        REGULAR = "regular", _("regular")
        ADJUSTING = "adjusting", _("adjusting")

    class State(models.TextChoices):
        COMPUTING = "computing", _("being computed")
        COMPUTED = "computed", _("waiting for approval")
        FAILED = "failed", _("failed")
        APPROVED = "approved", _("approved")
        REJECTED = "rejected", _("rejected")

    OPEN = (State.COMPUTING, State.COMPUTED)

    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.REGULAR)
    plan = models.ForeignKey("incentives.IncentivePlan", on_delete=models.PROTECT, related_name="payout_runs")
    plan_version = models.ForeignKey(
        "incentives.PlanVersion", on_delete=models.PROTECT, related_name="payout_runs"
    )
    cycle = models.ForeignKey("reviews.Cycle", on_delete=models.PROTECT, related_name="payout_runs")
    result_run = models.ForeignKey(
        "runs.Run", on_delete=models.PROTECT, related_name="+", help_text="results paid on"
    )
    run = models.OneToOneField("runs.Run", null=True, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=12, choices=State.choices, default=State.COMPUTING)
    currency = models.CharField(max_length=3)
    lines = models.PositiveIntegerField(default=0)
    total = models.DecimalField(
        max_digits=18, decimal_places=2, default=0, help_text="what approval would book"
    )
    content_digest = models.CharField(
        max_length=64, blank=True, help_text="over all lines; approval names it"
    )
    summary = models.JSONField(
        default=dict, blank=True, help_text="counts and amounts by status, distribution"
    )
    reason = models.CharField(max_length=400, blank=True, help_text="why an adjusting run was needed")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    approved_at = models.DateTimeField(null=True, blank=True)
    rejected_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    rejected_at = models.DateTimeField(null=True, blank=True)
    rejection = models.CharField(
        max_length=400, blank=True, help_text="why it was rejected or computed again"
    )

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            # Maker and checker differ by every door, even one that forgot to ask.
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("created_by")),
                name="approver_is_not_maker",
            ),
            models.CheckConstraint(
                condition=~Q(state="approved") | Q(approved_by__isnull=False), name="approved_has_approver"
            ),
            models.UniqueConstraint(
                fields=["plan", "cycle"],
                condition=Q(kind="regular", state__in=["computing", "computed", "approved"]),
                name="one_regular_payout_run",
            ),
            models.UniqueConstraint(
                fields=["plan", "cycle"],
                condition=Q(state__in=["computing", "computed"]),
                name="one_open_payout_run",
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="approved_is_final",
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Q(old__state="approved"),
            )
        ]

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN


class PayoutLine(models.Model):
    """One employee's entitlement. `status` says why a line is not paid as computed (no salary, leaver, ...).

    Name, number, team and payroll keys are kept as they were when the run was computed: what was approved is what is
    exported, whatever the roster says later. `standing` is what the ledger already holds for this plan and cycle; an
    approval books amount - standing.
    """

    class Status(models.TextChoices):
        PAYABLE = "payable", _("payable")
        UNDECIDED = "undecided", _("left the company: to be decided")
        NOT_ELIGIBLE = "not_eligible", _("not eligible")
        MISSING_INPUT = "missing_input", _("something is missing")

    payout_run = models.ForeignKey(PayoutRun, on_delete=models.CASCADE, related_name="payout_lines")
    employee = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    employee_number = models.CharField(max_length=40, blank=True)
    employee_name = models.CharField(max_length=80, blank=True)
    team_id = models.BigIntegerField(null=True)
    job_code = models.CharField(max_length=40, blank=True)
    legal_entity = models.CharField(max_length=80, blank=True)
    cost_centre = models.CharField(max_length=40, blank=True)
    score = models.FloatField(null=True)
    rating = models.CharField(max_length=20, blank=True)
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    standing = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.PAYABLE)
    reason_code = models.CharField(max_length=40, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["payout_run", "employee"], name="one_line_per_payout_run")
        ]
        indexes = [
            models.Index(fields=["payout_run", "-amount", "id"], name="payout_lines_by_amount"),
            # The few that somebody has to decide about, among a hundred thousand.
            models.Index(
                fields=["payout_run"],
                condition=models.Q(status__in=["undecided", "missing_input"]),
                name="payout_lines_to_decide",
            ),
        ]
        triggers = frozen_once_approved()


class PayoutStepSet(models.Model):
    """Steps of a line as they are stored: one row, an array a column. The line's own begin with number 1; what a pool
    adds when everybody's claim is known is a set of its own, which begins where they end.

    A row a step would be eight times as many rows to load, index and keep for the same numbers. Nobody reads this table
    but the view below.
    """

    pk = models.CompositePrimaryKey("payout_run_id", "employee_id", "first")
    # Not checked row by row, as with all computed rows: the lines, written in the same transaction, are.
    payout_run = models.ForeignKey(
        PayoutRun, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    employee_id = models.BigIntegerField()
    first = models.PositiveSmallIntegerField(default=1, help_text="number of the first step in the row")
    kinds = ArrayField(models.TextField())
    inputs = models.JSONField(help_text="an object a step")
    factors = ArrayField(models.DecimalField(max_digits=20, decimal_places=10, null=True))
    amounts = ArrayField(models.DecimalField(max_digits=24, decimal_places=10))

    class Meta:
        constraints = [
            # A step is complete or not there: no array of a row is longer than another.
            models.CheckConstraint(
                condition=Q(
                    Exact(_length("kinds"), _length("amounts")),
                    Exact(_length("kinds"), _length("factors")),
                    Exact(
                        _length("kinds"),
                        Func("inputs", function="jsonb_array_length", output_field=IntegerField()),
                    ),
                ),
                name="step_sets_complete",
            )
        ]
        triggers = frozen_once_approved()


class PayoutStep(models.Model):
    """A step of a line, typed so that it can be recomputed: result = rule(kind, inputs).

    A view over PayoutStepSet: read only.
    """

    pk = models.CompositePrimaryKey("payout_run_id", "employee_id", "number")
    payout_run = models.ForeignKey(
        PayoutRun, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False
    )
    employee_id = models.BigIntegerField()
    number = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=40, help_text="target_bonus, curve, proration, rounding, ...")
    inputs = models.JSONField(default=dict, help_text="decimal strings and codes that the rule used")
    factor = models.DecimalField(max_digits=20, decimal_places=10, null=True)
    amount = models.DecimalField(max_digits=24, decimal_places=10, help_text="running amount after this step")

    class Meta:
        managed = False
        db_table = "incentives_payoutstep"


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
    decided_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["payout_run", "employee"], name="one_decision_per_line")
        ]
        triggers = frozen_once_approved()


class PayoutExport(models.Model):
    """A payroll file that was made: its number in the sequence of the run, and the checksum of its bytes.

    A repeat has the bytes of an earlier export, so payroll can tell a second copy from a second payment.
    """

    class Format(models.TextChoices):
        CSV = "csv", "CSV"
        XLSX = "xlsx", "XLSX"

    payout_run = models.ForeignKey(PayoutRun, on_delete=models.PROTECT, related_name="exports")
    number = models.PositiveIntegerField()
    format = models.CharField(max_length=8, choices=Format.choices, default=Format.CSV)
    columns = ArrayField(models.CharField(max_length=40), default=list)
    batch = models.PositiveSmallIntegerField(default=1)
    headings = models.CharField(max_length=8, default="codes", help_text="codes, zh or en")
    sha256 = models.CharField(max_length=64)
    is_repeat = models.BooleanField(default=False)
    exported_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    exported_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["payout_run", "number"]
        constraints = [models.UniqueConstraint(fields=["payout_run", "number"], name="one_export_per_number")]
