"""What people owe about goals: to agree on some, to answer a proposal, to check in, to say how it went."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, ClassVar

from django.db import connection
from django.urls import reverse

from foundation.delivery.duties import Duty
from reviews import topics
from reviews.models import Cycle
from reviews.selectors.duties import names_of
from reviews.selectors.duty_rows import DutyRow, DutySource, Select, by_position

#: After so many days without a check-in the owner is asked for one.
CHECK_IN_AFTER = 30

# kind, cycle, the person who owes, whether it is about the own goals, how many; of `people`, NULL for everybody. Goals
# of teams are their leaders' to watch.
_OWED = """
    WITH signed AS (
        SELECT objective.id, objective.cycle_id, objective.employee_id, min(signature.side) AS side
        FROM reviews_objective AS objective
        JOIN reviews_cycle AS cycle ON cycle.id = objective.cycle_id AND cycle.phase IN ('goals', 'collection')
        JOIN reviews_objectivesignature AS signature ON signature.version_id = objective.latest_version_id
        WHERE objective.employee_id IS NOT NULL AND objective.state <> 'closed'
            AND objective.latest_version_id IS DISTINCT FROM objective.agreed_version_id AND {ours}
        GROUP BY objective.id
    ), agreed AS (
        SELECT objective.*, version.weight
        FROM reviews_objective AS objective
        JOIN reviews_objectiveversion AS version ON version.id = objective.agreed_version_id
        WHERE objective.employee_id IS NOT NULL AND objective.state = 'agreed' AND {ours}
    ), owed AS (
        SELECT 'agree' AS kind, signed.cycle_id,
            CASE signed.side WHEN 'owner' THEN participant.rater_id ELSE signed.employee_id END AS person,
            signed.side <> 'owner' AS is_own, count(*) AS count
        FROM signed JOIN reviews_participant AS participant
            ON participant.cycle_id = signed.cycle_id AND participant.employee_id = signed.employee_id
        GROUP BY 1, 2, 3, 4
        UNION ALL
        SELECT 'set', participant.cycle_id, participant.employee_id, true, 1
        FROM reviews_participant AS participant
        JOIN reviews_cycle AS cycle ON cycle.id = participant.cycle_id AND cycle.phase = 'goals'
        WHERE (cycle.configuration -> 'components' @> '[{"method": "objectives"}]'::jsonb
                OR cycle.configuration -> 'components' @> '[{"objectives": [{}]}]'::jsonb)
            AND (%(people)s::bigint[] IS NULL OR participant.employee_id = ANY(%(people)s::bigint[]))
            AND NOT EXISTS (
                SELECT FROM signed WHERE signed.cycle_id = cycle.id AND signed.employee_id = participant.employee_id
            )
            AND coalesce((
                SELECT sum(agreed.weight) FROM agreed
                WHERE agreed.cycle_id = cycle.id AND agreed.employee_id = participant.employee_id
            ), 0) <> 100
        UNION ALL
        SELECT 'check_in', agreed.cycle_id, agreed.employee_id, true, count(*)
        FROM agreed
        JOIN reviews_cycle AS cycle ON cycle.id = agreed.cycle_id AND cycle.phase = 'collection'
            AND %(day)s::date BETWEEN cycle.first_day AND cycle.last_day
        JOIN LATERAL (
            SELECT max(signature.signed_at) AS at FROM reviews_objectivesignature AS signature
            WHERE signature.version_id = agreed.agreed_version_id
        ) AS agreement ON true
        WHERE greatest(agreement.at, (
                SELECT max(entry.created_at) FROM reviews_checkin AS entry
                WHERE entry.objective_id = agreed.id AND entry.confidence IS NOT NULL
            )) < %(day)s::date - %(days)s
        GROUP BY 1, 2, 3, 4
        UNION ALL
        SELECT 'assess', agreed.cycle_id, side.person, side.name = 'owner', count(*)
        FROM agreed
        JOIN reviews_cycle AS cycle ON cycle.id = agreed.cycle_id AND cycle.phase = 'rating'
        JOIN reviews_participant AS participant
            ON participant.cycle_id = agreed.cycle_id AND participant.employee_id = agreed.employee_id
        CROSS JOIN LATERAL (
            VALUES ('owner', agreed.employee_id), ('superior', participant.rater_id)
        ) AS side(name, person)
        WHERE NOT EXISTS (
            SELECT FROM reviews_objectiveassessment AS assessment
            WHERE assessment.objective_id = agreed.id AND assessment.side = side.name
        )
        GROUP BY 1, 2, 3, 4
    )
    SELECT kind::text, person::bigint, cycle_id::bigint, CASE WHEN is_own THEN 'own' ELSE '' END,
        count::bigint, NULL::date, ''
    FROM owed
    WHERE person IS NOT NULL AND (%(people)s::bigint[] IS NULL OR person = ANY(%(people)s::bigint[]))
""".replace(
    "{ours}",
    """(
        %(people)s::bigint[] IS NULL OR objective.employee_id = ANY(%(people)s::bigint[])
        OR objective.employee_id IN (
            SELECT employee_id FROM reviews_participant WHERE rater_id = ANY(%(people)s::bigint[])
        )
    )""",
)


def _select(people: Collection[int] | None, day: datetime.date) -> Select:
    return by_position(
        _OWED, {"days": CHECK_IN_AFTER, "day": day, "people": None if people is None else list(people)}
    )


class GoalDuties(DutySource):
    code: ClassVar[str] = "goals"

    def owing(self, day: datetime.date) -> Collection[int]:
        with connection.cursor() as cursor:
            cursor.execute(*_select(None, day))
            return {person for _kind, person, *_rest in cursor.fetchall()}

    def selects(self, user_ids: Sequence[int], day: datetime.date) -> Iterable[Select]:
        yield _select(user_ids, day)

    def duties(
        self, rows: list[DutyRow], cycles: Mapping[int, Cycle], day: datetime.date
    ) -> Iterable[tuple[int, Duty]]:
        """One line per cycle and kind; the subject says whether the goals are the own."""
        for row in rows:
            yield row.person, _duty(row.kind, cycles[row.cycle], row.many, bool(row.subject))


def _duty(kind: str, cycle: Cycle, count: int, is_own: bool) -> Duty:
    topic = {
        "agree": topics.GOALS_TO_AGREE,
        "set": topics.GOALS_TO_SET,
        "check_in": topics.GOALS_TO_CHECK,
        "assess": topics.GOALS_TO_ASSESS,
    }[kind]
    mine = f"{reverse('reviews:my_goals')}?cycle={cycle.code}"
    params: dict[str, Any] = {"count": count, "cycle": names_of(cycle)}
    return Duty(
        topic=topic,
        params=params,
        url=mine if is_own else reverse("reviews:goals", args=[cycle.code]),
        due_on=cycle.rating_due_on if kind == "assess" else cycle.first_day if kind == "set" else None,
        minutes=2 * count if kind != "set" else 20,
    )
