"""COPY in and out: what goes in comes out, and nothing turns into something else on the way."""

from __future__ import annotations

import datetime
import uuid
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from django.db import DataError, IntegrityError, connection, transaction

from foundation import bulk

pytestmark = pytest.mark.django_db

COLUMNS = {
    "whole": "bigint",
    "share": "double precision",
    "amount": "numeric(20, 6)",
    "label": "text",
    "flag": "boolean",
    "day": "date",
    "moment": "timestamptz",
    "document": "jsonb",
    "key": "uuid",
}


@pytest.fixture
def table(db: None) -> str:
    with connection.cursor() as cursor:
        columns = ", ".join(f'"{name}" {kind}' for name, kind in COLUMNS.items())
        cursor.execute(f"CREATE TEMPORARY TABLE bulk_sample ({columns}, place serial) ON COMMIT DROP")
    return "bulk_sample"


def read(columns: str = "*") -> pd.DataFrame:
    return bulk.copy_out(f"SELECT {columns} FROM bulk_sample ORDER BY place")


def test_every_type_comes_back_as_it_went_in(table: str) -> None:
    key = uuid.uuid4()
    frame = pd.DataFrame(
        {
            "whole": pd.array([9_007_199_254_740_993, None], dtype="Int64"),
            "share": [0.1 + 0.2, np.nan],
            "amount": [Decimal("1234567890123.000001"), None],
            "label": ["x", None],
            "flag": [True, None],
            "day": [datetime.date(2026, 2, 28), None],
            "moment": [datetime.datetime(2026, 2, 28, 23, 59, 59, 123456, tzinfo=datetime.UTC), None],
            "document": [{"sum(m)": 1.5, "问": ["a", None]}, None],
            "key": [key, None],
        }
    )
    assert bulk.copy_in(table, frame) == 2
    found = read(", ".join(COLUMNS))
    first = found.iloc[0]
    assert first["whole"] == 9_007_199_254_740_993
    assert first["share"] == 0.1 + 0.2
    assert first["amount"] == Decimal("1234567890123.000001")
    assert first["label"] == "x"
    assert bool(first["flag"]) is True
    assert first["day"] == datetime.date(2026, 2, 28)
    assert first["moment"] == pd.Timestamp("2026-02-28T23:59:59.123456Z")
    assert first["document"] == {"sum(m)": 1.5, "问": ["a", None]}
    assert first["key"] == str(key)
    assert found.iloc[1].isna().all()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("NULL", id="the word NULL"),
        pytest.param("\\N", id="COPY's own null"),
        pytest.param('say "yes", 王伟\r\nsecond line', id="quotes, commas and line breaks"),
        pytest.param("0012", id="digits with leading zeros"),
        pytest.param("\\.", id="COPY's end of data"),
        pytest.param("100 %s %", id="per cent signs"),
        pytest.param(" spaced ", id="surrounding spaces"),
    ],
)
def test_text_stays_the_same_text(table: str, text: str) -> None:
    bulk.copy_in(table, pd.DataFrame({"label": ["before", text, None, "after"]}))
    assert read("label")["label"].tolist() == ["before", text, None, "after"]


def test_a_missing_text_is_null_and_an_empty_one_is_not(table: str) -> None:
    bulk.copy_in(table, pd.DataFrame({"label": pd.array(["", None, pd.NA], dtype="string")}))
    assert read("label IS NULL AS missing")["missing"].tolist() == [False, True, True]


def test_parameters_are_quoted_by_the_driver(table: str) -> None:
    bulk.copy_in(table, pd.DataFrame({"label": ["100%", "'; DROP TABLE x"]}))
    found = bulk.copy_out("SELECT label FROM bulk_sample WHERE label LIKE %(like)s", {"like": "%100%%"})
    assert found["label"].tolist() == ["100%"]
    found = bulk.copy_out("SELECT label FROM bulk_sample WHERE label = ANY(%s)", [["'; DROP TABLE x"]])
    assert len(found) == 1


def test_an_empty_answer_has_its_columns_and_types(table: str) -> None:
    found = read("whole, share, label")
    assert list(found.columns) == ["whole", "share", "label"]
    assert found["share"].dtype == np.float64
    assert len(found) == 0


def test_an_empty_frame_is_no_error(table: str) -> None:
    assert bulk.copy_in(table, pd.DataFrame({"label": []})) == 0


def test_more_rows_than_one_statement_takes(table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "CHUNK_ROWS", 100)
    bulk.copy_in(table, pd.DataFrame({"whole": np.arange(257)}))
    assert read("whole")["whole"].tolist() == list(range(257))


def test_a_column_that_the_frame_lacks_is_named(table: str) -> None:
    with pytest.raises(ValueError, match="share"):
        bulk.copy_in(table, pd.DataFrame({"whole": [1]}), columns=["whole", "share"])


def test_what_the_table_refuses_is_a_database_error_of_django(table: str) -> None:
    with pytest.raises(DataError), transaction.atomic():
        bulk.copy_in(table, pd.DataFrame({"whole": ["many"]}))
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE bulk_sample ADD CONSTRAINT positive CHECK (whole > 0)")
    with pytest.raises(IntegrityError), transaction.atomic():
        bulk.copy_in(table, pd.DataFrame({"whole": [-1]}))
    assert len(read("whole")) == 0


def test_a_rollback_takes_the_rows_back(table: str) -> None:
    with transaction.atomic():
        bulk.copy_in(table, pd.DataFrame({"whole": [1, 2]}))
        transaction.set_rollback(True)
    assert len(read("whole")) == 0


def test_neighbouring_rows_become_one_row_of_arrays(db: None) -> None:
    texts = ["plain", "", "NULL", None, 'a,"b"\\{c}', "问 卷", "sum(m)"]
    frame = pd.DataFrame(
        {
            "person": [1, 1, 1, 2, 2, 3, 1],  # what comes back later is another row
            "label": texts,
            "share": [0.1 + 0.2, np.nan, -0.0, 1e300, None, 5e-324, 7.0],
            "whole": [9_007_199_254_740_993, 2, 3, 4, 5, 6, 7],
        }
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE bulk_arrays (person bigint, label text[], share float8[], whole bigint[],"
            " place serial) ON COMMIT DROP"
        )
    found = bulk.gathered(frame, ["person"], ["label", "share", "whole"])
    assert bulk.copy_in("bulk_arrays", found) == 4
    with connection.cursor() as cursor:
        cursor.execute("SELECT person, label, share, whole FROM bulk_arrays ORDER BY place")
        rows = cursor.fetchall()
    assert [row[0] for row in rows] == [1, 2, 3, 1]
    assert [row[1] for row in rows] == [texts[:3], texts[3:5], texts[5:6], texts[6:]]
    assert [row[2] for row in rows] == [[0.1 + 0.2, None, -0.0], [1e300, None], [5e-324], [7.0]]
    assert [row[3] for row in rows] == [[9_007_199_254_740_993, 2, 3], [4, 5], [6], [7]]
    assert bulk.gathered(frame[:0], ["person"], ["label"]).empty


def test_a_matrix_becomes_an_array_a_row(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE bulk_matrix (cells float8[], names text[]) ON COMMIT DROP")
    names = ["sum(m)", 'quo"ted', "null"]
    frame = pd.DataFrame(
        {
            "cells": bulk.lists(np.array([[1.5, np.nan], [3.0, 4.0]])),
            "names": bulk.constant(bulk.array_literal(names), 2),
        }
    )
    assert bulk.copy_in("bulk_matrix", frame) == 2
    with connection.cursor() as cursor:
        cursor.execute("SELECT cells, names FROM bulk_matrix")
        assert cursor.fetchall() == [([1.5, None], names), ([3.0, 4.0], names)]
    assert bulk.array_literal([]) == "{}"
