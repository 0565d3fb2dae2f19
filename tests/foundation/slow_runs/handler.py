from __future__ import annotations

import time

from foundation.runs.models import OutboxMessage, Run
from foundation.runs.registry import RunHandler

PATIENCE = 120  # seconds on a busy machine, until a test that hangs is a failed test
GO = "test.go"
WORKED = "test.worked"


class SlowHandler(RunHandler):
    """Every shard writes its row, then waits (in its transaction) until another transaction has committed a GO."""

    kind = "slow"
    stages = ("first", "second")

    def plan(self, run: Run, stage: str) -> list[dict]:
        return [{"part": number} for number in range(run.parameters.get("shards", 1))]

    def work(self, run: Run, stage: str, key: dict) -> None:
        OutboxMessage.objects.create(topic=WORKED, payload={"stage": stage, "part": key["part"]})
        ends_at = time.monotonic() + PATIENCE
        while not OutboxMessage.objects.filter(topic=GO).exists():
            assert time.monotonic() < ends_at
            time.sleep(0.05)
