"""Awards: who may see which, the wall, points, and where recognition goes round in circles."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from foundation.interface.wording import is_chinese, month, number
from incentives.models import Award, AwardKind, PointEntry, SpotBudget, WallChoice
from people.models import User
from people.selectors.employees import employees_led_by, search_people

SEES_ALL = ("hr", "auditor")
#: Recognition between two people may not come back within this time, nor round a third.
WINDOW_DAYS = 30
RING_DAYS = 90
MOST_SUGGESTIONS = 8


def _hidden() -> QuerySet[WallChoice]:
    return WallChoice.objects.filter(is_public=False)


def visible_awards(user: User) -> QuerySet[Award]:
    """What hangs on the wall is everybody's to see: awards that stand, of people who have not opted out. Beside that
    everyone sees what they received or gave, a manager what the people led received, HR and auditors all."""
    awards = Award.objects.select_related("kind", "receiver", "giver", "withdrawal")
    if not user.is_authenticated or not user.may_sign_in:
        return awards.none()
    if user.has_role(*SEES_ALL):
        return awards
    public = Q(withdrawal__isnull=True) & ~Exists(_hidden().filter(user=OuterRef("receiver")))
    seen = public | Q(receiver=user) | Q(giver=user)
    if user.is_manager:
        seen |= Q(receiver__in=employees_led_by(user).values("pk"))
    return awards.filter(seen)


def get_award_for(user: User, pk: int) -> Award:
    """Http404 alike for a missing award and one that `user` may not see."""
    found = visible_awards(user).filter(pk=pk).first() if 0 < pk < 2**63 else None
    if found is None:
        raise Http404
    return found


def wall(user: User) -> QuerySet[Award]:
    """What stands, of people who want it seen; HR sees no more here than anybody else."""
    return visible_awards(user).filter(
        ~Exists(_hidden().filter(user=OuterRef("receiver"))), withdrawal__isnull=True
    )


def is_public(user: User) -> bool:
    return not _hidden().filter(user=user).exists()


def kinds_to_give(user: User) -> QuerySet[AwardKind]:
    """Kinds that this person may give to somebody at all."""
    givers = []
    if user.has_role("employee"):
        givers.append(AwardKind.Giver.COLLEAGUE)
    if user.has_role("manager", "hr"):
        givers.append(AwardKind.Giver.MANAGER)
    return AwardKind.objects.filter(is_active=True, giver__in=givers)


def suggested_receivers(user: User, text: str) -> list[User]:
    """Colleagues to choose from, by name, pinyin or number; names of colleagues are no secret. Not oneself, and nobody
    who has left."""
    if not text.strip():
        return []
    today = timezone.localdate()
    here = User.objects.filter(employee_number__isnull=False, is_active=True).filter(
        Q(left_on__isnull=True) | Q(left_on__gte=today)
    )
    return list(search_people(here, text).exclude(pk=user.pk).order_by("name_sort", "pk")[:MOST_SUGGESTIONS])


def balance_of(employee: User) -> int:
    return PointEntry.objects.filter(employee=employee).aggregate(sum=Sum("points"))["sum"] or 0


def visible_points(user: User) -> QuerySet[PointEntry]:
    """One's own entries; HR and auditors see all."""
    entries = PointEntry.objects.select_related("award__kind", "employee")
    if not user.is_authenticated or not user.may_sign_in:
        return entries.none()
    return entries if user.has_role(*SEES_ALL) else entries.filter(employee=user)


@dataclass(frozen=True)
class Badge:
    kind: AwardKind
    count: int


def badges_of(employee: User) -> list[Badge]:
    """What a person holds, by kind; two queries."""
    counts = dict(
        Award.objects.filter(receiver=employee, withdrawal__isnull=True)
        .values_list("kind")
        .annotate(Count("id"))
        .order_by()
    )
    kinds = AwardKind.objects.in_bulk(counts)
    return sorted((Badge(kinds[kind], count) for kind, count in counts.items()), key=lambda each: -each.count)


# Limits --------------------------------------------------------------------------------------------------------


def given_in_month(giver: User, day: datetime.date, *, kind: AwardKind | None = None) -> QuerySet[Award]:
    """Awards that this person gave in the calendar month of the day; a withdrawn one still used up its place."""
    found = Award.objects.filter(giver=giver, day__year=day.year, day__month=day.month)
    return found.filter(kind=kind) if kind is not None else found


def budget_of(manager: User, day: datetime.date) -> SpotBudget | None:
    return SpotBudget.objects.filter(manager=manager, month=day.replace(day=1)).first()


def spent_of(manager: User, day: datetime.date) -> int:
    """Points given from the month's budget; what was withdrawn is free again."""
    spent = given_in_month(manager, day).filter(kind__giver=AwardKind.Giver.MANAGER, withdrawal__isnull=True)
    return spent.aggregate(sum=Sum("points"))["sum"] or 0


def spent_by_manager(first_day: datetime.date) -> dict[int, int]:
    """{manager id: points given from the budget of the month}; one query."""
    spent = Award.objects.filter(
        kind__giver=AwardKind.Giver.MANAGER,
        withdrawal__isnull=True,
        day__year=first_day.year,
        day__month=first_day.month,
    )
    return dict(spent.values_list("giver").annotate(Sum("points")).order_by())


def comes_back(giver: User, receiver: User, day: datetime.date) -> Award | None:
    """An award of the last WINDOW_DAYS among colleagues by which this one would close a circle of two or three."""
    since = day - datetime.timedelta(days=WINDOW_DAYS)
    recent = Award.objects.filter(
        kind__giver=AwardKind.Giver.COLLEAGUE, day__gt=since, withdrawal__isnull=True
    )
    onward = recent.filter(giver=receiver)
    direct = onward.filter(receiver=giver).first()
    if direct is not None:
        return direct
    return recent.filter(receiver=giver, giver__in=onward.values("receiver")).first()


@dataclass(frozen=True)
class Ring:
    """People among whom recognition goes round: `inside` of the `given` awards of theirs stayed among them."""

    people: list[User]
    inside: int
    given: int


def rings(today: datetime.date | None = None, *, share: float = 0.6, largest: int = 6) -> list[Ring]:
    """Groups of up to `largest` people from each of whom recognition leads back to them, and who gave at least `share`
    of their awards of the last RING_DAYS to one another. A sign to look at, no proof. Two queries."""
    since = (today or timezone.localdate()) - datetime.timedelta(days=RING_DAYS)
    pairs = list(
        Award.objects.filter(
            kind__giver=AwardKind.Giver.COLLEAGUE, day__gt=since, withdrawal__isnull=True
        ).values_list("giver", "receiver")
    )
    if not pairs:
        return []
    edges = np.array(pairs, dtype=np.int64)
    ids, places = np.unique(edges, return_inverse=True)
    places = places.reshape(edges.shape)
    graph = coo_matrix((np.ones(len(edges)), (places[:, 0], places[:, 1])), shape=(len(ids), len(ids)))
    _count, part = connected_components(graph, directed=True, connection="strong")
    size = np.bincount(part)
    own, other = part[places[:, 0]], part[places[:, 1]]
    given = np.bincount(own, minlength=len(size))
    inside = np.bincount(own[own == other], minlength=len(size))
    suspicious = [
        group
        for group in np.flatnonzero((size > 1) & (size <= largest))
        if inside[group] >= share * given[group]
    ]
    people = User.objects.in_bulk([int(ids[place]) for place in np.flatnonzero(np.isin(part, suspicious))])
    return sorted(
        (
            Ring(
                _by_name(people[int(ids[place])] for place in np.flatnonzero(part == group)),
                int(inside[group]),
                int(given[group]),
            )
            for group in suspicious
        ),
        key=lambda ring: -ring.inside,
    )


def _by_name(people: Iterable[User]) -> list[User]:
    return sorted(people, key=lambda person: (person.name_sort, person.pk))


def citation_of(award: Award) -> str:
    """The giver's words; of a rule's award its reason in numbers, in the reader's language."""
    if award.citation:
        return award.citation
    facts = award.facts
    months = {"month": month(datetime.date.fromisoformat(facts["month"]))} if "month" in facts else {}
    if "years" in facts:
        return ngettext("%(years)s year with us", "%(years)s years with us", facts["years"]) % {
            "years": facts["years"]
        }
    kpi = facts.get("kpi", {})
    named = {
        **months,
        "kpi": (kpi.get("zh") or kpi.get("en")) if is_chinese() else (kpi.get("en") or kpi.get("zh")),
        "value": number(facts.get("value")),
        "n": number(facts.get("n")),
    }
    if "before" in facts:
        return _(
            "%(kpi)s in %(month)s: from %(before)s to %(value)s (n = %(n)s), more than chance explains"
        ) % {
            **named,
            "before": number(facts["before"]),
        }
    return _("Best of %(of)s in %(month)s: %(kpi)s %(value)s (n = %(n)s)") % {
        **named,
        "of": number(facts.get("of")),
    }
