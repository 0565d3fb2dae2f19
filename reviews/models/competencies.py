"""The library of what people are judged by: competencies with anchors for each level."""

from __future__ import annotations

import pghistory
import pgtrigger
from django.db import models
from django.utils.translation import gettext_lazy as _

from reviews.models.library import LibraryEntry, LibraryVersion


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent())
class Competency(LibraryEntry):
    class Meta(LibraryEntry.Meta):
        verbose_name = _("competency")
        triggers = [pgtrigger.Protect(name="kept", operation=pgtrigger.Delete)]


@pghistory.track(pghistory.InsertEvent())
class CompetencyVersion(LibraryVersion):
    """anchors: {"1": [{"zh": , "en": }, ...], ...}, what people on that level were seen to do."""

    competency = models.ForeignKey(
        Competency, verbose_name=_("competency"), on_delete=models.PROTECT, related_name="versions"
    )
    anchors = models.JSONField(_("Anchors"), default=dict)

    class Meta(LibraryVersion.Meta):
        verbose_name = _("version of a competency")
        constraints = [
            models.UniqueConstraint(fields=["competency", "number"], name="competency_version_once")
        ]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]
