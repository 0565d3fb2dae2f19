"""Who changed what, from what to what, and why."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.db.models import ForeignKey, IntegerField
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from psycopg2.extras import DateRange
from rest_framework.test import APIClient

from foundation.keyset import BadCursor
from foundation.refusals import Refusal
from foundation.trail.selectors import Entry, _rows_of, event_models, visible_events
from foundation.trail.services import recording
from foundation.trail.wording import json_changes, value_text
from people.models import Compensation, RoleGrant, Team
from tests.cast import Cast
from tests.factories import TeamFactory, days

pytestmark = pytest.mark.django_db


def newest(cast: Cast, **filters: Any) -> Entry:
    return visible_events(cast.auditor, **filters).items[0]


def test_a_change_says_who_why_and_what_was_before(cast: Cast) -> None:
    with recording(actor=cast.hr, reason="the team moved", run="42"):
        cast.blue.name_en = "Deep blue"
        cast.blue.save()
    entry = newest(cast, model="people.team")
    assert (entry.actor_id, entry.actor_name, entry.reason) == (cast.hr.pk, cast.hr.name, "the team moved")
    assert entry.action == "update"
    assert entry.object_id == str(cast.blue.pk)
    assert entry.details == {"run": "42"}
    assert [(change.field, change.before, change.after) for change in entry.changes] == [
        ("name_en", "Blue team", "Deep blue")
    ]


def test_two_reasons_in_one_request_stay_apart(cast: Cast) -> None:
    """Inside an outer context, as in every request: each recording is a context of its own."""
    with recording(actor=cast.hr):
        for team, reason in ((cast.blue, "first"), (cast.green, "second")):
            with recording(actor=cast.hr, reason=reason):
                team.is_active = False
                team.save()
        cast.company.name_en = "Company Ltd"
        cast.company.save()
    entries = {
        entry.object_id: entry for entry in visible_events(cast.auditor, model="people.team").items[:3]
    }
    assert [entries[str(team.pk)].reason for team in (cast.blue, cast.green, cast.company)] == [
        "first",
        "second",
        "",
    ]
    assert {entry.actor_id for entry in entries.values()} == {cast.hr.pk}


def test_values_in_words(cast: Cast) -> None:
    with recording(actor=None):
        Team.objects.filter(pk=cast.blue.pk).update(parent=cast.chengdu, is_active=False)
    changes = {
        change.field: (change.before, change.after) for change in newest(cast, model="people.team").changes
    }
    assert changes == {"parent": (str(cast.shanghai), str(cast.chengdu)), "is_active": ("yes", "no")}
    assert newest(cast, model="people.team").actor_name == "the system"

    RoleGrant.objects.create(user=cast.agent, role="payroll", granted_by=cast.hr)
    grant = {change.field: change.after for change in newest(cast, model="people.rolegrant").changes}
    assert grant["role"] == "payroll approver"
    assert (grant["user"], grant["granted_by"]) == (cast.agent.name, cast.hr.name)

    salary = Compensation.objects.filter(user=cast.agent).get()
    salary.valid = days("2024-01-01", "2025-11-01")
    salary.save()
    change = newest(cast, model="people.compensation").changes[0]
    assert (change.before, change.after) == ("2024-01-01 – …", "2024-01-01 – 2025-10-31")


def test_deleting_is_recorded_with_what_was_there(cast: Cast) -> None:
    grant = RoleGrant.objects.get(user=cast.payroll)
    grant_id = grant.pk
    with recording(actor=cast.hr):
        grant.delete()
    entry = newest(cast, model="people.rolegrant")
    assert (entry.action, entry.object_id) == ("delete", str(grant_id))
    assert {change.field: change.before for change in entry.changes}["role"] == "payroll approver"


@pytest.mark.parametrize("who", ["agent", "manager", "payroll", "outsider"])
def test_only_hr_and_auditors_read_it(cast: Cast, as_person: Callable[..., Client], who: str) -> None:
    person = getattr(cast, who)
    with pytest.raises(PermissionDenied):
        visible_events(person)
    assert as_person(person).get("/trail/").status_code == 403


def test_pages_hold_every_event_once_and_in_order(cast: Cast) -> None:
    """Events of one transaction have one moment, so order and cursor have more than the moment to go by."""
    for number in range(4):
        TeamFactory(code=f"more-{number}")
    everything = visible_events(cast.auditor, limit=500)
    assert everything.next == ""
    keys = [(entry.model, entry.event_id) for entry in everything.items]
    assert len(keys) > 60
    assert len(set(keys)) == len(keys)

    pages, cursor = [], None
    while True:
        page = visible_events(cast.auditor, cursor=cursor, limit=7)
        pages += [(entry.model, entry.event_id) for entry in page.items]
        cursor = page.next
        if not cursor:
            break
    assert pages == keys


def test_filters(cast: Cast) -> None:
    with recording(actor=cast.hr):
        cast.blue.name_en = "B"
        cast.blue.save()
    by_hr = visible_events(cast.auditor, actor=cast.hr.pk).items
    assert [entry.object_id for entry in by_hr] == [str(cast.blue.pk)]
    assert (
        visible_events(cast.auditor, model="people.team", object_id=str(cast.green.pk)).items[0].action
        == "update"
    )
    assert visible_events(cast.auditor, since=timezone.now() + timedelta(days=1)).items == []
    assert visible_events(cast.auditor, until=timezone.now() - timedelta(days=1)).items == []
    assert visible_events(cast.auditor, model="auth.permission").items == []
    assert visible_events(cast.auditor, model="people.team", object_id="no number").items == []


@pytest.mark.parametrize("cursor", ["abc", "a" * 3_000])
def test_a_made_up_cursor_is_refused(cast: Cast, as_person: Callable[..., Client], cursor: str) -> None:
    with pytest.raises(BadCursor) as refused:
        visible_events(cast.auditor, cursor=cursor)
    assert isinstance(refused.value, Refusal)
    assert as_person(cast.auditor).get("/trail/", {"cursor": cursor}).status_code == 400


SAMPLES: dict[str, Any] = {
    "BigIntegerField": 2**62 + 1,
    "BooleanField": True,
    "DateField": date(2025, 10, 31),
    "DateRangeField": DateRange(date(2025, 1, 1), None, "[)"),
    "DateTimeField": datetime(2025, 10, 31, 16, 30, 1, 123456, tzinfo=UTC),
    "DecimalField": Decimal("1.50"),
    "FloatField": 0.1 + 0.2,
    "JSONField": {"share": 0.30000000000000004, "name": '中 "x"\\ {', "list": [1, None, "0.10"]},
    "UUIDField": uuid.UUID("12345678-1234-5678-1234-567812345678"),
}


def _sample(each: Any) -> Any:
    if isinstance(each, ForeignKey):
        return _sample(each.target_field)
    if isinstance(each, ArrayField):
        return [_sample(each.base_field)] * 2
    kind = each.get_internal_type()
    if kind in SAMPLES:
        return SAMPLES[kind]
    return 7 if isinstance(each, IntegerField) else "a, 'b'"[: each.max_length]


@pytest.mark.parametrize("label", sorted(event_models()))
def test_a_row_comes_back_as_the_orm_reads_it(label: str) -> None:
    table = event_models()[label]
    given = {"pgh_id", "pgh_label", "pgh_context"}
    free = [each for each in table._meta.concrete_fields if each.name not in given]
    full = table.objects.create(pgh_label="update", **{each.attname: _sample(each) for each in free})
    bare = table.objects.create(
        pgh_label="insert", **{each.attname: None if each.null else _sample(each) for each in free}
    )
    found, _before = _rows_of([(label, full.pgh_id), (label, bare.pgh_id)])
    names = [each.attname for each in table._meta.concrete_fields]
    for (_label, row), pk in zip(found, (full.pgh_id, bare.pgh_id), strict=True):
        expected = table.objects.get(pgh_id=pk)
        assert [getattr(row, name) for name in names] == [getattr(expected, name) for name in names]
        assert [type(getattr(row, name)) for name in names] == [
            type(getattr(expected, name)) for name in names
        ]


def test_the_number_of_queries_does_not_depend_on_the_number_of_events(cast: Cast) -> None:
    for number in range(202):
        cast.blue.parent = cast.chengdu if number % 2 else cast.shanghai
        cast.blue.save()
    assert cast.auditor.has_role("auditor")  # asked once per person
    counts = []
    for limit in (10, 200):
        with CaptureQueriesContext(connection) as queries:
            assert len(visible_events(cast.auditor, limit=limit, model="people.team").items) == limit
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_request_records_its_person_and_address(cast: Cast, as_person: Callable[..., Client]) -> None:
    as_person(cast.agent).post("/tokens/", {"name": "mine", "scopes": ["metrics:read"], "days": "30"})
    entry = newest(cast, model="clients.token")
    assert (entry.actor_id, entry.url, entry.method) == (cast.agent.pk, "/tokens/", "POST")
    assert "digest" not in {change.field for change in entry.changes}


def test_a_programs_request_records_the_person_behind_the_token(
    cast: Cast, as_program: Callable[..., APIClient]
) -> None:
    program = as_program(cast.hr)
    token = program.get("/api/v1/tokens/").json()["results"][0]["id"]
    program.post(f"/api/v1/tokens/{token}/revoke/")
    entry = newest(cast, model="clients.token")
    assert (entry.actor_id, entry.action, entry.details["token"]) == (cast.hr.pk, "update", token)
    assert entry.url.startswith("/api/v1/tokens/")


def test_the_page_tells_the_difference_in_words(cast: Cast, as_person: Callable[..., Client]) -> None:
    with recording(actor=cast.hr, reason="<script>alert(1)</script>"):
        cast.blue.name_en = "Deep blue"
        cast.blue.save()
    browser = as_person(cast.auditor)
    text = browser.get(
        "/trail/", {"model": "people.team"}, headers={"Accept-Language": "en"}
    ).content.decode()
    assert "Deep blue" in text
    assert cast.hr.name in text
    assert "<script>alert" not in text
    assert browser.get("/trail/", {"actor": "hr"}).status_code == 200
    assert "Deep blue" not in browser.get("/trail/", {"actor": "nobody-of-that-name"}).content.decode()


@pytest.mark.parametrize(
    "query",
    [
        "model=auth.user",
        "since=2025-02-30",
        "since=2025-10-02&until=2025-10-01",
        "until=9999-12-31",
        "actor=%F0%9F%99%82",
    ],
)
def test_odd_filters_are_answered_in_words(cast: Cast, as_person: Callable[..., Client], query: str) -> None:
    assert as_person(cast.auditor).get(f"/trail/?{query}").status_code == 200


def test_the_trail_in_the_api(cast: Cast, as_program: Callable[..., APIClient]) -> None:
    program = as_program(cast.auditor)
    page = program.get("/api/v1/trail/", {"limit": 5, "model": "people.membership"}).json()
    assert len(page["results"]) == 5
    assert page["results"][0]["changes"]
    assert program.get(page["next"]).status_code == 200
    for query, code in (
        ("model=x.y", "parameter_invalid"),
        ("actor=a", "parameter_invalid"),
        ("who=1", "parameter_unknown"),
    ):
        answer = program.get(f"/api/v1/trail/?{query}")
        assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert as_program(cast.agent).get("/api/v1/trail/").status_code == 403


def test_every_followed_model_is_found() -> None:
    assert {"people.user", "people.membership", "people.rolegrant", "clients.token"} <= set(event_models())


def test_differences_of_documents() -> None:
    before = {"weight": 70, "bands": [{"from": 0}, {"from": 60}], "gone": 1}
    after = {"weight": 60, "bands": [{"from": 0}, {"from": 65}, {"from": 90}], "new": 2}
    assert list(json_changes(before, after)) == [
        ("/weight", 70, 60),
        ("/bands/1/from", 60, 65),
        ("/bands/2", None, {"from": 90}),
        ("/gone", 1, None),
        ("/new", None, 2),
    ]
    assert value_text(None, ["a", "b"]) == "a, b"


def test_the_applications_role_cannot_change_the_trail(application_role: Any) -> None:
    import psycopg2

    with application_role.cursor() as cursor:
        for statement in (
            "UPDATE people_userevent SET name = 'x'",
            "DELETE FROM people_userevent",
            "TRUNCATE people_userevent",
        ):
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                cursor.execute(statement)


def as_recorded(connection: Any, *statements: tuple[str, dict[str, Any]], context: str) -> None:
    """One transaction of the application's role; each change with the metadata that pghistory sets before it."""
    with connection.cursor() as cursor:
        cursor.execute("BEGIN")
        for sql, metadata in statements:
            cursor.execute(
                "SELECT set_config('pghistory.context_id', %s, true),"
                " set_config('pghistory.context_metadata', %s, true)",
                [context, json.dumps(metadata)],
            )
            cursor.execute(sql)
        cursor.execute("COMMIT")


def contexts(label: str) -> list[tuple[str, dict[str, Any]]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT context.id::text, context.metadata::text FROM people_teamevent AS event"
            " JOIN pghistory_context AS context ON context.id = event.pgh_context_id"
            " WHERE event.code = %s ORDER BY event.pgh_id",
            [label],
        )
        return [(key, json.loads(metadata)) for key, metadata in cursor.fetchall()]


def test_who_and_why_of_an_earlier_transaction_cannot_be_changed(application_role: Any) -> None:
    """The application's role writes contexts through pghistory's function, and has no other way to them."""
    import psycopg2

    key = str(uuid.uuid4())
    rename = "UPDATE people_team SET name_en = name_en || '!' WHERE code = 'final'"
    make = "INSERT INTO people_team (code, name_zh, name_en, is_active, path) VALUES ('final', '', 'A', true, 'final')"
    as_recorded(application_role, (make, {"user": 1}), (rename, {"user": 1, "reason": "typo"}), context=key)
    told = {"user": 1, "reason": "typo"}
    assert contexts("final") == [(key, told), (key, told)], "one transaction has one context, and all of it"

    as_recorded(application_role, (rename, {"user": 2}), (rename, {"user": 2}), context=key)
    found = contexts("final")
    assert found[:2] == [(key, told), (key, told)], "somebody else's name stands under what was done before"
    assert [metadata for _key, metadata in found[2:]] == [{"user": 2}, {"user": 2}]
    assert found[2][0] == found[3][0] != key

    with application_role.cursor() as cursor:
        for statement in (
            "UPDATE pghistory_context SET metadata = '{}'",
            "UPDATE pghistory_context SET created_at = now()",
            "DELETE FROM pghistory_context",
            "TRUNCATE pghistory_context CASCADE",
            "CREATE OR REPLACE FUNCTION _pgh_attach_context() RETURNS uuid AS 'SELECT NULL::uuid' LANGUAGE sql",
        ):
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                cursor.execute(statement)
    assert contexts("final") == found


def test_names_that_django_derives_from_the_code_can_be_translated() -> None:
    """A verbose_name of one's own is in the catalogue anyway; the others are listed so that they get into it."""
    from django.utils.functional import Promise

    from foundation.trail import words
    from foundation.trail.selectors import _tracked_fields

    derived = {
        str(thing.verbose_name)
        for table in event_models().values()
        for thing in (table.pgh_tracked_model._meta, *_tracked_fields(table))
        if not isinstance(thing.verbose_name, Promise)
    }
    assert derived
    assert derived - {*words.MODELS, *words.FIELDS} == set()
