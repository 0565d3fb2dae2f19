"""What people owe. Each app registers a source; the daily mail and the home page ask them all."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from foundation.delivery import topics


@dataclass(frozen=True)
class Duty:
    """Something that one person has to do. `topic` and `params` make its sentence in the reader's language."""

    topic: str
    params: Mapping[str, Any] = field(default_factory=dict)
    url: str = ""
    due_on: datetime.date | None = None
    minutes: int | None = None

    @property
    def text(self) -> str:
        return topics.sentence(self.topic, self.params)

    @property
    def icon(self) -> str:
        return topics.icon_of(self.topic)


class DutySource(Protocol):
    code: ClassVar[str]

    def owing(self, day: datetime.date) -> Collection[int]:
        """Ids of everyone who owes something; one query."""

    def duties_of(self, user_ids: Collection[int], day: datetime.date) -> Mapping[int, list[Duty]]:
        """What these people owe; the number of queries does not depend on how many they are."""


_SOURCES: dict[str, DutySource] = {}


def register(source: DutySource) -> None:
    _SOURCES[source.code] = source


def owing(day: datetime.date) -> set[int]:
    return {person for source in _SOURCES.values() for person in source.owing(day)}


def duties_of(
    user_ids: Collection[int], day: datetime.date, *, without: Collection[str] = ()
) -> dict[int, list[Duty]]:
    """The first due first; what has no date comes last. People without a duty are absent. `without`: codes of sources
    that the caller has asked."""
    found: dict[int, list[Duty]] = defaultdict(list)
    if not user_ids:
        return {}
    for code, source in _SOURCES.items():
        if code in without:
            continue
        for person, owed in source.duties_of(user_ids, day).items():
            found[person].extend(owed)
    return {
        person: sorted(owed, key=lambda duty: (duty.due_on or datetime.date.max, duty.topic))
        for person, owed in found.items()
        if owed
    }
