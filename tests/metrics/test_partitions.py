"""Months of the observation table: made when needed, by whoever loads, and never twice."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import psycopg2
import pytest
from django.db import DatabaseError, connection, transaction

from metrics.models import Measure
from metrics.selectors import parts
from metrics.services import kpi_values
from tests.cast import Cast

pytestmark = pytest.mark.django_db

COLUMNS = "(subject_type, subject_id, measure_id, day, source_id, batch_id, n, total, total_sq)"


def ensure(first: str | None, last: str | None) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT metrics_ensure_months(%s, %s)", [first, last])
        return int(cursor.fetchone()[0])


def leaves(month: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relid::regclass::text FROM pg_partition_tree('metrics_observation') WHERE isleaf"
            " AND relid::regclass::text LIKE %s ORDER BY 1",
            [f"metrics_observation_{month}%"],
        )
        return [row[0] for row in cursor.fetchall()]


def test_months_are_made_once() -> None:
    assert ensure("2031-11-15", "2032-02-01") == 4
    assert ensure("2031-11-15", "2032-02-01") == 0
    assert ensure("2031-10-31", "2031-11-01") == 1
    assert leaves("203202") == [f"metrics_observation_203202_h{part}" for part in range(8)]


def test_a_row_goes_to_its_month_and_has_the_index_for_drill_down() -> None:
    ensure("2031-12-31", "2031-12-31")
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO metrics_observation {COLUMNS} VALUES ('e', 7, 1, '2031-12-31', 1, 1, 2, 3, 5)"
        )
        cursor.execute("SELECT tableoid::regclass::text FROM metrics_observation WHERE subject_id = 7")
        leaf = cursor.fetchone()[0]
        assert leaf.startswith("metrics_observation_203112_h")
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE tablename = %s ORDER BY 1", [leaf])
        indexes = " ".join(row[0] for row in cursor.fetchall())
    assert "btree (subject_id, measure_id, day)" in indexes
    assert "brin (batch_id)" in indexes


@pytest.mark.parametrize(
    ("first", "last"),
    [
        pytest.param("2026-02-01", "2026-01-31", id="backwards"),
        pytest.param("1969-12-31", "1970-01-01", id="before anything was measured"),
        pytest.param("2200-01-01", "2200-01-01", id="too far ahead"),
        pytest.param("2000-01-01", "2026-01-01", id="too many months at once"),
        pytest.param(None, "2026-01-01", id="no beginning"),
    ],
)
def test_absurd_spans_are_refused(first: str | None, last: str | None) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        ensure(first, last)


def test_a_row_without_its_month_is_refused() -> None:
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO metrics_observation {COLUMNS} VALUES ('e', 7, 1, '2150-01-01', 1, 1, 2, 3, 5)"
        )


@pytest.mark.django_db(transaction=True)
def test_the_application_makes_months_though_it_owns_no_table(application_role: Any) -> None:
    with application_role.cursor() as cursor:
        cursor.execute("SELECT metrics_ensure_months('2033-05-01', '2033-05-31')")
        assert cursor.fetchone()[0] == 1
        cursor.execute(
            f"INSERT INTO metrics_observation {COLUMNS} VALUES ('e', 7, 1, '2033-05-09', 1, 1, 2, 3, 5)"
        )
        cursor.execute("DELETE FROM metrics_observation WHERE subject_id = 7")
        assert cursor.rowcount == 1
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            cursor.execute("DROP TABLE metrics_observation_203305")
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE metrics_observation_203305")


def test_the_function_cannot_be_led_astray_by_a_search_path() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT prosecdef, proconfig FROM pg_proc WHERE proname = 'metrics_ensure_months'")
        definer, settings = cursor.fetchone()
    assert definer
    assert settings == ["search_path=pg_catalog, pg_temp"]


def test_most_of_a_part_is_added_up_as_a_whole_and_gives_the_same(
    monkeypatch: pytest.MonkeyPatch, cast: Cast
) -> None:
    """Many people of one part are read without asking for each; nobody's row may go to anybody else."""
    ensure("2031-11-01", "2031-11-30")
    people = [user.pk for user in cast.employees]
    measure = Measure.objects.create(code="calls", unit="count")
    rows = [
        ("e", pk, measure.pk, f"2031-11-{day:02}", 1, 1, day, pk + day, 0) for pk in people for day in (3, 9)
    ]
    with connection.cursor() as cursor:
        for row in rows:
            cursor.execute(
                f"INSERT INTO metrics_observation {COLUMNS} VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)", row
            )
    first, last = date(2031, 11, 1), date(2031, 11, 30)
    of_part = dict(zip(people, parts.part_of(people).tolist(), strict=True))
    for part in set(of_part.values()):
        here = [pk for pk in people if of_part[pk] == part]
        wanted = kpi_values.totals_of_people(here[:-1] or here, {"calls"}, first, last)
        with monkeypatch.context() as patched:
            patched.setattr(parts, "FEW", 0)
            patched.setattr(kpi_values, "_are_most", lambda people, tables: True)
            found = kpi_values.totals_of_people(here[:-1] or here, {"calls"}, first, last)
        pd.testing.assert_frame_equal(found, wanted)
        assert found["calls", "sum"].tolist() == [2 * pk + 12 for pk in found.index]
