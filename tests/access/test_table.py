"""Role x route x method x subject: every address of the product, as tests/access/routes_*.py say it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.urls import path

from config.urls import urlpatterns
from tests.access import (
    routes_appeals,
    routes_foundation,
    routes_incentives,
    routes_inspections,
    routes_metrics,
    routes_objectives,
    routes_people,
    routes_plans,
    routes_reviews,
)
from tests.access.callers import Callers, encoded
from tests.access.table import METHODS, Route, patterns_of
from tests.access.world import ACTORS, World

ROUTES = [
    *routes_people.ROUTES,
    *routes_foundation.ROUTES,
    *routes_metrics.ROUTES,
    *routes_inspections.ROUTES,
    *routes_reviews.ROUTES,
    *routes_plans.ROUTES,
    *routes_appeals.ROUTES,
    *routes_objectives.ROUTES,
    *routes_incentives.ROUTES,
]
PROBLEM = "application/problem+json"
#: What an auditor may post: it touches the own account only, nothing of the company's.
PERSONAL = {
    *(("language/", method) for method in METHODS[1:]),
    ("sign-in/", "POST"),
    ("sign-out/", "POST"),
    ("account/", "POST"),
    ("account/password/", "POST"),
    ("tokens/", "POST"),
    # One's own notices, one's own name on the wall; of other people's incidents reading changes nothing.
    ("notices/read/", "POST"),
    ("api/v1/notices/read/", "POST"),
    ("notices/mail/", "POST"),
    ("recognition/wall/", "POST"),
    ("api/v1/incidents/<int:incident_id>/read/", "POST"),
    # Whoever holds a customer's link answers as that customer, signed in or not.
    ("customer/<str:token>/", "POST"),
}


@pytest.fixture(scope="module")
def callers(world_of_module: World) -> Callers:
    return Callers(world_of_module)


def differences(patterns: list[Any], routes: list[Route]) -> list[str]:
    """What the table has too little and too much."""
    there = [whole for whole, _route in patterns_of(patterns)]
    named = [route.pattern for route in routes]
    return [
        *(f"{each} is not in the table" for each in there if each not in named),
        *(f"{each} is in the table and nowhere else" for each in named if each not in there),
        *(f"{each} stands there twice" for each in sorted(set(named)) if named.count(each) > 1),
    ]


def test_every_address_is_in_the_table() -> None:
    assert not differences(urlpatterns, ROUTES)


def test_a_new_address_would_be_noticed() -> None:
    def view(request: HttpRequest) -> HttpResponse:
        raise AssertionError

    planted = [*urlpatterns, path("people/secrets/", view)]
    assert differences(planted, ROUTES) == ["people/secrets/ is not in the table"]
    assert differences(urlpatterns, [*ROUTES, Route("gone/", GET=ROUTES[0].rules["GET"])]) == [
        "gone/ is in the table and nowhere else"
    ]


def test_a_trace_would_be_noticed(world: World, callers: Callers) -> None:
    assert not callers.changes()
    callers.send(
        "agent", "POST", "/account/", keep=True, **encoded("form", {"locale": "en", "email": "x@example.com"})
    )
    assert callers.changes() == ["people_user", "people_userevent"]


def test_an_auditor_changes_nothing_but_the_own_account() -> None:
    allowed = {
        (route.pattern, method)
        for route in ROUTES
        for method, rule in route.rules.items()
        if method != "GET" and any(status < 400 for status in _statuses(rule.statuses.get("auditor", 403)))
    }
    assert allowed == PERSONAL


def _statuses(found: Any) -> list[int]:
    return [found] if isinstance(found, int) else list(found.values())


CASES = [pytest.param(route, method, id=f"{method} /{route}") for route in ROUTES for method in route.rules]


@pytest.mark.parametrize(("route", "method"), CASES)
def test_route(world: World, callers: Callers, route: Route, method: str) -> None:
    """Each actor gets what the table says; whoever is turned away has changed nothing; what one may not see is
    answered word for word like what is not there."""
    rule = route.rules[method]
    wrong = []
    for actor in ACTORS:
        unseen: dict[str, str] = {}
        for label, kwargs in _subjects(route, method, actor, world):
            expected = rule.expected(actor, label, is_api=route.is_api)
            sent_away = actor == "anonymous" and actor not in rule.statuses
            # What is refused is left to stand: it must not have left a trace.
            refused = sent_away or expected >= 400
            answer = callers.ask(route, method, actor, label, kwargs, rule, keep=refused and method != "GET")
            if answer.status != expected:
                wrong.append(f"{actor} for {label!r}: {answer.status} instead of {expected} {_hint(answer)}")
            elif sent_away and expected == 302 and not answer.headers["Location"].startswith("/sign-in/"):
                wrong.append(f"{actor} is sent to {answer.headers['Location']}")
            elif route.is_api and expected >= 400 and answer.headers["Content-Type"] != PROBLEM:
                wrong.append(f"{actor} for {label!r} is answered with {answer.headers['Content-Type']}")
            elif expected == 404:
                unseen[label] = answer.shape
        if len(set(unseen.values())) > 1:
            wrong.append(f"{actor} can tell what is there from what is not: {unseen}")
    if method != "GET" and (changed := callers.changes()):
        wrong.append(f"requests that were refused have changed {changed}")
    assert not wrong, "\n".join(wrong)


def _subjects(route: Route, method: str, actor: str, world: World) -> Iterator[tuple[str, dict[str, Any]]]:
    """All of them; of those that one sees all alike, or none at all, the first and what is missing."""
    found = list(route.subjects(world).items())
    rule = route.rules[method]
    alike = (
        isinstance(rule.statuses.get(actor, 403), int)
        and rule.expected(actor, found[0][0], is_api=route.is_api) != 404
    )
    if not alike:
        yield from found
        return
    yield found[0]
    yield from [each for each in found[1:] if each[0].startswith("missing")]


def _hint(answer: Any) -> str:
    if answer.status >= 500:
        return answer.broke
    if "Location" in answer.headers:
        return answer.headers["Location"]
    return answer.text[:300] if answer.text.startswith("{") else ""


@pytest.mark.parametrize("route", ROUTES, ids=repr)
def test_no_other_method(world: World, callers: Callers, route: Route) -> None:
    """What the table does not name is refused to whoever may do what it names, and changes nothing."""
    subjects = route.subjects(world)
    for method in METHODS:
        if method in route.rules:
            continue
        actor, label = _who_may(route, list(subjects))
        answer = callers.send(actor, method, route.address(subjects[label]), keep=True)
        assert answer.status in (403, 405), f"{method} as {actor}: {answer.status}"
    assert not callers.changes()


def _who_may(route: Route, labels: list[str]) -> tuple[str, str]:
    for rule in route.rules.values():
        for actor in ACTORS:
            if actor in rule.statuses:
                for label in labels:
                    if rule.expected(actor, label, is_api=route.is_api) not in (403, 404):
                        return actor, label
    raise AssertionError(f"nobody may do anything at {route}")
