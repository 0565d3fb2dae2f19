"""No request, however malformed, gets a 5xx; the API answers every one of them with problem+json."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from config.urls import urlpatterns
from foundation.clients.api import PAGING_PARAMETERS
from tests.access import nasty
from tests.access.callers import Answer, Callers, encoded
from tests.access.table import Route, patterns_of
from tests.access.test_table import CASES, ROUTES
from tests.access.world import World

VIEWS = {whole: getattr(route.callback, "cls", None) for whole, route in patterns_of(urlpatterns)}


@pytest.fixture(scope="module")
def callers(world_of_module: World) -> Callers:
    return Callers(world_of_module)


def wrong_answer(answer: Answer, *, is_api: bool) -> str:
    """What is wrong with it, or nothing."""
    if answer.status >= 500:
        return f"{answer.status} {answer.broke[:300]}"
    if is_api and answer.status >= 400 and answer.headers["Content-Type"] != "application/problem+json":
        return f"{answer.status} as {answer.headers['Content-Type']}"
    return ""


def readers(route: Route) -> tuple[str, ...]:
    """The most powerful and the least; who may call it at all, where neither may."""
    rule = next(iter(route.rules.values()))
    return ("hr", "agent") if "hr" in rule.statuses else ("manager", "agent")


def spoilt_addresses(route: Route, kwargs: Mapping[str, Any]) -> Iterator[str]:
    for kind, name in re.findall(r"<(\w+):(\w+)>", route.pattern):
        for text in nasty.IDS[kind]:
            yield route.address({**kwargs, name: text})


def queries(route: Route) -> Iterator[str]:
    """For the API one parameter at a time, since the first wrong one is refused; pages read on."""
    view = VIEWS[route.pattern]
    if view is not None and route.is_api:
        declared = [*getattr(view, "filters", ()), *getattr(view, "parameters", ())]
        if getattr(view, "pagination_class", None) is not None:
            declared += sorted(PAGING_PARAMETERS)
        for name in declared:
            yield from (nasty.parameter(name, text) for text in nasty.TEXTS)
        yield "unknown=1"
        yield "ordering=user__password&ordering=id"
        return
    for text in nasty.TEXTS:
        yield "&".join(nasty.parameter(name, text) for name in nasty.PAGE_PARAMETERS)
    yield from (nasty.parameter("cursor", text) for text in nasty.CURSORS)


@pytest.mark.parametrize("path", nasty.PATHS, ids=lambda path: path[:40])
def test_addresses_of_nothing(world: World, callers: Callers, path: str) -> None:
    for actor in ("hr", "agent", "anonymous"):
        answer = callers.send(actor, "GET", path)
        assert not wrong_answer(answer, is_api=path.startswith("/api/v1/"))
        assert answer.status in (301, 400, 401, 404), (actor, answer.status)


@pytest.mark.parametrize("route", [route for route in ROUTES if "GET" in route.rules], ids=repr)
def test_reading(world: World, callers: Callers, route: Route) -> None:
    label, kwargs = next(iter(route.subjects(world).items()))
    powerful, least = readers(route)
    wrong = []
    for address in nasty.share_of(route.pattern, spoilt_addresses(route, kwargs), min(nasty.SHARE, 2)):
        wrong += [
            f"{actor} {address[:80]}: {problem}"
            for actor in (powerful, least)
            if (problem := wrong_answer(callers.send(actor, "GET", address), is_api=route.is_api))
        ]
    for query in nasty.share_of(route.pattern, queries(route)):
        address = f"{route.address(kwargs)}?{query}"
        if problem := wrong_answer(callers.send(powerful, "GET", address), is_api=route.is_api):
            wrong.append(f"{powerful} for {label!r} ?{query[:60]}: {problem}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("route", "method"),
    [case for case in CASES if case.values[1] != "GET" and case.values[0].pattern != "language/"],
)
def test_writing(world: World, callers: Callers, route: Route, method: str) -> None:
    label, kwargs = next(iter(route.subjects(world).items()))
    powerful, least = readers(route)
    rule = route.rules[method]
    content = rule.content(world, label)
    address = route.address(kwargs)
    good = encoded(rule.form, content)
    where = f"{method} {route}"
    bodies = nasty.share_of(where, nasty.raw_bodies())
    wrong = [
        f"{spoilt[:80]}: {problem}"
        for spoilt in nasty.share_of(where, spoilt_addresses(route, kwargs), min(nasty.SHARE, 2))
        if (problem := wrong_answer(callers.send(powerful, method, spoilt, **good), is_api=route.is_api))
    ]
    for what, how in nasty.share_of(f"{least} {where}", nasty.raw_bodies(), 2 * nasty.SHARE):
        if problem := wrong_answer(callers.send(least, method, address, **how), is_api=route.is_api):
            wrong.append(f"{least}, {what}: {problem}")
    if isinstance(content, dict):
        spoilt_bodies = nasty.spoilt_json(content) if rule.form == "json" else nasty.spoilt_form(content)
        bodies += nasty.share_of(where, spoilt_bodies)
    for what, how in bodies:
        if problem := wrong_answer(callers.send(powerful, method, address, **how), is_api=route.is_api):
            wrong.append(f"{powerful}, {what}: {problem}")
    assert not wrong, "\n".join(wrong)
