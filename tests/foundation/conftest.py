"""Runs and files of the tests' own, so that foundation is tested without the rooms above it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from foundation.clients.models import Scope
from foundation.clients.services.tokens import create_token
from foundation.runs import registry
from foundation.runs.models import OutboxMessage, Run
from tests.cast import Cast


class CountingHandler(registry.RunHandler):
    """Two stages of shards; every call is written down. `trouble` may raise in the middle of a shard, before
    its end."""

    kind = "counting"
    stages = ("gather", "rank")
    shards = {"gather": 3, "rank": 1}

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, Any]] = []
        self.trouble: Callable[[Run, str, dict], None] | None = None

    def plan(self, run: Run, stage: str) -> list[dict]:
        self.calls.append(("plan", stage, None))
        return [{"part": number} for number in range(self.shards[stage])]

    def work(self, run: Run, stage: str, key: dict) -> None:
        self.calls.append(("work", stage, key["part"]))
        # Something in the database that shows whether the shard's transaction was kept.
        OutboxMessage.objects.create(topic="test.worked", payload={"stage": stage, "part": key["part"]})
        if self.trouble is not None:
            self.trouble(run, stage, key)

    def finish(self, run: Run) -> None:
        self.calls.append(("finish", run.stage, None))

    def fail(self, run: Run) -> None:
        self.calls.append(("fail", run.stage, None))

    def stop(self, run: Run) -> None:
        self.calls.append(("stop", run.stage, None))

    def restart(self, run: Run) -> None:
        self.calls.append(("restart", run.stage, None))

    def count(self, what: str) -> int:
        return sum(call[0] == what for call in self.calls)


def worked() -> list[tuple[str, int]]:
    """Shards whose transaction was kept."""
    rows = OutboxMessage.objects.filter(topic="test.worked").order_by("id")
    return [(row.payload["stage"], row.payload["part"]) for row in rows]


@pytest.fixture
def handler() -> Iterator[CountingHandler]:
    found = CountingHandler()
    registry.register(found)
    yield found
    registry.unregister(found.kind)


@pytest.fixture
def as_person(client: Client) -> Callable[[Any], Client]:
    """A browser in which this person is signed in."""

    def sign_in(person: Any) -> Client:
        browser = Client()
        browser.force_login(person, backend="people.authentication.LoginBackend")
        return browser

    return sign_in


@pytest.fixture
def as_program(cast: Cast) -> Callable[..., APIClient]:
    """A program with this person's token; every scope that the person may give unless told otherwise."""

    def call(person: Any, *scopes: str) -> APIClient:
        from foundation.clients.services.tokens import allowed_scopes

        _token, secret = create_token(actor=person, name="test", scopes=scopes or allowed_scopes(person))
        program = APIClient()
        program.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}", HTTP_ACCEPT_LANGUAGE="en")
        return program

    return call


ALL_SCOPES = [scope.value for scope in Scope]
