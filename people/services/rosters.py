"""The roster as a file: who is employed, in which team and job, from which day.

One row is one person from one day on; a transfer is a second row of the same person with a later from_day. Teams, jobs
and sites that do not exist are made where the file names them. The same file twice changes nothing.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from foundation.refusals import Refusal
from people.models import Job, RoleGrant, Site, Team, User
from people.models.users import canonical_login
from people.selectors.teams import sites_of_teams
from people.services.employees import (
    check_email,
    check_grade,
    check_login,
    check_name,
    check_number,
    clean_aliases,
)
from people.services.row_values import cell, read_date, read_language, read_list
from people.services.teams import check_code


@dataclass
class Bad:
    """A row that is not taken: line, column at fault (by its field's code), what stood there, the refusal's code and
    figures."""

    line: int
    column: str
    value: str
    code: str
    params: dict[str, Any] = field(default_factory=dict)


@dataclass
class RosterLine:
    """A row that can be read. Empty optional cells say nothing, so they change nothing."""

    line: int
    number: str
    name: str
    login: str
    email: str
    team: str
    team_name: str
    parent: str
    site: str
    site_name: str
    job: str
    job_name: str
    hired_on: datetime.date
    left_on: datetime.date | None
    from_day: datetime.date
    leads: str
    locale: str
    aliases: list[str]
    grade: str


@dataclass
class Known:
    """What the database holds, read once for the whole file."""

    people: dict[str, User]  # by folded employee number
    logins: dict[str, str]  # login -> folded employee number, "" for an account without
    teams: dict[str, Team]
    jobs: dict[str, Job]
    sites: dict[str, Site]
    parents: dict[str, str]  # team code -> parent's code
    team_sites: dict[str, str]  # team code -> code of the site it counts to
    auditors: set[str]  # folded employee numbers


def load_known() -> Known:
    people = list(User.objects.all())
    teams = list(Team.objects.all())
    by_id = {team.pk: team for team in teams}
    sites = {site.pk: site for site in Site.objects.all()}
    return Known(
        people={user.employee_number.casefold(): user for user in people if user.employee_number},
        logins={user.login: (user.employee_number or "").casefold() for user in people},
        teams={team.code: team for team in teams},
        jobs={job.code: job for job in Job.objects.all()},
        sites={site.code: site for site in sites.values()},
        parents={team.code: by_id[team.parent_id].code for team in teams if team.parent_id},
        team_sites={by_id[team].code: sites[site].code for team, site in sites_of_teams().items()},
        auditors={
            str(number).casefold()
            for number in RoleGrant.objects.filter(
                role=RoleGrant.Role.AUDITOR, user__employee_number__isnull=False
            ).values_list("user__employee_number", flat=True)
        },
    )


def read_rows(rows: Iterable[tuple[int, dict[str, Any]]], known: Known) -> tuple[list[RosterLine], list[Bad]]:
    """(line, {field: cell}) in; the rows that can be stored and the others with their reasons, both by line.

    A row that is refused names nothing: a team that only refused rows would have made is not made, and rows that
    needed it are refused in turn.
    """
    lines: list[RosterLine] = []
    bad: list[Bad] = []
    for line, row in rows:
        try:
            lines.append(_read(line, {name: cell(value) for name, value in row.items()}))
        except _BadCell as error:
            bad.append(Bad(line, error.field, error.value, error.refusal.code, error.refusal.params))
    lines = check_lines(lines, known, bad)
    return lines, sorted(bad, key=lambda each: each.line)


def check_lines(lines: list[RosterLine], known: Known, bad: list[Bad]) -> list[RosterLine]:
    """The rows that fit together and into the database; the others are added to `bad`."""
    for check in (_check_people, _check_leaders):
        lines = _sift(lines, check(known), bad)
    # Teams depend on each other and on the rows that are left, so this is repeated until nothing more falls.
    while True:
        left = _sift(lines, _check_places(known, lines), bad)
        if len(left) == len(lines):
            return lines
        lines = left


class _BadCell(Exception):
    def __init__(self, field_name: str, value: str, refusal: Refusal) -> None:
        super().__init__(refusal.code)
        self.field, self.value, self.refusal = field_name, value, refusal


def _read(line: int, row: dict[str, str]) -> RosterLine:
    def take(name: str, reader: Callable[[str], Any], *, required: bool = False, default: Any = None) -> Any:
        text = row.get(name, "")
        if not text:
            if required:
                raise _BadCell(name, "", Refusal("row_missing"))
            return default
        try:
            return reader(text)
        except Refusal as refusal:
            raise _BadCell(name, text, refusal) from refusal

    def code(text: str) -> str:
        return check_code(text.lower())

    def short(text: str) -> str:
        if len(text) > 120 or not text.isprintable():
            raise Refusal("text_too_long", limit=120)
        return text

    found = RosterLine(
        line=line,
        number=take("employee_number", check_number, required=True),
        name=take("name", check_name, required=True),
        login=take("login", check_login, default=""),
        email=take("email", check_email, default=""),
        team=take("team_code", code, required=True),
        team_name=take("team_name", short, default=""),
        parent=take("parent_team_code", code, default=""),
        site=take("site_code", code, default=""),
        site_name=take("site_name", short, default=""),
        job=take("job_code", code, required=True),
        job_name=take("job_name", short, default=""),
        hired_on=take("hired_on", read_date, required=True),
        left_on=take("left_on", read_date),
        from_day=take("from_day", read_date),
        leads=take("leads_team_code", code, default=""),
        locale=take("language", read_language, default=""),
        aliases=take("aliases", lambda text: clean_aliases(read_list(text)), default=[]),
        grade=take("grade", check_grade, default=""),
    )
    found.from_day = found.from_day or found.hired_on
    if found.left_on and found.left_on < found.hired_on:
        raise _BadCell("left_on", row["left_on"], Refusal("left_before_hired"))
    if found.from_day < found.hired_on:
        raise _BadCell(
            "from_day", row["from_day"], Refusal("placed_before_hired", day=found.hired_on.isoformat())
        )
    if found.left_on and found.from_day > found.left_on:
        raise _BadCell(
            "from_day", row["from_day"], Refusal("row_placed_after_leaving", day=found.left_on.isoformat())
        )
    if found.parent and found.parent == found.team:
        raise _BadCell("parent_team_code", row["parent_team_code"], Refusal("team_cycle"))
    return found


Check = Callable[[RosterLine], Bad | None]


def _sift(lines: list[RosterLine], check: Check, bad: list[Bad]) -> list[RosterLine]:
    kept = []
    for line in lines:
        problem = check(line)
        if problem is None:
            kept.append(line)
        else:
            bad.append(problem)
    return kept


def _check_people(known: Known) -> Check:
    """Within the file and against the database: one row a person and day, one name a person, one person a login."""
    days: dict[tuple[str, datetime.date], int] = {}
    names: dict[str, tuple[int, str]] = {}
    logins: dict[str, str] = {}

    def check(line: RosterLine) -> Bad | None:
        key = line.number.casefold()
        first = days.setdefault((key, line.from_day), line.line)
        if first != line.line:
            return Bad(
                line.line, "employee_number", line.number, "row_twice", {"number": line.number, "line": first}
            )
        named_on, name = names.setdefault(key, (line.line, line.name))
        if name != line.name:
            return Bad(
                line.line, "name", line.name, "row_name_differs", {"number": line.number, "line": named_on}
            )
        stored = known.people.get(key)
        # The login that this person will have: as given, as it is, or the number.
        login = line.login or (stored.login if stored else canonical_login(line.number))
        owner = known.logins.get(login, logins.setdefault(login, key))
        other_number = known.people.get(login)
        if owner != key or (other_number is not None and login != key):
            at_fault = "login" if line.login else "employee_number"
            return Bad(line.line, at_fault, line.login or line.number, "login_taken", {"login": login})
        return None

    return check


def _check_leaders(known: Known) -> Check:
    """Two people cannot lead one team from the same day, and an auditor leads none."""
    leaders: dict[tuple[str, datetime.date], tuple[int, str]] = {}

    def check(line: RosterLine) -> Bad | None:
        if line.leads:
            if line.number.casefold() in known.auditors:
                return Bad(line.line, "leads_team_code", line.leads, "auditor_writes")
            first, leader = leaders.setdefault((line.leads, line.from_day), (line.line, line.number))
            if leader != line.number:
                return Bad(
                    line.line,
                    "leads_team_code",
                    line.leads,
                    "row_two_leaders",
                    {"name": line.leads, "line": first},
                )
        return None

    return check


def _check_places(known: Known, lines: list[RosterLine]) -> Check:
    """Teams, jobs and sites exist or are named; the tree stays a tree; the file says one thing about each team."""
    plan = plan_of(lines, known)

    def check(line: RosterLine) -> Bad | None:
        for name, code, there, refusal in (
            ("team_code", line.team, plan.team_exists, "row_team_new"),
            ("parent_team_code", line.parent, plan.team_exists, "team_unknown"),
            ("leads_team_code", line.leads, plan.team_exists, "team_unknown"),
            ("job_code", line.job, plan.job_exists, "row_job_new"),
            ("site_code", line.site, plan.site_exists, "row_site_new"),
        ):
            if code and not there(code):
                return Bad(line.line, name, code, refusal, {"name": code})
        team = known.teams.get(line.team)
        if team is not None and not team.is_active:
            return Bad(line.line, "team_code", line.team, "team_closed", {"team": line.team})
        for name, code, said in (
            ("parent_team_code", line.parent, plan.parents),
            ("site_code", line.site, plan.sites),
        ):
            if code and said[line.team][1] != code:
                return Bad(
                    line.line, name, code, "row_team_differs", {"name": line.team, "line": said[line.team][0]}
                )
        if line.parent and plan.is_circular(line.team):
            return Bad(line.line, "parent_team_code", line.parent, "team_cycle")
        return None

    return check


@dataclass
class Plan:
    """What the file says about teams, jobs and sites: the first row that says something counts."""

    known: Known
    team_names: dict[str, str] = field(default_factory=dict)
    job_names: dict[str, str] = field(default_factory=dict)
    site_names: dict[str, str] = field(default_factory=dict)
    parents: dict[str, tuple[int, str]] = field(default_factory=dict)  # team -> (line, parent)
    sites: dict[str, tuple[int, str]] = field(default_factory=dict)  # team -> (line, site)

    def team_exists(self, code: str) -> bool:
        return code in self.known.teams or code in self.team_names

    def job_exists(self, code: str) -> bool:
        return code in self.known.jobs or code in self.job_names

    def site_exists(self, code: str) -> bool:
        return code in self.known.sites or code in self.site_names

    def parent_of(self, code: str) -> str | None:
        if code in self.parents:
            return self.parents[code][1]
        return self.known.parents.get(code)

    def is_circular(self, code: str) -> bool:
        seen = {code}
        above = self.parent_of(code)
        while above is not None:
            if above == code:
                return True
            if above in seen:
                return False  # a circle further up: its own rows answer for it
            seen.add(above)
            above = self.parent_of(above)
        return False

    def in_order(self) -> Iterator[str]:
        """Teams to make or move, parents before their children."""
        done: set[str] = set()

        def climb(code: str) -> Iterator[str]:
            if code in done:
                return
            done.add(code)
            above = self.parent_of(code)
            if above is not None:
                yield from climb(above)
            if code not in self.known.teams or code in self.parents or code in self.sites:
                yield code

        for code in [*self.team_names, *self.parents, *self.sites]:
            yield from climb(code)


def plan_of(lines: list[RosterLine], known: Known) -> Plan:
    plan = Plan(known)
    for line in lines:
        if line.team_name:
            plan.team_names.setdefault(line.team, line.team_name)
        if line.job_name:
            plan.job_names.setdefault(line.job, line.job_name)
        if line.site and line.site_name:
            plan.site_names.setdefault(line.site, line.site_name)
        if line.parent:
            plan.parents.setdefault(line.team, (line.line, line.parent))
        if line.site:
            plan.sites.setdefault(line.team, (line.line, line.site))
    return plan


def by_person(lines: list[RosterLine]) -> dict[str, list[RosterLine]]:
    """{folded employee number: that person's rows by from_day}."""
    found: dict[str, list[RosterLine]] = {}
    for line in lines:
        found.setdefault(line.number.casefold(), []).append(line)
    for rows in found.values():
        rows.sort(key=lambda row: row.from_day)
    return found
