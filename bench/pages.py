"""The main pages and the results API as HR, a manager and an employee: time and queries of each, inside this process.

What is measured is the work of the server for one request: routing, middleware, queries, template. There is no
network and no browser. Beside the time that passed stands the processor time of this process and of its PostgreSQL
backend: on a machine that does other work, only that says what the request itself costs.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any, NamedTuple

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bench.company import Company
from bench.report import Row
from people.models import User

TIMES = 25
LIMIT_MS, LIMIT_QUERIES = 100.0, 15


class Page(NamedTuple):
    who: str
    name: str
    address: str


def pages_of(company: Company, cycle: str, payout_run: int) -> list[Page]:
    agent = company.first_agent + company.size // 2
    found = [
        ("hr", "home", "/"),
        ("hr", "people", "/people/"),
        ("hr", "people, search", "/people/?q=E000"),
        ("hr", "one person", f"/people/{agent}/"),
        ("hr", "teams", "/people/teams/"),
        ("hr", "cycles", "/cycles/"),
        ("hr", "cycle", f"/cycles/{cycle}/"),
        ("hr", "results", f"/cycles/{cycle}/results/"),
        ("hr", "results of a rating", f"/cycles/{cycle}/results/?rating=A"),
        ("hr", "one result", f"/cycles/{cycle}/results/{agent}/"),
        ("hr", "payouts", "/payouts/"),
        ("hr", "payout run", f"/payouts/{payout_run}/"),
        ("hr", "trail", "/trail/"),
        ("hr", "API: results", f"/api/v1/cycles/{cycle}/results/"),
        ("hr", "API: results by score", f"/api/v1/cycles/{cycle}/results/?ordering=-score"),
        ("hr", "API: one result", f"/api/v1/cycles/{cycle}/results/{agent}/"),
        ("hr", "API: employees", "/api/v1/employees/"),
        ("manager", "home", "/"),
        ("manager", "people", "/people/"),
        ("manager", "scoring", "/scoring/"),
        ("manager", "results", f"/cycles/{cycle}/results/"),
        ("manager", "API: results", f"/api/v1/cycles/{cycle}/results/"),
        ("employee", "home", "/"),
        ("employee", "standing", "/standing/"),
        ("employee", "the running cycle to date", "/to-date/"),
        ("employee", "standing in a cycle", f"/standing/{cycle}/"),
        ("employee", "statement", "/statement/"),
        ("employee", "API: results", f"/api/v1/cycles/{cycle}/results/"),
    ]
    return [Page(*each) for each in found]


def measure_pages(company: Company, cycle: str, payout_run: int) -> list[Row]:
    """A row for each kind of person, and the details of every page; the first request of each is not counted."""
    people = {
        "hr": User.objects.get(login="hr"),
        "manager": User.objects.filter(leaderships__team__code="team-1").get(),
        "employee": User.objects.get(pk=company.first_agent + company.size // 2),
    }
    clients = {}
    for who, user in people.items():
        clients[who] = Client()
        clients[who].force_login(user, backend="people.authentication.LoginBackend")
    details: dict[str, list[dict[str, Any]]] = {who: [] for who in people}
    for page in pages_of(company, cycle, payout_run):
        details[page.who].append(measure_page(clients[page.who], page))
    rows = []
    for who, pages in details.items():
        slowest = max(pages, key=lambda page: page["p95_ms"])
        most = max(pages, key=lambda page: page["queries"])
        busiest = max(pages, key=lambda page: page["processor_ms"])
        broken = [page["page"] for page in pages if page["status"] not in (200, 302)]  # home leads on
        rows.append(
            Row(
                company.size,
                f"{len(pages)} pages as {who}",
                f"p95 {slowest['p95_ms']:.0f} ms ({slowest['page']}), {most['queries']} queries ({most['page']})"
                + f", processor {busiest['processor_ms']:.0f} ms ({busiest['page']})"
                + (f"; not 200: {', '.join(broken)}" if broken else ""),
                aim="<= 100 ms, <= 15 queries",
                met=slowest["p95_ms"] <= LIMIT_MS and most["queries"] <= LIMIT_QUERIES and not broken,
                detail={"pages": pages},
            )
        )
    return rows


def measure_page(client: Client, page: Page) -> dict[str, Any]:
    first = client.get(page.address)
    with CaptureQueriesContext(connection) as captured:
        client.get(page.address)
    queries = len(captured)  # the log is emptied by the next request
    milliseconds = []
    busy = _processor_seconds()
    for _time in range(TIMES):
        began = time.perf_counter()
        client.get(page.address)
        milliseconds.append((time.perf_counter() - began) * 1_000)
    busy = _processor_seconds() - busy
    milliseconds.sort()
    return {
        "page": page.name,
        "address": page.address,
        "status": first.status_code,
        "queries": queries,
        "median_ms": round(milliseconds[TIMES // 2], 1),
        "p95_ms": round(milliseconds[int(TIMES * 0.95)], 1),
        "processor_ms": round(busy / TIMES * 1_000, 1),
    }


def _processor_seconds() -> float:
    """Of this process and of the backend that serves its connection, which runs on this machine."""
    connection.ensure_connection()
    stat = Path(f"/proc/{connection.connection.info.backend_pid}/stat").read_text()
    user, system = stat.rpartition(")")[2].split()[11:13]
    return time.process_time() + (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
