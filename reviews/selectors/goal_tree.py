"""The cascade as a tree, one level at a time: company, teams, people.

Company and team goals are seen by everyone who sees the cycle. People's goals are named only to those who may read
them; all others learn how many hang below a goal, no more.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.http import Http404

from people.models import User
from people.selectors.employees import employees_led_by
from people.selectors.teams import teams_led
from reviews.models import Cycle, Objective, Participant
from reviews.selectors.objectives import SEES_ALL

#: Nodes of one level that a page or an answer holds; the rest follows by its cursor.
LEVEL_SIZE = 50
AGREED = Objective.State.AGREED


@dataclass(frozen=True)
class Level:
    """nodes: Objective with owner and agreed version; below: {objective id: (goals directly below that the reader may
    see, all agreed goals directly below)}; next_after: the id to go on after, None at the end."""

    nodes: list[Objective]
    below: dict[int, tuple[int, int]]
    next_after: int | None
    hidden: int


def visible_nodes(user: User, cycle: Cycle) -> QuerySet[Objective]:
    """Agreed goals of the cycle that the reader may see; whether they see the cycle is asked before. Ids of the people
    led are looked up once, so that a level of the tree stays one index scan."""
    nodes = Objective.objects.filter(cycle=cycle, state=AGREED)
    if user.has_role(*SEES_ALL):
        return nodes
    seen = Q(employee__isnull=True) | Q(employee=user)
    led = Participant.objects.filter(cycle=cycle, employee=OuterRef("employee"))
    mine = Q(rater=user)
    if user.is_manager:
        teams = list(teams_led(user).values_list("pk", flat=True))
        mine |= Q(team__in=teams)
        seen |= Q(employee__in=employees_led_by(user).values("pk"))
    return nodes.filter(seen | Exists(led.filter(mine)))


def tree_level(
    user: User, cycle: Cycle, parent_id: int | None = None, *, after: int = 0, limit: int = LEVEL_SIZE
) -> Level:
    """The goals directly below `parent_id`, or the tops of the tree, by age. Five queries, whatever the size of the
    tree. Http404 for a parent that the reader may not see."""
    visible = visible_nodes(user, cycle)
    if parent_id is not None and not (0 < parent_id < 2**63 and visible.filter(pk=parent_id).exists()):
        raise Http404
    here = visible.filter(parent=parent_id) if parent_id is not None else visible.filter(parent__isnull=True)
    if parent_id is None:
        # People's goals that support nothing would crowd the tops out; they stand on their owners' sheets.
        here = here.filter(employee__isnull=True)
    rows = list(
        here.filter(pk__gt=after)
        .select_related("employee", "team", "agreed_version")
        .order_by("pk")[: limit + 1]
    )
    nodes, more = rows[:limit], len(rows) > limit
    ids = [each.pk for each in nodes]
    everyone = _counts(Objective.objects.filter(cycle=cycle, state=AGREED, parent__in=ids))
    shown = everyone if user.has_role(*SEES_ALL) else _counts(visible.filter(parent__in=ids))
    hidden = 0
    if parent_id is not None and not user.has_role(*SEES_ALL):
        total = Objective.objects.filter(cycle=cycle, state=AGREED, parent=parent_id).count()
        hidden = total - here.count()
    return Level(
        nodes=nodes,
        below={pk: (shown.get(pk, 0), everyone.get(pk, 0)) for pk in ids},
        next_after=nodes[-1].pk if more else None,
        hidden=hidden,
    )


def _counts(objectives: QuerySet[Objective]) -> dict[int, int]:
    found = objectives.order_by().values("parent").annotate(count=Count("pk"))
    return {parent: count for parent, count in found.values_list("parent", "count") if parent is not None}


def ancestors_of(objective: Objective) -> list[int]:
    """Ids from the top down to the parent; one query, whatever the depth."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH RECURSIVE above(id, parent_id, depth) AS (
                SELECT id, parent_id, 0 FROM reviews_objective WHERE id = %s
                UNION ALL
                SELECT next.id, next.parent_id, above.depth + 1
                FROM reviews_objective AS next JOIN above ON next.id = above.parent_id
            )
            SELECT id FROM above WHERE depth > 0 ORDER BY depth DESC
            """,
            [objective.pk],
        )
        return [pk for (pk,) in cursor.fetchall()]
