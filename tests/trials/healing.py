"""Killing anything by hand during `make demo`, seen in a browser: python -m tests.trials.healing [--victims beat,web].

The demonstration is started as `make demo` starts it. HR presses a button, and while the computation is in the
middle of its work one process is killed with SIGKILL. What is measured is what HR sees, without touching the page:
seconds until the computation in hand is shown as finished, and until a second one, asked for afterwards, is.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2

ROOT = Path(__file__).resolve().parent.parent.parent
PASSWORD = "laurel-demo"
#: How long a build of the demonstration may take beside seven others on two cores.
READY_SECONDS = 900.0
#: The pass mark: within a minute.
HEALED_SECONDS = 60.0

#: What to kill: a mark in the command of the supervisor's child, and whether one of that child's children is meant.
VICTIMS: dict[str, tuple[str, bool]] = {
    "web, the master": ("gunicorn", False),
    "web, one process": ("gunicorn", True),
    "worker, the main process": (" worker ", False),
    "worker, the process at work": (" worker ", True),
    "beat": (" beat ", False),
    "Valkey": ("valkey-server", False),
    "PostgreSQL": ("postgres", False),
    "PostgreSQL, the worker's connection": ("postgres", True),
}
#: Tables that a computation writes into first; a lock on one stops it in the middle, whoever works it.
GATES = {"scoring": "reviews_componentscore", "payout": "incentives_payoutline"}


@dataclass
class Healed:
    victim: str
    kind: str
    in_hand: float
    next: float


def children(pid: int) -> list[int]:
    found: list[int] = []
    with contextlib.suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            found += [int(child) for child in (thread / "children").read_text().split()]
    return found


def command(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return ""


class Demonstration:
    """`make demo` on an empty database of its own, or one that runs already (`attached` names its supervisor)."""

    def __init__(self, attached: int = 0, url: str = "") -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="laurel-healing-"))
        self.process: subprocess.Popen[str] | None = None
        self.pid, self.url = attached, url

    def __enter__(self) -> Demonstration:
        if self.pid:
            return self
        taken = (
            "DATABASE_URL",
            "MIGRATION_DATABASE_URL",
            "REDIS_URL",
            "DJANGO_SETTINGS_MODULE",
            "MEDIA_ROOT",
        )
        environment = {name: value for name, value in os.environ.items() if name not in taken}
        log = open(self.folder / "demo.log", "w")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "config.serve", "--ephemeral", "--port", "8600"],
            cwd=ROOT,
            env=environment | {"LAUREL_VAR_DIR": str(self.folder / "var")},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.pid = self.process.pid
        self.until(lambda: "Laurel is ready" in self.said(), READY_SECONDS, "the demonstration is ready")
        self.url = self.said().partition("Laurel is ready")[2].partition("http://")[2].split("/")[0]
        self.url = f"http://{self.url}"
        return self

    def __exit__(self, *_: Any) -> None:
        if self.process is not None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(60)
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def said(self) -> str:
        return (self.folder / "demo.log").read_text() if self.process else ""

    def until(self, true: Callable[[], Any], seconds: float, what: str) -> float:
        began = time.monotonic()
        while not true():
            if self.process is not None and self.process.poll() is not None:
                raise AssertionError(f"the demonstration has ended:\n{self.said()[-2000:]}")
            if time.monotonic() - began > seconds:
                raise AssertionError(f"after {seconds:.0f} s not: {what}\n{self.said()[-1500:]}")
            time.sleep(0.05)
        return time.monotonic() - began

    # Its processes --------------------------------------------------------------------------------------------

    def program(self, mark: str) -> int:
        found = [pid for pid in children(self.pid) if mark in command(pid)]
        assert len(found) == 1, f"{len(found)} children of the supervisor have {mark!r} in their command"
        return found[0]

    def victim(self, name: str, at_work: int) -> int:
        """The process to kill; `at_work` is the server process of PostgreSQL that the worker's connection has."""
        mark, of_its_children = VICTIMS[name]
        pid = self.program(mark)
        if not of_its_children:
            return pid
        if mark == "postgres":
            return at_work
        if mark == " worker ":
            return self.client_of(at_work, children(pid))
        return children(pid)[0]

    def client_of(self, backend: int, among: list[int]) -> int:
        """Which of the worker's processes has that connection, told by the port at its end."""
        with self.database() as connection, connection.cursor() as cursor:
            cursor.execute("SELECT client_port FROM pg_stat_activity WHERE pid = %s", [backend])
            port = cursor.fetchone()[0]
        inode = next(
            line.split()[9]
            for line in Path("/proc/net/tcp").read_text().splitlines()[1:]
            if line.split()[1].endswith(f":{port:04X}")
        )
        for pid in among:
            for descriptor in Path(f"/proc/{pid}/fd").iterdir():
                with contextlib.suppress(OSError):
                    if os.readlink(descriptor) == f"socket:[{inode}]":
                        return pid
        raise AssertionError("nobody has the connection that waits")

    # Its database ---------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def database(self) -> Iterator[Any]:
        environment = Path(f"/proc/{self.program(' beat ')}/environ").read_bytes().split(b"\0")
        url = next(value[13:] for value in environment if value.startswith(b"DATABASE_URL="))
        connection = psycopg2.connect(url.decode())
        connection.autocommit = True
        try:
            yield connection
        finally:
            connection.close()

    @contextlib.contextmanager
    def gate(self, kind: str) -> Iterator[Callable[[], int]]:
        """While it is closed a computation waits in the middle. Yields who waits: a process of PostgreSQL, 0 for
        nobody."""
        with self.database() as connection, connection.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute(f"LOCK TABLE {GATES[kind]} IN SHARE MODE")

            def waiting() -> int:
                cursor.execute(
                    "SELECT pid FROM pg_locks WHERE NOT granted AND relation = %s::regclass", [GATES[kind]]
                )
                row = cursor.fetchone()
                return int(row[0]) if row else 0

            try:
                yield waiting
            finally:
                with contextlib.suppress(psycopg2.Error):
                    cursor.execute("ROLLBACK")


class Watching:
    """HR at a browser."""

    def __init__(self, page: Any, demonstration: Demonstration) -> None:
        self.page = page
        self.demonstration = demonstration

    def sign_in(self) -> None:
        self.page.goto(f"{self.demonstration.url}/sign-in/")
        self.page.fill("input[name=username]", "hr")
        self.page.fill("input[type=password]", PASSWORD)
        self.page.click("form[method=post] button[type=submit].btn-primary")
        self.page.wait_for_url(lambda url: "/sign-in/" not in url)

    def open(self, kind: str) -> None:
        """The page with the button that starts this kind of computation, made ready once."""
        url = self.demonstration.url
        if kind == "scoring":
            self.page.goto(f"{url}/cycles/")
            for link in self.page.locator("main a[href^='/cycles/']").all():
                address = link.get_attribute("href") or ""
                if address.strip("/") != "cycles" and "new" not in address:
                    self.page.goto(url + address)
                    if self.page.locator("form[action$='/score/'] button").count():
                        return
                    self.page.goto(f"{url}/cycles/")
            raise AssertionError("no cycle can be scored")
        with self.demonstration.database() as connection, connection.cursor() as cursor:
            cursor.execute("SELECT id, state FROM incentives_payoutrun ORDER BY id DESC LIMIT 1")
            number, state = cursor.fetchone()
        self.page.goto(f"{url}/payouts/{number}/")
        if state == "approved":
            self.page.click("[data-dialog-open=correct]")
            self.page.fill("dialog#correct [name=reason]", "Trial")
            self.page.click(
                "dialog#correct button[type=submit].btn-primary, dialog#correct form[method=post] button[type=submit]"
            )
            self.finished(READY_SECONDS)

    def press(self, kind: str) -> None:
        button = (
            "form[action$='/score/'] button" if kind == "scoring" else "form[action$='/recompute/'] button"
        )
        self.page.locator(button).first.click()

    def finished(self, seconds: float) -> float:
        """Until the page shows by itself that nothing is being computed any more; how long it took."""
        began = time.monotonic()
        while True:
            with contextlib.suppress(Exception):  # a page that is being loaded has no elements to ask
                if self.page.locator("main").count() and not self.page.locator(".run[hx-get]").count():
                    failed = self.page.locator(".run-failed, .run-stopped")
                    assert not failed.count(), failed.first.inner_text()
                    return time.monotonic() - began
            if time.monotonic() - began > seconds:
                raise AssertionError(f"after {seconds:.0f} s the browser shows: {self._shown()}")
            time.sleep(0.1)

    def _shown(self) -> str:
        with contextlib.suppress(Exception):
            return str(self.page.locator("body").inner_text())[:600]
        return "nothing"


def kill(victim: str, kind: str, demonstration: Demonstration, watching: Watching) -> Healed:
    """AssertionError when the browser does not show both computations as finished within a minute each."""
    with as_assertion():
        watching.open(kind)
        with demonstration.gate(kind) as waiting:
            watching.press(kind)
            demonstration.until(waiting, HEALED_SECONDS, "the computation is in the middle of its work")
            assert watching.page.locator(".run[hx-get]").count() == 1, "the page shows no progress"
            os.kill(demonstration.victim(victim, waiting()), signal.SIGKILL)
            began = time.monotonic()
        watching.finished(HEALED_SECONDS)
        in_hand = time.monotonic() - began
        again = time.monotonic()
        watching.open(kind)
        watching.press(kind)
        watching.finished(HEALED_SECONDS)
        return Healed(victim, kind, in_hand, time.monotonic() - again)


def give_up(kind: str, demonstration: Demonstration, watching: Watching) -> None:
    """The process at work is killed each time: the page says why it was given up, and its button starts it again."""
    with as_assertion():
        watching.open(kind)
        with demonstration.gate(kind) as waiting:
            watching.press(kind)
            before = 0
            for _attempt in range(3):
                demonstration.until(
                    lambda last=before: waiting() not in (0, last),
                    HEALED_SECONDS,
                    "somebody works on it again",
                )
                before = waiting()
                os.kill(demonstration.victim("worker, the process at work", before), signal.SIGKILL)
            failed = watching.page.locator(".run-failed")
            failed.wait_for(timeout=HEALED_SECONDS * 1000)
            assert "3" in failed.inner_text(), "the page does not say why"
        watching.page.click("form[action$='/restart/'] button")
        watching.finished(HEALED_SECONDS)


def stop(kind: str, demonstration: Demonstration, watching: Watching) -> None:
    """The button in the middle of the work; what was in hand is thrown away, and the other button goes on."""
    with as_assertion():
        watching.open(kind)
        with demonstration.gate(kind) as waiting:
            watching.press(kind)
            demonstration.until(waiting, HEALED_SECONDS, "the computation is in the middle of its work")
            watching.page.click("form[action$='/stop/'] button")
            watching.page.wait_for_load_state()
        stopped = watching.page.locator(".run-stopped")
        stopped.wait_for(timeout=HEALED_SECONDS * 1000)
        watching.page.click("form[action$='/restart/'] button")
        watching.finished(HEALED_SECONDS)


@contextlib.contextmanager
def as_assertion() -> Iterator[None]:
    """Whatever the browser complains about is a failed trial."""
    from playwright.sync_api import Error

    try:
        yield
    except Error as error:
        raise AssertionError(str(error)) from error


@contextlib.contextmanager
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    from tests.browsers import BROWSER_ARGUMENTS, find_browser

    found = find_browser()
    assert found, "needs a browser"
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found, args=BROWSER_ARGUMENTS)
        yield opened.new_page(viewport={"width": 1440, "height": 900}, locale="en-GB")
        opened.close()


@contextlib.contextmanager
def watched(attached: int = 0, url: str = "") -> Iterator[tuple[Demonstration, Watching]]:
    with Demonstration(attached, url) as demonstration, browser() as page:
        watching = Watching(page, demonstration)
        watching.sign_in()
        yield demonstration, watching


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.trials.healing")
    parser.add_argument(
        "--victims", default="", help="parts of their names, separated by commas; none: no killing"
    )
    parser.add_argument("--attach", type=int, default=0, help="the process id of a config.serve that runs")
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    arguments = parser.parse_args()
    wanted = [part.strip().casefold() for part in arguments.victims.split(",") if part.strip()]
    names = [name for name in VICTIMS if not wanted or any(part in name.casefold() for part in wanted)]
    failed = 0
    with watched(arguments.attach, arguments.url) as (demonstration, watching):
        print(f"{'killed':<38}{'during':<10}{'in hand':>9}{'the next':>10}")
        for name in names:
            for kind in GATES:
                try:
                    healed = kill(name, kind, demonstration, watching)
                    print(f"{name:<38}{kind:<10}{healed.in_hand:>7.1f} s{healed.next:>8.1f} s", flush=True)
                except AssertionError as error:
                    failed += 1
                    print(f"{name:<38}{kind:<10} FAILED: {error}", flush=True)
        for scene in (give_up, stop):
            for kind in GATES:
                try:
                    scene(kind, demonstration, watching)
                    print(f"{scene.__name__:<38}{kind:<10} as it should be", flush=True)
                except AssertionError as error:
                    failed += 1
                    print(f"{scene.__name__:<38}{kind:<10} FAILED: {error}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
