"""PostgreSQL and Valkey of the bench's own, deleted afterwards, and the ways to reach them."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator

import psycopg2

from config.embedded import EmbeddedServers
from config.embedded.postgres import SUPERUSER

#: Durable as in production: every commit is on disk before it answers. The memory is that of a small server.
SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "shared_buffers": "1GB",
    "max_wal_size": "4GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "256MB",
}


class Databases:
    """The addresses that processes of the product get, and a superuser's connection for loading without triggers."""

    def __init__(self, servers: EmbeddedServers) -> None:
        self.servers = servers

    @property
    def environment(self) -> dict[str, str]:
        return {
            **self.servers.environment,
            "DJANGO_SETTINGS_MODULE": "config.settings.test",
            "PYTHONUNBUFFERED": "1",
            "LAUREL_LOG_LEVEL": "WARNING",
        }

    def connect(self) -> psycopg2.extensions.connection:
        assert self.servers.postgres
        found = psycopg2.connect(self.servers.postgres.url(SUPERUSER))
        found.autocommit = True
        return found


@contextlib.contextmanager
def databases() -> Iterator[Databases]:
    """Started, migrated, with the application's role; this process's environment points at them."""
    servers = EmbeddedServers(ephemeral=True, given={}, settings=SETTINGS)
    try:
        servers.start()
        found = Databases(servers)
        os.environ.update(found.environment)
        subprocess.run(
            [sys.executable, "-m", "config.migrate"], check=True, stdout=subprocess.DEVNULL, env=os.environ
        )
        os.environ.pop("MIGRATION_DATABASE_URL")
        yield found
    finally:
        servers.stop()
