"""The section cycle_templates of a configuration document."""

from __future__ import annotations

import datetime
from dataclasses import replace
from typing import Any

from foundation.documents import Path, Problems, Section, items_of, report_repeated
from people.models import User
from reviews.methods.document import (
    Everything,
    blank_configuration,
    check_configuration,
    completed,
    with_text_keys,
)
from reviews.models import CycleTemplate
from reviews.selectors.references import references_on
from reviews.services.cycles import CODE

# A template names KPIs, not days: the newest version of each is what it is checked against.
NEWEST = datetime.date.max


def load_cycle_templates(items: Any, *, actor: User, problems: Problems, path: Path) -> None:
    """Creates or updates each template; one that is the same already is left alone.

    The caller checks who may load, and rolls its transaction back when `problems` has found anything.
    """
    found = items_of(items, problems=problems, path=path)
    report_repeated(
        found, problems=problems, key=lambda item: item.get("code") if isinstance(item, dict) else None
    )
    anywhere = Everything()
    references = replace(references_on(NEWEST), teams=anywhere, jobs=anywhere, sites=anywhere)
    for place, item in found:
        before = len(problems)
        section = Section(item, problems=problems, path=place)
        code = section.take("code", str, required=True, default="")
        name_zh, name_en = section.localized("name", required=True)
        is_active = section.take("is_active", bool, default=True)
        configuration = section.take("configuration", dict, required=True, default=blank_configuration())
        section.done()
        configuration = with_text_keys(configuration)
        if code and not CODE.fullmatch(code):
            problems.add((*place, "code"), "cycle_code_malformed")
        for key, text in (("zh", name_zh), ("en", name_en)):
            if len(text) > 120:
                problems.add((*place, "name", key), "cycle_text_too_long", limit=120)
        check_configuration(
            configuration,
            references=references,
            problems=problems,
            path=(*place, "configuration"),
            complete=True,
        )
        if len(problems) == before:
            _store(code, name_zh, name_en, is_active, completed(configuration))


def _store(code: str, name_zh: str, name_en: str, is_active: bool, configuration: dict[str, Any]) -> None:
    wanted = {
        "name_zh": name_zh,
        "name_en": name_en,
        "is_active": is_active,
        "configuration": configuration,
    }
    template = CycleTemplate.objects.select_for_update().filter(code=code).first()
    if template is None:
        CycleTemplate.objects.create(code=code, **wanted)
        return
    changed = [name for name, value in wanted.items() if getattr(template, name) != value]
    for name in changed:
        setattr(template, name, wanted[name])
    if changed:
        template.save(update_fields=changed)


def dump_cycle_templates() -> list[dict[str, Any]]:
    """All templates by code, such that loading them back changes nothing."""
    return [
        {
            "code": template.code,
            "name": {"zh": template.name_zh, "en": template.name_en},
            "is_active": template.is_active,
            "configuration": template.configuration,
        }
        for template in CycleTemplate.objects.order_by("code")
    ]
