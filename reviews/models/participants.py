"""Who is appraised in a cycle, as the roster stood at launch."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models


class TakingPart(models.Manager["Participant"]):
    """Those who were not taken out by an amendment."""

    def get_queryset(self) -> models.QuerySet[Participant]:
        return super().get_queryset().filter(withdrawn_in__isnull=True)


class Participant(models.Model):
    """One ratee of one cycle: team, job, site, grade and rater frozen at launch; days are counted inside the period."""

    cycle = models.ForeignKey("reviews.Cycle", on_delete=models.CASCADE, related_name="participants")
    employee = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="participations"
    )
    team = models.ForeignKey("people.Team", on_delete=models.PROTECT, related_name="+")
    job = models.ForeignKey("people.Job", on_delete=models.PROTECT, related_name="+")
    rater = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="ratees"
    )
    site = models.ForeignKey("people.Site", null=True, on_delete=models.PROTECT, related_name="+")
    grade = models.CharField(max_length=20, blank=True, default="")
    days_in_role = models.PositiveIntegerField()
    days_in_period = models.PositiveIntegerField()
    # What the target table asks for, beside the job: the unbroken time in it, [since, until), and the main queue.
    role_since = models.DateField(null=True)
    role_until = models.DateField(null=True)
    queue = models.CharField(max_length=80, blank=True)
    # The configuration version since which what this person is appraised by stands unchanged: a receipt of an older
    # one confirms other words.
    terms_version = models.PositiveIntegerField(default=1)
    # The configuration version in which an amendment took the person out; the row and its forms stay.
    withdrawn_in = models.PositiveIntegerField(null=True, blank=True)

    objects = TakingPart()
    everyone: ClassVar[models.Manager[Participant]] = models.Manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cycle", "employee"], name="one_participation_per_cycle")
        ]
        indexes = [models.Index(fields=["cycle", "rater"], name="participants_by_rater")]
