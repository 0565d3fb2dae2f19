"""A dump that lacks a migration is never what other sessions start from."""

from __future__ import annotations

import pytest

from tests.schema_cache import CLONE, is_whole


def dump_of(names: list[tuple[str, str]]) -> str:
    rows = "\n".join(f"{number}\t{app}\t{name}\t2025-01-01" for number, (app, name) in enumerate(names))
    return (
        f"CREATE TABLE x;\nCOPY public.django_migrations (id, app, name, applied) FROM stdin;\n{rows}\n\\.\n"
    )


def own_migrations() -> list[tuple[str, str]]:
    rooms = ("foundation/*", "people", "metrics", "reviews", "incentives", "operations")
    return [
        (path.parent.parent.name, path.stem)
        for room in rooms
        for path in CLONE.glob(f"{room}/migrations/0*.py")
    ]


def test_every_migration_recorded_is_whole() -> None:
    assert is_whole(dump_of(own_migrations()))


@pytest.mark.parametrize(
    "dump", ["", dump_of([]), dump_of(own_migrations()[1:])], ids=["empty", "none", "one short"]
)
def test_less_is_not(dump: str) -> None:
    assert not is_whole(dump)
