"""One PostgreSQL server of our own: initialised, started, given its two roles and its database, stopped."""

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from config.embedded import processes
from config.embedded.errors import EmbeddedError
from config.embedded.locations import ServerUser
from config.embedded.roles import APPLICATION_ROLE, DATABASE, OWNER_ROLE, ensure_roles

SUPERUSER = "postgres"
START_SECONDS = 60.0  # recovery after a crash takes its time

# Common to every embedded server. Nothing replicates from it, so bulk loads may skip the write-ahead log; compiling
# expressions (jit) costs short queries more than it saves long ones.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "password_encryption": "scram-sha-256",
    "log_line_prefix": "%m [%p] %u@%d ",
}
# A test database is thrown away, so it need not survive a power cut.
EPHEMERAL_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "128MB",
    "max_wal_size": "1GB",
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Postgres:
    def __init__(
        self,
        home: Path,
        installation: Path,
        user: ServerUser | None,
        *,
        log: Path,
        ephemeral: bool = False,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.settings = SETTINGS | (EPHEMERAL_SETTINGS if ephemeral else {}) | dict(settings or {})
        self.home = home
        self.base = home / "postgres"  # belongs to the server's user, who may not write in `home`
        self.data = self.base / "data"
        self.installation = installation
        self.user = user
        self.log = log
        self.ephemeral = ephemeral
        self.process: subprocess.Popen[bytes] | None = None
        self.port = 0

    # Passwords ------------------------------------------------------------------------------------------------

    @property
    def secrets_file(self) -> Path:
        return self.home / "secrets.json"

    def passwords(self) -> dict[str, str]:
        """The three passwords; made once, before the cluster that has them."""
        try:
            found: dict[str, str] = json.loads(self.secrets_file.read_text())
            return found
        except FileNotFoundError:
            pass
        if self.data.exists():
            raise EmbeddedError(
                f"{self.secrets_file} is gone, and with it the password of the database in {self.data}. "
                f"Put the file back, or delete {self.base} to begin with an empty database."
            )
        made = {role: secrets.token_urlsafe(24) for role in (SUPERUSER, OWNER_ROLE, APPLICATION_ROLE)}
        write_private(self.secrets_file, json.dumps(made))
        return made

    def url(self, role: str) -> str:
        return f"postgres://{role}:{self.passwords()[role]}@127.0.0.1:{self.port}/{DATABASE}"

    # Start ----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        passwords = self.passwords()
        self._make_base()
        if not self.data.exists():
            self._initialise(passwords[SUPERUSER])
        self._clear_the_way()
        deadline = time.monotonic() + START_SECONDS
        keep_port = self.port != 0  # started again: its address is already in other processes' hands
        while True:
            if not keep_port:
                self.port = free_port()
            if self._launch(deadline):
                break
            # Somebody took the port, or processes of a killed server still hold its shared memory.
            if time.monotonic() > deadline:
                raise EmbeddedError(f"PostgreSQL does not start; the end of {self.log}:\n{tail(self.log)}")
            time.sleep(0.3)
        ensure_roles(
            host="127.0.0.1",
            port=self.port,
            superuser=SUPERUSER,
            password=passwords[SUPERUSER],
            owner_password=passwords[OWNER_ROLE],
            application_password=passwords[APPLICATION_ROLE],
            owner_creates_databases=self.ephemeral,
        )

    def _make_base(self) -> None:
        self.base.mkdir(mode=0o700, exist_ok=True)
        if self.user:
            os.chown(self.base, self.user.uid, self.user.gid)
            if self.data.exists() and self.data.stat().st_uid != self.user.uid:
                # First started by an ordinary user, now by root: the cluster has to belong to whoever runs it.
                self._take_over()
        elif self.base.stat().st_uid != os.geteuid():
            raise EmbeddedError(
                f"{self.base} belongs to another user (perhaps root started this clone before). "
                f"Start as that user, or have root delete that folder."
            )

    def _take_over(self) -> None:
        assert self.user is not None
        for folder, folders, files in os.walk(self.data):
            for name in (".", *folders, *files):
                os.chown(os.path.join(folder, name), self.user.uid, self.user.gid, follow_symlinks=False)

    def _initialise(self, password: str) -> None:
        """initdb beside the final place and one rename: a killed initdb leaves nothing that looks like a cluster."""
        for leftover in self.base.glob("initdb-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        staging = Path(tempfile.mkdtemp(prefix="initdb-", dir=self.base))
        password_file = staging / "password"
        write_private(password_file, password + "\n")
        if self.user:
            for path in (staging, password_file):
                os.chown(path, self.user.uid, self.user.gid)
        answer = subprocess.run(
            [
                str(self.installation / "bin" / "initdb"),
                f"--pgdata={staging / 'data'}",
                f"--username={SUPERUSER}",
                f"--pwfile={password_file}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--no-locale",
                "--locale-provider=builtin",
                "--builtin-locale=PG_UNICODE_FAST",
                "--no-instructions",
                *(["--no-sync"] if self.ephemeral else []),
            ],
            capture_output=True,
            text=True,
            cwd=self.base if self.user is None else "/",
            env=server_environment(),
            check=False,
            **self._as_user(),
        )
        password_file.unlink(missing_ok=True)
        if answer.returncode != 0:
            shutil.rmtree(staging, ignore_errors=True)
            raise EmbeddedError(f"PostgreSQL's initdb failed:\n{answer.stdout}{answer.stderr}")
        (staging / "data").rename(self.data)
        staging.rmdir()

    def _as_user(self) -> dict[str, Any]:
        return {"user": self.user.uid, "group": self.user.gid, "extra_groups": []} if self.user else {}

    def _clear_the_way(self) -> None:
        """A postmaster.pid from a killed launcher: end that server if it is ours, forget the file if it is not.

        Whoever calls holds the lock of `home`, so no living launcher can be using this cluster.
        """
        pid_file = self.data / "postmaster.pid"
        try:
            pid = int(pid_file.read_text().split("\n", 1)[0])
        except FileNotFoundError:
            return
        except ValueError:
            pid_file.unlink(missing_ok=True)
            return
        gone = processes.stop_orphan(
            abs(pid),
            "postgres",
            str(self.data),
            signals=[(signal.SIGINT, 20.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 5.0)],
        )
        if not gone:
            raise EmbeddedError(
                f"A PostgreSQL server on {self.data} (process {pid}) is running and cannot be stopped."
            )
        pid_file.unlink(missing_ok=True)

    def _launch(self, deadline: float) -> bool:
        settings = self.settings | {"port": str(self.port)}
        command: list[str | Path] = [self.installation / "bin" / "postgres", "-D", self.data]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        self.process = processes.spawn(
            command,
            log=self.log,
            directory=self.base if self.user is None else Path("/"),
            environment=server_environment(),
            user=self.user.uid if self.user else None,
            group=self.user.gid if self.user else None,
            parent_death_signal=signal.SIGINT,  # PostgreSQL's fast shutdown
        )
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                return False
            if self._ready():
                return True
            time.sleep(0.02)
        self.stop()
        return False

    def _ready(self) -> bool:
        """The eighth line of postmaster.pid is the server's own word on its state."""
        with contextlib.suppress(OSError):
            lines = (self.data / "postmaster.pid").read_text().split("\n")
            return len(lines) > 7 and lines[7].strip() == "ready"
        return False

    @property
    def has_ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def stop(self) -> None:
        if self.process is not None:
            # Fast shutdown; an immediate one costs a recovery at the next start, which a throw-away does not have.
            first = (signal.SIGQUIT, 10.0) if self.ephemeral else (signal.SIGINT, 30.0)
            processes.stop(self.process, first, (signal.SIGQUIT, 10.0))
            self.process = None


def server_environment() -> dict[str, str]:
    """No PGDATA, PGPORT or locale of the caller's may reach the server."""
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner reads, whole or not at all."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    draft.replace(path)


def tail(path: Path, lines: int = 15) -> str:
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return "(no log)"
