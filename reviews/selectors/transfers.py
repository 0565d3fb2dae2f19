"""Who judges somebody that changed teams in the period: each manager the own part."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from people.selectors.leaders import leaders_of_places
from people.selectors.rosters import changes_of_team
from reviews.methods.document import EACH, LAST


@dataclass(frozen=True)
class Part:
    """The days of the period that one rater led the person, from the first to the last of them."""

    rater_id: int
    first_day: datetime.date
    last_day: datetime.date
    days: int


def transfers_rule(configuration: Mapping[str, Any]) -> tuple[str, int]:
    """(who judges, days from which a part counts). Of cycles from before there was a choice: the last one."""
    rule = configuration.get("transfers") or {}
    return rule.get("judged_by", LAST), int(rule.get("minimum_days", 1))


def parts_of(
    configuration: Mapping[str, Any],
    employee_ids: Sequence[int],
    first: datetime.date,
    last: datetime.date,
) -> dict[int, list[Part]]:
    """{employee id: parts by first day} of those whom several managers led for long enough; two queries.

    Parts of one manager are added up, also where others lie between. What is shorter than the rule asks for falls
    away; where one part is left, or none, there is nothing to share and the person is absent.
    """
    judged_by, minimum = transfers_rule(configuration)
    if judged_by != EACH:
        return {}
    places = changes_of_team(employee_ids, first, last)
    leaders = leaders_of_places(
        [(each.employee_id, each.team_id, each.until - datetime.timedelta(days=1)) for each in places]
    )
    led: dict[int, dict[int, list[Part]]] = defaultdict(lambda: defaultdict(list))
    for place, leader in zip(places, leaders, strict=True):
        if leader is not None:
            led[place.employee_id][leader].append(
                Part(
                    leader,
                    place.first_day,
                    place.until - datetime.timedelta(days=1),
                    (place.until - place.first_day).days,
                )
            )
    found = {}
    for employee, by_leader in led.items():
        whole = [
            Part(
                leader,
                min(each.first_day for each in parts),
                max(each.last_day for each in parts),
                sum(each.days for each in parts),
            )
            for leader, parts in by_leader.items()
        ]
        counted = sorted(
            (each for each in whole if each.days >= minimum), key=lambda each: (each.first_day, each.rater_id)
        )
        if len(counted) > 1:
            found[employee] = counted
    return found
