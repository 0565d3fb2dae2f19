"""Improvement and development plans: terms that are served and stand, check-ins, outcome. What was said stays."""

from __future__ import annotations

import pghistory
import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class Cause(models.TextChoices):
    KNOWLEDGE = "knowledge", _("Knowledge")
    SKILL = "skill", _("Skill")
    WILL = "will", _("Will")
    PROCESS = "process", _("Process")
    TOOL = "tool", _("Tool")
    CIRCUMSTANCE = "circumstance", _("Circumstance")


class Who(models.TextChoices):
    EMPLOYEE = "employee", _("the employee")
    MANAGER = "manager", _("the manager")
    HR = "hr", _("HR")


APPEND_ONLY = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent())
class ImprovementPlan(models.Model):
    """One plan of one person. What is agreed stands in its terms; a closed plan never changes again.

    evidence   what it rests on, by reference and with the numbers as they were: [{source, cycle, run, ...}]
    form_key   of the page that it was sent from, so that a second tap opens nothing twice
    """

    class Kind(models.TextChoices):
        IMPROVEMENT = "improvement", _("improvement plan")
        DEVELOPMENT = "development", _("development plan")

    employee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("employee"),
        on_delete=models.PROTECT,
        related_name="improvement_plans",
    )
    kind = models.CharField(_("Kind"), max_length=12, choices=Kind.choices)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("Led by"), on_delete=models.PROTECT, related_name="plans_led"
    )
    evidence = models.JSONField(_("Evidence"), default=list)
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("Opened by"), on_delete=models.PROTECT, related_name="+"
    )
    opened_at = models.DateTimeField(_("Opened at"), auto_now_add=True)
    closed_on = models.DateField(_("Closed on"), null=True)
    form_key = models.UUIDField(null=True, unique=True, editable=False)

    class Meta:
        verbose_name = _("improvement plan")
        constraints = [
            models.UniqueConstraint(
                fields=["employee", "kind"],
                condition=Q(closed_on__isnull=True),
                name="one_open_plan_of_a_kind",
            ),
            models.CheckConstraint(
                condition=Q(kind="development") | ~Q(evidence=[]), name="improvement_rests_on_evidence"
            ),
        ]
        indexes = [models.Index(fields=["-opened_at", "-id"], name="improvement_plans_by_day")]
        triggers = [
            pgtrigger.Protect(name="stays", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="closed_is_final",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__closed_on__isnull=False),
            ),
            pgtrigger.ReadOnly(
                name="ground_stays", fields=["employee", "kind", "evidence", "opened_by", "opened_at"]
            ),
        ]


@pghistory.track(pghistory.InsertEvent())
class PlanTerms(models.Model):
    """What is asked and offered, as it was served: causes, targets tied to KPIs, goals, measures, dates.

    The person may object until object_until. What stands meanwhile is the newest terms that stand.
    """

    plan = models.ForeignKey(
        ImprovementPlan, verbose_name=_("Plan"), on_delete=models.PROTECT, related_name="terms"
    )
    number = models.PositiveIntegerField(_("Number"))
    content = models.JSONField(_("Content"))
    reason = models.CharField(_("Reason"), max_length=400, blank=True)
    served_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("Served by"), on_delete=models.PROTECT, related_name="+"
    )
    served_at = models.DateTimeField(_("Served at"), auto_now_add=True)
    object_until = models.DateField(_("Objection until"))

    class Meta:
        verbose_name = _("terms of a plan")
        ordering = ["plan", "number"]
        constraints = [models.UniqueConstraint(fields=["plan", "number"], name="one_terms_per_number")]
        triggers = APPEND_ONLY


@pghistory.track(pghistory.InsertEvent())
class PlanObjection(models.Model):
    """The person does not agree with these terms."""

    terms = models.OneToOneField(
        PlanTerms, verbose_name=_("Terms"), on_delete=models.PROTECT, related_name="objection"
    )
    text = models.TextField(_("Objection"))
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("objection to a plan")
        triggers = APPEND_ONLY


@pghistory.track(pghistory.InsertEvent())
class TermsSettlement(models.Model):
    """How terms came to stand, or not: once. stands_from is empty where they do not."""

    class Verdict(models.TextChoices):
        AGREED = "agreed", _("agreed")
        LAPSED = "lapsed", _("no objection in time")
        CONFIRMED = "confirmed", _("objection decided: the terms stand")
        UPHELD = "upheld", _("objection decided: the terms fall")
        REPLACED = "replaced", _("replaced by newer terms")

    terms = models.OneToOneField(
        PlanTerms, verbose_name=_("Terms"), on_delete=models.PROTECT, related_name="settlement"
    )
    verdict = models.CharField(_("Verdict"), max_length=12, choices=Verdict.choices)
    stands_from = models.DateField(_("Stands from"), null=True)
    reason = models.CharField(_("Reason"), max_length=400, blank=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("Decided by"),
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    settled_at = models.DateTimeField(_("Decided at"), auto_now_add=True)

    class Meta:
        verbose_name = _("standing of terms")
        constraints = [
            models.CheckConstraint(
                condition=Q(verdict__in=["agreed", "lapsed", "confirmed"], stands_from__isnull=False)
                | Q(verdict__in=["upheld", "replaced"], stands_from__isnull=True),
                name="only_what_stands_has_a_day",
            )
        ]
        triggers = APPEND_ONLY


@pghistory.track(pghistory.InsertEvent())
class PlanCheckIn(models.Model):
    """A talk about the plan, with the progress as it stood; one a day."""

    plan = models.ForeignKey(
        ImprovementPlan, verbose_name=_("Plan"), on_delete=models.PROTECT, related_name="check_ins"
    )
    held_on = models.DateField(_("Held on"))
    note = models.TextField(_("Note"))
    progress = models.JSONField(_("Progress"), default=list)
    noted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("Noted by"), on_delete=models.PROTECT, related_name="+"
    )
    noted_at = models.DateTimeField(_("Noted at"), auto_now_add=True)

    class Meta:
        verbose_name = _("check-in")
        ordering = ["held_on", "id"]
        constraints = [models.UniqueConstraint(fields=["plan", "held_on"], name="one_check_in_a_day")]
        triggers = APPEND_ONLY


@pghistory.track(pghistory.InsertEvent())
class PlanMeasureDone(models.Model):
    """A measure of the terms, by its code, has been done."""

    plan = models.ForeignKey(
        ImprovementPlan, verbose_name=_("Plan"), on_delete=models.PROTECT, related_name="measures_done"
    )
    measure = models.CharField(_("Measure"), max_length=20)
    done_on = models.DateField(_("Done on"))
    noted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("Noted by"), on_delete=models.PROTECT, related_name="+"
    )
    noted_at = models.DateTimeField(_("Noted at"), auto_now_add=True)

    class Meta:
        verbose_name = _("measure done")
        constraints = [models.UniqueConstraint(fields=["plan", "measure"], name="a_measure_is_done_once")]
        triggers = APPEND_ONLY


@pghistory.track(pghistory.InsertEvent())
class PlanOutcome(models.Model):
    """What came of it, with the progress as it stood. Extended ones go on under new terms; the others are over."""

    class Verdict(models.TextChoices):
        MET = "met", _("met")
        EXTENDED = "extended", _("extended")
        NOT_MET = "not_met", _("not met")
        WITHDRAWN = "withdrawn", _("withdrawn")

    plan = models.ForeignKey(
        ImprovementPlan, verbose_name=_("Plan"), on_delete=models.PROTECT, related_name="outcomes"
    )
    verdict = models.CharField(_("Outcome"), max_length=12, choices=Verdict.choices)
    reason = models.CharField(_("Reason"), max_length=400)
    progress = models.JSONField(_("Progress"), default=list)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("Decided by"), on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(_("Decided at"), auto_now_add=True)

    class Meta:
        verbose_name = _("outcome of a plan")
        ordering = ["decided_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["plan"], condition=~Q(verdict="extended"), name="a_plan_ends_once"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="an_outcome_has_a_reason"),
        ]
        triggers = APPEND_ONLY


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent())
class PlanProposal(models.Model):
    """The rule has found two periods in a row below, or above, an absolute standard; decided once.

    last_day   of the later period: the same finding is made once
    """

    class Decision(models.TextChoices):
        OPENED = "opened", _("plan opened")
        DISMISSED = "dismissed", _("dismissed")

    employee = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("employee"), on_delete=models.PROTECT, related_name="+"
    )
    kind = models.CharField(_("Kind"), max_length=12, choices=ImprovementPlan.Kind.choices)
    last_day = models.DateField(_("Last day"))
    evidence = models.JSONField(_("Evidence"))
    found_at = models.DateTimeField(_("Found at"), auto_now_add=True)
    decision = models.CharField(_("Decision"), max_length=12, choices=Decision.choices, blank=True)
    reason = models.CharField(_("Reason"), max_length=400, blank=True)
    plan = models.OneToOneField(
        ImprovementPlan,
        verbose_name=_("Plan"),
        null=True,
        on_delete=models.PROTECT,
        related_name="proposal",
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("Decided by"),
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    decided_at = models.DateTimeField(_("Decided at"), null=True)

    class Meta:
        verbose_name = _("proposal of a plan")
        constraints = [
            models.UniqueConstraint(fields=["employee", "kind", "last_day"], name="one_finding_a_period")
        ]
        indexes = [models.Index(fields=["decision", "-last_day", "-id"], name="plan_proposals_open")]
        triggers = [
            pgtrigger.Protect(name="stays", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="decided_is_final", operation=pgtrigger.Update, condition=~pgtrigger.Q(old__decision="")
            ),
            pgtrigger.ReadOnly(name="finding_stays", fields=["employee", "kind", "last_day", "evidence"]),
        ]


@pghistory.track(pghistory.InsertEvent())
class PlanRule(models.Model):
    """By which absolute standards plans are proposed; the newest row holds. Points are 0-100 at target scale."""

    score_below = models.FloatField(_("Overall score below"))
    points_below = models.FloatField(_("Points of a KPI below"))
    score_from = models.FloatField(_("Development from an overall score of"))
    answer_days = models.PositiveSmallIntegerField(_("Days to object"))
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("rule of plans")
        constraints = [
            models.CheckConstraint(condition=Q(score_from__gt=F("score_below")), name="plan_rule_in_order"),
            models.CheckConstraint(
                condition=Q(answer_days__gte=1, answer_days__lte=60), name="plan_rule_answer_days"
            ),
        ]
        triggers = APPEND_ONLY
