"""September and October 2025 released, written straight into the tables; today is Monday, 10 November 2025.

person    score Sep, Oct    csat value (points) Sep, Oct     months of csat: Aug, Sep, Oct (target 4.6)
agent     55, 58            4.00 (50), 4.10 (55)             3.9, 4.0, 4.1
peer      97, 98            4.70 (100), 4.80 (100)           4.6, 4.7, 4.8
outsider  80, 82            4.00 (50), 4.50 (90)             –
mover     55, 90            –                                –
"""

from __future__ import annotations

import datetime
from typing import Any

import pandas as pd
from django.utils import timezone

from foundation.runs.models import Run
from metrics.models import KPIPeriod, KPIVersion
from people.models import User
from reviews.models import Cycle, ImprovementPlan, Participant, Result
from reviews.services.improvement_plans import agree_to_terms, open_plan
from reviews.services.score_lines import store_lines
from tests.cast import Cast
from tests.factories import keep_kpi_value

NOW = "2025-11-10 10:00:00+08:00"
TODAY = datetime.date(2025, 11, 10)
DEADLINE = datetime.date(2026, 1, 31)
SEPTEMBER = (datetime.date(2025, 9, 1), datetime.date(2025, 9, 30))
OCTOBER = (datetime.date(2025, 10, 1), datetime.date(2025, 10, 31))
MONTHS = [datetime.date(2025, month, 1) for month in (8, 9, 10)]
CONTENT: dict[str, Any] = {
    "causes": [{"kind": "skill", "text": "Calls are closed before the customer has said everything"}],
    "targets": [{"kpi": "csat", "target": 4.5, "by": DEADLINE.isoformat()}],
    "measures": [
        {"text": "Listen to five good calls", "who": "employee", "by": "2025-11-30"},
        {"text": "Sit beside two calls a week", "who": "manager"},
    ],
    "deadline": DEADLINE.isoformat(),
    "every_days": 14,
}
GROWTH: dict[str, Any] = {
    "goals": [{"text": "Lead the late shift alone", "by": DEADLINE.isoformat()}],
    "measures": [{"text": "Course for shift leaders", "who": "hr"}],
    "deadline": DEADLINE.isoformat(),
}
SCORES = {"agent": (55.0, 58.0), "peer": (97.0, 98.0), "outsider": (80.0, 82.0), "mover": (55.0, 90.0)}
LINES = {
    "agent": ((4.0, 50.0), (4.1, 55.0)),
    "peer": ((4.7, 100.0), (4.8, 100.0)),
    "outsider": ((4.0, 50.0), (4.5, 90.0)),
}
VALUES = {"agent": (3.9, 4.0, 4.1), "peer": (4.6, 4.7, 4.8)}


def configuration(version: KPIVersion, method: str = "kpi") -> dict[str, Any]:
    frozen = {
        "id": version.pk,
        "number": version.number,
        "name": {"zh": "满意度", "en": "Satisfaction"},
        "formula": version.formula,
        "unit": version.unit,
        "direction": version.direction,
        "decimals": version.decimals,
        "minimum_sample": version.minimum_sample,
    }
    entry = {
        "kpi": "csat",
        "weight": 100,
        "scoring": "attainment",
        "target": 4.6,
        "floor": 0,
        "cap": 1.2,
        "version": frozen,
    }
    return {
        "components": [{"code": "kpis", "method": method, "name": {}, "weight": 100, "kpis": [entry]}],
        "rating_bands": [],
        "missing_component": "renormalise",
        "cohort": "cycle",
        "show_rank": False,
    }


def released(
    cast: Cast,
    version: KPIVersion,
    code: str,
    period: tuple[datetime.date, datetime.date],
    which: int,
    method: str = "kpi",
) -> Cycle:
    run = Run.objects.create(kind="scoring", scope=f"cycle:{code}", state=Run.State.DONE)
    cycle = Cycle.objects.create(
        code=code,
        name_zh=code,
        name_en=code.title(),
        first_day=period[0],
        last_day=period[1],
        phase="release",
        configuration=configuration(version, method),
        created_by=cast.hr,
        published_run=run,
        released_at=timezone.now(),
    )
    lines = []
    for name, scores in SCORES.items():
        user: User = getattr(cast, name)
        place = user.memberships.order_by("-valid").first()
        assert place is not None
        Participant.objects.create(
            cycle=cycle,
            employee=user,
            team=place.team,
            job=place.job,
            rater=cast.manager,
            days_in_role=30,
            days_in_period=30,
        )
        Result.objects.create(
            run=run, cycle=cycle, employee=user, team_id=place.team_id, score=scores[which], rating="D"
        )
        if name in LINES:
            value, points = LINES[name][which]
            lines.append(
                {
                    "employee_id": user.pk,
                    "component": "kpis",
                    "number": 1,
                    "subject": "csat",
                    "value": value,
                    "target": 4.6,
                    "weight": 100.0,
                    "attainment": points / 100,
                    "points": points,
                    "n": 50,
                    "rule": "attainment",
                }
            )
    store_lines(run, pd.DataFrame(lines))
    return cycle


def both_cycles(cast: Cast, version: KPIVersion, method: str = "kpi") -> tuple[Cycle, Cycle]:
    return (
        released(cast, version, "september", SEPTEMBER, 0, method),
        released(cast, version, "october", OCTOBER, 1, method),
    )


def keep_month(version: KPIVersion, first: datetime.date, values: dict[User, float], n: int = 50) -> None:
    """The standing values of a month, made or added to."""
    last = (first + datetime.timedelta(days=31)).replace(day=1) - datetime.timedelta(days=1)
    period = KPIPeriod.objects.filter(first_day=first).first()
    if period is None:
        run = Run.objects.create(kind="kpi_values", scope=f"kpi_month:{first:%Y-%m}", state=Run.State.DONE)
        period = KPIPeriod.objects.create(first_day=first, last_day=last, published_run=run)
    assert period.published_run is not None
    for user, value in values.items():
        keep_kpi_value(period.published_run, user.pk, version, value, n)


def months(cast: Cast, version: KPIVersion) -> None:
    for place, first in enumerate(MONTHS):
        keep_month(version, first, {getattr(cast, name): values[place] for name, values in VALUES.items()})


def opened(cast: Cast, **changes: Any) -> ImprovementPlan:
    """The agent's, by the manager, on the score of October."""
    return open_plan(
        **{
            "actor": cast.manager,
            "employee_id": cast.agent.pk,
            "kind": "improvement",
            "content": CONTENT,
            "evidence": ["score:october"],
            **changes,
        }
    )


def standing(cast: Cast, **changes: Any) -> ImprovementPlan:
    """The same, agreed to at once."""
    plan = opened(cast, **changes)
    agree_to_terms(actor=plan.employee, plan_id=plan.pk, number=1)
    return plan
