"""A manager orders the own people: saved, submitted and given back as a whole; what is wrong is refused in words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.http import Http404
from django.test import Client
from django.urls import reverse

from foundation.refusals import Refusal
from reviews.models import ComponentScore, Cycle, Judgement, ScoreSheet
from reviews.selectors.orderings import ordering_of
from reviews.selectors.sheets import sheets_owed
from reviews.services.cycles import edit_configuration, launch_cycle
from reviews.services.judgements import reopen_sheet, submit_sheets
from reviews.services.orderings import StaleOrdering, save_ordering, submit_ordering
from reviews.services.phases import advance_phase
from tests.cast import Cast
from tests.reviews.conftest import configuration, kpi_component, score
from tests.reviews.test_ranking import assert_explains_itself, explained, places, ranking

pytestmark = pytest.mark.django_db


@pytest.fixture
def cycle(cast: Cast, draft: Cycle) -> Cycle:
    """agent, peer and leaver are the manager's; outsider and mover the other one's."""
    by_hand = ranking(30, source="ordering", kpis=[], cohort="rater", minimum_cohort=2)
    document = configuration(components=[kpi_component(70), by_hand])
    draft = edit_configuration(actor=cast.hr, cycle=draft, configuration=document, version=draft.version)
    return launch_cycle(actor=cast.hr, cycle=draft)


def version(cast: Cast, cycle: Cycle) -> int:
    return ordering_of(cast.manager, cycle, "place").version


def save(cast: Cast, cycle: Cycle, *groups: list[int], seen: int | None = None) -> Any:
    return save_ordering(
        actor=cast.manager,
        cycle=cycle,
        component="place",
        groups=list(groups),
        version=version(cast, cycle) if seen is None else seen,
    )


def stored() -> list[Any]:
    return list(Judgement.objects.order_by("pk").values("sheet", "item", "level", "version"))


def test_an_order_with_a_shared_place_becomes_points(cast: Cast, cycle: Cycle) -> None:
    save(cast, cycle, [cast.peer.pk], [cast.agent.pk, cast.leaver.pk])
    submit_ordering(actor=cast.manager, cycle=cycle, component="place")
    score(cast.hr, cycle)
    found = places(cast, cycle)
    assert (found["peer"], found["agent"], found["leaver"]) == (83.333333, 33.333333, 33.333333)
    assert found["outsider"] is None  # the other manager has not submitted
    standing = explained(cycle, cast.agent)["components"][1]["standing"]
    assert (standing["rank"], standing["size"], standing["rank_low"]) == (2, 3, None)
    assert standing["word"] == "about"
    assert_explains_itself(cycle)
    assert ComponentScore.objects.filter(run=cycle.published_run, component="place").count() == 6


def test_what_is_wrong_is_refused_and_nothing_is_stored(cast: Cast, cycle: Cycle) -> None:
    own = [cast.agent.pk, cast.peer.pk, cast.leaver.pk]
    wrong: dict[str, list[Any]] = {
        "ordering_stranger": [own, [cast.outsider.pk]],
        "ordering_twice": [own, [cast.agent.pk]],
        "ordering_missing": [own[:2]],
        "ordering_malformed": [["banana"], own],
    }
    before = stored()
    for code, groups in wrong.items():
        with pytest.raises(Refusal) as refused:
            save(cast, cycle, *groups)
        assert (refused.value.code, refused.value.status) == (code, 422)
        assert stored() == before
    with pytest.raises(Http404):
        save_ordering(actor=cast.agent, cycle=cycle, component="place", groups=[own], version=0)
    with pytest.raises(Http404):
        save_ordering(actor=cast.hr, cycle=cycle, component="place", groups=[own], version=0)
    assert stored() == before == []


def test_a_stale_order_says_what_stands_there(cast: Cast, cycle: Cycle) -> None:
    seen = version(cast, cycle)
    save(cast, cycle, [cast.agent.pk], [cast.peer.pk], [cast.leaver.pk])
    kept = stored()
    with pytest.raises(StaleOrdering) as stale:
        save(cast, cycle, [cast.leaver.pk], [cast.peer.pk], [cast.agent.pk], seen=seen)
    assert stale.value.current.groups == [[cast.agent.pk], [cast.peer.pk], [cast.leaver.pk]]
    assert stored() == kept
    # The same once more is the answer that got lost on the way.
    save(cast, cycle, [cast.agent.pk], [cast.peer.pk], [cast.leaver.pk], seen=seen)
    assert stored() == kept


def test_a_closed_order_stays(cast: Cast, cycle: Cycle) -> None:
    with pytest.raises(Refusal, match="3"):
        submit_ordering(actor=cast.manager, cycle=cycle, component="place")  # nobody has a place yet
    save(cast, cycle, [cast.agent.pk], [cast.peer.pk], [cast.leaver.pk])
    submit_ordering(actor=cast.manager, cycle=cycle, component="place")
    submit_ordering(actor=cast.manager, cycle=cycle, component="place")
    kept = stored()
    with pytest.raises(Refusal) as refused:
        save(cast, cycle, [cast.leaver.pk], [cast.peer.pk], [cast.agent.pk])
    assert (refused.value.code, stored()) == ("sheet_submitted", kept)


def test_one_form_of_an_order_is_not_submitted_alone(cast: Cast, cycle: Cycle) -> None:
    sheet = ordering_of(cast.manager, cycle, "place").sheets[0]
    with pytest.raises(Refusal) as refused:
        submit_sheets(actor=cast.manager, sheet_ids=[sheet.pk])
    assert refused.value.code == "ordering_as_a_whole"


def test_hr_gives_the_whole_order_back(cast: Cast, cycle: Cycle) -> None:
    save(cast, cycle, [cast.agent.pk], [cast.peer.pk], [cast.leaver.pk])
    submit_ordering(actor=cast.manager, cycle=cycle, component="place")
    sheet = ordering_of(cast.manager, cycle, "place").sheets[0]
    reopen_sheet(actor=cast.hr, sheet_id=sheet.pk, reason="Two were mixed up")
    assert not ScoreSheet.objects.filter(rater=cast.manager, state="submitted").exists()
    assert ordering_of(cast.manager, cycle, "place").is_open


def test_an_order_is_one_thing_in_the_queue(cast: Cast, cycle: Cycle) -> None:
    [owed] = sheets_owed(cast.manager)
    assert (owed.sheets, owed.open, owed.cells_total, owed.is_order) == (1, 1, 3, True)
    save(cast, cycle, [cast.agent.pk], [cast.peer.pk], [cast.leaver.pk])
    submit_ordering(actor=cast.manager, cycle=cycle, component="place")
    [owed] = sheets_owed(cast.manager)
    assert (owed.open, owed.cells_done) == (0, 3)


def test_the_page_saves_by_itself_and_without_scripts(cast: Cast, cycle: Cycle) -> None:
    client = Client()
    client.force_login(cast.manager)
    assert (
        reverse("reviews:ordering", args=["oct", "place"])
        in client.get(reverse("reviews:queue")).content.decode()
    )
    grid = client.get(reverse("reviews:grid", args=["oct", "place"]))
    assert (grid.status_code, grid["Location"]) == (302, reverse("reviews:ordering", args=["oct", "place"]))
    address = reverse("reviews:ordering", args=["oct", "place"])
    page = client.get(address).content.decode()
    assert "王伟" in page
    assert "郑凯" not in page

    def put(value: Any, seen: int) -> Any:
        return client.put(
            address, json.dumps({"value": value, "version": seen}), content_type="application/json"
        )

    seen = version(cast, cycle)
    order = f"{cast.peer.pk},{cast.agent.pk}={cast.leaver.pk}"
    answer = put(order, seen)
    assert (answer.status_code, answer.json()["value"]) == (200, order)
    assert answer.json()["version"] == version(cast, cycle)
    stale = put(f"{cast.agent.pk},{cast.peer.pk},{cast.leaver.pk}", seen)
    assert (stale.status_code, stale.json()["value"]) == (409, order)
    for nonsense in ("banana", "", f"{cast.agent.pk}", f"{order},{cast.outsider.pk}"):
        assert put(nonsense, version(cast, cycle)).status_code == 422
    typed = {f"place-{cast.agent.pk}": "1", f"place-{cast.peer.pk}": "2", f"place-{cast.leaver.pk}": "2"}
    assert client.post(address, {**typed, "version": version(cast, cycle)}).status_code == 302
    assert ordering_of(cast.manager, cycle, "place").groups[0] == [cast.agent.pk]
    assert client.post(reverse("reviews:ordering_submit", args=["oct", "place"])).status_code == 302
    assert ordering_of(cast.manager, cycle, "place").is_submitted


def test_the_order_by_rest(cast: Cast, cycle: Cycle) -> None:
    client = Client()
    client.force_login(cast.manager)
    address = "/api/v1/cycles/oct/orderings/place/"
    body = client.get(address).json()
    assert (body["places"], len(body["unplaced"])) == ([], 3)
    places_ = [[cast.peer.pk], [cast.agent.pk], [cast.leaver.pk]]

    def put(places: Any, seen: Any) -> Any:
        sent = json.dumps({"places": places, "version": seen})
        return client.put(address, sent, content_type="application/json")

    assert put(places_, body["version"]).json()["places"] == places_
    stale = put(places_[::-1], body["version"])
    assert (stale.status_code, stale.json()["params"]["places"]) == (409, places_)
    assert put([[cast.outsider.pk]], body["version"] + 3).status_code == 422
    assert put("banana", -5).status_code in (400, 422)
    assert client.post(f"{address}submit/", headers={"idempotency-key": "a-1"}).json()["is_submitted"]
    stranger = Client()
    stranger.force_login(cast.other_manager)
    assert set(sum(stranger.get(address).json()["places"], stranger.get(address).json()["unplaced"])) == {
        cast.outsider.pk,
        cast.mover.pk,
    }


def test_an_order_is_read_in_two_queries(cast: Cast, cycle: Cycle, query_count: Any) -> None:
    assert cast.manager.is_manager  # roles are read once a person
    assert query_count(lambda: ordering_of(cast.manager, cycle, "place")) == 2


def test_an_order_after_the_rating_phase_is_refused(cast: Cast, cycle: Cycle) -> None:
    score(cast.hr, cycle)
    advance_phase(actor=cast.hr, cycle=cycle, to_phase="calibration", reason="It is time")
    with pytest.raises(Refusal) as refused:
        save(cast, cycle, [cast.agent.pk], [cast.peer.pk], [cast.leaver.pk])
    assert refused.value.code == "rating_not_open"
