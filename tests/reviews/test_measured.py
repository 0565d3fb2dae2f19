"""From stored day totals to a released result, with nothing standing in for anything."""

from __future__ import annotations

import datetime
from typing import Any

import pandas as pd
import pytest
from django.db import connection

from foundation.bulk import copy_in
from foundation.documents import Problems, read_document
from metrics.models import Batch, Measure, Source
from metrics.services.catalogue import load_catalogue
from reviews.methods.recompute import recompute
from reviews.models import Cycle, Result
from reviews.selectors.explanations import explanation_of
from reviews.selectors.freshness import results_are_stale
from reviews.selectors.launch import launch_problems
from reviews.services.configuration import load_cycle_templates
from reviews.services.cycles import create_cycle, edit_configuration, launch_cycle
from tests.cast import Cast
from tests.reviews.conftest import conduct, configuration, judge, score
from tests.reviews.test_configuration import SHIPPED

pytestmark = pytest.mark.django_db

# (number of values, their total) of October, by person: 400 calls, 100 marks of 4.2 on average, ...
TOTALS: dict[str, dict[str, tuple[int, float]]] = {
    "agent": {
        "satisfaction": (100, 420),
        "answered": (400, 400),
        "resolved": (400, 340),
        "answer_seconds": (400, 12_000),
        "complaints": (400, 8),
        "inspection_score": (5, 440),
    },
    # Below the minimum of 30 marks; resolves less; nobody complained and nothing was inspected.
    "peer": {
        "satisfaction": (10, 50),
        "answered": (200, 200),
        "resolved": (200, 136),
        "answer_seconds": (200, 9_000),
    },
}


@pytest.fixture
def totals(cast: Cast) -> None:
    assert not list(load_catalogue(actor=None))
    source = Source.objects.create(code="telephone", kind="totals", name_en="Telephone")
    store(cast, source, "october", TOTALS)


def store(cast: Cast, source: Source, name: str, numbers: dict[str, dict[str, tuple[int, float]]]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT metrics_ensure_months('2025-10-01', '2025-10-31')")
    measures = dict(Measure.objects.values_list("code", "pk"))
    batch = Batch.objects.create(
        source=source,
        name=name,
        content_digest=name,
        state=Batch.State.LIVE,
        first_day=datetime.date(2025, 10, 1),
        last_day=datetime.date(2025, 10, 31),
        measure_ids=sorted({measures[code] for values in numbers.values() for code in values}),
    )
    copy_in(
        "metrics_observation",
        pd.DataFrame(
            [
                {
                    "subject_type": "e",
                    "subject_id": getattr(cast, person).pk,
                    "measure_id": measures[code],
                    "day": datetime.date(2025, 10, 15),
                    "source_id": source.pk,
                    "batch_id": batch.pk,
                    "n": n,
                    "total": float(total),
                    "total_sq": float(total) ** 2 / n + n,
                }
                for person, values in numbers.items()
                for code, (n, total) in values.items()
            ]
        ),
    )


@pytest.fixture
def cycle(cast: Cast, totals: None) -> Cycle:
    problems = Problems()
    items = read_document(SHIPPED.read_bytes())["cycle_templates"]
    load_cycle_templates(items, actor=cast.hr, problems=problems, path=())
    assert not problems
    made = create_cycle(
        actor=cast.hr,
        code="oct",
        name_en="October",
        first_day=cast.first_day,
        last_day=cast.last_day,
        template="monthly-agents",
    )
    # Only the KPIs: judging is tested elsewhere.
    component = made.configuration["components"][0] | {"weight": 100}
    return edit_configuration(
        actor=cast.hr,
        cycle=made,
        configuration={**made.configuration, "components": [component]},
        version=made.version,
    )


def test_from_day_totals_to_results(cast: Cast, cycle: Cycle) -> None:
    assert launch_problems(cycle) == []
    cycle = launch_cycle(actor=cast.hr, cycle=cycle, to_phase="collection")
    score(cast.hr, cycle)
    found = {
        cast.name_of(each.employee_id): each
        for each in Result.objects.filter(run=cycle.published_run).select_related("employee")
    }
    # satisfaction 4.2 of 4.2: 100; resolution 85 % of 85: 100; inspection 88 of 88: 100; 30 s of 30: 100;
    # complaints 2 % in the band from 2: 75. 0.85 * 100 + 0.15 * 75 = 96.25.
    assert (found["agent"].score, found["agent"].rating, found["agent"].rank) == (96.25, "A", 1)
    # resolution 68 % of 85: 80, weight 25; 45 s: 2 - 1.5 = 50, weight 15; no complaint: 100, weight 15. 42.5 / 55.
    assert found["peer"].score == round((25 * 80 + 15 * 50 + 15 * 100) / 55, 6)
    assert {name for name, each in found.items() if each.state == "no_data"} == {
        "leaver",
        "outsider",
        "mover",
        "remote",
    }
    for each in found.values():
        again = recompute(explanation_of(each, cycle))
        assert (again["score"], again["rating"], again["rank"]) == (each.score, each.rating, each.rank)
        lines = {line["subject"]: line for line in again["components"]["kpis"]["lines"]}
        for line in explanation_of(each, cycle)["components"][0]["lines"]:
            assert lines[line["subject"]]["value"] == line["value"], (each.employee.name, line["subject"])


def test_a_corrected_file_makes_results_stale(cast: Cast, cycle: Cycle) -> None:
    cycle = launch_cycle(actor=cast.hr, cycle=cycle, to_phase="collection")
    score(cast.hr, cycle)
    assert not results_are_stale(cycle)
    store(cast, Source.objects.get(), "october-corrected", {"agent": {"complaints": (400, 4)}})
    assert results_are_stale(cycle)


def test_a_kpi_without_data_keeps_a_past_cycle_from_launch(cast: Cast, cycle: Cycle) -> None:
    batch = Batch.objects.get()
    batch.measure_ids.remove(Measure.objects.get(code="inspection_score").pk)
    batch.save()
    [problem] = launch_problems(cycle)
    assert (problem.code, problem.severity) == ("cycle_kpi_without_data", "error")


def test_a_cycle_of_judgements_alone_needs_no_data(cast: Cast, kpis: Any) -> None:
    made = create_cycle(
        actor=cast.hr,
        code="oct",
        name_en="October",
        first_day=cast.first_day,
        last_day=cast.last_day,
        configuration=configuration(components=[conduct(100)]),
    )
    cycle = launch_cycle(actor=cast.hr, cycle=made)
    judge(cycle, cast.agent, (4, 5))
    score(cast.hr, cycle)
    assert Result.objects.get(run=cycle.published_run, employee=cast.agent).score == 90.0
