"""Two people at once. Each thread has a connection of its own, so what one holds the other waits for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from foundation.refusals import Refusal
from foundation.runs.models import Run
from reviews.models import Cycle, Judgement, Participant, PhaseChange
from reviews.services.cycles import edit_configuration, launch_cycle
from reviews.services.judgements import save_judgement
from reviews.services.scoring import start_scoring
from tests.cast import Cast
from tests.reviews.conftest import configuration, sheet_of

pytestmark = pytest.mark.django_db(transaction=True)


def together(*works: Callable[[], Any]) -> list[Any]:
    """What each work answered: its value, or the code of its refusal. They start at a barrier."""
    barrier = threading.Barrier(len(works), timeout=20)
    answers: list[Any] = [None] * len(works)

    def run(place: int, work: Callable[[], Any]) -> None:
        try:
            barrier.wait()
            answers[place] = work()
        except Refusal as refusal:
            answers[place] = refusal.code
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(place, work)) for place, work in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads)
    return answers


def test_one_of_two_launches_wins(cast: Cast, draft: Cycle) -> None:
    answers = together(*[lambda: launch_cycle(actor=cast.hr, cycle=draft).phase] * 2)
    assert sorted(answers) == ["cycle_already_launched", "rating"]
    assert PhaseChange.objects.filter(cycle=draft).count() == 1
    assert Participant.objects.filter(cycle=draft).count() == 6


def test_one_of_two_edits_wins(cast: Cast, draft: Cycle) -> None:
    seen = draft.version

    def edit(show_rank: bool) -> int:
        document = configuration(show_rank=show_rank)
        return edit_configuration(actor=cast.hr, cycle=draft, configuration=document, version=seen).version

    answers = together(lambda: edit(True), lambda: edit(False))
    assert sorted(map(str, answers)) == [str(seen + 1), "cycle_version_stale"]


def test_one_of_two_scores_wins_and_the_other_learns_of_it(cast: Cast, rating_cycle: Cycle) -> None:
    sheet = sheet_of(rating_cycle, cast.agent)

    def save(level: int) -> int:
        return save_judgement(
            actor=cast.manager, sheet_id=sheet.pk, item="courtesy", version=0, level=level
        ).version

    answers = together(lambda: save(3), lambda: save(4))
    assert sorted(map(str, answers)) == ["1", "judgement_stale"]
    assert Judgement.objects.count() == 1


def test_one_of_two_runs_starts(cast: Cast, judged_cycle: Cycle) -> None:
    answers = together(*[lambda: start_scoring(actor=cast.hr, cycle=judged_cycle).state] * 2)
    assert sorted(answers) == ["queued", "run_active"]
    assert Run.objects.filter(kind="scoring").count() == 1
