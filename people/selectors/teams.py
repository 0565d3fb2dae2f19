"""Teams as a tree, and which of them a person may see."""

from __future__ import annotations

import datetime
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from django.db import connection
from django.db.models import CharField, Count, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Length, Replace
from django.http import Http404
from django.utils import timezone

from people.models import Job, Leadership, Membership, Site, Team

if TYPE_CHECKING:
    from people.models import User

#: Who sees everyone. The others see whom they lead, and themselves.
SEES_ALL = ("hr", "payroll", "auditor")


def teams_led(user: User, on: datetime.date | None = None) -> QuerySet[Team]:
    """The teams that `user` leads on the day (default: today), with all teams below them."""
    day = on or timezone.localdate()
    # /1/4/9/ lies below /1/4/: the led team's path is a prefix of its own and its descendants' paths.
    above = (
        Leadership.objects.filter(user=user, valid__contains=day)
        .annotate(here=ExpressionWrapper(OuterRef("path"), output_field=CharField()))
        .filter(here__startswith=F("team__path"))
    )
    return Team.objects.filter(Exists(above))


def visible_teams(user: User) -> QuerySet[Team]:
    """HR, payroll and auditors see all teams, a manager those led, an employee the own one."""
    if not user.is_authenticated or not user.may_sign_in:
        return Team.objects.none()
    if user.has_role(*SEES_ALL):
        return Team.objects.all()
    own = Membership.objects.filter(user=user, valid__contains=timezone.localdate()).values("team_id")
    seen = Q(pk__in=own)
    if user.is_manager:
        seen |= Q(pk__in=teams_led(user).values("pk"))
    return Team.objects.filter(seen)


def get_team_for(user: User, pk: int) -> Team:
    """Http404 alike for a missing team and one that `user` may not see."""
    team = visible_teams(user).filter(pk=pk).select_related("parent", "site").first()
    if team is None:
        raise Http404
    return team


#: A page shows no more teams than this; what lies deeper is opened from the team above it.
MOST_TEAMS = 300


def team_tree(
    user: User,
    *,
    on: datetime.date | None = None,
    closed: bool = False,
    under: Team | None = None,
    most: int = MOST_TEAMS,
) -> list[dict]:
    """The visible teams in the order of a tree:
    [{team, depth, indent, leader, site, members, members_below, hidden_below}].

    members are those of the team itself on the day, members_below count its subtree as well. Of more than `most` teams
    only the upper levels are given, two at least; hidden_below counts the teams below one that are left out. `under`
    begins at that team. Constant queries.
    """
    day = on or timezone.localdate()
    teams = visible_teams(user)
    if not closed:
        teams = teams.filter(is_active=True)
    if under is not None:
        teams = teams.filter(path__startswith=under.path)
    # By parent, not by team: thousands of teams have a few hundred parents, and only some hundred are shown.
    sizes = dict(teams.order_by().values_list("parent_id").annotate(Count("pk")))
    people = dict(
        Membership.objects.filter(team__in=teams.order_by().values("pk"), valid__contains=day)
        .values_list("team__parent_id")
        .annotate(Count("pk"))
    )
    parents = dict(teams.filter(pk__in=[pk for pk in sizes if pk]).values_list("pk", "parent_id"))
    above = {pk: _steps(pk, parents) for pk in sizes}
    levels: Counter[int] = Counter()
    for parent, size in sizes.items():
        levels[len(above[parent])] += size
    deepest = _deepest_level(levels, most)
    below: dict[int, int] = defaultdict(int)
    hidden: dict[int, int] = defaultdict(int)
    for parent, size in sizes.items():
        for step in above[parent]:
            below[step] += people.get(parent, 0)
            hidden[step] += size if len(above[parent]) > deepest else 0
    open_parents = [parent for parent in sizes if len(above[parent]) <= deepest]
    shown = list(
        teams.filter(Q(parent__in=[pk for pk in open_parents if pk]) | Q(parent__isnull=True)).order_by(
            "code"
        )
    )
    ids = [team.pk for team in shown]
    own = dict(
        Membership.objects.filter(team__in=ids, valid__contains=day)
        .values_list("team_id")
        .annotate(Count("pk"))
    )
    leaders = {
        leadership.team_id: leadership.user
        for leadership in Leadership.objects.filter(team__in=ids, valid__contains=day).select_related("user")
    }
    sited = sites_of_teams(ids)
    sites = {site.pk: site for site in Site.objects.filter(pk__in=set(sited.values()))}
    children: dict[int | None, list[Team]] = defaultdict(list)
    for team in shown:
        children[team.parent_id if team.parent_id in parents else None].append(team)
    rows: list[dict] = []

    def walk(parent: int | None, depth: int) -> None:
        for team in children[parent]:
            rows.append(
                {
                    "team": team,
                    "depth": depth,
                    "indent": "\u2003" * depth,  # em spaces: a table has no nesting of its own
                    "leader": leaders.get(team.pk),
                    "site": sites.get(sited.get(team.pk, 0)),
                    "members": own.get(team.pk, 0),
                    "members_below": own.get(team.pk, 0) + below[team.pk],
                    "hidden_below": hidden[team.pk],
                }
            )
            walk(team.pk, depth + 1)

    walk(None, 0)
    return rows


def teams_to_choose(user: User, *, most: int = MOST_TEAMS) -> list[Team]:
    """Visible teams in use for a list to choose from, in the order of the tree: of more than `most` only the upper
    levels, two at least. Two queries."""
    depth = Length("path") - Length(Replace("path", Value("/"), Value("")))
    teams = visible_teams(user).filter(is_active=True).annotate(depth=depth)
    counts = dict(teams.order_by("depth").values_list("depth").annotate(Count("pk")))
    return list(teams.filter(depth__lte=_deepest_level(counts, most)).order_by("path"))


def _steps(pk: int | None, parents: Mapping[int, int | None]) -> list[int]:
    """Ids from the team itself up, those that are known; a team whose parent is not seen stands at the top."""
    steps: list[int] = []
    while pk is not None and pk in parents:
        steps.append(pk)
        pk = parents[pk]
    return steps


def _deepest_level(counts: Mapping[int, int], most: int) -> int:
    """counts: {level: teams of it}."""
    deepest, together = 0, 0
    for number, level in enumerate(sorted(counts), 1):
        together += counts[level]
        if together > most and number > 2:
            break
        deepest = level
    return deepest


def subtree_ids(codes: Iterable[str]) -> set[int]:
    """Ids of the teams with these codes and of all teams below them; unknown codes add nothing."""
    wanted = list(codes)
    if not wanted:
        return set()
    roots = Team.objects.filter(code__in=wanted)
    above = (
        roots.annotate(here=ExpressionWrapper(OuterRef("path"), output_field=CharField()))
        .filter(here__startswith=F("path"))
        .values("pk")
    )
    return set(Team.objects.filter(Exists(above)).values_list("pk", flat=True))


def sites_of_teams(team_ids: Iterable[int] | None = None) -> dict[int, int]:
    """{team id: site id}: the team's own site or that of the nearest team above that has one. One query."""
    sql = """
        SELECT DISTINCT ON (team.id) team.id, above.site_id
        FROM people_team AS team
        CROSS JOIN LATERAL unnest(string_to_array(trim(both '/' FROM team.path), '/')::bigint[])
            WITH ORDINALITY AS step(id, depth)
        JOIN people_team AS above ON above.id = step.id AND above.site_id IS NOT NULL
        WHERE %s::bigint[] IS NULL OR team.id = ANY(%s::bigint[])
        ORDER BY team.id, step.depth DESC
    """
    ids = None if team_ids is None else list(team_ids)
    with connection.cursor() as cursor:
        cursor.execute(sql, [ids, ids])
        return dict(cursor.fetchall())


def own_time_zone() -> RawSQL:
    """time_zone_of as part of a query for users, which it needs under the name of their table."""
    return RawSQL(
        """
        SELECT site.time_zone
        FROM people_membership AS membership
        JOIN people_team AS team ON team.id = membership.team_id
        CROSS JOIN LATERAL unnest(string_to_array(trim(both '/' FROM team.path), '/')::bigint[])
            WITH ORDINALITY AS step(id, depth)
        JOIN people_team AS above ON above.id = step.id
        JOIN people_site AS site ON site.id = above.site_id
        WHERE membership.user_id = people_user.id AND membership.valid @> %s::date
        ORDER BY step.depth DESC LIMIT 1
        """,
        [timezone.localdate()],
        output_field=CharField(),
    )


def time_zones_of(user_ids: Iterable[int], on: datetime.date | None = None) -> dict[int, str]:
    """{employee id: time zone of the site where the person sits}; who has no team or site is absent. One query."""
    sql = """
        SELECT DISTINCT ON (membership.user_id) membership.user_id, site.time_zone
        FROM people_membership AS membership
        JOIN people_team AS team ON team.id = membership.team_id
        CROSS JOIN LATERAL unnest(string_to_array(trim(both '/' FROM team.path), '/')::bigint[])
            WITH ORDINALITY AS step(id, depth)
        JOIN people_team AS above ON above.id = step.id
        JOIN people_site AS site ON site.id = above.site_id
        WHERE membership.user_id = ANY(%s) AND membership.valid @> %s::date
        ORDER BY membership.user_id, step.depth DESC
    """
    with connection.cursor() as cursor:
        cursor.execute(sql, [list(user_ids), on or timezone.localdate()])
        return dict(cursor.fetchall())


def time_zone_of(user: User, on: datetime.date | None = None) -> str | None:
    """The time zone of the site where the person sits, None without a team or a site. One query."""
    return time_zones_of([user.pk], on).get(user.pk)


def visible_sites(user: User) -> QuerySet[Site]:
    """Names of sites are no secret among colleagues."""
    return Site.objects.all() if user.is_authenticated and user.may_sign_in else Site.objects.none()


def visible_jobs(user: User) -> QuerySet[Job]:
    """Jobs and their duties are no secret among colleagues."""
    return Job.objects.all() if user.is_authenticated and user.may_sign_in else Job.objects.none()
