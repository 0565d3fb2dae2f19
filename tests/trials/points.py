"""Named points of a run, and what may happen there: in the worker's process.

    planned        the transaction that opens the first stage is about to commit
    claimed        a shard is leased
    worked         the shard's work is done, nothing is committed; worked-<stage> likewise
    closed         the fence is passed, the commit is next
    committed      the shard's transaction is on disk
    relaying       messages are sent, their rows are not yet marked
    commit-<n>, commit-<n>-done      before and after the n-th COMMIT of one task that works a run

A trial puts a file named after the point into a folder, with the kind of run that is meant and an action: `kill`
(SIGKILL to oneself), `kill-parent`, `exit`, `hold` (say so and wait until released), `sleep`, `deaf` (sleep through
the soft time limit). Whoever takes the file first acts, once; `kill-always` stays. While there is a file
every-task-parallel or every-task-series, every task is sent or worked twice.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

FOLDER = "TRIAL_FOLDER"
HELD_SECONDS = 60.0


def folder() -> Path:
    return Path(os.environ[FOLDER])


def reach(point: str, kind: str = "") -> None:
    path = folder() / point
    if not path.exists():
        return
    wanted, _space, action = path.read_text().partition(" ")
    if kind and kind != wanted:
        return  # an import makes the clock compute KPI values, which are nobody's trial
    if action != "kill-always":
        try:
            path.rename(path.with_name(f"taken-{point}-{os.getpid()}"))
        except FileNotFoundError:
            return  # somebody else was first
    _act(action, point)


def _act(action: str, point: str) -> None:
    if action in ("kill", "kill-always"):
        os.kill(os.getpid(), signal.SIGKILL)
    elif action == "kill-parent":
        os.kill(os.getppid(), signal.SIGKILL)
    elif action == "exit":
        os._exit(1)
    elif action == "sleep":
        time.sleep(HELD_SECONDS)
    elif action == "deaf":
        ends = time.monotonic() + HELD_SECONDS
        while time.monotonic() < ends:
            with contextlib.suppress(Exception):  # also the soft limit's, which is the point
                time.sleep(ends - time.monotonic())
    elif action == "hold":
        (folder() / f"held-{point}").write_text(str(os.getpid()))
        ends = time.monotonic() + HELD_SECONDS
        while not (folder() / f"release-{point}").exists() and time.monotonic() < ends:
            time.sleep(0.02)
    elif action == "slow":
        time.sleep(1.0)


def install(plant: str = "") -> None:
    """Wrap the functions of this process. `plant`: fence, lease."""
    from django.db.backends.postgresql.base import DatabaseWrapper

    from foundation.runs import outbox, services, working

    if seconds := float(os.environ.get("TRIAL_CLOCK_SECONDS", "0")):
        import time_machine

        # This process's idea of the time, not the database's; it goes on from there.
        time_machine.travel(time.time() + seconds, tick=True).start()
    _around(working, "_claim", after="claimed")
    _around(working, "_open_stage", after="planned")
    _around(working, "_work", after="committed")
    close = working._close

    @wraps(close)
    def closing(run: Any, shard: Any, handler: Any) -> None:
        reach("worked", run.kind)
        reach(f"worked-{shard.stage}", run.kind)
        if os.environ.get("TRIAL_SLOW"):
            time.sleep(float(os.environ["TRIAL_SLOW"]))
        close(run, shard, handler)
        reach("closed", run.kind)

    working._close = closing
    if plant == "fence":
        working._close = _without_fence(working)
    elif plant == "lease":
        working._claim = _without_lease(working, working._claim)

    send = outbox.send_task
    relay = outbox.relay_messages

    def relaying(limit: int = outbox.BATCH) -> int:
        from django.db import transaction

        with transaction.atomic():
            relayed = relay(limit)
            if relayed:
                reach("relaying")
        return relayed

    outbox.relay_messages = relaying

    def sending(name: str, **payload: Any) -> bool:
        repeated = (folder() / "every-task-parallel").exists() and not send(name, **payload)
        return not repeated and send(name, **payload)

    outbox.send_task = sending
    commit = DatabaseWrapper._commit

    def committing(self: Any) -> Any:
        if not _commits:
            return commit(self)
        kind, before = _commits[-1]
        _commits[-1] = (kind, number := before + 1)
        reach(f"commit-{number}", kind)
        answer = commit(self)
        reach(f"commit-{number}-done", kind)
        return answer

    DatabaseWrapper._commit = committing
    execute = services.execute

    def executing(run_id: Any, **how: Any) -> Any:
        kind = working.Run.objects.filter(pk=run_id).values_list("kind", flat=True).first() or "none"
        _commits.append((kind, 0))
        try:
            if (folder() / "every-task-series").exists():
                execute(run_id, **how)
            return execute(run_id, **how)
        finally:
            _commits.pop()

    services.execute = executing


# Commits of the task that this process works on, counted from its beginning.
_commits: list[tuple[str, int]] = []


def _around(module: Any, name: str, *, after: str) -> None:
    function: Callable[..., Any] = getattr(module, name)

    @wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        answer = function(*args, **kwargs)
        reach(after, args[0].kind)
        return answer

    setattr(module, name, wrapper)


# Planted faults ----------------------------------------------------------------------------------------------------


def _without_fence(working: Any) -> Callable[..., None]:
    """Count the shard as done, whoever has it now."""

    def close(run: Any, shard: Any, handler: Any) -> None:
        reach("worked", run.kind)
        reach(f"worked-{shard.stage}", run.kind)
        locked = working.lock_run(run.pk)
        working.Shard.objects.filter(pk=shard.pk).update(state="done", lease_until=None)
        locked.shards_done += 1
        if locked.shards_done < locked.shards_total:
            locked.save(update_fields=["shards_done"])
        else:
            working._open_stage(locked, handler, locked.stages.index(locked.stage) + 1)
        reach("closed", run.kind)

    return close


def _without_lease(working: Any, claim: Callable[..., Any]) -> Callable[..., Any]:
    """Take what somebody else is working on."""

    def take(run: Any, worker: str) -> Any:
        working.Shard.objects.filter(run=run, stage=run.stage, state="leased").update(state="waiting")
        return claim(run, worker)

    return take
