"""One Valkey server of our own. It only wakes workers; losing what it holds delays work and loses none."""

import contextlib
import secrets
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from config.embedded import processes
from config.embedded.errors import EmbeddedError
from config.embedded.postgres import free_port, server_environment, tail

START_SECONDS = 20.0


class Valkey:
    def __init__(self, home: Path, binary: Path, *, log: Path, ephemeral: bool = False) -> None:
        self.data = home / "valkey"
        self.binary = binary
        self.log = log
        self.ephemeral = ephemeral
        self.process: subprocess.Popen[bytes] | None = None
        self.port = 0
        self.password = secrets.token_urlsafe(24)

    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def start(self) -> None:
        self.data.mkdir(mode=0o700, exist_ok=True)
        keep_port = self.port != 0  # started again: its address is already in other processes' hands
        for attempt in range(4):
            if attempt == 2 and any(self.data.iterdir()):
                self._put_aside()  # twice is no accident of the port: what it stored cannot be read
            if not keep_port:
                self.port = free_port()
            if self._launch():
                return
        raise EmbeddedError(f"Valkey does not start; the end of {self.log}:\n{tail(self.log)}")

    def _put_aside(self) -> None:
        unreadable = self.data.with_name("valkey.unreadable")
        shutil.rmtree(unreadable, ignore_errors=True)
        self.data.rename(unreadable)
        self.data.mkdir(mode=0o700)

    def _launch(self) -> bool:
        configuration = "\n".join(
            [
                "bind 127.0.0.1",
                f"port {self.port}",
                f'dir "{self.data}"',
                f"requirepass {self.password}",
                f"appendonly {'no' if self.ephemeral else 'yes'}",
                'save ""',
                "maxmemory-policy noeviction",  # a queue that drops its oldest entry is not a queue
                "tcp-keepalive 60",
                "daemonize no",
                "",
            ]
        )
        # The configuration goes in by standard input, so that the password stands in no list of processes.
        self.process = processes.spawn(
            [self.binary, "-"],
            log=self.log,
            directory=self.data,
            environment=server_environment(),
            parent_death_signal=signal.SIGTERM,
            stdin=configuration.encode(),
        )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            if self._ready():
                return True
            time.sleep(0.02)
        self.stop()
        return False

    def _ready(self) -> bool:
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection,
        ):
            connection.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
            answer = b""
            while answer.count(b"\r\n") < 2:
                chunk = connection.recv(1024)
                if not chunk:
                    return False
                answer += chunk
            return answer == b"+OK\r\n+PONG\r\n"  # while it loads its file it says -LOADING
        return False

    @property
    def has_ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def stop(self) -> None:
        if self.process is not None:
            processes.stop(self.process, (signal.SIGTERM, 10.0))
            self.process = None
