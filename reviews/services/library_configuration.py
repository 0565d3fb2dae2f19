"""The sections competencies, behaviours and incident_strengths of a configuration document."""

from __future__ import annotations

from typing import Any

from django.db.models import F

from foundation.documents import Path, Problems, Section, compact, items_of, plain_number, report_repeated
from people.models import User
from reviews.methods.document import with_text_keys
from reviews.models import Behaviour, BehaviourVersion, Competency, IncidentStrength
from reviews.selectors.competencies import newest_versions
from reviews.services.library import (
    create_behaviour,
    create_competency,
    retire_behaviour,
    retire_competency,
    revise_behaviour,
    revise_competency,
    save_strengths,
)


def load_competencies(items: Any, *, actor: User, problems: Problems, path: Path) -> None:
    """Creates each competency or gives it a new version; one that says the same already is left alone."""
    found = items_of(items, problems=problems, path=path)
    report_repeated(found, problems=problems, key=_code_of)
    for place, item in found:
        before = len(problems)
        section = Section(item, problems=problems, path=place)
        code = section.take("code", str, required=True, default="")
        name_zh, name_en = section.localized("name", required=True)
        description_zh, description_en = section.localized("description")
        anchors = section.take("anchors", dict, default={})
        is_active = section.take("is_active", bool, default=True)
        section.done()
        if len(problems) > before:
            continue
        content = {
            "name_zh": name_zh,
            "name_en": name_en,
            "description_zh": description_zh,
            "description_en": description_en,
            "anchors": with_text_keys(anchors),
        }
        with problems.at(place):
            known = Competency.objects.filter(code=code).first()
            if known is None:
                known = create_competency(actor=actor, code=code, **content)
            else:
                known = revise_competency(actor=actor, competency=known, version=known.version, **content)
            if known.is_active != is_active:
                retire_competency(actor=actor, competency=known, is_active=is_active)


def dump_competencies() -> list[dict[str, Any]]:
    """The newest words of all competencies by code, such that loading them back changes nothing."""
    return [
        {
            "code": version.competency.code,
            "name": {"zh": version.name_zh, "en": version.name_en},
            **compact({"description": compact({"zh": version.description_zh, "en": version.description_en})}),
            **compact({"anchors": version.anchors}),
            "is_active": version.competency.is_active,
        }
        for version in newest_versions()
    ]


def load_behaviours(items: Any, *, actor: User, problems: Problems, path: Path) -> None:
    """Creates each expected behaviour or gives it a new version; one that says the same already is left alone."""
    found = items_of(items, problems=problems, path=path)
    report_repeated(found, problems=problems, key=_code_of)
    for place, item in found:
        before = len(problems)
        section = Section(item, problems=problems, path=place)
        code = section.take("code", str, required=True, default="")
        name_zh, name_en = section.localized("name", required=True)
        description_zh, description_en = section.localized("description")
        is_active = section.take("is_active", bool, default=True)
        section.done()
        if len(problems) > before:
            continue
        content = {
            "name_zh": name_zh,
            "name_en": name_en,
            "description_zh": description_zh,
            "description_en": description_en,
        }
        with problems.at(place):
            known = Behaviour.objects.filter(code=code).first()
            if known is None:
                known = create_behaviour(actor=actor, code=code, **content)
            else:
                known = revise_behaviour(actor=actor, behaviour=known, version=known.version, **content)
            if known.is_active != is_active:
                retire_behaviour(actor=actor, behaviour=known, is_active=is_active)


def dump_behaviours() -> list[dict[str, Any]]:
    versions = BehaviourVersion.objects.filter(number=F("behaviour__version")).select_related("behaviour")
    return [
        {
            "code": version.behaviour.code,
            "name": {"zh": version.name_zh, "en": version.name_en},
            **compact({"description": compact({"zh": version.description_zh, "en": version.description_en})}),
            "is_active": version.behaviour.is_active,
        }
        for version in versions.order_by("behaviour__code")
    ]


def load_strengths(items: Any, *, actor: User, problems: Problems, path: Path) -> None:
    """The whole list, weakest first: one that is in use but not in the document is retired."""
    found = items_of(items, problems=problems, path=path)
    report_repeated(found, problems=problems, key=_code_of)
    before, wanted = len(problems), []
    for place, item in found:
        section = Section(item, problems=problems, path=place)
        code = section.take("code", str, required=True, default="")
        name_zh, name_en = section.localized("name", required=True)
        points = section.take("points", float, required=True, default=0.0)
        section.done()
        wanted.append({"code": code, "name_zh": name_zh, "name_en": name_en, "points": points})
    if wanted and len(problems) == before:
        with problems.at(path):
            save_strengths(actor=actor, strengths=wanted)


def dump_strengths() -> list[dict[str, Any]]:
    return [
        {
            "code": each.code,
            "name": {"zh": each.name_zh, "en": each.name_en},
            "points": plain_number(each.points),
        }
        for each in IncidentStrength.objects.filter(is_active=True)
    ]


def _code_of(item: Any) -> Any:
    return item.get("code") if isinstance(item, dict) else None
