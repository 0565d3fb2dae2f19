"""Measures, KPIs and sources as documents: every error with its path, loading twice changes nothing."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from foundation.documents import Problems, read_document, write_document
from metrics import formulas
from metrics.models import KPI, KPIVersion, Measure, Source
from metrics.services.catalogue import CATALOGUE, load_catalogue
from metrics.services.configuration import (
    dump_kpis,
    dump_measures,
    dump_sources,
    load_kpis,
    load_measures,
    load_sources,
)
from metrics.services.kpis import freeze_kpi_versions
from scoring import kpi as scoring_kpi
from tests.metrics import calls as call_log

pytestmark = pytest.mark.django_db


def dump() -> dict[str, Any]:
    return {"measures": dump_measures(), "kpis": dump_kpis(), "sources": dump_sources()}


def load(document: dict[str, Any]) -> Problems:
    problems = Problems()
    load_measures(document.get("measures"), actor=None, problems=problems, path=("measures",))
    load_kpis(document.get("kpis"), actor=None, problems=problems, path=("kpis",))
    load_sources(document.get("sources"), actor=None, problems=problems, path=("sources",))
    return problems


def test_the_catalogue_has_the_ten_indicators(catalogue: None) -> None:
    codes = set(KPI.objects.values_list("code", flat=True))
    assert codes >= {
        "satisfaction", "loyalty", "complaint_rate", "response_time", "resolution_rate", "cost_per_service",
        "efficiency", "service_quality", "innovation", "sales",
        "courtesy", "initiative", "service_awareness", "professional_skill",
    }  # fmt: skip
    for kpi in KPI.objects.prefetch_related("versions"):
        version = kpi.versions.get()
        assert kpi.name_zh, kpi.code
        assert kpi.name_en, kpi.code
        assert version.target is not None, kpi.code
        if kpi.is_qualitative:
            continue
        assert version.bands, kpi.code
        formula = scoring_kpi.parse(version.formula)
        if formulas.denominators(formula):
            assert version.denominator_zh, kpi.code
            assert version.denominator_en, kpi.code


def test_dump_load_dump_is_identical(telephone: Source, reports: Source) -> None:
    first = write_document(dump())
    assert not load(read_document(first))
    assert write_document(dump()) == first
    Source.objects.all().delete()
    KPIVersion.objects.all().delete()
    KPI.objects.all().delete()
    Measure.objects.all().delete()
    assert not list(load(read_document(first)))
    assert write_document(dump()) == first


def test_several_versions_load_into_an_empty_database_in_any_order(catalogue: None) -> None:
    kpi = next(item for item in dump_kpis() if item["code"] == "sales")
    for year, target in ((2026, 28_000), (2027, 30_000)):
        kpi["versions"].append(
            {**kpi["versions"][0], "valid_from": datetime.date(year, 1, 1), "target": target}
        )
    assert not load({"kpis": [kpi]})
    dumped = next(item for item in dump_kpis() if item["code"] == "sales")
    assert [version["target"] for version in dumped["versions"]] == [20_000, 28_000, 30_000]
    for versions in (dumped["versions"], dumped["versions"][::-1]):
        KPIVersion.objects.all().delete()
        KPI.objects.all().delete()
        assert not list(load({"kpis": [{**dumped, "versions": versions}]}))
        assert [item for item in dump_kpis() if item["code"] == "sales"] == [dumped]


def test_loading_twice_changes_nothing(catalogue: None) -> None:
    before = list(KPIVersion.objects.order_by("pk").values())
    document = read_document(CATALOGUE.read_bytes())
    assert not load(document)
    assert list(KPIVersion.objects.order_by("pk").values()) == before
    assert not load_catalogue(actor=None)
    assert list(KPIVersion.objects.order_by("pk").values()) == before


def test_a_changed_target_makes_a_version_or_corrects_one(catalogue: None) -> None:
    kpi = next(item for item in dump_kpis() if item["code"] == "sales")
    kpi["versions"][0]["target"] = 25_000
    assert not load({"kpis": [kpi]})
    assert KPI.objects.get(code="sales").versions.get().target == 25_000
    kpi["versions"].append({**kpi["versions"][0], "valid_from": datetime.date(2026, 1, 1), "target": 28_000})
    assert not load({"kpis": [kpi]})
    assert KPI.objects.get(code="sales").versions.count() == 2


def test_a_frozen_version_is_not_rewritten(catalogue: None) -> None:
    version = KPIVersion.objects.get(kpi__code="sales")
    freeze_kpi_versions([version.pk])
    kpi = next(item for item in dump_kpis() if item["code"] == "sales")
    kpi["versions"][0]["target"] = 1
    (problem,) = load({"kpis": [kpi]})
    assert (problem.place, problem.code) == ("kpis[0].versions[0].valid_from", "kpi_version_frozen")
    assert KPIVersion.objects.get(pk=version.pk).target == 20_000


VERSION: dict[str, Any] = {
    "valid_from": datetime.date(2025, 1, 1),
    "formula": "sum(answered)",
    "unit": "count",
    "direction": "higher",
}
KPI_ITEM: dict[str, Any] = {
    "code": "volume",
    "name": {"en": "Volume"},
    "dimension": "efficiency",
    "perspective": "process",
    "versions": [VERSION],
}
PROBLEMS = [
    pytest.param({"kpis": {"volume": 1}}, "kpis", "document_list", id="no list"),
    pytest.param({"kpis": ["volume"]}, "kpis[0]", "document_mapping", id="no mapping"),
    pytest.param(
        {"kpis": [{**KPI_ITEM, "colour": "red"}]}, "kpis[0].colour", "document_unknown_key", id="unknown key"
    ),
    pytest.param(
        {"kpis": [{**KPI_ITEM, "dimension": "luck"}]}, "kpis[0].dimension", "document_choice", id="choice"
    ),
    pytest.param({"kpis": [{**KPI_ITEM, "name": {}}]}, "kpis[0].name", "document_missing", id="no name"),
    pytest.param({"kpis": [KPI_ITEM, KPI_ITEM]}, "kpis[1].code", "document_twice", id="a code twice"),
    pytest.param(
        {"kpis": [{**KPI_ITEM, "versions": [{**VERSION, "valid_from": "soon"}]}]},
        "kpis[0].versions[0].valid_from",
        "document_type",
        id="no day",
    ),
    pytest.param(
        {"kpis": [{**KPI_ITEM, "versions": [{**VERSION, "formula": "sum(answered"}]}]},
        "kpis[0].versions[0].formula",
        "formula_end",
        id="a formula that ends early",
    ),
    pytest.param(
        {"kpis": [{**KPI_ITEM, "versions": [{**VERSION, "bands": [[1, 2], ["x", 3]]}]}]},
        "kpis[0].versions[0].bands",
        "kpi_bands",
        id="bands",
    ),
    pytest.param(
        {"measures": [{"code": "sum", "name": {"en": "x"}}]}, "measures[0].code", "measure_code", id="measure"
    ),
    pytest.param(
        {"sources": [{"code": "x", "name": {"en": "x"}, "kind": "records", "mapping": {"columns": 5}}]},
        "sources[0].mapping",
        "mapping_place",
        id="a mapping that is none",
    ),
    pytest.param(
        {"sources": [{"code": "x", "name": {"en": "x"}, "kind": "records", "time_zone": "Mars"}]},
        "sources[0].time_zone",
        "source_time_zone",
        id="no such zone",
    ),
]


@pytest.mark.parametrize(("document", "place", "code"), PROBLEMS)
def test_problems_have_their_path(catalogue: None, document: dict[str, Any], place: str, code: str) -> None:
    found = [(problem.place, problem.code) for problem in load(document)]
    assert (place, code) in found
    assert all("%(" not in problem.text for problem in load(document))


def test_a_mapping_may_be_written_by_hand(catalogue: None) -> None:
    text = """
    sources:
      - code: phone
        name: {en: Phone}
        kind: records
        mapping:
          columns: {employee: Agent, date: Date}
          measures:
            answered: {column: Answered (Y/N), type: boolean, map: "Y=1, N=0"}
    """
    assert not list(load(read_document(text)))
    assert Source.objects.get().mapping["measures"]["answered"]["map"] == {"Y": 1, "N": 0}
    assert call_log.MAPPING["measures"]["answered"]["map"] == {"Y": 1, "N": 0}
