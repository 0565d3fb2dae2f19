"""Writing the libraries: an edit makes a new version, and what runs keeps the words that it began with."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeVar

from django.db import IntegrityError, transaction

from foundation.refusals import Refusal
from foundation.trail.services import recording
from people.models import User
from reviews.methods.bars import MOST_ANCHORS
from reviews.methods.base import has_name
from reviews.models import Behaviour, Competency, IncidentStrength
from reviews.models.library import LibraryEntry
from reviews.selectors.competencies import users_of
from reviews.services.cycles import CODE, RESERVED_CODES
from reviews.services.rights import require_hr

NAME_LIMIT, TEXT_LIMIT = 120, 1000
WORDS = ("name_zh", "name_en", "description_zh", "description_en")
MOST_LEVELS, MOST_POINTS = 10, 100
Entry = TypeVar("Entry", bound=LibraryEntry)


@transaction.atomic
def create_competency(*, actor: User, code: str, **content: Any) -> Competency:
    """content: name_zh, name_en, description_zh, description_en, anchors. Refusals: library_*, anchor_*."""
    require_hr(actor)
    return create_entry(Competency, actor=actor, code=code, content=_checked_competency(content))


@transaction.atomic
def revise_competency(*, actor: User, competency: Competency, version: int, **content: Any) -> Competency:
    """A new version; what is left out stays. `version` is the one that the editor saw. Nothing new: no version."""
    require_hr(actor)
    return revise_entry(competency, actor=actor, version=version, content=content, check=_checked_competency)


@transaction.atomic
def retire_competency(*, actor: User, competency: Competency, is_active: bool = False) -> Competency:
    """Takes an entry out of the choice, or puts it back. While a draft or a template would take its words, it stays."""
    require_hr(actor)
    locked = Competency.objects.select_for_update().get(pk=competency.pk)
    users = users_of(locked.code) if not is_active else []
    if users:
        raise Refusal("competency_in_use", status=409, name=locked.name, users=", ".join(users[:5]))
    return set_active(locked, actor=actor, is_active=is_active)


def create_entry(model: type[Entry], *, actor: User, code: str, content: dict[str, Any]) -> Entry:
    if not isinstance(code, str) or not CODE.fullmatch(code) or code in RESERVED_CODES:
        raise Refusal("cycle_code_malformed", field="code", status=422)
    entry = model(code=code, name_zh=content["name_zh"], name_en=content["name_en"])
    with recording(actor=actor):
        try:
            with transaction.atomic():
                entry.save(force_insert=True)
        except IntegrityError as error:
            raise Refusal("library_code_taken", field="code", status=409) from error
        _add_version(entry, actor=actor, content=content)
    return entry


def revise_entry(
    entry: Entry,
    *,
    actor: User,
    version: int,
    content: dict[str, Any],
    check: Callable[[dict[str, Any]], dict[str, Any]],
) -> Entry:
    locked: Entry = type(entry)._default_manager.select_for_update().get(pk=entry.pk)
    if version != locked.version:
        raise Refusal("cycle_version_stale", field="version", status=409)
    newest = _versions(locked).get(number=locked.version)
    before = {name: getattr(newest, name) for name in (*WORDS, "anchors") if hasattr(newest, name)}
    wanted = check({**before, **content})
    if wanted == before:
        return locked
    locked.name_zh, locked.name_en = wanted["name_zh"], wanted["name_en"]
    locked.version += 1
    with recording(actor=actor):
        _add_version(locked, actor=actor, content=wanted)
        locked.save(update_fields=["name_zh", "name_en", "version"])
    return locked


def set_active(locked: Entry, *, actor: User, is_active: bool) -> Entry:
    if locked.is_active != is_active:
        locked.is_active = is_active
        with recording(actor=actor):
            locked.save(update_fields=["is_active"])
    return locked


def _versions(entry: LibraryEntry) -> Any:
    return entry.versions  # type: ignore[attr-defined]


def _add_version(entry: LibraryEntry, *, actor: User, content: dict[str, Any]) -> None:
    _versions(entry).create(number=entry.version, created_by=actor, **content)


def checked_words(content: dict[str, Any]) -> dict[str, Any]:
    """name_* and description_*, trimmed. Without a name in one language there is nothing to choose by."""
    found = {}
    for field in WORDS:
        limit = NAME_LIMIT if field.startswith("name") else TEXT_LIMIT
        text = content.get(field) or ""
        if not isinstance(text, str):
            raise Refusal("cycle_value_malformed", field=field, status=422)
        if len(text.strip()) > limit:
            raise Refusal("cycle_text_too_long", field=field, status=422, limit=limit)
        found[field] = text.strip()
    if not found["name_zh"] and not found["name_en"]:
        raise Refusal("cycle_name_required", field="name_en", status=422)
    return found


def _checked_competency(content: dict[str, Any]) -> dict[str, Any]:
    return {**checked_words(content), "anchors": checked_anchors(content.get("anchors") or {})}


def checked_anchors(anchors: Any) -> dict[str, list[dict[str, str]]]:
    """{"1": [{zh, en}, ...]}: whole levels from 1, each with its anchors; in order, without empty ones.

    A gap is allowed here, since a library grows; a cycle with a gap cannot be launched.
    """
    if not isinstance(anchors, dict) or len(anchors) > MOST_LEVELS:
        raise Refusal("anchors_malformed", field="anchors", status=422, limit=MOST_LEVELS)
    found: dict[int, list[dict[str, str]]] = {}
    for key, texts in anchors.items():
        level = str(key)
        if not (level.isascii() and level.isdigit() and len(level) <= 2 and 1 <= int(level) <= MOST_LEVELS):
            raise Refusal("anchors_malformed", field="anchors", status=422, limit=MOST_LEVELS)
        if not isinstance(texts, list) or not all(_is_text(text) for text in texts):
            raise Refusal("cycle_value_malformed", field="anchors", status=422)
        kept = [
            {language: (text.get(language) or "").strip() for language in ("zh", "en")}
            for text in texts
            if has_name({key: value or "" for key, value in text.items()})
        ]
        if len(kept) > MOST_ANCHORS:
            raise Refusal("anchors_too_many", field="anchors", status=422, limit=MOST_ANCHORS, level=level)
        if any(len(each) > TEXT_LIMIT for text in kept for each in text.values()):
            raise Refusal("cycle_text_too_long", field="anchors", status=422, limit=TEXT_LIMIT)
        if kept:
            found[int(level)] = kept
    return {str(level): found[level] for level in sorted(found)}


def _is_text(text: Any) -> bool:
    return isinstance(text, dict) and all(
        key in ("zh", "en") and (value is None or isinstance(value, str)) for key, value in text.items()
    )


# Expected behaviours -------------------------------------------------------------------------------------------


@transaction.atomic
def create_behaviour(*, actor: User, code: str, **content: Any) -> Behaviour:
    """content: name_zh, name_en, description_zh, description_en."""
    require_hr(actor)
    return create_entry(Behaviour, actor=actor, code=code, content=checked_words(content))


@transaction.atomic
def revise_behaviour(*, actor: User, behaviour: Behaviour, version: int, **content: Any) -> Behaviour:
    """A new version; incidents keep the words that they were noted against."""
    require_hr(actor)
    return revise_entry(behaviour, actor=actor, version=version, content=content, check=checked_words)


@transaction.atomic
def retire_behaviour(*, actor: User, behaviour: Behaviour, is_active: bool = False) -> Behaviour:
    """Out of the choice of whoever notes an incident, or back; what was noted stays and counts."""
    require_hr(actor)
    return set_active(
        Behaviour.objects.select_for_update().get(pk=behaviour.pk), actor=actor, is_active=is_active
    )


@transaction.atomic
def save_strengths(*, actor: User, strengths: list[dict[str, Any]]) -> list[IncidentStrength]:
    """The whole list, weakest first: [{code, name_zh, name_en, points}]. One that is left out is retired: what was
    noted with it keeps it. Points reach cycles that are launched from now on. Refusals: strengths_none,
    strength_points, strengths_not_ascending, cycle_code_twice, cycle_code_malformed, cycle_name_required (422)."""
    require_hr(actor)
    found = [_checked_strength(each) for each in strengths]
    if not found:
        raise Refusal("strengths_none", field="strengths", status=422)
    codes = [each["code"] for each in found]
    for place, each in enumerate(found):
        if codes.index(each["code"]) != place:
            raise Refusal("cycle_code_twice", field="code", status=422, name=each["code"])
        if place and each["points"] <= found[place - 1]["points"]:
            raise Refusal("strengths_not_ascending", field="points", status=422)
    known = {each.code: each for each in IncidentStrength.objects.select_for_update()}
    with recording(actor=actor):
        for place, each in enumerate(found):
            _store(known.get(each["code"]) or IncidentStrength(), {**each, "place": place, "is_active": True})
        for code, strength in known.items():
            if code not in codes:
                _store(strength, {"is_active": False})
    return list(IncidentStrength.objects.filter(is_active=True))


def _store(strength: IncidentStrength, wanted: dict[str, Any]) -> None:
    changed = [name for name, value in wanted.items() if getattr(strength, name) != value]
    for name in changed:
        setattr(strength, name, wanted[name])
    if changed or strength.pk is None:
        strength.save()


def _checked_strength(given: dict[str, Any]) -> dict[str, Any]:
    code, points = given.get("code"), given.get("points")
    if not isinstance(code, str) or not CODE.fullmatch(code):
        raise Refusal("cycle_code_malformed", field="code", status=422)
    words = checked_words({name: given.get(name) for name in ("name_zh", "name_en")})
    if (
        isinstance(points, bool)
        or not isinstance(points, (int, float, Decimal))
        or not 0 < points <= MOST_POINTS
    ):
        raise Refusal("strength_points", field="points", status=422, limit=MOST_POINTS)
    return {
        "code": code,
        "name_zh": words["name_zh"],
        "name_en": words["name_en"],
        "points": round(float(points), 6),
    }
