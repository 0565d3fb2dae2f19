"""What the libraries have in common: an entry by its code, and versions of its words that are never rewritten."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from foundation.localized import LocalizedName


class LibraryEntry(LocalizedName):
    """`name` is that of the newest version. An entry is retired, never deleted: what was judged by it names it."""

    code = models.SlugField(_("Code"), max_length=60, unique=True)
    is_active = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1, help_text="number of the newest version")

    class Meta:
        abstract = True
        ordering = ["code"]


class LibraryVersion(LocalizedName):
    """Append-only, by a trigger."""

    number = models.PositiveIntegerField()
    description_zh = models.TextField(_("Description (Chinese)"), blank=True)
    description_en = models.TextField(_("Description (English)"), blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        abstract = True
        ordering = ["-number"]
