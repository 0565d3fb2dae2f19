"""Records as the source wrote them, and their mergeable day totals. Both are loaded by COPY, never row by row."""

from __future__ import annotations

from django.db import models


class Record(models.Model):
    """One call, ticket, inspection or survey answer. `values` holds the measures it gave, by code; absent = missing."""

    batch = models.ForeignKey(
        "metrics.Batch", on_delete=models.CASCADE, db_constraint=False, related_name="+"
    )
    source_id = models.BigIntegerField()
    external_id = models.CharField(max_length=120)
    employee_id = models.BigIntegerField()
    day = models.DateField()
    occurred_at = models.DateTimeField(null=True)
    queue = models.CharField(max_length=80, blank=True)
    values = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["employee_id", "day"], name="records_of_person")]
        constraints = [
            # Only what counts is stored: a replaced batch's rows are deleted by the transaction that replaces it.
            models.UniqueConstraint(fields=["source_id", "external_id"], name="one_record_per_external_id")
        ]


class Observation(models.Model):
    """One measure of one subject over one day, as moments: n values, their total, the total of their squares.

    Partitioned by month of `day` and under it by hash of `subject_id`; the tables are made by SQL
    (see the migrations), nothing has a foreign key into them, and they have no surrogate key.
    """

    class SubjectType(models.TextChoices):
        EMPLOYEE = "e"
        TEAM = "t"
        SITE = "s"
        COMPANY = "c"

    pk = models.CompositePrimaryKey(
        "subject_type", "subject_id", "measure_id", "day", "source_id", "batch_id"
    )
    subject_type = models.CharField(max_length=1, choices=SubjectType.choices)
    subject_id = models.BigIntegerField()
    measure_id = models.BigIntegerField()
    day = models.DateField()
    source_id = models.BigIntegerField()
    batch_id = models.BigIntegerField()
    n = models.BigIntegerField()
    total = models.FloatField()
    total_sq = models.FloatField()

    class Meta:
        managed = False
        db_table = "metrics_observation"
