"""KPI values of teams, sites and the company as a run computed them. Rows belong to the run and are never changed."""

from __future__ import annotations

from django.db import models


class GroupValue(models.Model):
    """One KPI of one team, site or of everybody (subject id 0) in one run; as KPIValue has it of a person."""

    class SubjectType(models.TextChoices):
        TEAM = "t"
        SITE = "s"
        COMPANY = "c"

    pk = models.CompositePrimaryKey("run_id", "subject_type", "subject_id", "kpi_version_id")
    run = models.ForeignKey(
        "runs.Run", on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    subject_type = models.CharField(max_length=1, choices=SubjectType.choices)
    subject_id = models.BigIntegerField()
    kpi_version = models.ForeignKey(
        "metrics.KPIVersion", on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    value = models.FloatField(null=True)
    standard_error = models.FloatField(null=True)
    n = models.BigIntegerField(default=0)
    inputs = models.JSONField(default=dict)
