"""Feedback before a release: what is weak, whose result waits for a suggestion, who may write; reading, agreeing, and
the notes that both sign."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.http import Http404
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from foundation.delivery import duties
from foundation.delivery.models import Notice
from foundation.documents import Problems
from foundation.refusals import Refusal
from foundation.runs.models import OutboxMessage
from reviews.methods.document import check_configuration
from reviews.methods.feedback import FeedbackRule, appeal_rule, feedback_rule
from reviews.models import (
    Acknowledgement,
    Conversation,
    ConversationSignature,
    Cycle,
    Feedback,
    FeedbackPoint,
    ReleaseHold,
)
from reviews.selectors.conversations import talk_about
from reviews.selectors.feedback import (
    days_to_release,
    feedback_sheet,
    held_up_by,
    hold_of,
    unanswered,
)
from reviews.selectors.results import released_result_of, released_results_of, visible_results
from reviews.services import feedback as services
from reviews.services.acknowledgements import acknowledge_result
from reviews.services.conversations import sign_notes, write_notes
from reviews.services.notices import tell_of_phase
from reviews.services.phases import advance_phase, release_cycle
from tests.cast import Cast
from tests.reviews.conftest import configuration

pytestmark = pytest.mark.django_db
RULE = {"required": True, "weak_below": 70, "strong_from": 100, "most": 3}
SOON = datetime.timedelta(days=30)


def ask(cycle: Cycle, **changes: Any) -> Cycle:
    """The frozen configuration asks for feedback."""
    cycle.configuration = {**cycle.configuration, "feedback": {**RULE, **changes}}
    cycle.save()
    return cycle


@pytest.fixture
def calibrated(cast: Cast, scored_cycle: Cycle) -> Cycle:
    """peer: response_time 50, courtesy 60, patience 60; leaver: courtesy 40. Nobody else lies below 70."""
    ask(scored_cycle)
    return advance_phase(actor=cast.hr, cycle=scored_cycle, to_phase="calibration", reason="One form is late")


def suggestion(component: str, subject: str, **changes: Any) -> dict[str, Any]:
    return {
        "component": component,
        "subject": subject,
        "is_strength": False,
        "evidence": "Heard on four calls",
        "suggestion": "Repeat the question before answering",
        "due_on": timezone.localdate() + SOON,
        **changes,
    }


PEER = [("kpis", "response_time"), ("conduct", "courtesy"), ("conduct", "patience")]


def write(cast: Cast, cycle: Cycle, parts: list[tuple[str, str]], **changes: Any) -> Feedback:
    given: dict[str, Any] = {
        "actor": cast.manager,
        "employee_id": cast.peer.pk,
        "points": [suggestion(*part) for part in parts],
        "version": 0,
    }
    return services.save_feedback(cycle=cycle, **{**given, **changes})


# The rule ---------------------------------------------------------------------------------------------------------


def test_a_cycle_without_the_block_asks_for_nothing(released_cycle: Cycle) -> None:
    assert not feedback_rule(released_cycle.configuration).required
    assert appeal_rule(released_cycle.configuration).days == 10
    assert not ReleaseHold.objects.exists()


@pytest.mark.parametrize(
    ("block", "path"),
    [
        ({"feedback": {"weak_below": 80, "strong_from": 60}}, "feedback.strong_from"),
        ({"feedback": {"most": 0}}, "feedback.most"),
        ({"feedback": {"required": "yes"}}, "feedback.required"),
        ({"appeal": {"days": 0}}, "appeal.days"),
        ({"appeal": {"hours": 5}}, "appeal.hours"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_with_its_place(block: dict[str, Any], path: str, kpis: Any) -> None:
    problems = Problems()
    check_configuration({**configuration(components=[]), **block}, references=_none(), problems=problems)
    assert [".".join(map(str, each.path)) for each in problems] == [path]


def _none() -> Any:
    from reviews.methods.document import References

    return References()


def test_weak_points_are_those_that_cost_most_with_their_numbers(cast: Cast, calibrated: Cycle) -> None:
    sheet = feedback_sheet(calibrated, calibrated.participants.get(employee=cast.peer))
    # gap x share of the overall score: 20 x 42, 10 x 15, 10 x 15
    assert [(point.component, point.subject, point.points) for point in sheet.weak] == [
        ("kpis", "response_time", 50.0),
        ("conduct", "courtesy", 60.0),
        ("conduct", "patience", 60.0),
    ]
    assert (sheet.weak[0].value, sheet.weak[0].target, sheet.weak[0].n) == (30.0, 20.0, 400)
    assert [point.subject for point in sheet.strengths] == ["csat"]
    ask(calibrated, most=1)
    short = feedback_sheet(calibrated, calibrated.participants.get(employee=cast.peer))
    assert [point.subject for point in short.weak] == ["response_time"]


def test_the_rule_says_what_is_weak(cast: Cast, calibrated: Cycle) -> None:
    assert unanswered(calibrated) == {cast.peer.pk: 3, cast.leaver.pk: 1}
    ask(calibrated, weak_below=60)
    assert unanswered(calibrated) == {cast.peer.pk: 1, cast.leaver.pk: 1}
    ask(calibrated, required=False)
    assert unanswered(calibrated) == {}


# Writing ----------------------------------------------------------------------------------------------------------


def test_the_rater_writes_and_writes_again(cast: Cast, calibrated: Cycle) -> None:
    first = write(cast, calibrated, PEER, words="A good month")
    assert (first.version, first.written_by) == (1, cast.manager)
    assert unanswered(calibrated) == {cast.leaver.pk: 1}
    write(cast, calibrated, PEER[:1], version=1)
    assert unanswered(calibrated)[cast.peer.pk] == 2, "what is left out is taken back"
    assert FeedbackPoint.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"suggestion": "no"}, "feedback_suggestion_short"),
        ({"due_on": None}, "feedback_day_missing"),
        ({"due_on": datetime.date(2020, 1, 1)}, "feedback_day_past"),
        ({"suggestion": "x" * 1001}, "cycle_text_too_long"),
        ({"subject": "charm"}, "feedback_part_unknown"),
    ],
)
def test_what_cannot_be_said_is_refused(
    cast: Cast, calibrated: Cycle, changes: dict[str, Any], code: str
) -> None:
    with pytest.raises(Refusal) as refused:
        write(cast, calibrated, [], points=[suggestion("kpis", "response_time") | changes])
    assert refused.value.code == code
    assert not Feedback.objects.exists()
    assert not FeedbackPoint.objects.exists()


def test_a_stale_page_overwrites_nothing(cast: Cast, calibrated: Cycle) -> None:
    write(cast, calibrated, PEER)
    with pytest.raises(Refusal) as refused:
        write(cast, calibrated, [])
    assert refused.value.code == "judgement_stale"
    assert FeedbackPoint.objects.count() == 3


@pytest.mark.parametrize("who", ["agent", "peer", "other_manager", "payroll"])
def test_nobody_else_even_finds_it(cast: Cast, calibrated: Cycle, who: str) -> None:
    with pytest.raises(Http404):
        write(cast, calibrated, PEER, actor=getattr(cast, who))
    assert not Feedback.objects.exists()


@pytest.mark.parametrize("who", ["site_manager", "auditor"])
def test_who_reads_does_not_write(cast: Cast, calibrated: Cycle, who: str) -> None:
    with pytest.raises(Refusal) as refused:
        write(cast, calibrated, PEER, actor=getattr(cast, who))
    assert refused.value.status == 403
    assert not Feedback.objects.exists()


# The release ------------------------------------------------------------------------------------------------------


def test_who_has_no_suggestion_waits_and_the_others_are_released(cast: Cast, calibrated: Cycle) -> None:
    released = release_cycle(actor=cast.hr, cycle=calibrated)
    assert {hold.employee_id: hold.missing for hold in ReleaseHold.objects.all()} == {
        cast.peer.pk: 3,
        cast.leaver.pk: 1,
    }
    assert released_result_of(cast.agent, released) is not None
    assert released_result_of(cast.peer, released) is None
    assert released_results_of(cast.peer) == []
    assert not visible_results(cast.peer, released).exists()
    assert visible_results(cast.manager, released).filter(employee=cast.peer).exists()
    assert days_to_release(released) == (timezone.localdate() - released.last_day).days
    assert days_to_release(released, hold_of(released, cast.peer.pk)) is None
    with pytest.raises(Refusal) as refused:
        release_cycle(actor=cast.hr, cycle=released)
    assert refused.value.code == "cycle_released"


def test_the_manager_is_told_and_owes_it(cast: Cast, calibrated: Cycle) -> None:
    release_cycle(actor=cast.hr, cycle=calibrated)
    for message in OutboxMessage.objects.filter(topic="cycle.phase"):
        tell_of_phase(**message.payload)
    assert set(Notice.objects.filter(topic="feedback.owed").values_list("recipient", flat=True)) == {
        cast.manager.pk
    }
    told = set(Notice.objects.filter(topic="cycle.released").values_list("recipient", flat=True))
    assert cast.agent.pk in told
    assert cast.peer.pk not in told
    today = timezone.localdate()
    assert cast.manager.pk in duties.owing(today)
    owed = [
        duty for duty in duties.duties_of([cast.manager.pk], today)[cast.manager.pk] if "feedback" in duty.url
    ]
    assert [duty.params["count"] for duty in owed] == [2]
    assert [(row.rater, row.people) for row in held_up_by(calibrated)] == [(cast.manager, 2)]


def test_the_last_suggestion_opens_the_result(cast: Cast, calibrated: Cycle) -> None:
    released = release_cycle(actor=cast.hr, cycle=calibrated)
    write(cast, released, PEER[:2])
    assert released_result_of(cast.peer, released) is None
    write(cast, released, PEER, version=1)
    assert released_result_of(cast.peer, released) is not None
    hold = ReleaseHold.objects.get(employee=cast.peer)
    assert hold.released_by == cast.manager
    assert Notice.objects.filter(topic="cycle.released", recipient=cast.peer).count() == 1
    assert OutboxMessage.objects.filter(topic="result.opened").count() == 1
    sheet = feedback_sheet(released, released.participants.get(employee=cast.peer))
    assert sheet.missing == 0
    with pytest.raises(DatabaseError), transaction.atomic():
        ReleaseHold.objects.filter(pk=hold.pk).update(reason="changed")


def test_hr_opens_it_without_and_says_why(cast: Cast, calibrated: Cycle) -> None:
    released = release_cycle(actor=cast.hr, cycle=calibrated)
    with pytest.raises(Refusal) as refused:
        services.release_held(actor=cast.hr, cycle=released, employee_id=cast.peer.pk, reason=" ")
    assert refused.value.code == "cycle_reason_required"
    with pytest.raises(Refusal) as refused:
        services.release_held(actor=cast.manager, cycle=released, employee_id=cast.peer.pk, reason="x")
    assert refused.value.status == 403
    services.release_held(actor=cast.hr, cycle=released, employee_id=cast.peer.pk, reason="The manager left")
    assert released_result_of(cast.peer, released) is not None
    with pytest.raises(Refusal) as refused:
        services.release_held(actor=cast.hr, cycle=released, employee_id=cast.peer.pk, reason="Again")
    assert refused.value.code == "nothing_held"


def test_a_cycle_does_not_close_over_shut_results(cast: Cast, calibrated: Cycle) -> None:
    released = release_cycle(actor=cast.hr, cycle=calibrated)
    with pytest.raises(Refusal) as refused:
        advance_phase(actor=cast.hr, cycle=released, to_phase="closed")
    assert refused.value.code == "releases_wait"


def test_the_work_of_a_release_does_not_grow_with_people(
    cast: Cast, calibrated: Cycle, query_count: Callable[[Callable[[], Any]], int]
) -> None:
    """The same statements whoever is held: one for the holds."""
    counts = []
    for weak in (0, 200):
        ask(calibrated, weak_below=weak, strong_from=200)
        try:
            with transaction.atomic():
                counts.append(query_count(lambda: release_cycle(actor=cast.hr, cycle=calibrated)))
                held = ReleaseHold.objects.count()
                raise _Undo
        except _Undo:
            pass
        assert (held > 3) == (weak == 200)
        calibrated.refresh_from_db()
    assert counts[0] == counts[1]


class _Undo(Exception):
    pass


# Reading ----------------------------------------------------------------------------------------------------------


def test_nobody_reads_before_the_own_release(cast: Cast, calibrated: Cycle) -> None:
    for cycle in (calibrated, release_cycle(actor=cast.hr, cycle=calibrated)):
        with pytest.raises(Refusal) as refused:
            acknowledge_result(actor=cast.peer, cycle=cycle)
        assert refused.value.code == "result_not_open"
    assert not Acknowledgement.objects.exists()
    with pytest.raises(Http404):
        acknowledge_result(actor=cast.manager, cycle=calibrated)


def test_reading_with_and_without_agreeing(cast: Cast, released_cycle: Cycle) -> None:
    client = Client()
    client.force_login(cast.agent)
    address = reverse("reviews:acknowledge", args=[released_cycle.code])
    client.post(address, {"agrees": "no", "comment": "The line was down"})
    client.post(address, {"agrees": "yes"})
    found = Acknowledgement.objects.get()
    assert (found.agrees, found.comment) == (False, "The line was down")
    page = client.get(reverse("reviews:standing")).content.decode()
    assert "You do not agree with it." in page


# The talk ---------------------------------------------------------------------------------------------------------


def notes(
    cast: Cast, cycle: Cycle, text: str = "We agreed on two calls a week", **changes: Any
) -> Conversation:
    given: dict[str, Any] = {
        "actor": cast.manager,
        "employee_id": cast.agent.pk,
        "held_on": timezone.localdate(),
        "version": 0,
    }
    return write_notes(cycle=cycle, text=text, **{**given, **changes})


def test_both_sign_and_a_change_makes_it_void(cast: Cast, released_cycle: Cycle) -> None:
    found = notes(cast, released_cycle)
    for person in (cast.manager, cast.agent, cast.agent):
        sign_notes(
            actor=person, cycle=released_cycle, employee_id=cast.agent.pk, content_hash=found.content_hash
        )
    assert ConversationSignature.objects.count() == 2
    part = released_cycle.participants.get(employee=cast.agent)
    talk = talk_about(part)
    assert talk is not None
    assert talk.is_signed
    assert notes(cast, released_cycle, version=1).version == 1, "the same text is no change"
    notes(cast, released_cycle, "We agreed on three calls a week", version=1)
    changed = talk_about(part)
    assert changed is not None
    assert (changed.is_signed, changed.void) == (False, 2)
    with pytest.raises(Refusal) as refused:
        sign_notes(
            actor=cast.agent, cycle=released_cycle, employee_id=cast.agent.pk, content_hash=found.content_hash
        )
    assert refused.value.code == "notes_changed"
    with pytest.raises(DatabaseError), transaction.atomic():
        ConversationSignature.objects.update(signed_by=cast.hr)


@pytest.mark.parametrize("who", ["agent", "site_manager"])
def test_only_the_rater_writes_notes(cast: Cast, released_cycle: Cycle, who: str) -> None:
    with pytest.raises(Refusal) as refused:
        notes(cast, released_cycle, actor=getattr(cast, who))
    assert refused.value.code == "notes_not_yours"
    assert not Conversation.objects.exists()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"text": "  "}, "notes_empty"),
        ({"text": "x" * 4001}, "cycle_text_too_long"),
        ({"held_on": datetime.date(2090, 1, 1)}, "notes_day_in_future"),
        ({"version": 4}, "judgement_stale"),
    ],
)
def test_notes_that_cannot_be(cast: Cast, released_cycle: Cycle, changes: dict[str, Any], code: str) -> None:
    with pytest.raises(Refusal) as refused:
        notes(cast, released_cycle, **changes)
    assert refused.value.code == code
    assert not Conversation.objects.exists()


# Pages ------------------------------------------------------------------------------------------------------------


def test_the_pages_of_feedback(cast: Cast, calibrated: Cycle) -> None:
    manager, hr = Client(), Client()
    manager.force_login(cast.manager)
    hr.force_login(cast.hr)
    listed = manager.get(reverse("reviews:feedback_list", args=["oct"])).content.decode()
    assert "2 people need your suggestions" in listed
    address = reverse("reviews:feedback", args=["oct", cast.peer.pk])
    page = manager.get(address).content.decode()
    assert "30.00 against 20.00 (n = 400): 50.0 points" in page
    release_cycle(actor=cast.hr, cycle=calibrated)
    assert "2 results are still shut" in hr.get(reverse("reviews:cycle", args=["oct"])).content.decode()
    assert cast.manager.name in hr.get(reverse("reviews:feedback_list", args=["oct"])).content.decode()
    day = (timezone.localdate() + SOON).isoformat()
    form = {"version": "0", "words": "", **{f"evidence_{index}": "Seen" for index in range(4)}}
    half = manager.post(address, {**form, "suggestion_1": "Breathe before answering", "due_on_1": ""})
    assert half.status_code == 422
    assert "Say by when." in half.content.decode()
    assert "Breathe before answering" in half.content.decode(), "what was typed stays"
    whole = {
        **form,
        **{f"suggestion_{index}": f"Practise thing {index}" for index in (1, 2, 3)},
        **{f"due_on_{index}": day for index in (1, 2, 3)},
    }
    done = manager.post(address, whole, follow=True).content.decode()
    assert "can read the result now" in done
    peer = Client()
    peer.force_login(cast.peer)
    own = peer.get(reverse("reviews:standing")).content.decode()
    assert "Practise thing 1" in own
    assert "What your manager says" in own


def test_who_waits_reads_why(cast: Cast, calibrated: Cycle) -> None:
    release_cycle(actor=cast.hr, cycle=calibrated)
    peer = Client()
    peer.force_login(cast.peer)
    page = peer.get(reverse("reviews:standing")).content.decode()
    assert "yours opens as soon as" in page
    assert peer.get(reverse("reviews:standing_in", args=["oct"])).status_code == 404


def test_the_rule_of_a_template_survives_the_page(cast: Cast, draft: Cycle) -> None:
    client = Client()
    client.force_login(cast.hr)
    address = reverse("reviews:feedback_settings", args=["oct"])
    form = {
        "required": "on",
        "weak_below": "75",
        "strong_from": "110",
        "most": "2",
        "days": "7",
        "answer_days": "5",
    }
    assert client.post(address, {**form, "version": draft.version}).status_code == 302
    draft.refresh_from_db()
    assert feedback_rule(draft.configuration) == FeedbackRule(True, 75, 110, 2)
    assert appeal_rule(draft.configuration).answer_days == 5
    wrong = client.post(address, {**form, "strong_from": "10", "version": draft.version})
    assert wrong.status_code == 422
    assert connection is not None


def test_a_release_that_dies_half_way_leaves_nothing(
    cast: Cast, calibrated: Cycle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One transaction: whatever is killed in its middle has released nobody and held nobody, and can be done again."""

    def killed(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("killed")

    monkeypatch.setattr("reviews.services.phases.runs.emit", killed)
    with pytest.raises(RuntimeError):
        release_cycle(actor=cast.hr, cycle=calibrated)
    monkeypatch.undo()
    calibrated.refresh_from_db()
    assert (calibrated.phase, calibrated.released_at) == ("calibration", None)
    assert not ReleaseHold.objects.exists()
    released = release_cycle(actor=cast.hr, cycle=calibrated)
    assert released.released_at is not None
    assert ReleaseHold.objects.count() == 2
