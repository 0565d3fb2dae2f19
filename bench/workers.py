"""Real worker processes: a Celery worker with a pool of so many, warmed up, and what memory it came to need."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from config.embedded.processes import die_with_parent

START_SECONDS = 60.0


class Workers:
    """`with Workers(2) as workers:` the pool is ready in the block; `peak_bytes()` is that of its largest process."""

    def __init__(self, concurrency: int, environment: dict[str, str]) -> None:
        self.concurrency = concurrency
        self.environment = os.environ | environment
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Workers:
        self.log = Path(tempfile.mkstemp(prefix="laurel-bench-worker-", suffix=".log")[1])
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "celery", "-A", "config", "worker", "--loglevel", "INFO"),
                    *("--concurrency", str(self.concurrency), "--hostname", "bench@laurel"),
                    *("--without-gossip", "--without-mingle"),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self.environment,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGTERM),
            )
        deadline = time.monotonic() + START_SECONDS
        while b"ready." not in self.log.read_bytes():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the worker does not start:\n{self.log.read_text()[-2000:]}")
            time.sleep(0.1)
        time.sleep(1.0)  # the pool's processes have imported what they need
        return self

    def peak_bytes(self) -> int:
        """The most that any process of the pool has held resident."""
        return max(peaks(self.process.pid), default=0) if self.process else 0

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self.process
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(20)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.log.unlink(missing_ok=True)


def peaks(parent: int) -> Iterator[int]:
    """Peak resident bytes of the children of `parent`."""
    for status in Path("/proc").glob("[0-9]*/status"):
        with contextlib.suppress(OSError, KeyError, ValueError):
            found = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
            if int(found["PPid"]) == parent:
                yield int(found["VmHWM"].split()[0]) * 1024
