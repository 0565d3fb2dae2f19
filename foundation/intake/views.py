"""Importing a file in the browser: choose, match columns, look at what would happen, store."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from foundation.intake import kinds, services
from foundation.intake.forms import UploadForm
from foundation.intake.models import Import
from foundation.intake.selectors import (
    get_import_for,
    importable_kinds,
    may_import,
    reject_text,
    rejected_rows,
    rejects_of,
    visible_imports,
)
from foundation.intake.uploads import was_too_big
from foundation.intake.wording import summary_lines
from foundation.intake.writing import csv_lines
from foundation.interface.access import role_required
from foundation.keyset import page_of
from foundation.refusals import Refusal, refusal_text
from foundation.runs.models import Run
from foundation.runs.presentation import describe

#: Roles that any kind may name. Which kinds a person sees is the selectors' business.
ROLES = ("hr", "payroll", "auditor")
SHOWN_REJECTS = 50
MATCHABLE = (Import.State.DRAFT, Import.State.CHECKED, Import.State.FAILED)


@require_GET
@role_required(*ROLES)
def imports(request: HttpRequest) -> HttpResponse:
    kind = request.GET.get("kind") or ""
    rows = visible_imports(request.user)
    if kind:
        rows = rows.filter(kind=kind)
    page = page_of(rows, ordering=("-created_at", "-id"), cursor=request.GET.get("cursor"))
    context = {
        "page": page,
        "rows": [{"record": record, "kind": kinds.find(record.kind)} for record in page.items],
        "kinds": importable_kinds(request.user),
        "kind": kind,
    }
    return render(request, "intake/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(*ROLES)
def new(request: HttpRequest) -> HttpResponse:
    """?kind= chosen: the form; without it the kinds to choose from, unless there is only one."""
    offered = importable_kinds(request.user)
    if not offered:
        raise PermissionDenied
    code = (
        request.POST.get("kind") or request.GET.get("kind") or (offered[0].kind if len(offered) == 1 else "")
    )
    kind = next((each for each in offered if each.kind == code), None)
    if kind is None:
        return render(request, "intake/kinds.html", {"kinds": offered})
    status = 200
    if request.method == "POST":
        form = UploadForm(kind, request.POST, request.FILES)
        if was_too_big(request):
            form.errors.clear()
            form.add_error("file", _too_big())
        elif form.is_valid():
            try:
                record = services.receive_import(
                    actor=request.user,
                    kind=kind.kind,
                    file=form.cleaned_data["file"],
                    source_code=form.cleaned_data.get("source", ""),
                )
            except Refusal as refusal:
                form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
            else:
                return redirect("intake:detail", record.pk)
        status = 422
    else:
        form = UploadForm(kind, initial={"source": request.GET.get("source", "")})
    context = {
        "kind": kind,
        "form": form,
        "max_bytes": settings.INTAKE_MAX_BYTES,
        "has_choice": len(offered) > 1,
    }
    return render(request, "intake/new.html", context, status=status)


def _too_big() -> str:
    return refusal_text("file_too_big", {"limit": settings.INTAKE_MAX_BYTES // (1024 * 1024)})


@require_GET
@role_required(*ROLES)
def detail(request: HttpRequest, import_id: int) -> HttpResponse:
    record = get_import_for(request.user, import_id)
    return _draw(request, record)


@require_POST
@role_required(*ROLES, write=("hr", "payroll"))
def check(request: HttpRequest, import_id: int) -> HttpResponse:
    """Keep the matching that was posted, and check the file with it."""
    record = get_import_for(request.user, import_id)
    handler = kinds.get(record.kind)
    posted = handler.mapping_from_post(request.POST, record.columns)
    options = {**record.options, **handler.options_from_post(request.POST)}

    def act() -> Any:
        services.set_mapping(actor=request.user, import_record=record, mapping=posted, options=options)
        return services.check_import(actor=request.user, import_record=record)

    return _act(request, record, act, mapping=posted)


@require_POST
@role_required(*ROLES, write=("hr", "payroll"))
def apply(request: HttpRequest, import_id: int) -> HttpResponse:
    record = get_import_for(request.user, import_id)
    return _act(request, record, lambda: services.apply_import(actor=request.user, import_record=record))


def _act(
    request: HttpRequest, record: Import, act: Callable[[], Any], *, mapping: dict[str, Any] | None = None
) -> HttpResponse:
    """A refused matching is drawn again with what was chosen. Everything else leads to the import's own address,
    which a reload, also the one at the end of a run, asks for without sending anything twice."""
    try:
        act()
    except Refusal as refusal:
        record.refresh_from_db()
        if mapping is not None and record.state in MATCHABLE:
            record.mapping = mapping
            return _draw(request, record, error=str(refusal), status=refusal.status)
        messages.error(request, str(refusal))
    return redirect("intake:detail", record.pk)


def _draw(request: HttpRequest, record: Import, *, error: str = "", status: int = 200) -> HttpResponse:
    handler = kinds.find(record.kind)
    if handler is None:
        raise Http404  # a kind of an earlier version, of which nothing is known any more
    may_write = may_import(request.user, handler)
    refuses = record.options.get("on_rejects", handler.on_rejects) == "refuse"
    stored_message = refusal_text(record.message_code, record.message_params) if record.message_code else ""
    rejects = list(rejects_of(record)[: SHOWN_REJECTS + 1])
    context: dict[str, Any] = {
        "record": record,
        "kind": handler,
        "kind_label": handler.label,
        "source_name": dict(handler.sources()).get(record.source_code, record.source_code),
        "problem": error or stored_message,
        "rejects": [{"reject": reject, "text": reject_text(reject)} for reject in rejects[:SHOWN_REJECTS]],
        "has_more_rejects": len(rejects) > SHOWN_REJECTS,
        "may_write": may_write,
        "may_store": may_write and _is_storable(record, refuses=refuses),
        "may_match": may_write and record.state in MATCHABLE,
        "refuses": refuses,
        "summary": record.summary,
        "summary_lines": summary_lines(record.summary),
        "result_url": handler.result_url(record),
        "progress": _progress(record, request.user),
        "columns": record.columns,
        "mapping": record.mapping,
        "fields": _fields(handler, record),
        **handler.mapping_context(record),
    }
    return render(request, "intake/detail.html", context, status=status)


def _is_storable(record: Import, *, refuses: bool) -> bool:
    if record.state != Import.State.CHECKED or record.rows_accepted == 0:
        return False
    return not (refuses and record.rows_rejected)


def _progress(record: Import, user: Any) -> dict[str, Any] | None:
    """While it goes on, and afterwards if it did not end well, so that it can be started again."""
    run = record.run
    if run is None or record.state in (Import.State.APPLIED, Import.State.UNCHANGED):
        return None
    shown = run.is_active or run.state in (Run.State.FAILED, Run.State.STOPPED)
    return describe(run, user) if shown else None


def _fields(handler: kinds.ImportKind, record: Import) -> list[dict[str, Any]]:
    """Each field with the column it is matched with and the first values that stand there."""
    places = {column: place for place, column in enumerate(record.columns)}
    found = []
    for field in handler.get_fields(record):
        column = record.mapping.get(field.code) if isinstance(record.mapping, dict) else None
        place = places.get(column) if isinstance(column, str) else None
        samples = [row[place] for row in record.sample if row[place]] if place is not None else []
        found.append({"field": field, "column": column, "samples": list(dict.fromkeys(samples))[:3]})
    return found


@require_GET
@role_required(*ROLES)
def rejects(request: HttpRequest, import_id: int) -> HttpResponse:
    """The rejected rows as they came, with line and reason, to be corrected and imported again."""
    record = get_import_for(request.user, import_id)
    try:
        columns, rows = rejected_rows(record, line=_("Line in the file"), reason=_("Why it was not taken"))
    except Refusal as refusal:
        messages.error(request, str(refusal))
        return redirect("intake:detail", record.pk)
    response = HttpResponse(csv_lines(columns, rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="rejected-rows-{record.pk}.csv"'
    return response
