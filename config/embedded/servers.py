"""Both servers together, as one context: what is not given by the environment is embedded."""

import contextlib
import fcntl
import json
import os
import shutil
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

from config.embedded import processes
from config.embedded.errors import EmbeddedError
from config.embedded.locations import (
    VAR,
    data_home,
    ephemeral_home,
    postgres_installation,
    postgres_user,
    valkey_binary,
)
from config.embedded.postgres import Postgres, write_private
from config.embedded.roles import APPLICATION_ROLE, OWNER_ROLE
from config.embedded.valkey import Valkey


class EmbeddedServers:
    """`environment` holds the addresses once started; `attached` says that another process runs the servers."""

    def __init__(
        self,
        *,
        ephemeral: bool = False,
        given: Mapping[str, str] | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        """`settings` of PostgreSQL have the last word: a benchmark wants a throw-away server that is durable."""
        given = os.environ if given is None else given
        self.ephemeral = ephemeral
        self.settings = settings or {}
        self.wants_postgres = not given.get("DATABASE_URL")
        self.wants_valkey = not given.get("REDIS_URL")
        self.environment: dict[str, str] = {}
        self.attached = False
        self.home: Path | None = None
        self.postgres: Postgres | None = None
        self.valkey: Valkey | None = None
        self._lock: IO[str] | None = None

    def start(self) -> None:
        if not (self.wants_postgres or self.wants_valkey):
            return
        user = postgres_user() if self.wants_postgres else None
        self.home = ephemeral_home(user) if self.ephemeral else data_home(user)
        if not self._take_lock():
            self._attach()
            return
        try:
            self._end_orphaned_valkey()
            logs = self.home if self.ephemeral else VAR / "log"
            logs.mkdir(parents=True, exist_ok=True)
            if self.wants_postgres:
                self.postgres = Postgres(
                    self.home,
                    postgres_installation(user),
                    user,
                    log=logs / "postgres.log",
                    ephemeral=self.ephemeral,
                    settings=self.settings,
                )
                self.postgres.start()
                self.environment["DATABASE_URL"] = self.postgres.url(APPLICATION_ROLE)
                self.environment["MIGRATION_DATABASE_URL"] = self.postgres.url(OWNER_ROLE)
            if self.wants_valkey:
                self.valkey = Valkey(
                    self.home, valkey_binary(), log=logs / "valkey.log", ephemeral=self.ephemeral
                )
                self.valkey.start()
                self.environment["REDIS_URL"] = self.valkey.url()
            self._write_state()
        except BaseException:
            self.stop()
            raise

    def revive(self) -> list[str]:
        """Start again, under the same address, what has ended by itself; returns the names."""
        revived = []
        if self.postgres is not None and self.postgres.has_ended:
            self.postgres.start()
            revived.append("postgres")
        if self.valkey is not None and self.valkey.has_ended:
            self.valkey.start()
            revived.append("valkey")
        if revived:
            self._write_state()
        return revived

    # One launcher at a time -----------------------------------------------------------------------------------

    def _take_lock(self) -> bool:
        assert self.home is not None
        self._lock = open(self.home / "lock", "a")  # noqa: SIM115 - held, and so kept open, until stop()
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.close()
            self._lock = None
            return False
        return True

    @property
    def _state_file(self) -> Path:
        assert self.home is not None
        return self.home / "running.json"

    def _write_state(self) -> None:
        state: dict[str, object] = {"environment": self.environment}
        if self.valkey is not None and self.valkey.process is not None:
            state["valkey"] = {"pid": self.valkey.process.pid, "port": self.valkey.port}
        write_private(self._state_file, json.dumps(state))

    def _attach(self) -> None:
        """Another launcher (`make demo`, say) runs this clone's servers: use them and leave them running."""
        try:
            state = json.loads(self._state_file.read_text())
        except (OSError, ValueError):
            state = {}
        wanted = {
            "DATABASE_URL": self.wants_postgres,
            "MIGRATION_DATABASE_URL": self.wants_postgres,
            "REDIS_URL": self.wants_valkey,
        }
        for name, is_wanted in wanted.items():
            if is_wanted:
                try:
                    self.environment[name] = state["environment"][name]
                except KeyError:
                    raise EmbeddedError(
                        f"Another process is starting or stopping this clone's embedded servers ({self.home}). "
                        "Try again when it has finished."
                    ) from None
        self.attached = True

    def _end_orphaned_valkey(self) -> None:
        try:
            orphan = json.loads(self._state_file.read_text()).get("valkey")
        except (OSError, ValueError):
            return
        if orphan:
            processes.stop_orphan(
                int(orphan["pid"]),
                "valkey-server",
                f":{orphan['port']}",
                signals=[(signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0)],
            )
        self._state_file.unlink(missing_ok=True)

    # Stop -----------------------------------------------------------------------------------------------------

    def stop(self) -> None:
        if self.attached:
            return
        for server in (self.valkey, self.postgres):
            if server is not None:
                server.stop()
        self.valkey = self.postgres = None
        if self._lock is None:
            return
        self._state_file.unlink(missing_ok=True)
        if self.ephemeral and self.home is not None:
            shutil.rmtree(self.home, ignore_errors=True)
        self._lock.close()
        self._lock = None


@contextlib.contextmanager
def embedded_servers(*, ephemeral: bool = False) -> Iterator[dict[str, str]]:
    """Run what the environment lacks for as long as the block lasts; yields the addresses to add to it."""
    servers = EmbeddedServers(ephemeral=ephemeral)
    try:
        servers.start()
        yield servers.environment
    finally:
        servers.stop()
