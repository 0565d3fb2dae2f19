"""The world once per module, each test undone by a savepoint."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction

from tests.access.world import World, build_world


@pytest.fixture(scope="module")
def world_of_module(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    folder: Path = tmp_path_factory.mktemp("media")
    kept, settings.MEDIA_ROOT = settings.MEDIA_ROOT, str(folder)
    with django_db_blocker.unblock(), transaction.atomic():
        yield build_world()
        transaction.set_rollback(True)
    settings.MEDIA_ROOT = kept


@pytest.fixture
def world(world_of_module: World, db: None) -> World:
    """`db` undoes the test by a savepoint: pytest-django lets it lie inside the module's transaction."""
    return world_of_module
