"""What a manager says to a result before the person reads it, who waits for it, and the talk about it afterwards."""

from __future__ import annotations

import pghistory
import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent())
class Feedback(models.Model):
    """One per participant. `words` is what the manager says of the whole; strengths and weak points are its points."""

    participant = models.OneToOneField(
        "reviews.Participant", on_delete=models.CASCADE, related_name="feedback"
    )
    words = models.TextField(_("Words"), blank=True)
    version = models.PositiveIntegerField(default=1)
    written_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("Written by"), on_delete=models.PROTECT, related_name="+"
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("feedback")


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class FeedbackPoint(models.Model):
    """A strength or a weak point: a line of the explanation (component, subject), or a whole component (subject "").

    The numbers of the evidence are those of the result itself; `evidence` is what the manager saw behind them. A weak
    point is answered once it says what to do and by when.
    """

    participant = models.ForeignKey(
        "reviews.Participant", on_delete=models.CASCADE, related_name="feedback_points"
    )
    component = models.CharField(max_length=60)
    subject = models.CharField(_("Item"), max_length=60, blank=True)
    is_strength = models.BooleanField(_("Strength"))
    evidence = models.TextField(_("Evidence"), blank=True)
    suggestion = models.TextField(_("What to do"), blank=True)
    due_on = models.DateField(_("By when"), null=True, blank=True)

    class Meta:
        verbose_name = _("point of feedback")
        ordering = ["-is_strength", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["participant", "component", "subject"], name="one_feedback_point_per_line"
            )
        ]

    @property
    def is_answered(self) -> bool:
        return self.is_strength or bool(self.suggestion and self.due_on)


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent())
class ReleaseHold(models.Model):
    """Somebody whose result stayed shut when the cycle was released, since a weak point had no suggestion yet."""

    participant = models.OneToOneField(
        "reviews.Participant", on_delete=models.CASCADE, related_name="release_hold"
    )
    cycle = models.ForeignKey("reviews.Cycle", on_delete=models.CASCADE, related_name="release_holds")
    employee = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    missing = models.PositiveSmallIntegerField(
        _("Weak points without a suggestion"), help_text="when the cycle was released"
    )
    held_at = models.DateTimeField(_("Held at"))
    released_at = models.DateTimeField(null=True, blank=True)
    released_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    reason = models.CharField(
        max_length=400, blank=True, help_text="why HR released without the feedback; empty when it came in"
    )

    class Meta:
        verbose_name = _("held release")
        indexes = [
            models.Index(fields=["cycle"], condition=Q(released_at__isnull=True), name="holds_that_wait")
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(released_at__isnull=True, released_by__isnull=True)
                | Q(released_at__isnull=False, released_by__isnull=False),
                name="release_names_its_person",
            )
        ]
        triggers = [
            pgtrigger.Protect(
                name="released_is_final",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__released_at__isnull=False),
            )
        ]


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent())
class Conversation(models.Model):
    """Notes of the talk about a result. Both sign the very text; another text makes every signature before it void."""

    participant = models.OneToOneField(
        "reviews.Participant", on_delete=models.CASCADE, related_name="conversation"
    )
    held_on = models.DateField(_("Day of the talk"))
    text = models.TextField(_("Notes"))
    content_hash = models.CharField(max_length=64, help_text="SHA-256 of day and text")
    version = models.PositiveIntegerField(default=1)
    written_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("Written by"), on_delete=models.PROTECT, related_name="+"
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("notes of a conversation")


@pghistory.track(pghistory.InsertEvent())
class ConversationSignature(models.Model):
    """Append-only. It holds for the text whose hash it names."""

    class Side(models.TextChoices):
        MANAGER = "manager", _("manager")
        EMPLOYEE = "employee", _("employee")

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="signatures")
    side = models.CharField(_("Side"), max_length=10, choices=Side.choices)
    content_hash = models.CharField(max_length=64)
    signed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("Signed by"), on_delete=models.PROTECT, related_name="+"
    )
    signed_at = models.DateTimeField(_("Signed at"), auto_now_add=True)

    class Meta:
        verbose_name = _("signature")
        constraints = [
            models.UniqueConstraint(fields=["conversation", "side", "content_hash"], name="signed_once")
        ]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update)]
