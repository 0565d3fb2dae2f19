"""What the API answers is what its description says: whoever asks, and whatever is sent that the description allows or
forbids. No 5xx, no undeclared status or type, no body of another shape."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.core import signals
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode, openapi
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.access.table import Route
from tests.access.test_table import ROUTES
from tests.access.world import World, bearer

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
ROLES = ("second_hr", "manager", "agent")
HOW_MANY = {GenerationMode.POSITIVE: 3, GenerationMode.NEGATIVE: 2}


@pytest.fixture(autouse=True)
def _one_connection() -> Iterator[None]:
    """As Django's own test client: a request does not close the connection that the test's transaction is on."""
    signals.request_started.disconnect(close_old_connections)
    signals.request_finished.disconnect(close_old_connections)
    yield
    signals.request_started.connect(close_old_connections)
    signals.request_finished.connect(close_old_connections)


def whole_schema() -> Any:
    found = openapi.from_dict(SchemaGenerator().get_schema(request=None, public=True))
    found.app = get_wsgi_application()
    return found


SCHEMA = whole_schema()
OPERATIONS = {
    f"{each.ok().method.upper()} {each.ok().path}": each.ok() for each in SCHEMA.get_all_operations()
}


def bare(path: str) -> str:
    """/api/v1/employees/{}/, from either way of writing it."""
    return "/" + re.sub(r"<[^>]+>|\{[^}]+\}", "{}", path).lstrip("/")


SUBJECTS: dict[str, Route] = {bare(route.pattern): route for route in ROUTES if route.is_api}


def existing(world: World, path: str, place: int) -> dict[str, Any]:
    """Parameters of the path that name something, where the path has any."""
    names = re.findall(r"\{([^}]+)\}", path)
    if not names:
        return {}
    route = SUBJECTS[bare(path)]
    kwargs = [values for label, values in route.subjects(world).items() if not label.startswith("missing")]
    chosen = kwargs[place % len(kwargs)]
    order = re.findall(r"<(?:\w+:)?(\w+)>", route.pattern)
    return {name: str(chosen[own]) for name, own in zip(names, order, strict=True)}


def test_the_description_is_made_without_a_warning() -> None:
    text = io.StringIO()
    call_command("spectacular", fail_on_warn=True, validate=True, stdout=text)
    assert "openapi: 3.1" in text.getvalue()


def test_every_address_of_the_api_is_described() -> None:
    described = {bare(each.path) for each in OPERATIONS.values()}
    assert described == set(SUBJECTS) - {"/api/v1/schema/"}


@pytest.mark.parametrize("mode", HOW_MANY, ids=lambda mode: mode.name.lower())
@pytest.mark.parametrize("name", OPERATIONS)
def test_answers_are_as_described(world: World, name: str, mode: GenerationMode) -> None:
    operation = OPERATIONS[name]
    strategy = operation.as_strategy(generation_mode=mode)
    if mode is GenerationMode.NEGATIVE and not (
        operation.body or operation.query or operation.path_parameters
    ):
        return  # nothing in it that could be wrong

    @seed(20251031)
    @settings(
        max_examples=HOW_MANY[mode],
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategy, place=st.integers(min_value=0, max_value=11))
    def answers(case: Case, place: int) -> None:
        if mode is GenerationMode.POSITIVE and place < 10:  # sometimes what is missing, too
            case.path_parameters = {**(case.path_parameters or {}), **existing(world, operation.path, place)}
        for role in ROLES:
            with transaction.atomic():
                response = case.call(headers=dict(bearer(world, role)))
                case.validate_response(response, checks=CHECKS)
                transaction.set_rollback(True)

    answers()
