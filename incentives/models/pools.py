"""The pools of a payout run: how much there was, among how many it was split, what stayed."""

from __future__ import annotations

from decimal import Decimal

from django.db import models

from incentives.models.payout_runs import PayoutRun, frozen_once_approved


class PayoutPool(models.Model):
    """One pool of a run, of everybody or of one team. gross = distributed + left, always.

    `inputs` is what every share of it was worked from; a person's step holds the same and whether the largest
    remainders gave a unit more.
    """

    payout_run = models.ForeignKey(PayoutRun, on_delete=models.CASCADE, related_name="pools")
    team = models.ForeignKey("people.Team", null=True, on_delete=models.PROTECT, related_name="+")
    inputs = models.JSONField(default=dict)
    gross = models.DecimalField(max_digits=18, decimal_places=2)
    net = models.DecimalField(max_digits=18, decimal_places=2, help_text="gross less the reserve")
    people = models.PositiveIntegerField(help_text="with a claim")
    capped = models.PositiveIntegerField(default=0)
    distributed = models.DecimalField(max_digits=18, decimal_places=2)
    left = models.DecimalField(
        max_digits=18, decimal_places=2, help_text="reserve and what nobody could be paid"
    )

    class Meta:
        ordering = ["payout_run", "team"]
        constraints = [
            models.UniqueConstraint(
                fields=["payout_run", "team"], name="one_pool_per_team", nulls_distinct=False
            ),
            models.CheckConstraint(
                condition=models.Q(gross=models.F("distributed") + models.F("left")), name="pool_adds_up"
            ),
        ]
        triggers = frozen_once_approved()

    @property
    def reserve(self) -> Decimal:
        return self.gross - self.net

    @property
    def undistributed(self) -> Decimal:
        """What was to be split and reached nobody; below zero: what was drawn from the reserve."""
        return self.net - self.distributed
