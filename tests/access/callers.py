"""Sends requests as each actor, each undone at once, and tells whether anything stored has changed."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import cache
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode

from django.apps import apps
from django.db import connection, transaction
from django.http import HttpResponseBase
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from tests.access.table import Route, Rule
from tests.access.world import ACTORS, World, bearer

#: Whose eyes an actor has: the first HR made everything, so the second one stands for HR.
LOGINS = {"hr": "second_hr"}
#: What a request may touch without having changed anything: its session, its context in the trail.
BESIDE = {"django_session", "pghistory_context"}
WHOLE_ROWS = "coalesce(sum(hashtextextended(row::text, 0)), 0)"
#: A token remembers every few minutes that it is in use, on refused requests too: everything of it but that.
PARTS_OF_ROWS = {
    "clients_token": "coalesce(sum(hashtextextended((to_jsonb(row) - 'last_used_at')::text, 0)), 0)"
}


@dataclass
class Answer:
    status: int
    body: bytes
    headers: dict[str, str]
    changed: list[str] = field(default_factory=list)
    broke: str = ""

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", errors="replace")

    @property
    def shape(self) -> str:
        """The body without what differs between any two answers: tokens against forgery, addresses, numbers."""
        return re.sub(r"\b[A-Za-z0-9]{64}\b|[0-9a-f]{8}-[0-9a-f-]{27}|/[\w./-]+|\d+", "#", self.text)


class Callers:
    def __init__(self, world: World) -> None:
        self.world = world
        self.pages: dict[str, Client] = {}
        for actor in ACTORS:
            client = Client(raise_request_exception=False)
            if actor != "anonymous":
                client.force_login(world.person(LOGINS.get(actor, actor)))
            self.pages[actor] = client
        self.cookies = {
            actor: client.cookies.output(header="", sep=";") for actor, client in self.pages.items()
        }
        self.programs = Client(raise_request_exception=False)
        self.before = fingerprint()

    def headers(self, actor: str, *, is_api: bool) -> dict[str, str]:
        if not is_api or actor == "anonymous":
            return {}
        return dict(bearer(self.world, LOGINS.get(actor, actor)))

    def send(
        self, actor: str, method: str, address: str, *, look: bool = False, keep: bool = False, **how: Any
    ) -> Answer:
        """One request, undone unless `keep`. `look` says which tables it had changed."""
        is_api = address.startswith("/api/v1/")
        client = self.programs if is_api else self.pages[actor]
        client.cookies = SimpleCookie(
            self.cookies[actor]
        )  # whatever the last request did to them: signing out, a language
        headers = {**self.headers(actor, is_api=is_api), **how.pop("headers", {})}
        with transaction.atomic():
            response = client.generic(method, address, headers=headers, **how)
            body = body_of(response)
            broken = connection.needs_rollback
            changed = [] if broken or not look else self.changes()
            if not keep:
                transaction.set_rollback(True)
        broke = str(getattr(response, "exc_info", "") or "") if response.status_code >= 500 else ""
        return Answer(response.status_code, body, dict(response.headers), changed, broke)

    def ask(
        self, route: Route, method: str, actor: str, label: str, kwargs: Any, rule: Rule, *, keep: bool
    ) -> Answer:
        address = route.address(kwargs) + (f"?{rule.query}" if rule.query else "")
        return self.send(
            actor, method, address, keep=keep, **encoded(rule.form, rule.content(self.world, label))
        )

    def changes(self) -> list[str]:
        now = fingerprint()
        return sorted(table for table in now if now[table] != self.before[table])


def body_of(response: HttpResponseBase) -> bytes:
    if getattr(response, "streaming", False):
        return b"".join(response.streaming_content)  # type: ignore[attr-defined]
    return bytes(response.content)  # type: ignore[attr-defined]


def encoded(form: str, content: Any) -> dict[str, Any]:
    """Body and type as a browser or a program sends them."""
    if content is None:
        return {}
    if form == "json":
        return {"data": json.dumps(content), "content_type": "application/json"}
    if isinstance(content, bytes):
        return {"data": content, "content_type": "application/yaml"}
    if form == "file":
        return {"data": encode_multipart(BOUNDARY, content), "content_type": MULTIPART_CONTENT}
    return {"data": urlencode(content, doseq=True), "content_type": "application/x-www-form-urlencoded"}


def fingerprint() -> dict[str, tuple[int, int]]:
    """{table: (rows, sum over hashes of whole rows)} of everything stored, in one query."""
    with connection.cursor() as cursor:
        cursor.execute(_query())
        return {table: (rows, int(total)) for table, rows, total in cursor.fetchall()}


@cache
def _query() -> str:
    """Of records and observations, which nothing updates in place, only the number."""
    there = set(connection.introspection.table_names())
    models = {model._meta.db_table: model for model in apps.get_models(include_auto_created=True)}
    return " UNION ALL ".join(
        f"SELECT '{table}', count(*), "
        f"{PARTS_OF_ROWS.get(table, WHOLE_ROWS) if models[table]._meta.managed else 0} "
        f"FROM {connection.ops.quote_name(table)} AS row"
        for table in sorted((set(models) - BESIDE) & there)  # some models are views over others
    )
