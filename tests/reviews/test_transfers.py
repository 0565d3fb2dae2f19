"""After a change of teams both managers judge their part, and the parts count by their days."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from people.models import Membership
from reviews.methods.recompute import recompute
from reviews.models import ComponentScore, Cycle, Participant, Result, ScoreLine, ScoreSheet
from reviews.selectors.explanations import explanation_of
from reviews.selectors.sheets import grid_of, sheets_owed
from reviews.selectors.transfers import parts_of
from reviews.services.cycles import create_cycle, launch_cycle
from reviews.services.judgements import save_judgement, submit_sheets
from tests.cast import Cast
from tests.factories import days
from tests.reviews.conftest import configuration, score

pytestmark = pytest.mark.django_db
MOVED_ON = datetime.date(2025, 10, 17)  # 16 days in blue, 15 in green


@pytest.fixture
def shared_cycle(cast: Cast, draft: Cycle) -> Cycle:
    """The mover was in blue for 16 days of October and in green for 15."""
    Membership.objects.get(user=cast.mover, team=cast.blue)
    Membership.objects.filter(user=cast.mover).delete()
    for team, valid in ((cast.blue, days(until=MOVED_ON)), (cast.green, days(MOVED_ON))):
        Membership.objects.create(user=cast.mover, team=team, job=cast.job_agent, valid=valid)
    return launch_cycle(actor=cast.hr, cycle=draft)


def sheets(cycle: Cycle, cast: Cast) -> dict[str, ScoreSheet]:
    found = ScoreSheet.objects.filter(participant__cycle=cycle, participant__employee=cast.mover)
    return {cast.name_of(each.rater_id): each for each in found.select_related("rater")}


def fill(sheet: ScoreSheet, levels: tuple[int, int], comment: str = "") -> None:
    for item, level in zip(("courtesy", "patience"), levels, strict=True):
        save_judgement(
            actor=sheet.rater, sheet_id=sheet.pk, item=item, level=level, version=0, comment=comment
        )
    submit_sheets(actor=sheet.rater, sheet_ids=[sheet.pk])


def test_each_manager_gets_a_form_for_the_own_days(cast: Cast, shared_cycle: Cycle) -> None:
    found = sheets(shared_cycle, cast)
    assert {name: (each.days, each.first_day, each.last_day) for name, each in found.items()} == {
        "manager": (16, datetime.date(2025, 10, 1), datetime.date(2025, 10, 16)),
        "other_manager": (15, datetime.date(2025, 10, 17), datetime.date(2025, 10, 31)),
    }
    assert Participant.objects.get(employee=cast.mover).rater == cast.other_manager
    for rater in (cast.manager, cast.other_manager):
        assert cast.mover in {
            row.sheet.participant.employee for row in grid_of(rater, shared_cycle, "conduct")
        }
        assert sheets_owed(rater)


def test_the_parts_count_by_their_days_and_recompute_exactly(cast: Cast, shared_cycle: Cycle) -> None:
    found = sheets(shared_cycle, cast)
    fill(found["manager"], (4, 5), "Patient in spring")
    fill(found["other_manager"], (2, 3), "Hurried since")
    run = score(cast.hr, shared_cycle)
    # (80 x 50 x 16 + 40 x 50 x 15 + 100 x 50 x 16 + 60 x 50 x 15) / (100 x 31)
    by_hand = (80 * 50 * 16 + 40 * 50 * 15 + 100 * 50 * 16 + 60 * 50 * 15) / 3100
    kept = ComponentScore.objects.get(run=run, employee_id=cast.mover.pk, component="conduct")
    assert kept.score == pytest.approx(by_hand, abs=1e-6)
    result = Result.objects.get(run=run, employee=cast.mover)
    explanation = explanation_of(result, shared_cycle)
    again = recompute(explanation)
    conduct = explanation["components"][1]
    assert again["score"] == result.score
    assert again["components"]["conduct"]["score"] == kept.score
    assert [line["part"]["days"] for line in conduct["lines"]] == [16, 15, 16, 15]
    assert {line["part"]["rater"] for line in conduct["lines"]} == {
        cast.manager.name,
        cast.other_manager.name,
    }
    assert [line["comment"] for line in conduct["lines"]][:2] == ["Patient in spring", "Hurried since"]
    assert [line["weight"] for line in conduct["lines"]] == pytest.approx([50 * 16 / 31, 50 * 15 / 31] * 2)
    assert ScoreLine.objects.filter(run=run, employee_id=cast.mover.pk, component="conduct").count() == 4


def test_one_part_alone_counts_whole(cast: Cast, shared_cycle: Cycle) -> None:
    fill(sheets(shared_cycle, cast)["manager"], (4, 5))
    run = score(cast.hr, shared_cycle)
    kept = ComponentScore.objects.get(run=run, employee_id=cast.mover.pk, component="conduct")
    assert kept.score == 90
    result = Result.objects.get(run=run, employee=cast.mover)
    assert recompute(explanation_of(result, shared_cycle))["score"] == result.score


def test_both_names_stand_in_the_explanation_on_the_page(
    cast: Cast, shared_cycle: Cycle, client: Client
) -> None:
    found = sheets(shared_cycle, cast)
    fill(found["manager"], (4, 5))
    fill(found["other_manager"], (2, 3))
    score(cast.hr, shared_cycle)
    client.force_login(cast.hr)
    page = client.get(reverse("reviews:result", args=[shared_cycle.code, cast.mover.pk])).content.decode()
    assert "Each manager judged the own part" in page
    assert "16 days" in page
    assert "~" not in page.split("<main", 1)[1]


@pytest.mark.parametrize(
    ("rule", "raters"),
    [
        pytest.param({"judged_by": "last", "minimum_days": 1}, {"other_manager"}, id="the last judges all"),
        pytest.param(
            {"judged_by": "each", "minimum_days": 16}, {"other_manager"}, id="one part is too short"
        ),
        pytest.param({"judged_by": "each", "minimum_days": 1}, {"manager", "other_manager"}, id="both"),
    ],
)
def test_the_cycle_says_who_judges(
    cast: Cast, shared_cycle: Cycle, rule: dict[str, Any], raters: set[str]
) -> None:
    again = create_cycle(
        actor=cast.hr, code="again", name_en="Again", first_day=cast.first_day, last_day=cast.last_day,
        configuration=configuration(transfers=rule),
    )  # fmt: skip
    launch_cycle(actor=cast.hr, cycle=again)
    found = sheets(again, cast)
    assert set(found) == raters
    assert len(found) == 2 or next(iter(found.values())).days is None


def test_the_queries_do_not_grow_with_the_transfers(
    cast: Cast, shared_cycle: Cycle, query_count: Callable[[Callable[[], Any]], int]
) -> None:
    everyone = list(Participant.objects.values_list("employee", flat=True))
    document = {"transfers": {"judged_by": "each", "minimum_days": 1}}

    def count(people: list[int]) -> int:
        return query_count(lambda: parts_of(document, people, cast.first_day, cast.last_day))

    assert count([cast.mover.pk]) == count(everyone) == 2
