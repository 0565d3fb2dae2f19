"""360 degrees: who is asked, and what was answered, kept apart. See docs/decisions/0004-anonymity-of-360.md.

Who is asked (VoiceInvitation) is on the trail. What was answered never is: no table below it has a rater, a time, a
serial number or a trail. While a questionnaire is open a draft is found by a key that only the running product can
compute from an invitation and the round's secret; closing destroys the secret and the drafts, and writes what may be
counted anew, in random order, under random ids.
"""

from __future__ import annotations

import uuid

import pghistory
import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

SMALLEST_GROUP = 3


@pghistory.track(
    pghistory.InsertEvent(),
    pghistory.UpdateEvent(),
    fields=["cycle", "component", "minimum", "is_open", "closings"],
)
class VoiceRound(models.Model):
    """The questionnaire of one 360 component of one cycle. `minimum` is k: it may rise while nothing was closed, and
    never falls."""

    cycle = models.ForeignKey("reviews.Cycle", on_delete=models.PROTECT, related_name="voice_rounds")
    component = models.CharField(max_length=60)
    minimum = models.PositiveSmallIntegerField()
    is_open = models.BooleanField(default=True)
    closings = models.PositiveIntegerField(default=0)
    secret = models.BinaryField(null=True, editable=False)

    class Meta:
        verbose_name = _("questionnaire of many voices")
        constraints = [
            models.UniqueConstraint(fields=["cycle", "component"], name="one_voice_round"),
            models.CheckConstraint(condition=Q(minimum__gte=SMALLEST_GROUP), name="voice_minimum_protects"),
            # Closed means that no key leads to any draft any more.
            models.CheckConstraint(
                condition=Q(is_open=True, secret__isnull=False) | Q(is_open=False, secret__isnull=True),
                name="voice_secret_only_while_open",
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="minimum_never_falls",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(new__minimum__lt=pgtrigger.F("old__minimum")),
            ),
            pgtrigger.Protect(name="kept", operation=pgtrigger.Delete),
        ]


@pghistory.track(
    pghistory.InsertEvent(),
    pghistory.UpdateEvent(),
    fields=[
        "round",
        "participant",
        "group",
        "rater",
        "contact_name",
        "state",
        "asked_by",
        "reason",
        "replaces",
    ],
)
class VoiceInvitation(models.Model):
    """Who is asked about whom, in which group. A customer has no account: a contact with a link instead.

    has_answered   for reminders alone, and so that nobody answers twice: not on the trail, without a time, and
                   forgotten at the release
    nonce          what a customer's link is signed with; without it the link opens nothing
    """

    class Group(models.TextChoices):
        SELF = "self", _("Self")
        SUPERIOR = "superior", _("Superior")
        PEERS = "peers", _("Peers")
        SUBORDINATES = "subordinates", _("Subordinates")
        CUSTOMERS = "customers", _("Customers")

    class State(models.TextChoices):
        PROPOSED = "proposed", _("proposed")
        NOMINATED = "nominated", _("nominated")
        APPROVED = "approved", _("asked")
        DECLINED = "declined", _("declined")
        REPLACED = "replaced", _("replaced")
        REMOVED = "removed", _("removed")

    round = models.ForeignKey(VoiceRound, on_delete=models.PROTECT, related_name="invitations")
    participant = models.ForeignKey(
        "reviews.Participant", on_delete=models.PROTECT, related_name="voice_invitations"
    )
    group = models.CharField(max_length=12, choices=Group.choices)
    rater = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="voice_invitations"
    )
    contact_name = models.CharField(max_length=80, blank=True)
    contact_email = models.EmailField(blank=True)
    language = models.CharField(max_length=10, blank=True, help_text="of a customer's page and mail")
    state = models.CharField(max_length=10, choices=State.choices, default=State.PROPOSED)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="who nominated; empty: proposed from the tree of teams",
    )
    reason = models.CharField(max_length=400, blank=True)
    replaces = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="replaced_by"
    )
    has_answered = models.BooleanField(null=True, default=False)
    nonce = models.CharField(max_length=32, blank=True, editable=False)
    expires_on = models.DateField(null=True)

    class Meta:
        verbose_name = _("invitation to a 360")
        constraints = [
            models.UniqueConstraint(
                fields=["round", "participant", "rater"],
                condition=Q(state__in=["proposed", "nominated", "approved"], rater__isnull=False),
                name="asked_once_about_a_person",
            ),
            models.CheckConstraint(
                condition=Q(group="customers", rater__isnull=True) & ~Q(contact_name="")
                | ~Q(group="customers") & Q(rater__isnull=False),
                name="voice_of_somebody",
            ),
        ]
        indexes = [models.Index(fields=["rater", "state"], name="voices_owed")]
        triggers = [pgtrigger.Protect(name="kept", operation=pgtrigger.Delete)]

    @property
    def is_customer(self) -> bool:
        return self.group == self.Group.CUSTOMERS

    @property
    def name(self) -> str:
        return self.rater.name if self.rater is not None else self.contact_name


class VoiceDraft(models.Model):
    """A form while the questionnaire is open, half filled or handed in. Nothing in it names a rater; `key` is computed
    from the invitation and the round's secret (reviews.services.voice_answers)."""

    key = models.CharField(primary_key=True, max_length=64)
    round = models.ForeignKey(VoiceRound, on_delete=models.PROTECT, related_name="+")
    participant = models.ForeignKey("reviews.Participant", on_delete=models.PROTECT, related_name="+")
    group = models.CharField(max_length=12)
    levels = models.JSONField(default=dict, help_text="{item: level, or null where it was not observed}")
    texts = models.JSONField(default=dict, help_text="{question: text}")
    is_submitted = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=1)


# At least k answers of a group at once, or none: nothing that was published before and after can single out fewer.
_BATCHES = """
    IF EXISTS (
        SELECT FROM added
        JOIN reviews_voiceround AS voices ON voices.id = added.round_id
        WHERE added.unit NOT IN ('self', 'superior')
        GROUP BY added.participant_id, added.unit, voices.id
        HAVING count(*) < voices.minimum
    ) THEN
        RAISE EXCEPTION 'answers of fewer raters than the minimum are never kept' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
"""


class VoiceAnswer(models.Model):
    """One answer that counts, after the closing. `unit` is what may be reported: a group, or several small ones as one
    ("subordinates+customers"), so that not even its group is known any more.

    points   by item of the frozen component; NULL: not observed, or observed by too few of the unit
    score    their weighted mean
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    round = models.ForeignKey(VoiceRound, on_delete=models.PROTECT, related_name="+", db_index=False)
    participant = models.ForeignKey("reviews.Participant", on_delete=models.PROTECT, related_name="+")
    unit = models.CharField(max_length=60)
    points = ArrayField(models.FloatField(null=True))
    score = models.FloatField()

    class Meta:
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
            pgtrigger.Trigger(
                name="enough_at_once",
                level=pgtrigger.Statement,
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                referencing=pgtrigger.Referencing(new="added"),
                func=_BATCHES,
            ),
        ]


class VoiceComment(models.Model):
    """A text of some rater of a unit, tied to no answer and no other text."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    round = models.ForeignKey(VoiceRound, on_delete=models.PROTECT, related_name="+", db_index=False)
    participant = models.ForeignKey("reviews.Participant", on_delete=models.PROTECT, related_name="+")
    unit = models.CharField(max_length=60)
    question = models.CharField(max_length=60)
    text = models.TextField()

    class Meta:
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]
