"""The real servers and processes of a trial, and the ways to disturb them."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

from config.embedded import EmbeddedServers
from config.embedded.processes import die_with_parent

ROOT = Path(__file__).resolve().parent.parent.parent
#: A commit that was answered must survive an immediate stop; the machine does not fail here, so fsync may be off.
DURABLE = {"synchronous_commit": "on"}


class Stage:
    """PostgreSQL, Valkey, a worker of two processes and beat. `folder` holds logs, uploads and the points."""

    def __init__(self, *, plant: str = "") -> None:
        self.plant = plant
        self.folder = Path(tempfile.mkdtemp(prefix="laurel-trials-"))
        self.servers = EmbeddedServers(ephemeral=True, given={}, settings=DURABLE)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.environment: dict[str, str] = {}

    def __enter__(self) -> Stage:
        self.servers.start()
        self.environment = {
            **self.servers.environment,
            "DJANGO_SETTINGS_MODULE": "tests.trials.settings",
            "MEDIA_ROOT": str(self.folder / "media"),
            "LAUREL_VAR_DIR": str(self.folder / "var"),
            "TRIAL_FOLDER": str(self.folder / "points"),
            "TRIAL_PLANT": self.plant,
            "PYTHONUNBUFFERED": "1",
        }
        (self.folder / "points").mkdir()
        os.environ.update(self.environment)
        subprocess.run(
            [sys.executable, "-m", "config.migrate"], check=True, stdout=subprocess.DEVNULL, cwd=ROOT
        )
        return self

    def __exit__(self, *_: Any) -> None:
        for name in list(self.processes):
            self.end(name)
        self.servers.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    # Processes ------------------------------------------------------------------------------------------------

    def start(self, name: str = "worker", **more: str) -> None:
        """Worker or beat, with more environment; the worker is ready when this returns."""
        command = [sys.executable, "-m", "celery", "-A", "tests.trials.worker"]
        if name.startswith("beat"):
            command += ["beat", "--pidfile=", "--loglevel", "INFO", "--max-interval", "1"]
        else:
            for sign in self.points.glob("child-*"):
                sign.unlink()
            command += ["worker", "--loglevel", "INFO", "--concurrency", "2", "--hostname", f"{name}@trials"]
            command += ["--without-gossip", "--without-mingle"]
        with open(self.log(name), "ab") as log:
            self.processes[name] = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=os.environ | self.environment | more,
                cwd=ROOT,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGTERM),
            )
        if not name.startswith("beat"):
            self.until(
                lambda: len(list(self.points.glob("child-*"))) >= 2, 60, "the worker's processes are there"
            )

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def troubles(self, name: str, *, after: int) -> str:
        """What a program has complained about behind that place of its log."""
        text = self.log(name).read_bytes()[after:].decode(errors="replace")
        lines = [line for line in text.splitlines() if " INFO " not in line]
        return "\n".join(lines[-60:])

    def silence(self, name: str) -> float:
        """Seconds since its last sign of life (config.alive), as a supervisor sees it."""
        signs = [path.stat().st_mtime for path in (self.folder / "var" / "alive").glob(f"{name}-*")]
        return time.time() - max(signs, default=0.0)

    def end(self, name: str) -> None:
        """Whatever is left of a program's group, at once."""
        process = self.processes.pop(name)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(30)

    def restart_worker(self, **more: str) -> None:
        if "worker" in self.processes:
            self.end("worker")
        self.start("worker", **more)

    def has_ended(self, name: str) -> bool:
        return self.processes[name].poll() is not None

    # Servers --------------------------------------------------------------------------------------------------

    def crash_postgres(self) -> None:
        """As `pg_ctl stop -m immediate`, then a start with recovery, under the same address."""
        postgres = self.servers.postgres
        assert postgres
        assert postgres.process
        postgres.process.send_signal(signal.SIGQUIT)
        postgres.process.wait(30)
        postgres.start()

    def restart_valkey(self) -> None:
        """Killed and started again with nothing in it, under the same address."""
        valkey = self.servers.valkey
        assert valkey
        assert valkey.process
        valkey.process.kill()
        valkey.process.wait(30)
        valkey.start()

    def kill_client(self, random: Random) -> str:
        """Some connection of somebody to Valkey, ours excepted, is cut. Returns whose."""
        from redis import Redis

        with Redis.from_url(self.environment["REDIS_URL"]) as client:
            own = client.client_id()
            others = [each for each in client.client_list() if int(each["id"]) != own]
            chosen = random.choice(others)
            client.client_kill_filter(_id=chosen["id"])
            return f"{chosen['cmd']} ({chosen['age']} s old)"

    def flush_valkey(self) -> None:
        from redis import Redis

        Redis.from_url(self.environment["REDIS_URL"]).flushall()

    # Points ---------------------------------------------------------------------------------------------------

    @property
    def points(self) -> Path:
        return self.folder / "points"

    def at(self, point: str, action: str, kind: str) -> None:
        """The next process that reaches the point with a run of this kind does this."""
        for name in (f"held-{point}", f"release-{point}"):
            (self.points / name).unlink(missing_ok=True)
        draft = self.points / f".{point}"
        draft.write_text(f"{kind} {action}")
        draft.rename(self.points / point)

    def was_reached(self, point: str) -> bool:
        return any(self.points.glob(f"taken-{point}-*"))

    def wait_held(self, point: str) -> int:
        """The id of the process that is held at the point."""
        path = self.points / f"held-{point}"
        self.until(lambda: path.exists() and path.read_text(), 60, f"somebody is at {point}")
        return int(path.read_text())

    def release(self, point: str) -> None:
        (self.points / f"release-{point}").touch()

    def clear(self) -> None:
        for path in self.points.iterdir():
            if not path.name.startswith("child-"):
                path.unlink(missing_ok=True)

    def until(self, true: Callable[[], Any], seconds: float, what: str) -> float:
        """Seconds until it is so. AssertionError when it takes longer."""
        began = time.monotonic()
        while True:
            if true():
                return time.monotonic() - began
            if time.monotonic() - began > seconds:
                logs = "\n".join(f"{name}: {self.log(name).read_text()[-1500:]}" for name in self.processes)
                raise AssertionError(f"after {seconds:.0f} s not: {what}\n{logs}")
            time.sleep(0.05)


@contextlib.contextmanager
def patience() -> Iterator[None]:
    """Reading while the database is away: the connection is made anew for the next look."""
    from django.db import DatabaseError, InterfaceError, connection

    try:
        yield
    except (DatabaseError, InterfaceError):
        connection.close()
