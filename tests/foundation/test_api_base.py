"""What every endpoint has in common: problems, parameters, paging, keys, language, the description."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from foundation.clients.api import ANYONE, LaurelAPIView
from foundation.clients.models import IdempotencyKey
from foundation.runs.models import OutboxMessage
from tests.cast import Cast
from tests.foundation.test_runs_concurrency import PATIENCE, Worker

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.foundation.toy_api")]

NOTES = "/api/v1/toys/notes/"
TROUBLE = "/api/v1/toys/trouble/"
Program = Callable[..., APIClient]


def problem_of(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    body = json.loads(answer.content)
    assert body["status"] == status
    assert body["title"]
    return body


def make_notes(count: int) -> list[OutboxMessage]:
    return OutboxMessage.objects.bulk_create(
        OutboxMessage(topic=f"note {number:03d}", attempts=number % 3) for number in range(count)
    )


# Declarations ------------------------------------------------------------------------------------------


def test_a_view_that_forgets_who_may_call_it_does_not_load() -> None:
    with pytest.raises(TypeError, match="does not say who may POST"):

        class Forgetful(LaurelAPIView):
            scopes = {"GET": ()}
            roles = {"GET": ANYONE}

            def get(self, request: Any) -> None: ...

            def post(self, request: Any) -> None: ...


# Problems ----------------------------------------------------------------------------------------------


def test_a_refusal_carries_code_field_and_the_sentence_in_the_language_asked_for(
    cast: Cast, as_program: Program
) -> None:
    program = as_program(cast.hr)
    body = problem_of(program.get(TROUBLE, {"kind": "refusal"}), 409)
    assert (body["code"], body["field"]) == ("run_active", "kind")
    assert body["detail"].startswith("This is being computed")
    program.credentials(**program._credentials | {"HTTP_ACCEPT_LANGUAGE": "zh-CN,zh;q=0.9,en;q=0.8"})
    chinese = problem_of(program.get(TROUBLE, {"kind": "refusal"}), 409)["detail"]
    assert "正在计算" in chinese


def test_without_a_wish_the_answer_is_in_the_persons_own_language(cast: Cast, as_program: Program) -> None:
    program = as_program(cast.hr)
    program.credentials(HTTP_AUTHORIZATION=program._credentials["HTTP_AUTHORIZATION"])
    cast.hr.locale = "en"
    cast.hr.save()
    english = problem_of(program.get(TROUBLE, {"kind": "refusal"}), 409)["detail"]
    cast.hr.locale = "zh-hans"
    cast.hr.save()
    assert problem_of(program.get(TROUBLE, {"kind": "refusal"}), 409)["detail"] != english


CAUGHT = {"data": (400, "input_invalid"), "value": (400, "input_invalid"), "integrity": (409, "conflict")}


@pytest.mark.parametrize("kind", CAUGHT)
def test_what_input_makes_the_database_say_is_no_500(cast: Cast, as_program: Program, kind: str) -> None:
    status, code = CAUGHT[kind]
    assert problem_of(as_program(cast.hr).get(TROUBLE, {"kind": kind}), status)["code"] == code


def test_an_error_of_our_own_is_not_hidden(cast: Cast, as_program: Program) -> None:
    with pytest.raises(RuntimeError):
        as_program(cast.hr).get(TROUBLE)


MALFORMED: dict[str, tuple[bytes | str, str, int]] = {
    "half an object": (b'{"topic": ', "application/json", 400),
    "no JSON at all": (b"hello", "application/json", 400),
    "NaN": (b'{"topic": NaN}', "application/json", 400),
    "a list": (b"[1, 2]", "application/json", 400),
    "null": (b"null", "application/json", 400),
    "text of another encoding": ('{"topic": "中"}'.encode("gb18030"), "application/json", 400),
    "a number of 5,000 digits": (b'{"topic": ' + b"9" * 5_000 + b"}", "application/json", 400),
    "deep nesting": (b'{"topic": ' + b"[" * 5_000 + b"]" * 5_000 + b"}", "application/json", 400),
    "NUL": (b'{"topic": "a\\u0000b"}', "application/json", 400),
    "a lone surrogate": (b'{"topic": "a\\ud800b"}', "application/json", 400),
    "another media type": (b"<topic/>", "application/xml", 415),
    "a broken multipart body": (b"--x\r\nnonsense", "multipart/form-data; boundary=x", 400),
    "multipart without boundary": (b"hello", "multipart/form-data", 400),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_a_malformed_body_is_a_problem_and_changes_nothing(
    cast: Cast, as_program: Program, case: str
) -> None:
    body, media, status = MALFORMED[case]
    answer = as_program(cast.hr).generic("POST", NOTES, body, content_type=media)
    problem_of(answer, status)
    assert not OutboxMessage.objects.exists()


def test_every_wrong_field_is_pointed_at(cast: Cast, as_program: Program) -> None:
    answer = as_program(cast.hr).post(
        NOTES, {"parts": [{"amount": "1.00"}, {"amount": "NaN"}]}, format="json"
    )
    body = problem_of(answer, 400)
    assert body["code"] == "validation"
    assert [(error["pointer"], error["code"]) for error in body["errors"]] == [
        ("#/topic", "required"),
        ("#/parts/1/amount", "invalid"),
    ]


def test_methods_and_addresses_that_do_not_exist(cast: Cast, as_program: Program) -> None:
    program = as_program(cast.hr)
    assert problem_of(program.delete(NOTES), 405)["code"] == "method_not_allowed"
    problem_of(program.get("/api/v1/nowhere/"), 404)
    assert problem_of(program.get(f"{NOTES}12345/"), 404)["code"] == "not_found"
    problem_of(program.get(f"{NOTES}{'9' * 30}/"), 404)
    problem_of(program.get(NOTES, HTTP_ACCEPT="application/xml"), 406)


def test_a_role_that_is_not_named_is_refused(cast: Cast, as_program: Program) -> None:
    note = make_notes(1)[0]
    assert problem_of(as_program(cast.agent).get(f"{NOTES}{note.pk}/"), 403)["code"] == "role_missing"
    assert as_program(cast.auditor).get(f"{NOTES}{note.pk}/").status_code == 200


# Parameters --------------------------------------------------------------------------------------------

BAD_QUERIES = {
    "an unknown filter": ("user__password=x", "parameter_unknown"),
    "a misspelt filter": ("topics=x", "parameter_unknown"),
    "an unknown ordering": ("ordering=user__password", "ordering_unknown"),
    "a letter for a number": ("attempts=x", "parameter_invalid"),
    "a number too large": ("attempts=99999999999", "parameter_invalid"),
    "digits without end": (f"attempts={'9' * 5_000}", "parameter_invalid"),
    "a day that does not exist": ("day=2025-02-30", "parameter_invalid"),
    "a moment beyond the calendar": ("since=0001-01-01", "parameter_invalid"),
    "no moment": ("since=yesterday", "parameter_invalid"),
    "neither yes nor no": ("waiting=perhaps", "parameter_invalid"),
    "a choice that is none": ("colour=blue", "parameter_invalid"),
    "twice the same": ("topic=a&topic=b", "parameter_repeated"),
    "an empty value": ("topic=", "parameter_invalid"),
    "no rows": ("limit=0", "parameter_range"),
    "too many rows": ("limit=201", "parameter_range"),
    "full-width digits": ("limit=１０", "parameter_range"),
    "a made-up cursor": ("cursor=abc", "bad_cursor"),
    "a very long cursor": (f"cursor={'a' * 5_000}", "bad_cursor"),
}


@pytest.mark.parametrize("case", BAD_QUERIES)
def test_a_bad_query_names_its_parameter(cast: Cast, as_program: Program, case: str) -> None:
    query, code = BAD_QUERIES[case]
    make_notes(3)
    body = problem_of(as_program(cast.hr).get(f"{NOTES}?{query}"), 400)
    assert body["code"] == code
    assert body["field"] == query.split("=")[0]


@pytest.mark.parametrize("query", ["topic=a%00b", "topic=%ED%A0%80", "topic=%FF", "a%00b=1"])
def test_characters_that_cannot_be_stored_are_refused_in_the_query(
    cast: Cast, as_program: Program, query: str
) -> None:
    answer = as_program(cast.hr).get(f"{NOTES}?{query}")
    problem_of(answer, 400)


def test_filters_filter(cast: Cast, as_program: Program) -> None:
    make_notes(6)
    program = as_program(cast.hr)

    def topics(**query: Any) -> list[str]:
        return [row["topic"][-1] for row in program.get(NOTES, query).json()["results"]]

    assert topics(topic="note 004") == ["4"]
    assert topics(attempts=2) == ["2", "5"]
    assert topics(waiting="true", ordering="-attempts") == ["5", "2", "4", "1", "3", "0"]
    assert topics(waiting="false") == []
    assert topics(since="2999-01-01") == []


# Paging ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ordering", ["", "attempts", "-attempts", "relayed", "-relayed"])
def test_pages_follow_one_another_without_gap_or_repetition_and_back_again(
    cast: Cast, as_program: Program, ordering: str
) -> None:
    notes = make_notes(11)
    OutboxMessage.objects.filter(pk__in=[note.pk for note in notes[::2]]).update(
        relayed_at="2025-10-01T00:00:00Z"
    )
    program = as_program(cast.hr)
    everything = [
        row["id"] for row in program.get(NOTES, {"ordering": ordering} if ordering else {}).json()["results"]
    ]
    assert len(everything) == 11

    forwards, address, last = [], f"{NOTES}?limit=3" + (f"&ordering={ordering}" if ordering else ""), ""
    while address:
        page = program.get(address).json()
        forwards += [row["id"] for row in page["results"]]
        last, address = address, page["next"]
    assert forwards == everything

    backwards, address = [], program.get(last).json()["previous"]
    while address:
        page = program.get(address).json()
        backwards = [row["id"] for row in page["results"]] + backwards
        address = page["previous"]
    assert backwards == everything[:9]


def test_a_cursor_belongs_to_its_ordering(cast: Cast, as_program: Program) -> None:
    make_notes(5)
    program = as_program(cast.hr)
    address = program.get(NOTES, {"limit": 2}).json()["next"]
    assert problem_of(program.get(f"{address}&ordering=attempts"), 400)["code"] == "bad_cursor"


def test_rows_that_arrive_meanwhile_do_not_move_the_page(cast: Cast, as_program: Program) -> None:
    notes = make_notes(4)
    program = as_program(cast.hr)
    address = program.get(NOTES, {"limit": 2}).json()["next"]
    notes[0].delete()
    make_notes(1)
    assert [row["id"] for row in program.get(address).json()["results"]] == [notes[2].pk, notes[3].pk]


def test_the_number_of_queries_does_not_depend_on_the_number_of_rows(cast: Cast, as_program: Program) -> None:
    program, counts = as_program(cast.hr), []
    program.get(NOTES)
    for more in (10, 190):
        make_notes(more)
        with CaptureQueriesContext(connection) as queries:
            program.get(NOTES, {"limit": 200})
        counts.append(len(queries))
    assert counts[0] == counts[1]


# Keys --------------------------------------------------------------------------------------------------


def test_the_same_key_gives_the_same_answer_and_one_effect(cast: Cast, as_program: Program) -> None:
    program = as_program(cast.hr)
    first = program.post(NOTES, {"topic": "a"}, format="json", HTTP_IDEMPOTENCY_KEY="k1")
    second = program.post(NOTES, {"topic": "a"}, format="json", HTTP_IDEMPOTENCY_KEY="k1")
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert second["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first
    assert OutboxMessage.objects.count() == 1


def test_the_same_key_with_another_body_is_refused(cast: Cast, as_program: Program) -> None:
    program = as_program(cast.hr)
    program.post(NOTES, {"topic": "a"}, format="json", HTTP_IDEMPOTENCY_KEY="k1")
    answer = program.post(NOTES, {"topic": "b"}, format="json", HTTP_IDEMPOTENCY_KEY="k1")
    assert problem_of(answer, 422)["code"] == "idempotency_key_reused"
    assert OutboxMessage.objects.count() == 1


def test_a_refused_request_leaves_nothing_and_its_key_free(cast: Cast, as_program: Program) -> None:
    program = as_program(cast.hr)
    problem_of(program.post(NOTES, {"topic": "refuse"}, format="json", HTTP_IDEMPOTENCY_KEY="k1"), 409)
    assert not OutboxMessage.objects.exists()
    assert not IdempotencyKey.objects.exists()
    assert program.post(NOTES, {"topic": "a"}, format="json", HTTP_IDEMPOTENCY_KEY="k1").status_code == 201


def test_keys_belong_to_a_person(cast: Cast, as_program: Program) -> None:
    from tests.factories import RoleGrantFactory

    RoleGrantFactory(user=cast.agent, role="hr")
    for person, topic in ((cast.hr, "a"), (cast.agent, "b")):
        answer = as_program(person).post(NOTES, {"topic": topic}, format="json", HTTP_IDEMPOTENCY_KEY="k1")
        assert answer.json()["topic"] == topic


@pytest.mark.parametrize("key", ["", "x" * 121, "schlüssel"])
def test_a_key_that_is_none(cast: Cast, as_program: Program, key: str) -> None:
    answer = as_program(cast.hr).post(NOTES, {"topic": "a"}, format="json", HTTP_IDEMPOTENCY_KEY=key)
    assert problem_of(answer, 400)["code"] == "idempotency_key_invalid"
    assert not OutboxMessage.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_while_the_first_is_at_work_the_second_is_told_so(
    cast: Cast, as_program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_work, go_on = threading.Event(), threading.Event()
    create = OutboxMessage.objects.create

    def slow(**fields: Any) -> OutboxMessage:
        at_work.set()
        assert go_on.wait(PATIENCE)
        return create(**fields)

    monkeypatch.setattr(OutboxMessage.objects, "create", slow)
    program, other = as_program(cast.hr), as_program(cast.hr)
    first = Worker(lambda: program.post(NOTES, {"topic": "a"}, format="json", HTTP_IDEMPOTENCY_KEY="k1"))
    assert at_work.wait(PATIENCE)
    second = other.post(NOTES, {"topic": "a"}, format="json", HTTP_IDEMPOTENCY_KEY="k1")
    go_on.set()
    assert first.result().status_code == 201
    assert problem_of(second, 409)["code"] == "idempotency_in_progress"
    assert OutboxMessage.objects.count() == 1


# Answers -----------------------------------------------------------------------------------------------


def test_an_unchanged_answer_is_not_sent_again(cast: Cast, as_program: Program) -> None:
    note = make_notes(1)[0]
    program = as_program(cast.hr)
    first = program.get(f"{NOTES}{note.pk}/")
    again = program.get(f"{NOTES}{note.pk}/", HTTP_IF_NONE_MATCH=first["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    OutboxMessage.objects.filter(pk=note.pk).update(topic="other")
    assert program.get(f"{NOTES}{note.pk}/", HTTP_IF_NONE_MATCH=first["ETag"]).status_code == 200


# The description ---------------------------------------------------------------------------------------


def test_the_description_is_made_without_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    from drf_spectacular.drainage import GENERATOR_STATS
    from drf_spectacular.generators import SchemaGenerator

    GENERATOR_STATS.reset()
    with GENERATOR_STATS.silence():
        schema = SchemaGenerator(urlconf="tests.foundation.toy_api").get_schema(request=None, public=True)
    ours = [
        line
        for stats in (GENERATOR_STATS._warn_cache, GENERATOR_STATS._error_cache)
        for line in stats
        if "foundation" in line or "toy" in line
    ]
    assert ours == []
    assert schema["openapi"].startswith("3.1")
    notes = schema["paths"]["/api/v1/toys/notes/"]
    assert "Idempotency-Key" in [parameter["name"] for parameter in notes["post"]["parameters"]]
    assert {"cursor", "limit", "ordering", "topic"} <= {
        parameter["name"] for parameter in notes["get"]["parameters"]
    }
    assert "application/problem+json" in notes["get"]["responses"]["4XX"]["content"]
    assert schema["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    assert notes["post"]["x-scopes"] == ["metrics:write"]


def test_the_reference_names_every_operation(cast: Cast, as_person: Callable[..., Any]) -> None:
    answer = as_person(cast.agent).get("/api/")
    assert answer.status_code == 200
    text = answer.content.decode()
    for address in (
        "/api/v1/runs/",
        "/api/v1/imports/{import_id}/apply/",
        "/api/v1/trail/",
        "/api/v1/tokens/",
    ):
        assert address in text
    assert "trail:read" in text
