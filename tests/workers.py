"""Workers for tests: one that runs in the test's own process when told to, and real ones as separate processes."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from config.embedded.processes import die_with_parent

CLOCK_TASKS = ("foundation.runs.tasks.relay", "foundation.runs.tasks.sweep")


class Message(NamedTuple):
    task: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]


class InlineWorker:
    """Collects what is sent and works it off when asked, in order, in this process and its transaction."""

    def __init__(self) -> None:
        self.waiting: deque[Message] = deque()
        self.done: list[Message] = []

    def receive(self, name: str, args: Any = None, kwargs: Any = None) -> None:
        self.waiting.append(Message(name, tuple(args or ()), dict(kwargs or {})))

    def run_one(self) -> Message:
        from config.celery import app

        message = self.waiting.popleft()
        app.tasks[message.task].apply(args=message.args, kwargs=message.kwargs, throw=True)
        self.done.append(message)
        return message

    def run(self, *, clock: bool = True, limit: int = 2_000) -> int:
        """Work until nothing waits; with `clock`, also what beat would start, until that brings nothing new."""
        from config.celery import app

        count = 0
        while True:
            while self.waiting:
                self.run_one()
                count += 1
                assert count <= limit, f"still not idle after {limit} tasks; the next is {self.waiting[:1]}"  # type: ignore[index]
            if clock:
                for name in CLOCK_TASKS:
                    app.tasks[name].apply(throw=True)
            if not self.waiting:
                return count


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> InlineWorker:
    """Whatever is sent, by name or by task, waits in `worker.waiting` until `worker.run()`.

    Under `db` nothing commits, so hooks on commit run only inside `django_capture_on_commit_callbacks(execute=True)`;
    the clock of `run()` relays the outbox in any case.
    """
    from celery import Celery, Task

    from config.celery import app

    app.loader.import_default_modules()
    inline = InlineWorker()

    def send_task(self: Celery, name: str, args: Any = None, kwargs: Any = None, **options: Any) -> None:
        inline.receive(name, args, kwargs)

    def apply_async(self: Task, args: Any = None, kwargs: Any = None, **options: Any) -> None:
        inline.receive(self.name, args, kwargs)

    monkeypatch.setattr(Celery, "send_task", send_task)
    monkeypatch.setattr(Task, "apply_async", apply_async)
    return inline


class RealWorkers:
    """A Celery worker and beat of their own on the test's database, as the application's role."""

    def __init__(self, environment: dict[str, str], folder: Path) -> None:
        self.environment = environment
        self.folder = folder
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str = "worker", *arguments: str) -> subprocess.Popen[bytes]:
        """`name` begins with worker or beat; a second of one kind is e.g. worker2."""
        command = [sys.executable, "-m", "celery", "-A", "config"]
        if name.startswith("beat"):
            command += ["beat", "--pidfile=", "--loglevel", "INFO"]
        else:
            command += ["worker", "--loglevel", "INFO", "--concurrency", "2", "--hostname", f"{name}@test"]
            command += ["--without-gossip", "--without-mingle"]
        with open(self.log(name), "ab") as log:
            process = subprocess.Popen(
                [*command, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self.environment,
                cwd=Path(__file__).resolve().parent.parent,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGTERM),
            )
        self.processes[name] = process
        return process

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def kill(self, name: str = "worker", sign: int = signal.SIGKILL) -> None:
        """The main process and its pool at once, as when the machine goes."""
        process = self.processes.pop(name)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        process.wait(30)

    def wait_until(self, true: Callable[[], Any], seconds: float = 90.0) -> Any:
        deadline = time.monotonic() + seconds
        while True:
            if answer := true():
                return answer
            for name, process in self.processes.items():
                if process.poll() is not None:
                    pytest.fail(
                        f"{name} ended with {process.returncode}:\n{self.log(name).read_text()[-3000:]}"
                    )
            if time.monotonic() > deadline:
                logs = "\n".join(f"{name}:\n{self.log(name).read_text()[-3000:]}" for name in self.processes)
                pytest.fail(f"still not so after {seconds} s\n{logs}")
            time.sleep(0.1)

    def stop(self) -> None:
        for process in self.processes.values():
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
        for name in list(self.processes):
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.processes[name].wait(20)
            self.kill(name)


@pytest.fixture
def real_workers(
    transactional_db: None, application_database_url: str, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[RealWorkers]:
    """Worker and beat, started. More environment by indirect parametrisation with a dictionary."""
    from redis import Redis

    redis_url = os.environ["REDIS_URL"]
    Redis.from_url(redis_url).flushdb()  # what an earlier test left in the queue is none of ours
    environment = os.environ | {
        "DATABASE_URL": application_database_url,
        "DJANGO_SETTINGS_MODULE": "config.settings.test",
        "PYTHONUNBUFFERED": "1",
    }
    workers = RealWorkers(environment | getattr(request, "param", {}), tmp_path)
    workers.start("worker")
    workers.start("beat")
    try:
        yield workers
    finally:
        workers.stop()
