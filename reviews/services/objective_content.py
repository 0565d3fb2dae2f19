"""The content of an objective: what may stand in it, and the digest that a signature is put under."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from foundation.refusals import Refusal
from metrics.models import KPIVersion
from metrics.selectors.kpis import versions_on
from metrics.services.kpis import freeze_kpi_versions
from people.models import User
from reviews.methods.base import plain
from reviews.methods.objectives import MOST_KEY_RESULTS
from reviews.models import Cycle, KeyResult, Objective, ObjectiveVersion
from reviews.selectors.objectives import LIVE, Owner, visible_objectives

TITLE_LIMIT, WHY_LIMIT, UNIT_LIMIT, CODE_LIMIT = 200, 2000, 20, 60
LARGEST = 1e12
HUNDRED = Decimal(100)
STEP = Decimal("0.001")


@dataclass(frozen=True)
class KeyContent:
    key: int
    title: str
    unit: str
    is_judged: bool
    start: float | None
    target: float | None
    direction: str
    weight: Decimal
    kpi_version: KPIVersion | None


@dataclass(frozen=True)
class Content:
    title: str
    why: str
    weight: Decimal
    parent_id: int | None
    perspective: str
    key_results: tuple[KeyContent, ...]
    is_dropped: bool = False


def checked_content(
    *, actor: User, cycle: Cycle, owner: Owner, given: Mapping[str, Any], before: Objective | None = None
) -> Content:
    """The content as it is stored. `given`: title, why, weight, parent (id or None), perspective, key_results [{key,
    title, unit, is_judged, start, target, direction, weight, kpi}]. A key, or a title, that was there before keeps its
    values; any other is new. Weights that are all left out are shared evenly.

    Refusals (422), each with its field: objective_title_required, cycle_text_too_long, objective_weight,
    objective_parent_unknown, objective_loop, key_results_none, key_results_too_many, key_result_title_required,
    key_result_target_required, key_result_target_is_start, key_result_direction, key_result_weights,
    key_result_kpi_unknown, key_result_kpi_judged, cycle_value_malformed.
    """
    title = _text(given.get("title"), "title", TITLE_LIMIT)
    if not title:
        raise Refusal("objective_title_required", field="title", status=422)
    weight = _weight(given.get("weight"), "weight")
    results = given.get("key_results") or []
    if not isinstance(results, list) or not all(isinstance(each, Mapping) for each in results):
        raise Refusal("cycle_value_malformed", field="key_results", status=422)
    return Content(
        title=title,
        why=_text(given.get("why"), "why", WHY_LIMIT),
        weight=weight,
        parent_id=_parent(actor, cycle, owner, given.get("parent"), before),
        perspective=_text(given.get("perspective"), "perspective", CODE_LIMIT),
        key_results=_key_results(cycle, results, before),
    )


def _key_results(
    cycle: Cycle, given: list[Mapping[str, Any]], before: Objective | None
) -> tuple[KeyContent, ...]:
    if not given:
        raise Refusal("key_results_none", field="key_results", status=422)
    if len(given) > MOST_KEY_RESULTS:
        raise Refusal("key_results_too_many", field="key_results", status=422, limit=MOST_KEY_RESULTS)
    known = (
        set(KeyResult.objects.filter(version__objective=before).values_list("key", flat=True))
        if before
        else set()
    )
    latest = before.latest_version.key_results.all() if before and before.latest_version else ()
    titled = {each.title: each.key for each in latest}
    free = max(known, default=0)
    weights = _shared([each.get("weight") for each in given])
    versions = _followed(cycle, given)
    found: list[KeyContent] = []
    for index, each in enumerate(given):
        key = each.get("key") or titled.get(str(each.get("title") or "").strip())
        if type(key) is not int or key not in known or key in {other.key for other in found}:
            free += 1
            key = free
        found.append(_key_result(each, f"key_results[{index}]", key, weights[index], versions))
    return tuple(found)


def _key_result(
    given: Mapping[str, Any], place: str, key: int, weight: Decimal, versions: Mapping[str, KPIVersion]
) -> KeyContent:
    title = _text(given.get("title"), f"{place}.title", TITLE_LIMIT)
    if not title:
        raise Refusal("key_result_title_required", field=f"{place}.title", status=422)
    is_judged = given.get("is_judged", False)
    if not isinstance(is_judged, bool):
        raise Refusal("cycle_value_malformed", field=f"{place}.is_judged", status=422)
    unit = _text(given.get("unit"), f"{place}.unit", UNIT_LIMIT)
    if is_judged:
        return KeyContent(key, title, unit, True, None, None, KeyResult.Direction.HIGHER, weight, None)
    start, target = (_number(given.get(name), f"{place}.{name}") for name in ("start", "target"))
    if target is None:
        raise Refusal("key_result_target_required", field=f"{place}.target", status=422)
    if start is not None and start == target:
        raise Refusal("key_result_target_is_start", field=f"{place}.target", status=422)
    direction = given.get("direction") or (
        KeyResult.Direction.LOWER if start is not None and target < start else KeyResult.Direction.HIGHER
    )
    if direction not in KeyResult.Direction.values:
        raise Refusal("cycle_value_malformed", field=f"{place}.direction", status=422)
    if start is not None and (direction == KeyResult.Direction.LOWER) != (target < start):
        raise Refusal("key_result_direction", field=f"{place}.direction", status=422)
    kpi = str(given.get("kpi") or "")
    return KeyContent(
        key,
        title,
        unit,
        False,
        start,
        target,
        str(direction),
        weight,
        versions.get(kpi) if kpi else None,
    )


def _followed(cycle: Cycle, given: list[Mapping[str, Any]]) -> dict[str, KPIVersion]:
    """The KPIs that key results follow, by code, in the version of the period's last day."""
    codes = {str(each.get("kpi")): index for index, each in enumerate(given) if each.get("kpi")}
    if not codes:
        return {}
    versions = {each.kpi.code: each for each in versions_on(cycle.last_day, codes=[c[:60] for c in codes])}
    for code, index in codes.items():
        place = f"key_results[{index}].kpi"
        if code not in versions:
            raise Refusal("key_result_kpi_unknown", field=place, status=422, name=code[:60])
        if versions[code].kpi.is_qualitative:
            raise Refusal("key_result_kpi_judged", field=place, status=422, name=code)
    # From now on somebody relies on what they mean.
    freeze_kpi_versions(each.pk for each in versions.values())
    return versions


def _shared(weights: list[Any]) -> list[Decimal]:
    """The weights of key results, 100 together; all left out: even shares, the last one takes what is over."""
    if all(weight in (None, "") for weight in weights):
        even = (HUNDRED / len(weights)).quantize(STEP)
        return [even] * (len(weights) - 1) + [HUNDRED - even * (len(weights) - 1)]
    found = [_weight(weight, f"key_results[{index}].weight") for index, weight in enumerate(weights)]
    if sum(found) != HUNDRED:
        raise Refusal("key_result_weights", field="key_results", status=422, total=plain(sum(found)))
    return found


def _parent(actor: User, cycle: Cycle, owner: Owner, given: Any, before: Objective | None) -> int | None:
    if given in (None, ""):
        return None
    if type(given) is not int or not 0 < given < 2**63:
        raise Refusal("objective_parent_unknown", field="parent", status=422)
    kept = before is not None and given in {before.parent_id, *_former_parents(before)}
    among = Objective.objects.all() if kept else visible_objectives(actor)
    parent = among.filter(pk=given, cycle=cycle, state__in=LIVE).first()
    if parent is None or (owner.employee_id is None and parent.employee_id is not None):
        raise Refusal("objective_parent_unknown", field="parent", status=422)
    if before is not None:
        refuse_loop(before, parent.pk)
    return parent.pk


def _former_parents(objective: Objective) -> set[int]:
    return {pk for pk in objective.versions.values_list("parent", flat=True) if pk is not None}


def refuse_loop(objective: Objective, parent_id: int | None) -> None:
    """What supports something cannot be supported by it. The database holds the same, also for two at once."""
    seen: set[int] = set()
    step = parent_id
    while step is not None and step not in seen:
        if step == objective.pk:
            raise Refusal("objective_loop", field="parent", status=422)
        seen.add(step)
        step = Objective.objects.filter(pk=step).values_list("parent", flat=True).first()


def _text(value: Any, field: str, limit: int) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or "\x00" in value:
        raise Refusal("cycle_value_malformed", field=field, status=422)
    text = value.strip().replace("\r\n", "\n")
    if len(text) > limit:
        raise Refusal("cycle_text_too_long", field=field, status=422, limit=limit)
    return text


def _number(value: Any, field: str) -> float | None:
    if value in (None, ""):
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        raise Refusal("cycle_value_malformed", field=field, status=422)
    number = float(value)
    if not math.isfinite(number) or abs(number) > LARGEST:
        raise Refusal("cycle_value_malformed", field=field, status=422)
    return round(number, 6) + 0.0


def _weight(value: Any, field: str) -> Decimal:
    """Above 0, 100 at most, three decimals."""
    try:
        if isinstance(value, bool) or not isinstance(value, (int, float, str, Decimal)):
            raise InvalidOperation
        weight = Decimal(str(value)).quantize(STEP)
    except InvalidOperation:
        raise Refusal("objective_weight", field=field, status=422) from None
    if not weight.is_finite() or not 0 < weight <= HUNDRED:
        raise Refusal("objective_weight", field=field, status=422)
    return weight


# Storing ---------------------------------------------------------------------------------------------------------


def digest_of(objective_id: int, number: int, content: Content) -> str:
    """SHA-256 over all that is agreed on, in one spelling."""
    document = {
        "objective": objective_id,
        "version": number,
        "title": content.title,
        "why": content.why,
        "weight": plain(content.weight),
        "parent": content.parent_id,
        "perspective": content.perspective,
        "is_dropped": content.is_dropped,
        "key_results": [
            {
                "key": each.key,
                "title": each.title,
                "unit": each.unit,
                "is_judged": each.is_judged,
                "start": each.start,
                "target": each.target,
                "direction": str(each.direction),
                "weight": plain(each.weight),
                "kpi_version": each.kpi_version.pk if each.kpi_version else None,
            }
            for each in content.key_results
        ],
    }
    text = json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def content_of(version: ObjectiveVersion) -> Content:
    """The content of a stored version; digest_of it is the version's digest."""
    return Content(
        title=version.title,
        why=version.why,
        weight=version.weight,
        parent_id=version.parent_id,
        perspective=version.perspective,
        is_dropped=version.is_dropped,
        key_results=tuple(
            KeyContent(
                key=each.key,
                title=each.title,
                unit=each.unit,
                is_judged=each.is_judged,
                start=each.start,
                target=each.target,
                direction=each.direction,
                weight=each.weight,
                kpi_version=each.kpi_version,
            )
            for each in version.key_results.all()
        ),
    )


def store_version(
    *, actor: User, objective: Objective, number: int, content: Content, reason: str, edit: int = 1
) -> ObjectiveVersion:
    version = ObjectiveVersion.objects.create(
        objective=objective,
        number=number,
        title=content.title,
        why=content.why,
        weight=content.weight,
        parent_id=content.parent_id,
        perspective=content.perspective,
        is_dropped=content.is_dropped,
        reason=reason,
        digest=digest_of(objective.pk, number, content),
        edit=edit,
        written_by=actor,
    )
    KeyResult.objects.bulk_create(
        KeyResult(
            version=version,
            number=index + 1,
            key=each.key,
            title=each.title,
            unit=each.unit,
            is_judged=each.is_judged,
            start=each.start,
            target=each.target,
            direction=each.direction,
            weight=each.weight,
            kpi_version=each.kpi_version,
        )
        for index, each in enumerate(content.key_results)
    )
    return version
