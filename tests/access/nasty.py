"""What programs with errors, and people with bad intentions, send.

All of it at every address takes minutes: a run of the suite takes a fixed share, each address another one, so that
together they see everything. With LAUREL_ALL_PAYLOADS=1 every address gets all.
"""

from __future__ import annotations

import json
import math
import os
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

HUGE = 10**30
SHARE = 1 if os.environ.get("LAUREL_ALL_PAYLOADS") else 8
T = TypeVar("T")
#: What may stand in an address where the pattern wants an id.
IDS: dict[str, tuple[str, ...]] = {
    "int": ("0", str(2**31), str(2**63 - 1), str(2**63), "9" * 31, "0" * 40 + "1"),
    "slug": ("a" * 3000, "-", "__class__", "new", "None"),
    "uuid": ("ffffffff-ffff-ffff-ffff-ffffffffffff",),
    # A signed link: another signature, none, and what a path can carry.
    "str": ("a" * 3000, "-", "a:b:c", "%00", "%F0%9F%98%80", "%E2%80%AE", "W10:1a:", "None"),
}
#: Addresses that match nothing or hardly anything.
PATHS = (
    "/people/%00/",
    "/people/%ED%A0%80/",
    "/people/%FF/",
    "/people/-1/",
    "/people/1e3/",
    "/people/%D9%A3/",  # a digit, but no ASCII one
    "/people/../../etc/passwd",
    "/people/%2e%2e%2fetc%2fpasswd",
    "/api/v1/employees/%00/",
    "/api/v1/employees/%ED%A0%80/",
    "/api/v1/employees/" + "9" * 5000 + "/",
    "/api/v1/runs/not-a-uuid/",
    "/api/v1/plans/%E2%80%AE/",
    "/api/v1/" + "a/" * 500,
    "/" + "%F0%9F%98%80" * 200,
)
#: Values of parameters, as they stand in the address.
TEXTS = (
    "%00",
    "%ED%A0%80",
    "%FF%FE",
    "%E2%80%AE",
    "%F0%9F%98%80",
    "-1",
    "9" * 31,
    "1e999",
    "NaN",
    "0000-00",
    "9999-12-31T23:59:59.999999+23:59",
    "0001-01-01",
    "%25s%27%22%3B--",
    "a" * 20_000,
)
#: Parameters that pages read.
PAGE_PARAMETERS = (
    "q", "team", "show", "closed", "month", "order", "status", "version", "rating", "kind", "source", "model", "actor",
    "since", "until", "object_id", "print", "next", "limit", "line", "new",
    "col-0-what", "col-0-type",
)  # fmt: skip
CURSORS = ("x", "a" * 5000, "%00", "eyJhIjoxfQ", "WzEsMl0:1abcde:sig", "%ED%A0%80", "%F0%9F%98%80")
#: In place of a JSON value.
VALUES: tuple[Any, ...] = (
    None, [], {}, [None], {"a": {"b": [1]}}, "", "😀" * 50, True, -1, 0.1, HUGE, -HUGE, math.nan, math.inf, "NaN",
    "1e999", "9" * 40, "2025-13-45", "0001-01-01", "9999-12-31", "\x00", "\ud800", "\u202e", "=1+1",
)  # fmt: skip
#: In place of what is typed into a form.
TYPED = (
    "",
    "\x00",
    "\u202e",
    "😀" * 50,
    "-1",
    "9" * 31,
    "1e999",
    "NaN",
    "Infinity",
    "2025-13-45",
    "0001-01-01",
    "9999-12-31",
    "²",
)
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


def share_of(where: str, payloads: Iterable[T], share: int = SHARE) -> list[T]:
    """Of the payloads those that this address gets."""
    first = zlib.crc32(where.encode())
    return [payload for place, payload in enumerate(payloads) if (first + place) % share == 0]


def raw_bodies() -> Iterator[tuple[str, dict[str, Any]]]:
    """Bodies that are wrong whatever the address: (what, arguments of a request)."""
    json_bodies = {
        "nothing": b"",
        "half an object": b"{",
        "null": b"null",
        "an array": b"[]",
        "an array of arrays": b"[[], {}]",
        "a text": b'"x"',
        "a number": b"1",
        "NaN": b"NaN",
        "no UTF-8": b"\xff\xfe{}",
        "a lone surrogate": b'{"name": "\\ud800", "\\ud800": 1}',
        "NUL": b'{"name": "a\\u0000b"}',
        "deep nesting": b"[" * 100_000,
        "deep objects": b'{"a":' * 20_000,
        "many digits": b'{"version": ' + b"9" * 6000 + b"}",
    }
    yield from ((f"JSON: {what}", {"data": body, "content_type": JSON}) for what, body in json_bodies.items())
    yield "multipart without a boundary", {"data": b"--x\r\n\r\n", "content_type": "multipart/form-data"}
    yield (
        "multipart, broken off",
        {"data": b"--x\r\nContent-Dispo", "content_type": "multipart/form-data; boundary=x"},
    )
    yield "a form that is no UTF-8", {"data": b"name=%FF&%FE=1&\xff=2", "content_type": FORM}
    yield "a form with NUL", {"data": b"name=%00&code=%00", "content_type": FORM}
    yield (
        "a thousand and one fields",
        {"data": urlencode({f"f{n}": 1 for n in range(1001)}), "content_type": FORM},
    )
    for content_type in (
        "text/plain",
        "application/xml",
        "",
        "nonsense",
        f"{JSON}; charset=nonsense",
        f"{JSON}; charset=utf-16",
    ):
        yield f"type {content_type!r}", {"data": b'{"name": "x"}', "content_type": content_type}


def spoilt_json(
    body: Mapping[str, Any], values: tuple[Any, ...] = VALUES
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The good body with one field at a time replaced."""
    for name in body:
        for value in values:
            spoilt = json.dumps({**body, name: value})
            yield f"{name} = {str(value)[:20]!r}", {"data": spoilt, "content_type": JSON}


def spoilt_form(body: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """All fields the same nonsense at once (each form looks at every field), none at all, all of them twice."""
    for value in TYPED:
        yield f"all {value[:12]!r}", {"data": urlencode(dict.fromkeys(body, value)), "content_type": FORM}
    yield (
        "a megabyte each",
        {"data": urlencode(dict.fromkeys(list(body)[:6], "x" * 1_000_000)), "content_type": FORM},
    )
    yield "each twice", {"data": urlencode([*body.items(), *body.items()], doseq=True), "content_type": FORM}
    files = {name: _File() for name in body}
    yield "files for texts", {"data": encode_multipart(BOUNDARY, files), "content_type": MULTIPART_CONTENT}


class _File:
    name = "=1+1.csv"
    content_type = "text/csv"

    def read(self) -> bytes:
        return b"\x00\xff"


def parameter(name: str, text: str) -> str:
    return f"{quote(name)}={text}"
