"""Proof that the whole way works: beat, broker, worker, database."""

from django.db import models


class Canary(models.Model):
    """The one row that the canary task writes each minute."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    written_at = models.DateTimeField()
