"""Who hears what of a cycle, reminders, and the late rater's leader."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
import time_machine
from django.utils import translation

from foundation.delivery import topics
from foundation.delivery.models import Notice
from foundation.refusals import Refusal
from foundation.runs.models import OutboxMessage
from foundation.runs.services import drain_outbox
from people.models import Team
from reviews.models import Cycle, PhaseChange, ScoreSheet
from reviews.selectors.completion import Cell, completion_lines
from reviews.selectors.duties import SheetDuties
from reviews.services.judgements import reopen_sheet
from reviews.services.notices import escalate_late_raters, remind_raters, tell_of_phase
from reviews.services.phases import cancel_cycle
from tests.cast import Cast
from tests.reviews.conftest import judge, sheet_of


def told(topic: str) -> set[int]:
    return set(Notice.objects.filter(topic=topic).values_list("recipient_id", flat=True))


def hear() -> None:
    """What the worker does with the news of phases."""
    for message in OutboxMessage.objects.filter(topic="cycle.phase"):
        tell_of_phase(**message.payload)


def test_a_launch_tells_those_appraised_and_those_who_judge(cast: Cast, rating_cycle: Cycle) -> None:
    hear()
    participants = set(rating_cycle.participants.values_list("employee_id", flat=True))
    raters = set(ScoreSheet.objects.values_list("rater_id", flat=True))
    assert told("cycle.launched") == participants
    assert told("cycle.rating") == raters


def test_telling_twice_tells_once(rating_cycle: Cycle) -> None:
    hear()
    before = Notice.objects.count()
    hear()
    assert Notice.objects.count() == before > 0
    assert tell_of_phase(987_654_321) == 0


def test_a_release_tells_each_of_their_own_result(cast: Cast, released_cycle: Cycle) -> None:
    hear()
    assert told("cycle.released") == set(released_cycle.participants.values_list("employee_id", flat=True))
    notice = Notice.objects.get(topic="cycle.released", recipient=cast.agent)
    assert notice.url == f"/standing/{released_cycle.code}/"
    with translation.override("en"):
        assert topics.sentence(notice.topic, notice.params).startswith("Your result of ")


def test_the_worker_gets_the_news(cast: Cast, rating_cycle: Cycle) -> None:
    """The topic has a consumer, by the name that settings give it."""
    drain_outbox(execute_runs=False)
    assert cast.agent.pk in told("cycle.launched")


def test_a_cancelled_cycle_tells_everyone_it_touched(cast: Cast, rating_cycle: Cycle) -> None:
    cancel_cycle(actor=cast.hr, cycle=rating_cycle, reason="A mistake")
    hear()
    assert {cast.agent.pk, cast.manager.pk} <= told("cycle.cancelled")


def test_a_form_given_back_is_told_with_its_reason(cast: Cast, rating_cycle: Cycle) -> None:
    sheet = judge(rating_cycle, cast.agent, (4, 5))
    reopen_sheet(actor=cast.hr, sheet_id=sheet.pk, reason="Please look again")
    notice = Notice.objects.get(topic="form.returned")
    assert notice.recipient_id == sheet.rater_id
    with translation.override("en"):
        assert "Please look again" in topics.sentence(notice.topic, notice.params)


# Reminders --------------------------------------------------------------------------------------------------------


def test_a_reminder_reaches_those_who_owe_and_nobody_else(cast: Cast, rating_cycle: Cycle) -> None:
    for person in (cast.agent, cast.peer, cast.leaver):
        judge(rating_cycle, person, (3, 3))
    owing = set(ScoreSheet.objects.filter(state="draft").values_list("rater_id", flat=True))
    assert cast.manager.pk not in owing
    assert owing
    assert remind_raters(actor=cast.hr, cycle=rating_cycle) == len(owing)
    assert told("forms.reminded") == owing
    assert remind_raters(actor=cast.hr, cycle=rating_cycle) == 0, "once a day is enough"


def test_a_reminder_of_one_team_goes_to_its_raters(cast: Cast, rating_cycle: Cycle) -> None:
    assert remind_raters(actor=cast.hr, cycle=rating_cycle, team_ids=[cast.blue.pk]) == 1
    assert told("forms.reminded") == {sheet_of(rating_cycle, cast.agent).rater_id}


@pytest.mark.parametrize("who", ["manager", "auditor", "agent"])
def test_only_hr_reminds(cast: Cast, rating_cycle: Cycle, who: str) -> None:
    with pytest.raises(Refusal) as refused:
        remind_raters(actor=getattr(cast, who), cycle=rating_cycle)
    assert refused.value.code == "cycle_hr_only"
    assert not Notice.objects.exists()


def test_nothing_to_remind_of(cast: Cast, judged_cycle: Cycle, draft: Cycle) -> None:
    ScoreSheet.objects.update(state="submitted")
    with pytest.raises(Refusal) as refused:
        remind_raters(actor=cast.hr, cycle=judged_cycle)
    assert refused.value.code == "nobody_owes"
    Cycle.objects.update(phase="setup")
    with pytest.raises(Refusal) as refused:
        remind_raters(actor=cast.hr, cycle=Cycle.objects.get(pk=draft.pk))
    assert refused.value.code == "reminding_not_open"


# Duties and escalation --------------------------------------------------------------------------------------------


def test_forms_to_fill_in_are_what_a_rater_owes(cast: Cast, rating_cycle: Cycle) -> None:
    day = datetime.date(2025, 11, 3)
    judge(rating_cycle, cast.agent, (4, 5))
    assert SheetDuties().owing(day) == set(
        ScoreSheet.objects.filter(state="draft").values_list("rater_id", flat=True)
    )
    owed = SheetDuties().duties_of([cast.manager.pk, cast.agent.pk], day)
    assert set(owed) == {cast.manager.pk}
    (duty,) = owed[cast.manager.pk]
    forms = ScoreSheet.objects.filter(rater=cast.manager, state="draft").count()
    with translation.override("en"):
        assert duty.text.startswith(f"{forms} form")
    assert duty.url == f"/scoring/{rating_cycle.code}/conduct/"
    assert duty.minutes == max(-(-forms * 2 * 40 // 60), 1)


def test_asking_what_is_owed_costs_the_same_for_everybody(
    cast: Cast, rating_cycle: Cycle, django_assert_num_queries: Any
) -> None:
    day = datetime.date(2025, 11, 3)
    for people in ([cast.manager.pk], [user.pk for user in cast.people]):
        with django_assert_num_queries(2):
            SheetDuties().duties_of(people, day)


def test_a_late_raters_leader_hears_of_it_once_and_not_before_time(cast: Cast, rating_cycle: Cycle) -> None:
    due = datetime.date(2025, 11, 12)  # a Wednesday
    Cycle.objects.update(rating_due_on=due)
    with time_machine.travel("2025-11-14T02:00:00Z", tick=False):
        assert escalate_late_raters(due + datetime.timedelta(days=1)) == 0
        assert escalate_late_raters(datetime.date(2025, 11, 15)) == 0, "not on a Saturday"
        assert escalate_late_raters(due + datetime.timedelta(days=2)) > 0
        assert escalate_late_raters(due + datetime.timedelta(days=5)) == 0
    late = Notice.objects.filter(topic="forms.late", key=f"cycle:{rating_cycle.pk}:late:{cast.manager.pk}")
    assert set(late.values_list("recipient_id", flat=True)) == {cast.site_manager.pk, cast.hr.pk}
    with translation.override("en"):
        text = topics.sentence("forms.late", late.first().params)  # type: ignore[union-attr]
    assert "孙丽" in text
    assert "Wed 12 Nov 2025" in text


# Completion -------------------------------------------------------------------------------------------------------


def test_completion_by_team_and_component(cast: Cast, rating_cycle: Cycle) -> None:
    judge(rating_cycle, cast.agent, (4, 5))
    lines = {line.team.code: line for line in completion_lines(rating_cycle)}
    blue = ScoreSheet.objects.filter(participant__team=cast.blue)
    assert lines["blue"].whole == Cell(1, blue.count())
    assert lines["blue"].raters == blue.filter(state="draft").values("rater").distinct().count()
    assert list(lines) == sorted(lines, key=lambda code: (lines[code].whole.share, -lines[code].whole.open))


@pytest.mark.parametrize(
    ("cell", "shade"),
    [(Cell(0, 5), 0), (Cell(1, 500), 1), (Cell(499, 500), 3), (Cell(5, 5), 4), (Cell(0, 0), 0)],
    ids=["none", "hardly any", "nearly all", "all", "no forms"],
)
def test_nearly_is_never_shown_as_all_or_nothing(cell: Cell, shade: int) -> None:
    assert cell.shade == shade


def test_completion_costs_the_same_for_any_number_of_teams(
    cast: Cast, rating_cycle: Cycle, django_assert_num_queries: Any
) -> None:
    assert Team.objects.count() > 1
    assert PhaseChange.objects.exists()
    with django_assert_num_queries(3):
        completion_lines(rating_cycle)


def test_the_page_shows_the_map_and_reminds(client: Any, cast: Cast, rating_cycle: Cycle) -> None:
    client.force_login(cast.hr)
    page = client.get(f"/cycles/{rating_cycle.code}/completion/", headers={"accept-language": "en"})
    assert "Blue team" in page.content.decode()
    answer = client.post(f"/cycles/{rating_cycle.code}/remind/", {"team": "blue"}, follow=True)
    assert cast.manager.pk in told("forms.reminded")
    assert answer.redirect_chain[-1][0] == f"/cycles/{rating_cycle.code}/completion/"
