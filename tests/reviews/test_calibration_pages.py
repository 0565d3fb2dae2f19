"""Pages and API of calibration, bonus items and breaches."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from reviews.models import Cycle, RatingProposal, ResultAdjustment
from reviews.services.adjustments import move_rating
from tests.cast import Cast
from tests.factories import UserFactory
from tests.reviews.conftest import score
from tests.reviews.test_adjustments import advance_to_release, calibrating, ready  # noqa: F401

pytestmark = pytest.mark.django_db


def browser(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def text_of(response: Any) -> str:
    return response.content.decode()


def test_hr_moves_a_rating_and_undoes_it(cast: Cast, calibrating: Cycle) -> None:  # noqa: F811
    client = browser(cast.hr)
    page = text_of(client.get(reverse("reviews:calibration", args=["oct"])))
    address = reverse("reviews:move", args=["oct", cast.leaver.pk])
    assert f"{address}?to=A" in page
    assert "a red line caps at Poor" in page
    assert client.post(address, {"rating": "A", "reason": "", "seen": "0"}).status_code == 422
    assert not ResultAdjustment.objects.exists()
    told = text_of(client.post(address, {"rating": "A", "reason": "Compared", "seen": "0"}, follow=True))
    assert "takes effect with the next computation" in told
    assert "Compute again" in told
    stale = client.post(address, {"rating": "C", "reason": "Other", "seen": "0"})
    assert stale.status_code == 422
    assert "Someone else moved this rating meanwhile" in text_of(stale)
    score(cast.hr, calibrating)
    assert "computed as Good" in text_of(client.get(reverse("reviews:results", args=["oct"])))
    latest = ResultAdjustment.objects.get()
    client.post(address, {"rating": "", "reason": "Taken back", "seen": str(latest.pk)})
    assert "moves undone" in text_of(client.get(reverse("reviews:calibration", args=["oct"])))


def test_the_panel(cast: Cast, calibrating: Cycle) -> None:  # noqa: F811
    manager = browser(cast.manager)
    page = text_of(manager.get(reverse("reviews:calibration", args=["oct"])))
    assert cast.leaver.name in page
    assert cast.outsider.name not in page
    manager.post(
        reverse("reviews:move", args=["oct", cast.leaver.pk]),
        {"rating": "A", "reason": "Strong", "seen": "0"},
    )
    proposal = RatingProposal.objects.get()
    assert not ResultAdjustment.objects.exists()
    assert (
        manager.post(reverse("reviews:move", args=["oct", cast.outsider.pk]), {"rating": "A"}).status_code
        == 404
    )
    hr = browser(cast.hr)
    assert "Strong" in text_of(hr.get(reverse("reviews:calibration", args=["oct"])))
    address = reverse("reviews:proposal_decide", args=["oct", proposal.pk])
    assert manager.post(address, {"decision": "accept", "reason": "x"}).status_code == 403
    hr.post(address, {"decision": "accept", "reason": "Agreed"})
    assert ResultAdjustment.objects.get().rating == "A"


def test_entries_are_noted_and_taken_back(cast: Cast, calibrating: Cycle) -> None:  # noqa: F811
    client = browser(cast.hr)
    address = reverse("reviews:entries", args=["oct"])
    entry = {
        "employee_number": cast.peer.employee_number,
        "item": "praise",
        "points": "3",
        "reason": "Thanked",
        "evidence": "<script>letter</script>",
    }
    for wrong in (
        {"points": "9"},
        {"item": "moon"},
        {"evidence": ""},
        {"employee_number": "nobody"},
        {"points": ""},
    ):
        answer = client.post(address, {**entry, **wrong})
        assert answer.status_code == 422
    assert not ResultAdjustment.objects.exists()
    page = text_of(client.post(address, entry, follow=True))
    assert "Thanked" in page
    assert "<script>letter" not in page
    client.post(address, {**entry, "item": "breach:fraud", "points": ""})
    assert set(ResultAdjustment.objects.values_list("kind", "item")) == {
        ("points", "praise"),
        ("breach", "fraud"),
    }
    given = ResultAdjustment.objects.get(item="praise")
    client.post(reverse("reviews:entry_withdraw", args=["oct", given.pk]), {"reason": "Mistaken"})
    assert "Taken back: " in text_of(client.get(address))
    assert (
        client.post(reverse("reviews:entry_withdraw", args=["oct", 10**30]), {"reason": "x"}).status_code
        == 404
    )


def test_the_employee_reads_what_happened(cast: Cast, calibrating: Cycle) -> None:  # noqa: F811
    for person, shared in ((cast.agent, True), (cast.outsider, False)):
        move_rating(
            actor=cast.hr,
            cycle=calibrating,
            employee_id=person.pk,
            rating="B",
            reason="Compared",
            is_shared=shared,
        )
    advance_to_release(cast, calibrating)
    own = text_of(browser(cast.agent).get(reverse("reviews:standing")))
    assert "Rating moved from Excellent to Good by calibration: Compared" in own
    other = text_of(browser(cast.outsider).get(reverse("reviews:standing")))
    assert "Rating moved from Excellent to Good by calibration." in other
    assert "Compared" not in other
    slow = text_of(browser(cast.peer).get(reverse("reviews:standing")))
    assert "Capped at Poor because of a red line: Slow answers (30, above the limit of 25)." in slow


def test_by_rest(cast: Cast, calibrating: Cycle) -> None:  # noqa: F811
    client = browser(cast.hr)

    def post(path: str, body: dict[str, Any]) -> Any:
        return client.post(
            f"/api/v1/cycles/oct/{path}",
            body,
            content_type="application/json",
            headers={"Idempotency-Key": str(uuid.uuid4())},
        )

    move = post("moves/", {"employee": cast.leaver.pk, "rating": "A", "reason": "Compared", "seen": 0})
    assert (move.status_code, move.json()["rating"]) == (201, "A")
    assert (
        post("moves/", {"employee": cast.leaver.pk, "rating": "C", "reason": "x", "seen": 0}).status_code
        == 409
    )
    assert post("moves/", {"employee": cast.leaver.pk, "rating": "Z", "reason": "x"}).status_code == 422
    given = post(
        "bonus/",
        {"employee": cast.peer.pk, "item": "praise", "points": 2, "reason": "Thanked", "evidence": "Letter"},
    )
    assert given.status_code == 201
    assert (
        post(
            "bonus/", {"employee": cast.peer.pk, "item": "praise", "points": "NaN", "reason": "r"}
        ).status_code
        < 500
    )
    back = post(f"adjustments/{given.json()['id']}/withdraw/", {"reason": "Mistaken"})
    assert (back.status_code, back.json()["points"]) == (201, -2)
    assert post("breaches/", {"employee": cast.peer.pk, "red_line": "fraud", "reason": "r"}).status_code in (
        400,
        422,
    )
    listed = client.get("/api/v1/cycles/oct/adjustments/?kind=points").json()
    assert len(listed["results"]) == 2
    counts = client.get("/api/v1/cycles/oct/distribution/").json()
    assert counts["after"] == {"D": 1, "C": 0, "B": 0, "A": 4}
    manager = browser(cast.manager)
    assert {
        row["employee"]["id"] for row in manager.get("/api/v1/cycles/oct/adjustments/").json()["results"]
    } == {
        cast.leaver.pk,
        cast.peer.pk,
    }


def test_queries_do_not_grow_with_people(
    cast: Cast,
    calibrating: Cycle,  # noqa: F811
    query_count: Callable[[Callable[[], Any]], int],
) -> None:
    from reviews.models import Participant, Result

    client = browser(cast.hr)
    address = reverse("reviews:calibration", args=["oct"])
    move_rating(actor=cast.hr, cycle=calibrating, employee_id=cast.leaver.pk, rating="A", reason="x")
    client.get(address)
    few = query_count(lambda: client.get(address))
    for _each in range(30):
        person = UserFactory()
        Participant.objects.create(
            cycle=calibrating,
            employee=person,
            team=cast.blue,
            job=cast.job_agent,
            days_in_role=31,
            days_in_period=31,
        )
        Result.objects.create(
            run=calibrating.published_run,
            cycle=calibrating,
            employee=person,
            team_id=cast.blue.pk,
            score=80,
            rating="B",
            computed_rating="B",
        )
        move_rating(actor=cast.hr, cycle=calibrating, employee_id=person.pk, rating="A", reason="x")
    assert query_count(lambda: client.get(address)) <= few


def test_hr_sets_shares_with_a_preview(cast: Cast, draft: Cycle) -> None:
    client = browser(cast.hr)
    address = reverse("reviews:rating_rule", args=["oct"])
    typed = {"by": "distribution", "share-A": "20", "share-B": "50", "share-C": "20", "cohort": "cycle"}
    more = {
        "minimum_group": "5",
        "small_group": "merge",
        "ties": "never_split",
        "version": str(draft.version),
    }
    answer = client.post(address, {**typed, **more})
    assert answer.status_code == 422
    assert "The shares add up to 90 instead of 100; 10 to go." in text_of(answer)
    preview = reverse("reviews:rating_preview", args=["oct"])
    assert "10 to go" in text_of(client.post(preview, {**typed, **more}))
    assert client.post(address, {**typed, **more, "share-D": "10", "minimum_group": "1"}).status_code == 422
    assert client.post(address, {**typed, **more, "share-D": "10"}).status_code == 302
    draft.refresh_from_db()
    assert draft.configuration["rating"]["shares"] == {"A": 20, "B": 50, "C": 20, "D": 10}


def test_the_preview_counts_on_published_results(cast: Cast, scored_cycle: Cycle) -> None:
    typed = {"by": "distribution", "share-A": "20", "share-B": "50", "share-C": "20", "share-D": "10"}
    answer = text_of(
        browser(cast.hr).post(
            reverse("reviews:rating_preview", args=["oct"]), {**typed, "cohort": "team", "minimum_group": "3"}
        )
    )
    assert "5 people with a score" in answer
    assert "1 groups have shares of their own, 0 small ones are merged, 1 (2 people) are exempt." in answer
