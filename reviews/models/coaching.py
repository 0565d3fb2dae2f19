"""The coaching log: conversations and observations, dated, read by the person as soon as they are noted."""

from __future__ import annotations

import pghistory
from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from reviews.models.incidents import APPEND_ONLY


@pghistory.track(pghistory.InsertEvent())
class CoachingNote(models.Model):
    """What was talked about or observed on a day. It carries no points; scores are never computed from it.

    team   the person's on that day; who led it then, or leads it today, may read this
    """

    class Kind(models.TextChoices):
        COACHING = "coaching", _("Coaching talk")
        OBSERVATION = "observation", _("Observation")
        INTERVIEW = "interview", _("Interview")

    employee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("employee"),
        on_delete=models.PROTECT,
        related_name="coaching_notes",
    )
    kind = models.CharField(_("What kind"), max_length=12, choices=Kind.choices, default=Kind.COACHING)
    happened_on = models.DateField(_("Day"))
    text = models.TextField(_("What was said or seen"))
    team = models.ForeignKey(
        "people.Team", verbose_name=_("team"), on_delete=models.PROTECT, related_name="+"
    )
    noted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("Noted by"), on_delete=models.PROTECT, related_name="+"
    )
    noted_at = models.DateTimeField(_("Noted at"), auto_now_add=True)
    form_key = models.UUIDField(null=True, unique=True, editable=False)

    class Meta:
        verbose_name = _("coaching note")
        indexes = [
            models.Index(fields=["employee", "happened_on"], name="coaching_of_person"),
            models.Index(fields=["-happened_on", "-id"], name="coaching_by_day"),
        ]
        triggers = APPEND_ONLY

    @property
    def is_withdrawn(self) -> bool:
        return hasattr(self, "withdrawal")


@pghistory.track(pghistory.InsertEvent())
class CoachingWithdrawal(models.Model):
    """Why a note stands no more. It stays to be read."""

    note = models.OneToOneField(
        CoachingNote, verbose_name=_("coaching note"), on_delete=models.PROTECT, related_name="withdrawal"
    )
    reason = models.CharField(_("Reason"), max_length=400)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("Withdrawn by"), on_delete=models.PROTECT, related_name="+"
    )
    withdrawn_at = models.DateTimeField(_("Withdrawn at"), auto_now_add=True)

    class Meta:
        verbose_name = _("withdrawal of a coaching note")
        triggers = APPEND_ONLY
