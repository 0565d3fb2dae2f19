"""What closed questionnaires say, in aggregates: nothing else of an answer is ever read."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from foundation.bulk import copy_out
from reviews.methods.multisource import NAMED, VOICE_COLUMNS, MultisourceMethod
from reviews.models import Cycle

_AGGREGATES = """
    WITH answer AS MATERIALIZED (
        SELECT participant.employee_id, voices.component, answer.unit, answer.points, answer.score
        FROM reviews_participant AS participant
        JOIN reviews_voiceanswer AS answer ON answer.participant_id = participant.id
        JOIN reviews_voiceround AS voices ON voices.id = answer.round_id
        WHERE participant.cycle_id = %(cycle)s AND participant.employee_id = ANY(%(people)s)
    )
    SELECT employee_id, component, unit, 0 AS place, count(*) AS n, avg(score) AS mean,
        CASE WHEN NOT unit = ANY(%(named)s) THEN stddev_samp(score) / sqrt(count(*)) END AS standard_error
    FROM answer GROUP BY employee_id, component, unit
    UNION ALL
    SELECT employee_id, component, unit, each.place::int, count(each.points), avg(each.points), NULL
    FROM answer CROSS JOIN LATERAL unnest(points) WITH ORDINALITY AS each (points, place)
    GROUP BY employee_id, component, unit, each.place
"""


def voices_of(cycle: Cycle, employee_ids: Collection[int]) -> pd.DataFrame:
    """VOICE_COLUMNS of these people; one query, and none for a cycle that asks nobody."""
    if not any(each["method"] == MultisourceMethod.code for each in cycle.configuration["components"]):
        return pd.DataFrame(columns=list(VOICE_COLUMNS))
    return copy_out(_AGGREGATES, {"cycle": cycle.pk, "people": list(employee_ids), "named": list(NAMED)})
