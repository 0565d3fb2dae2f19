"""KPIs and their versions. What a version once meant to a launched cycle never changes: a change is a new version."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from foundation.refusals import Refusal
from foundation.runs.outbox import emit
from foundation.trail.services import recording
from metrics.formulas import check_formula, denominators
from metrics.models import KPI, KPIPeriod, KPIVersion, Measure
from metrics.services.authority import is_code, require_hr
from people.models import User

MAX_NUMBER = Decimal(10) ** 10
MAX_BAND_SCORE = 200


@dataclass(frozen=True, kw_only=True)
class KPITerms:
    """What a version of a KPI says; the fields are those of KPIVersion."""

    formula: str = ""
    unit: str = KPIVersion.Unit.PERCENT
    direction: str = KPIVersion.Direction.HIGHER
    target: Decimal | None = None
    stretch: Decimal | None = None
    bands: Sequence[Sequence[float]] = ()
    decimals: int = 2
    minimum_sample: int = 1
    sample_measure: str = ""
    denominator_zh: str = ""
    denominator_en: str = ""
    source_note_zh: str = ""
    source_note_en: str = ""
    collection_method_zh: str = ""
    collection_method_en: str = ""

    @classmethod
    def of(cls, version: KPIVersion) -> KPITerms:
        return cls(**{field.name: getattr(version, field.name) for field in fields(cls)})

    def same_as(self, other: KPITerms) -> bool:
        return _comparable(self) == _comparable(other)


def _comparable(terms: KPITerms) -> dict[str, Any]:
    values = {field.name: getattr(terms, field.name) for field in fields(terms)}
    values["bands"] = [[float(start), float(score)] for start, score in terms.bands]
    return values


@transaction.atomic
def create_kpi(
    *,
    actor: User | None,
    code: str,
    name_zh: str = "",
    name_en: str = "",
    dimension: str,
    perspective: str,
    valid_from: date,
    terms: KPITerms,
    is_qualitative: bool = False,
) -> KPI:
    """A KPI with its first version. Refusals: metrics_hr_only, kpi_*, formula_*, measure_unknown."""
    require_hr(actor)
    if not is_code(code):
        raise Refusal("kpi_code", field="code", name=code[:60])
    if not (name_zh or name_en):
        raise Refusal("kpi_name", field="name_en")
    terms = check_terms(terms, is_qualitative=is_qualitative)
    kpi = KPI(
        code=code,
        name_zh=name_zh,
        name_en=name_en,
        dimension=KPI.Dimension(dimension),
        perspective=KPI.Perspective(perspective),
        is_qualitative=is_qualitative,
    )
    with recording(actor=actor):
        try:
            with transaction.atomic():
                kpi.save(force_insert=True)
        except IntegrityError as error:
            raise Refusal("kpi_exists", field="code", status=409, name=code) from error
        _add_version(kpi, number=1, valid_from=valid_from, terms=terms, actor=actor)
    return kpi


@transaction.atomic
def revise_kpi(*, actor: User | None, kpi: KPI, valid_from: date, terms: KPITerms) -> KPIVersion:
    """What the KPI means from `valid_from` on.

    A later day than the last version's makes a new version. The same day corrects the last version in place, as long as
    no launched cycle relies on it. Nothing changes when the terms are those of the last version already.
    Refusals: metrics_hr_only, kpi_version_earlier, kpi_version_frozen, and those of create_kpi.
    """
    require_hr(actor)
    # The KPI's row is the lock: two people who revise at once get two versions or a refusal, never two of one number.
    kpi = KPI.objects.select_for_update().get(pk=kpi.pk)
    terms = check_terms(terms, is_qualitative=kpi.is_qualitative)
    last = kpi.versions.order_by("-number").select_for_update().first()
    if last is None:
        with recording(actor=actor):
            return _add_version(kpi, number=1, valid_from=valid_from, terms=terms, actor=actor)
    if valid_from < last.valid_from:
        raise Refusal("kpi_version_earlier", field="valid_from", status=409, day=last.valid_from.isoformat())
    if terms.same_as(KPITerms.of(last)):
        return last
    with recording(actor=actor):
        if valid_from > last.valid_from:
            return _add_version(kpi, number=last.number + 1, valid_from=valid_from, terms=terms, actor=actor)
        if last.frozen_at is not None:
            raise Refusal(
                "kpi_version_frozen", field="valid_from", status=409, day=last.valid_from.isoformat()
            )
        for field in fields(terms):
            setattr(last, field.name, getattr(terms, field.name))
        last.save()
    _values_changed(last.valid_from)
    return last


@transaction.atomic
def rename_kpi(
    *, actor: User | None, kpi: KPI, name_zh: str, name_en: str, dimension: str, perspective: str
) -> KPI:
    """What it is called and where it is listed; what it means is its versions' business."""
    require_hr(actor)
    if not (name_zh or name_en):
        raise Refusal("kpi_name", field="name_en")
    kpi = KPI.objects.select_for_update().get(pk=kpi.pk)
    kpi.name_zh, kpi.name_en = name_zh, name_en
    kpi.dimension, kpi.perspective = KPI.Dimension(dimension), KPI.Perspective(perspective)
    with recording(actor=actor):
        kpi.save()
    return kpi


@transaction.atomic
def set_kpi_active(*, actor: User | None, kpi: KPI, is_active: bool) -> KPI:
    """Out of use, a KPI is offered to no new cycle and gets no standing values; what was computed stays."""
    require_hr(actor)
    kpi = KPI.objects.select_for_update().get(pk=kpi.pk)
    if kpi.is_active != is_active:
        kpi.is_active = is_active
        with recording(actor=actor):
            kpi.save(update_fields=["is_active"])
        first = kpi.versions.order_by("valid_from").values_list("valid_from", flat=True).first()
        if is_active and first:
            _values_changed(first)
    return kpi


@transaction.atomic
def freeze_kpi_versions(version_ids: Iterable[int]) -> None:
    """A cycle is launched on these versions: from now on they are what they are. Called by the launching service,
    which has checked who asks, in its transaction."""
    wanted = list(version_ids)
    # The KPIs' rows are what a revision locks too: one in progress ends before, and none begins until the launch is in.
    list(KPI.objects.filter(versions__in=wanted).order_by("pk").select_for_update().values_list("pk"))
    for version in KPIVersion.objects.filter(pk__in=wanted, frozen_at__isnull=True).order_by("pk"):
        version.frozen_at = timezone.now()
        version.save(update_fields=["frozen_at"])


# Checks ----------------------------------------------------------------------------------------------------------


def check_terms(terms: KPITerms, *, is_qualitative: bool) -> KPITerms:
    """The terms with their bands as plain lists, or a Refusal that names the field."""
    if is_qualitative:
        if terms.formula:
            raise Refusal("kpi_formula_qualitative", field="formula")
    else:
        _check_measured(terms)
    for field in ("target", "stretch"):
        value = getattr(terms, field)
        if value is not None and not (value.is_finite() and abs(value) < MAX_NUMBER):
            raise Refusal("kpi_number", field=field)
    KPIVersion.Unit(terms.unit)
    _check_stretch(terms)
    if not 0 <= terms.decimals <= 6:
        raise Refusal("kpi_decimals", field="decimals")
    if not 1 <= terms.minimum_sample <= 1_000_000:
        raise Refusal("kpi_minimum_sample", field="minimum_sample")
    values = {field.name: getattr(terms, field.name) for field in fields(terms)}
    return KPITerms(**{**values, "bands": check_bands(terms.bands)})


def _check_measured(terms: KPITerms) -> None:
    if not terms.formula.strip():
        raise Refusal("kpi_formula_missing", field="formula")
    known = set(Measure.objects.values_list("code", flat=True))
    formula = check_formula(terms.formula, known)
    if terms.sample_measure and terms.sample_measure not in known:
        raise Refusal("measure_unknown", field="sample_measure", codes=terms.sample_measure)
    if denominators(formula):
        for field in ("denominator_zh", "denominator_en"):
            if not getattr(terms, field).strip():
                raise Refusal("kpi_denominator", field=field)


def _check_stretch(terms: KPITerms) -> None:
    direction = KPIVersion.Direction(terms.direction)
    if terms.stretch is None or terms.target is None:
        return
    if direction == KPIVersion.Direction.NEAREST:
        raise Refusal("kpi_stretch_nearest", field="stretch")
    better = (
        terms.stretch >= terms.target
        if direction == KPIVersion.Direction.HIGHER
        else terms.stretch <= terms.target
    )
    if not better:
        raise Refusal("kpi_stretch", field="stretch", direction=direction.label)


def check_bands(bands: Any) -> list[list[float]]:
    """[[from, score], ...] ascending and half-open, as in scoring.attainment.band_score; empty is none."""
    if not isinstance(bands, (list, tuple)) or len(bands) > 50:
        raise Refusal("kpi_bands", field="bands", place=1)
    checked: list[list[float]] = []
    for place, band in enumerate(bands, start=1):
        good = isinstance(band, (list, tuple)) and len(band) == 2
        good = good and all(isinstance(x, (int, float, Decimal)) and not isinstance(x, bool) for x in band)
        if not good:
            raise Refusal("kpi_bands", field="bands", place=place)
        start, score = float(band[0]), float(band[1])
        rising = not checked or start > checked[-1][0]
        if not (math.isfinite(start) and abs(start) < 1e10 and 0 <= score <= MAX_BAND_SCORE and rising):
            raise Refusal("kpi_bands", field="bands", place=place)
        checked.append([start, score])
    return checked


def _add_version(
    kpi: KPI, *, number: int, valid_from: date, terms: KPITerms, actor: User | None
) -> KPIVersion:
    values = {field.name: getattr(terms, field.name) for field in fields(terms)}
    version = KPIVersion.objects.create(
        kpi=kpi,
        number=number,
        valid_from=valid_from,
        created_by=actor,
        **{**values, "bands": list(terms.bands)},
    )
    _values_changed(valid_from)
    return version


def _values_changed(valid_from: date) -> None:
    """Months whose standing values were computed under other terms are computed again."""
    months = KPIPeriod.objects.filter(last_day__gte=valid_from)
    span = months.order_by("first_day").values_list("first_day", flat=True)
    last = months.order_by("-last_day").values_list("last_day", flat=True).first()
    if last is not None:
        emit("observations.changed", first_day=span[0].isoformat(), last_day=last.isoformat())
