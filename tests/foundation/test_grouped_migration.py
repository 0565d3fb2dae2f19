from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection, migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState

from foundation import grouped_migration
from foundation.grouped_migration import ADDING


def _operations() -> list[Any]:
    return [
        migrations.CreateModel("Shelf", [("id", models.BigAutoField(primary_key=True))]),
        migrations.CreateModel(
            "Book",
            [
                ("id", models.BigAutoField(primary_key=True)),
                ("shelf", models.ForeignKey("library.Shelf", models.CASCADE)),
            ],
        ),
        migrations.AddField(
            "Shelf", "favourite", models.ForeignKey("library.Book", models.PROTECT, null=True)
        ),
        migrations.AddField("Book", "pages", models.PositiveIntegerField(default=1)),
        migrations.AddIndex("Book", models.Index(fields=["pages"], name="by_pages")),
        migrations.RunSQL("INSERT INTO library_shelf DEFAULT VALUES"),
        migrations.AddField("Book", "title", models.CharField(max_length=9, default="")),
        migrations.AddConstraint(
            "Book", models.UniqueConstraint(fields=["shelf", "title"], name="one_title_a_shelf")
        ),
    ]


def _applied(kind: type[migrations.Migration]) -> tuple[list[Any], ProjectState]:
    """The tables that a migration of the kind makes, as PostgreSQL describes them."""
    migration = type("Migration", (kind,), {"operations": _operations()})("0001_initial", "library")
    state = ProjectState()
    _ = state.apps
    with connection.schema_editor() as editor:
        state = migration.apply(state, editor)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, ordinal_position, column_name, data_type, is_nullable FROM information_schema.columns"
            " WHERE table_name LIKE 'library_%' UNION ALL"
            " SELECT tablename, 0, indexdef, '', '' FROM pg_indexes WHERE tablename LIKE 'library_%' UNION ALL"
            " SELECT conrelid::regclass::text, -1, pg_get_constraintdef(oid), contype::text, ''"
            " FROM pg_constraint WHERE conrelid::regclass::text LIKE 'library_%' UNION ALL"
            " SELECT 'rows', count(*), '', '', '' FROM library_shelf ORDER BY 1, 2, 3"
        )
        found = cursor.fetchall()
        cursor.execute("DROP TABLE library_book, library_shelf CASCADE")
    return found, state


@pytest.mark.django_db(transaction=True)
def test_the_tables_are_those_of_a_plain_migration() -> None:
    plain, state = _applied(migrations.Migration)
    grouped, grouped_state = _applied(grouped_migration.Migration)
    assert grouped == plain
    assert len(grouped) > 12
    assert grouped_state == state


@pytest.mark.django_db(transaction=True)
def test_the_models_are_rendered_once_for_a_group(monkeypatch: pytest.MonkeyPatch) -> None:
    reloaded = []
    monkeypatch.setattr(ProjectState, "_reload", lambda self, models: reloaded.append(models))
    library = type("Migration", (grouped_migration.Migration,), {"operations": _operations()[:5]})
    migration = library("0001_initial", "library")
    state = ProjectState()
    _ = state.apps
    with connection.schema_editor() as editor:
        migration.apply(state, editor)
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE library_book, library_shelf CASCADE")
    assert reloaded == []
    assert len(migration.operations) == 5


def _own_migrations() -> Iterator[migrations.Migration]:
    own = {
        config.label for config in apps.get_app_configs() if str(settings.BASE_DIR) in str(config.path)
    } - {config.label for config in apps.get_app_configs() if "site-packages" in str(config.path)}
    loader = MigrationLoader(None)
    yield from (each for (label, _), each in loader.disk_migrations.items() if label in own)


def test_own_migrations_that_add_much_are_grouped() -> None:
    """A plain one costs every start of an empty database seconds."""
    kept = list(_own_migrations())
    assert len(kept) > 40
    slow = [
        str(each)
        for each in kept
        if any(
            isinstance(one, ADDING) and isinstance(other, ADDING) for one, other in pairwise(each.operations)
        )
        and not isinstance(each, grouped_migration.Migration)
    ]
    assert not slow, "give them foundation.grouped_migration.Migration as their base"
