"""Sources, the catalogue, and files that go the whole way from upload to storage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import connection

from foundation.intake.models import Import
from foundation.intake.services import apply_import, check_import, create_import, store_upload
from foundation.runs.services import execute
from metrics.models import Source
from metrics.services.catalogue import load_catalogue
from metrics.services.sources import create_source
from people.models import User
from tests.cast import Cast
from tests.metrics import calls as call_log


@pytest.fixture(scope="session", autouse=True)
def _months(django_db_setup: None, django_db_blocker: Any) -> None:
    """The month that fits the cast, and its neighbours: made once, not in every test."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("SELECT metrics_ensure_months('2025-09-01', '2025-11-30')")


@pytest.fixture(autouse=True)
def _uploads_in_a_folder_of_the_test(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def catalogue(db: None) -> None:
    assert not list(load_catalogue(actor=None))


@pytest.fixture
def telephone(catalogue: None) -> Source:
    return create_source(
        actor=None,
        code="telephone",
        kind="records",
        name_en="Telephone",
        name_zh="电话系统",
        mapping=call_log.MAPPING,
    )


@pytest.fixture
def reports(catalogue: None) -> Source:
    return create_source(actor=None, code="reports", kind="totals", name_en="Daily reports", precedence=200)


def check_file(
    actor: User,
    source: Source,
    content: bytes,
    *,
    name: str = "calls.csv",
    mapping: Mapping[str, Any] | None = None,
    **options: Any,
) -> Import:
    """Upload and check; nothing is stored."""
    upload = store_upload(actor=actor, file=ContentFile(content), name=name)
    record = create_import(
        actor=actor,
        kind=source.kind,
        upload=upload,
        source_code=source.code,
        mapping=mapping,
        options=options,
    )
    return check_import(actor=actor, import_record=record)


def apply_file(actor: User, record: Import) -> Import:
    record = apply_import(actor=actor, import_record=record)
    assert record.run_id is not None
    execute(record.run_id)
    record.refresh_from_db()
    return record


def import_file(actor: User, source: Source, content: bytes, **how: Any) -> Import:
    return apply_file(actor, check_file(actor, source, content, **how))


@pytest.fixture
def agents(cast: Cast) -> list[str]:
    """Names that the call log uses: an employee number, a name, and an alias that is nobody's name."""
    cast.peer.aliases = ["Becky"]
    cast.peer.save()
    return ["E0004", "Becky", "郑凯"]
