"""python -m bench.load [--managers 200] [--seconds 60] [--every 5] [--workers 2]

The real server (gunicorn, as `make demo` starts it) on databases of its own; signed-in managers who each save a cell
of their grid every few seconds; printed are the 95th percentile, answers of 5xx, and saves that were answered and are
not in the database. Exit code 1 where p95 reaches 1 s, or anything was refused or lost.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from bench.servers import databases

ITEMS = 5
LIMIT_MS = 1_000.0
TEAM_SIZE = 12
START_SECONDS = 60.0


@dataclass
class Manager:
    """One signed-in person with the cells of the own grid, filled in one after the other."""

    cookies: dict[str, str]
    sheets: list[int]
    saved: dict[tuple[int, str], tuple[str, int]] = field(default_factory=dict)
    milliseconds: list[float] = field(default_factory=list)
    answers: dict[int, int] = field(default_factory=dict)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.load", description=__doc__)
    parser.add_argument("--managers", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--every", type=float, default=5.0, help="seconds between two saves of one manager")
    parser.add_argument(
        "--workers", type=int, default=2, help="processes of gunicorn, with four threads each"
    )
    asked = parser.parse_args()
    with databases() as servers:
        import django  # only now is it known where the database is

        django.setup()
        print(f"company with {asked.managers} teams", flush=True)
        managers = _managers(servers.connect(), asked.managers)
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen(512)
            port = listener.getsockname()[1]
            server = _server(listener, servers.environment, asked.workers)
            try:
                _wait_for(port)
                print(f"{len(managers)} managers save for {asked.seconds:.0f} s", flush=True)
                _run(managers, port, asked.seconds, asked.every)
            finally:
                server.terminate()
                server.wait(30)
        return _report(managers)


def _managers(connection: Any, count: int) -> list[Manager]:
    """Their forms are launched, and their sessions made as signing in makes them."""
    from django.test import Client

    from bench.company import FIRST_DAY, LAST_DAY, build_company, cycle_configuration
    from people.models import User
    from reviews.models import ScoreSheet
    from reviews.services.cycles import create_cycle, launch_cycle

    build_company(connection, count * TEAM_SIZE)
    levels = [
        {"value": value, "points": 20 * value, "name": {"zh": str(value), "en": str(value)}}
        for value in range(1, 6)
    ]
    items = [
        {
            "code": f"item{number}",
            "weight": 100 // ITEMS,
            "name": {"zh": f"项目{number}", "en": f"Item {number}"},
            "descriptions": {str(level): {"zh": str(level), "en": str(level)} for level in range(1, 6)},
        }
        for number in range(ITEMS)
    ]
    conduct = {
        "code": "conduct",
        "method": "rating_scale",
        "name": {"zh": "行为", "en": "Conduct"},
        "weight": 100,
        "levels": levels,
        "items": items,
    }
    hr = User.objects.get(login="hr")
    cycle = create_cycle(
        actor=hr,
        code="load",
        name_en="Load",
        first_day=FIRST_DAY,
        last_day=LAST_DAY,
        configuration={**cycle_configuration(), "components": [conduct]},
    )
    launch_cycle(actor=hr, cycle=cycle)
    forms: dict[int, list[int]] = {}
    for rater, sheet in ScoreSheet.objects.order_by("pk").values_list("rater", "pk"):
        forms.setdefault(rater, []).append(sheet)
    found = []
    for rater in list(User.objects.filter(pk__in=forms))[:count]:
        client = Client()
        client.force_login(rater, backend="people.authentication.LoginBackend")
        client.get("/scoring/load/conduct/")
        cookies = {name: morsel.value for name, morsel in client.cookies.items()}
        cookies.setdefault("csrftoken", "a" * 32)
        found.append(Manager(cookies, forms[rater.pk]))
    return found


def _server(listener: socket.socket, environment: dict[str, str], workers: int) -> subprocess.Popen[bytes]:
    shared_memory = ["--worker-tmp-dir", "/dev/shm"] if os.access("/dev/shm", os.W_OK) else []  # noqa: S108
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "gunicorn", "config.wsgi:application"),
            *("--bind", f"fd://{listener.fileno()}", "--preload", "--no-control-socket"),
            *("--workers", str(workers), "--worker-class", "gthread", "--threads", "4"),
            *("--timeout", "60", "--log-level", "warning"),
            *shared_memory,
        ],
        env={**os.environ, **environment},
        pass_fds=(listener.fileno(),),
    )


def _wait_for(port: int) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/sign-in/")
            connection.getresponse().read()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise RuntimeError("the server did not answer")


def _run(managers: list[Manager], port: int, seconds: float, every: float) -> None:
    start = time.monotonic() + 1.0
    threads = [
        threading.Thread(target=_work, args=(each, number, port, start, seconds, every), daemon=True)
        for number, each in enumerate(managers)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _work(manager: Manager, number: int, port: int, start: float, seconds: float, every: float) -> None:
    """A save every few seconds, not all managers at one moment."""
    luck = random.Random(number)  # noqa: S311  where each begins, no secret
    due = start + luck.random() * every
    headers = {
        "Content-Type": "application/json",
        "X-CSRFToken": manager.cookies["csrftoken"],
        "Cookie": "; ".join(f"{name}={value}" for name, value in manager.cookies.items()),
    }
    cells = [(sheet, f"item{item}") for sheet in manager.sheets for item in range(ITEMS)]
    turn = 0
    while due < start + seconds:
        time.sleep(max(due - time.monotonic(), 0))
        due += every
        cell = cells[turn % len(cells)]
        value, version = str(luck.randint(1, 5)), manager.saved.get(cell, ("", 0))[1]
        turn += 1
        began = time.monotonic()
        # The server closes a connection that was idle for two seconds; a browser then opens another, unseen.
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            body = json.dumps({"value": value, "version": version})
            connection.request("PUT", f"/sheets/{cell[0]}/judgements/{cell[1]}/", body, headers)
            answer = connection.getresponse()
            content, status = answer.read(), answer.status
        except (OSError, http.client.HTTPException):
            content, status = b"", 599
        finally:
            connection.close()
        manager.milliseconds.append((time.monotonic() - began) * 1_000)
        manager.answers[status] = manager.answers.get(status, 0) + 1
        if status == 200:
            manager.saved[cell] = (value, int(json.loads(content)["version"]))


def _report(managers: list[Manager]) -> int:
    from reviews.methods.rating_scale import level_key
    from reviews.models import Judgement

    times = sorted(each for manager in managers for each in manager.milliseconds)
    answers: dict[int, int] = {}
    for manager in managers:
        for status, count in manager.answers.items():
            answers[status] = answers.get(status, 0) + count
    stored = {
        (sheet, item): (level_key(level), version)
        for sheet, item, level, version in Judgement.objects.values_list("sheet", "item", "level", "version")
    }
    promised = {cell: saved for manager in managers for cell, saved in manager.saved.items()}
    lost = sum(stored.get(cell) != saved for cell, saved in promised.items())
    failed = sum(count for status, count in answers.items() if status >= 500)
    p50, p95 = (times[int(len(times) * share)] if times else float("nan") for share in (0.5, 0.95))
    print(f"saves {len(times)}, answers {answers}")
    print(f"p50 {p50:.0f} ms, p95 {p95:.0f} ms, longest {times[-1] if times else 0:.0f} ms")
    print(f"5xx {failed}, lost saves {lost} of {len(promised)}")
    met = bool(times) and p95 < LIMIT_MS and not failed and not lost and set(answers) == {200}
    print("met" if met else "NOT met")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
