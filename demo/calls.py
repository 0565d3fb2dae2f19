"""Three months of invented calls, surveys and inspections, as the files that three source systems would send.

What makes them believable: ability, warmth and pace differ by person and are correlated; a fast agent is answered by
shorter talks, a warm one by better marks; Mondays and evenings are slower; customers who waited long are harsher; one
morning the telephone system was down; few customers answer the survey, and those with a complaint more often.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from demo.people import SEED, Person, month_end, month_starts

QUEUES = ["账单查询", "技术支持", "合同变更", "订单物流", "会员关怀"]


@dataclass
class SourceFile:
    source: str
    name: str
    content: bytes


def source_files(people: list[Person], today: date) -> list[SourceFile]:
    """One file per source and month, up to yesterday."""
    rng = np.random.default_rng(SEED + 1)
    agents = [p for p in people if p.job == "agent"]
    months = month_starts(today)
    last_day = today - timedelta(days=1)
    files: list[SourceFile] = []
    call_number = 500_000
    for position, first in enumerate(months):
        calls: list[list[object]] = []
        surveys: list[list[object]] = []
        inspections: list[list[object]] = []
        day = first
        while day <= min(month_end(first), last_day):
            for person in agents:
                if not person.works_on(day) or _is_off(person, day):
                    continue
                call_number = _day_of(rng, person, day, position, call_number, calls, surveys)
                if rng.random() < 0.33:
                    inspections.append(_inspection(rng, person, day, position, len(inspections)))
            day += timedelta(days=1)
        stamp = f"{first:%Y-%m}"
        files.append(SourceFile("telephone", f"calls-{stamp}.csv", _csv(CALL_COLUMNS, calls)))
        files.append(SourceFile("survey", f"survey-{stamp}.csv", _csv(SURVEY_COLUMNS, surveys)))
        files.append(
            SourceFile("inspection", f"inspections-{stamp}.csv", _csv(INSPECTION_COLUMNS, inspections))
        )
    return files


CALL_COLUMNS = [
    "通话编号",
    "工号",
    "日期",
    "时间",
    "队列",
    "是否接听",
    "是否解决",
    "接听秒数",
    "通话时长",
    "是否投诉",
]
SURVEY_COLUMNS = ["问卷编号", "工号", "日期", "满意度", "推荐意愿"]
INSPECTION_COLUMNS = ["质检编号", "工号", "日期", "得分"]


def _is_off(person: Person, day: date) -> bool:
    """Five days on, two off, by a rota of one's own, so that the centre is staffed every day."""
    return (day.toordinal() + int(person.number[1:]) * 3) % 7 in (0, 1)


def _day_of(
    rng: np.random.Generator,
    person: Person,
    day: date,
    position: int,
    call_number: int,
    calls: list[list[object]],
    surveys: list[list[object]],
) -> int:
    ability = person.ability + person.growth * position
    # A newcomer needs weeks to become ordinary.
    ability -= 1.2 * np.exp(-(day - person.hired_on).days / 25)
    monday = 1.25 if day.weekday() == 0 else 1.0
    outage = day.day == 17 and position == 1
    count = max(3, int(rng.poisson(11 + 1.6 * person.pace)))
    queue = QUEUES[TEAM_QUEUE.get(person.team_on(day), 0)]
    for seconds in np.sort(rng.integers(9 * 3600, 21 * 3600, count)):
        call_number += 1
        clock = f"{seconds // 3600:02d}:{seconds % 3600 // 60:02d}:{seconds % 60:02d}"
        evening = 1.15 if seconds > 18 * 3600 else 1.0
        answered = rng.random() < (0.45 if outage and seconds < 12 * 3600 else 0.93 + 0.01 * person.pace)
        here = queue if rng.random() < 0.7 else str(rng.choice(QUEUES))
        if not answered:
            calls.append([call_number, person.number, day.isoformat(), clock, here, "N", "", "", "", "N"])
            continue
        wait = max(1, int(rng.gamma(3.0, 9.0 * monday * evening * np.exp(-0.14 * person.pace))))
        talk = max(25, int(rng.gamma(4.0, 58 * np.exp(-0.10 * person.pace + 0.05 * person.warmth))))
        resolved = rng.random() < _logistic(1.55 + 0.62 * ability)
        complaint = rng.random() < _logistic(
            -3.9 - 0.45 * person.warmth - 0.3 * ability + (0.9 if not resolved else 0)
        )
        calls.append(
            [
                call_number,
                person.number,
                day.isoformat(),
                clock,
                here,
                "Y",
                "Y" if resolved else "N",
                wait,
                f"{talk // 3600:02d}:{talk % 3600 // 60:02d}:{talk % 60:02d}",
                "Y" if complaint else "N",
            ]
        )
        if rng.random() < (0.34 if complaint else 0.2):
            mood = (
                0.55 * person.warmth
                + 0.4 * ability
                + (0.5 if resolved else -1.1)
                - 0.008 * wait
                + rng.normal(0, 1)
            )
            mark = int(np.clip(np.round(4.05 + 0.62 * mood), 1, 5))
            nps = int(np.clip(np.round(8.2 + 1.15 * mood + rng.normal(0, 0.8)), 0, 10))
            surveys.append(
                [f"S{call_number}", person.number, day.isoformat(), mark, nps if rng.random() < 0.8 else ""]
            )
    return call_number


def _inspection(
    rng: np.random.Generator, person: Person, day: date, position: int, number: int
) -> list[object]:
    score = 86 + 4.2 * (person.ability + person.growth * position) + 3.0 * person.warmth + rng.normal(0, 5)
    return [
        f"Q{day:%y%m}-{number + 1:04d}",
        person.number,
        day.isoformat(),
        round(float(np.clip(score, 30, 100)), 1),
    ]


TEAM_QUEUE = {
    "sh-billing": 0,
    "sh-tech": 1,
    "sh-retain": 4,
    "sh-evening": 2,
    "cd-billing": 0,
    "cd-tech": 1,
    "cd-orders": 3,
    "cd-chat": 4,
}


def _logistic(x: float) -> float:
    return float(1 / (1 + np.exp(-x)))


def _csv(columns: list[str], rows: list[list[object]]) -> bytes:
    """UTF-8 with a byte-order mark, as spreadsheet programs write Chinese files."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue().encode("utf-8-sig")
