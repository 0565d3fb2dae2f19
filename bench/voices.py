"""The methods of many voices: 360 of eight raters a person, ten items each, five objectives, and pairs.

Answers and objectives are written straight into the tables, as the company is; what is measured is the run, and
how long a person waits for the 360 report, for the next pair, and for a level of the tree of goals.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import psycopg2.extensions
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bench import bare
from bench.company import FIRST_DAY, LAST_DAY, Company
from bench.report import Row
from bench.work import wait_for
from bench.workers import Workers
from people.models import User
from reviews.methods.document import component_of
from reviews.models import Cycle, Objective, Result, ScoreSheet
from reviews.models.cycles import Phase
from reviews.selectors.goal_tree import tree_level
from reviews.selectors.objective_progress import progress_of
from reviews.selectors.pairs import pair_form_of
from reviews.selectors.voice_reports import voice_report
from reviews.services.cycles import create_cycle, launch_cycle
from reviews.services.phases import advance_phase
from reviews.services.scoring import start_scoring

ITEMS, RATERS, OBJECTIVES, ASKED = 10, 8, 5, 100
SECONDS, MILLISECONDS = 40.0, 100.0
SIZE, TREE = 20_000, 5_000
WORDS = {"zh": "说明", "en": "Words"}


def measure_voices(
    loader: psycopg2.extensions.connection, company: Company, environment: dict[str, str]
) -> list[Row]:
    hr = User.objects.get(login="hr")
    cycle = create_cycle(
        actor=hr,
        code="voices",
        first_day=FIRST_DAY,
        last_day=LAST_DAY,
        name_zh="多方",
        name_en="Many voices",
        configuration=_configuration(),
    )
    cycle = launch_cycle(actor=hr, cycle=cycle, to_phase=Phase.GOALS)
    _load(loader, cycle)
    cycle.refresh_from_db()
    cycle = advance_phase(actor=hr, cycle=cycle, to_phase=Phase.RATING, reason="Measured")
    rows = [_scoring(loader, company, cycle, environment)]
    cycle.refresh_from_db()
    rows += _waits(company, cycle, hr)
    return rows


def _configuration() -> dict[str, Any]:
    levels = [{"value": value, "points": 20 * value, "name": WORDS} for value in range(1, 6)]
    described = {str(value): WORDS for value in range(1, 6)}
    items = [
        {"code": f"item{number}", "weight": 100 // ITEMS, "name": WORDS, "descriptions": described}
        for number in range(ITEMS)
    ]
    return {
        "population": {"teams": [], "jobs": ["agent"], "sites": [], "minimum_days": 1},
        "components": [
            {
                "code": "voices",
                "method": "multisource",
                "name": WORDS,
                "weight": 50,
                "groups": [
                    {"code": "superior", "weight": 40, "wanted": 1, "maximum": 2},
                    {"code": "peers", "weight": 60, "wanted": 0, "maximum": 10},
                ],
                "minimum_group": 5,
                "small_groups": "merge",
                "levels": levels,
                "items": items,
            },
            {"code": "goals", "method": "objectives", "name": WORDS, "weight": 40},
            {
                "code": "pairs",
                "method": "paired_comparison",
                "name": WORDS,
                "weight": 10,
                "minimum_cohort": 3,
            },
        ],
        "missing_component": "renormalise",
        "rating_bands": [
            {"code": "C", "from": 0, "name": WORDS},
            {"code": "B", "from": 60, "name": WORDS},
            {"code": "A", "from": 75, "name": WORDS},
        ],
    }


_ANSWERS = """
    INSERT INTO reviews_voiceanswer (id, round_id, participant_id, unit, points, score)
    SELECT gen_random_uuid(), voices.id, participant.id, CASE WHEN rater = 0 THEN 'superior' ELSE 'peers' END, points,
        (SELECT avg(each) FROM unnest(points) AS each)
    FROM reviews_voiceround AS voices
    JOIN reviews_participant AS participant ON participant.cycle_id = voices.cycle_id
    CROSS JOIN generate_series(0, %(raters)s - 1) AS rater
    CROSS JOIN LATERAL (
        SELECT array_agg(20.0 * (1 + (participant.id * 7 + rater * 3 + item) %% 5))::float8[] AS points
        FROM generate_series(1, %(items)s) AS item
    ) AS said
    WHERE voices.cycle_id = %(cycle)s
"""
# Half of each rater's pairs, so that the next one has something to be chosen by.
_PAIRS = """
    INSERT INTO reviews_comparison (cycle_id, component, criterion, rater_id, first_id, second_id, outcome, attempt,
        answered_at)
    SELECT %(cycle)s, 'pairs', '', first.rater_id, first.participant_id, second.participant_id,
        (first.participant_id * 7 + second.participant_id * 3) %% 3 - 1, 1, now()
    FROM reviews_scoresheet AS first
    JOIN reviews_scoresheet AS second ON second.rater_id = first.rater_id AND second.component = first.component
        AND second.participant_id > first.participant_id
    JOIN reviews_participant AS one ON one.id = first.participant_id
    JOIN reviews_participant AS other ON other.id = second.participant_id
    WHERE first.component = 'pairs' AND one.cycle_id = %(cycle)s AND other.cycle_id = %(cycle)s
        AND (first.participant_id + second.participant_id) %% 2 = 0
"""
_GOALS = """
    INSERT INTO reviews_objective (cycle_id, employee_id, team_id, parent_id, state, created_by_id, created_at)
    SELECT %(cycle)s, NULL, NULL, NULL, 'draft', %(hr)s, now();
    INSERT INTO reviews_objective (cycle_id, employee_id, team_id, parent_id, state, created_by_id, created_at)
    SELECT %(cycle)s, NULL, team.team_id, top.id, 'draft', %(hr)s, now()
    FROM (SELECT DISTINCT team_id FROM reviews_participant WHERE cycle_id = %(cycle)s) AS team,
        (SELECT min(id) AS id FROM reviews_objective WHERE cycle_id = %(cycle)s) AS top;
    INSERT INTO reviews_objective (cycle_id, employee_id, team_id, parent_id, state, created_by_id, created_at)
    SELECT %(cycle)s, participant.employee_id, NULL, above.id, 'draft', participant.employee_id, now()
    FROM reviews_participant AS participant
    JOIN reviews_objective AS above
        ON above.cycle_id = participant.cycle_id AND above.team_id = participant.team_id
    CROSS JOIN generate_series(1, %(each)s)
    WHERE participant.cycle_id = %(cycle)s;
    INSERT INTO reviews_objectiveversion (objective_id, number, title, why, weight, parent_id, perspective, is_dropped,
        reason, digest, edit, written_by_id, written_at)
    SELECT id, 1, 'Objective', '', CASE WHEN employee_id IS NULL THEN 100 ELSE 100.0 / %(each)s END, parent_id, '',
        false, '', md5(id::text), 1, created_by_id, now()
    FROM reviews_objective WHERE cycle_id = %(cycle)s;
    UPDATE reviews_objective AS objective
    SET latest_version_id = version.id, agreed_version_id = version.id, state = 'agreed'
    FROM reviews_objectiveversion AS version
    WHERE version.objective_id = objective.id AND objective.cycle_id = %(cycle)s;
    INSERT INTO reviews_keyresult (version_id, number, key, title, unit, is_judged, start, target, direction, weight)
    SELECT version.id, 1, 1, 'Counted', '', false, 0, 10, 'higher', 100
    FROM reviews_objectiveversion AS version JOIN reviews_objective AS objective
        ON objective.id = version.objective_id WHERE objective.cycle_id = %(cycle)s;
    INSERT INTO reviews_checkin (objective_id, confidence, comment, created_by_id, created_at)
    SELECT id, 3, '', created_by_id, now() FROM reviews_objective WHERE cycle_id = %(cycle)s;
    INSERT INTO reviews_checkinvalue (check_in_id, objective_id, key, value)
    SELECT noted.id, noted.objective_id, 1, noted.id %% 12
    FROM reviews_checkin AS noted JOIN reviews_objective AS objective ON objective.id = noted.objective_id
    WHERE objective.cycle_id = %(cycle)s;
"""


def _load(loader: psycopg2.extensions.connection, cycle: Cycle) -> None:
    """In a session that asks no trigger and no foreign key; statistics first, else the joins are nested loops."""
    hr = User.objects.get(login="hr")
    with loader.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(
            "ANALYZE reviews_participant, reviews_scoresheet, reviews_voiceround, reviews_comparison"
        )
        cursor.execute(_ANSWERS, {"cycle": cycle.pk, "raters": RATERS, "items": ITEMS})
        cursor.execute(_PAIRS, {"cycle": cycle.pk})
        cursor.execute("UPDATE reviews_voiceround SET is_open = false, secret = NULL, closings = 1")
        for statement in _GOALS.split(";\n"):
            if statement.strip():
                cursor.execute(statement, {"cycle": cycle.pk, "hr": hr.pk, "each": OBJECTIVES})
                cursor.execute("ANALYZE reviews_objective, reviews_objectiveversion, reviews_checkin")
        cursor.execute("SET session_replication_role = DEFAULT")


def _scoring(
    loader: psycopg2.extensions.connection, company: Company, cycle: Cycle, environment: dict[str, str]
) -> Row:
    hr = User.objects.get(login="hr")
    bare.settle(loader)
    with Workers(2, environment) as workers:
        began = time.perf_counter()
        run = start_scoring(actor=hr, cycle=cycle)
        stages = wait_for(run, workers)
        seconds = time.perf_counter() - began
        peak = workers.peak_bytes()
    scored = Result.objects.filter(run=run, score__isnull=False).count()
    if scored != company.size:
        raise RuntimeError(f"{scored} of {company.size} people have a score")
    return Row(
        company.size,
        f"360 of {RATERS} raters x {ITEMS} items, {OBJECTIVES} objectives each",
        f"{seconds:.1f} s, {peak / 2**20:,.0f} MB",
        aim=f"<= {SECONDS:.0f} s" if company.size == SIZE else "",
        met=seconds <= SECONDS if company.size == SIZE else None,
        detail={"seconds": seconds, "stages": stages, "peak_bytes": peak},
    )


def _waits(company: Company, cycle: Cycle, hr: User) -> list[Row]:
    """The 360 report of one person, the next pair of a rater, a level of the tree of goals: p95 of a hundred."""
    component = component_of(cycle.configuration, "voices") or {}
    results = list(Result.objects.filter(run=cycle.published_run_id).order_by("employee_id")[:ASKED])
    sheets = ScoreSheet.objects.filter(participant__cycle=cycle, component="pairs")
    raters = list(User.objects.filter(pk__in=sheets.values("rater")).order_by("pk")[:ASKED])
    goals = Objective.objects.filter(cycle=cycle)
    parents = [
        None,
        *goals.filter(team__isnull=False).order_by("pk").values_list("pk", flat=True)[: ASKED - 1],
    ]

    def report(number: int) -> Any:
        return voice_report(results[number % len(results)], cycle, component)

    def pair(number: int) -> Any:
        return pair_form_of(raters[number % len(raters)], cycle, "pairs").question

    def level(number: int) -> Any:
        found = tree_level(hr, cycle, parents[number % len(parents)])
        return progress_of(cycle, found.nodes)

    people = min(company.size, TREE)
    return [
        _wait(company.size, f"the 360 report of one person, {RATERS} raters", report),
        _wait(company.size, "the next pair of a rater", pair),
        _wait(company.size, f"a level of the tree of goals of {people:,} people and more", level),
    ]


def _wait(size: int, name: str, ask: Callable[[int], Any]) -> Row:
    with CaptureQueriesContext(connection) as captured:
        ask(0)
    milliseconds = []
    for number in range(ASKED):
        began = time.perf_counter()
        ask(number)
        milliseconds.append((time.perf_counter() - began) * 1_000)
    milliseconds.sort()
    p95 = milliseconds[int(ASKED * 0.95)]
    return Row(
        size,
        name,
        f"p95 {p95:.0f} ms, median {milliseconds[ASKED // 2]:.0f} ms, {len(captured)} queries",
        aim=f"<= {MILLISECONDS:.0f} ms",
        met=p95 <= MILLISECONDS,
        detail={"p95_ms": p95, "queries": len(captured)},
    )
