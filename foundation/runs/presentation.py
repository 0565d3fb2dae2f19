"""A run as a page shows it."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils import timezone

from foundation.refusals import refusal_text
from foundation.runs import registry
from foundation.runs.models import Run

#: Below this share done, or within so many seconds, a forecast would only be a guess.
FORECAST_FROM = 0.05
FORECAST_AFTER_SECONDS = 5


def describe(run: Run, user: Any) -> dict[str, Any]:
    """What templates/runs/_progress.html needs: {run, url, label, doing, remaining, problem, outcome,
    may_stop, may_restart}.

    Pages include it with `{% include "runs/_progress.html" with progress=progress %}`.
    """
    handler = registry.find(run.kind) or registry.RunHandler()
    may_act = handler.may_steer(run, user)
    return {
        "run": run,
        "url": reverse("runs:progress", args=[run.pk]),
        "stop_url": reverse("runs:stop", args=[run.pk]),
        "restart_url": reverse("runs:restart", args=[run.pk]),
        "label": handler.title(run) or run.kind,
        "doing": handler.doing(run),
        "remaining": seconds_left(run),
        "problem": problem_of(run),
        "outcome": handler.url(run),
        "may_stop": may_act and run.state in (Run.State.QUEUED, Run.State.RUNNING),
        "may_restart": may_act and run.state in (Run.State.FAILED, Run.State.STOPPED),
    }


def problem_of(run: Run) -> str:
    """Why it failed, in the reader's language; empty when it did not."""
    return refusal_text(run.error_code, run.error_params) if run.error_code else ""


def seconds_left(run: Run) -> int | None:
    """By the pace so far; None while that would be a guess."""
    if run.state != Run.State.RUNNING or run.started_at is None or run.progress < FORECAST_FROM:
        return None
    spent = (timezone.now() - run.started_at).total_seconds()
    if spent < FORECAST_AFTER_SECONDS:
        return None
    return max(1, round(spent * (1 - run.progress) / run.progress))
