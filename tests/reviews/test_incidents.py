"""The behavioural record: who notes and reads what, corrections, replies, and the score that it gives."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.http import Http404
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from foundation.refusals import Refusal
from people.models import User
from reviews.methods.document import as_draft
from reviews.methods.recompute import recompute
from reviews.models import Behaviour, Cycle, Incident, IncidentReceipt, IncidentStrength, Result
from reviews.selectors.explanations import explanation_of
from reviews.selectors.freshness import results_are_stale
from reviews.selectors.incidents import get_incident_for, incident_counts, unread_count, visible_incidents
from reviews.services.cycles import create_cycle, launch_cycle
from reviews.services.incidents import (
    confirm_incidents,
    correct_incident,
    note_incident,
    reply_to_incident,
    withdraw_incident,
)
from reviews.services.library import create_behaviour, retire_behaviour, revise_behaviour, save_strengths
from tests.cast import Cast
from tests.factories import RoleGrantFactory, UserFactory
from tests.reviews.conftest import configuration, score
from tests.reviews.test_pages import browser, text_of

pytestmark = pytest.mark.django_db

DAY = datetime.date(2025, 10, 8)
STRENGTHS = [
    {"code": code, "name_zh": "", "name_en": code.title(), "points": points}
    for code, points in (("slight", 2), ("clear", 5), ("grave", 10))
]


@contextmanager
def refused(code: str) -> Iterator[None]:
    with pytest.raises(Refusal) as caught:
        yield
    assert caught.value.code == code
    assert "Refused:" not in str(caught.value)


@pytest.fixture
def listens(cast: Cast) -> Behaviour:
    save_strengths(actor=cast.hr, strengths=STRENGTHS)
    return create_behaviour(actor=cast.hr, code="listens", name_en="Lets people finish", name_zh="听完")


def note(actor: User, employee: User, **changes: Any) -> Incident:
    return note_incident(
        **{
            "actor": actor,
            "employee_id": employee.pk,
            "behaviour": "listens",
            "strength": "clear",
            "is_good": False,
            "text": "Cut the customer off twice",
            "happened_on": DAY,
            **changes,
        }
    )


# Who notes -------------------------------------------------------------------------------------------------------


def test_those_who_led_the_person_on_that_day_note(cast: Cast, listens: Behaviour) -> None:
    for actor in (cast.manager, cast.site_manager, cast.director, cast.hr):
        assert note(actor, cast.agent).team == cast.blue
    inspector = UserFactory(login="iris", employee_number="E0098", name="Iris")
    RoleGrantFactory(user=inspector, role="inspector")
    note(inspector, cast.agent)
    with refused("incident_not_allowed"):
        note(cast.peer, cast.agent)
    with refused("incident_not_allowed"):
        note(cast.auditor, cast.agent)
    with pytest.raises(Http404):
        note(cast.other_manager, cast.agent)  # of another team: does not exist for them
    with pytest.raises(Http404):
        note(cast.hr, cast.auditor)  # an account, nobody on the roster
    with refused("incident_about_self"):
        note(cast.manager, cast.manager)
    assert Incident.objects.count() == 5


def test_after_a_transfer_both_managers_note_and_read_their_own_time(cast: Cast, listens: Behaviour) -> None:
    before, after = DAY, datetime.date(2025, 10, 20)
    early = note(cast.manager, cast.mover, happened_on=before)
    late = note(cast.other_manager, cast.mover, happened_on=after)
    assert (early.team, late.team) == (cast.blue, cast.green)
    with refused("incident_not_yours"):  # known today, but not led on that day
        note(cast.other_manager, cast.mover, happened_on=before)
    with pytest.raises(Http404):
        note(cast.manager, cast.mover, happened_on=after)
    assert list(visible_incidents(cast.manager)) == [early]
    assert list(visible_incidents(cast.other_manager)) == [late]
    assert set(visible_incidents(cast.site_manager)) == {early, late}


def test_who_reads(cast: Cast, listens: Behaviour) -> None:
    found = note(cast.manager, cast.agent)
    for reader in (cast.agent, cast.manager, cast.site_manager, cast.director, cast.hr, cast.auditor):
        assert get_incident_for(reader, found.pk) == found
    for stranger in (cast.peer, cast.other_manager, cast.outsider, cast.payroll, cast.leaver, cast.remote):
        with pytest.raises(Http404):
            get_incident_for(stranger, found.pk)
        assert not visible_incidents(stranger).exists()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"happened_on": datetime.date(2999, 1, 1)}, "incident_in_future"),
        ({"happened_on": datetime.date(2001, 1, 1)}, "incident_no_member"),
        ({"text": "  "}, "incident_text_required"),
        ({"text": "x" * 1001}, "cycle_text_too_long"),
        ({"text": 5}, "incident_text_required"),
        ({"strength": "banana"}, "strength_unknown"),
        ({"strength": "-5"}, "strength_unknown"),
        ({"behaviour": "banana"}, "behaviour_unknown"),
        ({"is_good": "banana"}, "cycle_value_malformed"),
        ({"reference": "x" * 121}, "cycle_text_too_long"),
    ],
)
def test_what_is_not_stored(cast: Cast, listens: Behaviour, change: dict[str, Any], code: str) -> None:
    with refused(code):
        note(cast.hr, cast.agent, **change)
    assert not Incident.objects.exists()


def test_a_day_after_the_last_one_is_refused(cast: Cast, listens: Behaviour) -> None:
    note(cast.hr, cast.leaver, happened_on=datetime.date(2025, 10, 15))
    with refused("incident_no_member"):
        note(cast.hr, cast.leaver, happened_on=datetime.date(2025, 10, 16))


def test_what_is_retired_is_not_noted_any_more(cast: Cast, listens: Behaviour) -> None:
    found = note(cast.manager, cast.agent)
    retire_behaviour(actor=cast.hr, behaviour=listens)
    save_strengths(actor=cast.hr, strengths=STRENGTHS[:1])
    with refused("behaviour_unknown"):
        note(cast.manager, cast.agent, strength="slight")
    # What was noted can still be corrected with the words that it had.
    again = correct_incident(actor=cast.manager, incident_id=found.pk, reason="A word", text="Cut off once")
    assert (again.strength.code, again.behaviour_version) == ("clear", found.behaviour_version)


def test_a_second_tap_notes_nothing_twice(cast: Cast, listens: Behaviour) -> None:
    key = uuid.uuid4()
    assert note(cast.manager, cast.agent, form_key=key) == note(cast.manager, cast.agent, form_key=key)
    assert Incident.objects.count() == 1


# Nothing is edited -------------------------------------------------------------------------------------------------


def test_a_correction_names_what_it_corrects(cast: Cast, listens: Behaviour) -> None:
    found = note(cast.manager, cast.agent)
    made = correct_incident(actor=cast.manager, incident_id=found.pk, reason="It was worse", strength="grave")
    assert (made.replaces, made.strength.code, made.text) == (found, "grave", found.text)
    old = get_incident_for(cast.agent, found.pk)
    assert (old.strength.code, old.withdrawal.reason) == ("clear", "It was worse")
    with refused("incident_withdrawn"):
        withdraw_incident(actor=cast.manager, incident_id=found.pk, reason="Again")
    with refused("incident_unchanged"):
        correct_incident(actor=cast.manager, incident_id=made.pk, reason="Nothing", strength="grave")
    with refused("cycle_reason_required"):
        correct_incident(actor=cast.manager, incident_id=made.pk, reason=" ", strength="slight")
    with refused("incident_not_yours_to_change"):
        withdraw_incident(actor=cast.site_manager, incident_id=made.pk, reason="I know better")
    withdraw_incident(actor=cast.hr, incident_id=made.pk, reason="Another person")
    assert Incident.objects.count() == 2


def test_the_database_keeps_the_record(cast: Cast, listens: Behaviour) -> None:
    found = note(cast.manager, cast.agent)
    reply = reply_to_incident(actor=cast.agent, incident_id=found.pk, text="It was the line")
    for change in (
        lambda: Incident.objects.update(text="Nothing"),
        lambda: found.delete(),
        lambda: reply.delete(),
        lambda: IncidentStrength.objects.all().delete(),
        lambda: listens.versions.all().update(name_en="x"),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    assert Incident.objects.get().text == "Cut the customer off twice"


def test_new_words_do_not_change_what_was_noted(cast: Cast, listens: Behaviour) -> None:
    found = note(cast.manager, cast.agent)
    revise_behaviour(actor=cast.hr, behaviour=listens, version=1, name_en="Listens to the end")
    assert get_incident_for(cast.agent, found.pk).behaviour_version.name_en == "Lets people finish"
    assert note(cast.manager, cast.agent).behaviour_version.name_en == "Listens to the end"


# The person ----------------------------------------------------------------------------------------------------------


def test_the_person_sees_it_at_once_and_replies(cast: Cast, listens: Behaviour) -> None:
    found = note(cast.manager, cast.agent)
    client = browser(cast.agent)
    page = text_of(client.get(reverse("reviews:record")))
    assert "Cut the customer off twice" in page
    assert "nav-count" in page  # the badge
    text_of(client.get(reverse("reviews:incident", args=[found.pk])))
    assert unread_count(cast.agent) == 1  # reading a page is no receipt
    answer = client.post(reverse("reviews:incident_reply", args=[found.pk]), {"text": "It was the line"})
    assert answer.status_code == 302
    assert unread_count(cast.agent) == 0
    assert "It was the line" in text_of(
        browser(cast.manager).get(reverse("reviews:incident", args=[found.pk]))
    )
    wrong = client.post(reverse("reviews:incident_reply", args=[found.pk]), {"text": " "})
    assert wrong.status_code == 422
    with refused("incident_reply_own"):
        reply_to_incident(actor=cast.manager, incident_id=found.pk, text="No")
    assert found.replies.count() == 1


def test_reading_is_said_once_and_only_of_the_own(cast: Cast, listens: Behaviour) -> None:
    note(cast.manager, cast.agent)
    other = note(cast.manager, cast.peer)
    assert confirm_incidents(actor=cast.agent) == 1
    assert confirm_incidents(actor=cast.agent) == 0
    assert confirm_incidents(actor=cast.agent, incident_ids=[other.pk]) == 0
    assert IncidentReceipt.objects.count() == 1


def test_a_get_changes_nothing(cast: Cast, listens: Behaviour) -> None:
    found = note(cast.manager, cast.agent)
    client = browser(cast.manager)
    query = {"employee": cast.agent.pk, "text": "x", "reason": "x"}
    for name, args in (
        ("incidents", []),
        ("incident_new", []),
        ("incident", [found.pk]),
        ("incident_correct", [found.pk]),
        ("incidents_of", [cast.agent.pk]),
    ):
        assert client.get(reverse(f"reviews:{name}", args=args), query).status_code == 200
    for name in ("incident_withdraw", "incident_reply"):
        assert client.get(reverse(f"reviews:{name}", args=[found.pk]), query).status_code == 405
    assert browser(cast.agent).get(reverse("reviews:record_read")).status_code == 405
    assert Incident.objects.count() == 1
    assert not found.replies.exists()
    assert not IncidentReceipt.objects.exists()


# Pages ------------------------------------------------------------


def post(client: Client, **changes: Any) -> Any:
    data = {
        "is_good": "good",
        "behaviour": "listens",
        "strength": "slight",
        "text": "Called back on a Sunday",
        "happened_on": timezone.localdate().isoformat(),
        "form_key": str(uuid.uuid4()),
        **changes,
    }
    return client.post(reverse("reviews:incident_new"), data)


def test_a_manager_notes_in_one_page(cast: Cast, listens: Behaviour) -> None:
    client = browser(cast.manager)
    page = text_of(client.get(reverse("reviews:incident_new")))
    assert f'<option value="{cast.agent.pk}">' in page
    assert f'value="{cast.outsider.pk}"' not in page
    assert post(client, employee=str(cast.agent.pk)).status_code == 302
    found = Incident.objects.get()
    assert (found.employee, found.is_good, found.strength.code) == (cast.agent, True, "slight")
    wrong = post(client, employee=str(cast.agent.pk), text="", happened_on="2999-01-01")
    assert wrong.status_code == 422
    assert "This day has not come yet." in wrong.content.decode()
    assert post(client, employee=str(cast.outsider.pk)).status_code == 422
    assert post(client, employee="banana").status_code == 422
    assert Incident.objects.count() == 1
    assert client.get(reverse("reviews:incident_new"), {"employee": cast.outsider.pk}).status_code == 404
    assert "王伟" in text_of(client.get(reverse("reviews:incident_new"), {"employee": cast.agent.pk}))


def test_the_list_and_its_filters(cast: Cast, listens: Behaviour) -> None:
    note(cast.manager, cast.agent)
    note(cast.manager, cast.peer, is_good=True, text="Stayed late for a customer")
    client = browser(cast.hr)

    def shown(**query: str) -> set[str]:
        page = text_of(client.get(reverse("reviews:incidents"), query))
        return {name for name, text in (("agent", "Cut the"), ("peer", "Stayed late")) if text in page}

    assert shown() == {"agent", "peer"}
    assert shown(kind="good") == {"peer"}
    assert shown(q="wangwei") == {"agent"}
    assert shown(q=cast.peer.employee_number or "") == {"peer"}
    assert shown(behaviour="other") == set()
    assert shown(since="2025-10-09") == set()
    assert shown(until="2025-10-09", since="2025-10-01") == {"agent", "peer"}
    assert shown(since="banana", kind="banana") == {"agent", "peer"}


def test_queries_do_not_grow(
    cast: Cast, listens: Behaviour, query_count: Callable[[Callable[[], Any]], int]
) -> None:
    clients = {"list": browser(cast.hr), "own": browser(cast.agent)}
    pages = {"list": reverse("reviews:incidents"), "own": reverse("reviews:record")}

    def counts() -> dict[str, int]:
        return {name: query_count(lambda name=name: clients[name].get(pages[name])) for name in pages}

    for _each in range(2):
        note(cast.manager, cast.agent)
    counts()
    few = counts()
    for _each in range(25):
        note(cast.manager, cast.agent)
    assert counts() == few


# The score ------------------------------------------------------------


def record(**changes: Any) -> dict[str, Any]:
    return {
        "code": "record",
        "method": "behaviour",
        "name": {"en": "Record"},
        "weight": 100,
        "start": 80,
        "day_cap": 10,
        **changes,
    }


def running(cast: Cast, component: dict[str, Any]) -> Cycle:
    cycle = create_cycle(
        actor=cast.hr,
        code="oct",
        name_en="October",
        name_zh="",
        first_day=cast.first_day,
        last_day=cast.last_day,
        configuration=configuration(components=[component]),
    )
    return launch_cycle(actor=cast.hr, cycle=cycle)


def scores(cast: Cast, cycle: Cycle) -> dict[str, float | None]:
    run = score(cast.hr, cycle)
    found = Result.objects.filter(run=run).select_related("employee")
    for result in found:
        told = explanation_of(result, cycle)
        again = recompute(told)
        assert again["score"] == result.score
        assert [line["points"] for line in again["components"]["record"]["lines"]] == [
            line["points"] for line in told["components"][0]["lines"]
        ]
        assert [line["rule"] for line in again["components"]["record"]["lines"]] == [
            line["rule"] for line in told["components"][0]["lines"]
        ]
    return {cast.name_of(result.employee_id): result.score for result in found}


def test_the_score_is_the_start_and_what_was_noted(cast: Cast, listens: Behaviour, measured: Any) -> None:
    cycle = running(cast, record())
    note(cast.manager, cast.agent)  # -5
    note(cast.manager, cast.agent, strength="grave")  # -10, of which the day leaves 5
    note(cast.manager, cast.agent, is_good=True, happened_on=datetime.date(2025, 10, 20))  # +5
    note(cast.manager, cast.peer, is_good=True, strength="grave")
    note(cast.manager, cast.peer, is_good=True, strength="grave", happened_on=datetime.date(2025, 10, 9))
    taken_back = note(cast.other_manager, cast.outsider, strength="grave")
    withdraw_incident(actor=cast.other_manager, incident_id=taken_back.pk, reason="Another person")
    note(cast.manager, cast.agent, happened_on=datetime.date(2025, 11, 3))  # after the period
    found = scores(cast, cycle)
    assert found["agent"] == 75
    assert found["peer"] == 100  # 80 + 10 + 10
    assert found["outsider"] == 80
    told = explanation_of(
        Result.objects.select_related("employee").get(run=cycle.published_run, employee=cast.agent), cycle
    )
    lines = told["components"][0]["lines"]
    assert [(line["rule"], line["points"]) for line in lines] == [
        ("start", 80),
        ("bad", -5),
        ("limited", -5),
        ("good", 5),
    ]
    assert lines[1]["incident"]["happened_on"] == "2025-10-08"
    assert lines[1]["incident"]["behaviour"] == "listens"
    page = text_of(browser(cast.hr).get(reverse("reviews:result", args=["oct", cast.agent.pk])))
    assert "80 − 5 − 5 + 5 = 75" in page
    assert "Clear: −5" in page
    assert "Grave: −10, limited to −5" in page


def test_results_grow_stale_by_an_incident_of_the_period(
    cast: Cast, listens: Behaviour, measured: Any
) -> None:
    cycle = running(cast, record())
    scores(cast, cycle)
    assert not results_are_stale(cycle)
    note(cast.manager, cast.agent, happened_on=datetime.date(2025, 11, 3))
    assert not results_are_stale(cycle)
    found = note(cast.manager, cast.agent)
    assert results_are_stale(cycle)
    scores(cast, cycle)
    withdraw_incident(actor=cast.manager, incident_id=found.pk, reason="A mistake")
    assert results_are_stale(cycle)


def test_fading_limits_and_behaviours(cast: Cast, listens: Behaviour, measured: Any) -> None:
    create_behaviour(actor=cast.hr, code="calls", name_en="Calls back")
    cycle = running(
        cast,
        record(
            half_life_days=23,
            behaviour_cap=4,
            day_cap=None,
            behaviours=["listens"],
            without_incident="missing",
            strengths=[{"code": "clear", "points": 5}],
        ),
    )
    note(cast.manager, cast.agent)  # 23 days before the end: -2.5
    note(cast.manager, cast.agent, happened_on=datetime.date(2025, 10, 31))  # -5, of which 1.5 is left
    note(cast.manager, cast.agent, behaviour="calls")  # not of this component
    note(cast.manager, cast.agent, strength="grave")  # a strength that the cycle does not know
    note(cast.manager, cast.peer, strength="grave")
    found = scores(cast, cycle)
    assert found["agent"] == 76
    assert found["peer"] is None  # nothing that counts
    assert found["outsider"] is None


def test_points_are_frozen_at_launch(cast: Cast, listens: Behaviour, measured: Any) -> None:
    cycle = running(cast, record())
    assert [each["points"] for each in cycle.configuration["components"][0]["strengths"]] == [2, 5, 10]
    doubled = [{**each, "points": each["points"] * 2} for each in STRENGTHS]
    save_strengths(actor=cast.hr, strengths=doubled)
    note(cast.manager, cast.agent)
    assert scores(cast, cycle)["agent"] == 75
    assert as_draft(cycle.configuration)["components"][0]["start"] == 80


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"start": 120}, "behaviour_start_outside"),
        ({"behaviours": ["banana"]}, "behaviour_unknown"),
        ({"strengths": [{"code": "banana", "points": 5}]}, "strength_unknown"),
        ({"strengths": [{"code": "clear", "points": 5}] * 2}, "cycle_code_twice"),
        ({"day_cap": -5}, "cycle_field_too_small"),
        ({"half_life_days": 0}, "cycle_field_too_small"),
        ({"start": "banana"}, "cycle_field_type"),
        ({"without_incident": "zero"}, "cycle_field_choice"),
    ],
)
def test_rules_that_cannot_be(
    cast: Cast, listens: Behaviour, measured: Any, change: dict[str, Any], code: str
) -> None:
    with pytest.raises(Refusal) as caught:
        running(cast, record(**change))
    assert code in [problem.code for problem in getattr(caught.value, "problems", [])]
    assert not Cycle.objects.exists()


def test_the_component_page(cast: Cast, listens: Behaviour, measured: Any) -> None:
    cycle = create_cycle(
        actor=cast.hr,
        code="oct",
        name_en="October",
        name_zh="",
        first_day=cast.first_day,
        last_day=cast.last_day,
        configuration=configuration(components=[record()]),
    )
    client = browser(cast.hr)
    address = reverse("reviews:component", args=["oct", "record"])
    assert "Lets people finish" in text_of(client.get(address))
    data = {
        "version": cycle.version,
        "start": "70",
        "floor": "0",
        "cap": "100",
        "without_incident": "missing",
        "behaviours": ["listens"],
        "strengths-TOTAL_FORMS": "3",
        "strengths-INITIAL_FORMS": "3",
    }
    for place, (code, points) in enumerate((("slight", "1"), ("clear", "5"), ("grave", "12"))):
        data |= {f"strengths-{place}-code": code, f"strengths-{place}-points": points}
    assert client.post(address, data | {"start": "banana"}).status_code == 422
    assert client.post(address, data).status_code == 302
    cycle.refresh_from_db()
    [saved] = cycle.configuration["components"]
    assert saved["start"] == 70
    assert saved["behaviours"] == ["listens"]
    assert saved["strengths"][2] == {"code": "grave", "points": 12}
    assert saved["day_cap"] is None


def test_counts_for_rules(cast: Cast, listens: Behaviour) -> None:
    for strength in ("grave", "grave", "clear"):
        note(cast.manager, cast.agent, strength=strength)
    note(cast.manager, cast.agent, is_good=True)
    gone = note(cast.manager, cast.peer, strength="grave")
    withdraw_incident(actor=cast.manager, incident_id=gone.pk, reason="Another person")
    people = [cast.agent.pk, cast.peer.pk]
    assert incident_counts(people, cast.first_day, cast.last_day) == {cast.agent.pk: 3}
    assert incident_counts(people, cast.first_day, cast.last_day, strengths=["grave"]) == {cast.agent.pk: 2}
    assert incident_counts(people, cast.first_day, cast.last_day, is_good=True) == {cast.agent.pk: 1}
    assert incident_counts(people, DAY + datetime.timedelta(days=1), cast.last_day) == {}


@pytest.mark.parametrize(
    ("strengths", "code"),
    [
        ([], "strengths_none"),
        ([{"code": "a", "name_en": "A", "points": -5}], "strength_points"),
        ([{"code": "a", "name_en": "A", "points": "banana"}], "strength_points"),
        ([{"code": "a", "points": 5}], "cycle_name_required"),
        ([{"code": "a b", "name_en": "A", "points": 5}], "cycle_code_malformed"),
        ([{"code": "a", "name_en": "A", "points": 5}] * 2, "cycle_code_twice"),
        (
            [{"code": "a", "name_en": "A", "points": 5}, {"code": "b", "name_en": "B", "points": 5}],
            "strengths_not_ascending",
        ),
    ],
)
def test_strengths_that_cannot_be(cast: Cast, strengths: list[dict[str, Any]], code: str) -> None:
    with refused(code):
        save_strengths(actor=cast.hr, strengths=strengths)
    assert not IncidentStrength.objects.exists()
