"""Early pytest plugin (`-p tests.servers`): servers for the tests, before any Django setting is read.

Without DATABASE_URL and REDIS_URL each pytest session gets an empty PostgreSQL and Valkey of its own: sessions never
meet. Under xdist the controller starts them and its workers inherit the addresses; each worker has its own test
database, to which pytest-django adds its name, and its own database number of Valkey.

Tests run as the owner of the database. The application's role is for `application_role` in conftest.py.
"""

import atexit
import os
import re
import signal
from collections.abc import Iterator
from types import FrameType
from urllib.parse import urlsplit, urlunsplit

import pytest

from config.embedded import EmbeddedServers
from tests.schema_cache import PROGRAMS

APPLICATION_URL = "LAUREL_TEST_APPLICATION_URL"
_servers: EmbeddedServers | None = None


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests() -> Iterator[None]:
    """As a wrapper it comes before pytest-django, which reads the settings in this same hook."""
    global _servers
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    # Playwright's synchronous interface runs an event loop, in which Django would refuse to touch the database.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    os.environ.setdefault("TZ", "UTC")
    if worker is None:
        _servers = EmbeddedServers(ephemeral=True)
        atexit.register(stop_servers)
        signal.signal(signal.SIGTERM, _interrupt)
        _servers.start()
        os.environ.update(_servers.environment)
        if _servers.postgres is not None:
            os.environ[PROGRAMS] = str(_servers.postgres.installation / "bin")
        _compile_messages()
        if owner := os.environ.get("MIGRATION_DATABASE_URL"):
            os.environ[APPLICATION_URL] = os.environ["DATABASE_URL"]
            os.environ["DATABASE_URL"] = owner
    else:
        parts = urlsplit(os.environ["REDIS_URL"])
        number = int(re.sub(r"\D", "", worker) or 0) % 15 + 1
        os.environ["REDIS_URL"] = urlunsplit(parts._replace(path=f"/{number}"))
    yield


def _interrupt(sign: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt  # pytest then finishes its fixtures and calls pytest_unconfigure


def _compile_messages() -> None:
    from config.messages import compile_stale

    compile_stale()


def pytest_unconfigure() -> None:
    stop_servers()


def stop_servers() -> None:
    global _servers
    if _servers is not None:
        _servers.stop()
        _servers = None
