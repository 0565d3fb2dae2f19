"""Inspection forms: HR makes them, corrects a version that nobody has used, and begins another one."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from foundation.refusals import Refusal
from foundation.trail.services import recording
from metrics.models import InspectionForm, InspectionFormVersion
from metrics.services.authority import SOURCE_CODE, is_code, require_hr
from metrics.services.inspection_content import check_content
from people.models import User


@transaction.atomic
def create_form(
    *,
    actor: User | None,
    code: str,
    content: Any,
    valid_from: date,
    name_zh: str = "",
    name_en: str = "",
) -> InspectionForm:
    """A form with its first version. Refusals: metrics_hr_only, inspection_form_*, and those of the content."""
    require_hr(actor)
    if not is_code(code, SOURCE_CODE) or code == "total":
        raise Refusal("inspection_form_code", field="code", name=code[:60])
    _check_name(name_zh, name_en)
    checked = check_content(content)
    form = InspectionForm(code=code, name_zh=name_zh, name_en=name_en)
    with recording(actor=actor):
        try:
            with transaction.atomic():
                form.save(force_insert=True)
        except IntegrityError as error:
            raise Refusal("inspection_form_exists", field="code", status=409, name=code) from error
        _add_version(actor, form, 1, valid_from, checked)
    return form


@transaction.atomic
def revise_form(
    *,
    actor: User | None,
    form: InspectionForm,
    content: Any,
    valid_from: date,
    seen_number: int | None = None,
) -> InspectionFormVersion:
    """Corrects the latest version as long as no calls were drawn for it and it keeps its day; else begins another.

    seen_number   the number of the version that was on the screen: somebody else may have begun another meanwhile
    Refusals: metrics_hr_only, inspection_form_stale (409), inspection_version_earlier, inspection_version_final, and
    those of the content.
    """
    require_hr(actor)
    form = InspectionForm.objects.select_for_update().get(pk=form.pk)
    last = form.versions.order_by("-number")[0]
    if seen_number is not None and seen_number != last.number:
        raise Refusal("inspection_form_stale", status=409)
    checked = check_content(content)
    if valid_from == last.valid_from:
        if last.content == checked:
            return last
        if last.frozen_at is not None:
            raise Refusal(
                "inspection_version_final", field="valid_from", status=409, day=valid_from.isoformat()
            )
        last.content = checked
        with recording(actor=actor):
            last.save(update_fields=["content"])
        return last
    if valid_from < last.valid_from:
        raise Refusal("inspection_version_earlier", field="valid_from", day=last.valid_from.isoformat())
    with recording(actor=actor):
        return _add_version(actor, form, last.number + 1, valid_from, checked)


@transaction.atomic
def rename_form(
    *, actor: User | None, form: InspectionForm, name_zh: str, name_en: str, is_active: bool | None = None
) -> InspectionForm:
    """New names, and whether it is offered for new samples. Refusals: metrics_hr_only, inspection_form_name."""
    require_hr(actor)
    _check_name(name_zh, name_en)
    form = InspectionForm.objects.select_for_update().get(pk=form.pk)
    form.name_zh, form.name_en = name_zh, name_en
    if is_active is not None:
        form.is_active = is_active
    with recording(actor=actor):
        form.save()
    return form


def freeze_version(version: InspectionFormVersion) -> None:
    """Calls are drawn for it: from now on it is final."""
    if version.frozen_at is None:
        version.frozen_at = timezone.now()
        version.save(update_fields=["frozen_at"])


def _add_version(
    actor: User | None, form: InspectionForm, number: int, valid_from: date, content: dict[str, Any]
) -> InspectionFormVersion:
    return InspectionFormVersion.objects.create(
        form=form, number=number, valid_from=valid_from, content=content, created_by=actor
    )


def _check_name(name_zh: str, name_en: str) -> None:
    if not (name_zh or name_en):
        raise Refusal("inspection_form_name", field="name_en")
