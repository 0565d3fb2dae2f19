"""One number for everything that makes a database's structure: when it is the same, migrating again finds nothing."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from config.embedded.locations import CLONE

STRUCTURE = ("*/migrations/*.py", "*/*/migrations/*.py", "*/migrations/*.sql", "*/*/migrations/*.sql")
SINGLE = ("requirements.txt", "config/grants.py", "config/migrate.py", "config/settings/base.py")


def fingerprint_of(*more: str, patterns: Iterable[str] = ()) -> str:
    """SHA-256 over the migrations and what they depend on, and over the files and patterns given, all in the clone."""
    files = {CLONE / name for name in (*SINGLE, *more)}
    for pattern in (*STRUCTURE, *patterns):
        files |= {path for path in CLONE.glob(pattern) if path.is_file() and path.suffix != ".pyc"}
    digest = hashlib.sha256()
    for path in sorted(file for file in files if not _outside(file)):
        digest.update(f"{path.relative_to(CLONE)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _outside(path: Path) -> bool:
    return path.relative_to(CLONE).parts[0] in {"node_modules", "var"}
