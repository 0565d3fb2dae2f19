"""Starting and ending the servers' processes, and recognising what an earlier launcher left behind."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

PR_SET_PDEATHSIG = 1


def die_with_parent(sign: int) -> Callable[[], None] | None:
    """What a child calls before exec so that the kernel signals it when this process dies, however it dies.

    Only Linux knows this; elsewhere the next start finds and ends the orphan instead.
    """
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None).prctl
    parent = os.getpid()

    def ask_kernel() -> None:
        prctl(PR_SET_PDEATHSIG, sign, 0, 0, 0)
        if os.getppid() != parent:  # it died between fork and prctl
            os._exit(1)

    return ask_kernel


def follow_parent(sign: int) -> None:
    """The same, said by a child that is running already about itself."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, sign, 0, 0, 0)


def spawn(
    command: Sequence[str | Path],
    *,
    log: Path,
    directory: Path,
    environment: dict[str, str],
    user: int | None = None,
    group: int | None = None,
    parent_death_signal: int = signal.SIGTERM,
    stdin: bytes | None = None,
) -> subprocess.Popen[bytes]:
    """Start a server in a session of its own: Ctrl-C in the terminal must reach the command, not its database."""
    with open(log, "ab") as output:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=directory,
            env=environment,
            user=user,
            group=group,
            extra_groups=None if user is None else [],
            start_new_session=True,
            preexec_fn=die_with_parent(parent_death_signal),
        )
    if stdin is not None:
        assert process.stdin is not None
        try:
            process.stdin.write(stdin)
            process.stdin.close()
        except BrokenPipeError:
            pass  # it has already ended; whoever waits for it to be ready will say so
    return process


def stop(process: subprocess.Popen[bytes], *signals: tuple[int, float]) -> None:
    """Send each (signal, seconds to wait) in turn until the process is gone; SIGKILL is the last word."""
    for sign, seconds in (*signals, (signal.SIGKILL, 10.0)):
        if process.poll() is not None:
            return
        process.send_signal(sign)
        try:
            process.wait(seconds)
            return
        except subprocess.TimeoutExpired:
            continue


def command_line(pid: int) -> str:
    """The command line of a process, empty when there is none."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        pass
    if Path("/proc/self").exists():
        return ""
    try:
        answer = subprocess.run(
            ["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
        )
    except OSError:
        return ""
    return answer.stdout.strip()


def stop_orphan(pid: int, *marks: str, signals: Sequence[tuple[int, float]]) -> bool:
    """End a server that a dead launcher left, if the process with that id is that server: every mark is in its command.

    Returns True when nothing by that description runs any more.
    """

    def is_ours() -> bool:
        line = command_line(pid)
        return bool(line) and all(mark in line for mark in marks)

    for sign, seconds in signals:
        if not is_ours():
            return True
        try:
            os.kill(pid, sign)
        except ProcessLookupError:
            return True
        except PermissionError:
            return False
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not is_ours():
                return True
            time.sleep(0.05)
    return not is_ours()
