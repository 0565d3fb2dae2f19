"""Frames into tables and queries into frames through COPY, in Django's connection and current transaction.

A million rows a second, where the ORM does a few thousand. No model is loaded, no signal is sent, no default
is applied: the frame says everything, and the table's constraints have the last word.
"""

from __future__ import annotations

import datetime
import io
import json
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from django.db import connection
from pandas.api.types import infer_dtype
from psycopg2 import sql
from pyarrow import csv

# Rows per COPY statement: bounds the CSV text held in memory (about 20 MB for a row of ten numbers, twice).
CHUNK_ROWS = 100_000

# PostgreSQL's type numbers, as cursor.description gives them, by how pyarrow reads their CSV text.
_INTEGERS = frozenset({20, 21, 23, 26})
_FLOATS = frozenset({700, 701})
_BOOLEAN, _DATE, _TIMESTAMP, _TIMESTAMP_TZ, _NUMERIC = 16, 1082, 1114, 1184, 1700
_JSON = frozenset({114, 3802})
_TO_JSON = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode  # made once: dumps makes one a call
_PLAIN_KINDS = {"string": pa.string(), "date": pa.date32()}
# A text that stands in an array literal as it is; all others are quoted.
_BARE_ELEMENT = "^[A-Za-z0-9_.:-]+$"


def copy_in(table: str, frame: pd.DataFrame, columns: Sequence[str] | None = None) -> int:
    """Append the rows of `frame` to `table`; the answer is their number.

    table     a table's name (`Model._meta.db_table`)
    columns   the frame's columns to write, named as in the table (default: all); other columns of the table
              take their database default
    Missing   None, NaN, NaT and pd.NA become NULL; an empty string stays an empty string
    Types     dict and list are written as JSON, Decimal exactly, naive timestamps as UTC; whole numbers with
              gaps need the nullable dtype Int64, since float64 would be written as "1.0"; columns of `gathered` and
              `lists` become PostgreSQL arrays
    Errors    ValueError for a column that the frame lacks; Django's database errors for what the table
              refuses. The transaction is then broken, as after any failed statement.
    """
    names = list(frame.columns) if columns is None else list(columns)
    absent = [name for name in names if name not in frame.columns]
    if absent:
        raise ValueError(f"the frame has no column {', '.join(map(str, absent))}")
    statement = sql.SQL("COPY {} ({}) FROM STDIN WITH (FORMAT csv, NULL '')").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, names))
    )
    with connection.cursor() as cursor:
        text = statement.as_string(cursor.connection)
        for stream in _written(frame, names):
            with connection.wrap_database_errors:
                cursor.copy_expert(text, stream)
    return len(frame)


def _written(frame: pd.DataFrame, names: Sequence[str]) -> Iterator[io.BytesIO]:
    """The frame's parts as CSV. While PostgreSQL takes one part the next is written: both leave Python's lock alone."""
    starts = range(0, len(frame), CHUNK_ROWS)
    if len(starts) < 2:
        yield from (_csv_of(frame.iloc[start : start + CHUNK_ROWS], names) for start in starts)
        return
    with ThreadPoolExecutor(1, "copy") as ahead:
        coming = ahead.submit(_csv_of, frame.iloc[:CHUNK_ROWS], names)
        for start in starts:
            stream = coming.result()
            if start + CHUNK_ROWS < len(frame):
                coming = ahead.submit(_csv_of, frame.iloc[start + CHUNK_ROWS : start + 2 * CHUNK_ROWS], names)
            yield stream


def _csv_of(part: pd.DataFrame, names: Sequence[str]) -> io.BytesIO:
    arrow = pa.table([_arrow_column(part[name]) for name in names], names=list(map(str, names)))
    stream = io.BytesIO()
    # "needed" quotes every string and no null, so that COPY tells "" from NULL.
    csv.write_csv(arrow, stream, csv.WriteOptions(include_header=False, quoting_style="needed"))
    stream.seek(0)
    return stream


def copy_out(query: str, params: Iterable[Any] | Mapping[str, Any] | None = None) -> pd.DataFrame:
    """The rows of a SELECT as a frame.

    query     one SELECT with psycopg2 places, %s or %(name)s; with params a literal per cent sign is %%
    returns   int64 (Int64 where a NULL occurs), float64 with NaN for NULL, bool (object with gaps),
              datetime.date objects, UTC timestamps, Decimal objects for numeric, parsed objects for json; all
              else text with None for NULL. An empty answer has its columns.
    """
    with connection.cursor() as cursor:
        select = cursor.mogrify(query, params).decode() if params else query
        # Types come from the database, never from a guess: "0012" is text, not twelve.
        with connection.wrap_database_errors:
            cursor.execute(f"SELECT * FROM ({select.replace('%', '%%')}) AS q LIMIT 0", ())  # noqa: S608
            description = list(cursor.description)
            stream = io.BytesIO()
            cursor.copy_expert(f"COPY ({select}) TO STDOUT WITH (FORMAT csv)", stream)
    names = [column.name for column in description]
    if len(set(names)) < len(names):
        raise ValueError("the query gives two columns of one name")
    types = {column.name: _arrow_type(column.type_code) for column in description}
    if stream.tell() == 0:
        arrow = pa.table({name: pa.array([], type=types[name]) for name in names})
    else:
        stream.seek(0)
        arrow = csv.read_csv(
            stream,
            read_options=csv.ReadOptions(column_names=names, block_size=8 << 20),
            parse_options=csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
            convert_options=csv.ConvertOptions(
                column_types=types,
                null_values=[""],
                true_values=["t"],
                false_values=["f"],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )
    values = {column.name: _pandas_column(arrow[column.name], column.type_code) for column in description}
    return pd.DataFrame(values, columns=names)


def constant(value: Any, rows: int) -> pd.Categorical[str]:
    """One text in every row, kept once."""
    return pd.Categorical.from_codes(np.zeros(rows, dtype=np.int8), pd.Index([str(value)]))


def lists(matrix: npt.NDArray[Any]) -> pd.Series:
    """Each row of a matrix of numbers as one array; nan becomes NULL."""
    rows, width = matrix.shape
    cells = pa.array(matrix.ravel(), from_pandas=True)
    return _list_column(np.arange(rows + 1, dtype=np.int32) * np.int32(width), cells)


def gathered(frame: pd.DataFrame, by: Sequence[str], columns: Sequence[str]) -> pd.DataFrame:
    """Neighbouring rows of equal `by` as one row, with an array of what they have in each of `columns`."""
    if frame.empty:
        return frame[[*by, *columns]]
    changes = np.zeros(len(frame), dtype=bool)
    for name in by:
        cells = frame[name].to_numpy()
        changes[1:] |= cells[1:] != cells[:-1]
    changes[0] = True
    starts = np.flatnonzero(changes)
    offsets = np.append(starts, len(frame)).astype(np.int32)
    kept = frame[list(by)].iloc[starts].reset_index(drop=True)
    return kept.assign(**{name: _list_column(offsets, _arrow_column(frame[name])) for name in columns})


def array_literal(values: Iterable[Any]) -> str:
    """PostgreSQL's text of an array of numbers or texts."""
    column = pa.ListArray.from_arrays([0, len(cells := list(values))], pa.array(cells, from_pandas=True))
    return str(_array_literals(column)[0].as_py())


def json_lines(query: str, params: Iterable[Any] | Mapping[str, Any] | None = None) -> bytes:
    """The rows of a SELECT as JSON objects, one a line, written by PostgreSQL: ten times as fast as by Python.

    Numbers are JSON numbers, NULL is null, dates and times are ISO 8601 text. Ask for as many rows as may be held at
    once.
    """
    stream = io.BytesIO()
    with connection.cursor() as cursor:
        select = cursor.mogrify(query, params).decode() if params else query
        with connection.wrap_database_errors:
            cursor.copy_expert(f"COPY (SELECT row_to_json(q) FROM ({select}) AS q) TO STDOUT", stream)  # noqa: S608
    # COPY doubles every backslash; a control character never stands in JSON as itself.
    return stream.getvalue().replace(b"\\\\", b"\\")


def _arrow_column(values: pd.Series) -> pa.Array:
    if values.dtype == object:
        # A column of nothing but texts, or days, needs no look at every cell from Python.
        found = infer_dtype(values, skipna=True)
        if found == "mixed" and all(type(value) is dict for value in values):
            return pa.array([_TO_JSON(value) for value in values], type=pa.string())
        if (kind := _PLAIN_KINDS.get(found)) is not None:
            return pa.array(values, type=kind, from_pandas=True)
        values = values.map(_plain, na_action=None)
    column = pa.Array.from_pandas(values)
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_list(column.type):
        return _array_literals(column)
    return column.cast(pa.string()) if pa.types.is_large_string(column.type) else column


def _list_column(offsets: npt.NDArray[np.int32], cells: pa.Array) -> pd.Series:
    found = pa.ListArray.from_arrays(pa.array(offsets), cells)
    return pd.Series(pd.arrays.ArrowExtensionArray(found))


def _array_literals(column: pa.ListArray) -> pa.Array:
    """{1,2.5,NULL} for every row: put together column by column, never cell by cell."""
    cells = column.values
    text = cells.cast(pa.string())
    if pa.types.is_string(cells.type):
        kinds = pc.unique(cells.drop_null())
        if not pc.all(pc.match_substring_regex(kinds, _BARE_ELEMENT), min_count=0).as_py() or "null" in {
            kind.lower() for kind in kinds.to_pylist()
        }:
            escaped = pc.replace_substring_regex(text, r'(["\\])', r"\\\1")
            text = pc.binary_join_element_wise('"', escaped, '"', "")
    whole = pa.ListArray.from_arrays(column.offsets, pc.fill_null(text, "NULL"))
    return pc.binary_join_element_wise("{", pc.binary_join(whole, ","), "}", "")


def _plain(value: Any) -> Any:
    """One cell of an object column as something that pyarrow writes: text, number, bool, date or nothing."""
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, (dict, list)):
        return _TO_JSON(value)
    if isinstance(value, float) and value != value:
        return None
    if isinstance(value, (Decimal, uuid.UUID)):
        return str(value)
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    return value


def _arrow_type(code: int) -> pa.DataType:
    if code in _INTEGERS:
        return pa.int64()
    if code in _FLOATS:
        return pa.float64()
    if code == _BOOLEAN:
        return pa.bool_()
    if code == _DATE:
        return pa.date32()
    if code == _TIMESTAMP:
        return pa.timestamp("us")
    if code == _TIMESTAMP_TZ:
        return pa.timestamp("us", tz="UTC")
    return pa.string()


def _pandas_column(column: pa.ChunkedArray, code: int) -> pd.Series:
    if code in _INTEGERS and column.null_count:
        return column.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
    values = column.to_pandas(date_as_object=True)
    if code == _NUMERIC:
        return values.map(Decimal, na_action="ignore")
    if code in _JSON:
        return values.map(json.loads, na_action="ignore")
    return values
