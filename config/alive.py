"""Signs of life of worker and beat: a file's time, which the supervisor and a container's health check look at.

A worker can hang on a dead connection and still answer a ping, so what counts is work: it has received a message
lately (beat's relay sends one every few seconds) or it is at work on one, which the time limits bound. Beat has sent
one lately.
"""

import socket
import time
from pathlib import Path

from config.embedded.locations import VAR

#: Seconds without a sign. Work comes every three seconds, so this is silence, and short enough to heal in a minute.
LIMITS = {"worker": 40.0, "beat": 40.0}
#: Before the first sign: starting takes its time on a busy machine, and ending what starts would never let it.
STARTING_LIMIT = 120.0


def sign_file(role: str) -> Path:
    return VAR / "alive" / f"{role}-{socket.gethostname()}"


def give_sign(role: str) -> None:
    path = sign_file(role)
    try:
        path.touch()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def too_silent(role: str, *, started_at: float) -> float | None:
    """The limit that a program which was started then has passed, or None while all is well."""
    age, silence = time.time() - started_at, silent_seconds(role)
    if silence < age:
        return LIMITS[role] if silence > LIMITS[role] else None
    return STARTING_LIMIT if age > STARTING_LIMIT else None


def silent_seconds(role: str) -> float:
    """Seconds since the last sign."""
    try:
        last = sign_file(role).stat().st_mtime
    except FileNotFoundError:
        last = 0.0
    return time.time() - last
