"""KPI values as computed. Rows belong to the run that wrote them; a pointer says which run counts."""

from __future__ import annotations

from django.db import models


class KPIPeriod(models.Model):
    """A calendar month's standing KPI values: readers follow `published_run`, so nobody sees half a run."""

    first_day = models.DateField()
    last_day = models.DateField()
    published_run = models.ForeignKey("runs.Run", null=True, on_delete=models.SET_NULL, related_name="+")
    published_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["first_day", "last_day"], name="one_standing_period")]


class KPIValue(models.Model):
    """value in the KPI's unit (percent as 0-100), n the sample behind it, standard_error in the same unit or None.

    value is None where the KPI is undefined for this person (no data, division by zero): missing, not zero.
    employee_id 0 is everybody together.
    """

    # No foreign keys in the database and no id: checking or counting up row by row takes longer than the load itself.
    pk = models.CompositePrimaryKey("run_id", "employee_id", "kpi_version_id")
    run = models.ForeignKey(
        "runs.Run", on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    employee_id = models.BigIntegerField()
    kpi_version = models.ForeignKey(
        "metrics.KPIVersion",
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    value = models.FloatField(null=True)
    standard_error = models.FloatField(null=True)
    n = models.BigIntegerField(default=0)
    inputs = models.JSONField(
        default=dict, help_text="totals that entered the formula: {'sum(m)': x, 'count(m)': n}"
    )
