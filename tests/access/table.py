"""The language in which tests/access/routes_*.py say who may do what.

    Route("people/<int:pk>/", persons, GET=Rule(hr=200, manager={"agent": 200, "outsider": 404}))

A route is named by its pattern. Its subjects are {label: keyword arguments of the address}; a label that begins with
"missing" names nothing that exists. A rule gives each actor a status: one for every subject, or one by label. What is
missing is 404 for whoever gets that far. Who is not named is turned away: 403, without signing in 302 to the sign-in
page, or 401 in the API; an inspector who is not named is answered like an employee whom nothing concerns.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.urls import URLPattern, URLResolver

from tests.access.world import ACTORS, MISSING_CODE, MISSING_ID, MISSING_UUID, World

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
Statuses = int | Mapping[str, int]
Subjects = Callable[[World], dict[str, dict[str, Any]]]


def no_subject(world: World) -> dict[str, dict[str, Any]]:
    return {"": {}}


class Rule:
    """What each actor gets. `everyone` is short for all who are signed in.

    body, file, json: what to send, or a function (world, label) that makes it; one that is accepted from whoever may,
    so that the others are turned away for who they are and nothing else.
    """

    def __init__(
        self,
        *,
        everyone: Statuses | None = None,
        body: Any = None,
        json: Any = None,
        file: Any = None,
        query: str = "",
        **statuses: Statuses,
    ) -> None:
        assert statuses.keys() <= set(ACTORS), statuses
        signed_in = {} if everyone is None else dict.fromkeys(ACTORS[:-1], everyone)
        self.statuses: dict[str, Statuses] = {**signed_in, **statuses}
        self.form, self.given = next(
            ((name, each) for name, each in (("json", json), ("file", file)) if each is not None),
            ("form", body),
        )
        self.query = query

    def content(self, world: World, label: str) -> Any:
        return self.given(world, label) if callable(self.given) else self.given

    def expected(self, actor: str, label: str, *, is_api: bool) -> int:
        found = self.statuses.get(actor)
        if found is None and actor == "inspector" and "agent" in self.statuses:
            found = self._as_another_employee()
        if found is None:
            return 403 if actor != "anonymous" else 401 if is_api else 302
        if not isinstance(found, int):
            found = found.get(label) or found.get("*") or (404 if label.startswith("missing") else 0)
            assert found, f"the table does not say what {actor} gets for {label!r}"
            return found
        return 404 if label.startswith("missing") and found not in (401, 403) else found

    def _as_another_employee(self) -> Statuses:
        """An inspector is an employee too. Where a rule does not name the role, it answers like an agent to whom none
        of the subjects belongs."""
        found = self.statuses["agent"]
        return found if isinstance(found, int) else {"": found.get("", 404), "*": found.get("*", 404)}


def alike(actors: str, statuses: Statuses) -> dict[str, Statuses]:
    """The same for several: **alike("hr payroll", {...})"""
    return dict.fromkeys(actors.split(), statuses)


class Route:
    def __init__(self, pattern: str, subjects: Subjects = no_subject, **rules: Rule) -> None:
        assert rules, pattern
        assert set(rules) <= set(METHODS), pattern
        self.pattern, self.subjects, self.rules = pattern, subjects, rules

    def __repr__(self) -> str:
        return self.pattern

    @property
    def is_api(self) -> bool:
        return self.pattern.startswith("api/v1/")

    def address(self, kwargs: Mapping[str, Any]) -> str:
        wanted = re.findall(r"<(?:\w+:)?(\w+)>", self.pattern)
        assert set(wanted) == set(kwargs), (self.pattern, kwargs)
        return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(kwargs[found[1]]), self.pattern)


def patterns_of(urlpatterns: list[Any], prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Every (whole pattern, route) below these, includes followed."""
    for each in urlpatterns:
        whole = prefix + str(each.pattern)
        if isinstance(each, URLResolver):
            yield from patterns_of(each.url_patterns, whole)
        else:
            yield whole, each


# Subjects that several rooms have ----------------------------------------------------------------------------------


def persons(world: World, **more: Any) -> dict[str, dict[str, Any]]:
    """On the roster: seen by their managers. `account` is one without an employee number."""
    found = {name: {"pk": world.person(name).pk, **more} for name in ("agent", "peer", "manager", "outsider")}
    return {**found, "account": {"pk": world.cast.hr.pk, **more}, "missing": {"pk": MISSING_ID, **more}}


def one_person(world: World) -> dict[str, dict[str, Any]]:
    """For what only HR does: one is as good as another."""
    return {"agent": {"pk": world.cast.agent.pk}, "missing": {"pk": MISSING_ID}}


def codes(*found: str, name: str = "code") -> Subjects:
    return lambda world: {**{code: {name: code} for code in found}, "missing": {name: MISSING_CODE}}


def runs(world: World) -> dict[str, dict[str, Any]]:
    return {
        "scoring": {"run_id": world.run("scoring").pk},
        "queued": {"run_id": world.queued.pk},
        "failed": {"run_id": world.failed.pk},
        "missing": {"run_id": MISSING_UUID},
    }


def tokens(world: World) -> dict[str, dict[str, Any]]:
    return {
        "agent": {"token_id": world.tokens["agent:metrics"].pk},
        "hr": {"token_id": world.tokens["hr:metrics"].pk},
        "missing": {"token_id": MISSING_UUID},
    }
