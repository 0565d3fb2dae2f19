"""All results of a cycle through the API, against COPY TO of the same query."""

from __future__ import annotations

import io
import time
import tracemalloc
from typing import Any

import psycopg2.extensions
from django.test import Client

from bench.company import Company
from bench.report import Row
from people.models import User
from reviews.models import Cycle
from reviews.selectors.bulk_results import _RESULTS, CHUNK


def measure_pull(connection: psycopg2.extensions.connection, company: Company, cycle: Cycle) -> list[Row]:
    """The stream is read to its end and thrown away, chunk by chunk, as a client over the network would take it."""
    client = Client()
    client.force_login(User.objects.get(login="hr"), backend="people.authentication.LoginBackend")
    address = f"/api/v1/cycles/{cycle.code}/results.ndjson"
    _read(client, address)  # the first request pays for imports
    began = time.perf_counter()
    lines, largest = _read(client, address)
    seconds = time.perf_counter() - began
    if lines != company.size:
        raise RuntimeError(f"{lines} lines for {company.size} people")
    tracemalloc.start()
    _read(client, address)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    params: dict[str, Any] = {
        "run": str(cycle.published_run_id),
        "cycle": cycle.pk,
        "after": 0,
        "limit": None,
        "show_rank": True,
    }
    with connection.cursor() as cursor:
        query = cursor.mogrify(f"COPY ({_RESULTS}) TO STDOUT (FORMAT csv)", params).decode()
        began = time.perf_counter()
        cursor.copy_expert(query, io.BytesIO())
        bare = time.perf_counter() - began
    ratio = bare / seconds
    return [
        Row(
            company.size,
            "results as NDJSON",
            f"{company.size / seconds:,.0f} rows/s, {peak / 2**20:.0f} MB",
            f"{company.size / bare:,.0f} rows/s",
            ratio,
            ">= 0.3, constant memory",
            ratio >= 0.3 and peak < 64 * 2**20,
            {
                "seconds": seconds,
                "copy_seconds": bare,
                "peak_bytes": peak,
                "largest_chunk": largest,
                "chunk": CHUNK,
            },
        )
    ]


def _read(client: Client, address: str) -> tuple[int, int]:
    response: Any = client.get(address)
    lines = largest = 0
    for chunk in response.streaming_content:
        lines += chunk.count(b"\n")
        largest = max(largest, len(chunk))
    return lines, largest
