"""Runs on pages and in the API: who sees which, and the two buttons."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from foundation.refusals import Refusal
from foundation.runs import services
from foundation.runs.models import Run
from tests.cast import Cast
from tests.foundation.conftest import CountingHandler

pytestmark = pytest.mark.django_db

API = "/api/v1/runs/"


def start(person: Any, scope: str = "thing:1") -> Run:
    return services.start_run(actor=person, kind="counting", scope=scope)


def test_the_bar_asks_for_itself_until_the_run_is_over(
    cast: Cast, handler: CountingHandler, as_person: Callable[..., Client]
) -> None:
    run, browser = start(cast.hr), as_person(cast.hr)
    address = f"/runs/{run.pk}/"
    answer = browser.get(address, headers={"HX-Request": "true"})
    assert f'hx-get="{address}"' in answer.content.decode()
    assert "HX-Refresh" not in answer
    services.execute(run.pk)
    answer = browser.get(address, headers={"HX-Request": "true"})
    assert "hx-get" not in answer.content.decode()
    assert answer["HX-Refresh"] == "true"
    page = browser.get(address).content.decode()
    assert "<html" in page


def test_a_failure_is_told_in_words(
    cast: Cast, handler: CountingHandler, as_person: Callable[..., Client]
) -> None:
    def refuse(run: Run, stage: str, key: dict) -> None:
        raise Refusal("run_too_slow", attempts=7)

    handler.trouble = refuse
    run = start(cast.hr)
    services.execute(run.pk)
    text = as_person(cast.hr).get(f"/runs/{run.pk}/").content.decode()
    assert "7" in text
    assert f"/runs/{run.pk}/restart/" in text


def test_stop_and_start_again_by_button(
    cast: Cast, handler: CountingHandler, as_person: Callable[..., Client]
) -> None:
    run, browser = start(cast.hr), as_person(cast.hr)
    answer = browser.post(f"/runs/{run.pk}/stop/", {"next": "/trail/"})
    assert (answer.status_code, answer["Location"]) == (302, "/trail/")
    run.refresh_from_db()
    assert run.state == Run.State.STOPPED
    answer = browser.post(f"/runs/{run.pk}/restart/", {"next": "https://evil.example/"})
    assert answer["Location"] == f"/runs/{run.pk}/"
    run.refresh_from_db()
    assert run.state == Run.State.QUEUED


def test_who_sees_which_runs(cast: Cast, handler: CountingHandler, as_person: Callable[..., Client]) -> None:
    run = start(cast.hr)
    for who, status in {"hr": 200, "payroll": 200, "auditor": 200, "agent": 404, "manager": 404}.items():
        browser = as_person(getattr(cast, who))
        assert browser.get(f"/runs/{run.pk}/").status_code == status, who
    browser = as_person(cast.agent)
    assert browser.post(f"/runs/{run.pk}/stop/").status_code == 404
    assert browser.get("/runs/00000000-0000-0000-0000-000000000000/").status_code == 404
    auditor = as_person(cast.auditor)
    auditor.post(f"/runs/{run.pk}/stop/")
    run.refresh_from_db()
    assert run.state == Run.State.QUEUED
    own = start(cast.manager, "thing:2")
    assert as_person(cast.manager).get(f"/runs/{own.pk}/").status_code == 200


def test_signed_out_people_are_sent_to_the_door(cast: Cast, handler: CountingHandler) -> None:
    answer = Client().get(f"/runs/{start(cast.hr).pk}/")
    assert answer.status_code == 302
    assert answer["Location"].startswith("/sign-in/") or "next=" in answer["Location"]


def test_runs_in_the_api(cast: Cast, handler: CountingHandler, as_program: Callable[..., APIClient]) -> None:
    run = start(cast.hr)
    program = as_program(cast.hr, "metrics:write")
    body = program.get(f"{API}{run.pk}/").json()
    assert (body["state"], body["progress"], body["problem"]) == ("queued", 0.0, "")
    assert [
        row["id"] for row in program.get(API, {"state": "queued", "kind": "counting"}).json()["results"]
    ] == [str(run.pk)]
    assert program.post(f"{API}{run.pk}/stop/").json()["state"] == "stopped"
    assert program.post(f"{API}{run.pk}/stop/").json()["code"] == "run_not_active"
    assert program.post(f"{API}{run.pk}/restart/").json()["state"] == "queued"
    assert as_program(cast.agent).get(f"{API}{run.pk}/").status_code == 404
    assert as_program(cast.hr, "metrics:read").post(f"{API}{run.pk}/stop/").json()["code"] == "scope_missing"
    auditor = as_program(cast.auditor).post(f"{API}{run.pk}/stop/")
    assert auditor.status_code == 403


def test_the_list_costs_the_same_for_ten_and_two_hundred(
    cast: Cast, handler: CountingHandler, as_program: Callable[..., APIClient]
) -> None:
    program, counts = as_program(cast.hr), []
    program.get(API)
    for more in (10, 190):
        Run.objects.bulk_create(
            Run(kind="counting", scope=f"x:{more}:{number}", stages=["gather"], created_by=cast.hr)
            for number in range(more)
        )
        with CaptureQueriesContext(connection) as queries:
            assert program.get(API, {"limit": 200}).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]
