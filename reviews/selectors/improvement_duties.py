"""What plans ask of people: the employee's answer, the manager's next step. Each for the daily mail and the notices."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import ClassVar

from django.urls import reverse

from foundation.delivery.duties import Duty
from reviews import improvement_topics as topics
from reviews.selectors.improvement_plans import PlanState, led_states

#: A check-in is owed from so many days before its day on.
AHEAD_DAYS = 3
MINUTES = {topics.ANSWER_OWED: 10, topics.CHECK_IN_OWED: 20, topics.OUTCOME_OWED: 15}


def owed_by_leader(state: PlanState) -> tuple[str, datetime.date | None] | None:
    """(topic, due) of the next step of whoever leads the plan; None while it is the person's turn."""
    if state.is_objected and state.pending is not None:
        return topics.OBJECTION_OWED, None
    if state.phase == "unsettled":
        return topics.TERMS_OWED, None
    if state.is_over_deadline:
        return topics.OUTCOME_OWED, state.deadline
    due = state.next_check_in
    if due is not None and due <= state.day + datetime.timedelta(days=AHEAD_DAYS):
        return topics.CHECK_IN_OWED, due
    return None


def owes_answer(state: PlanState) -> bool:
    return state.pending is not None and not state.is_objected


class PlanDuties:
    code: ClassVar[str] = "plans"

    def owing(self, day: datetime.date) -> Collection[int]:
        return set(self._all(day))

    def duties_of(self, user_ids: Collection[int], day: datetime.date) -> Mapping[int, list[Duty]]:
        wanted = set(user_ids)
        found = self._all(day, wanted)
        return {person: owed for person, owed in found.items() if person in wanted}

    def _all(self, day: datetime.date, near: Collection[int] | None = None) -> dict[int, list[Duty]]:
        """Two queries, whatever the number of plans."""
        found: dict[int, list[Duty]] = defaultdict(list)
        for state, leader in led_states(day, near):
            if owes_answer(state) and state.pending is not None:
                found[state.plan.employee_id].append(
                    _duty(state, topics.ANSWER_OWED, state.pending.object_until)
                )
            owed = owed_by_leader(state)
            if owed is not None and leader is not None:
                found[leader].append(_duty(state, *owed))
        return found


def _duty(state: PlanState, topic: str, due: datetime.date | None) -> Duty:
    return Duty(
        topic=topic,
        params={"name": state.plan.employee.name},
        url=reverse("reviews:improvement_plan", args=[state.plan.pk]),
        due_on=due,
        minutes=MINUTES.get(topic),
    )
