"""A cycle that mixes the methods, and the form that raters fill in.

12 KPIs, 10 rated items and 5 incidents a person, ratings by forced distribution in cohorts of 200. Judgements and
incidents are written straight into the tables, as the company is; what is measured is the run, and the saving of one
cell of a rater's grid and of one answer of an inspection through their addresses: routing, session, rights, the
service, the trail.
"""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import psycopg2.extensions
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bench import bare
from bench.company import FIRST_DAY, GROUP_SIZE, LAST_DAY, Company, cycle_configuration
from bench.report import Row
from bench.work import wait_for
from bench.workers import Workers
from metrics.models import Inspection
from metrics.services.inspection_forms import create_form
from metrics.services.inspection_samples import SampleRequest, draw_sample
from metrics.services.pushing import push_records
from metrics.services.sources import create_source
from people.models import RoleGrant, User
from reviews.models import Cycle, Result, ScoreSheet
from reviews.services.cycles import create_cycle, launch_cycle
from reviews.services.library import create_behaviour, save_strengths
from reviews.services.scoring import start_scoring

ITEMS, INCIDENTS, SAVES = 10, 5, 100
SECONDS, MILLISECONDS = 30.0, 100.0
SIZE = 20_000
GRID_PEOPLE = 20
CALLS, FORM_ITEMS = 20, 8


def measure_mixed(
    loader: psycopg2.extensions.connection, company: Company, environment: dict[str, str]
) -> list[Row]:
    hr = User.objects.get(login="hr")
    with loader.cursor() as cursor:
        # The cohorts: grades of 200 agents each, for a team is smaller.
        cursor.execute(
            "UPDATE people_membership SET grade = 'g' || ((user_id - %s) / %s) WHERE user_id >= %s",
            [company.first_agent, GROUP_SIZE, company.first_agent],
        )
    _library(hr)
    cycle = create_cycle(
        actor=hr,
        code="mixed",
        first_day=FIRST_DAY,
        last_day=LAST_DAY,
        name_zh="综合",
        name_en="Mixed",
        configuration=_configuration(),
    )
    cycle = launch_cycle(actor=hr, cycle=cycle)
    _judgements_and_incidents(loader, company, cycle)
    rows = _scoring(loader, company, cycle, environment)
    return [*rows, _grid(loader, company, cycle), _inspections(company)]


def _library(hr: User) -> None:
    create_behaviour(actor=hr, code="calls-back", name_zh="按约回拨", name_en="Calls back")
    create_behaviour(actor=hr, code="helps", name_zh="帮助同事", name_en="Helps")
    save_strengths(
        actor=hr,
        strengths=[
            {"code": "slight", "name_zh": "一般", "name_en": "Slight", "points": 2},
            {"code": "clear", "name_zh": "明显", "name_en": "Clear", "points": 5},
        ],
    )


def _configuration() -> dict[str, Any]:
    found = cycle_configuration()
    words = {"zh": "说明", "en": "Words"}
    found["components"][0]["weight"] = 60
    found["components"] += [
        {
            "code": "conduct",
            "method": "rating_scale",
            "name": {"zh": "行为", "en": "Conduct"},
            "weight": 30,
            "levels": [{"value": value, "points": 20 * value, "name": words} for value in range(1, 6)],
            "items": [
                {
                    "code": f"item{number}",
                    "weight": 100 // ITEMS,
                    "name": words,
                    "descriptions": {str(value): words for value in range(1, 6)},
                }
                for number in range(ITEMS)
            ],
            "comment_required_at": [],
        },
        {"code": "record", "method": "behaviour", "name": {"zh": "记录", "en": "Record"}, "weight": 10},
    ]
    found["rating"] = {
        "by": "distribution",
        "shares": {"A": 20, "B": 60, "C": 20},
        "cohort": "grade",
        "minimum_group": 20,
    }
    return found


def _judgements_and_incidents(loader: psycopg2.extensions.connection, company: Company, cycle: Cycle) -> None:
    """Loaded as the company is, in a session that asks no trigger and no foreign key. The first rater's stay drafts."""
    with loader.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(
            "ANALYZE reviews_participant, reviews_scoresheet"
        )  # else the join below is a nested loop
        cursor.execute(
            "INSERT INTO reviews_judgement (sheet_id, item, level, not_observed, comment, version, updated_at,"
            " updated_by_id) SELECT sheet.id, 'item' || n, 1 + (sheet.id * 7 + n * 3) %% 5, false, '', 1, now(),"
            " sheet.rater_id FROM reviews_scoresheet AS sheet JOIN reviews_participant AS participant"
            " ON participant.id = sheet.participant_id, generate_series(0, %s - 1) AS n"
            " WHERE participant.cycle_id = %s",
            [ITEMS, cycle.pk],
        )
        cursor.execute("UPDATE reviews_scoresheet SET state = 'submitted', submitted_at = now()")
        cursor.execute(
            "INSERT INTO reviews_incident (employee_id, behaviour_version_id, strength_id, is_good, happened_on,"
            " text, reference, team_id, noted_by_id, noted_at) SELECT participant.employee_id,"
            " (SELECT min(id) FROM reviews_behaviourversion) + n %% 2,"
            " (SELECT min(id) FROM reviews_incidentstrength) + (participant.id + n) %% 2,"
            " (participant.id + n) %% 3 > 0, %s::date + n * 4, 'Seen', '', participant.team_id,"
            " participant.rater_id, now() FROM reviews_participant AS participant,"
            " generate_series(0, %s - 1) AS n WHERE participant.cycle_id = %s",
            [FIRST_DAY, INCIDENTS, cycle.pk],
        )
        cursor.execute("SET session_replication_role = DEFAULT")


def _scoring(
    loader: psycopg2.extensions.connection, company: Company, cycle: Cycle, environment: dict[str, str]
) -> list[Row]:
    hr = User.objects.get(login="hr")
    bare.settle(loader)
    with Workers(2, environment) as workers:
        began = time.perf_counter()
        run = start_scoring(actor=hr, cycle=cycle)
        stages = wait_for(run, workers)
        seconds = time.perf_counter() - began
        peak = workers.peak_bytes()
    results = Result.objects.filter(run=run)
    counts = {code: results.filter(rating=code).count() for code in ("A", "B", "C")}
    if sum(counts.values()) != company.size or not all(counts.values()):
        raise RuntimeError(f"ratings of {company.size} people: {counts}")
    return [
        Row(
            company.size,
            "mixed cycle: 12 KPIs, 10 items, 5 incidents, cohorts of 200",
            f"{seconds:.1f} s, {peak / 2**20:,.0f} MB",
            aim=f"<= {SECONDS:.0f} s" if company.size == SIZE else "",
            met=seconds <= SECONDS if company.size == SIZE else None,
            detail={"seconds": seconds, "stages": stages, "ratings": counts, "peak_bytes": peak},
        )
    ]


def _grid(loader: psycopg2.extensions.connection, company: Company, cycle: Cycle) -> Row:
    """One rater's forms of 20 people given back; a cell is saved through its address, 100 times."""
    sheets = list(
        ScoreSheet.objects.filter(participant__cycle=cycle, component="conduct").order_by("pk")[:GRID_PEOPLE]
    )
    rater = sheets[0].rater
    with loader.cursor() as cursor:
        cursor.execute(
            "UPDATE reviews_scoresheet SET state = 'draft', submitted_at = NULL, rater_id = %s WHERE id = ANY(%s)",
            [rater.pk, [sheet.pk for sheet in sheets]],
        )
    client = Client()
    client.force_login(rater, backend="people.authentication.LoginBackend")
    page = client.get(reverse("reviews:grid", args=[cycle.code, "conduct"]))
    if page.status_code != 200:
        raise RuntimeError(f"the grid answers {page.status_code}")

    def request(number: int) -> tuple[str, dict[str, Any]]:
        sheet, place = sheets[number % len(sheets)], number // len(sheets)
        # The next level after the one that was loaded, so that every save changes something.
        body = {"version": 1, "value": str((sheet.pk * 7 + place * 3 + 1) % 5 + 1)}
        return reverse("reviews:judgement", args=[sheet.pk, f"item{place}"]), body

    name = f"saving a cell of a grid of {len(sheets)} people x {ITEMS} items"
    return saves(company.size, name, client, request)


def _inspections(company: Company) -> Row:
    """A form of eight items; the calls of one agent, drawn for one inspector."""
    hr = User.objects.get(login="hr")
    inspector = User.objects.create(login="inspector", name="Ines Pector", employee_number="Q-1")
    RoleGrant.objects.create(user=inspector, role="inspector")
    source = create_source(
        actor=hr,
        code="calls",
        kind="records",
        name_zh="通话",
        name_en="Calls",
        mapping={
            "columns": {"record_id": "Id", "employee": "Agent", "date": "Date"},
            "measures": {"answered": {"column": "Answered", "type": "number"}},
        },
    )
    agent = User.objects.get(pk=company.first_agent)
    push_records(
        actor=hr,
        source=source,
        batch="calls",
        records=[
            {
                "record_id": f"call-{number:03d}",
                "employee": agent.employee_number,
                "occurred_at": f"{FIRST_DAY + datetime.timedelta(days=number % 20)}T10:15:00+08:00",
                "values": {"answered": 1},
            }
            for number in range(CALLS)
        ],
    )
    words = {"zh": "说明", "en": "Words"}
    items = [
        {"code": f"item{number}", "name": words, "weight": 12.5, "answers": "scale", "highest": 5}
        for number in range(FORM_ITEMS)
    ]
    form = create_form(
        actor=hr,
        code="calls",
        name_zh="质检表",
        name_en="Form",
        content={"fatal_cap": 0, "dispute_days": 7, "comment_on_failed": False, "fatal_errors": [],
                 "sections": [{"code": "call", "name": words, "items": items}]},
        valid_from=FIRST_DAY,
    )  # fmt: skip
    request = SampleRequest(
        form=form, source=source, first_day=FIRST_DAY, last_day=LAST_DAY, per_agent=CALLS, double_percent=0
    )
    draw_sample(actor=hr, request=request, seed=7)
    drawn = list(Inspection.objects.filter(inspector=inspector).order_by("pk"))
    client = Client()
    client.force_login(inspector, backend="people.authentication.LoginBackend")

    def answer(number: int) -> tuple[str, dict[str, Any]]:
        inspection = drawn[number % len(drawn)]
        address = reverse("metrics:inspection_answer", args=[inspection.pk, f"item{number // len(drawn)}"])
        return address, {"version": 0, "value": str(number % 5 + 1)}

    return saves(
        company.size, f"saving an answer of an inspection form of {FORM_ITEMS} items", client, answer
    )


def saves(size: int, name: str, client: Client, request: Callable[[int], tuple[str, dict[str, Any]]]) -> Row:
    """p95 of a hundred autosaves through their addresses, after a first one that counts the queries."""
    milliseconds: list[float] = []
    queries = 0
    for number in range(SAVES + 1):
        address, body = request(number)
        with CaptureQueriesContext(connection) if number == 0 else nullcontext() as captured:
            began = time.perf_counter()
            answer = client.put(address, body, content_type="application/json")
            milliseconds.append((time.perf_counter() - began) * 1_000)
        if captured is not None:
            queries = len(captured)
            milliseconds.clear()
        if answer.status_code != 200:
            raise RuntimeError(f"{name}: {answer.status_code}, {answer.content[:300]!r}")
    milliseconds.sort()
    p95 = milliseconds[int(len(milliseconds) * 0.95)]
    return Row(
        size,
        name,
        f"p95 {p95:.0f} ms, median {milliseconds[len(milliseconds) // 2]:.0f} ms, {queries} queries",
        aim=f"<= {MILLISECONDS:.0f} ms",
        met=p95 <= MILLISECONDS,
        detail={"p95_ms": p95, "queries": queries},
    )
