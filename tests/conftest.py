"""Fixtures for every test. Servers come from tests/servers.py, before this file is read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg2
import pytest

from tests import schema_cache
from tests.browsers import BROWSER_ARGUMENTS, find_browser
from tests.cast import cast  # noqa: F401  the fixture of the same name, for every room
from tests.servers import APPLICATION_URL
from tests.workers import real_workers, worker  # noqa: F401  fixtures too

HOW_TO_GET_A_BROWSER = (
    "install Chromium (on Debian or Ubuntu: apt-get install chromium fonts-noto-cjk) and run again"
)
IN_CI = os.environ.get("CI", "").lower() in {"true", "1"}

_skipped: list[str] = []


# Nothing is skipped in CI ----------------------------------------------------------------------------------------


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Whatever opens a page is a browser test; without a browser it is skipped, and in CI it fails."""
    browser = find_browser()
    for item in items:
        if {"page", "context", "browser", "new_context"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.browser)
        if item.get_closest_marker("browser") and browser is None and not IN_CI:
            item.add_marker(pytest.mark.skip(reason=f"no browser: {HOW_TO_GET_A_BROWSER}"))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped and not hasattr(report, "wasxfail"):
        _skipped.append(report.nodeid)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    if IN_CI and _skipped and exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any) -> None:
    without_browser = sum(
        "no browser: " in str(report.longrepr) for report in terminalreporter.stats.get("skipped", [])
    )
    if without_browser:
        terminalreporter.write_line(
            f"{without_browser} browser tests skipped: {HOW_TO_GET_A_BROWSER}.", yellow=True
        )
    if IN_CI and _skipped:
        terminalreporter.write_line(
            f"CI skips nothing, but these were skipped: {', '.join(_skipped)}", red=True
        )


# Language --------------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def own_language() -> Iterator[None]:
    """Every test begins and ends in the language of the settings, whatever the one before it activated."""
    from django.utils import translation

    translation.deactivate()
    yield
    translation.deactivate()


# Database --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def restored_schema(
    request: pytest.FixtureRequest, django_db_modify_db_settings: None, django_db_blocker: Any
) -> Iterator[bool]:
    """Whether the test database is there already, from the dump of an earlier session (tests/schema_cache.py)."""
    from django.db import connection

    if request.config.getvalue("reuse_db") or request.config.getvalue("nomigrations"):
        yield False
        return
    with django_db_blocker.unblock():
        restored = schema_cache.restore(connection.settings_dict, connection.creation._get_test_db_name())
    undo = schema_cache.migrate_nothing() if restored else None
    yield restored
    if undo:
        undo()


@pytest.fixture(scope="session")
def django_db_keepdb(django_db_keepdb: bool, restored_schema: bool) -> bool:
    return django_db_keepdb or restored_schema


@pytest.fixture(scope="session")
def django_db_setup(restored_schema: bool, django_db_setup: None, django_db_blocker: Any) -> None:
    """What follows the migrations, and the rights of the application's role, as `python -m config.migrate` has them."""
    from django.conf import settings
    from django.db import connection

    from config.grants import ask_triggers_cheaply, grant_application_role

    with django_db_blocker.unblock(), connection.cursor() as cursor:
        ask_triggers_cheaply(cursor.cursor)
    application_url = os.environ.get(APPLICATION_URL)
    if not application_url:
        return
    role = urlsplit(application_url).username
    assert role
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        if not restored_schema:
            schema_cache.keep(connection.settings_dict, connection.settings_dict["NAME"])
        grant_application_role(
            cursor.cursor,
            role,
            append_only=settings.APPEND_ONLY_TABLES,
            append_only_patterns=settings.APPEND_ONLY_TABLE_PATTERNS,
        )


@pytest.fixture
def application_database_url(django_db_setup: None) -> str:
    """The test database as the application's role sees it."""
    from django.db import connection

    url = os.environ.get(APPLICATION_URL)
    if not url:
        pytest.skip(
            "needs two database roles: set MIGRATION_DATABASE_URL as well as DATABASE_URL, or neither"
        )
    return urlunsplit(urlsplit(url)._replace(path=f"/{connection.settings_dict['NAME']}"))


@pytest.fixture
def application_role(application_database_url: str, transactional_db: None) -> Iterator[Any]:
    """A second connection (psycopg2, autocommit), as the application's role; it sees what the test has committed."""
    connection = psycopg2.connect(application_database_url)
    connection.autocommit = True
    yield connection
    connection.close()


# Browser ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def browser_executable() -> str:
    browser = find_browser()
    if browser is None:
        pytest.fail(f"no browser: {HOW_TO_GET_A_BROWSER}")
    return browser


@pytest.fixture(scope="session")
def browser_type_launch_args(
    browser_type_launch_args: dict[str, Any], browser_executable: str
) -> dict[str, Any]:
    """The system's own Chromium; Playwright's build is not in any package index."""
    return browser_type_launch_args | {"executable_path": browser_executable, "args": BROWSER_ARGUMENTS}
