"""Sources: which systems send files, and how their columns are read."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from django.db import IntegrityError, transaction

from foundation.refusals import Refusal
from foundation.trail.services import recording
from metrics.models import Source
from metrics.services.authority import SOURCE_CODE, is_code, require_hr
from metrics.services.mappings import check_mapping
from people.models import User


@transaction.atomic
def create_source(
    *,
    actor: User | None,
    code: str,
    kind: str,
    name_zh: str = "",
    name_en: str = "",
    time_zone: str = "Asia/Shanghai",
    precedence: int = 100,
    mapping: dict[str, Any] | None = None,
) -> Source:
    """Refusals: metrics_hr_only, source_*, mapping_*."""
    require_hr(actor)
    if not is_code(code, SOURCE_CODE):
        raise Refusal("source_code", field="code", name=code[:60])
    source = Source(
        code=code,
        kind=Source.Kind(kind),
        name_zh=name_zh,
        name_en=name_en,
        time_zone=time_zone,
        precedence=precedence,
        mapping=check_mapping(mapping, kind=kind) if mapping else {},
    )
    _check(source)
    with recording(actor=actor):
        try:
            with transaction.atomic():
                source.save(force_insert=True)
        except IntegrityError as error:
            raise Refusal("source_exists", field="code", status=409, name=code) from error
    return source


@transaction.atomic
def change_source(
    *,
    actor: User | None,
    source: Source,
    name_zh: str,
    name_en: str,
    time_zone: str,
    precedence: int,
    is_active: bool = True,
    kind: str | None = None,
) -> Source:
    """Names, zone and precedence. A new precedence counts at the next computation; a new zone for files to come.
    Refusals: metrics_hr_only, source_*."""
    require_hr(actor)
    source = Source.objects.select_for_update().get(pk=source.pk)
    if kind is not None and kind != source.kind:
        if source.batches.exists():
            raise Refusal("source_kind_fixed", field="kind", status=409)
        source.kind, source.mapping = Source.Kind(kind), {}
    source.name_zh, source.name_en = name_zh, name_en
    source.time_zone, source.precedence, source.is_active = time_zone, precedence, is_active
    _check(source)
    with recording(actor=actor):
        source.save()
    return source


@transaction.atomic
def save_mapping(*, actor: User | None, source: Source, mapping: dict[str, Any]) -> Source:
    """How the columns are read from now on. Refusals: metrics_hr_only, mapping_*, measure_unknown."""
    require_hr(actor)
    source = Source.objects.select_for_update().get(pk=source.pk)
    checked = check_mapping(mapping, kind=source.kind)
    if checked != source.mapping:
        source.mapping = checked
        with recording(actor=actor):
            source.save(update_fields=["mapping"])
    return source


def _check(source: Source) -> None:
    if not (source.name_zh or source.name_en):
        raise Refusal("source_name", field="name_en")
    if source.time_zone not in available_timezones():
        raise Refusal("source_time_zone", field="time_zone", zone=source.time_zone[:60])
    if not 1 <= source.precedence <= 10_000:
        raise Refusal("source_precedence", field="precedence")
