"""Inspection forms: the list, what one asks, and the editor."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from foundation.interface.access import role_required
from foundation.refusals import Refusal
from metrics import inspection_wording as wording
from metrics.forms.inspection_forms import (
    FATAL,
    InspectionFormForm,
    Row,
    changed_rows,
    initial_of,
    new_initial,
    new_rows,
    posted_rows,
    rows_of,
    weight_total,
)
from metrics.models import InspectionForm, InspectionFormVersion
from metrics.selectors.inspections import get_form_for, visible_forms
from metrics.services import inspection_forms as services
from metrics.services.inspection_content import KINDS, PARTLY, SCALE, YES_NO, ContentRefused
from metrics.views.requests import reader

EVERYONE = ("hr", "auditor", "payroll", "manager", "inspector", "employee")


@require_GET
@role_required(*EVERYONE)
def forms(request: HttpRequest) -> HttpResponse:
    rows = [
        {"form": form, "version": current(form), "versions": len(form.versions.all())}
        for form in visible_forms(reader(request))
    ]
    return render(
        request, "metrics/inspection_forms.html", {"rows": rows, "may_write": reader(request).is_hr}
    )


def current(form: InspectionForm) -> InspectionFormVersion:
    """The version of today; before the first one begins, that first one."""
    versions = sorted(form.versions.all(), key=lambda each: each.valid_from)
    valid = [each for each in versions if each.valid_from <= timezone.localdate()]
    return valid[-1] if valid else versions[0]


@require_GET
@role_required(*EVERYONE)
def form(request: HttpRequest, code: str) -> HttpResponse:
    """What is asked, by whatever version; agents read it as well."""
    found = get_form_for(reader(request), code)
    asked = request.GET.get("version", "")
    versions = list(found.versions.all())
    version = next((each for each in versions if str(each.number) == asked), current(found))
    context = {
        "form": found,
        "version": version,
        "versions": versions,
        "sections": _sections(version),
        "fatal_errors": [
            {
                "name": wording.text_of(error["name"]),
                "description": wording.text_of(error.get("description")),
            }
            for error in version.fatal_errors
        ],
        "fatal_rule": wording.fatal_rule(version),
        "may_write": reader(request).is_hr,
    }
    return render(request, "metrics/inspection_form.html", context)


def _sections(version: InspectionFormVersion) -> list[dict[str, Any]]:
    return [
        {
            "name": wording.text_of(section["name"]),
            "lines": [
                {
                    "name": wording.text_of(item["name"]),
                    "description": wording.text_of(item.get("description")),
                    "weight": item["weight"],
                    "answers": wording.kind_text(item),
                    "levels": [each for each in wording.choices(item) if each["text"]],
                    "not_applicable": item["not_applicable"],
                }
                for item in section["items"]
            ],
        }
        for section in version.content["sections"]
    ]


@require_http_methods(["GET", "HEAD", "POST"])
@role_required("hr")
def form_new(request: HttpRequest) -> HttpResponse:
    head = InspectionFormForm(request.POST or None, with_code=True, initial=new_initial())
    rows = posted_rows(request.POST) if request.method == "POST" else new_rows()
    if request.method != "POST":
        return _editor(request, head, rows)
    if do := request.POST.get("do"):
        return _changed(request, rows, do, None)
    if not head.is_valid():
        return _editor(request, head, rows)
    data = head.cleaned_data
    try:
        made = services.create_form(
            actor=reader(request),
            code=data["code"],
            name_zh=data["name_zh"],
            name_en=data["name_en"],
            valid_from=data["valid_from"],
            content=head.content(rows),
        )
    except Refusal as refusal:
        return _editor(request, head, rows, refusal=refusal)
    messages.success(request, _("%(name)s can now be used to draw calls.") % {"name": made.name})
    return redirect("metrics:inspection_form", made.code)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required("hr")
def form_edit(request: HttpRequest, code: str) -> HttpResponse:
    found = get_form_for(reader(request), code)
    last = max(found.versions.all(), key=lambda each: each.number)
    head = InspectionFormForm(request.POST or None, with_code=False, initial=initial_of(last))
    rows = posted_rows(request.POST) if request.method == "POST" else rows_of(last.content)
    if request.method != "POST":
        return _editor(request, head, rows, last=last)
    if do := request.POST.get("do"):
        return _changed(request, rows, do, last)
    if not head.is_valid():
        return _editor(request, head, rows, last=last)
    data = head.cleaned_data
    seen = request.POST.get("number", "")
    try:
        version = services.revise_form(
            actor=reader(request),
            form=found,
            valid_from=data["valid_from"],
            content=head.content(rows),
            seen_number=int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 9 else 0,
        )
        services.rename_form(
            actor=reader(request),
            form=found,
            name_zh=data["name_zh"],
            name_en=data["name_en"],
            is_active=found.is_active,
        )
    except Refusal as refusal:
        return _editor(request, head, rows, last=last, refusal=refusal)
    messages.success(request, _("Version %(number)s is saved.") % {"number": version.number})
    return redirect("metrics:inspection_form", found.code)


@require_POST
@role_required("hr")
def form_total(request: HttpRequest) -> HttpResponse:
    """The sum of the weights as they stand in the browser."""
    return render(request, "metrics/_weight_total.html", {"total": weight_total(posted_rows(request.POST))})


@require_POST
@role_required("hr")
def form_active(request: HttpRequest, code: str) -> HttpResponse:
    found = get_form_for(reader(request), code)
    is_active = request.POST.get("active") == "1"
    services.rename_form(
        actor=reader(request), form=found, name_zh=found.name_zh, name_en=found.name_en, is_active=is_active
    )
    told = _("%(name)s is in use again.") if is_active else _("No more calls are drawn for %(name)s.")
    messages.success(request, told % {"name": found.name})
    return redirect("metrics:inspection_form", found.code)


def _changed(
    request: HttpRequest, rows: list[Row], do: str, last: InspectionFormVersion | None
) -> HttpResponse:
    """A row was added, moved or taken away: only the rows where the page asks for them, else the page."""
    rows, place = changed_rows(rows, do)
    context = {"rows": _shown(rows), "total": weight_total(rows), "focus": place, "kinds": _kinds()}
    if request.headers.get("HX-Request"):
        return render(request, "metrics/_inspection_rows.html", context)
    head = InspectionFormForm(initial=request.POST.dict(), with_code=last is None)
    return render(request, "metrics/inspection_form_edit.html", {**context, "head": head, "last": last})


def _editor(
    request: HttpRequest,
    head: InspectionFormForm,
    rows: list[Row],
    *,
    last: InspectionFormVersion | None = None,
    refusal: Refusal | None = None,
) -> HttpResponse:
    problems: list[str] = []
    if isinstance(refusal, ContentRefused):
        problems = [_told(problem.path, problem.text, rows) for problem in refusal.problems]
    elif refusal is not None:
        head.add_error(refusal.field if refusal.field in head.fields else None, str(refusal))
    context = {
        "head": head,
        "rows": _shown(rows),
        "total": weight_total(rows),
        "last": last,
        "problems": problems,
        "kinds": _kinds(),
    }
    return render(
        request, "metrics/inspection_form_edit.html", context, status=422 if head.errors or problems else 200
    )


def _told(path: tuple[str | int, ...], text: str, rows: list[Row]) -> str:
    """What is wrong with the name of the item that it is wrong with."""
    sections = [row for row in rows if row["kind"] == "section"]
    if len(path) >= 2 and path[0] == "fatal_errors" and isinstance(path[1], int):
        found = [row for row in rows if row["kind"] == FATAL][path[1] : path[1] + 1]
    elif len(path) >= 4 and path[2] == "items" and isinstance(path[1], int) and isinstance(path[3], int):
        found = _items_of(rows, path[1])[path[3] : path[3] + 1]
    elif len(path) >= 2 and path[0] == "sections" and isinstance(path[1], int):
        found = sections[path[1] : path[1] + 1]
    else:
        found = []
    name = next((row["name_zh"] or row["name_en"] for row in found), "")
    if (row := next(iter(found), None)) and wording.text_of({"zh": row["name_zh"], "en": row["name_en"]}):
        name = wording.text_of({"zh": row["name_zh"], "en": row["name_en"]})
    return _("%(name)s: %(problem)s") % {"name": name, "problem": text} if name else text


def _items_of(rows: list[Row], section: int) -> list[Row]:
    at, found = -1, []
    for row in rows:
        at += row["kind"] == "section"
        if row["kind"] == "item" and max(at, 0) == section:
            found.append(row)
    return found


def _shown(rows: list[Row]) -> list[dict[str, Any]]:
    """Rows with their numbers, as people count them."""
    shown, number = [], 0
    for row in rows:
        number += row["kind"] == "item"
        shown.append({**row, "number": number if row["kind"] == "item" else ""})
    return shown


def _kinds() -> list[tuple[str, str]]:
    labels = {YES_NO: _("Yes / no"), PARTLY: _("Yes / partly / no"), SCALE: _("Scale from 1")}
    return [(kind, labels[kind]) for kind in KINDS]
