"""Saving scores one cell at a time, and submitting forms."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import Http404

from foundation.refusals import Refusal
from people.models import User
from reviews.models import Cycle, Judgement, ScoreSheet
from reviews.selectors.sheets import grid_of, progress_of, sheets_owed
from reviews.services.judgements import StaleJudgement, reopen_sheet, save_judgement, submit_sheets
from reviews.services.phases import return_phase
from tests.cast import Cast
from tests.reviews.conftest import judge, sheet_of

pytestmark = pytest.mark.django_db


def save(cycle: Cycle, actor: User, ratee: User, **changes: Any) -> Judgement:
    fields = {"item": "courtesy", "version": 0, "level": "4"}
    return save_judgement(actor=actor, sheet_id=sheet_of(cycle, ratee).pk, **(fields | changes))


def test_a_level_is_saved_and_its_version_rises(cast: Cast, rating_cycle: Cycle) -> None:
    first = save(rating_cycle, cast.manager, cast.agent)
    second = save(rating_cycle, cast.manager, cast.agent, level=5, version=first.version)
    assert (first.version, second.version) == (1, 2)
    assert Judgement.objects.get().level == 5
    assert save(rating_cycle, cast.manager, cast.agent, level=None, version=2).level is None


def test_a_stale_save_is_refused_and_carries_what_stands_there(cast: Cast, rating_cycle: Cycle) -> None:
    save(rating_cycle, cast.manager, cast.agent)
    save(rating_cycle, cast.manager, cast.agent, level=3, version=1)
    with pytest.raises(StaleJudgement) as caught:
        save(rating_cycle, cast.manager, cast.agent, level=5, version=1)
    assert caught.value.status == 409
    assert (caught.value.version, caught.value.current.level) == (2, 3)  # type: ignore[union-attr]
    assert Judgement.objects.get().level == 3


def test_the_same_save_again_is_the_same_answer(cast: Cast, rating_cycle: Cycle) -> None:
    """The answer to the first one was lost on the way; the browser sends it again."""
    first = save(rating_cycle, cast.manager, cast.agent)
    again = save(rating_cycle, cast.manager, cast.agent)
    assert (again.pk, again.version) == (first.pk, 1)


def test_level_and_comment_have_one_version_each(cast: Cast, rating_cycle: Cycle) -> None:
    save(rating_cycle, cast.manager, cast.agent)
    comment = save_judgement(
        actor=cast.manager,
        sheet_id=sheet_of(rating_cycle, cast.agent).pk,
        item="comment",
        comment="Calm with angry customers",
        version=0,
    )
    assert comment.version == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        pytest.param({"level": "6"}, "level_not_offered", id="above the scale"),
        pytest.param({"level": "4.5"}, "level_not_offered", id="between two levels"),
        pytest.param({"level": "NaN"}, "level_not_offered", id="not a number"),
        pytest.param({"level": "1e999999999"}, "level_not_offered", id="a huge exponent"),
        pytest.param({"level": "王"}, "level_not_offered", id="a word"),
        pytest.param({"level": True}, "cycle_value_malformed", id="a truth value"),
        pytest.param({"level": [4]}, "cycle_value_malformed", id="a list"),
        pytest.param({"item": "speed"}, "item_unknown", id="no such item"),
        pytest.param({"comment": "x" * 2001}, "cycle_comment_too_long", id="a very long comment"),
        pytest.param({"comment": 7}, "cycle_value_malformed", id="a number as comment"),
    ],
)
def test_what_cannot_be_saved(cast: Cast, rating_cycle: Cycle, changes: dict[str, Any], code: str) -> None:
    with pytest.raises(Refusal) as caught:
        save(rating_cycle, cast.manager, cast.agent, **changes)
    assert (caught.value.code, caught.value.status) == (code, 422)
    assert not Judgement.objects.exists()


@pytest.mark.parametrize("role", ["hr", "auditor", "agent", "peer", "other_manager", "site_manager"])
def test_a_form_of_someone_else_does_not_exist(cast: Cast, rating_cycle: Cycle, role: str) -> None:
    with pytest.raises(Http404):
        save(rating_cycle, getattr(cast, role), cast.agent)
    assert not Judgement.objects.exists()


def test_an_autosave_after_submit_is_refused(cast: Cast, rating_cycle: Cycle) -> None:
    judge(rating_cycle, cast.agent, (4, 5))
    with pytest.raises(Refusal) as caught:
        save(rating_cycle, cast.manager, cast.agent, level=1, version=1)
    assert (caught.value.code, caught.value.status) == ("sheet_submitted", 403)
    assert Judgement.objects.get(item="courtesy").level == 4


def test_outside_the_rating_phase_nothing_is_saved(cast: Cast, rating_cycle: Cycle) -> None:
    return_phase(actor=cast.hr, cycle=rating_cycle, to_phase="collection", reason="Too early")
    with pytest.raises(Refusal) as caught:
        save(rating_cycle, cast.manager, cast.agent)
    assert caught.value.code == "rating_not_open"


def test_a_second_submit_changes_nothing(cast: Cast, rating_cycle: Cycle) -> None:
    first = judge(rating_cycle, cast.agent, (4, 5))
    submit_sheets(actor=cast.manager, sheet_ids=[first.pk])
    again = sheet_of(rating_cycle, cast.agent)
    assert (again.submitted_at, again.version) == (first.submitted_at, first.version)


def test_incomplete_forms_are_submitted_all_or_none(cast: Cast, rating_cycle: Cycle) -> None:
    judge(rating_cycle, cast.agent, (4, 5), submit=False)
    judge(rating_cycle, cast.peer, (3,), submit=False)
    sheets = [sheet_of(rating_cycle, cast.agent).pk, sheet_of(rating_cycle, cast.peer).pk]
    with pytest.raises(Refusal) as caught:
        submit_sheets(actor=cast.manager, sheet_ids=sheets)
    assert (caught.value.code, caught.value.params["name"]) == ("sheet_incomplete", "Li Na")
    assert not ScoreSheet.objects.filter(state="submitted").exists()


def test_the_ends_of_the_scale_ask_for_a_comment(cast: Cast, rating_cycle: Cycle) -> None:
    sheet = judge(rating_cycle, cast.agent, (1, 3), submit=False)
    with pytest.raises(Refusal) as caught:
        submit_sheets(actor=cast.manager, sheet_ids=[sheet.pk])
    assert (caught.value.code, caught.value.params["level"]) == ("comment_missing", "1")
    save_judgement(actor=cast.manager, sheet_id=sheet.pk, item="comment", comment="Two complaints", version=0)
    submit_sheets(actor=cast.manager, sheet_ids=[sheet.pk])
    assert sheet_of(rating_cycle, cast.agent).state == "submitted"


def test_forms_of_others_cannot_be_submitted_along(cast: Cast, rating_cycle: Cycle) -> None:
    mine = judge(rating_cycle, cast.agent, (4, 5), submit=False)
    theirs = judge(rating_cycle, cast.outsider, (4, 5), submit=False)
    with pytest.raises(Http404):
        submit_sheets(actor=cast.manager, sheet_ids=[mine.pk, theirs.pk])
    assert not ScoreSheet.objects.filter(state="submitted").exists()


def test_hr_gives_a_form_back_with_a_reason(cast: Cast, rating_cycle: Cycle) -> None:
    sheet = judge(rating_cycle, cast.agent, (4, 5))
    for actor, reason in ((cast.manager, "My mistake"), (cast.hr, "")):
        with pytest.raises(Refusal):
            reopen_sheet(actor=actor, sheet_id=sheet.pk, reason=reason)
    reopened = reopen_sheet(actor=cast.hr, sheet_id=sheet.pk, reason="Wrong person scored")
    assert (reopened.state, reopened.submitted_at) == ("draft", None)
    save(rating_cycle, cast.manager, cast.agent, level=2, version=1)


def test_what_a_manager_owes(cast: Cast, rating_cycle: Cycle) -> None:
    judge(rating_cycle, cast.agent, (4, 5))
    judge(rating_cycle, cast.peer, (3,), submit=False)
    [owed] = sheets_owed(cast.manager)
    assert (owed.sheets, owed.submitted, owed.open) == (3, 1, 2)
    assert (owed.cells_done, owed.cells_total) == (3, 6)
    assert owed.minutes_left == 2  # three cells of 40 seconds
    assert progress_of(cast.manager, rating_cycle, "conduct") == {"done": 1, "total": 3, "minutes_left": 2}
    assert sheets_owed(cast.agent) == []


def test_the_grid_shows_own_forms_only(cast: Cast, rating_cycle: Cycle) -> None:
    names = [row.sheet.participant.employee.name for row in grid_of(cast.manager, rating_cycle, "conduct")]
    assert names == ["Li Na", "王伟", "周舟"]  # by pinyin
    for user in (cast.agent, cast.hr):
        with pytest.raises(Http404):
            grid_of(user, rating_cycle, "conduct")
