"""The whole chain by REST, and what it answers to nonsense."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from foundation.runs import services as runs
from foundation.runs.models import Run
from reviews.models import Cycle, Judgement, ScoreSheet
from tests.cast import Cast
from tests.reviews.conftest import JUDGED, configuration, sheet_of

pytestmark = pytest.mark.django_db


def api(user: Any) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


def send(client: Client, method: str, path: str, body: Any = None, **headers: str) -> Any:
    return client.generic(
        method,
        f"/api/v1{path}",
        json.dumps(body) if body is not None else "",
        content_type="application/json",
        headers=headers,
    )


def test_a_cycle_by_rest_alone(cast: Cast, kpis: Any, measured: Any) -> None:
    hr = api(cast.hr)
    made = send(
        hr,
        "POST",
        "/cycles/",
        {
            "code": "oct",
            "name_en": "October",
            "first_day": "2025-10-01",
            "last_day": "2025-10-31",
            "configuration": configuration(show_rank=False),
        },
    )
    assert made.status_code == 201, made.content
    changed = send(
        hr, "PATCH", "/cycles/oct/", {"version": made.json()["version"], "configuration": configuration()}
    )
    assert changed.json()["configuration"]["show_rank"] is True
    assert send(hr, "GET", "/cycles/oct/problems/").json() == []
    launched = send(hr, "POST", "/cycles/oct/launch/", {"to_phase": "rating"})
    assert (launched.status_code, launched.json()["phase"]) == (200, "rating")
    cycle = Cycle.objects.get()
    for name, levels in JUDGED.items():
        sheet = sheet_of(cycle, getattr(cast, name))
        rater = api(sheet.rater)
        for item, level in zip(("courtesy", "patience"), levels, strict=True):
            saved = send(
                rater, "PUT", f"/sheets/{sheet.pk}/judgements/{item}/", {"version": 0, "level": str(level)}
            )
            assert (saved.status_code, saved.json()["version"]) == (200, 1)
        assert send(rater, "POST", f"/sheets/{sheet.pk}/submit/").json()["state"] == "submitted"
    started = send(hr, "POST", "/cycles/oct/score/")
    assert started.status_code == 202
    runs.execute(started.json()["run"])
    assert send(hr, "POST", "/cycles/oct/release/", {}).status_code == 422  # the director's form is open
    released = send(hr, "POST", "/cycles/oct/release/", {"reason": "Nobody to judge in Chengdu yet"})
    assert (released.status_code, released.json()["phase"]) == (200, "release")
    found = send(hr, "GET", "/cycles/oct/results/?ordering=-score").json()["results"]
    scores = {row["employee"]["employee_number"]: row["score"] for row in found}
    assert scores == {
        "E0004": 99.8,
        "E0005": 67.0,
        "E0006": 88.0,
        "E0008": 99.8,
        "E0010": 100.0,
        "E0009": None,
    }
    own = send(api(cast.agent), "GET", f"/cycles/oct/results/{cast.agent.pk}/").json()
    assert (own["score"], own["rank"], own["cohort"]["above"]) == (99.8, 2, 1)
    assert own["components"][0]["lines"][0]["inputs"] == {"sum(csat_score)": 218.5, "count(csat_score)": 50}


def test_every_problem_of_a_configuration_has_its_pointer(cast: Cast, draft: Cycle) -> None:
    document = configuration()
    document["components"][0]["kpis"][0]["kpi"] = "nps"
    document["components"][1]["weight"] = -1
    answer = send(
        api(cast.hr), "PATCH", "/cycles/oct/", {"version": draft.version, "configuration": document}
    )
    assert answer.status_code == 422
    assert answer["content-type"].startswith("application/problem+json")
    assert [error["pointer"] for error in answer.json()["errors"]] == ["#/configuration/components/1/weight"]
    document["components"][1]["weight"] = 30
    answer = send(
        api(cast.hr), "PATCH", "/cycles/oct/", {"version": draft.version, "configuration": document}
    )
    assert [error["pointer"] for error in answer.json()["errors"]] == [
        "#/configuration/components/0/kpis/0/kpi"
    ]
    draft.refresh_from_db()
    assert draft.configuration_version == 0


def test_the_same_key_launches_once(cast: Cast, draft: Cycle) -> None:
    hr = api(cast.hr)
    first = send(hr, "POST", "/cycles/oct/launch/", {}, **{"idempotency-key": "launch-1"})
    again = send(hr, "POST", "/cycles/oct/launch/", {}, **{"idempotency-key": "launch-1"})
    assert (first.status_code, again.status_code) == (200, 200)
    assert send(hr, "POST", "/cycles/oct/launch/", {}).status_code == 409


def test_a_stale_judgement_shows_both(cast: Cast, rating_cycle: Cycle) -> None:
    sheet = sheet_of(rating_cycle, cast.agent)
    address = f"/sheets/{sheet.pk}/judgements/courtesy/"
    client = api(cast.manager)
    send(client, "PUT", address, {"version": 0, "level": "4"})
    answer = send(client, "PUT", address, {"version": 0, "level": "2"})
    assert answer.status_code == 409
    assert (answer.json()["params"]["level"], answer.json()["params"]["version"]) == ("4", 1)


@pytest.mark.parametrize("role", ["agent", "peer", "other_manager", "hr", "auditor"])
def test_a_form_of_someone_else_cannot_be_written(cast: Cast, rating_cycle: Cycle, role: str) -> None:
    sheet = sheet_of(rating_cycle, cast.agent)
    client = api(getattr(cast, role))
    written = send(client, "PUT", f"/sheets/{sheet.pk}/judgements/courtesy/", {"version": 0, "level": "4"})
    absent = send(client, "PUT", "/sheets/999999/judgements/courtesy/", {"version": 0, "level": "4"})
    assert (written.status_code, written.json()) == (absent.status_code, absent.json())
    assert written.status_code == 404
    assert not Judgement.objects.exists()


@pytest.mark.parametrize("role", ["manager", "agent", "auditor", "payroll"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/cycles/"),
        ("PATCH", "/cycles/oct/"),
        ("POST", "/cycles/oct/launch/"),
        ("POST", "/cycles/oct/score/"),
        ("POST", "/cycles/oct/phase/"),
        ("POST", "/cycles/oct/release/"),
    ],
)
def test_only_hr_changes_cycles(cast: Cast, draft: Cycle, role: str, method: str, path: str) -> None:
    assert send(api(getattr(cast, role)), method, path, {}).status_code == 403
    draft.refresh_from_db()
    assert (draft.phase, draft.version) == ("setup", 1)
    assert not Run.objects.exists()


NONSENSE: list[Any] = [
    [],
    "text",
    {"version": 0},
    {"version": "x", "level": "4"},
    {"version": -1, "level": "4"},
    {"version": 10**30, "level": "4"},
    {"version": 0, "level": {"a": 1}},
    {"version": 0, "level": "٤"},
    {"version": 0, "level": "1e999999"},
    {"version": 0, "comment": "x" * 3000},
    {"version": 0, "level": "4", "state": "submitted"},
]


@pytest.mark.parametrize("body", NONSENSE, ids=[json.dumps(body)[:40] for body in NONSENSE])
def test_nonsense_as_judgement_is_no_server_error(cast: Cast, rating_cycle: Cycle, body: Any) -> None:
    sheet = sheet_of(rating_cycle, cast.agent)
    answer = send(api(cast.manager), "PUT", f"/sheets/{sheet.pk}/judgements/courtesy/", body)
    assert answer.status_code < 500, answer.content
    assert ScoreSheet.objects.get(pk=sheet.pk).state == "draft"


@pytest.mark.parametrize(
    "document",
    [
        pytest.param([], id="a list"),
        pytest.param("x" * 10_000, id="a long text"),
        pytest.param({"components": [{}]}, id="an empty component"),
        pytest.param({"components": [[1]]}, id="a list as component"),
        pytest.param({"components": [{"method": ["kpi"]}]}, id="a list as method"),
        pytest.param(
            {"components": [{"method": "kpi", "code": "k", "weight": 1e308, "kpis": 3}]}, id="huge weight"
        ),
        pytest.param(
            {"components": [{"method": "kpi", "code": "k", "weight": 10**400, "kpis": []}]}, id="huge integer"
        ),
        pytest.param({"components": [], "rating_bands": [{"code": "A", "from": "x"}]}, id="text as a number"),
        pytest.param({"components": [], "population": {"minimum_days": True}}, id="a truth value as days"),
        pytest.param({"components": [], "rating_bands": [{"code": {}, "from": None}]}, id="objects as codes"),
    ],
)
def test_nonsense_as_configuration_is_no_server_error(cast: Cast, draft: Cycle, document: Any) -> None:
    answer = send(
        api(cast.hr), "PATCH", "/cycles/oct/", {"version": draft.version, "configuration": document}
    )
    assert 400 <= answer.status_code < 500, answer.content
    draft.refresh_from_db()
    assert draft.configuration_version == 0
