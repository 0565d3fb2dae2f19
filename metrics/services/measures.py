"""Measures: what can be counted, timed, marked or paid."""

from __future__ import annotations

import math

from django.db import IntegrityError, transaction

from foundation.refusals import Refusal
from foundation.trail.services import recording
from metrics.models import Measure
from metrics.services.authority import is_measure_code, require_hr
from people.models import User


@transaction.atomic
def create_measure(
    *,
    actor: User | None,
    code: str,
    name_zh: str = "",
    name_en: str = "",
    unit: str = Measure.Unit.COUNT,
    minimum: float | None = None,
    maximum: float | None = None,
    description_zh: str = "",
    description_en: str = "",
) -> Measure:
    """Refusals: metrics_hr_only, measure_code, measure_exists, measure_name, measure_range."""
    require_hr(actor)
    if not is_measure_code(code):
        raise Refusal("measure_code", field="code", name=code[:60])
    measure = Measure(
        code=code,
        name_zh=name_zh,
        name_en=name_en,
        unit=Measure.Unit(unit),
        minimum=minimum,
        maximum=maximum,
        description_zh=description_zh,
        description_en=description_en,
    )
    _check(measure)
    with recording(actor=actor):
        try:
            with transaction.atomic():
                measure.save(force_insert=True)
        except IntegrityError as error:
            raise Refusal("measure_exists", field="code", status=409, name=code) from error
    return measure


@transaction.atomic
def change_measure(
    *,
    actor: User | None,
    measure: Measure,
    name_zh: str,
    name_en: str,
    unit: str,
    minimum: float | None,
    maximum: float | None,
    description_zh: str,
    description_en: str,
) -> Measure:
    """New names, unit and limits; limits hold for what comes in from now on. Refusals: as for create_measure."""
    require_hr(actor)
    measure = Measure.objects.select_for_update().get(pk=measure.pk)
    measure.name_zh, measure.name_en = name_zh, name_en
    measure.unit = Measure.Unit(unit)
    measure.minimum, measure.maximum = minimum, maximum
    measure.description_zh, measure.description_en = description_zh, description_en
    _check(measure)
    with recording(actor=actor):
        measure.save()
    return measure


def _check(measure: Measure) -> None:
    if not (measure.name_zh or measure.name_en):
        raise Refusal("measure_name", field="name_en")
    for field in ("minimum", "maximum"):
        value = getattr(measure, field)
        if value is not None and not math.isfinite(value):
            raise Refusal("value_not_finite", field=field)
    if measure.minimum is not None and measure.maximum is not None and measure.minimum > measure.maximum:
        raise Refusal("measure_range", field="maximum")
