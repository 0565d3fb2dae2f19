"""The section competencies of a configuration document."""

from __future__ import annotations

from typing import Any

from foundation.documents import Path, Problems, Section, compact, items_of, report_repeated
from people.models import User
from reviews.methods.document import with_text_keys
from reviews.models import Competency
from reviews.selectors.competencies import newest_versions
from reviews.services.library import create_competency, retire_competency, revise_competency


def load_competencies(items: Any, *, actor: User, problems: Problems, path: Path) -> None:
    """Creates each competency or gives it a new version; one that says the same already is left alone."""
    found = items_of(items, problems=problems, path=path)
    report_repeated(
        found, problems=problems, key=lambda item: item.get("code") if isinstance(item, dict) else None
    )
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
