"""What is expected of people, and how strongly an incident counts."""

from __future__ import annotations

import pghistory
import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from foundation.localized import LocalizedName
from reviews.models.library import LibraryEntry, LibraryVersion


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent())
class Behaviour(LibraryEntry):
    """An expected behaviour: incidents are noted against it, good ones and bad ones."""

    class Meta(LibraryEntry.Meta):
        verbose_name = _("expected behaviour")
        triggers = [pgtrigger.Protect(name="kept", operation=pgtrigger.Delete)]


@pghistory.track(pghistory.InsertEvent())
class BehaviourVersion(LibraryVersion):
    behaviour = models.ForeignKey(
        Behaviour, verbose_name=_("expected behaviour"), on_delete=models.PROTECT, related_name="versions"
    )

    class Meta(LibraryVersion.Meta):
        verbose_name = _("version of an expected behaviour")
        constraints = [models.UniqueConstraint(fields=["behaviour", "number"], name="behaviour_version_once")]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent())
class IncidentStrength(LocalizedName):
    """How strongly an incident counts, weakest first. A cycle that runs keeps the points that it was launched with."""

    code = models.SlugField(_("Code"), max_length=60, unique=True)
    place = models.PositiveSmallIntegerField(_("Order"), default=0)
    points = models.FloatField(_("Points"))
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["place", "id"]
        verbose_name = _("strength of incidents")
        constraints = [models.CheckConstraint(condition=Q(points__gt=0), name="strength_counts")]
        triggers = [pgtrigger.Protect(name="kept", operation=pgtrigger.Delete)]
