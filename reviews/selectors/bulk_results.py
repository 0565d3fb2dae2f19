"""All published results of a cycle for a program that keeps a copy: read in chunks by key, in constant memory."""

from __future__ import annotations

import json
from collections.abc import Iterator

from foundation.bulk import json_lines
from reviews.models import Cycle

CHUNK = 20_000

# The bounds on participant and person follow from the one on result; said so, all three are read in order of their
# index from there on, however many have gone before.
_RESULTS = """
    SELECT
        json_build_object(
            'id', result.employee_id, 'employee_number', person.employee_number, 'name', person.name
        ) AS employee,
        team.code AS team, job.code AS job,
        result.score, result.standard_error, result.rating, result.state,
        CASE WHEN %(show_rank)s THEN result.rank END AS rank,
        CASE WHEN %(show_rank)s THEN result.percentile END AS percentile,
        CASE WHEN %(show_rank)s THEN result.cohort_size END AS cohort_size,
        participant.days_in_role, participant.days_in_period
    FROM reviews_result AS result
    JOIN reviews_participant AS participant
        ON participant.cycle_id = %(cycle)s AND participant.employee_id = result.employee_id
        AND participant.employee_id > %(after)s
    JOIN people_user AS person ON person.id = result.employee_id AND person.id > %(after)s
    JOIN people_team AS team ON team.id = participant.team_id
    JOIN people_job AS job ON job.id = participant.job_id
    WHERE result.run_id = %(run)s AND result.employee_id > %(after)s
    ORDER BY result.employee_id
    LIMIT %(limit)s
"""


def result_lines(cycle: Cycle, *, show_rank: bool, chunk: int = CHUNK) -> Iterator[bytes]:
    """The published results, one JSON object a line, by employee id, some thousand lines at a time. Nothing without a
    published run; what is published while somebody reads does not mix in. Checks nobody's rights: HR and auditors see
    all results of a cycle.
    """
    after, run = 0, cycle.published_run_id
    while run is not None:
        lines = json_lines(
            _RESULTS,
            {"run": str(run), "cycle": cycle.pk, "after": after, "limit": chunk, "show_rank": show_rank},
        )
        if not lines:
            return
        yield lines
        if lines.count(b"\n") < chunk:
            return
        after = json.loads(lines[lines.rfind(b"\n", 0, -1) + 1 :])["employee"]["id"]
