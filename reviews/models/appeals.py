"""An employee's objection to an item of the own result, what proves it, who decides it, and what it changed."""

from __future__ import annotations

import uuid

import pghistory
import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

APPEND_ONLY = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]


class AppealState(models.TextChoices):
    FILED = "filed", _("filed")
    UNDER_REVIEW = "under_review", _("under review")
    WITHDRAWN = "withdrawn", _("withdrawn")
    ACCEPTED = "accepted", pgettext_lazy("appeal", "accepted")
    PARTLY = "partly", _("accepted in part")
    REJECTED = "rejected", pgettext_lazy("appeal", "rejected")


OPEN_STATES = (AppealState.FILED, AppealState.UNDER_REVIEW)
DECIDED_STATES = (AppealState.ACCEPTED, AppealState.PARTLY, AppealState.REJECTED)

# Who had a hand in a result decides no appeal against it, whatever asks: the appellant, who judged, in whoever's name,
# or took the second look, who calibrated, gave points or recorded a breach, who proposed another rating or decided
# about it.
_INVOLVED = """
    IF NEW.decider_id IS NOT NULL AND (
        NEW.decider_id = NEW.employee_id
        OR EXISTS (
            SELECT FROM reviews_participant AS part
            LEFT JOIN reviews_scoresheet AS sheet ON sheet.participant_id = part.id
            LEFT JOIN reviews_judgement AS judgement ON judgement.sheet_id = sheet.id
            LEFT JOIN reviews_secondreview AS review ON review.sheet_id = sheet.id
            WHERE part.cycle_id = NEW.cycle_id AND part.employee_id = NEW.employee_id
                AND NEW.decider_id IN (
                    part.rater_id, sheet.rater_id, sheet.submitted_by_id, judgement.updated_by_id, review.decided_by_id
                )
        )
        OR EXISTS (
            SELECT FROM reviews_resultadjustment AS entry
            WHERE entry.cycle_id = NEW.cycle_id AND entry.employee_id = NEW.employee_id
                AND entry.created_by_id = NEW.decider_id
        )
        OR EXISTS (
            SELECT FROM reviews_ratingproposal AS wish
            WHERE wish.cycle_id = NEW.cycle_id AND wish.employee_id = NEW.employee_id
                AND NEW.decider_id IN (wish.proposed_by_id, wish.decided_by_id)
        )
    ) THEN
        RAISE EXCEPTION 'the decider of an appeal had a hand in the result';
    END IF;
    RETURN NEW;
"""


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent())
class Appeal(models.Model):
    """Against a line (component and subject), a component (subject "") or the overall score (component "overall").

    Scores are points at target scale. `current_score` is what stood when it was filed, in the results of `run`.
    """

    State = AppealState

    cycle = models.ForeignKey("reviews.Cycle", on_delete=models.PROTECT, related_name="appeals")
    participant = models.ForeignKey("reviews.Participant", on_delete=models.PROTECT, related_name="appeals")
    employee = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="appeals")
    run = models.ForeignKey("runs.Run", on_delete=models.PROTECT, related_name="+")
    component = models.CharField(max_length=60)
    subject = models.CharField(_("Item"), max_length=60, blank=True)
    current_score = models.FloatField(_("Score"), null=True)
    proposed_score = models.FloatField(_("Proposed score"))
    reason = models.TextField(_("Reason"))
    state = models.CharField(max_length=12, choices=AppealState.choices, default=AppealState.FILED)
    filed_at = models.DateTimeField(_("Filed at"), auto_now_add=True)
    answer_due_on = models.DateField(_("Answer due on"))
    decider = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("Decider"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="appeals_to_decide",
    )
    assigned_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("Assigned by"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    assigned_at = models.DateTimeField(_("Assigned at"), null=True, blank=True)
    decided_score = models.FloatField(_("Decided score"), null=True, blank=True)
    answer = models.TextField(_("Reasons of the decision"), blank=True)
    closed_at = models.DateTimeField(
        _("Closed at"), null=True, blank=True, help_text="decided or withdrawn then"
    )
    form_key = models.UUIDField(null=True, unique=True, editable=False)

    class Meta:
        verbose_name = _("appeal")
        ordering = ["-filed_at", "-id"]
        indexes = [
            models.Index(fields=["employee", "-filed_at"], name="appeals_of_person"),
            models.Index(
                fields=["answer_due_on"],
                condition=Q(state__in=["filed", "under_review"]),
                name="appeals_that_wait",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["participant", "component", "subject"],
                condition=Q(state__in=["filed", "under_review"]),
                name="one_open_appeal_per_item",
            ),
            models.CheckConstraint(
                condition=Q(decider__isnull=True) | ~Q(decider=F("employee")), name="nobody_decides_their_own"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["accepted", "partly", "rejected"])
                | (Q(decider__isnull=False, closed_at__isnull=False) & ~Q(answer="")),
                name="decision_has_decider_and_reasons",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["accepted", "partly"]) | Q(decided_score__isnull=False),
                name="accepted_has_score",
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="closed_is_final",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__closed_at__isnull=False),
            ),
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
            pgtrigger.Trigger(
                name="decider_is_nobody_involved",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("decider_id"),
                func=_INVOLVED,
            ),
        ]

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES

    @property
    def is_decided(self) -> bool:
        return self.state in DECIDED_STATES


def evidence_path(file: AppealFile, filename: str) -> str:
    """The stored name is an id: nothing of the user's file name reaches the file system."""
    return f"appeals/{file.id}"


class AppealFile(models.Model):
    """Evidence. `content_type` is what the bytes themselves say, never what the sender said."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    appeal = models.ForeignKey(Appeal, on_delete=models.PROTECT, related_name="files")
    file = models.FileField(upload_to=evidence_path)
    name = models.CharField(max_length=200)
    content_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["created_at", "id"]
        triggers = APPEND_ONLY


@pghistory.track(pghistory.InsertEvent())
class AppealComment(models.Model):
    """What the people concerned say to it: the manager, the appellant, HR, the decider."""

    appeal = models.ForeignKey(Appeal, on_delete=models.PROTECT, related_name="comments")
    text = models.TextField(_("Comment"))
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("comment on an appeal")
        ordering = ["created_at", "id"]
        triggers = APPEND_ONLY


@pghistory.track(pghistory.InsertEvent())
class Correction(models.Model):
    """What an accepted appeal sets: append-only, reapplied by every run of corrections of the cycle."""

    cycle = models.ForeignKey("reviews.Cycle", on_delete=models.PROTECT, related_name="corrections")
    employee = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    appeal = models.OneToOneField(Appeal, on_delete=models.PROTECT, related_name="correction")
    component = models.CharField(max_length=60)
    subject = models.CharField(_("Item"), max_length=60, blank=True)
    before = models.FloatField(_("Before"), null=True)
    score = models.FloatField(_("Score"))
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("correction")
        indexes = [models.Index(fields=["cycle", "employee"], name="corrections_of_person")]
        triggers = APPEND_ONLY
