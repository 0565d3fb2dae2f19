"""Who may see whom. Pages, API, exports, mail and search all ask here."""

from __future__ import annotations

import datetime
import re
from typing import TYPE_CHECKING

from django.db.models import F, Func, OuterRef, Prefetch, Q, QuerySet, Subquery, TextField, Value
from django.http import Http404
from django.utils import timezone
from psycopg2.extras import DateRange

from people.models import Leadership, Membership, Team, User
from people.models.users import canonical_login
from people.selectors.teams import SEES_ALL, teams_led
from people.sorting import fold

if TYPE_CHECKING:
    from collections.abc import Iterable


def visible_employees(
    user: User,
    *,
    on: datetime.date | None = None,
    first: datetime.date | None = None,
    last: datetime.date | None = None,
) -> QuerySet[User]:
    """The employees that `user` may see, as one query (beside the roles, which are read once per request).

    HR, payroll and auditors see everyone on the roster, leavers included. A manager sees the members of the teams led
    today and of all teams below them: those on the day `on` (default: today), or, with `first` and `last`, whoever was
    a member on any day of that period. Everyone sees themself; nobody else.
    """
    roster = User.objects.filter(employee_number__isnull=False)
    if not user.is_authenticated or not user.may_sign_in:
        return roster.none()
    if user.has_role(*SEES_ALL):
        return roster
    if not user.is_manager:
        return roster.filter(pk=user.pk)
    members = _members(teams_led(user), on=on, first=first, last=last).values("user_id")
    # One list of ids, not "or": for that the database would look at every account.
    return roster.filter(pk__in=members.union(User.objects.filter(pk=user.pk).values("pk")))


def visible_people(user: User) -> QuerySet[User]:
    """Like visible_employees; HR and auditors also see the accounts without an employee number."""
    if user.is_authenticated and user.may_sign_in and user.has_role("hr", "auditor"):
        return User.objects.all()
    employees = visible_employees(user)
    return employees | User.objects.filter(pk=user.pk) if user.pk and user.may_sign_in else employees


def get_employee_for(user: User, pk: int, **period: datetime.date | None) -> User:
    """Http404 alike for a missing person and one that `user` may not see; `period` as in visible_employees."""
    return _get(visible_employees(user, **period), pk)


def get_person_for(user: User, pk: int) -> User:
    """As get_employee_for, over visible_people."""
    return _get(visible_people(user), pk)


def _get(people: QuerySet[User], pk: int) -> User:
    # A path may carry any number of digits; beyond bigint the database would raise.
    person = people.filter(pk=pk).first() if 0 < int(pk) < 2**63 else None
    if person is None:
        raise Http404
    return person


def employees_led_by(user: User, on: datetime.date | None = None) -> QuerySet[User]:
    """Members on the day of the teams led on that day, and of all teams below them, without the leader."""
    day = on or timezone.localdate()
    members = _members(teams_led(user, day), on=day)
    return User.objects.filter(employee_number__isnull=False, pk__in=members.values("user_id")).exclude(
        pk=user.pk
    )


def _members(
    teams: QuerySet[Team],
    *,
    on: datetime.date | None = None,
    first: datetime.date | None = None,
    last: datetime.date | None = None,
) -> QuerySet[Membership]:
    members = Membership.objects.filter(team__in=teams.values("pk"))
    if first is not None and last is not None:
        return members.filter(valid__overlap=DateRange(first, last, "[]"))
    return members.filter(valid__contains=on or timezone.localdate())


def with_place(people: QuerySet[User], on: datetime.date | None = None) -> QuerySet[User]:
    """Adds `place`: [the membership on the day] with team and job, in one more query whatever the number of rows."""
    current = Membership.objects.filter(valid__contains=on or timezone.localdate()).select_related(
        "team", "job"
    )
    return people.prefetch_related(Prefetch("memberships", queryset=current, to_attr="place"))


def with_last_team(people: QuerySet[User]) -> QuerySet[User]:
    """Annotates last_team_id: the team of today, or for those who left the one they were in last."""
    last = Membership.objects.filter(user=OuterRef("pk")).order_by("-valid").values("team_id")[:1]
    return people.annotate(last_team_id=Subquery(last))


class Unspaced(Func):
    """name_sort without its blanks, so that "wangwei" finds "wang wei"."""

    function = "REPLACE"
    output_field = TextField()

    def __init__(self, expression: str) -> None:
        super().__init__(F(expression), Value(" "), Value(""))


def search_people(people: QuerySet[User], text: str) -> QuerySet[User]:
    """By name, pinyin (with or without blanks), initials of the pinyin, employee number or login."""
    text = " ".join(text.split())[:80]
    if not text:
        return people
    folded = fold(text)
    found = (
        Q(name__icontains=text)
        | Q(employee_number__icontains=text)
        | Q(login__startswith=folded)
        | Q(name_sort__contains=folded)
        | Q(name_unspaced__contains=folded.replace(" ", ""))
    )
    if re.fullmatch("[a-z]{2,4}", folded):
        found |= Q(name_sort__regex="^" + " ".join(f"{letter}[a-z]*" for letter in folded))
    return people.alias(name_unspaced=Unspaced("name_sort")).filter(found)


def in_team(people: QuerySet[User], team: Team, on: datetime.date | None = None) -> QuerySet[User]:
    """Members on the day of the team or of a team below it."""
    below = Team.objects.filter(path__startswith=team.path)
    return people.filter(pk__in=_members(below, on=on).values("user_id"))


def memberships_of(person: User) -> QuerySet[Membership]:
    """The person's way through the teams, latest first."""
    return person.memberships.select_related("team", "job").order_by("-valid")


def leaderships_of(person: User) -> QuerySet[Leadership]:
    return person.leaderships.select_related("team").order_by("-valid")


def employees_by_number(numbers: Iterable[str]) -> dict[str, int]:
    """{employee number: id} of those that exist; for services and imports, which check rights themselves."""
    found = User.objects.filter(employee_number__in=list(numbers))
    return {str(number): pk for number, pk in found.values_list("employee_number", "pk")}


def find_account(name: str) -> User | None:
    """The person of this login or employee number, written in any way that looks alike; a login comes first."""
    canonical = canonical_login(name)
    if not canonical or len(canonical) > 80:
        return None
    by_login = User.objects.filter(login=canonical).first()
    if by_login is not None:
        return by_login
    by_number = list(User.objects.filter(employee_number__iexact=canonical)[:2])
    return by_number[0] if len(by_number) == 1 else None
