"""The manager's work: one queue, delegation with dates, the second look, and the note to oneself."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.http import Http404
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from foundation.delivery.duties import duties_of
from foundation.delivery.models import Notice
from foundation.refusals import Refusal
from people.models import Membership
from reviews.models import Cycle, Delegation, Judgement, Participant, ScoreSheet, SecondReview
from reviews.selectors.habits import habits_of
from reviews.selectors.pace import DEFAULT_SECONDS, pace_of
from reviews.selectors.sheets import grid_of, sheets_owed, visible_sheets
from reviews.services.cycles import edit_configuration, launch_cycle
from reviews.services.delegations import delegate_scoring, end_delegation
from reviews.services.judgements import reopen_sheet, save_judgement, submit_sheets
from reviews.services.phases import advance_phase
from reviews.services.second_reviews import decide_second_review
from tests.cast import Cast
from tests.factories import UserFactory, days
from tests.reviews.conftest import configuration, judge, score, sheet_of

pytestmark = pytest.mark.django_db


def delegate(cast: Cast, **changes: Any) -> Delegation:
    today = timezone.localdate()
    return delegate_scoring(
        **{
            "actor": cast.manager,
            "delegate": cast.other_manager,
            "first_day": today,
            "last_day": today + datetime.timedelta(days=5),
            "reason": "On leave",
        }
        | changes
    )


def save(cast: Cast, sheet: ScoreSheet, item: str = "courtesy", level: int = 4) -> Judgement:
    return save_judgement(actor=cast.other_manager, sheet_id=sheet.pk, item=item, level=level, version=0)


# Delegation -------------------------------------------------------------------------------------------------------


def test_a_delegate_scores_in_the_managers_name_and_it_shows(
    cast: Cast, rating_cycle: Cycle, client: Client
) -> None:
    sheet = sheet_of(rating_cycle, cast.agent)
    with pytest.raises(Http404):
        save(cast, sheet)
    delegate(cast)
    for item in ("courtesy", "patience"):
        assert save(cast, sheet, item).updated_by == cast.other_manager
    submit_sheets(actor=cast.other_manager, sheet_ids=[sheet.pk])
    sheet.refresh_from_db()
    assert (sheet.rater, sheet.submitted_by) == (cast.manager, cast.other_manager)
    client.force_login(cast.other_manager)
    address = reverse("reviews:grid", args=[rating_cycle.code, "conduct"])
    page = client.get(address, {"for": cast.manager.pk}).content.decode()
    assert f"You score in the name of {cast.manager.name}" in page
    assert f"scored by {cast.other_manager.name}" in page
    assert "in the name of" in client.get(reverse("reviews:queue")).content.decode()
    told = Notice.objects.filter(topic="delegation.given").values_list("recipient", flat=True)
    assert set(told) == {cast.manager.pk, cast.other_manager.pk}


@pytest.mark.parametrize("method", ["ranking", "paired_comparison"])
def test_orders_and_pairs_stay_with_the_manager_and_the_door_says_so(
    cast: Cast, rating_cycle: Cycle, client: Client, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = "is_ordered" if method == "ranking" else "is_paired"
    monkeypatch.setattr(f"reviews.views.judging.{asked}", lambda component: True)
    delegate(cast)
    client.force_login(cast.other_manager)
    address = reverse("reviews:grid", args=[rating_cycle.code, "conduct"])
    told = client.get(address, {"for": cast.manager.pk}, follow=True)
    assert told.redirect_chain == [(reverse("reviews:queue"), 302)]
    assert "are the manager&#x27;s own" in told.content.decode()
    assert not Judgement.objects.exists()
    client.force_login(cast.manager)
    own = client.get(address)
    assert own.status_code == 302
    assert own["Location"] != reverse("reviews:queue")


def test_it_ends_by_itself_and_at_once_when_ended(cast: Cast, rating_cycle: Cycle) -> None:
    made = delegate(cast)
    theirs = visible_sheets(cast.other_manager).filter(rater=cast.manager)
    assert theirs.exists()
    with time_machine.travel(timezone.now() + datetime.timedelta(days=6)):
        assert not visible_sheets(cast.other_manager).filter(rater=cast.manager).exists()
    with pytest.raises(Refusal):
        end_delegation(actor=cast.other_manager, delegation_id=made.pk)
    end_delegation(actor=cast.manager, delegation_id=made.pk)
    assert not theirs.exists()


def test_nobody_scores_themselves_by_it(cast: Cast, rating_cycle: Cycle) -> None:
    part = Participant.objects.get(employee=cast.agent)
    Participant.objects.filter(pk=part.pk).update(employee=cast.other_manager)
    delegate(cast)
    mine = ScoreSheet.objects.get(participant=part.pk)
    assert not visible_sheets(cast.other_manager).filter(pk=mine.pk).exists()
    with pytest.raises(Http404):
        save(cast, mine)
    assert not Judgement.objects.exists()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        pytest.param({"delegate": "manager"}, "delegation_to_self", id="to oneself"),
        pytest.param({"delegate": "agent"}, "delegation_not_manager", id="to somebody who leads nobody"),
        pytest.param({"last_day": datetime.date(2020, 1, 1)}, "delegation_backwards", id="backwards"),
        pytest.param({"last_day": datetime.date(2199, 1, 1)}, "delegation_too_long", id="for ever"),
        pytest.param({"delegator": "other_manager"}, "delegation_not_yours", id="for somebody else"),
        pytest.param({"reason": " "}, "cycle_reason_required", id="without a reason"),
    ],
)
def test_what_is_no_delegation(cast: Cast, changes: dict[str, Any], code: str) -> None:
    people = {name: getattr(cast, who) for name, who in changes.items() if name in ("delegate", "delegator")}
    with pytest.raises(Refusal) as caught:
        delegate(cast, **{**changes, **people})
    assert caught.value.code == code
    assert not Delegation.objects.exists()


def test_one_at_a_time_and_hr_for_who_is_away(cast: Cast) -> None:
    delegate(cast, actor=cast.hr, delegator=cast.manager)
    with pytest.raises(Refusal) as caught:
        delegate(cast, delegate=cast.site_manager)
    assert caught.value.code == "delegation_overlaps"


def test_the_page_of_delegations(cast: Cast, client: Client) -> None:
    client.force_login(cast.manager)
    address = reverse("reviews:delegations")
    today = timezone.localdate()
    sent = {"delegate": "E0007", "first_day": today, "last_day": today, "reason": "On leave"}
    assert client.post(address, {**sent, "delegate": "nobody"}).status_code == 422
    assert client.post(address, sent).status_code == 302
    assert cast.other_manager.name in client.get(address).content.decode()
    made = Delegation.objects.get()
    client.post(reverse("reviews:delegation_end", args=[made.pk]))
    made.refresh_from_db()
    assert made.ended_at is not None


# The second look --------------------------------------------------------------------------------------------------


@pytest.fixture
def looked_at(cast: Cast, draft: Cycle) -> Cycle:
    edit_configuration(
        actor=cast.hr, cycle=draft, configuration=configuration(second_review=True), version=draft.version
    )
    draft.refresh_from_db()
    return launch_cycle(actor=cast.hr, cycle=draft)


def test_the_managers_manager_confirms_or_gives_back(cast: Cast, looked_at: Cycle) -> None:
    sheet = judge(looked_at, cast.agent, (4, 5))
    review = SecondReview.objects.get()
    assert review.reviewer == cast.site_manager
    [duty] = duties_of([cast.site_manager.pk], timezone.localdate())[cast.site_manager.pk]
    assert duty.url == reverse("reviews:second_reviews")
    with pytest.raises(Refusal):
        decide_second_review(actor=cast.site_manager, review_id=review.pk, confirm=False)
    decide_second_review(
        actor=cast.site_manager, review_id=review.pk, confirm=False, reason="Patience was a 3 in May"
    )
    sheet.refresh_from_db()
    assert (sheet.state, sheet.submitted_by) == ("draft", None)
    assert Notice.objects.get(topic="form.returned", recipient=cast.manager).params["reason"]
    submit_sheets(actor=cast.manager, sheet_ids=[sheet.pk])
    again = SecondReview.objects.get(state="waiting")
    decide_second_review(actor=cast.site_manager, review_id=again.pk, confirm=True)
    with pytest.raises(Refusal) as caught:
        decide_second_review(actor=cast.site_manager, review_id=again.pk, confirm=True)
    assert caught.value.code == "second_review_decided"


def test_nobody_confirms_what_they_scored(cast: Cast, looked_at: Cycle) -> None:
    delegate(cast, delegate=cast.site_manager)
    sheet = sheet_of(looked_at, cast.agent)
    for item in ("courtesy", "patience"):
        save_judgement(actor=cast.site_manager, sheet_id=sheet.pk, item=item, level=4, version=0)
    submit_sheets(actor=cast.site_manager, sheet_ids=[sheet.pk])
    review = SecondReview.objects.get()
    with pytest.raises(Refusal) as caught:
        decide_second_review(actor=cast.site_manager, review_id=review.pk, confirm=True)
    assert caught.value.code == "second_review_own"
    for stranger in (cast.manager, cast.other_manager, cast.agent):
        with pytest.raises(Http404):
            decide_second_review(actor=stranger, review_id=review.pk, confirm=True)
    decide_second_review(actor=cast.hr, review_id=review.pk, confirm=True)


def test_going_on_without_it_says_why(cast: Cast, looked_at: Cycle) -> None:
    judge(looked_at, cast.agent, (4, 5))
    ScoreSheet.objects.exclude(participant__employee=cast.agent).update(state="submitted")
    score(cast.hr, looked_at)
    with pytest.raises(Refusal) as caught:
        advance_phase(actor=cast.hr, cycle=looked_at, to_phase="calibration")
    assert caught.value.code == "second_reviews_open"
    advance_phase(actor=cast.hr, cycle=looked_at, to_phase="calibration", reason="The director is ill")


def test_a_form_that_hr_gives_back_waits_for_nobody(cast: Cast, looked_at: Cycle) -> None:
    sheet = judge(looked_at, cast.agent, (4, 5))
    reopen_sheet(actor=cast.hr, sheet_id=sheet.pk, reason="A slip")
    assert SecondReview.objects.get().state == "void"


def test_the_page_of_the_second_look(cast: Cast, looked_at: Cycle, client: Client) -> None:
    judge(looked_at, cast.agent, (4, 5))
    client.force_login(cast.site_manager)
    address = reverse("reviews:second_reviews")
    assert cast.agent.name in client.get(address).content.decode()
    review = SecondReview.objects.get()
    client.post(reverse("reviews:second_review_decide", args=[review.pk]), {"decision": "confirm"})
    assert cast.agent.name not in client.get(address).content.decode().split("<main", 1)[1]
    client.force_login(cast.manager)
    assert client.get(address).status_code == 200


# The queue and the pace --------------------------------------------------------------------------------------------


def test_the_pace_is_measured_from_the_own_saves(cast: Cast, rating_cycle: Cycle) -> None:
    assert pace_of(cast.manager).seconds == DEFAULT_SECONDS
    sheet = sheet_of(rating_cycle, cast.agent)
    start = timezone.now()
    Judgement.objects.bulk_create(
        Judgement(sheet=sheet, item=f"item{number}", level=Decimal(3), updated_by=cast.manager)
        for number in range(25)
    )
    for number, each in enumerate(Judgement.objects.order_by("pk")):
        # 12 s apart, and one long pause that is no scoring
        moment = start + datetime.timedelta(seconds=12 * number + (3600 if number > 12 else 0))
        Judgement.objects.filter(pk=each.pk).update(updated_at=moment)
    pace = pace_of(cast.manager)
    assert (pace.seconds, pace.is_measured) == (12, True)
    assert pace.minutes(10) == 2


def test_the_queue_is_one_list_with_everything_that_waits(
    cast: Cast, rating_cycle: Cycle, client: Client
) -> None:
    # The manager is appraised, too: by another cycle's terms there is something else to do.
    Participant.objects.filter(employee=cast.peer).update(employee=cast.manager)
    client.force_login(cast.manager)
    page = client.get(reverse("reviews:queue")).content.decode()
    assert "Service conduct" in page
    assert "Read what October review appraises you by" in page
    assert "40 seconds a score" in page


@pytest.mark.parametrize("name", ["queue", "grid", "completion"])
def test_pages_of_the_manager_ask_as_often_at_any_size(
    cast: Cast,
    rating_cycle: Cycle,
    client: Client,
    query_count: Callable[[Callable[[], Any]], int],
    name: str,
) -> None:
    who, address = {
        "queue": (cast.manager, reverse("reviews:queue")),
        "grid": (cast.manager, reverse("reviews:grid", args=[rating_cycle.code, "conduct"])),
        "completion": (cast.hr, reverse("reviews:completion", args=[rating_cycle.code])),
    }[name]
    client.force_login(who)
    client.get(address)
    few = query_count(lambda: client.get(address))
    people = [UserFactory() for _number in range(60)]
    Membership.objects.bulk_create(
        Membership(user=each, team=cast.blue, job=cast.job_agent, valid=days()) for each in people
    )
    template = Participant.objects.get(employee=cast.agent)
    parts = Participant.objects.bulk_create(
        Participant(
            cycle=rating_cycle, employee=each, team=cast.blue, job=cast.job_agent, rater=cast.manager,
            days_in_role=31, days_in_period=31, terms_version=template.terms_version,
        )
        for each in people
    )  # fmt: skip
    ScoreSheet.objects.bulk_create(
        ScoreSheet(participant=each, component="conduct", rater=cast.manager) for each in parts
    )
    # Session, person, roles and the frame are among them. The queue asks every part of the product what is owed there.
    assert query_count(lambda: client.get(address)) == few <= 15
    assert sheets_owed(cast.manager)[0].sheets > 60


# The note to oneself ----------------------------------------------------------------------------------------------


def test_the_note_counts_and_keeps_nothing(cast: Cast, rating_cycle: Cycle, client: Client) -> None:
    component = rating_cycle.configuration["components"][1]
    for person in (cast.agent, cast.peer, cast.leaver):
        judge(rating_cycle, person, (4, 4), submit=False)
    found = habits_of(cast.manager, rating_cycle, component)
    assert dict(found.counts)["4"] == 6
    assert found.favourite == ("4", 6)
    assert found.same_in_all == 1
    assert found.has_halo
    client.force_login(cast.manager)
    page = client.get(reverse("reviews:habits", args=[rating_cycle.code, "conduct"])).content.decode()
    assert "6 of 6 scores are a 4" in page
    for stranger in (cast.hr, cast.other_manager):
        if stranger == cast.other_manager:
            own = habits_of(stranger, rating_cycle, component)
            assert own.scored == 0
        else:
            with pytest.raises(Http404):
                habits_of(stranger, rating_cycle, component)
    assert len(grid_of(cast.manager, rating_cycle, "conduct")) == 3
