"""Measures, KPIs and sources as sections of a configuration document.

    measures: [{code, name: {zh, en}, unit, minimum, maximum, description: {zh, en}}]
    kpis: [{code, name, dimension, perspective, qualitative, active, versions: [{valid_from, formula, unit, direction,
            target, stretch, bands: [[from, score]], decimals, minimum_sample, sample_measure,
            denominator, source_note, collection_method: {zh, en}}]}]
    sources: [{code, name, kind, time_zone, precedence, active, mapping}]

Versions are written the oldest first and may be listed in any order. Loading adds and changes, and never takes away. A
version that is there already must say what the document says, unless it may still be corrected.
"""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from decimal import Decimal
from typing import Any

from foundation.documents import Path, Problems, Section, compact, items_of, plain_number, report_repeated
from foundation.refusals import Refusal
from metrics.models import KPI, KPIVersion, Measure, Source
from metrics.services import kpis, measures, sources
from metrics.services.kpis import KPITerms
from people.models import User

#: Texts of a version in two languages.
LOCALIZED = ("denominator", "source_note", "collection_method")

# Measures --------------------------------------------------------------------------------------------------------


def load_measures(items: Any, *, actor: User | None, problems: Problems, path: Path) -> None:
    found = items_of(items, problems=problems, path=path)
    report_repeated(found, problems=problems, key=_code_of)
    for place, item in found:
        before = len(problems)
        section = Section(item, problems=problems, path=place)
        code = section.take("code", str, required=True, default="")
        name_zh, name_en = section.localized("name", required=True)
        description_zh, description_en = section.localized("description")
        values: dict[str, Any] = {
            "name_zh": name_zh,
            "name_en": name_en,
            "unit": section.choice("unit", Measure.Unit.values, default=Measure.Unit.COUNT),
            "minimum": section.take("minimum", float),
            "maximum": section.take("maximum", float),
            "description_zh": description_zh,
            "description_en": description_en,
        }
        section.done()
        if len(problems) > before:
            continue
        known = Measure.objects.filter(code=code).first()
        with problems.at(place):
            if known is None:
                measures.create_measure(actor=actor, code=code, **values)
            elif any(getattr(known, key) != value for key, value in values.items()):
                measures.change_measure(actor=actor, measure=known, **values)


def dump_measures() -> list[dict[str, Any]]:
    return [
        compact(
            {
                "code": measure.code,
                "name": compact({"zh": measure.name_zh, "en": measure.name_en}),
                "unit": measure.unit,
                "minimum": _number(measure.minimum),
                "maximum": _number(measure.maximum),
                "description": compact({"zh": measure.description_zh, "en": measure.description_en}),
            }
        )
        for measure in Measure.objects.order_by("code")
    ]


# KPIs ------------------------------------------------------------------------------------------------------------


def load_kpis(items: Any, *, actor: User | None, problems: Problems, path: Path) -> None:
    found = items_of(items, problems=problems, path=path)
    report_repeated(found, problems=problems, key=_code_of)
    for place, item in found:
        before = len(problems)
        section = Section(item, problems=problems, path=place)
        code = section.take("code", str, required=True, default="")
        name_zh, name_en = section.localized("name", required=True)
        listed = {
            "name_zh": name_zh,
            "name_en": name_en,
            "dimension": section.choice("dimension", KPI.Dimension.values, required=True),
            "perspective": section.choice("perspective", KPI.Perspective.values, required=True),
        }
        is_qualitative = section.take("qualitative", bool, default=False)
        is_active = section.take("active", bool, default=True)
        versions = _versions(section, problems=problems, path=(*place, "versions"))
        section.done()
        if len(problems) > before:
            continue
        _store_kpi(
            code,
            listed,
            versions,
            is_qualitative=is_qualitative,
            is_active=is_active,
            actor=actor,
            problems=problems,
            path=place,
        )


def _versions(section: Section, *, problems: Problems, path: Path) -> list[tuple[Path, date, KPITerms]]:
    raw = section.take("versions", list, required=True, default=[])
    found = []
    for place, item in items_of(raw, problems=problems, path=path):
        inner = Section(item, problems=problems, path=place)
        valid_from = inner.take("valid_from", date, required=True)
        told = {name: inner.localized(name) for name in LOCALIZED}
        terms = {
            "formula": inner.take("formula", str, default=""),
            "unit": inner.choice("unit", KPIVersion.Unit.values, required=True),
            "direction": inner.choice("direction", KPIVersion.Direction.values, required=True),
            "target": inner.take("target", Decimal),
            "stretch": inner.take("stretch", Decimal),
            "bands": inner.take("bands", list, default=[]),
            "decimals": inner.take("decimals", int, default=2),
            "minimum_sample": inner.take("minimum_sample", int, default=1),
            "sample_measure": inner.take("sample_measure", str, default=""),
            **{
                f"{name}_{language}": text
                for name, pair in told.items()
                for language, text in zip(("zh", "en"), pair, strict=True)
            },
        }
        inner.done()
        if valid_from is not None and terms["unit"] and terms["direction"]:
            found.append((place, valid_from, KPITerms(**terms)))
    # A later version follows an earlier one, in whatever order the document lists them.
    return sorted(found, key=lambda version: version[1])


def _store_kpi(
    code: str,
    listed: dict[str, str],
    versions: list[tuple[Path, date, KPITerms]],
    *,
    is_qualitative: bool,
    is_active: bool,
    actor: User | None,
    problems: Problems,
    path: Path,
) -> None:
    kpi = KPI.objects.filter(code=code).first()
    if kpi is not None and kpi.is_qualitative != is_qualitative:
        problems.add((*path, "qualitative"), "kpi_kind_fixed")
        return
    if kpi is not None and any(getattr(kpi, key) != value for key, value in listed.items()):
        with problems.at(path):
            kpi = kpis.rename_kpi(actor=actor, kpi=kpi, **listed)
    for place, valid_from, terms in versions:
        with problems.at(place):
            if kpi is None:
                kpi = kpis.create_kpi(
                    actor=actor,
                    code=code,
                    **listed,
                    is_qualitative=is_qualitative,
                    valid_from=valid_from,
                    terms=terms,
                )
            else:
                _store_version(kpi, valid_from, terms, actor=actor)
    if kpi is not None and kpi.is_active != is_active:
        with problems.at(path):
            kpis.set_kpi_active(actor=actor, kpi=kpi, is_active=is_active)


def _store_version(kpi: KPI, valid_from: date, terms: KPITerms, *, actor: User | None) -> None:
    known = kpi.versions.filter(valid_from=valid_from).first()
    if known is not None:
        checked = kpis.check_terms(terms, is_qualitative=kpi.is_qualitative)
        if checked.same_as(KPITerms.of(known)):
            return
        if known.number < kpi.versions.order_by("-number").values_list("number", flat=True)[0]:
            raise Refusal("kpi_version_frozen", field="valid_from", status=409, day=valid_from.isoformat())
    kpis.revise_kpi(actor=actor, kpi=kpi, valid_from=valid_from, terms=terms)


def dump_kpis() -> list[dict[str, Any]]:
    return [
        compact(
            {
                "code": kpi.code,
                "name": compact({"zh": kpi.name_zh, "en": kpi.name_en}),
                "dimension": kpi.dimension,
                "perspective": kpi.perspective,
                "qualitative": True if kpi.is_qualitative else None,
                "active": None if kpi.is_active else False,
                "versions": [_dump_version(version) for version in reversed(kpi.versions.all())],
            }
        )
        for kpi in KPI.objects.prefetch_related("versions").order_by("code")
    ]


def _dump_version(version: KPIVersion) -> dict[str, Any]:
    default = KPITerms()
    found: dict[str, Any] = {"valid_from": version.valid_from}
    for field in fields(KPITerms):
        value = getattr(version, field.name)
        if field.name in ("unit", "direction") or value != getattr(default, field.name):
            found[field.name] = _number(value) if isinstance(value, Decimal) else value
    for name in LOCALIZED:
        found[name] = compact({"zh": found.pop(f"{name}_zh", ""), "en": found.pop(f"{name}_en", "")})
    found["bands"] = [[_number(start), _number(score)] for start, score in version.bands]
    return compact(found)


# Sources ---------------------------------------------------------------------------------------------------------


def load_sources(items: Any, *, actor: User | None, problems: Problems, path: Path) -> None:
    found = items_of(items, problems=problems, path=path)
    report_repeated(found, problems=problems, key=_code_of)
    for place, item in found:
        before = len(problems)
        section = Section(item, problems=problems, path=place)
        code = section.take("code", str, required=True, default="")
        name_zh, name_en = section.localized("name", required=True)
        kind = section.choice("kind", Source.Kind.values, required=True)
        values = {
            "name_zh": name_zh,
            "name_en": name_en,
            "time_zone": section.take("time_zone", str, default="Asia/Shanghai"),
            "precedence": section.take("precedence", int, default=100),
        }
        is_active = section.take("active", bool, default=True)
        mapping = section.take("mapping", dict)
        section.done()
        if len(problems) > before:
            continue
        with problems.at(place):
            _store_source(code, kind, values, is_active=is_active, mapping=mapping, actor=actor)


def _store_source(
    code: str,
    kind: str,
    values: dict[str, Any],
    *,
    is_active: bool,
    mapping: dict[str, Any] | None,
    actor: User | None,
) -> None:
    source = Source.objects.filter(code=code).first()
    if source is None:
        source = sources.create_source(actor=actor, code=code, kind=kind, mapping=mapping, **values)
    elif kind != source.kind or any(getattr(source, key) != value for key, value in values.items()):
        source = sources.change_source(
            actor=actor, source=source, kind=kind, is_active=source.is_active, **values
        )
    if mapping and mapping != source.mapping:
        source = sources.save_mapping(actor=actor, source=source, mapping=mapping)
    if source.is_active != is_active:
        sources.change_source(actor=actor, source=source, is_active=is_active, **values)


def dump_sources() -> list[dict[str, Any]]:
    return [
        compact(
            {
                "code": source.code,
                "name": compact({"zh": source.name_zh, "en": source.name_en}),
                "kind": source.kind,
                "time_zone": source.time_zone,
                "precedence": source.precedence,
                "active": None if source.is_active else False,
                "mapping": _sorted(source.mapping),
            }
        )
        for source in Source.objects.order_by("code")
    ]


def _sorted(value: Any) -> Any:
    """jsonb forgets the order of keys; a document must not change by being stored."""
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return value


def _number(value: Any) -> Any:
    return None if value is None else plain_number(value)


def _code_of(item: Any) -> Any:
    return item.get("code") if isinstance(item, dict) else None
