"""What the target table asks about people: job, tenure, queue. Read from the roster once, at launch."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from foundation.bulk import copy_out
from metrics.selectors.targets import main_queues
from people.models import Job
from people.selectors.tenure import job_spells
from reviews.methods.targets import FACTS


@dataclass(frozen=True)
class Role:
    job: str = ""
    queue: str = ""
    since: datetime.date | None = None
    until: datetime.date | None = None


def roles_of(
    employee_ids: Sequence[int], first: datetime.date, last: datetime.date, *, with_queues: bool
) -> dict[int, Role]:
    """{employee id: Role} as of the period; three queries at most."""
    jobs = dict(Job.objects.values_list("pk", "code"))
    queues = main_queues(employee_ids, first, last) if with_queues else {}
    return {
        spell.employee_id: Role(
            jobs[spell.job_id], queues.get(spell.employee_id, ""), spell.since, spell.until
        )
        for spell in job_spells(employee_ids, last)
    }


def as_frame(roles: dict[int, Role]) -> pd.DataFrame:
    """employee_id and FACTS, as the methods read them."""
    return pd.DataFrame(
        [(pk, role.job, role.queue, role.since, role.until) for pk, role in roles.items()],
        columns=["employee_id", *FACTS],
    )


def frozen_roles(cycle_id: int, employee_ids: Sequence[int]) -> pd.DataFrame:
    """The same of a launched cycle's participants, as it stood at launch. One query."""
    return copy_out(
        """
        SELECT participant.employee_id, job.code AS job, participant.queue,
            participant.role_since, participant.role_until
        FROM reviews_participant AS participant JOIN people_job AS job ON job.id = participant.job_id
        WHERE participant.cycle_id = %s AND participant.employee_id = ANY(%s::bigint[])
        """,
        [cycle_id, list(employee_ids)],
    )
