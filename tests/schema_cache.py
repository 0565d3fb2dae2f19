"""Migrations take seconds per test session, so their result is kept: a dump per version of the migrations.

Only for the embedded servers, whose programs make and read the dump. A fresh clone (so CI) has none and migrates, and
whoever changes a migration gets a new fingerprint and migrates.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from config.embedded.locations import CLONE, VAR
from config.fingerprint import fingerprint_of

PROGRAMS = "LAUREL_TEST_POSTGRES_PROGRAMS"
FOLDER = VAR / "test-schema"
KEPT = 6


def dump_file() -> Path:
    return FOLDER / f"{fingerprint_of('config/settings/test.py', 'requirements-dev.txt')}.sql"


def _run(program: str, database: dict[str, Any], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(Path(os.environ[PROGRAMS]) / program), *arguments],
        env={
            "PATH": os.defpath,
            "PGHOST": database["HOST"],
            "PGPORT": str(database["PORT"]),
            "PGUSER": database["USER"],
            "PGPASSWORD": database["PASSWORD"],
        },
        cwd=CLONE,
        capture_output=True,
        text=True,
        check=False,
    )


def restore(database: dict[str, Any], name: str) -> bool:
    """Make the test database from the dump; False when there is none, and then nothing was made."""
    if PROGRAMS not in os.environ or not dump_file().exists():
        return False
    _run("dropdb", database, "--if-exists", name)
    made = _run("createdb", database, name)
    if made.returncode == 0:
        made = _run(
            "psql", database, "-Xq", "-v", "ON_ERROR_STOP=1", "-1", "-f", str(dump_file()), "-d", name
        )
    if made.returncode != 0:
        _run("dropdb", database, "--if-exists", name)
        return False
    dump_file().touch()
    return True


def keep(database: dict[str, Any], name: str) -> None:
    if PROGRAMS not in os.environ or dump_file().exists():
        return
    dump = _run("pg_dump", database, "--no-owner", "--no-privileges", "-d", name)
    if dump.returncode != 0 or not is_whole(dump.stdout):
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in sorted(FOLDER.glob("*.sql"), key=lambda path: path.stat().st_mtime)[: -KEPT + 1]:
        old.unlink(missing_ok=True)
    # The extensions belong to the superuser, and so do their comments.
    lines = [line for line in dump.stdout.splitlines() if not line.startswith("COMMENT ON EXTENSION")]
    descriptor, draft = tempfile.mkstemp(dir=FOLDER)
    with os.fdopen(descriptor, "w") as file:
        file.write("\n".join(lines) + "\n")
    Path(draft).rename(dump_file())


def is_whole(dump: str) -> bool:
    """A session that was told to migrate nothing, or that was broken off, leaves a database that no other may start
    from: a dump is kept only with every migration of the product recorded in it."""
    rows = dump.partition("COPY public.django_migrations ")[2].partition("\n\\.\n")[0]
    recorded = {tuple(line.split("\t")[1:3]) for line in rows.splitlines()[1:]}
    files = CLONE.glob("**/migrations/0*.py")
    own = {
        (path.parent.parent.name, path.stem)
        for path in files
        if not {".venv", "node_modules", "var"} & set(path.relative_to(CLONE).parts)
    }
    return bool(own) and own <= recorded


def migrate_nothing() -> Callable[[], None]:
    """Django migrates a kept test database as well, which finds nothing in two seconds. Returns the undoing."""
    from django.core.management.commands.migrate import Command

    original = Command.handle
    Command.handle = lambda self, *args, **options: None  # type: ignore[method-assign]

    def undo() -> None:
        Command.handle = original  # type: ignore[method-assign]

    return undo
