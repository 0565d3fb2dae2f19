"""KPI values as computed. Rows belong to the run that wrote them; a pointer says which run counts."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models


class KPIPeriod(models.Model):
    """A calendar month's standing KPI values: readers follow `published_run`, so nobody sees half a run."""

    first_day = models.DateField()
    last_day = models.DateField()
    published_run = models.ForeignKey("runs.Run", null=True, on_delete=models.SET_NULL, related_name="+")
    published_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["first_day", "last_day"], name="one_standing_period")]


class KPIValueSet(models.Model):
    """All KPI values of one employee in one run, as they are stored: one row, an array a column.

    A row a value would be twelve times as many rows to load, index and keep for the same numbers. Nobody reads this
    table but the view below; `input_ends` says where each value's inputs end in `input_names` and `inputs`.
    """

    # No foreign keys in the database and no id: checking or counting up row by row takes longer than the load itself.
    pk = models.CompositePrimaryKey("run_id", "employee_id")
    run = models.ForeignKey(
        "runs.Run", on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    employee_id = models.BigIntegerField()
    kpi_versions = ArrayField(models.BigIntegerField())
    values = ArrayField(models.FloatField(null=True))
    standard_errors = ArrayField(models.FloatField(null=True))
    samples = ArrayField(models.BigIntegerField())
    input_ends = ArrayField(models.PositiveSmallIntegerField())
    input_names = ArrayField(models.TextField())
    inputs = ArrayField(models.FloatField(null=True))


class KPIValue(models.Model):
    """value in the KPI's unit (percent as 0-100), n the sample behind it, standard_error in the same unit or None.

    value is None where the KPI is undefined for this person (no data, division by zero): missing, not zero.
    employee_id 0 is everybody together. A view over KPIValueSet: read only.
    """

    pk = models.CompositePrimaryKey("run_id", "employee_id", "kpi_version_id")
    run = models.ForeignKey("runs.Run", on_delete=models.DO_NOTHING, related_name="+", db_constraint=False)
    employee_id = models.BigIntegerField()
    kpi_version = models.ForeignKey(
        "metrics.KPIVersion", on_delete=models.PROTECT, related_name="+", db_constraint=False
    )
    value = models.FloatField(null=True)
    standard_error = models.FloatField(null=True)
    n = models.BigIntegerField(default=0)
    input_names = ArrayField(models.TextField())
    totals = ArrayField(models.FloatField(null=True))

    class Meta:
        managed = False
        db_table = "metrics_kpivalue"

    @property
    def inputs(self) -> dict[str, float | None]:
        """Totals that entered the formula: {"sum(m)": x, "count(m)": n}; evaluating it on them gives the value."""
        return dict(zip(self.input_names, self.totals, strict=True))
