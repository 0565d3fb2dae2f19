"""Who did it, from where and why: attached to every row that the trail's triggers write."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pghistory
from pghistory import runtime

REASON_LENGTH = 2_000


@contextmanager
def recording(*, actor: Any, reason: str = "", **details: Any) -> Iterator[None]:
    """Around the writes of a service: the trail's events inside it carry `actor` and `reason` (and `details`,
    JSON-able).

    Inside a request the address and method are there already; in a worker or a command this is what names the person.
    `actor` None stands for the system itself. Each call is a context of its own: two services in one request that give
    two reasons keep them apart.
    """
    found: dict[str, Any] = _given(details)
    if actor is not None:
        found["user"] = actor.pk
    if reason:
        found["reason"] = reason[:REASON_LENGTH]
    outer = getattr(runtime._tracker, "value", None)
    if outer is None:
        with pghistory.context(**found):
            yield
        return
    # pghistory would fold this into the outer context, whose one row then keeps only the last reason.
    runtime._tracker.value = runtime.Context(id=uuid.uuid4(), metadata={**outer.metadata, **found})
    try:
        yield
    finally:
        runtime._tracker.value = outer


def attach_context(**details: Any) -> None:
    """Add to the context that is already open, e.g. who a token belongs to, known only after authentication.

    Empty values are left out. Without an open context nothing happens.
    """
    pghistory.context(**_given(details))


def _given(details: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in details.items() if value not in (None, "")}
