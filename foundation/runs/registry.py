"""What kinds of durable work exist. Each app registers its handlers in AppConfig.ready()."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from foundation.runs.models import Run


class RunHandler:
    """One kind of run: which stages it has, how a stage is cut into shards, and what one shard does.

    All methods are called inside a transaction, and nothing but the database may be changed in them: a transaction may
    be rolled back (a stopped run, a lost lease) and its shard be worked again by someone else.
    """

    kind: ClassVar[str] = ""
    label: ClassVar[str | Promise] = ""
    stages: ClassVar[tuple[str, ...]] = ("work",)
    #: Roles that may stop and restart a run of this kind; who started it needs one of them still.
    roles: ClassVar[tuple[str, ...]] = ("hr",)
    #: Scope that an API token needs to stop or restart it; empty: any scope that writes.
    scope: ClassVar[str] = ""

    def plan(self, run: Run, stage: str) -> list[dict]:
        """Keys of the stage's shards, JSON-able, in the transaction that opens the stage. Empty: the stage is
        passed."""
        return [{}]

    def work(self, run: Run, stage: str, key: dict) -> None:
        """Do one shard. A Refusal fails the run at once; any other exception is tried again up to the cap."""
        raise NotImplementedError

    def finish(self, run: Run) -> None:
        """In the transaction that finishes the last shard of the last stage, with the run's row locked."""

    def fail(self, run: Run) -> None:
        """In the transaction that gives up; run.error_code and run.error_params say why."""

    def stop(self, run: Run) -> None:
        """In the transaction that makes a stopped run STOPPED."""

    def restart(self, run: Run) -> None:
        """In the transaction that puts a failed or stopped run back into the queue. Shards that are done stay done."""

    def may_steer(self, run: Run, user: Any) -> bool:
        """Whether this person may stop and restart it now, by the roles of today, whoever started it."""
        return bool(user.has_role(*self.roles))

    def title(self, run: Run) -> str:
        """What is computed, in the reader's language: "Scores of the October review"."""
        return str(self.label) or self.kind

    def doing(self, run: Run) -> str:
        """What it is doing now, in the reader's language; shown under the progress bar."""
        if run.state == run.State.QUEUED:
            return _("Waiting for a free worker")
        return _("%(done)s of %(total)s parts done") % {"done": run.shards_done, "total": run.shards_total}

    def url(self, run: Run) -> str:
        """Where the outcome is to be seen; empty: nowhere in particular."""
        return ""


_HANDLERS: dict[str, RunHandler] = {}


def register(handler: RunHandler | type[RunHandler]) -> None:
    """Takes a handler or its class. Registering one kind twice with another class is a bug."""
    found = handler() if isinstance(handler, type) else handler
    if not found.kind or not found.stages:
        raise ValueError(f"{type(found).__name__} needs a kind and at least one stage")
    known = _HANDLERS.get(found.kind)
    if known is not None and type(known) is not type(found):
        raise ValueError(f"two handlers for runs of kind {found.kind}")
    _HANDLERS[found.kind] = found


def get(kind: str) -> RunHandler:
    """KeyError when no app has registered it."""
    return _HANDLERS[kind]


def find(kind: str) -> RunHandler | None:
    return _HANDLERS.get(kind)


def unregister(kind: str) -> None:
    """For tests that register a handler of their own."""
    _HANDLERS.pop(kind, None)
