"""Durable work. PostgreSQL owns the truth; the broker only wakes workers."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Run(models.Model):
    """One computation: what it is about (`scope`), what went in (`fingerprint`), and how far it is.

    `epoch` rises whenever the run is taken over, restarted or stopped; a worker writes only under the epoch it read.
    """

    class Purpose(models.TextChoices):
        OFFICIAL = "official", _("official")
        PREVIEW = "preview", _("preview")
        SIMULATION = "simulation", _("simulation")

    class State(models.TextChoices):
        QUEUED = "queued", _("waiting")
        RUNNING = "running", _("running")
        STOPPING = "stopping", _("stopping")
        STOPPED = "stopped", _("stopped")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    ACTIVE = (State.QUEUED, State.RUNNING, State.STOPPING)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=40)
    purpose = models.CharField(max_length=12, choices=Purpose.choices, default=Purpose.OFFICIAL)
    scope = models.CharField(max_length=120, help_text="what the run is about, as noun:id, e.g. cycle:12")
    state = models.CharField(max_length=12, choices=State.choices, default=State.QUEUED)
    parameters = models.JSONField(default=dict, blank=True)
    fingerprint = models.CharField(max_length=64, blank=True)
    stages = models.JSONField(default=list)
    stage = models.CharField(max_length=40, blank=True)
    epoch = models.PositiveIntegerField(default=0)
    attempts = models.PositiveIntegerField(default=0)
    max_attempts = models.PositiveIntegerField(default=3)
    shards_done = models.PositiveIntegerField(default=0)
    shards_total = models.PositiveIntegerField(default=0)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    woken_at = models.DateTimeField(
        null=True, blank=True, help_text="when the sweep last sent it to the workers"
    )
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    error_code = models.CharField(max_length=60, blank=True)
    error_params = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "scope"],
                condition=Q(purpose="official", state__in=["queued", "running", "stopping"]),
                name="one_active_official_run",
            )
        ]
        indexes = [
            models.Index(fields=["kind", "scope", "-created_at"], name="runs_by_scope"),
            models.Index(
                fields=["state"], condition=Q(state__in=["queued", "running", "stopping"]), name="runs_active"
            ),
        ]

    @property
    def is_active(self) -> bool:
        return self.state in self.ACTIVE

    @property
    def progress(self) -> float:
        """Share of all work done, 0-1: finished stages count whole, the current one by its shards."""
        if self.state == self.State.DONE:
            return 1.0
        if not self.stages or self.stage not in self.stages:
            return 0.0
        before = self.stages.index(self.stage)
        here = self.shards_done / self.shards_total if self.shards_total else 0.0
        return (before + here) / len(self.stages)


class Shard(models.Model):
    """A piece of one stage of a run, claimed under a lease by the database's clock."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        LEASED = "leased", _("in work")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="shards")
    stage = models.CharField(max_length=40)
    number = models.PositiveIntegerField()
    key = models.JSONField(default=dict)
    state = models.CharField(max_length=12, choices=State.choices, default=State.WAITING)
    epoch = models.PositiveIntegerField(default=0)
    attempts = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    worker = models.CharField(max_length=120, blank=True)
    error = models.TextField(blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "stage", "number"], name="one_shard_per_number")
        ]
        indexes = [models.Index(fields=["run", "stage", "state"], name="shards_to_claim")]


class OutboxMessage(models.Model):
    """News written in the transaction that made it true; the relay sends the tasks that consume its topic."""

    topic = models.CharField(max_length=60)
    payload = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)
    relayed_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["id"], condition=Q(relayed_at__isnull=True), name="outbox_waiting")]
