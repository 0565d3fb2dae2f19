"""What the other side of an objective hears."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from django.urls import reverse

from foundation.delivery.notices import notify
from people.models import User
from reviews import topics
from reviews.models import Cycle, Objective, Side
from reviews.selectors.duties import names_of
from reviews.selectors.objective_sides import speakers_for


def tell_proposed(actor: User, cycle: Cycle, objectives: Sequence[Objective], side: str) -> int:
    """In the transaction that signs: the other side is asked to agree."""
    return _tell(topics.OBJECTIVES_PROPOSED, actor, cycle, objectives, side)


def tell_agreed(actor: User, cycle: Cycle, objectives: Sequence[Objective], side: str) -> int:
    """In the transaction that signs: who proposed hears that it counts now."""
    return _tell(topics.OBJECTIVES_AGREED, actor, cycle, objectives, side)


def _tell(topic: str, actor: User, cycle: Cycle, objectives: Sequence[Objective], side: str) -> int:
    first = objectives[0]
    other = Side.SUPERIOR if side == Side.OWNER else Side.OWNER
    # The words themselves are the key: the same ones ask nobody twice, others are another matter.
    words = ",".join(f"{each.pk}.{each.latest_version_id}" for each in objectives)
    key = f"objectives:{first.pk}:{hashlib.sha256(words.encode()).hexdigest()[:32]}"
    return notify(
        topic=topic,
        key=key,
        recipients=sorted(speakers_for(first, other) - {actor.pk}),
        params={"sender": actor.name, "count": len(objectives), "cycle": names_of(cycle)},
        url=objectives_url(first, other),
    )


def objectives_url(objective: Objective, reader: str) -> str:
    """Where this side reads and signs them."""
    if objective.employee_id is not None:
        if reader == Side.OWNER:
            return reverse("reviews:my_goals")
        return reverse("reviews:goals_of", args=[objective.cycle.code, objective.employee_id])
    return reverse("reviews:objective", args=[objective.pk])
