"""The section cycle_templates of a configuration document, and the template that ships."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from foundation.documents import Problems, read_document, write_document
from metrics.services.catalogue import load_catalogue
from reviews.models import CycleTemplate
from reviews.services.configuration import dump_cycle_templates, load_cycle_templates
from tests.cast import Cast
from tests.reviews.conftest import configuration

pytestmark = pytest.mark.django_db

SHIPPED = Path("reviews/catalogue/templates.yaml")


def load(actor: Any, items: Any) -> list[tuple[str, str]]:
    problems = Problems()
    load_cycle_templates(items, actor=actor, problems=problems, path=("cycle_templates",))
    return [(problem.place, problem.code) for problem in problems]


@pytest.fixture
def shipped() -> list[dict[str, Any]]:
    items = read_document(SHIPPED.read_bytes())["cycle_templates"]
    assert items
    return items


@pytest.fixture
def catalogue(db: None) -> None:
    assert not list(load_catalogue(actor=None))


def test_the_shipped_template_is_complete(cast: Cast, catalogue: None, shipped: list[dict[str, Any]]) -> None:
    assert load(cast.hr, shipped) == []
    template = CycleTemplate.objects.get(code="monthly-agents")
    assert [component["weight"] for component in template.configuration["components"]] == [70, 30]


def test_dump_load_dump_is_identical(cast: Cast, catalogue: None, shipped: list[dict[str, Any]]) -> None:
    load(cast.hr, shipped)
    first = write_document({"cycle_templates": dump_cycle_templates()})
    before = CycleTemplate.objects.get().pk
    assert load(cast.hr, read_document(first)["cycle_templates"]) == []
    assert write_document({"cycle_templates": dump_cycle_templates()}) == first
    assert CycleTemplate.objects.get().pk == before


def test_numbers_as_keys_are_read_as_levels(cast: Cast, kpis: Any) -> None:
    """YAML reads {1: …} with a number as its key."""
    document = configuration()
    for item in document["components"][1]["items"]:
        item["descriptions"] = {int(key): text for key, text in item["descriptions"].items()}
    assert load(cast.hr, [{"code": "t", "name": {"en": "T"}, "configuration": document}]) == []


@pytest.mark.parametrize(
    ("change", "place", "code"),
    [
        pytest.param({"code": "a b"}, "cycle_templates[0].code", "cycle_code_malformed", id="bad code"),
        pytest.param({"name": None}, "cycle_templates[0].name", "document_missing", id="no name"),
        pytest.param({"colour": 1}, "cycle_templates[0].colour", "document_unknown_key", id="unknown key"),
        pytest.param(
            {"configuration": 3}, "cycle_templates[0].configuration", "document_type", id="no mapping"
        ),
    ],
)
def test_a_bad_template_says_where(cast: Cast, kpis: Any, change: Any, place: str, code: str) -> None:
    item = {"code": "t", "name": {"en": "T"}, "configuration": configuration()} | change
    assert (place, code) in load(cast.hr, [item])
    assert not CycleTemplate.objects.exists()


def test_weights_and_kpis_are_told_with_their_path(cast: Cast, kpis: Any) -> None:
    document = deepcopy(configuration())
    document["components"][0]["kpis"][0]["kpi"] = "nps"
    document["components"][0]["weight"] = 60
    found = load(cast.hr, [{"code": "t", "name": {"en": "T"}, "configuration": document}])
    assert found == [
        ("cycle_templates[0].configuration.components[0].kpis[0].kpi", "cycle_kpi_unknown"),
        ("cycle_templates[0].configuration.components", "cycle_weights_not_100"),
    ]


def test_one_code_twice(cast: Cast, kpis: Any) -> None:
    item = {"code": "t", "name": {"en": "T"}, "configuration": configuration()}
    assert load(cast.hr, [item, item]) == [("cycle_templates[1].code", "document_twice")]
