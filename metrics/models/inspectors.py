"""What an inspector may be given, beyond holding the role."""

from __future__ import annotations

import pghistory
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent())
class Inspector(models.Model):
    """Teams (with all below them) and sites whose calls this person inspects; both empty: everybody's."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    team_ids = ArrayField(models.BigIntegerField(), verbose_name=_("Teams"), default=list, blank=True)
    site_ids = ArrayField(models.BigIntegerField(), verbose_name=_("Sites"), default=list, blank=True)
    is_reviewer = models.BooleanField(_("Decides disputes"), default=False)

    class Meta:
        verbose_name = _("inspector's assignment")
