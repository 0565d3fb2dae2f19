"""What notices can be about. Each app registers its topics in AppConfig.ready(); the words are made when read."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise

from foundation.interface.wording import date_weekday, is_chinese

Words = str | Promise | Callable[[Mapping[str, Any]], str]


@dataclass(frozen=True)
class Topic:
    """`text` has %(name)s places, or is a function of the parameters where the number decides the words."""

    code: str
    text: Words
    icon: str = "bell"


_TOPICS: dict[str, Topic] = {}


def register(*topics: Topic) -> None:
    """A code registered twice with another text is a bug."""
    for topic in topics:
        known = _TOPICS.get(topic.code)
        if known is not None and known != topic:
            raise ValueError(f"two topics {topic.code}")
        _TOPICS[topic.code] = topic


def icon_of(code: str) -> str:
    topic = _TOPICS.get(code)
    return topic.icon if topic else "bell"


def sentence(code: str, params: Mapping[str, Any]) -> str:
    """The notice in the active language. A parameter {"zh", "en"} is a name in two languages, {"day": ISO} a date.

    A topic that is no longer known gives "" and is left out by readers.
    """
    topic = _TOPICS.get(code)
    if topic is None:
        return ""
    values = {name: _spoken(value) for name, value in params.items()}
    if callable(topic.text):
        return topic.text(values)
    return str(topic.text) % values


def _spoken(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    if "day" in value:
        return date_weekday(datetime.date.fromisoformat(value["day"]))
    first, second = ("zh", "en") if is_chinese() else ("en", "zh")
    return value.get(first) or value.get(second) or ""
