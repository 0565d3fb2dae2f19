"""The coaching log: noted on the day, read at once by the person, beside the scores for the manager."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

import pytest
from django.db import Error, connection, transaction
from django.http import Http404
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from foundation.delivery.models import Notice
from foundation.refusals import Refusal
from people.models import User
from reviews.models import CoachingNote, Cycle
from reviews.selectors.coaching import coaching_in, visible_coaching
from reviews.services.coaching import note_coaching, withdraw_coaching
from tests.cast import Cast
from tests.reviews.conftest import sheet_of

pytestmark = pytest.mark.django_db
DAY = datetime.date(2025, 10, 8)


def note(actor: User, about: User, **changes: Any) -> CoachingNote:
    return note_coaching(
        **{"actor": actor, "employee_id": about.pk, "text": "We listened", "happened_on": DAY} | changes
    )


def test_the_person_is_told_and_reads_it(cast: Cast) -> None:
    made = note(cast.manager, cast.agent)
    assert list(visible_coaching(cast.agent)) == [made]
    assert Notice.objects.get(recipient=cast.agent).topic == "coaching.noted"
    for blind in (cast.peer, cast.other_manager, cast.payroll):
        assert not visible_coaching(blind).exists()
    for reader in (cast.hr, cast.auditor, cast.manager, cast.site_manager):
        assert list(visible_coaching(reader)) == [made]


def test_after_a_transfer_each_manager_reads_those_of_the_own_time(cast: Cast) -> None:
    early = note(cast.manager, cast.mover)
    late = note(cast.other_manager, cast.mover, happened_on=datetime.date(2025, 10, 20))
    assert set(visible_coaching(cast.manager)) == {early}
    assert set(visible_coaching(cast.other_manager)) == {late}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        pytest.param({"text": "  "}, "coaching_text_required", id="nothing written"),
        pytest.param({"text": "x" * 4001}, "cycle_text_too_long", id="a whole book"),
        pytest.param({"kind": "gossip"}, "coaching_kind_unknown", id="no such kind"),
        pytest.param({"happened_on": datetime.date(2199, 1, 1)}, "incident_in_future", id="a day to come"),
        pytest.param(
            {"happened_on": datetime.date(2020, 1, 1)}, "incident_no_member", id="before the first day"
        ),
    ],
)
def test_what_cannot_be_noted(cast: Cast, changes: dict[str, Any], code: str) -> None:
    with pytest.raises(Refusal) as caught:
        note(cast.hr, cast.agent, **changes)
    assert caught.value.code == code
    assert not CoachingNote.objects.exists()


def test_who_may_not_note(cast: Cast) -> None:
    with pytest.raises(Http404):
        note(cast.manager, cast.outsider)
    for actor in (cast.agent, cast.auditor):
        with pytest.raises(Refusal):
            note(actor, cast.peer)
    with pytest.raises(Refusal) as caught:
        note(cast.manager, cast.manager)
    assert caught.value.code == "coaching_about_self"
    assert not CoachingNote.objects.exists()


def test_a_second_tap_notes_nothing_twice(cast: Cast) -> None:
    key = uuid.uuid4()
    assert note(cast.manager, cast.agent, form_key=key) == note(cast.manager, cast.agent, form_key=key)


def test_it_is_withdrawn_with_a_reason_and_never_edited(cast: Cast) -> None:
    made = note(cast.manager, cast.agent)
    with pytest.raises(Refusal):
        withdraw_coaching(actor=cast.agent, note_id=made.pk, reason="I do not like it")
    withdraw_coaching(actor=cast.manager, note_id=made.pk, reason="Another person")
    assert not coaching_in(cast.manager, cast.agent.pk, DAY, DAY).exists()
    assert visible_coaching(cast.agent).get().is_withdrawn
    with pytest.raises(Refusal) as caught:
        withdraw_coaching(actor=cast.hr, note_id=made.pk, reason="Once more")
    assert caught.value.code == "coaching_withdrawn"
    with pytest.raises(Error), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE reviews_coachingnote SET text = 'x'")


def test_it_stands_beside_the_scores_and_on_the_own_page_before_the_release(
    cast: Cast, rating_cycle: Cycle, client: Client
) -> None:
    note(cast.manager, cast.agent, text="Ask before you transfer")
    client.force_login(cast.manager)
    sheet = sheet_of(rating_cycle, cast.agent)
    assert (
        "Ask before you transfer"
        in client.get(reverse("reviews:evidence", args=[sheet.pk, "courtesy"])).content.decode()
    )
    client.force_login(cast.agent)
    for name in ("reviews:standing", "reviews:record"):
        assert "Ask before you transfer" in client.get(reverse(name)).content.decode()


def test_the_page_notes_one(cast: Cast, client: Client) -> None:
    client.force_login(cast.manager)
    sent = {
        "employee": cast.agent.pk,
        "kind": "observation",
        "text": "Sat beside",
        "happened_on": timezone.localdate(),
    }
    assert client.post(reverse("reviews:coaching_new"), sent).status_code == 302
    assert "Sat beside" in client.get(reverse("reviews:coaching")).content.decode()
    answer = client.post(reverse("reviews:coaching_new"), {**sent, "text": ""})
    assert answer.status_code == 422
