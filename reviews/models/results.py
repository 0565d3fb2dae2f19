"""Computed answers. Rows belong to the run that wrote them and are never changed; loaded by COPY.

Scores are float64 rounded to 6 decimals when stored, so that a recomputation agrees exactly. The foreign keys are
Django's, not the database's, and rows have no id where nobody needs one: checking or counting up row by row takes
longer than the load itself. The primary key finds a run.
"""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _


class ComponentScore(models.Model):
    """score 0-100 at target scale (above 100 where over-achievement counts); None when the component has no data."""

    pk = models.CompositePrimaryKey("run_id", "employee_id", "component")
    run = models.ForeignKey(
        "runs.Run", on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    employee_id = models.BigIntegerField()
    component = models.CharField(max_length=60)
    score = models.FloatField(null=True)
    standard_error = models.FloatField(null=True)
    n = models.BigIntegerField(default=0)
    weight = models.FloatField(help_text="effective weight 0-100 after the missing-component rule")


class ScoreLineSet(models.Model):
    """The lines of one component score as they are stored: one row, an array a column; the first line is number 1.

    A row a line would be many times as many rows to load, index and keep for the same numbers. Nobody reads this table
    but the view below.
    """

    pk = models.CompositePrimaryKey("run_id", "employee_id", "component")
    run = models.ForeignKey(
        "runs.Run", on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    employee_id = models.BigIntegerField()
    component = models.CharField(max_length=60)
    subjects = ArrayField(models.TextField())
    values = ArrayField(models.FloatField(null=True))
    targets = ArrayField(models.FloatField(null=True))
    weights = ArrayField(models.FloatField())
    attainments = ArrayField(models.FloatField(null=True))
    points = ArrayField(models.FloatField(null=True))
    samples = ArrayField(models.BigIntegerField())
    standard_errors = ArrayField(models.FloatField(null=True))
    rules = ArrayField(models.TextField())


class ScoreLine(models.Model):
    """A line of the explanation: what entered a component score. A view over ScoreLineSet: read only."""

    pk = models.CompositePrimaryKey("run_id", "employee_id", "component", "number")
    run = models.ForeignKey("runs.Run", on_delete=models.DO_NOTHING, related_name="+", db_constraint=False)
    employee_id = models.BigIntegerField()
    component = models.CharField(max_length=60)
    number = models.PositiveSmallIntegerField()
    subject = models.CharField(max_length=60, help_text="KPI code or item code")
    value = models.FloatField(null=True)
    target = models.FloatField(null=True)
    weight = models.FloatField()
    attainment = models.FloatField(null=True)
    points = models.FloatField(null=True, help_text="score of this line at target scale, before its weight")
    n = models.BigIntegerField(default=0)
    standard_error = models.FloatField(null=True, help_text="of the points")
    rule = models.CharField(
        max_length=40, help_text="why it counts as it does: attainment, bands, below_minimum, missing"
    )

    class Meta:
        managed = False
        db_table = "reviews_scoreline"


class Result(models.Model):
    """Overall score, rank and rating of one employee in one run of one cycle."""

    run = models.ForeignKey(
        "runs.Run", on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    cycle = models.ForeignKey(
        "reviews.Cycle", on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    employee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    team_id = models.BigIntegerField()
    score = models.FloatField(null=True)
    standard_error = models.FloatField(null=True)
    rank = models.PositiveIntegerField(null=True)
    cohort_size = models.PositiveIntegerField(default=0)
    percentile = models.FloatField(null=True)
    # Whom one is ranked among: "team:12", "cycle"; empty where one belongs to no cohort.
    cohort = models.CharField(max_length=90, blank=True, default="")
    # Between these places the person lies with 95 % confidence; none where no error is known.
    rank_low = models.PositiveIntegerField(null=True)
    rank_high = models.PositiveIntegerField(null=True)
    standing = models.CharField(
        max_length=24,
        blank=True,
        default="",
        help_text="against the cohort's mean, one of scoring.ranking.WORDS",
    )
    cohort_mean = models.FloatField(null=True)
    cohort_mean_error = models.FloatField(null=True)
    rating = models.CharField(max_length=20, blank=True, help_text="code of the rating band")
    computed_rating = models.CharField(
        max_length=20, blank=True, default="", help_text="by the rule alone, before calibration"
    )
    rating_group = models.PositiveIntegerField(
        null=True, help_text="number of the group whose shares gave the rating; none under cut-offs"
    )
    rating_order = models.PositiveIntegerField(
        null=True, help_text="place among equal scores of the group, where ties are split"
    )
    state = models.CharField(
        max_length=12,
        choices=[("scored", _("scored")), ("held_back", _("held back")), ("no_data", _("no data"))],
        default="scored",
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "employee"], name="one_result_per_run")]
        indexes = [
            models.Index(fields=["run", "rank", "employee"], name="results_by_rank"),
            models.Index(fields=["run", "score", "id"], name="results_by_score"),
            models.Index(fields=["employee", "cycle"], name="results_of_person"),
        ]


class ResultAdjustment(models.Model):
    """Calibration moves, bonus and penalty items: append-only, reapplied by every run as its last stage."""

    class Kind(models.TextChoices):
        RATING = "rating", _("calibrated rating")
        POINTS = "points", _("bonus or penalty points")
        BREACH = "breach", _("recorded breach")

    cycle = models.ForeignKey("reviews.Cycle", on_delete=models.PROTECT, related_name="adjustments")
    employee = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    rating = models.CharField(max_length=20, blank=True)
    points = models.FloatField(null=True)
    item = models.CharField(
        max_length=40, blank=True, default="", help_text="code of the bonus item or of the red line"
    )
    reason = models.CharField(max_length=400)
    evidence = models.CharField(max_length=2000, blank=True, default="")
    is_shared = models.BooleanField(default=False, help_text="whether the employee may read a move's reason")
    reverses = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="reversed_by"
    )
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]
