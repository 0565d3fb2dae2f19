"""Appraisals of a population over a period."""

from __future__ import annotations

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from foundation.localized import LocalizedName


class Phase(models.TextChoices):
    """The one enumeration of phases, in order; PHASE_ORDER is what "later" means."""

    SETUP = "setup", _("Setup")
    GOALS = "goals", _("Goals")
    COLLECTION = "collection", _("Collection")
    RATING = "rating", _("Rating")
    CALIBRATION = "calibration", _("Calibration")
    RELEASE = "release", _("Release")
    APPEAL = "appeal", _("Appeal")
    CLOSED = "closed", _("Closed")
    CANCELLED = "cancelled", _("Cancelled")


PHASE_ORDER: tuple[Phase, ...] = (
    Phase.SETUP,
    Phase.GOALS,
    Phase.COLLECTION,
    Phase.RATING,
    Phase.CALIBRATION,
    Phase.RELEASE,
    Phase.APPEAL,
    Phase.CLOSED,
)


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent())
class CycleTemplate(LocalizedName):
    """A configuration to start cycles from; the same document that load_config reads."""

    code = models.SlugField(_("Code"), max_length=60, unique=True)
    configuration = models.JSONField(default=dict)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["code"]


@pghistory.track(
    pghistory.InsertEvent(),
    pghistory.UpdateEvent(),
    fields=["phase", "configuration", "configuration_version", "fingerprint", "published_run", "released_at"],
)
class Cycle(LocalizedName):
    """One cycle. `configuration` is editable in setup, frozen with its fingerprint at launch.

    Readers of results follow `published_run`. Publishing moves that pointer; releasing (released_at) opens it to
    ratees.
    """

    code = models.SlugField(_("Code"), max_length=60, unique=True)
    first_day = models.DateField(_("First day"))
    last_day = models.DateField(_("Last day"))
    phase = models.CharField(_("Phase"), max_length=12, choices=Phase.choices, default=Phase.SETUP)
    configuration = models.JSONField(default=dict)
    configuration_version = models.PositiveIntegerField(default=0)
    fingerprint = models.CharField(max_length=64, blank=True)
    rating_due_on = models.DateField(_("Scores due on"), null=True, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    launched_at = models.DateTimeField(null=True, blank=True)
    published_run = models.ForeignKey(
        "runs.Run", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    released_at = models.DateTimeField(null=True, blank=True)
    released_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    version = models.PositiveIntegerField(
        default=1, help_text="rises with each edit: a stale edit is refused"
    )

    class Meta:
        ordering = ["-first_day", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(last_day__gte=F("first_day")), name="cycle_period_in_order"),
            models.CheckConstraint(
                condition=Q(released_at__isnull=True) | Q(published_run__isnull=False),
                name="released_means_published",
            ),
        ]


class PhaseChange(models.Model):
    """Every step of a cycle from phase to phase: who, when, why."""

    cycle = models.ForeignKey(Cycle, on_delete=models.CASCADE, related_name="phase_changes")
    from_phase = models.CharField(max_length=12, choices=Phase.choices)
    to_phase = models.CharField(max_length=12, choices=Phase.choices)
    reason = models.CharField(max_length=400, blank=True)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    changed_at = models.DateTimeField(auto_now_add=True)
