"""Builds the demonstration company through the doors that its users have: imports, services, runs.

Each step looks whether its work is there already, so a build that was interrupted goes on where it stopped.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from django.core.files.base import ContentFile
from django.db import transaction

from demo import calls, people
from demo.accounts import ACCOUNTS, PASSWORD
from demo.services import abilities, before, cycles, goals, inspections, joint, plans, pools, recognition
from foundation.documents import Problems
from foundation.intake import services as intake
from foundation.intake.models import Import
from foundation.runs import services as runs
from foundation.runs.models import Run
from foundation.trail.services import recording
from operations.services.configuration import load_configuration
from people.models import User
from people.services.employees import save_employee
from people.services.roles import grant_role

Say = Callable[[str], None]

CATALOGUES = [
    Path("demo/company.yaml"),
    Path("metrics/catalogue/catalogue.yaml"),
    Path("demo/sources.yaml"),
    Path("metrics/catalogue/inspection.yaml"),
    Path("reviews/catalogue/templates.yaml"),
    Path("demo/abilities.yaml"),
    Path("demo/joint.yaml"),
    Path("incentives/catalogue/plans.yaml"),
    Path("demo/pool.yaml"),
]


class DemonstrationFailed(Exception):
    """A step of the build did not do what it should: the demonstration's own data or a door is broken."""


def build(*, today: date, root: Path, say: Say) -> None:
    """The whole company as of `today`; about 120 people, three months of calls, two cycles paid,
    one due, three of abilities."""
    company = people.company(today)
    hr = _first_hr(company)
    say("Configuration: sites, jobs, teams, measures, KPIs, sources, templates, plans")
    for path in CATALOGUES:
        loaded = load_configuration(
            actor=hr, content=(root / path).read_bytes(), reason=f"Demonstration: {path.name}"
        )
        _must_be_fine(loaded.problems, path.name)
    say(f"Roster: {len(company)} people in {len(people.TEAMS)} teams")
    _import(hr, "roster", "", "roster.csv", _table(people.roster_rows(company)))
    _import(hr, "compensation", "", "compensation.csv", _table(people.compensation_rows(company)))
    _accounts(hr)
    for file in calls.source_files(company, today):
        say(f"Import: {file.name}")
        _import(hr, "records", file.source, file.name, file.content)
    say("Quality inspection: calls drawn, scored, disputed")
    inspections.inspect_calls(hr=hr, company=company, first_day=people.month_starts(today)[-1], today=today)
    say("KPI values of each month")
    runs.drain_outbox()
    _must_have_run()
    payroll = User.objects.get(login="payroll")
    rng = np.random.default_rng(people.SEED + 2)
    months = people.month_starts(today)
    for first in months[:-1]:
        say(f"Cycle {first:%Y-%m}: scored, released, paid")
        with recording(actor=hr):
            cycles.run_to_payment(
                hr=hr,
                payroll=payroll,
                company=company,
                first_day=first,
                rng=rng,
                asks_for_feedback=first == months[-2],
            )
    say(f"Cycle {months[0]:%Y-%m}: the team pot is split and paid; a part of one bonus comes back")
    with recording(actor=hr):
        pools.fill_and_split(hr=hr, payroll=payroll, first_day=months[0])
    say(f"Cycle {months[-1]:%Y-%m}: waiting for scores")
    with recording(actor=hr):
        cycles.open_for_scoring(hr=hr, company=company, first_day=months[-1], rng=rng)
    say("Before the scores: terms read, talks noted, a wrong target, somebody who stands in")
    before.prepare(first_day=months[-1], today=today)
    say("Recognition: thanks, a spot award, the best of each month")
    recognition.recognise(hr=hr, months=months)
    say("Plans: one that goes on, one that was met, one for somebody who does well")
    plans.make_plans(hr=hr, months=months)
    say("Reviews of abilities: incidents, forms, orders, calibration")
    abilities.note_incidents(company=company, today=today)
    with recording(actor=hr):
        abilities.run(hr=hr, company=company, today=today)
    say("Goals: of the company, a team and its people; one change waits for an answer")
    with recording(actor=hr):
        goals.run(hr=hr, today=today)
    say("Review of many voices: objectives, 360, pairs, the team's scorecard")
    with recording(actor=hr):
        joint.run(hr=hr, company=company, today=today)
    runs.drain_outbox()


def _first_hr(company: list[people.Person]) -> User:
    """HR must exist before anything else can be done by HR; the roster finds the person again by number."""
    person = next(p for p in company if p.login == "hr")
    found = User.objects.filter(login="hr").first()
    if found is None:
        with transaction.atomic():
            found = save_employee(
                actor=None,
                name=person.name,
                login="hr",
                employee_number=person.number,
                hired_on=person.hired_on,
            )
            grant_role(actor=None, user=found, role="hr")
    return found


def _accounts(hr: User) -> None:
    if not User.objects.filter(login="auditor").exists():
        save_employee(actor=hr, name="Auditor", login="auditor", locale=User.Language.ENGLISH)
    for login, role in (("hr2", "hr"), ("payroll", "payroll"), ("auditor", "auditor"), *inspections.ROLES):
        grant_role(actor=hr, user=User.objects.get(login=login), role=role)
    for login, _who in ACCOUNTS:
        user = User.objects.get(login=login)
        # Not set_password of the services: it asks for the present password, and these people have none yet.
        user.set_password(PASSWORD)
        user.save(update_fields=["password"])


def _import(actor: User, kind: str, source: str, name: str, content: bytes) -> None:
    upload = intake.store_upload(actor=actor, file=ContentFile(content), name=name)
    record = intake.create_import(actor=actor, kind=kind, upload=upload, source_code=source)
    record = intake.check_import(actor=actor, import_record=record)
    if record.rows_rejected:
        first = record.rejects.order_by("line")[0]
        raise DemonstrationFailed(f"{name}, line {first.line}, {first.column}: {first.code} {first.params}")
    intake.apply_import(actor=actor, import_record=record)
    runs.drain_outbox()
    record.refresh_from_db()
    if record.state not in (Import.State.APPLIED, Import.State.UNCHANGED):
        raise DemonstrationFailed(f"{name}: {record.state} {record.message_code} {record.message_params}")


def _must_have_run() -> None:
    failed = Run.objects.filter(state=Run.State.FAILED).first()
    if failed is not None:
        raise DemonstrationFailed(
            f"run {failed.kind} {failed.scope}: {failed.error_code} {failed.error_params}"
        )


def _table(rows: list[dict[str, Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def _must_be_fine(problems: Problems, name: str) -> None:
    if problems:
        raise DemonstrationFailed(f"{name}: " + "; ".join(str(problem) for problem in problems))
