"""The supervisor: another port when one is busy, dead programs start again, nothing is left when it ends."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks for processes in /proc"),
]


def family(var: Path) -> dict[int, str]:
    """Every process that runs for this test: its environment names the test's folder. Zombies have none."""
    mark = f"LAUREL_VAR_DIR={var}".encode()
    found = {}
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            with contextlib.suppress(OSError):
                if mark in (process / "environ").read_bytes():
                    found[int(process.name)] = (
                        (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                    )
    return found


def servers() -> set[int]:
    """PostgreSQL and Valkey get a clean environment, so they are told by their ancestry while it lasts."""
    answer = subprocess.run(["ps", "-eo", "pid,comm"], capture_output=True, text=True, check=False).stdout
    return {
        int(line.split()[0])
        for line in answer.splitlines()[1:]
        if re.search(r"postgres$|valkey-server", line)
    }


class Serving:
    def __init__(self, var: Path, port: int) -> None:
        self.var = var
        self.lines: list[str] = []
        taken = ("DATABASE_URL", "MIGRATION_DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE")
        environment = {name: value for name, value in os.environ.items() if name not in taken}
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "config.serve",
                "--ephemeral",
                "--no-demo",
                "--verbose",
                "--port",
                str(port),
            ],
            cwd=ROOT,
            env=environment | {"LAUREL_VAR_DIR": str(var)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def read_until(self, pattern: str) -> re.Match[str]:
        assert self.process.stdout
        for line in self.process.stdout:
            self.lines.append(line)
            if match := re.search(pattern, line):
                return match
        pytest.fail(f"ended without {pattern!r}:\n{''.join(self.lines)}")

    def database_processes(self) -> set[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return {int(child) for child in children} & servers()


def gone(pids: set[int] | dict[int, str], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not any(running(pid) for pid in pids):
            return True
        time.sleep(0.1)
    return False


def running(pid: int) -> bool:
    """Zombies do not run; whoever adopts them in a container may never collect them."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
def busy_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield int(listener.getsockname()[1])


@pytest.fixture
def serving(tmp_path: Path, busy_port: int) -> Iterator[Serving]:
    serving = Serving(tmp_path / "var", busy_port)
    yield serving
    if serving.process.poll() is None:
        serving.process.kill()
        serving.process.wait()
    for pid in family(serving.var):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def test_serves_on_another_port_revives_and_stops(serving: Serving, busy_port: int) -> None:
    url = serving.read_until(r"Laurel is ready .*(http://127\.0\.0\.1:(\d+))/").group(1)
    port = int(url.rsplit(":", 1)[1])
    assert busy_port < port
    assert f"port {busy_port} is busy, so Laurel takes {port}" in "".join(serving.lines)
    with urllib.request.urlopen(f"{url}/health/", timeout=10) as answer:
        assert answer.status == 200

    databases = serving.database_processes()
    assert len(databases) == 2
    worker = next(
        pid for pid, line in family(serving.var).items() if " celery " in line and " worker " in line
    )
    os.kill(worker, signal.SIGKILL)
    serving.read_until(r"worker ended with code .* starts again")
    serving.read_until(r"worker .*ready\.")

    everything = databases | set(family(serving.var))
    assert (
        len(everything) >= 7
    )  # the supervisor, two servers, web and its workers, the worker and its pool, beat
    serving.process.send_signal(signal.SIGTERM)
    serving.read_until("Stopped")
    assert serving.process.wait(30) == 0
    assert gone(everything, 1)
    assert family(serving.var) == {}


def test_nothing_outlives_a_killed_supervisor(serving: Serving) -> None:
    serving.read_until("Laurel is ready")
    everything = serving.database_processes() | set(family(serving.var))
    serving.process.kill()
    serving.process.wait()
    assert gone(everything, 120), family(serving.var)


def test_stops_in_the_middle_of_starting_and_without_a_terminal(serving: Serving) -> None:
    serving.read_until("database schema")
    everything = serving.database_processes()
    assert serving.process.stdout
    serving.process.stdout.close()  # whoever read us has gone
    serving.process.send_signal(signal.SIGHUP)
    assert serving.process.wait(30) == 0
    assert gone(everything, 1)
    assert family(serving.var) == {}
