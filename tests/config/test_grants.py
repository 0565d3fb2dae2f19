"""The question that every trigger asks first: the same answers as the package's own, without a caught error."""

from __future__ import annotations

import pytest
from django.db import connection

pytestmark = pytest.mark.django_db


def asked(trigger: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT _pgtrigger_should_ignore(%s)", [trigger])
        return bool(cursor.fetchone()[0])


def test_nothing_is_ignored_unless_it_was_said() -> None:
    assert asked("final_update") is False
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('pgtrigger.ignore', '{final_update,other}', true)")
    assert [asked("final_update"), asked("other"), asked("third")] == [True, True, False]
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('pgtrigger.ignore', '', true)")
    assert asked("final_update") is False


def test_the_question_catches_no_error() -> None:
    """A block that catches is asked for every row, and each time goes through all deferred checks."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT language.lanname, function.prosrc FROM pg_proc AS function"
            " JOIN pg_language AS language ON language.oid = function.prolang"
            " WHERE function.proname = '_pgtrigger_should_ignore'"
        )
        [(language, source)] = cursor.fetchall()
    assert language == "sql"
    assert "EXCEPTION" not in source.upper()
