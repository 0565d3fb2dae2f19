"""People and teams in the API: the same answers as the pages, by scope and role."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from foundation.clients.models import Scope
from foundation.clients.services.tokens import create_token
from people.models import Membership, RoleGrant, Team, User
from tests.cast import Cast
from tests.factories import MembershipFactory
from tests.people.test_employees import SEEN_TODAY, places

Api = Callable[..., APIClient]
READ, WRITE = Scope.PEOPLE_READ, Scope.PEOPLE_WRITE


@pytest.fixture
def api() -> Api:
    """A program that acts as a person with the scopes given."""

    def acting_as(user: User, *scopes: str) -> APIClient:
        _token, secret = create_token(actor=user, name="test", scopes=list(scopes or (READ, WRITE)))
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
        return client

    return acting_as


def numbers(response: Any) -> set[str]:
    return {person["employee_number"] for person in response.json()["results"]}


@pytest.mark.parametrize("who", sorted(set(SEEN_TODAY) - {"leaver"}))
def test_the_list_is_the_table_of_visibility(cast: Cast, client: APIClient, who: str) -> None:
    user = getattr(cast, who)
    client.force_login(user)  # a signed-in browser needs no token
    response = client.get("/api/v1/employees/")
    assert response.status_code == 200
    assert {cast.name_of(person["id"]) for person in response.json()["results"]} == SEEN_TODAY[who]


def test_an_employee_as_answered(cast: Cast, api: Api) -> None:
    body = api(cast.hr).get(f"/api/v1/employees/{cast.mover.pk}/").json()
    assert body == {
        "id": cast.mover.pk,
        "employee_number": "E0010",
        "name": "陈晨",
        "email": "mover@example.com",
        "locale": "en",
        "is_active": True,
        "hired_on": "2024-01-01",
        "left_on": None,
        "team": "green",
        "job": "agent",
        "grade": "",
        "manager": cast.other_manager.pk,
        "aliases": [],
        "memberships": [
            {"team": "green", "job": "agent", "grade": "", "from_day": "2025-10-11", "last_day": None},
            {"team": "blue", "job": "agent", "grade": "", "from_day": "2024-01-01", "last_day": "2025-10-10"},
        ],
        "roles": [],
        "leads": [],
    }


def test_a_foreign_and_a_missing_id_alike(cast: Cast, client: APIClient) -> None:
    client.force_login(cast.agent)
    answers = []
    for pk in (cast.outsider.pk, 999_999_999, 2**63, 10**40):
        response = client.get(f"/api/v1/employees/{pk}/")
        answers.append((response.status_code, response.json()["code"], response.json().get("detail")))
    assert set(answers) == {(404, "not_found", answers[0][2])}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        pytest.param({"q": "wangwei"}, {"E0004"}, id="pinyin"),
        pytest.param({"employee_number": "E0005"}, {"E0005"}, id="number"),
        pytest.param({"team": "blue"}, {"E0003", "E0004", "E0005"}, id="team"),
        pytest.param({"left_since": "2025-10-01"}, {"E0006"}, id="leavers"),
    ],
)
def test_filters(cast: Cast, api: Api, query: dict[str, str], found: set[str]) -> None:
    assert numbers(api(cast.hr, READ).get("/api/v1/employees/", query)) == found


@pytest.mark.parametrize(
    "query",
    [
        {"password": "x"},
        {"user__password": "x"},
        {"ordering": "password"},
        {"ordering": "login"},
        {"team": "nowhere"},
        {"hired_since": "soon"},
        {"is_active": "perhaps"},
        {"cursor": "bent"},
        {"limit": "1000000"},
    ],
)
def test_parameters_that_are_refused(cast: Cast, api: Api, query: dict[str, str]) -> None:
    assert api(cast.hr).get("/api/v1/employees/", query).status_code == 400


def test_a_manager_does_not_filter_by_a_foreign_team(cast: Cast, client: APIClient) -> None:
    client.force_login(cast.manager)
    foreign = client.get("/api/v1/employees/", {"team": "green"})
    missing = client.get("/api/v1/employees/", {"team": "nowhere"})
    assert (foreign.status_code, foreign.json()["code"]) == (missing.status_code, missing.json()["code"])


@pytest.mark.parametrize(
    "address", ["/api/v1/employees/", "/api/v1/teams/", "/api/v1/jobs/", "/api/v1/sites/"]
)
def test_equal_queries_for_10_and_200_rows(cast: Cast, api: Api, address: str) -> None:
    client = api(cast.hr, READ)
    client.get(address)  # notes when the token was last used
    with CaptureQueriesContext(connection) as few:
        client.get(address, {"limit": 200})
    for _ in range(200):
        MembershipFactory()
    with CaptureQueriesContext(connection) as many:
        response = client.get(address, {"limit": 200})
    assert response.status_code == 200
    if "sites" not in address:
        assert len(response.json()["results"]) == 200
    assert len(many) == len(few)


WRITES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "transfer": (
        "post", "/api/v1/employees/{agent}/transfer/", {"team": "green", "job": "agent", "from_day": "2025-10-20"},
    ),
    "end": ("post", "/api/v1/employees/{agent}/end/", {"last_day": "2025-10-20"}),
    "grant": ("post", "/api/v1/employees/{agent}/roles/", {"role": "payroll"}),
    "revoke": ("delete", "/api/v1/employees/{payroll}/roles/payroll/", {}),
    "team": ("post", "/api/v1/teams/", {"code": "red", "name_en": "Red", "parent": "shanghai", "site": "sh"}),
    "leader": ("post", "/api/v1/teams/{chengdu}/leader/", {"employee": None, "from_day": "2025-10-20"}),
    "job": ("post", "/api/v1/jobs/", {"code": "coach", "name_en": "Coach"}),
    "site": ("post", "/api/v1/sites/", {"code": "hz", "name_zh": "杭州"}),
}  # fmt: skip


def state() -> list[Any]:
    return [list(model.objects.order_by("pk").values()) for model in (Membership, RoleGrant, Team)] + [
        list(User.objects.order_by("pk").values_list("pk", "left_on", "is_active"))
    ]


def send(client: APIClient, cast: Cast, case: str) -> Any:
    method, address, body = WRITES[case]
    ids = {"agent": cast.agent.pk, "payroll": cast.payroll.pk, "chengdu": cast.chengdu.pk}
    return getattr(client, method)(address.format(**ids), body, format="json")


@pytest.mark.parametrize("case", WRITES)
def test_hr_writes(cast: Cast, api: Api, case: str) -> None:
    assert send(api(cast.hr, WRITE), cast, case).status_code in (200, 204)


@pytest.mark.parametrize("case", WRITES)
@pytest.mark.parametrize("who", ["payroll", "auditor", "manager", "agent", "outsider"])
def test_nobody_else_writes(cast: Cast, client: APIClient, case: str, who: str) -> None:
    before = state()
    api_client = APIClient()
    api_client.force_login(getattr(cast, who))
    assert send(api_client, cast, case).status_code == 403
    assert state() == before


@pytest.mark.parametrize("case", WRITES)
def test_a_token_without_the_scope_does_not_write(cast: Cast, api: Api, case: str) -> None:
    before = state()
    response = send(api(cast.hr, READ), cast, case)
    assert (response.status_code, response.json()["code"]) == (403, "scope_missing")
    assert state() == before


def test_a_transfer_and_its_repetition(cast: Cast, api: Api) -> None:
    client = api(cast.hr)
    body = {"team": "green", "job": "agent", "from_day": "2025-10-20"}
    address = f"/api/v1/employees/{cast.agent.pk}/transfer/"
    first = client.post(address, body, format="json", headers={"Idempotency-Key": "k1"})
    again = client.post(address, body, format="json", headers={"Idempotency-Key": "k1"})
    assert first.json() == again.json()
    assert again["Idempotency-Replayed"] == "true"
    assert first.json()["memberships"][0] == {
        "team": "green", "job": "agent", "grade": "", "from_day": "2025-10-20", "last_day": None,
    }  # fmt: skip
    assert places(cast.agent) == [("blue", "2024-01-01", "2025-10-20"), ("green", "2025-10-20", None)]


@pytest.mark.parametrize(
    ("address", "body", "code"),
    [
        pytest.param(
            "transfer", {"team": "ghost", "job": "agent", "from_day": "2025-10-20"}, "team_unknown", id="team"
        ),
        pytest.param(
            "transfer", {"team": "green", "job": "ghost", "from_day": "2025-10-20"}, "job_unknown", id="job"
        ),
        pytest.param(
            "transfer",
            {"team": "green", "job": "agent", "from_day": "2020-01-01"},
            "placed_before_hired",
            id="early",
        ),
        pytest.param("end", {"last_day": "2020-01-01"}, "left_before_hired", id="left before hired"),
        pytest.param("transfer", {"team": ["green"], "job": 1, "from_day": {}}, None, id="wrong types"),
        pytest.param(
            "transfer", {"team": "a\x00b", "job": "agent", "from_day": "2025-10-20"}, None, id="NUL"
        ),
        pytest.param("transfer", {}, None, id="nothing"),
        pytest.param("transfer", [], None, id="a list"),
        pytest.param("end", {"last_day": "9999-12-31"}, "day_out_of_range", id="the end of days"),
        pytest.param("end", {"last_day": "9999-12-30"}, "day_out_of_range", id="nearly the end of days"),
        pytest.param("roles", {"role": "king"}, None, id="no role"),
    ],
)
def test_what_is_refused(cast: Cast, api: Api, address: str, body: Any, code: str | None) -> None:
    response = api(cast.hr).post(f"/api/v1/employees/{cast.agent.pk}/{address}/", body, format="json")
    assert response.status_code in (400, 422)
    if code:
        assert response.json()["code"] == code
    assert places(cast.agent) == [("blue", "2024-01-01", None)]


def test_teams_move_and_circles_are_refused(cast: Cast, api: Api) -> None:
    client = api(cast.hr)
    moved = client.post(
        "/api/v1/teams/", {"code": "blue", "name_en": "Blue", "parent": "chengdu"}, format="json"
    )
    assert (moved.json()["parent"], moved.json()["id"]) == ("chengdu", cast.blue.pk)
    circle = client.post(
        "/api/v1/teams/", {"code": "company", "name_en": "C", "parent": "blue"}, format="json"
    )
    assert (circle.status_code, circle.json()["code"]) == (400, "team_cycle")


def test_a_leader_by_api(cast: Cast, api: Api) -> None:
    client = api(cast.hr)
    address = f"/api/v1/teams/{cast.chengdu.pk}/leader/"
    assert (
        client.post(
            address, {"employee": cast.remote.pk, "from_day": "2025-11-01"}, format="json"
        ).status_code
        == 200
    )
    assert cast.chengdu.leaderships.get().valid.lower == datetime.date(2025, 11, 1)
    for employee in (999_999_999, -1, 2**70, "x"):
        response = client.post(address, {"employee": employee, "from_day": "2025-12-01"}, format="json")
        assert response.status_code == 400


def test_a_leavers_token_opens_nothing(cast: Cast, api: Api) -> None:
    client = api(cast.agent, READ)
    assert numbers(client.get("/api/v1/employees/")) == {"E0004"}
    User.objects.filter(pk=cast.agent.pk).update(left_on=datetime.date(2025, 1, 1))
    assert client.get("/api/v1/employees/").status_code == 401
