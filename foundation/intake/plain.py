"""The usual export, read fast: UTF-8, every record of the same width, quotation marks only around whole cells.

Such a file means the same to every reader of CSV, so it may go through a parser that is some thirty times as fast
as the careful one. Whatever is not plain is left to that one (see reading); so is every file with something wrong in
it, since only the careful reader says what.
"""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

BOM = b"\xef\xbb\xbf"
_CONTROL = bytes([*range(9), 11, 12, *range(14, 32)])
#: What turns the direction of writing, and so hides what a value says (U+202A-202E, U+2066-2069).
_BIDIRECTIONAL = re.compile(rb"\xe2(?:\x80[\xaa-\xae]|\x81[\xa6-\xa9])")


def is_plain(content: bytes, delimiter: str) -> bool:
    """Nothing in the bytes needs the careful reader. Linear, some hundred megabytes a second."""
    if len(content.translate(None, _CONTROL)) != len(content) or _BIDIRECTIONAL.search(content):
        return False
    if content.count(b"\r") != content.count(b"\r\n"):
        return False
    marks = np.flatnonzero(np.frombuffer(content, dtype=np.uint8) == ord('"'))
    if not marks.size:
        return True
    # Marks come in pairs around whole cells: each first one begins a cell and each second one ends it.
    around = np.frombuffer(
        b"\n" + content + b"\n", dtype=np.uint8
    )  # mark m has its neighbours at m and m + 2
    opens = np.isin(around[marks[0::2]], [ord(delimiter), ord("\n")])
    closes = np.isin(around[marks[1::2] + 2], [ord(delimiter), ord("\n"), ord("\r")])
    return marks.size % 2 == 0 and bool(opens.all() and closes.all())


def plain_columns(
    content: bytes, *, delimiter: str, width: int, strip: str, longest: int
) -> list[pd.Categorical] | None:
    """The columns of records without a header, each distinct text once and stripped; an empty cell is missing.

    None when a record has another width than `width` or goes over several lines, a cell is longer than `longest`, or
    it is not UTF-8.
    """
    other_width: list[object] = []

    def note(row: object) -> str:
        other_width.append(row)
        return "skip"

    names = [str(place) for place in range(width)]
    try:
        table = csv.read_csv(
            pa.BufferReader(content),
            csv.ReadOptions(column_names=names, block_size=8 << 20),
            csv.ParseOptions(
                delimiter=delimiter, double_quote=True, ignore_empty_lines=False, invalid_row_handler=note
            ),
            csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.dictionary(pa.int32(), pa.string())),
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid:
        return None
    lines = content.count(b"\n") + (not content.endswith(b"\n"))
    if other_width or len(table) != lines:
        return None
    columns = [_categorical(table[name], strip) for name in names]
    if any(len(text) > longest for column in columns for text in column.categories):
        return None
    return columns


def _categorical(column: pa.ChunkedArray, strip: str) -> pd.Categorical:
    coded = column.unify_dictionaries()
    if coded.num_chunks == 0:
        return pd.Categorical([])
    distinct = pc.utf8_trim(coded.chunk(0).dictionary, characters=strip)
    codes = np.concatenate([chunk.indices.to_numpy() for chunk in coded.chunks])
    # Stripping may have made two texts one.
    again = distinct.dictionary_encode()
    texts = again.dictionary.to_pylist()
    codes = again.indices.to_numpy()[codes]
    if "" in texts:
        empty = texts.index("")
        texts.pop(empty)
        codes = np.where(codes == empty, -1, codes - (codes > empty))
    return pd.Categorical.from_codes(codes, categories=pd.Index(texts, dtype=object))
