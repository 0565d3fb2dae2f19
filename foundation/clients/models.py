"""Programs that use the API: their tokens, what each may do, and the answers already given to a key."""

from __future__ import annotations

import uuid

import pghistory
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _


class Scope(models.TextChoices):
    PEOPLE_READ = "people:read", _("read people, teams and jobs")
    PEOPLE_WRITE = "people:write", _("import the roster")
    METRICS_READ = "metrics:read", _("read measures, KPIs and KPI values")
    METRICS_WRITE = "metrics:write", _("define KPIs and import data")
    INSPECTIONS_WRITE = "inspections:write", _("score, dispute and decide quality inspections")
    INCIDENTS_WRITE = "incidents:write", _("note incidents and reply to them")
    CYCLES_READ = "cycles:read", _("read cycles and forms")
    CYCLES_WRITE = "cycles:write", _("configure, launch, score and release cycles")
    RESULTS_READ = "results:read", _("read results and their explanation")
    PAYOUTS_READ = "payouts:read", _("read plans, payout runs and statements")
    PAYOUTS_WRITE = "payouts:write", _("define plans and compute payout runs")
    PAYOUTS_APPROVE = "payouts:approve", _("approve and export payout runs")
    CONFIG_WRITE = "config:write", _("load and dump configuration")
    TRAIL_READ = "trail:read", _("read the audit trail")


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), exclude=["digest", "last_used_at"])
class Token(models.Model):
    """Acts as its user, and only within its scopes. The secret is shown once; a digest is kept."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(_("Name"), max_length=80)
    prefix = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=40, choices=Scope.choices))
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)


class IdempotencyKey(models.Model):
    """The answer given to one key of one user; the same key with another body is refused."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=120)
    request_digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.JSONField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="one_answer_per_key")]
