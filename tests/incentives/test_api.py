"""The whole chain of pay by REST alone, who may call what, and what malformed calls are answered."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from foundation.clients.models import Scope
from foundation.clients.services.tokens import create_token
from foundation.runs import services as runs
from incentives.models import IncentivePlan, LedgerEntry, PayoutDecision, PayoutRun
from incentives.steps import engine
from people.models import User
from reviews.models import Cycle
from tests.cast import Cast
from tests.incentives.world import (
    CONFIGURATION,
    SEPTEMBER,
    approved,
    computed,
    crowd,
    plan_of,
    released_cycle,
)

pytestmark = pytest.mark.django_db
SCOPES = {
    "hr": [Scope.PAYOUTS_READ, Scope.PAYOUTS_WRITE, Scope.PAYOUTS_APPROVE],
    "payroll": [Scope.PAYOUTS_READ, Scope.PAYOUTS_APPROVE],
    "auditor": [Scope.PAYOUTS_READ],
}


class Caller:
    def __init__(self, user: User, scopes: list[Any] | None = None) -> None:
        wanted = scopes or SCOPES.get(user.login, [Scope.PAYOUTS_READ])
        _token, secret = create_token(actor=user, name="test", scopes=wanted)
        self.headers = {"Authorization": f"Bearer {secret}", "Accept-Language": "en"}

    def get(self, path: str, **query: Any) -> Any:
        return Client().get(f"/api/v1/{path}", query, headers=self.headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        data = body if isinstance(body, str | bytes) else json.dumps(body if body is not None else {})
        return Client().post(
            f"/api/v1/{path}", data, content_type="application/json", headers=self.headers | headers
        )

    def patch(self, path: str, body: Any) -> Any:
        return Client().patch(
            f"/api/v1/{path}", json.dumps(body), content_type="application/json", headers=self.headers
        )


@pytest.fixture
def plan(cast: Cast) -> IncentivePlan:
    return plan_of(cast)


@pytest.fixture
def cycle(cast: Cast) -> Cycle:
    return released_cycle(
        cast, {cast.agent: 106.0, cast.peer: 85.0, cast.leaver: 100.0}, days={cast.leaver: 15}
    )


def test_from_rules_to_the_payroll_file_by_rest_alone(cast: Cast, cycle: Cycle) -> None:
    hr, payroll, agent = Caller(cast.hr), Caller(cast.payroll), Caller(cast.agent)
    created = hr.post(
        "plans/",
        {"code": "rest", "name_en": "By REST", "valid_from": "2025-01-01", "configuration": CONFIGURATION},
    )
    assert created.status_code == 201, created.content
    assert created.json()["versions"][0]["sentences"][0] == "The target bonus is 20% of the monthly salary."

    queued = hr.post("payout-runs/", {"plan": "rest", "cycle": cycle.code}, **{"Idempotency-Key": "one"})
    assert queued.status_code == 201, queued.content
    again = hr.post("payout-runs/", {"plan": "rest", "cycle": cycle.code}, **{"Idempotency-Key": "one"})
    assert (again.status_code, again.json()["id"]) == (201, queued.json()["id"])
    assert PayoutRun.objects.count() == 1
    runs.execute(queued.json()["run"])
    here = f"payout-runs/{queued.json()['id']}/"
    waiting = hr.get(here).json()
    assert (waiting["state"], waiting["total"], waiting["open_decisions"]) == ("computed", "1944.00", 1)

    open_lines = hr.get(f"{here}lines/", status="undecided").json()["results"]
    assert [(line["name"], line["amount"], line["reason"]) for line in open_lines] == [
        ("周舟", "580.65", "left the company")
    ]
    refused = payroll.post(f"{here}approve/", {"digest": waiting["digest"]})
    assert (refused.status_code, refused.json()["code"]) == (409, "payout_undecided")
    decided = hr.post(
        f"{here}decide/", {"employee": open_lines[0]["employee"], "decision": "pay", "reason": "Contract"}
    )
    assert decided.json()["total"] == "2524.65"
    stale = payroll.post(f"{here}approve/", {"digest": waiting["digest"]})
    assert (stale.status_code, stale.json()["code"]) == (409, "payout_changed")
    own = hr.post(f"{here}approve/", {"digest": decided.json()["digest"]})
    assert (own.status_code, own.json()["code"]) == (403, "payout_own")
    done = payroll.post(f"{here}approve/", {"digest": decided.json()["digest"]})
    assert (done.status_code, done.json()["state"], done.json()["approved_by"]) == (
        200,
        "approved",
        "Pat Roll",
    )
    twice = payroll.post(f"{here}approve/", {"digest": decided.json()["digest"]})
    assert twice.status_code == 409
    assert LedgerEntry.objects.count() == 3

    file = payroll.post(f"{here}export/", {"format": "csv"})
    assert file.status_code == 200
    assert file["X-Export-Repeat"] == "false"
    repeat = payroll.post(f"{here}export/", {"format": "csv"})
    assert repeat.content == file.content
    assert repeat["X-Export-Repeat"] == "true"

    listed = agent.get("statements/").json()["results"]
    assert [(row["plan"], row["cycle"], row["amount"]) for row in listed] == [("rest", "2025-10", "1344.00")]
    statement = agent.get(f"statements/{listed[0]['id']}/").json()
    assert statement["one_more_point"] == "24.00"
    assert statement["cycle_total"] == "1344.00"
    assert [entry["kind"] for entry in statement["entries"]] == ["earned"]
    for step in statement["steps"]:
        assert str(engine.recompute(step["kind"], step["inputs"])) == step["amount"]
    assert statement["steps"][1]["text"] == "× 1.12 because score 106 lies between 100 and 150"


def test_correction_by_rest(cast: Cast, plan: IncentivePlan) -> None:
    cycle = released_cycle(cast, {cast.agent: 106.0})
    approved(cast, computed(cast, plan, cycle))
    hr = Caller(cast.hr)
    refused = hr.post("payout-runs/", {"plan": plan.code, "cycle": cycle.code})
    assert (refused.status_code, refused.json()["code"]) == (409, "payout_already_approved")
    no_reason = hr.post("payout-runs/", {"plan": plan.code, "cycle": cycle.code, "kind": "adjusting"})
    assert (no_reason.status_code, no_reason.json()["code"]) == (422, "payout_reason")
    created = hr.post(
        "payout-runs/", {"plan": plan.code, "cycle": cycle.code, "kind": "adjusting", "reason": "Late data"}
    )
    assert created.status_code == 201


def test_problems_of_a_configuration_have_pointers(cast: Cast) -> None:
    broken = {"steps": [{"kind": "curve", "threshold": "x", "cap": "2"}, {"kind": "rounding"}]}
    answer = Caller(cast.hr).post(
        "plans/", {"code": "p", "name_en": "P", "valid_from": "2025-01-01", "configuration": broken}
    )
    assert answer.status_code == 422
    assert answer["Content-Type"] == "application/problem+json"
    pointers = {error["pointer"]: error["code"] for error in answer.json()["errors"]}
    assert pointers["#/configuration/steps/0/threshold"] == "step_not_a_number"
    assert pointers["#/configuration/steps/0"] == "step_before_base"
    assert not IncentivePlan.objects.exists()


def test_versions_and_details(cast: Cast, plan: IncentivePlan) -> None:
    hr = Caller(cast.hr)
    made = hr.post(
        f"plans/{plan.code}/versions/",
        {"valid_from": "2025-12-01", "configuration": CONFIGURATION, "seen_number": 1},
    )
    assert (made.status_code, made.json()["number"]) == (201, 2)
    stale = hr.post(
        f"plans/{plan.code}/versions/",
        {"valid_from": "2026-01-01", "configuration": CONFIGURATION, "seen_number": 1},
    )
    assert (stale.status_code, stale.json()["code"]) == (409, "plan_stale")
    assert [row["number"] for row in hr.get(f"plans/{plan.code}/versions/").json()["results"]] == [2, 1]
    changed = hr.patch(f"plans/{plan.code}/", {"is_active": False})
    assert changed.json()["is_active"] is False
    assert hr.get("plans/", is_active="false").json()["results"][0]["code"] == plan.code
    assert "steps" in hr.get("plan-schema/").json()["properties"]


READERS = {"hr", "payroll", "auditor"}


@pytest.mark.parametrize("who", ["hr", "payroll", "auditor", "manager", "agent", "outsider"])
def test_who_reads_what(cast: Cast, plan: IncentivePlan, cycle: Cycle, who: str) -> None:
    payout_run = computed(cast, plan, cycle)
    caller = Caller(getattr(cast, who))
    for path in (
        "plans/",
        f"plans/{plan.code}/",
        f"plans/{plan.code}/versions/",
        "plan-schema/",
        "payout-runs/",
        f"payout-runs/{payout_run.pk}/",
        f"payout-runs/{payout_run.pk}/lines/",
    ):
        assert (path, caller.get(path).status_code) == (path, 200 if who in READERS else 403)
    assert caller.get("statements/").json()["results"] == []


@pytest.mark.parametrize(
    ("who", "seen"),
    [
        pytest.param("agent", {"agent"}, id="the own one"),
        pytest.param("manager", set(), id="a manager none"),
        pytest.param("outsider", set(), id="an outsider none"),
        pytest.param("payroll", {"agent", "peer"}, id="payroll all"),
        pytest.param("auditor", {"agent", "peer"}, id="an auditor all"),
        pytest.param("hr", {"agent", "peer"}, id="HR all"),
    ],
)
def test_statements_that_are_seen(cast: Cast, plan: IncentivePlan, who: str, seen: set[str]) -> None:
    payout_run = approved(
        cast, computed(cast, plan, released_cycle(cast, {cast.agent: 90.0, cast.peer: 90.0}))
    )
    caller = Caller(getattr(cast, who))
    found = {cast.name_of(row["employee"]) for row in caller.get("statements/").json()["results"]}
    assert found == seen
    for name in ("agent", "peer"):
        line = payout_run.payout_lines.get(employee=getattr(cast, name))
        assert caller.get(f"statements/{line.pk}/").status_code == (200 if name in seen else 404)
    # A filter by someone else's id finds nothing rather than saying that it is forbidden.
    found = {
        cast.name_of(row["employee"])
        for row in caller.get("statements/", employee=cast.peer.pk).json()["results"]
    }
    assert found == seen & {"peer"}


@pytest.mark.parametrize("who", ["payroll", "auditor", "manager", "agent"])
@pytest.mark.parametrize("path", ["decide/", "recompute/"])
def test_only_hr_computes_and_decides(
    cast: Cast, plan: IncentivePlan, cycle: Cycle, who: str, path: str
) -> None:
    payout_run = computed(cast, plan, cycle)
    answer = Caller(getattr(cast, who)).post(
        f"payout-runs/{payout_run.pk}/{path}",
        {"employee": cast.leaver.pk, "decision": "pay", "reason": "x"},
    )
    assert answer.status_code == 403
    assert not PayoutDecision.objects.exists()
    assert PayoutRun.objects.count() == 1


@pytest.mark.parametrize("who", ["hr", "auditor", "manager", "agent"])
def test_who_does_not_approve(cast: Cast, plan: IncentivePlan, cycle: Cycle, who: str) -> None:
    payout_run = computed(cast, plan, cycle)
    answer = Caller(getattr(cast, who)).post(
        f"payout-runs/{payout_run.pk}/approve/", {"digest": payout_run.content_digest}
    )
    assert answer.status_code == 403
    payout_run.refresh_from_db()
    assert payout_run.state == PayoutRun.State.COMPUTED


def test_a_token_without_the_scope_is_refused(cast: Cast, plan: IncentivePlan, cycle: Cycle) -> None:
    payout_run = computed(cast, plan, cycle)
    caller = Caller(cast.payroll, [Scope.PAYOUTS_READ])
    answer = caller.post(f"payout-runs/{payout_run.pk}/approve/", {"digest": payout_run.content_digest})
    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")


JUNK = [
    pytest.param("", id="nothing"),
    pytest.param("{", id="half a JSON"),
    pytest.param("[]", id="a list"),
    pytest.param("3", id="a number"),
    pytest.param('{"plan": "\\u0000", "cycle": "\\ud800"}', id="NUL and a lone surrogate"),
    pytest.param('{"plan": {"a": 1}, "cycle": [1]}', id="wrong types"),
    pytest.param(
        '{"employee": 99999999999999999999999999, "decision": "pay", "reason": null, "digest": 1e999}',
        id="huge numbers",
    ),
    pytest.param('{"code": "x", "name_en": "x", "valid_from": "2025-01-01", "configuration": NaN}', id="NaN"),
    pytest.param(
        '{"code": "x", "name_en": "x", "valid_from": "2025-01-01", "configuration": '
        '{"steps": [{"kind": ["a"], "share": {"b": 1}}, null, {"kind": "tiers", "tiers": [[[], {}]]}]}}',
        id="junk in steps",
    ),
    pytest.param(
        '{"code": "x", "name_en": "x", "valid_from": "2025-01-01", "configuration": '
        + "[" * 500
        + "]" * 500
        + "}",
        id="deep nesting",
    ),
    pytest.param(
        '{"code": "x", "name_en": "x", "valid_from": "2025-01-01", "configuration": {"steps": [{"kind": "fixed", '
        '"value": ' + "9" * 4000 + '}, {"kind": "rounding"}]}}',
        id="a number of 4,000 digits",
    ),
]


@pytest.mark.parametrize("body", JUNK)
def test_malformed_bodies_are_never_a_server_error(
    cast: Cast, plan: IncentivePlan, cycle: Cycle, body: str
) -> None:
    payout_run = computed(cast, plan, cycle)
    hr, payroll = Caller(cast.hr), Caller(cast.payroll)
    for caller, path in (
        (hr, "plans/"),
        (hr, f"plans/{plan.code}/versions/"),
        (hr, "payout-runs/"),
        (hr, f"payout-runs/{payout_run.pk}/decide/"),
        (payroll, f"payout-runs/{payout_run.pk}/approve/"),
        (payroll, f"payout-runs/{payout_run.pk}/reject/"),
        (payroll, f"payout-runs/{payout_run.pk}/export/"),
    ):
        answer = caller.post(path, body)
        assert (path, answer.status_code // 100) == (path, 4)
    assert PayoutRun.objects.count() == 1
    assert IncentivePlan.objects.count() == 1


@pytest.mark.parametrize(
    "query",
    [
        {"cursor": "x"},
        {"limit": "0"},
        {"state": "nonsense"},
        {"ordering": "created_by__password"},
        {"plan__currency": "CNY"},
        {"created_since": "yesterday"},
    ],
    ids=lambda query: next(iter(query)),
)
def test_unknown_parameters_are_refused(cast: Cast, query: dict[str, str]) -> None:
    assert Caller(cast.hr).get("payout-runs/", **query).status_code == 400


def test_queries_are_the_same_for_few_and_many(cast: Cast, plan: IncentivePlan) -> None:
    hr = Caller(cast.hr)
    counts = []
    for code, size in (("small", 10), ("large", 200)):
        payout_run = computed(
            cast, plan, released_cycle(cast, crowd(cast, size), code=code, period=SEPTEMBER)
        )
        approved(cast, payout_run)
        found = []
        for path in (f"payout-runs/{payout_run.pk}/lines/", "statements/", "payout-runs/"):
            hr.get(path, limit=200)
            with CaptureQueriesContext(connection) as queries:
                assert hr.get(path, limit=200).status_code == 200
            found.append(len(queries))
        counts.append(found)
    assert counts[0] == counts[1]
