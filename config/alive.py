"""Signs of life of worker and beat: a file's time, which the supervisor and a container's health check look at.

A worker can hang on a dead connection and still answer a ping, so what counts is work: it has received a message
lately (beat's relay sends one every few seconds) or it is at work on one, which the time limits bound. Beat has sent
one lately.
"""

import socket
import time
from pathlib import Path

from config.embedded.locations import VAR

LIMITS = {"worker": 90.0, "beat": 45.0}  # seconds without a sign


def sign_file(role: str) -> Path:
    return VAR / "alive" / f"{role}-{socket.gethostname()}"


def give_sign(role: str) -> None:
    path = sign_file(role)
    try:
        path.touch()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def silent_seconds(role: str, *, since: float = 0.0) -> float:
    """Seconds since the last sign, or since `since` (Unix time) when that is later."""
    try:
        last = sign_file(role).stat().st_mtime
    except FileNotFoundError:
        last = 0.0
    return time.time() - max(last, since)
