"""Where people sit and what they do."""

from __future__ import annotations

import pghistory
from django.db import models
from django.utils.translation import gettext_lazy as _

from foundation.localized import LocalizedName


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent())
class Site(LocalizedName):
    """A place of work; its time zone says where its calendar days begin."""

    code = models.SlugField(_("Code"), max_length=40, unique=True)
    time_zone = models.CharField(_("Time zone"), max_length=60, default="Asia/Shanghai")


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent())
class Job(LocalizedName):
    code = models.SlugField(_("Code"), max_length=40, unique=True)
    duties = models.JSONField(default=list, blank=True, help_text="[{code, name_zh, name_en}]")


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent())
class Team(LocalizedName):
    """A node of the tree of teams. `path` is /1/4/9/ by ids, so that a subtree is one prefix."""

    code = models.SlugField(_("Code"), max_length=40, unique=True)
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="children"
    )
    site = models.ForeignKey(Site, null=True, blank=True, on_delete=models.PROTECT, related_name="teams")
    path = models.CharField(max_length=400, blank=True, db_index=True)
    is_active = models.BooleanField(default=True)

    class Meta:
        indexes = [models.Index(fields=["path"], name="teams_by_path", opclasses=["varchar_pattern_ops"])]
