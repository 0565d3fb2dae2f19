"""The demonstration's people: invented, seeded, and believable enough to disagree about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np

SEED = 20240229

# fmt: off
SURNAMES = [
    "王", "李", "张", "刘", "陈", "杨", "黄", "赵", "周", "吴", "徐", "孙", "马", "朱", "胡",
    "郭", "何", "林", "高", "罗", "郑", "梁", "谢", "宋", "唐", "许", "韩", "冯", "邓", "曹",
    "彭", "曾", "肖", "田", "董", "袁", "潘", "蔡", "蒋", "余",
]
# fmt: on
# fmt: off
GIVEN = [
    "伟", "芳", "娜", "敏", "静", "丽", "强", "磊", "军", "洋", "勇", "艳", "杰", "娟", "涛",
    "明", "超", "秀兰", "霞", "平", "刚", "桂英", "欣怡", "子涵", "雨桐", "浩然", "思远",
    "嘉怡", "俊杰", "晓燕", "梦瑶", "天宇", "海燕", "志强", "建国", "婷婷", "佳琪", "文博",
    "诗涵", "宇航", "雪梅", "春燕", "立新", "小红", "玉兰", "国庆", "慧敏", "晨曦", "若彤",
    "景行",
]
# fmt: on
# fmt: off
ENGLISH = [
    "Grace Lim", "Daniel Koh", "Priya Nair", "Marcus Tan", "Elena Petrova", "Omar Haddad",
    "Aisha Rahman", "Leo Chen",
]
# fmt: on

# (code, Chinese, English, parent, site)
TEAMS = [
    ("company", "晴川客服", "Clearbrook Service", "", ""),
    ("shanghai", "上海运营中心", "Shanghai operations", "company", "sh"),
    ("chengdu", "成都运营中心", "Chengdu operations", "company", "cd"),
    ("sh-billing", "账单组", "Billing", "shanghai", "sh"),
    ("sh-tech", "技术支持组", "Technical support", "shanghai", "sh"),
    ("sh-retain", "客户关怀组", "Customer care", "shanghai", "sh"),
    ("sh-evening", "晚班组", "Evening shift", "shanghai", "sh"),
    ("cd-billing", "账单组（成都）", "Billing, Chengdu", "chengdu", "cd"),
    ("cd-tech", "技术支持组（成都）", "Technical support, Chengdu", "chengdu", "cd"),
    ("cd-orders", "订单组", "Orders", "chengdu", "cd"),
    ("cd-chat", "在线客服组", "Chat", "chengdu", "cd"),
]
FRONT_LINE = [code for code, *_ in TEAMS if "-" in code]


@dataclass
class Person:
    number: str
    name: str
    login: str
    job: str
    team: str
    hired_on: date
    left_on: date | None = None
    leads: str = ""
    language: str = "zh-hans"
    salary: int = 7000
    # What the person is like, for the call log: standard scores, 0 = ordinary.
    ability: float = 0.0
    warmth: float = 0.0
    pace: float = 0.0
    growth: float = 0.0
    moves: list[tuple[date, str]] = field(default_factory=list)

    def team_on(self, day: date) -> str:
        team = self.team
        for since, code in self.moves:
            if day >= since:
                team = code
        return team

    def works_on(self, day: date) -> bool:
        return self.hired_on <= day and (self.left_on is None or day <= self.left_on)


def month_starts(today: date, count: int = 3) -> list[date]:
    """First days of the last `count` months, the current one last. In its first five days a month has nothing to show
    yet, so then the month before counts as the current one."""
    anchor = today if today.day > 5 else today.replace(day=1) - timedelta(days=1)
    months = [anchor.replace(day=1)]
    while len(months) < count:
        months.insert(0, (months[0] - timedelta(days=1)).replace(day=1))
    return months


def month_end(first: date) -> date:
    return (first.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def company(today: date) -> list[Person]:
    """About 120 people: 8 front-line teams of 13 with their leaders, two site heads, a director, HR, payroll, quality.

    Among them: two joiners (one in the current month, one in the month before), two leavers, one transfer in
    mid-month, and people with opposite profiles (fast and curt, slow and loved), so that the pages have something
    to explain.
    """
    rng = np.random.default_rng(SEED)
    _, previous, current = month_starts(today)
    names = _names(rng)
    people: list[Person] = []

    def add(login: str, job: str, team: str, *, leads: str = "", salary: int, name: str = "") -> Person:
        number = f"C{1001 + len(people)}"
        hired = previous.replace(year=previous.year - 1) - timedelta(days=int(rng.integers(30, 2200)))
        who = name or next(names)
        person = Person(
            number=number,
            name=who,
            login=login or number.lower(),
            job=job,
            team=team,
            hired_on=hired,
            leads=leads,
            salary=salary,
            language="en" if who.isascii() else "zh-hans",
        )
        people.append(person)
        return person

    add("director", "director", "company", leads="company", salary=42000, name="许慧敏")
    add("hr", "hr", "company", salary=18000, name="林静")
    add("hr2", "hr", "company", salary=15000, name="Grace Lim")
    add("payroll", "payroll", "company", salary=16000, name="韩立新")
    add("", "head", "shanghai", leads="shanghai", salary=28000)
    add("", "head", "chengdu", leads="chengdu", salary=26000)
    for index, team in enumerate(FRONT_LINE):
        leader = add("", "team_leader", team, leads=team, salary=12000 + 250 * index)
        if index == 0:
            leader.login, leader.name = "manager", "张建国"
        if index == 1:
            leader.login, leader.name, leader.language = "manager2", "Daniel Koh", "en"
        for _ in range(13 if index < 6 else 14):
            agent = add("", "agent", team, salary=int(rng.integers(58, 92)) * 100)
            quality = rng.multivariate_normal([0, 0, 0], [[1, 0.35, 0.2], [0.35, 1, -0.25], [0.2, -0.25, 1]])
            agent.ability, agent.warmth, agent.pace = (float(x) for x in quality)
            agent.growth = float(rng.normal(0.05, 0.12))

    for login, who in (("inspector", "周敏"), ("inspector2", "Ivan Petrov"), ("inspector3", "沈博")):
        add(login, "inspector", "company", salary=9500, name=who)

    agents = [p for p in people if p.job == "agent"]
    first_team = [p for p in agents if p.team == FRONT_LINE[0]]
    star, curt, loved, struggling, joiner, leaver, mover = first_team[:7]
    star.login, star.name, star.ability, star.warmth, star.pace = "agent", "王伟", 0.7, 0.8, 0.3
    star.growth = 0.35
    curt.ability, curt.warmth, curt.pace = 0.9, -1.7, 2.1
    loved.ability, loved.warmth, loved.pace = 0.5, 2.0, -1.9
    struggling.ability, struggling.warmth, struggling.pace, struggling.growth = -1.9, -0.9, -1.2, -0.1
    joiner.hired_on = current + timedelta(days=4)
    leaver.left_on = current + timedelta(days=9)
    mover.moves.append((current + timedelta(days=9), FRONT_LINE[1]))
    english = next(p for p in agents if p.team == FRONT_LINE[1])
    english.login, english.name, english.language = "agent2", "Priya Nair", "en"
    other = [p for p in agents if p.team == FRONT_LINE[5]]
    other[0].hired_on = previous + timedelta(days=13)
    other[1].left_on = month_end(previous) - timedelta(days=6)
    return people


def _names(rng: np.random.Generator) -> Iterator[str]:
    """Distinct names, mostly Chinese, some not."""
    seen = {"许慧敏", "林静", "韩立新", "张建国", "王伟"}
    spare = [n for n in ENGLISH if n not in {"Grace Lim", "Daniel Koh", "Priya Nair"}]
    count = 0
    while True:
        count += 1
        if count % 23 == 0 and spare:
            yield spare.pop(0)
            continue
        name = str(rng.choice(SURNAMES)) + str(rng.choice(GIVEN))
        if name not in seen:
            seen.add(name)
            yield name


def roster_rows(people: list[Person]) -> list[dict[str, str]]:
    """The roster file: a person's first place, and a further row for each move."""
    english = {code: en for code, _, en, _, _ in TEAMS}
    chinese = {code: zh for code, zh, *_ in TEAMS}
    rows = []
    for person in people:
        base = {
            "employee_number": person.number,
            "name": person.name,
            "login": person.login,
            "email": f"{person.login}@clearbrook.example",
            "job_code": person.job,
            "hired_on": person.hired_on.isoformat(),
            "left_on": person.left_on.isoformat() if person.left_on else "",
            "language": person.language,
        }
        for index, (since, team) in enumerate([(person.hired_on, person.team), *person.moves]):
            rows.append(
                {
                    **base,
                    "from_day": since.isoformat(),
                    "team_code": team,
                    "team_name": chinese[team] if person.language != "en" else english[team],
                    "leads_team_code": person.leads if index == 0 else "",
                }
            )
    return rows


def compensation_rows(people: list[Person]) -> list[dict[str, str]]:
    return [
        {
            "employee_number": person.number,
            "from_day": person.hired_on.isoformat(),
            "salary": f"{person.salary}.00",
            "currency": "CNY",
            "legal_entity": "晴川客服（上海）有限公司"
            if person.team.startswith("sh")
            else "晴川客服（成都）有限公司",
            "cost_centre": f"CC-{'SH' if person.team.startswith('sh') else 'CD'}-{100 + TEAM_INDEX[person.team]}",
        }
        for person in people
    ]


TEAM_INDEX = {code: index for index, (code, *_) in enumerate(TEAMS)}
