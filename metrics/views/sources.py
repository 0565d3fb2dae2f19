"""Sources: how their files are read, and what each of them brought."""

from __future__ import annotations

import re
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from foundation.intake.selectors import get_import_for
from foundation.interface.access import role_required
from foundation.keyset import page_of
from foundation.refusals import Refusal
from metrics.forms.sources import SourceForm
from metrics.models import Source
from metrics.selectors.measures import measure_names
from metrics.selectors.sources import get_source_for, visible_batches, visible_sources, with_latest_batch
from metrics.services.mapping_fields import chosen_line, type_choices
from metrics.services.mappings import ROLES
from metrics.services.sources import change_source, create_source
from metrics.views.requests import reader, show_refusal


@require_GET
@role_required("hr", "auditor")
def sources(request: HttpRequest) -> HttpResponse:
    context = {
        "sources": with_latest_batch(visible_sources(reader(request))),
        "may_write": reader(request).is_hr,
    }
    return render(request, "metrics/sources.html", context)


@require_GET
@role_required("hr", "auditor")
def source(request: HttpRequest, code: str) -> HttpResponse:
    found = get_source_for(reader(request), code)
    batches = visible_batches(reader(request)).filter(source=found)
    context = {
        "source": found,
        "mapping": _mapping_lines(found),
        "page": page_of(batches, ordering=("-created_at", "-id"), cursor=request.GET.get("cursor")),
        "may_write": reader(request).is_hr,
    }
    return render(request, "metrics/source.html", context)


def _mapping_lines(source: Source) -> list[dict[str, Any]]:
    """How columns are read, a line each."""
    if not source.mapping:
        return []
    names = measure_names()
    roles = ROLES[source.kind]
    lines = [
        {"column": column, "what": str(roles[role]), "how": ""}
        for role, column in source.mapping.get("columns", {}).items()
        if role in roles
    ]
    for code, how in sorted(source.mapping.get("measures", {}).items()):
        lines.append({"column": how.get("column", ""), "what": names.get(code, code), "how": _told(how)})
    return lines


def _told(how: dict[str, Any]) -> str:
    if how.get("aggregation") == "mean":
        return _("the day's mean, of as many values as %(column)s says") % {
            "column": how.get("count_column", "")
        }
    if how.get("aggregation") == "total":
        return _("the day's total")
    kind = how.get("type")
    if kind == "constant":
        return _("each row counts as %(value)s") % {"value": f"{how.get('value', 1):g}"}
    if kind == "duration":
        return _("as a duration")
    if kind == "boolean":
        words = how.get("map") or {}
        return ", ".join(f"{word} = {value:g}" for word, value in words.items()) or _("yes is 1, no is 0")
    return _("as a number")


@require_GET
@role_required("hr")
def import_reading(request: HttpRequest, import_id: int) -> HttpResponse:
    """How one column is written, as soon as it is said what it is; a part of the page of an import."""
    record = get_import_for(reader(request), import_id)
    if record.kind not in Source.Kind.values:
        raise Http404
    found = re.fullmatch(r"(col|more)-(\d{1,4})", request.GET.get("line", ""), re.ASCII)
    if found is None:
        raise Http404
    line = chosen_line(
        request.GET,
        found[1],
        int(found[2]),
        record.columns,
        record.sample,
        kind=record.kind,
        is_new=bool(request.GET.get("new")),
    )
    context = {
        "line": line,
        "prefix": found[1],
        "is_totals": record.kind == Source.Kind.TOTALS,
        "type_choices": type_choices(record.kind),
        "columns": record.columns,
        "reading_url": request.path,
    }
    return render(request, "metrics/_import_reading.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required("hr")
def source_new(request: HttpRequest) -> HttpResponse:
    form = SourceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = create_source(actor=reader(request), **form.cleaned_data)
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, _("Import its first file: the mapping is then kept here."))
            return redirect("metrics:source", made.code)
    return _form(request, form, None)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required("hr")
def source_edit(request: HttpRequest, code: str) -> HttpResponse:
    found = get_source_for(reader(request), code)
    names = ("name_zh", "name_en", "time_zone", "precedence", "is_active")
    form = SourceForm(
        request.POST or None, source=found, initial={name: getattr(found, name) for name in names}
    )
    if request.method == "POST" and form.is_valid():
        try:
            change_source(actor=reader(request), source=found, **form.cleaned_data)
        except Refusal as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, _("Saved."))
            return redirect("metrics:source", found.code)
    return _form(request, form, found)


def _form(request: HttpRequest, form: SourceForm, source: Source | None) -> HttpResponse:
    context = {"form": form, "source": source}
    return render(request, "metrics/source_form.html", context, status=422 if form.errors else 200)
