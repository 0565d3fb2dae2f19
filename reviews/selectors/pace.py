"""How long a rater takes for a cell: measured from the own saves, else a stated default."""

from __future__ import annotations

import itertools
import statistics
from dataclasses import dataclass

from people.models import User
from reviews.models import Judgement

DEFAULT_SECONDS = 40
#: Between two saves: less is a program or a paste, more is a pause.
SHORTEST, LONGEST = 1.0, 180.0
FEWEST = 20
LOOKED_AT = 300


@dataclass(frozen=True)
class Pace:
    seconds: int
    is_measured: bool

    def minutes(self, cells: int) -> int:
        """Rounded up."""
        return -(-cells * self.seconds // 60)


def pace_of(user: User) -> Pace:
    """The median of the pauses between the person's latest saves; one query. From 20 pauses on; else 40 s."""
    moments = list(
        Judgement.objects.filter(updated_by=user)
        .order_by("-updated_at")
        .values_list("updated_at", flat=True)[:LOOKED_AT]
    )
    pauses = [
        pause
        for later, earlier in itertools.pairwise(moments)
        if SHORTEST <= (pause := (later - earlier).total_seconds()) <= LONGEST
    ]
    if len(pauses) < FEWEST:
        return Pace(DEFAULT_SECONDS, False)
    return Pace(max(round(statistics.median(pauses)), 1), True)
