"""Storing a roster: in one transaction, in few statements, and nothing where nothing differs."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence

from django.db import transaction

from foundation.refusals import Refusal
from people.models import User
from people.models.users import canonical_login
from people.services import timelines
from people.services.authority import require_hr
from people.services.employees import end_leaderships, grade_on, segments_of_people, store_memberships
from people.services.leaderships import segments_of_teams, store_leaderships
from people.services.rosters import Bad, Known, Plan, RosterLine, by_person, check_lines, load_known, plan_of
from people.services.teams import lock_tree, save_job, save_site, save_team
from people.services.timelines import DAY
from people.sorting import sort_key

_CHINESE = re.compile("[\u3400-\u9fff]")
_PERSON_FIELDS = (
    "name",
    "name_sort",
    "login",
    "email",
    "locale",
    "aliases",
    "hired_on",
    "left_on",
)


@transaction.atomic
def store_roster(*, actor: User | None, lines: Sequence[RosterLine]) -> dict[str, int]:
    """People, their places, who leads, and the teams, jobs and sites that the rows name. Returns how many of each were
    made or changed; all zero when the file says what is stored already.

    Refusal roster_changed (409) where a row no longer fits into what others have changed since it was checked.
    """
    require_hr(actor)
    lock_tree()
    known = load_known()
    bad: list[Bad] = []
    check_lines(list(lines), known, bad)
    if bad:
        raise Refusal("roster_changed", status=409)
    plan = plan_of(list(lines), known)
    done = _store_places(actor, plan, known)
    people = by_person(list(lines))
    done |= _store_people(people, known)
    done["memberships"] = _store_memberships(people, known)
    done["leaderships"] = _store_leaderships(people, known)
    return done


def _names(text: str) -> tuple[str, str]:
    """The Chinese and the English name: a file has one, whichever it is."""
    return (text, "") if _CHINESE.search(text) else ("", text)


def _store_places(actor: User | None, plan: Plan, known: Known) -> dict[str, int]:
    done = {"sites_created": 0, "jobs_created": 0, "teams_created": 0, "teams_changed": 0}
    for code, name in plan.site_names.items():
        if code not in known.sites:
            known.sites[code] = save_site(
                actor=actor, code=code, name_zh=_names(name)[0], name_en=_names(name)[1]
            )
            done["sites_created"] += 1
    for code, name in plan.job_names.items():
        if code not in known.jobs:
            known.jobs[code] = save_job(
                actor=actor, code=code, name_zh=_names(name)[0], name_en=_names(name)[1]
            )
            done["jobs_created"] += 1
    for code in plan.in_order():
        team = known.teams.get(code)
        above = plan.parent_of(code)
        said = plan.sites.get(code, (0, ""))[1]
        inherited = known.team_sites.get(above or "", "")
        own = team.site if team is not None else None
        if said and said != (known.team_sites.get(code, "") if team is not None else inherited):
            own = known.sites[said]
        if team is None:
            name_zh, name_en = _names(plan.team_names[code])
            done["teams_created"] += 1
        else:
            name_zh, name_en = team.name_zh, team.name_en
            own_id = own.pk if own else None
            if (team.site_id, known.parents.get(code)) == (own_id, above):
                continue
            done["teams_changed"] += 1
        known.teams[code] = save_team(
            actor=actor,
            code=code,
            name_zh=name_zh,
            name_en=name_en,
            parent=known.teams[above] if above else None,
            site=own,
        )
        if site := own.code if own else inherited:
            known.team_sites[code] = site
        if above:
            known.parents[code] = above
    return done


def _store_people(people: dict[str, list[RosterLine]], known: Known) -> dict[str, int]:
    new, changed = [], []
    ids = [known.people[key].pk for key in people if key in known.people]
    locked = {user.pk: user for user in User.objects.select_for_update().filter(pk__in=ids).order_by("pk")}
    for key, rows in people.items():
        stored = known.people.get(key)
        person = locked[stored.pk] if stored is not None else User()
        before = [getattr(person, name) for name in _PERSON_FIELDS]
        _fill(person, rows)
        if stored is None:
            person.set_unusable_password()
            new.append(person)
        elif before != [getattr(person, name) for name in _PERSON_FIELDS]:
            was_left = before[_PERSON_FIELDS.index("left_on")]
            changed.append((person, was_left))
    User.objects.bulk_create(new, batch_size=1000)
    User.objects.bulk_update([person for person, _ in changed], _PERSON_FIELDS, batch_size=500)
    for person, was_left in changed:
        if person.left_on is not None and person.left_on != was_left:
            end_leaderships(person, person.left_on + DAY)
    return {"people_created": len(new), "people_changed": len(changed)}


def _fill(person: User, rows: list[RosterLine]) -> None:
    """What the rows say of the person; the latest row that says something counts, an empty cell says nothing."""
    last = rows[-1]
    person.employee_number = person.employee_number or last.number
    if person.name != last.name:
        person.name = last.name
    person.name_sort = sort_key(person.name)

    def latest(name: str) -> object:
        return next((value for row in reversed(rows) if (value := getattr(row, name))), None)

    person.login = str(latest("login") or person.login or canonical_login(last.number))
    person.email = str(latest("email") or person.email)
    person.locale = str(latest("locale") or person.locale)
    person.aliases = latest("aliases") or person.aliases
    person.hired_on = last.hired_on
    left_on = latest("left_on")
    if isinstance(left_on, datetime.date):
        person.left_on = left_on
    elif person.left_on is not None and last.from_day > person.left_on:
        person.left_on = None  # came back


def _store_memberships(people: dict[str, list[RosterLine]], known: Known) -> int:
    users = _ids(people)
    before = segments_of_people(users.values())
    leaving = _days_of_leaving(users)
    after = {}
    for key, rows in people.items():
        user = users[key]
        line = before.get(user, [])
        stored = known.people.get(key)
        was_left = stored.left_on if stored is not None else None
        left_on = leaving.get(user)
        if was_left and left_on and rows[-1].from_day <= was_left < left_on:
            line = timelines.extend(line, left_on + DAY)  # a corrected last day, not a return
        for row in rows:
            grade = row.grade or grade_on(line, row.from_day)
            place = (known.teams[row.team].pk, known.jobs[row.job].pk, grade)
            line = timelines.put(line, place, row.from_day, timelines.natural_end(line, row.from_day))
        line = timelines.begin(line, rows[-1].hired_on)
        if left_on is not None:
            line = timelines.end(line, left_on + DAY)
        after[user] = line
    return store_memberships(before, after)


def _store_leaderships(people: dict[str, list[RosterLine]], known: Known) -> int:
    """A row that names a team leads it until the person's next row, the team's next leader, or the last day of work."""
    users = _ids(people)
    by_team: dict[str, list[tuple[RosterLine, datetime.date | None, int]]] = {}
    for key, rows in people.items():
        for place, row in enumerate(rows):
            if row.leads:
                following = rows[place + 1].from_day if place + 1 < len(rows) else None
                by_team.setdefault(row.leads, []).append((row, following, users[key]))
    before = segments_of_teams(known.teams[code].pk for code in by_team)
    leaving = _days_of_leaving(users)
    after = {}
    for code, appointments in by_team.items():
        team = known.teams[code].pk
        line = before.get(team, [])
        appointments.sort(key=lambda each: each[0].from_day)
        for place, (row, following, user) in enumerate(appointments):
            successor = appointments[place + 1][0].from_day if place + 1 < len(appointments) else None
            ends = [
                day
                for day in (
                    following,
                    successor,
                    leaving[user] + DAY if user in leaving else None,
                    timelines.natural_end(line, row.from_day),
                )
                if day is not None
            ]
            line = timelines.put(line, user, row.from_day, min(ends) if ends else None)
        after[team] = line
    return store_leaderships(before, after)


def _ids(people: dict[str, list[RosterLine]]) -> dict[str, int]:
    """{folded employee number: id}, new people included."""
    rows = User.objects.filter(employee_number__isnull=False).values_list("employee_number", "pk")
    return {key: pk for number, pk in rows if (key := str(number).casefold()) in people}


def _days_of_leaving(users: dict[str, int]) -> dict[int, datetime.date]:
    """{user id: last day} of those who have one."""
    rows = User.objects.filter(pk__in=users.values(), left_on__isnull=False).values_list("pk", "left_on")
    return {pk: day for pk, day in rows if day is not None}
