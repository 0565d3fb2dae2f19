"""The groups inside which a run gave ratings by shares: what the explanation of a rating needs of other people."""

from __future__ import annotations

from django.db import models


class RatingGroup(models.Model):
    """One group of one run; results carry its number. Written by the run and never changed.

    `bands` is [{band, share, places, people, cut, at_cut}] from best to worst where shares were applied.
    """

    class Outcome(models.TextChoices):
        OWN = "own"
        MERGED = "merged"
        EXEMPT = "exempt"

    run = models.ForeignKey("runs.Run", on_delete=models.CASCADE, related_name="+", db_index=False)
    number = models.PositiveIntegerField()
    key = models.CharField(max_length=60, help_text="id of the team, job or other thing that makes the group")
    outcome = models.CharField(max_length=8, choices=Outcome.choices)
    into = models.PositiveIntegerField(
        help_text="number of the group that it was counted with; its own if none"
    )
    size = models.PositiveIntegerField(help_text="people with a score in it")
    counted = models.PositiveIntegerField(help_text="people with a score among whom the shares were applied")
    bands = models.JSONField(default=list)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "number"], name="one_rating_group")]
