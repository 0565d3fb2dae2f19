"""A cycle over October 2025 for the cast's agents: two KPIs (70) and a rating scale (30), with numbers done by hand.

person    csat (n)    response (n)   courtesy, patience    kpis   conduct  overall  rating
agent     4.37 (50)   18 (400)       4, 5                  104    90       99.8     A
peer      4.60 (60)   30 (400)       3, 3                  70     60       67       C
leaver    4.60 (3)    20 (90)        2, 4                  100    60       88       B     csat below its minimum
outsider  4.37 (50)   18 (400)       4, 5                  104    90       99.8     A     ties with agent
mover     –           –              5, 5                  –      100      100      A     KPIs renormalised away
remote    –           –              –                     –      –        –        –     no data
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from foundation.runs import registry
from foundation.runs import services as runs
from foundation.runs.models import Run
from metrics.models import KPI, KPIVersion
from people.models import User
from reviews.models import Cycle, ScoreSheet
from reviews.services import scoring
from reviews.services.cycles import create_cycle, launch_cycle
from reviews.services.judgements import save_judgement, submit_sheets
from reviews.services.phases import release_cycle
from reviews.services.scoring import start_scoring
from tests.cast import Cast
from tests.factories import keep_kpi_value

# (mean, n) of each KPI by person; the totals that enter the formula follow from them.
MEASURED: dict[str, dict[str, tuple[float, int]]] = {
    "agent": {"csat": (4.37, 50), "response_time": (18, 400)},
    "peer": {"csat": (4.6, 60), "response_time": (30, 400)},
    "leaver": {"csat": (4.6, 3), "response_time": (20, 90)},
    "outsider": {"csat": (4.37, 50), "response_time": (18, 400)},
}
JUDGED: dict[str, tuple[int, int]] = {
    "agent": (4, 5),
    "peer": (3, 3),
    "leaver": (2, 4),
    "outsider": (4, 5),
    "mover": (5, 5),
}


def conduct(weight: float = 30) -> dict[str, Any]:
    levels = [
        {"value": value, "points": points, "name": {"en": f"Level {value}"}}
        for value, points in ((1, 20), (2, 40), (3, 60), (4, 80), (5, 100))
    ]
    return {
        "code": "conduct",
        "method": "rating_scale",
        "name": {"zh": "服务行为", "en": "Service conduct"},
        "weight": weight,
        "levels": levels,
        "items": [
            {
                "code": code,
                "weight": 50,
                "name": {"en": code.title()},
                "descriptions": {str(level): {"en": f"{code} {level}"} for level in range(1, 6)},
            }
            for code in ("courtesy", "patience")
        ],
        "comment_required_at": [1],
    }


def kpi_component(weight: float = 70) -> dict[str, Any]:
    return {
        "code": "kpis",
        "method": "kpi",
        "name": {"zh": "关键绩效指标", "en": "Key indicators"},
        "weight": weight,
        "kpis": [
            {"kpi": "csat", "weight": 40, "scoring": "attainment", "target": None, "floor": 0, "cap": 1.2},
            {
                "kpi": "response_time",
                "weight": 60,
                "scoring": "attainment",
                "target": 20,
                "floor": 0,
                "cap": None,
            },
        ],
    }


def configuration(**changes: Any) -> dict[str, Any]:
    return {
        "population": {"teams": [], "jobs": ["agent"], "sites": [], "minimum_days": 1},
        "components": [kpi_component(), conduct()],
        "missing_component": "renormalise",
        "cohort": "cycle",
        "show_rank": True,
        "rating_bands": [
            {"code": "D", "from": 0, "name": {"en": "Poor"}},
            {"code": "C", "from": 60, "name": {"en": "Fair"}},
            {"code": "B", "from": 75, "name": {"en": "Good"}},
            {"code": "A", "from": 90, "name": {"en": "Excellent"}},
        ],
        **changes,
    }


def make_kpi(
    code: str, formula: str, *, target: str | None, direction: str = "higher", minimum: int = 1
) -> KPIVersion:
    kpi = KPI.objects.create(
        code=code,
        name_zh=code,
        name_en=code.replace("_", " ").title(),
        dimension="quality",
        perspective="customer",
    )
    return KPIVersion.objects.create(
        kpi=kpi,
        number=1,
        valid_from=datetime.date(2025, 1, 1),
        formula=formula,
        unit="score",
        direction=direction,
        target=None if target is None else Decimal(target),
        minimum_sample=minimum,
    )


@pytest.fixture
def kpis(db: None) -> dict[str, KPIVersion]:
    return {
        "csat": make_kpi("csat", "sum(csat_score) / count(csat_score)", target="4.6", minimum=5),
        "response_time": make_kpi(
            "response_time", "mean(wait_seconds)", target="25", direction="lower", minimum=20
        ),
    }


MEASURES = {"csat": "csat_score", "response_time": "wait_seconds"}


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch, cast: Cast) -> dict[str, dict[str, tuple[float, int]]]:
    """Stands in for the data: the run's KPI values are these. The room of metrics has its own tests."""
    numbers = {name: dict(values) for name, values in MEASURED.items()}

    def compute(
        *, run: Run, employee_ids: Any, kpi_versions: Any, first_day: Any, last_day: Any
    ) -> pd.DataFrame:
        rows = []
        for name, values in numbers.items():
            person = getattr(cast, name).pk if hasattr(cast, name) else int(name)
            for version in kpi_versions:
                if version.kpi.code not in values or person not in set(employee_ids):
                    continue
                mean, n = values[version.kpi.code]
                measure = MEASURES[version.kpi.code]
                rows.append(
                    {
                        "employee_id": person,
                        "kpi_version_id": version.pk,
                        "value": mean,
                        "standard_error": 0.1,
                        "n": n,
                        "inputs": {f"sum({measure})": mean * n, f"count({measure})": n},
                    }
                )
        by_pk = {version.pk: version for version in kpi_versions}
        for row in rows:
            keep_kpi_value(
                run,
                row["employee_id"],
                by_pk[row["kpi_version_id"]],
                row["value"],
                row["n"],
                standard_error=row["standard_error"],
                inputs=row["inputs"],
            )
        columns = ["employee_id", "kpi_version_id", "value", "standard_error", "n"]
        return pd.DataFrame(rows, columns=columns)

    monkeypatch.setattr(scoring, "compute_kpi_values", compute)
    # Which measures have data is asked at launch; here all have.
    monkeypatch.setattr("reviews.selectors.launch.measures_with_data", lambda codes, first, last: set(codes))
    registry.register(scoring.ScoringHandler)
    return numbers


@pytest.fixture
def draft(cast: Cast, kpis: dict[str, KPIVersion], measured: Any) -> Cycle:
    return create_cycle(
        actor=cast.hr,
        code="oct",
        name_zh="十月考核",
        name_en="October review",
        first_day=cast.first_day,
        last_day=cast.last_day,
        configuration=configuration(),
    )


@pytest.fixture
def rating_cycle(cast: Cast, draft: Cycle) -> Cycle:
    """Launched, forms open and empty."""
    return launch_cycle(actor=cast.hr, cycle=draft)


def sheet_of(cycle: Cycle, employee: User) -> ScoreSheet:
    return ScoreSheet.objects.select_related("rater").get(
        participant__cycle=cycle, participant__employee=employee
    )


def judge(cycle: Cycle, employee: User, levels: tuple[int, ...], *, submit: bool = True) -> ScoreSheet:
    sheet = sheet_of(cycle, employee)
    for item, level in zip(("courtesy", "patience"), levels, strict=False):
        save_judgement(actor=sheet.rater, sheet_id=sheet.pk, item=item, level=level, version=0)
    if submit:
        submit_sheets(actor=sheet.rater, sheet_ids=[sheet.pk])
    return sheet_of(cycle, employee)


@pytest.fixture
def judged_cycle(cast: Cast, rating_cycle: Cycle) -> Cycle:
    for name, levels in JUDGED.items():
        judge(rating_cycle, getattr(cast, name), levels)
    return rating_cycle


def score(actor: User, cycle: Cycle) -> Run:
    run = start_scoring(actor=actor, cycle=cycle)
    done = runs.execute(run.pk)
    assert done is not None
    assert done.state == Run.State.DONE, (done.error_code, done.error_params)
    cycle.refresh_from_db()
    return done


@pytest.fixture
def scored_cycle(cast: Cast, judged_cycle: Cycle) -> Cycle:
    score(cast.hr, judged_cycle)
    return judged_cycle


@pytest.fixture
def released_cycle(cast: Cast, scored_cycle: Cycle) -> Cycle:
    return release_cycle(actor=cast.hr, cycle=scored_cycle, reason="Chengdu has no forms yet")


@pytest.fixture
def query_count() -> Callable[[Callable[[], Any]], int]:
    def count(work: Callable[[], Any]) -> int:
        with CaptureQueriesContext(connection) as captured:
            work()
        return len(captured)

    return count
