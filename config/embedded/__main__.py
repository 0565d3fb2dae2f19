"""python -m config.embedded run [--ephemeral] -- COMMAND [ARGUMENT ...]"""

import argparse
import os
import signal
import subprocess
import sys
from types import FrameType

from config.embedded.errors import EmbeddedError
from config.embedded.processes import die_with_parent
from config.embedded.servers import EmbeddedServers

GRACE_SECONDS = 60.0


class _Ended(BaseException):
    """A signal came while there was no command yet to pass it on to."""


def run(command: list[str], *, ephemeral: bool) -> int:
    child: subprocess.Popen[bytes] | None = None
    received: list[int] = []

    def pass_on(sign: int, frame: FrameType | None) -> None:
        received.append(sign)
        if child is None:
            raise _Ended
        if sign == signal.SIGINT and _in_foreground():
            return  # the terminal has sent it to the command as well
        if child.poll() is None:
            child.send_signal(signal.SIGKILL if len(received) > 2 else sign)

    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, pass_on)
    servers = EmbeddedServers(ephemeral=ephemeral)
    try:
        servers.start()
        child = subprocess.Popen(
            command, env=os.environ | servers.environment, preexec_fn=die_with_parent(signal.SIGTERM)
        )
        while True:
            try:
                code = child.wait(1.0 if received else None)
                break
            except subprocess.TimeoutExpired:
                continue
        return code if code >= 0 else 128 - code
    except _Ended:
        return 128 + received[-1]
    except EmbeddedError as error:
        print(f"config.embedded: {error}", file=sys.stderr)
        return 1
    except FileNotFoundError as error:
        print(f"config.embedded: {error}", file=sys.stderr)
        return 127
    finally:
        for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(sign, signal.SIG_IGN)  # nothing may interrupt the stopping
        if child is not None and child.poll() is None:
            child.kill()
            child.wait()
        servers.stop()


def _in_foreground() -> bool:
    try:
        return os.tcgetpgrp(0) == os.getpgrp()
    except OSError:
        return False


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m config.embedded")
    actions = parser.add_subparsers(dest="action", required=True)
    runner = actions.add_parser("run", help="run a command beside PostgreSQL and Valkey")
    runner.add_argument(
        "--ephemeral", action="store_true", help="empty servers of its own, deleted afterwards"
    )
    runner.add_argument("command", nargs=argparse.REMAINDER, metavar="-- COMMAND")
    arguments = parser.parse_args()
    command = arguments.command[1:] if arguments.command[:1] == ["--"] else arguments.command
    if not command:
        parser.error("which command?")
    return run(command, ephemeral=arguments.ephemeral)


if __name__ == "__main__":
    sys.exit(main())
