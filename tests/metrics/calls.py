"""A call log like those that telephone systems export, made up: names instead of numbers, Y/N, times as text, and rows
of unanswered calls that have no speed, duration or satisfaction."""

from __future__ import annotations

import csv
import datetime
import io
import random
from collections.abc import Sequence
from dataclasses import dataclass, fields

import openpyxl

COLUMNS = [
    "Call Id",
    "Agent",
    "Date",
    "Time",
    "Topic",
    "Answered (Y/N)",
    "Resolved",
    "Speed of answer in seconds",
    "AvgTalkDuration",
    "Satisfaction rating",
]
TOPICS = ["Contract related", "Technical Support", "Payment related", "Admin Support", "Streaming"]

MAPPING = {
    "columns": {
        "record_id": "Call Id",
        "employee": "Agent",
        "date": "Date",
        "time": "Time",
        "queue": "Topic",
    },
    "measures": {
        "answered": {"column": "Answered (Y/N)", "type": "boolean", "map": {"Y": 1, "N": 0}},
        "resolved": {"column": "Resolved", "type": "boolean", "map": {"Y": 1, "N": 0}},
        "answer_seconds": {"column": "Speed of answer in seconds", "type": "number"},
        "talk_seconds": {"column": "AvgTalkDuration", "type": "duration"},
        "satisfaction": {"column": "Satisfaction rating", "type": "number"},
    },
}


@dataclass
class Call:
    call_id: str
    agent: str
    date: str
    time: str
    topic: str
    answered: str
    resolved: str
    speed: str
    talk: str
    satisfaction: str

    def row(self) -> list[str]:
        return [getattr(self, each.name) for each in fields(self)]


def make_calls(
    agents: Sequence[str], *, count: int, first: datetime.date, days: int = 28, seed: int = 1
) -> list[Call]:
    """`count` calls, ids ID0001..., spread over `days` days from `first`; about a fifth is not answered."""
    random_ = random.Random(seed)
    calls = []
    for number in range(1, count + 1):
        day = first + datetime.timedelta(days=random_.randrange(days))
        seconds = random_.randrange(9 * 3600, 18 * 3600)
        clock = f"{seconds // 3600:02d}:{seconds % 3600 // 60:02d}:{seconds % 60:02d}"
        answered = random_.random() < 0.8
        talk = random_.randrange(30, 420)
        calls.append(
            Call(
                call_id=f"ID{number:04d}",
                agent=random_.choice(agents),
                date=day.isoformat(),
                time=clock,
                topic=random_.choice(TOPICS),
                answered="Y" if answered else "N",
                resolved="Y" if answered and random_.random() < 0.9 else "N",
                speed=str(random_.randrange(10, 126)) if answered else "",
                talk=f"{talk // 3600:02d}:{talk % 3600 // 60:02d}:{talk % 60:02d}" if answered else "",
                satisfaction=str(random_.randrange(1, 6)) if answered else "",
            )
        )
    return calls


def as_csv(rows: Sequence[Sequence[str]], columns: Sequence[str] = COLUMNS, encoding: str = "utf-8") -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue().encode(encoding)


def calls_csv(calls: Sequence[Call], encoding: str = "utf-8") -> bytes:
    return as_csv([call.row() for call in calls], encoding=encoding)


def calls_xlsx(calls: Sequence[Call]) -> bytes:
    """As the original workbook: times as time cells, numbers as numbers, the date as text, what is missing as an
    empty cell."""
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    assert sheet is not None
    sheet.append(COLUMNS)
    for call in calls:
        sheet.append(
            [
                call.call_id,
                call.agent,
                call.date,
                datetime.time.fromisoformat(call.time),
                call.topic,
                call.answered,
                call.resolved,
                float(call.speed) if call.speed else None,
                datetime.time.fromisoformat(call.talk) if call.talk else None,
                float(call.satisfaction) if call.satisfaction else None,
            ]
        )
    content = io.BytesIO()
    workbook.save(content)
    return content.getvalue()
