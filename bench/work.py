"""The work: storing a file, scoring a cycle, computing a payout run; each beside the bare pipeline."""

from __future__ import annotations

import io
import shutil
import tempfile
import time
from typing import Any

import numpy as np
import pandas as pd
import psycopg2.extensions
import pyarrow as pa
from django.core.files.base import ContentFile
from django.db import connection as db_connection
from django.db import transaction
from django.test import override_settings
from pyarrow import csv

from bench import bare
from bench.company import DAYS, FIRST_DAY, LAST_DAY, MEASURES, Company, cycle_configuration, day_totals
from bench.report import Row
from bench.workers import Workers
from foundation.intake import services as intake
from foundation.intake.models import Import
from foundation.runs import services as runs
from foundation.runs.models import OutboxMessage, Run
from incentives.models import IncentivePlan, PayoutRun
from incentives.services.payout_runs import create_payout_run
from incentives.services.plans import create_plan
from metrics.services.batches import OBSERVATION_COLUMNS
from people.models import User
from reviews.models import Cycle, ReleaseHold, Result
from reviews.services.cycles import create_cycle, launch_cycle
from reviews.services.phases import release_cycle
from reviews.services.scoring import start_scoring

#: A file holds no more: it must stay under what an import accepts (64 MB).
FILE_ROWS = 1_200_000
PLAN = {
    "eligibility": {"minimum_days": 1},
    "steps": [
        {"kind": "target_bonus", "basis": "salary_share", "share": "0.20"},
        {"kind": "curve", "threshold": "70", "accelerator": "2", "cap": "2.0"},
        {"kind": "proration"},
        {"kind": "rounding"},
    ],
}

#: Every station of a plan: money in from three sides, weighed, held and rounded.
EIGHT_STEPS = {
    "eligibility": {"minimum_days": 1},
    "steps": [
        {"kind": "target_bonus", "basis": "salary_share", "share": "0.20"},
        {"kind": "curve", "threshold": "70", "accelerator": "2", "cap": "2.0"},
        {
            "kind": "tiers",
            "input": "value:volume",
            "mode": "marginal",
            "tiers": [["0", "0.2"], ["500", "0.5"], ["700", "0.8"]],
        },
        {
            "kind": "gate",
            "input": "kpi:inspection",
            "condition": "at_least",
            "limit": "80",
            "otherwise": "0.5",
        },
        {"kind": "deduction", "input": "value:transfer", "rate": "5", "free": "8"},
        {"kind": "proration"},
        {"kind": "limits", "floor": "100", "cap": "5000"},
        {"kind": "rounding"},
    ],
}


# Import ------------------------------------------------------------------------------------------------------------


def measure_import(connection: psycopg2.extensions.connection, company: Company) -> list[Row]:
    """A long CSV of September: each row an employee, a day, a measure, a value and its count."""
    numbers = {pk: code for code, pk in company.measures.items()}
    days = max(1, min(len(DAYS), FILE_ROWS // (company.size * len(MEASURES))))
    people = np.asarray(company.agents)[: FILE_ROWS // len(MEASURES)]
    frames = [
        day_totals(company, 100 + day, people).assign(day=str(DAYS[day].replace(month=9)))
        for day in range(days)
    ]
    frame = pd.concat(frames, ignore_index=True)
    text = io.BytesIO()
    csv.write_csv(
        pa.table(
            {
                "Employee": pa.array([f"E{number:07d}" for number in frame["subject_id"]]),
                "Date": pa.array(frame["day"]),
                "Measure": pa.array(frame["measure_id"].map(numbers)),
                "Value": pa.array(frame["total"]),
                "Count": pa.array(frame["n"]),
            }
        ),
        text,
        csv.WriteOptions(quoting_style="none"),
    )
    hr = User.objects.get(login="hr")
    folder = tempfile.mkdtemp(prefix="laurel-bench-")
    try:
        with override_settings(MEDIA_ROOT=folder):
            upload = intake.store_upload(actor=hr, file=ContentFile(text.getvalue()), name="september.csv")
            size = upload.size
            del text
            record = intake.create_import(
                actor=hr,
                kind="totals",
                upload=upload,
                source_code="totals",
                mapping={
                    "columns": {
                        "employee": "Employee",
                        "date": "Date",
                        "measure": "Measure",
                        "value": "Value",
                        "count": "Count",
                    }
                },
            )
            bare.settle(connection)
            began = time.perf_counter()
            record = intake.check_import(actor=hr, import_record=record)
            if record.run_id:
                runs.execute(record.run_id)
            checked = time.perf_counter() - began
            record.refresh_from_db()
            _must(record.state == Import.State.CHECKED and record.rows_rejected == 0, record)
            began = time.perf_counter()
            record = intake.apply_import(actor=hr, import_record=record)
            runs.execute(record.run_id)
            stored = time.perf_counter() - began
            record.refresh_from_db()
            _must(record.state == Import.State.APPLIED and record.rows_accepted == len(frame), record)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    _forget_news()

    table = bare.empty_observations(connection)
    ready = io.BytesIO()
    rows = frame.assign(subject_type="e", source_id=1, batch_id=1)[OBSERVATION_COLUMNS]
    csv.write_csv(
        pa.Table.from_pandas(rows, preserve_index=False), ready, csv.WriteOptions(include_header=False)
    )
    ready.seek(0)
    bare.settle(connection)
    seconds = bare.copy_text(connection, table, OBSERVATION_COLUMNS, ready)
    bare.drop(connection, table)
    rows_per_second, bare_per_second = len(frame) / stored, len(frame) / seconds
    ratio = rows_per_second / bare_per_second
    return [
        Row(
            company.size,
            f"import {len(frame):,} rows ({size / 2**20:.0f} MB), validated",
            f"{rows_per_second:,.0f} rows/s",
            f"{bare_per_second:,.0f} rows/s",
            ratio,
            ">= 0.5",
            ratio >= 0.5,
            {"store_seconds": stored, "dry_run_seconds": checked, "copy_seconds": seconds},
        ),
        Row(company.size, "  its dry run before", f"{len(frame) / checked:,.0f} rows/s"),
    ]


# Scoring -----------------------------------------------------------------------------------------------------------


def launch(company: Company) -> tuple[Cycle, Row]:
    hr = User.objects.get(login="hr")
    cycle = create_cycle(
        actor=hr,
        code="2025-10",
        first_day=FIRST_DAY,
        last_day=LAST_DAY,
        name_zh="十月",
        name_en="October",
        configuration=cycle_configuration(),
    )
    began = time.perf_counter()
    cycle = launch_cycle(actor=hr, cycle=cycle)
    seconds = time.perf_counter() - began
    return cycle, Row(company.size, "launch of the cycle", f"{seconds:.1f} s", detail={"seconds": seconds})


def measure_scoring(
    connection: psycopg2.extensions.connection, company: Company, cycle: Cycle, environment: dict[str, str]
) -> list[Row]:
    """The bare pipeline, then the product with one and with two processes; the scores must be equal."""
    bare.settle(connection)
    bare_seconds, expected = bare.score(connection, company)
    bare.drop(connection, "bare_score", "bare_result")
    hr = User.objects.get(login="hr")
    rows, seconds = [], {}
    for processes in (1, 2):
        bare.settle(connection)
        with Workers(processes, environment) as workers:
            began = time.perf_counter()
            run = start_scoring(actor=hr, cycle=cycle)
            stages = wait_for(run, workers)
            seconds[processes] = time.perf_counter() - began
            peak = workers.peak_bytes()
        if processes == 1:
            _compare(run, expected)
        ratio = seconds[processes] / bare_seconds["total"]
        has_aim = company.size >= 100_000 and processes == 2
        rows.append(
            Row(
                company.size,
                f"scoring, {processes} worker{'s' if processes > 1 else ''}",
                f"{seconds[processes]:.1f} s, {peak / 2**20:,.0f} MB",
                f"{bare_seconds['total']:.1f} s",
                ratio,
                "<= 1.6, 2 GB" if company.size >= 100_000 else "",
                (ratio <= 1.6 and peak <= 2 * 2**30) if has_aim else None,
                {"stages": stages, "bare": bare_seconds, "peak_bytes": peak, "seconds": seconds[processes]},
            )
        )
        cycle.refresh_from_db()
        _must(cycle.published_run_id == run.pk, cycle)
    rows.append(
        Row(
            company.size,
            "  two workers against one",
            f"{seconds[1] / seconds[2]:.2f} times as fast",
            ratio=seconds[1] / seconds[2],
            aim="> 1",
            met=seconds[2] < seconds[1],
        )
    )
    return rows


def _compare(run: Run, expected: pd.DataFrame) -> None:
    """The same scores as the bare pipeline's, or the two are not the same work."""
    found = dict(Result.objects.filter(run=run).values_list("employee_id", "score"))
    ours = expected["employee_id"].map(found).to_numpy(dtype=float)
    _must(len(found) == len(expected) and np.allclose(ours, expected["score"], atol=2e-4), run)


# Payout ------------------------------------------------------------------------------------------------------------


def measure_payout(
    connection: psycopg2.extensions.connection, company: Company, cycle: Cycle, environment: dict[str, str]
) -> tuple[list[Row], int]:
    """The cycle is released for it; the id is that of the payout run, which waits for approval."""
    released = _release(company, cycle)
    cycle.refresh_from_db()
    rows, payout_run = _payout(connection, company, cycle, environment, "monthly", PLAN, 10)
    eight, _payout_run = _payout(connection, company, cycle, environment, "eight", EIGHT_STEPS, 15)
    return [released, *rows, *eight], payout_run


def _release(company: Company, cycle: Cycle) -> Row:
    """Twice: with feedback asked for, so that everybody's weak points are looked at and whoever lacks a suggestion is
    held, which is measured and undone; then for good, without."""
    hr = User.objects.get(login="hr")
    plain = cycle.configuration
    with transaction.atomic():
        cycle.configuration = {**plain, "feedback": {"required": True, "weak_below": 90, "most": 3}}
        cycle.save(update_fields=["configuration"])
        began = time.perf_counter()
        release_cycle(actor=hr, cycle=cycle)
        with db_connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # what a commit would check
        seconds = time.perf_counter() - began
        held = ReleaseHold.objects.filter(cycle=cycle).count()
        transaction.set_rollback(True)
    cycle.configuration = plain
    release_cycle(actor=hr, cycle=cycle)
    return Row(
        company.size,
        "release with feedback asked for",
        f"{seconds:.2f} s, {held:,} held",
        aim="< 5 s" if company.size == 100_000 else "",
        met=seconds < 5 if company.size == 100_000 else None,
        detail={"seconds": seconds, "held": held},
    )


def _payout(
    connection: psycopg2.extensions.connection,
    company: Company,
    cycle: Cycle,
    environment: dict[str, str],
    code: str,
    configuration: dict[str, Any],
    aim: float,
) -> tuple[list[Row], int]:
    hr = User.objects.get(login="hr")
    plan = create_plan(
        actor=hr,
        code=code,
        name_zh="月度奖",
        name_en="Monthly",
        valid_from=FIRST_DAY,
        configuration=configuration,
    )
    bare.settle(connection)
    with Workers(2, environment) as workers:
        began = time.perf_counter()
        payout_run = create_payout_run(actor=hr, plan=IncentivePlan.objects.get(pk=plan.pk), cycle=cycle)
        assert payout_run.run
        stages = wait_for(payout_run.run, workers)
        seconds = time.perf_counter() - began
        peak = workers.peak_bytes()
    payout_run.refresh_from_db()
    _must(payout_run.state == PayoutRun.State.COMPUTED and payout_run.lines == company.size, payout_run)
    rows = [
        Row(
            company.size,
            f"payout run of {len(configuration['steps'])} steps, 2 workers",
            f"{seconds:.1f} s, {peak / 2**20:,.0f} MB",
            aim=f"<= {aim} s" if company.size == 100_000 else "",
            met=seconds <= aim if company.size == 100_000 else None,
            detail={"seconds": seconds, "stages": stages, "peak_bytes": peak},
        )
    ]
    return rows, payout_run.pk


# Small things ------------------------------------------------------------------------------------------------------


def wait_for(run: Run, workers: Workers, limit: float = 1_800.0) -> dict[str, float]:
    """Until the run is over; the seconds that each stage took, as seen from outside."""
    began = last = time.perf_counter()
    stages: dict[str, float] = {}
    stage = ""
    while True:
        seen = Run.objects.only("state", "stage", "error_code", "error_params").get(pk=run.pk)
        now = time.perf_counter()
        if seen.stage != stage or not seen.is_active:
            stages[stage or "queued"] = round(now - last, 2)
            stage, last = seen.stage, now
        if not seen.is_active:
            break
        if now - began > limit:
            raise RuntimeError(f"the run is not over after {limit} s:\n{workers.log.read_text()[-3000:]}")
        time.sleep(0.02)
    if seen.state != Run.State.DONE:
        raise RuntimeError(
            f"the run ended {seen.state}: {seen.error_code} {seen.error_params}\n{workers.log.read_text()[-4000:]}"
        )
    return stages


def _forget_news() -> None:
    """News of the import would start a computation beside the next measurement."""
    OutboxMessage.objects.filter(relayed_at__isnull=True).delete()


def _must(true: bool, subject: Any) -> None:
    if not true:
        state = {
            key: value
            for key, value in vars(subject).items()
            if key
            in (
                "state",
                "summary",
                "rows_rejected",
                "rows_accepted",
                "message_code",
                "message_params",
                "error_code",
                "lines",
            )
        }
        raise RuntimeError(f"not as it should be: {type(subject).__name__} {state}")
