"""Inspection forms as a section of a configuration document.

    inspection_forms: [{code, name: {zh, en}, active, versions: [{valid_from, and what inspection_content says}]}]

As with KPIs: loading adds and changes and never takes away, and a version that calls were drawn for must say what the
document says.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from foundation.documents import Path, Problems, Section, compact, items_of, report_repeated
from foundation.refusals import Refusal
from metrics.models import InspectionForm
from metrics.services import inspection_forms
from metrics.services.inspection_content import dump_content, read_content
from people.models import User

Version = tuple[Path, date, dict[str, Any]]


def load_inspection_forms(items: Any, *, actor: User | None, problems: Problems, path: Path) -> None:
    found = items_of(items, problems=problems, path=path)
    report_repeated(
        found, problems=problems, key=lambda item: item.get("code") if isinstance(item, dict) else None
    )
    for place, item in found:
        before = len(problems)
        section = Section(item, problems=problems, path=place)
        code = section.take("code", str, required=True, default="")
        name_zh, name_en = section.localized("name", required=True)
        is_active = section.take("active", bool, default=True)
        raw = section.take("versions", list, required=True, default=[])
        versions = [
            each
            for where, entry in items_of(raw, problems=problems, path=(*place, "versions"))
            if (each := _version(entry, problems=problems, path=where)) is not None
        ]
        section.done()
        if len(problems) > before or not versions:
            continue
        _store(code, name_zh, name_en, is_active, versions, actor=actor, problems=problems, path=place)


def _version(entry: Any, *, problems: Problems, path: Path) -> Version | None:
    before = len(problems)
    content = read_content(entry, problems=problems, path=path, extra=["valid_from"])
    quiet = Section(entry if isinstance(entry, dict) else {}, problems=problems, path=path)
    valid_from = quiet.take("valid_from", date, required=True)
    return (path, valid_from, content) if len(problems) == before and valid_from is not None else None


def _store(
    code: str,
    name_zh: str,
    name_en: str,
    is_active: bool,
    versions: list[Version],
    *,
    actor: User | None,
    problems: Problems,
    path: Path,
) -> None:
    form = InspectionForm.objects.filter(code=code).first()
    for place, valid_from, content in sorted(versions, key=lambda each: each[1]):
        with problems.at(place):
            if form is None:
                form = inspection_forms.create_form(
                    actor=actor,
                    code=code,
                    name_zh=name_zh,
                    name_en=name_en,
                    content=content,
                    valid_from=valid_from,
                )
                continue
            known = form.versions.filter(valid_from=valid_from).first()
            if known is not None and known.content == content:
                continue
            if known is not None and form.versions.filter(number__gt=known.number).exists():
                raise Refusal(
                    "inspection_version_final", field="valid_from", status=409, day=valid_from.isoformat()
                )
            inspection_forms.revise_form(actor=actor, form=form, content=content, valid_from=valid_from)
    if form is not None and (form.name_zh, form.name_en, form.is_active) != (name_zh, name_en, is_active):
        with problems.at(path):
            inspection_forms.rename_form(
                actor=actor, form=form, name_zh=name_zh, name_en=name_en, is_active=is_active
            )


def dump_inspection_forms() -> list[dict[str, Any]]:
    return [
        compact(
            {
                "code": form.code,
                "name": compact({"zh": form.name_zh, "en": form.name_en}),
                "active": None if form.is_active else False,
                "versions": [
                    {"valid_from": version.valid_from, **dump_content(version.content)}
                    for version in sorted(form.versions.all(), key=lambda each: each.number)
                ],
            }
        )
        for form in InspectionForm.objects.prefetch_related("versions").order_by("code")
    ]
