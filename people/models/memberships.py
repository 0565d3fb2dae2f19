"""Who sat in which team, in which job, when; and who led it. Dates are half-open: [from, until)."""

from __future__ import annotations

import datetime

import pghistory
from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.contrib.postgres.indexes import GistIndex
from django.db import models
from django.utils.translation import gettext_lazy as _


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Membership(models.Model):
    """A person is in one team at a time; the database refuses an overlap. `grade` is the person's, as the company
    writes it (P3, M1); empty where it has none."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="memberships")
    team = models.ForeignKey("people.Team", on_delete=models.PROTECT, related_name="memberships")
    job = models.ForeignKey("people.Job", on_delete=models.PROTECT, related_name="memberships")
    grade = models.CharField(_("Grade"), max_length=20, blank=True)
    valid = DateRangeField()

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="one_membership_at_a_time",
                expressions=[("user", RangeOperators.EQUAL), ("valid", RangeOperators.OVERLAPS)],
            ),
            models.CheckConstraint(condition=models.Q(valid__isempty=False), name="membership_has_days"),
        ]
        indexes = [GistIndex(fields=["team", "valid"], name="members_of_team")]

    @property
    def last_day(self) -> datetime.date | None:
        """The last day in this place, None while it is open."""
        return self.valid.upper - datetime.timedelta(days=1) if self.valid.upper else None


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Leadership(models.Model):
    """Who leads a team; a leader of a team sees its whole subtree."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="leaderships")
    team = models.ForeignKey("people.Team", on_delete=models.PROTECT, related_name="leaderships")
    valid = DateRangeField()

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="one_leader_at_a_time",
                expressions=[("team", RangeOperators.EQUAL), ("valid", RangeOperators.OVERLAPS)],
            ),
            models.CheckConstraint(condition=models.Q(valid__isempty=False), name="leadership_has_days"),
        ]
