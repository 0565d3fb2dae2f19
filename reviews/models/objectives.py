"""Objectives and their key results: what was written, which wording both sides signed, and what that changed since.

A wording is a version. It may be rewritten until somebody has signed it; from then on it stands, and another wording is
a version of its own that both sides sign anew. What counts is the newest version that carries both signatures.
"""

from __future__ import annotations

import pghistory
import pgtrigger
from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

APPEND_ONLY = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]


class Side(models.TextChoices):
    """owner: the person, the leader of the team, HR for the company; superior: who leads the owner."""

    OWNER = "owner", _("owner")
    SUPERIOR = "superior", _("superior")


# Two people who hang two objectives under each other at the same moment queue up at the lock.
_NO_LOOP = """
    IF NEW.parent_id IS NULL THEN RETURN NEW; END IF;
    PERFORM pg_advisory_xact_lock(hashtext('reviews_objective.parent'), NEW.cycle_id::int);
    IF NOT EXISTS (SELECT FROM reviews_objective WHERE id = NEW.parent_id AND cycle_id = NEW.cycle_id) THEN
        RAISE EXCEPTION 'an objective supports one of the same cycle' USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (
        WITH RECURSIVE above(id, parent_id) AS (
            SELECT id, parent_id FROM reviews_objective WHERE id = NEW.parent_id
            UNION
            SELECT next.id, next.parent_id FROM reviews_objective AS next JOIN above ON next.id = above.parent_id
        )
        SELECT FROM above WHERE id = NEW.id
    ) THEN
        RAISE EXCEPTION 'objective % would support itself', NEW.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
"""

_SIGNED_BY_BOTH = """
    IF NEW.agreed_version_id IS NULL THEN RETURN NEW; END IF;
    IF (
        SELECT count(DISTINCT signature.side)
        FROM reviews_objectivesignature AS signature
        JOIN reviews_objectiveversion AS version
            ON version.id = signature.version_id AND version.digest = signature.digest
        WHERE version.id = NEW.agreed_version_id AND version.objective_id = NEW.id
    ) < (CASE WHEN NEW.employee_id IS NULL AND NEW.team_id IS NULL THEN 1 ELSE 2 END) THEN
        RAISE EXCEPTION 'objective %: both sides have not signed this version', NEW.id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
"""


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent())
class Objective(models.Model):
    """What one owner wants to reach in one cycle: an employee, a team, or (neither) the company.

    latest_version   what stands on the table; agreed_version what counts, None while both sides have not signed any
    parent           the objective that this one supports, as in the version that counts (before: the latest)
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        PROPOSED = "proposed", _("proposed")
        AGREED = "agreed", _("agreed")
        CLOSED = "closed", _("closed")

    cycle = models.ForeignKey("reviews.Cycle", on_delete=models.PROTECT, related_name="objectives")
    employee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("employee"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="objectives",
    )
    team = models.ForeignKey(
        "people.Team",
        verbose_name=_("team"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="objectives",
    )
    parent = models.ForeignKey(
        "self",
        verbose_name=_("Supports"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="children",
    )
    state = models.CharField(_("State"), max_length=12, choices=State.choices, default=State.DRAFT)
    latest_version = models.OneToOneField(
        "reviews.ObjectiveVersion", null=True, on_delete=models.PROTECT, related_name="+"
    )
    agreed_version = models.OneToOneField(
        "reviews.ObjectiveVersion", null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("objective")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(employee__isnull=True) | Q(team__isnull=True), name="objective_has_one_owner"
            ),
            models.CheckConstraint(
                condition=~Q(state="agreed") | Q(agreed_version__isnull=False),
                name="objective_agreed_has_version",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["draft", "proposed"]) | Q(agreed_version__isnull=True),
                name="objective_open_has_none_agreed",
            ),
        ]
        indexes = [
            models.Index(fields=["cycle", "employee"], name="objectives_of_person"),
            models.Index(fields=["cycle", "parent", "id"], name="objectives_below"),
            models.Index(fields=["cycle", "team"], name="objectives_of_team"),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="no_loop",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("parent_id"),
                func=_NO_LOOP,
            ),
            pgtrigger.Trigger(
                name="signed_by_both",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("agreed_version_id"),
                func=_SIGNED_BY_BOTH,
            ),
            pgtrigger.Protect(name="kept", operation=pgtrigger.Delete),
        ]

    @property
    def is_company(self) -> bool:
        return self.employee_id is None and self.team_id is None

    @property
    def has_open_change(self) -> bool:
        """Another wording than the one that counts is on the table."""
        return self.agreed_version_id is not None and self.latest_version_id != self.agreed_version_id

    @property
    def shown_version(self) -> ObjectiveVersion:
        """What counts, or before there is such a version what stands on the table."""
        found = self.agreed_version or self.latest_version
        if found is None:  # only inside the transaction that makes the objective
            raise ValueError("an objective without a version")
        return found


# What somebody has signed stands. {version} finds it from the row that is touched.
def _signed_is_final(version: str, operation: pgtrigger.Operation) -> pgtrigger.Trigger:
    return pgtrigger.Trigger(
        name="signed_is_final",
        when=pgtrigger.Before,
        operation=operation,
        func=f"""
            IF EXISTS (SELECT FROM reviews_objectivesignature WHERE version_id = {version}) THEN
                RAISE EXCEPTION 'version % of an objective was signed: it is final', {version}
                    USING ERRCODE = 'check_violation';
            END IF;
            IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
            RETURN NEW;
        """,
    )


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent())
class ObjectiveVersion(models.Model):
    """One wording of an objective. `digest` is the SHA-256 of all its content, key results included: what is signed.

    is_dropped   signing this version ends the objective
    """

    objective = models.ForeignKey(Objective, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    title = models.CharField(_("Objective"), max_length=200)
    why = models.TextField(_("Why"), blank=True)
    weight = models.DecimalField(_("Weight"), max_digits=6, decimal_places=3)
    parent = models.ForeignKey(
        Objective,
        verbose_name=_("Supports"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    perspective = models.CharField(_("Perspective"), max_length=60, blank=True)
    is_dropped = models.BooleanField(default=False)
    reason = models.CharField(_("Why it changes"), max_length=400, blank=True)
    digest = models.CharField(max_length=64)
    edit = models.PositiveIntegerField(default=1, help_text="rises with each save before the first signature")
    written_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("Written by"), on_delete=models.PROTECT, related_name="+"
    )
    written_at = models.DateTimeField(_("Written at"), auto_now=True)

    class Meta:
        verbose_name = _("version of an objective")
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["objective", "number"], name="one_objective_version_per_number"),
            models.CheckConstraint(
                condition=Q(weight__gte=0, weight__lte=100), name="objective_weight_in_hundred"
            ),
        ]
        triggers = [_signed_is_final("OLD.id", pgtrigger.Update | pgtrigger.Delete)]


class KeyResult(models.Model):
    """By what one sees that the objective is reached. `key` names it through all versions, as check-ins do.

    is_judged    no number: the superior says a level at the end
    start        where it began; None measures the value against the target alone
    kpi_version  the KPI that it follows by itself; nobody types its value then
    """

    class Direction(models.TextChoices):
        HIGHER = "higher", _("higher is better")
        LOWER = "lower", _("lower is better")

    version = models.ForeignKey(ObjectiveVersion, on_delete=models.CASCADE, related_name="key_results")
    number = models.PositiveSmallIntegerField()
    key = models.PositiveSmallIntegerField()
    title = models.CharField(_("Key result"), max_length=200)
    unit = models.CharField(_("Unit"), max_length=20, blank=True)
    is_judged = models.BooleanField(_("Judged at the end"), default=False)
    start = models.FloatField(_("Start"), null=True, blank=True)
    target = models.FloatField(_("Target"), null=True, blank=True)
    direction = models.CharField(
        _("Direction"), max_length=8, choices=Direction.choices, default=Direction.HIGHER
    )
    weight = models.DecimalField(
        _("Weight"), max_digits=6, decimal_places=3, validators=[MinValueValidator(0)]
    )
    kpi_version = models.ForeignKey(
        "metrics.KPIVersion",
        verbose_name=_("Follows the KPI"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )

    class Meta:
        verbose_name = _("key result")
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["version", "key"], name="one_key_result_per_key"),
            models.CheckConstraint(
                condition=Q(start__isnull=True) | Q(target__isnull=True) | ~Q(start=F("target")),
                name="key_result_target_is_not_start",
            ),
            models.CheckConstraint(
                condition=Q(is_judged=True, target__isnull=True, start__isnull=True, kpi_version__isnull=True)
                | Q(is_judged=False, target__isnull=False),
                name="key_result_measured_or_judged",
            ),
            models.CheckConstraint(condition=Q(weight__gt=0), name="key_result_has_weight"),
        ]
        triggers = [
            _signed_is_final(
                "coalesce(OLD.version_id, NEW.version_id)",
                pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
            )
        ]


@pghistory.track(pghistory.InsertEvent())
class ObjectiveSignature(models.Model):
    """One side agrees with one version, word for word: `digest` is that of the version as it was read."""

    version = models.ForeignKey(ObjectiveVersion, on_delete=models.PROTECT, related_name="signatures")
    side = models.CharField(max_length=8, choices=Side.choices)
    digest = models.CharField(max_length=64)
    signed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("Signed by"), on_delete=models.PROTECT, related_name="+"
    )
    signed_at = models.DateTimeField(_("Signed at"), auto_now_add=True)

    class Meta:
        verbose_name = _("signature under an objective")
        ordering = ["signed_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["version", "side"], name="one_signature_per_side"),
            models.UniqueConstraint(fields=["version", "signed_by"], name="nobody_signs_for_both"),
        ]
        triggers = APPEND_ONLY
