"""What a request may not slip in, sort by, approve for itself, or keep on doing after the right to it has gone."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.test import Client

from foundation.clients.models import Scope, Token
from incentives.models import LedgerEntry, PayoutRun
from incentives.services.payout_runs import decide_line
from people.models import RoleGrant, User
from tests.access.callers import LOGINS, Callers, encoded
from tests.access.table import Route
from tests.access.test_malformed import VIEWS
from tests.access.test_table import CASES, ROUTES
from tests.access.world import ACTORS, MISSING_ID, MISSING_UUID, World, bearer

LISTS = [route for route in ROUTES if route.is_api and getattr(VIEWS[route.pattern], "gives_list", False)]


@pytest.fixture(scope="module")
def callers(world_of_module: World) -> Callers:
    return Callers(world_of_module)


def writer_of(world: World, route: Route, method: str) -> tuple[str, str, dict[str, Any]] | None:
    """Who succeeds, with which subject."""
    for actor in ACTORS[:-1]:
        for label, kwargs in route.subjects(world).items():
            expected = route.rules[method].expected(actor, label, is_api=route.is_api)
            if actor in route.rules[method].statuses and expected < 400:
                return actor, label, kwargs
    return None


# Mass assignment --------------------------------------------------------------------------------------------

WRITES = [
    case
    for case in CASES
    if case.values[1] != "GET" and (case.values[0].rules[case.values[1]].given is not None)
]


def slipped_in(world: World) -> dict[str, Any]:
    someone = world.cast.outsider.pk
    people = (
        "owner",
        "user",
        "created_by",
        "approved_by",
        "approver",
        "decided_by",
        "granted_by",
        "updated_by",
        "rater",
    )
    return {
        **dict.fromkeys(people, someone),
        **{f"{name}_id": someone for name in people},
        "id": MISSING_ID,
        "pk": MISSING_ID,
        "state": "approved",
        "status": "payable",
        "phase": "closed",
        "score": 100,
        "points": 100,
        "amount": "99999.99",
        "total": "99999.99",
        "standing": "99999.99",
        "salary": "99999.99",
        "content_digest": "0" * 64,
        "digest_of": "0" * 64,
        "released_at": "2020-01-01T00:00:00Z",
        "approved_at": "2020-01-01T00:00:00Z",
        "submitted_at": "2020-01-01T00:00:00Z",
        "published_run": str(MISSING_UUID),
        "published_run_id": str(MISSING_UUID),
        "configuration_version": 77,
        "is_staff": True,
        "is_superuser": True,
        "temporary_password_until": "2020-01-01T00:00:00Z",
    }


def stored(columns: set[str]) -> Counter[tuple[str, str, str]]:
    """How often each value stands in these columns, over all tables; of moments only whether there is one."""
    found: Counter[tuple[str, str, str]] = Counter()
    there = set(connection.introspection.table_names())
    for model in apps.get_models():
        if (
            model._meta.db_table not in there
            or not model._meta.managed
            or model._meta.db_table.endswith("event")
        ):
            continue
        for field in model._meta.concrete_fields:
            if field.column in columns:
                values = model._base_manager.values_list(field.attname, flat=True)
                moments = field.get_internal_type() == "DateTimeField"
                found.update(
                    (model._meta.db_table, field.column, str(bool(v) if moments else v)) for v in values
                )
    return found


@pytest.mark.parametrize(("route", "method"), WRITES)
def test_what_is_slipped_in_is_stored_nowhere(
    world: World, callers: Callers, route: Route, method: str
) -> None:
    found = writer_of(world, route, method)
    rule = route.rules[method]
    content = rule.content(world, found[1]) if found else None
    if found is None or not isinstance(content, dict):
        return  # refused in any case (see the table), or a document whose fields are checked one by one
    actor, label, kwargs = found
    more = {name: value for name, value in slipped_in(world).items() if name not in content}
    columns = set(more) - {"id", "pk"}
    outcomes = []
    for body in (content, {**content, **more}):
        client = callers.programs if route.is_api else callers.pages[actor]
        with transaction.atomic():
            response = client.generic(
                method,
                route.address(kwargs),
                headers=callers.headers(actor, is_api=route.is_api),
                **encoded(rule.form, body if body is content else {**rule.content(world, label), **more}),
            )
            outcomes.append((response.status_code, stored(columns)))
            transaction.set_rollback(True)
    (status, as_meant), (status_of_more, with_more) = outcomes
    assert status_of_more in (status, 400, 422)
    if status_of_more == status:
        assert with_more == as_meant, (with_more - as_meant, as_meant - with_more)


def test_a_changed_state_would_be_noticed(world: World) -> None:
    before = stored({"state", "approved_by_id"})
    PayoutRun.objects.filter(pk=world.payouts["computed"].pk).update(
        state="approved", approved_by=world.second_hr
    )
    assert sum((stored({"state", "approved_by_id"}) - before).values()) == 2


# Filters and orders -----------------------------------------------------------------------------------------

FOREIGN_PARAMETERS = (
    "ordering=user__password",
    "ordering=-employee__password",
    "ordering=rater__name",
    "ordering=compensations__salary",
    "user__password=x",
    "user__password__startswith=p",
    "employee__compensations__salary__gte=1",
    "amount__gte=1",
    "rater__name=x",
    "created_by__login=hr",
    "order_by=password",
    "fields=password",
    "expand=user",
)


@pytest.mark.parametrize("route", LISTS, ids=repr)
def test_lists_filter_and_sort_by_what_they_declare_only(
    world: World, callers: Callers, route: Route
) -> None:
    _label, kwargs = next(iter(route.subjects(world).items()))
    for query in FOREIGN_PARAMETERS:
        answer = callers.send("hr", "GET", f"{route.address(kwargs)}?{query}")
        assert answer.status == 400, (query, answer.status)
        assert b"results" not in answer.body


def test_all_lists_of_the_api_are_tried() -> None:
    assert len(LISTS) > 15


@pytest.mark.parametrize(
    "order", ["user__password", "-employee__compensations__salary", "rater__name", "amount; --"]
)
def test_pages_keep_their_order(world: World, callers: Callers, order: str) -> None:
    for address in (
        f"/payouts/{world.payouts['paid'].pk}/",
        "/people/",
        "/numbers/",
        "/cycles/october/results/",
    ):
        usual = callers.send("hr", "GET", address).shape
        for name in ("order", "ordering", "sort"):
            asked = callers.send("hr", "GET", f"{address}?{name}={order}")
            assert asked.status == 200
            assert _names(asked.shape, world) == _names(usual, world)


def _names(text: str, world: World) -> list[str]:
    people = sorted((person.name for person in world.cast.employees), key=text.find)
    return [name for name in people if name in text]


# Approving one's own ----------------------------------------------------------------------------------------


def approve(world: World, person: User, *, by: str, digest: str | None = None) -> int:
    payout = world.payouts["computed"]
    body = {"digest": digest or payout.content_digest}
    if by == "page":
        client = Client()
        client.force_login(person)
        return client.post(f"/payouts/{payout.pk}/approve/", body).status_code
    name = next(name for name in ("hr", "second_hr", "payroll") if world.person(name).pk == person.pk)
    return Client().post(
        f"/api/v1/payout-runs/{payout.pk}/approve/",
        json.dumps(body),
        content_type="application/json",
        headers=bearer(world, name),
    ).status_code  # fmt: skip


def still_waits(world: World) -> None:
    payout = PayoutRun.objects.get(pk=world.payouts["computed"].pk)
    assert (payout.state, payout.approved_by_id) == ("computed", None)
    assert not LedgerEntry.objects.filter(payout_run=payout).exists()


@pytest.mark.parametrize("by", ["page", "api"])
def test_nobody_approves_what_they_computed(world: World, by: str) -> None:
    assert approve(world, world.cast.hr, by=by) in (302, 403)
    still_waits(world)


@pytest.mark.parametrize("by", ["page", "api"])
def test_nobody_approves_what_they_decided(world: World, by: str) -> None:
    payout = PayoutRun.objects.get(pk=world.payouts["computed"].pk)
    decide_line(
        actor=world.second_hr,
        payout_run=payout,
        employee=world.cast.agent.pk,
        decision="withhold",
        reason="Inquiry",
    )
    payout.refresh_from_db()
    assert approve(world, world.second_hr, by=by, digest=payout.content_digest) in (302, 403)
    still_waits(world)


@pytest.mark.parametrize("by", ["page", "api"])
def test_a_decision_voids_what_the_approver_saw(world: World, by: str) -> None:
    payout = PayoutRun.objects.get(pk=world.payouts["computed"].pk)
    seen = payout.content_digest
    decide_line(
        actor=world.cast.hr,
        payout_run=payout,
        employee=world.cast.agent.pk,
        decision="withhold",
        reason="Inquiry",
    )
    assert approve(world, world.cast.payroll, by=by, digest=seen) == 409
    still_waits(world)


# Rights that have gone --------------------------------------------------------------------------------------


def test_an_account_that_is_closed_is_out_at_once(world: World) -> None:
    browser = Client()
    browser.force_login(world.second_hr)
    assert browser.get("/people/").status_code == 200
    User.objects.filter(pk=world.second_hr.pk).update(is_active=False)
    assert browser.get("/people/").headers["Location"].startswith("/sign-in/")
    assert browser.get("/api/v1/employees/").status_code in (401, 403)
    assert Client().get("/api/v1/employees/", headers=bearer(world, "second_hr")).status_code == 401


@pytest.mark.parametrize("who", ["leaver", "closed"])
def test_who_has_left_or_is_closed_has_no_way_in(world: World, who: str) -> None:
    browser = Client()
    browser.force_login(world.person(who), backend="people.authentication.LoginBackend")
    for address in ("/standing/", "/statement/", "/numbers/", "/account/", "/"):
        assert browser.get(address).headers["Location"].startswith("/sign-in/"), address
    assert Client().get("/api/v1/statements/", headers=bearer(world, who)).status_code == 401


def test_a_role_that_is_taken_away_is_gone_at_once(world: World) -> None:
    browser = Client()
    browser.force_login(world.second_hr)
    RoleGrant.objects.filter(user=world.second_hr).delete()
    assert browser.get("/people/").status_code == 403
    assert browser.post("/people/new/", {"name": "X"}).status_code == 403
    assert Client().get("/api/v1/batches/", headers=bearer(world, "second_hr")).status_code == 403


# Scopes -----------------------------------------------------------------------------------------------------

API = [case for case in CASES if case.values[0].is_api and hasattr(VIEWS[case.values[0].pattern], "scopes")]


@pytest.mark.parametrize(("route", "method"), API)
def test_a_token_does_what_its_scopes_say(world: World, callers: Callers, route: Route, method: str) -> None:
    """HR itself, with a token that reads metrics only."""
    view: Any = VIEWS[route.pattern]
    scopes = view.scopes[method]
    named = {scopes} if isinstance(scopes, str) else set(scopes)
    label, kwargs = next(iter(route.subjects(world).items()))
    rule = route.rules[method]
    answer = callers.send(
        "hr",
        method,
        route.address(kwargs),
        look=True,
        headers=dict(bearer(world, LOGINS["hr"], "metrics")),
        **encoded(rule.form, rule.content(world, label)),
    )
    if not named or Scope.METRICS_READ in named:
        assert answer.status == rule.expected("hr", label, is_api=True)
    else:
        assert (answer.status, json.loads(answer.text)["code"]) == (403, "scope_missing")
        assert not answer.changed


def test_only_ones_own_tokens_need_no_scope() -> None:
    free = {
        route.pattern
        for route, method in (case.values for case in API)
        if not VIEWS[route.pattern].scopes[method]
    }  # type: ignore[union-attr]
    assert free == {"api/v1/tokens/", "api/v1/tokens/<uuid:token_id>/revoke/"}


@pytest.mark.parametrize("scope", ["config:write", "trail:read", "payouts:approve", "people:write"])
def test_nobody_gives_a_token_more_than_the_own_roles(world: World, scope: str) -> None:
    browser = Client()
    browser.force_login(world.cast.agent)
    before = Token.objects.count()
    answer = browser.post("/tokens/", {"name": "more", "scopes": [scope], "days": "30"})
    assert answer.status_code == 422
    assert Token.objects.count() == before


def test_a_token_opens_no_page(world: World) -> None:
    for address in ("/people/", "/payouts/", "/configuration/file/"):
        answer = Client().get(address, headers=bearer(world, "second_hr"))
        assert answer.headers["Location"].startswith("/sign-in/"), address


# Forged requests --------------------------------------------------------------------------------------------

FORMS = [case for case in CASES if case.values[1] != "GET" and case.values[0].pattern != "language/"]


@pytest.mark.parametrize(("route", "method"), FORMS)
def test_a_request_from_another_site_is_refused(
    world: World, callers: Callers, route: Route, method: str
) -> None:
    """Without the token against forgery, in a session that may; also the API, when a browser's session calls it."""
    found = writer_of(world, route, method)
    if found is None:
        return
    actor, label, kwargs = found
    browser = Client(enforce_csrf_checks=True, raise_request_exception=False)
    browser.cookies = callers.pages[actor].cookies.__class__(callers.cookies[actor])
    rule = route.rules[method]
    with transaction.atomic():
        answer = browser.generic(
            method, route.address(kwargs), **encoded(rule.form, rule.content(world, label))
        )
        assert answer.status_code == 403
        assert not callers.changes()
        transaction.set_rollback(True)


# Texts that look like others --------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["a\x00b", "a\u202eb", "a\u2066b", "a\u202ab"], ids=ascii)
def test_texts_that_deceive_are_refused(world: World, callers: Callers, text: str) -> None:
    page = callers.send(
        "hr", "POST", "/people/new/", look=True, **encoded("form", {"name": text, "locale": "en"})
    )
    api = callers.send(
        "hr", "POST", "/api/v1/jobs/", look=True, **encoded("json", {"code": "x", "name_en": text})
    )
    assert [page.status, api.status] == [400, 400]
    assert not page.changed + api.changed


@pytest.mark.parametrize("login", ["AGENT", "ａｇｅｎｔ", " agent ", "Ⓐgent"])
def test_logins_that_look_alike_are_one(world: World, callers: Callers, login: str) -> None:
    body = {
        "name": "Somebody",
        "login": login,
        "locale": "en",
        "employee_number": "E9001",
        "hired_on": "2026-01-01",
    }
    answer = callers.send("hr", "POST", "/people/new/", look=True, **encoded("form", body))
    assert answer.status == 422
    assert not answer.changed
