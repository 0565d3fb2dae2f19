"""Results of a cycle as lines of JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from people.models import User
from reviews.models import Cycle, Result
from reviews.selectors.bulk_results import result_lines
from tests.cast import Cast


def lines(cycle: Cycle, **how: Any) -> list[dict[str, Any]]:
    text = b"".join(result_lines(cycle, show_rank=True, **how)).decode()
    return [json.loads(line) for line in text.splitlines()]


def test_every_result_once_by_employee(scored_cycle: Cycle) -> None:
    results = list(Result.objects.filter(run=scored_cycle.published_run_id).order_by("employee_id"))
    found = lines(scored_cycle)
    assert [each["employee"]["id"] for each in found] == [result.employee_id for result in results]
    for each, result in zip(found, results, strict=True):
        for name in ("score", "standard_error", "rating", "state", "rank", "percentile", "cohort_size"):
            assert each[name] == getattr(result, name), name


@pytest.mark.parametrize("chunk", [1, 2, 1000])
def test_chunks_change_nothing(scored_cycle: Cycle, chunk: int) -> None:
    assert lines(scored_cycle, chunk=chunk) == lines(scored_cycle)


def test_a_chunk_is_one_query(scored_cycle: Cycle) -> None:
    count = Result.objects.filter(run=scored_cycle.published_run_id).count()
    for chunk in (2, 4, 1000):
        with CaptureQueriesContext(connection) as captured:
            found = list(result_lines(scored_cycle, show_rank=True, chunk=chunk))
        assert len(found) == -(-count // chunk)
        assert len(captured) == count // chunk + 1  # a short chunk is the last one


def test_names_with_marks_and_backslashes_survive(cast: Cast, scored_cycle: Cycle) -> None:
    name = 'A\\B "C" \\n 王'
    User.objects.filter(pk=cast.agent.pk).update(name=name)
    found = {each["employee"]["id"]: each["employee"]["name"] for each in lines(scored_cycle)}
    assert found[cast.agent.pk] == name


def test_nothing_before_publishing(rating_cycle: Cycle) -> None:
    assert lines(rating_cycle) == []


def test_the_address_streams_to_hr_and_auditors_only(cast: Cast, scored_cycle: Cycle, client: Client) -> None:
    for user, status in ((cast.hr, 200), (cast.auditor, 200), (cast.manager, 403), (cast.agent, 403)):
        client.force_login(user, backend="people.authentication.LoginBackend")
        response = client.get(f"/api/v1/cycles/{scored_cycle.code}/results.ndjson")
        assert response.status_code == status
        if status == 200:
            assert response["Content-Type"] == "application/x-ndjson"
            body = b"".join(response.streaming_content)  # type: ignore[attr-defined]
            assert len(body.splitlines()) == len(lines(scored_cycle))
