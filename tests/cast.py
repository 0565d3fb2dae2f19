"""The cast of the tests: one small company in which every relation occurs once.

    company                    led by director
    ├── shanghai (site)        led by site_manager
    │   ├── blue               led by manager; agent, peer, leaver (until 15 October 2025)
    │   └── green              led by other_manager; outsider, mover (in blue until 10 October 2025)
    └── chengdu (site)         no leader; remote
    hr, payroll and auditor are accounts without an employee number.

The period that fits it is October 2025. Everyone signs in with tests.factories.PASSWORD; the logins are
the names here.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass, fields
from typing import Any

import pytest

from people.models import Job, Site, Team, User
from tests.factories import (
    CompensationFactory,
    JobFactory,
    LeadershipFactory,
    MembershipFactory,
    RoleGrantFactory,
    SiteFactory,
    TeamFactory,
    UserFactory,
    days,
)


@dataclass
class Cast:
    site_shanghai: Site
    site_chengdu: Site
    job_agent: Job
    job_leader: Job
    company: Team
    shanghai: Team
    chengdu: Team
    blue: Team
    green: Team
    hr: User
    payroll: User
    auditor: User
    director: User
    site_manager: User
    manager: User
    agent: User
    peer: User
    leaver: User
    mover: User
    other_manager: User
    outsider: User
    remote: User

    first_day: datetime.date = datetime.date(2025, 10, 1)
    last_day: datetime.date = datetime.date(2025, 10, 31)

    @property
    def employees(self) -> list[User]:
        """Everyone on the roster, by name here."""
        return [user for user in self.people if user.employee_number]

    @property
    def people(self) -> list[User]:
        return [value for each in fields(self) if isinstance(value := getattr(self, each.name), User)]

    def name_of(self, user_id: int) -> str:
        """The role's name of an id, so that a failed assertion reads as a sentence."""
        return next(
            each.name
            for each in fields(self)
            if isinstance(value := getattr(self, each.name), User) and value.pk == user_id
        )

    def names(self, user_ids: Any) -> set[str]:
        """Names of ids or users."""
        return {self.name_of(getattr(each, "pk", each)) for each in user_ids}


def _account(login: str, name: str, role: str) -> User:
    user = UserFactory(login=login, employee_number=None, name=name, hired_on=None)
    RoleGrantFactory(user=user, role=role)
    return user


def build_cast() -> Cast:
    """The rows of the cast; also for tests that need it without the fixture."""
    site_shanghai = SiteFactory(code="sh", name_zh="上海职场", name_en="Shanghai")
    site_chengdu = SiteFactory(code="cd", name_zh="成都职场", name_en="Chengdu")
    job_agent = JobFactory(code="agent", name_zh="客服人员", name_en="Agent")
    job_leader = JobFactory(code="team_leader", name_zh="班组长", name_en="Team leader")
    company = TeamFactory(code="company", name_zh="公司", name_en="Company")
    shanghai = TeamFactory(
        code="shanghai", name_zh="上海中心", name_en="Shanghai centre", parent=company, site=site_shanghai
    )
    chengdu = TeamFactory(
        code="chengdu", name_zh="成都中心", name_en="Chengdu centre", parent=company, site=site_chengdu
    )
    blue = TeamFactory(code="blue", name_zh="蓝队", name_en="Blue team", parent=shanghai)
    green = TeamFactory(code="green", name_zh="绿队", name_en="Green team", parent=shanghai)

    def employee(login: str, number: str, name: str, sort: str, team: Team, job: Job, **more: Any) -> User:
        user = UserFactory(login=login, employee_number=number, name=name, name_sort=sort, **more)
        last = more.get("left_on")
        until = last + datetime.timedelta(days=1) if last else None
        MembershipFactory(user=user, team=team, job=job, valid=days(until=until))
        CompensationFactory(user=user, valid=days(until=until))
        return user

    director = employee("director", "E0001", "赵总", "zhao zong", company, job_leader)
    site_manager = employee("site_manager", "E0002", "钱进", "qian jin", shanghai, job_leader)
    manager = employee("manager", "E0003", "孙丽", "sun li", blue, job_leader)
    agent = employee("agent", "E0004", "王伟", "wang wei", blue, job_agent)
    peer = employee("peer", "E0005", "Li Na", "li na", blue, job_agent)
    left_on = datetime.date(2025, 10, 15)
    leaver = employee("leaver", "E0006", "周舟", "zhou zhou", blue, job_agent, left_on=left_on)
    other_manager = employee("other_manager", "E0007", "吴敏", "wu min", green, job_leader)
    outsider = employee("outsider", "E0008", "郑凯", "zheng kai", green, job_agent)
    remote = employee("remote", "E0009", "冯雪", "feng xue", chengdu, job_agent)
    mover = UserFactory(login="mover", employee_number="E0010", name="陈晨", name_sort="chen chen")
    CompensationFactory(user=mover)
    MembershipFactory(user=mover, team=blue, job=job_agent, valid=days(until="2025-10-11"))
    MembershipFactory(user=mover, team=green, job=job_agent, valid=days("2025-10-11"))

    for team, leader in (
        (company, director),
        (shanghai, site_manager),
        (blue, manager),
        (green, other_manager),
    ):
        LeadershipFactory(team=team, user=leader)

    return Cast(
        site_shanghai=site_shanghai,
        site_chengdu=site_chengdu,
        job_agent=job_agent,
        job_leader=job_leader,
        company=company,
        shanghai=shanghai,
        chengdu=chengdu,
        blue=blue,
        green=green,
        hr=_account("hr", "何珊", "hr"),
        payroll=_account("payroll", "Pat Roll", "payroll"),
        auditor=_account("auditor", "Audrey Torres", "auditor"),
        director=director,
        site_manager=site_manager,
        manager=manager,
        agent=agent,
        peer=peer,
        leaver=leaver,
        mover=mover,
        other_manager=other_manager,
        outsider=outsider,
        remote=remote,
    )


@pytest.fixture
def cast(db: None) -> Cast:
    return build_cast()
