"""Changes of a running cycle: proposed with a reason, decided, told to whom they concern, and kept as versions."""

from __future__ import annotations

import pghistory
import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent())
class Amendment(models.Model):
    """One change. What concerns everybody's score (a target) is decided by somebody else of HR than who proposed it;
    what follows the roster (who takes part, who judges) is carried out at once.

    details   what is changed, by kind: see reviews.services.amendments
    version   the configuration version that it made
    """

    class Kind(models.TextChoices):
        TARGET = "target", _("Wrong target")
        JOINER = "joiner", _("Somebody joins")
        LEAVER = "leaver", _("Somebody leaves the review")
        RATER = "rater", _("Another manager judges")

    class State(models.TextChoices):
        PROPOSED = "proposed", _("proposed")
        APPLIED = "applied", _("in force")
        REJECTED = "rejected", _("rejected")

    cycle = models.ForeignKey("reviews.Cycle", on_delete=models.PROTECT, related_name="amendments")
    kind = models.CharField(_("What is changed"), max_length=12, choices=Kind.choices)
    state = models.CharField(max_length=12, choices=State.choices, default=State.PROPOSED)
    details = models.JSONField()
    reason = models.CharField(_("Reason"), max_length=400)
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField(auto_now_add=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_reason = models.CharField(max_length=400, blank=True)
    version = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(kind="target") | ~Q(state="applied") | ~Q(decided_by=F("proposed_by")),
                name="targets_take_two_people",
            ),
            models.CheckConstraint(
                condition=Q(state="applied") & Q(version__isnull=False)
                | ~Q(state="applied") & Q(version__isnull=True),
                name="applied_makes_a_version",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="no_delete", operation=pgtrigger.Delete),
            pgtrigger.Trigger(
                name="decided_is_final",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__state__in=["applied", "rejected"]),
                func="RAISE EXCEPTION 'amendment % is decided', OLD.id;",
            ),
        ]


class CycleVersion(models.Model):
    """The frozen configuration of a cycle as it stood, one row per version since the launch. Append-only."""

    cycle = models.ForeignKey("reviews.Cycle", on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    configuration = models.JSONField()
    fingerprint = models.CharField(max_length=64)
    amendment = models.OneToOneField(
        Amendment, null=True, blank=True, on_delete=models.PROTECT, related_name="made"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["cycle", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["cycle", "number"], name="one_configuration_per_version")
        ]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]
