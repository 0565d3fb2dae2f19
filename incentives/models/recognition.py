"""Recognition: awards with a citation, the points they bring, and what keeps both honest."""

from __future__ import annotations

import pghistory
import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from foundation.localized import LocalizedName

APPEND_ONLY = pgtrigger.Update | pgtrigger.Delete


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent())
class AwardKind(LocalizedName):
    """What can be awarded, by whom, and how many points it brings.

    `rule` is for kinds that a rule gives: {"kind": "best_of_kpi" | "most_improved", "kpi": code} or
    {"kind": "milestone", "years": [1, 3, 5]}.
    """

    class Giver(models.TextChoices):
        COLLEAGUE = "colleague", _("a colleague")
        MANAGER = "manager", _("the manager")
        RULE = "rule", _("a rule")

    code = models.SlugField(_("Code"), max_length=60, unique=True)
    giver = models.CharField(_("Given by"), max_length=12, choices=Giver.choices)
    icon = models.CharField(_("Badge"), max_length=40, default="star")
    points = models.PositiveIntegerField(pgettext_lazy("reward", "Points"), default=10)
    monthly_limit = models.PositiveSmallIntegerField(
        _("At most per giver and month"), default=3, help_text=_("For awards among colleagues.")
    )
    rule = models.JSONField(default=dict, blank=True)
    is_active = models.BooleanField(_("Can be given"), default=True)

    class Meta:
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                condition=Q(giver="rule", rule__kind__isnull=False) | (~Q(giver="rule") & Q(rule={})),
                name="rules_have_a_rule",
            ),
        ]


class Award(models.Model):
    """One award, never changed; taking it back is a row of its own.

    `key` is what a rule gave it for ("2025-10"), so that the rule gives it once; "" for awards by people. `facts` are
    the numbers behind a rule's award, as they stood: {"kpi": {"zh", "en"}, "value", "before", "n", "years", "month"}.
    """

    kind = models.ForeignKey(AwardKind, on_delete=models.PROTECT, related_name="awards")
    receiver = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="awards")
    giver = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="awards_given"
    )
    citation = models.CharField(max_length=400, blank=True)
    facts = models.JSONField(default=dict)
    points = models.PositiveIntegerField()
    day = models.DateField(
        help_text="by the clock of the installation; its month is the month of limits and budgets"
    )
    key = models.CharField(max_length=60, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(giver__isnull=True) | ~Q(giver=F("receiver")), name="nobody_awards_themself"
            ),
            models.CheckConstraint(
                condition=Q(giver__isnull=True, citation="") | Q(giver__isnull=False) & ~Q(citation=""),
                name="people_say_why",
            ),
            models.UniqueConstraint(
                fields=["kind", "receiver", "key"], condition=~Q(key=""), name="a_rule_awards_once"
            ),
        ]
        indexes = [
            models.Index(fields=["receiver", "-id"], name="awards_of_person"),
            models.Index(fields=["giver", "day"], name="awards_by_giver"),
        ]
        triggers = [pgtrigger.Protect(name="append_only", operation=APPEND_ONLY)]

    def __str__(self) -> str:
        return f"{self.kind_id} {self.day}"


class AwardWithdrawal(models.Model):
    award = models.OneToOneField(Award, on_delete=models.PROTECT, related_name="withdrawal")
    reason = models.CharField(max_length=400)
    withdrawn_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        triggers = [pgtrigger.Protect(name="append_only", operation=APPEND_ONLY)]


class PointEntry(models.Model):
    """The ledger of points: a person's balance is the sum of their entries."""

    class Kind(models.TextChoices):
        AWARDED = "awarded", _("awarded")
        WITHDRAWN = "withdrawn", _("withdrawn")
        REDEEMED = "redeemed", _("redeemed")

    employee = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    award = models.ForeignKey(Award, null=True, on_delete=models.PROTECT, related_name="point_entries")
    points = models.IntegerField()
    note = models.CharField(max_length=200, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="awarded", points__gte=0)
                | Q(kind__in=["withdrawn", "redeemed"], points__lte=0),
                name="points_have_their_sign",
            ),
            models.CheckConstraint(
                condition=Q(kind="redeemed", award__isnull=True) | Q(award__isnull=False),
                name="points_name_their_award",
            ),
            models.UniqueConstraint(
                fields=["award", "kind"], condition=Q(award__isnull=False), name="points_booked_once"
            ),
        ]
        indexes = [models.Index(fields=["employee", "-id"], name="points_of_person")]
        triggers = [pgtrigger.Protect(name="append_only", operation=APPEND_ONLY)]


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent())
class SpotBudget(models.Model):
    """Points that a manager may give away in a month. Without a row there is nothing to give."""

    manager = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    month = models.DateField(help_text="its first day")
    points = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["manager", "month"], name="one_spot_budget_a_month")]


class WallChoice(models.Model):
    """Whether a person's awards may hang on the wall; without a row they may."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="wall_choice"
    )
    is_public = models.BooleanField(default=True)
