"""Doors that the tests of this room go through."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.test import Client

from foundation.intake import services as intake
from foundation.intake.models import Import
from foundation.runs.services import execute
from people.models import User

Rows = Sequence[dict[str, Any]]


def as_csv(rows: Rows) -> bytes:
    text = io.StringIO()
    columns = list(dict.fromkeys(column for row in rows for column in row))
    writer = csv.DictWriter(text, fieldnames=columns, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


@pytest.fixture
def check_file() -> Callable[..., Import]:
    """(actor, kind, rows) → the import after its dry run."""

    def check(actor: User, kind: str, rows: Rows) -> Import:
        upload = intake.store_upload(actor=actor, file=ContentFile(as_csv(rows), name=f"{kind}.csv"))
        record = intake.create_import(actor=actor, kind=kind, upload=upload)
        return intake.check_import(actor=actor, import_record=record)

    return check


@pytest.fixture
def import_file(check_file: Callable[..., Import]) -> Callable[..., Import]:
    """(actor, kind, rows) → the import after its good rows are stored."""

    def store(actor: User, kind: str, rows: Rows) -> Import:
        record = intake.apply_import(actor=actor, import_record=check_file(actor, kind, rows))
        execute(record.run_id)
        record.refresh_from_db()
        assert record.state in (Import.State.APPLIED, Import.State.UNCHANGED), record.message_code
        return record

    return store


@pytest.fixture
def sign_in() -> Callable[[User], Client]:
    """A browser of its own for each person."""

    def signed_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return signed_in
