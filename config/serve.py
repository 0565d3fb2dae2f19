"""python -m config.serve: the whole product under one process, for the demonstration and for a small installation.

PostgreSQL and Valkey (embedded unless DATABASE_URL and REDIS_URL are set), migrations, messages, the demonstration
company on the first run; then web, worker and beat. Ctrl-C, SIGTERM and SIGHUP stop all of it and leave no process.
"""

import argparse
import contextlib
import json
import os
import queue
import re
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from config.alive import too_silent
from config.embedded import EmbeddedServers
from config.embedded.errors import EmbeddedError
from config.embedded.locations import CLONE, VAR
from config.embedded.postgres import tail, write_private
from config.embedded.processes import die_with_parent
from config.fingerprint import fingerprint_of

LOGS = VAR / "log"
STOP_SECONDS = 25.0  # more than the worker's soft shutdown and the web's graceful timeout
STEADY_SECONDS = 30.0  # a program that ran this long has started well: its next restart comes at once
BACKOFF_SECONDS = (0.5, 1, 2, 5, 10, 30)
READY_SECONDS = 90.0
PORTS_TRIED = 100
WITH_TERMINAL = os.isatty(0)
# The form of every line of our log (see LOGGING in the settings); what follows without it belongs to the line before.
LOG_LINE = re.compile(r"^\d{4}-\d\d-\d\d [\d:,]+ (?P<level>[A-Z]+) ")
LOUD = {"WARNING", "ERROR", "CRITICAL"}


class StopRequestedError(Exception):
    """Ctrl-C, SIGTERM or SIGHUP came while something was being prepared."""


class StepFailedError(Exception):
    """A preparation failed; the text is for the terminal."""


def say(text: str = "") -> None:
    """Print, also when the terminal is gone: a closed terminal must not keep us from stopping what we started."""
    with contextlib.suppress(OSError, ValueError):
        print(text, flush=True)


def terminal_is_gone() -> bool:
    """Whether the terminal that we were started in was closed. SIGHUP says so too, but not when `make` leads the
    terminal's session: it keeps the signal to itself."""
    with contextlib.suppress(OSError, ValueError):
        if WITH_TERMINAL:
            poll = select.poll()
            poll.register(0, 0)  # a hang-up is always reported
            return any(event & select.POLLHUP for _, event in poll.poll(0))
    return False


def messages_are_stale() -> bool:
    for source in CLONE.glob("locale/*/LC_MESSAGES/django.po"):
        compiled = source.with_suffix(".mo")
        if not compiled.exists() or compiled.stat().st_mtime < source.stat().st_mtime:
            return True
    return False


def fingerprint() -> str:
    """Of everything that the schema, the grants and the demonstration are made from."""
    return fingerprint_of(patterns=["demo/**/*"])


@dataclass
class Program:
    """A child that has to run as long as we do."""

    name: str
    command: Sequence[str]
    pass_fds: tuple[int, ...] = ()
    watched: bool = False  # gives signs of life, and is restarted when they stop
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0  # by the steady clock
    started_at: float = 0.0  # by the calendar
    failures: int = 0
    restart_at: float | None = None
    loud: bool = False  # its last line was a warning or worse

    @property
    def log(self) -> Path:
        return LOGS / f"{self.name}.log"

    def start(self, environment: Mapping[str, str], lines: "queue.Queue[tuple[str, str]]") -> None:
        self.restart_at = None
        self.started = time.monotonic()
        self.started_at = time.time()
        self.process = subprocess.Popen(
            self.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=CLONE,
            env=dict(environment),
            pass_fds=self.pass_fds,
            start_new_session=True,  # Ctrl-C reaches us alone; we stop the children in order
            preexec_fn=die_with_parent(signal.SIGTERM),
        )
        threading.Thread(target=self._pump, args=(self.process, lines), daemon=True).start()

    def _pump(self, process: subprocess.Popen[bytes], lines: "queue.Queue[tuple[str, str]]") -> None:
        assert process.stdout is not None
        with open(self.log, "ab") as log:
            for raw in process.stdout:
                log.write(raw)
                log.flush()
                line = raw.decode(errors="replace").rstrip()
                lines.put((self.name, line))

    def trouble(self) -> str | None:
        """Why it has to be started again, or None."""
        assert self.process is not None
        if self.process.poll() is not None:
            return f"ended with code {self.process.returncode}"
        if self.watched and (limit := too_silent(self.name, started_at=self.started_at)):
            return f"runs, but has done nothing for {limit:g} s"
        return None

    def signal(self, sign: int) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(sign)

    def end(self) -> None:
        """Nothing of the program's group outlives it, not even a child that its own master has lost."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None


class Supervisor:
    def __init__(
        self,
        *,
        host: str,
        port: int,
        ephemeral: bool,
        demo: bool,
        workers: int,
        concurrency: int,
        verbose: bool,
    ) -> None:
        self.host = host
        self.port = port
        self.demo = demo
        self.workers = workers
        self.concurrency = concurrency
        self.verbose = verbose
        self.stop_requested = threading.Event()
        self.lines: queue.Queue[tuple[str, str]] = queue.Queue()
        self.programs: list[Program] = []
        self.servers = EmbeddedServers(ephemeral=ephemeral)
        self.environment = dict(os.environ)
        self.began = time.monotonic()
        self._step: subprocess.Popen[str] | None = None
        self._prepared: dict[str, Any] = {}

    # The course of it -----------------------------------------------------------------------------------------

    def run(self) -> int:
        for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(sign, self._request_stop)
        for folder in (LOGS, VAR / "static", VAR / "media"):
            folder.mkdir(parents=True, exist_ok=True)
        listener: socket.socket | None = None
        try:
            self._prepare()
            listener = self._listen()
            # Where the links of mails lead, unless something in front has an address of its own.
            self.environment.setdefault("SITE_URL", self._local_url())
            self._start_programs(listener)
            self._build_demo()
            self._wait_until_served()
            self._announce()
            self._watch()
            return 0
        except StopRequestedError:
            return 0
        except (EmbeddedError, StepFailedError) as error:
            say(f"\n{error}")
            return 1
        finally:
            self._stop_everything()
            if listener is not None:
                listener.close()

    def _request_stop(self, sign: int, frame: FrameType | None) -> None:
        self.stop_requested.set()

    def _check_stop(self) -> None:
        if self.stop_requested.is_set() or terminal_is_gone():
            raise StopRequestedError

    def _prepare(self) -> None:
        self._progress("PostgreSQL and Valkey")
        self.servers.start()
        if self.servers.attached:
            raise StepFailedError(
                "This folder's servers are already running, most likely under another 'make demo'"
                f"{self._where_it_runs()}. Stop that one first."
            )
        self.environment |= self.servers.environment
        self.environment.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.demo")
        self.environment["PYTHONUNBUFFERED"] = "1"
        self._check_stop()
        if messages_are_stale():
            self._progress("messages")
            self._do("messages", [sys.executable, "-m", "config.messages", "compile"])
        self._prepared = self._read_prepared()
        if not self._prepared:
            self._progress("database schema")
            self._do("migrate", [sys.executable, "-m", "config.migrate"])
        # The owner's address is for the migrations: what serves has no use for it.
        self.environment.pop("MIGRATION_DATABASE_URL", None)

    @staticmethod
    def _where_it_runs() -> str:
        try:
            return f" at {json.loads((VAR / 'serving.json').read_text())['url']}"
        except (OSError, ValueError, KeyError):
            return ""

    def _listen(self) -> socket.socket:
        """The socket is ours and only lent to gunicorn, so nobody can take the port between two starts of it."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        for port in range(self.port, min(self.port + PORTS_TRIED, 65536)):
            listener = socket.socket(family, socket.SOCK_STREAM)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind((self.host, port))
                listener.listen(512)
            except OSError:
                listener.close()
                continue
            if port != self.port:
                say(f"      port {self.port} is busy, so Laurel takes {port}")
            self.port = port
            return listener
        raise StepFailedError(f"No free port from {self.port} on. Choose another: make demo PORT=9000")

    def _start_programs(self, listener: socket.socket) -> None:
        self._progress("web, worker and beat")
        python = sys.executable
        shared_memory = ["--worker-tmp-dir", "/dev/shm"] if os.access("/dev/shm", os.W_OK) else []  # noqa: S108
        level = self.environment.get("LAUREL_LOG_LEVEL", "INFO")
        self.programs = [
            Program(
                "web",
                [
                    *(python, "-m", "gunicorn", "config.wsgi:application"),
                    *("--bind", f"fd://{listener.fileno()}", "--preload", "--no-control-socket"),
                    *("--workers", str(self.workers), "--worker-class", "gthread", "--threads", "4"),
                    *("--timeout", "60", "--graceful-timeout", "15", "--log-level", "warning"),
                    *("--access-logfile", str(LOGS / "access.log")),
                    *shared_memory,
                ],
                pass_fds=(listener.fileno(),),
            ),
            Program(
                "worker",
                [
                    *(python, "-m", "celery", "-A", "config", "worker", "--loglevel", level),
                    *("--concurrency", str(self.concurrency), "--hostname", "worker@laurel"),
                    *("--without-gossip", "--without-mingle"),
                ],
                watched=True,
            ),
            Program(
                "beat",
                [python, "-m", "celery", "-A", "config", "beat", "--loglevel", level, "--pidfile="],
                watched=True,
            ),
        ]
        for program in self.programs:
            program.start(self.environment, self.lines)

    def _build_demo(self) -> None:
        """The company and its accounts, as printed at the end; None of it on a later run of the same version."""
        if self._prepared and (self._prepared["demo"] or not self.demo):
            return
        accounts = ""
        if self.demo and self._has_command("build_demo"):
            self._progress("demonstration company (the first time takes a while)")
            self._do("build_demo", [sys.executable, "manage.py", "build_demo"], show=True)
        if self.demo and self._has_command("demo_accounts"):
            accounts = self._do("demo_accounts", [sys.executable, "manage.py", "demo_accounts"])
        self._prepared = {"fingerprint": fingerprint(), "demo": self.demo, "accounts": accounts}
        if path := self._prepared_file:
            write_private(path, json.dumps(self._prepared))

    @property
    def _prepared_file(self) -> Path | None:
        """Lies beside the cluster it is about and goes with it. Of a PostgreSQL that is not ours we assume nothing."""
        return None if self.servers.postgres is None else self.servers.postgres.base / "prepared.json"

    def _read_prepared(self) -> dict[str, Any]:
        """What an earlier run of this version has prepared in this cluster: starting Django thrice takes seconds."""
        try:
            assert self._prepared_file
            found: dict[str, Any] = json.loads(self._prepared_file.read_text())
        except (AssertionError, OSError, ValueError):
            return {}
        return found if found.get("fingerprint") == fingerprint() else {}

    def _wait_until_served(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not self._answers():
            self._tend()
            if time.monotonic() > deadline:
                web = next(program for program in self.programs if program.name == "web")
                raise StepFailedError(
                    f"The web server does not answer; the end of {web.log}:\n{tail(web.log)}"
                )
            self.stop_requested.wait(0.1)

    def _answers(self) -> bool:
        request = urllib.request.Request(f"{self._local_url()}/health/")  # noqa: S310 - our own address
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
                request, timeout=5
            ) as answer:
                return int(answer.status) < 500
        except urllib.error.HTTPError as error:
            return error.code < 500
        except (OSError, ValueError):
            return False

    def _local_url(self) -> str:
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 - recognised, not bound
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    def _announce(self) -> None:
        accounts = str(self._prepared.get("accounts", ""))
        (VAR / "serving.json").write_text(json.dumps({"url": self._local_url(), "pid": os.getpid()}))
        say(f"\nLaurel is ready after {time.monotonic() - self.began:.1f} s:  {self._local_url()}/\n")
        if accounts.strip():
            say(accounts.rstrip() + "\n")
        say(f"Logs are in {LOGS}. Ctrl-C stops everything; the data stays.")

    def _watch(self) -> None:
        while not self.stop_requested.is_set():
            self._tend()
            self.stop_requested.wait(0.2)

    # Children -------------------------------------------------------------------------------------------------

    def _tend(self) -> None:
        """Print what the programs said and start again what has ended."""
        self._check_stop()
        self._print_lines()
        for name in self.servers.revive():
            say(f"{name} had ended and was started again")
        now = time.monotonic()
        for program in self.programs:
            if program.restart_at is not None:
                if now >= program.restart_at:
                    program.start(self.environment, self.lines)
                continue
            reason = program.trouble()
            if reason is None:
                continue
            program.end()
            program.failures = 0 if now - program.started > STEADY_SECONDS else program.failures + 1
            wait = BACKOFF_SECONDS[min(program.failures, len(BACKOFF_SECONDS) - 1)]
            program.restart_at = now + wait
            say(f"{program.name} {reason}; it starts again in {wait:g} s (see {program.log})")

    def _print_lines(self) -> None:
        """Warnings and worse reach the terminal; the log files have everything."""
        programs = {program.name: program for program in self.programs}
        with contextlib.suppress(queue.Empty):
            while True:
                name, line = self.lines.get_nowait()
                program = programs[name]
                if match := LOG_LINE.match(line):
                    program.loud = match["level"] in LOUD
                if line and (self.verbose or program.loud):
                    say(f"{name:<6} | {line}")

    # Preparations ---------------------------------------------------------------------------------------------

    def _progress(self, what: str) -> None:
        say(f"{time.monotonic() - self.began:5.1f} s  {what}")

    @staticmethod
    def _has_command(name: str) -> bool:
        return any(CLONE.glob(f"*/management/commands/{name}.py"))

    def _do(self, name: str, command: Sequence[str], *, show: bool = False) -> str:
        """Run a preparation to its end, or end it when we are asked to stop. Returns what it printed on stdout."""
        log = LOGS / f"{name}.log"
        output: list[str] = []
        with open(log, "w") as file:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=file,
                text=True,
                errors="replace",
                cwd=CLONE,
                env=self.environment,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGTERM),
            )
            self._step = process

            def read() -> None:
                assert process.stdout is not None
                for line in process.stdout:
                    output.append(line)
                    file.write(line)
                    file.flush()
                    if show:
                        say(f"         {line.rstrip()}")

            reader = threading.Thread(target=read, daemon=True)
            reader.start()
            while process.poll() is None:
                if self.programs:
                    self._tend()
                self._check_stop()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(0.1)
            reader.join(5)
            self._step = None
        if process.returncode != 0:
            raise StepFailedError(f"'{' '.join(command[1:])}' failed; the end of {log}:\n{tail(log, 30)}")
        return "".join(output)

    # Stop -----------------------------------------------------------------------------------------------------

    def _stop_everything(self) -> None:
        for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(sign, signal.SIG_IGN)  # nothing interrupts the stopping, which is bounded in time
        running = [program for program in self.programs if program.process is not None]
        if running or self._step is not None:
            say("\nStopping …")
        if self._step is not None and self._step.poll() is None:
            self._step.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._step.wait(5)
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._step.pid, signal.SIGKILL)
            self._step.wait()
        for program in reversed(running):  # beat, worker, web: what makes work stops first
            program.signal(signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        for program in running:
            assert program.process is not None
            with contextlib.suppress(subprocess.TimeoutExpired):
                program.process.wait(max(0.0, deadline - time.monotonic()))
            program.end()
        if not self.servers.attached:
            (VAR / "serving.json").unlink(missing_ok=True)
        self.servers.stop()
        if running:
            say("Stopped.")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m config.serve", description=__doc__)
    parser.add_argument("--host", default=os.environ.get("HOST_ADDRESS", "127.0.0.1"))
    parser.add_argument("--port", type=int, default=int(os.environ.get("PORT") or 8000))
    parser.add_argument("--ephemeral", action="store_true", help="empty servers, deleted afterwards")
    parser.add_argument("--no-demo", action="store_true", help="without the demonstration company")
    parser.add_argument("--workers", type=int, default=2, help="web processes")
    parser.add_argument("--concurrency", type=int, default=2, help="worker processes")
    parser.add_argument("--verbose", action="store_true", help="print everything, not warnings only")
    given = parser.parse_args()
    return Supervisor(
        host=given.host,
        port=given.port,
        ephemeral=given.ephemeral,
        demo=not given.no_demo,
        workers=given.workers,
        concurrency=given.concurrency,
        verbose=given.verbose,
    ).run()


if __name__ == "__main__":
    sys.exit(main())
