"""From an uploaded file to stored data: match columns, check without storing, store once.

    store_upload → create_import (both: receive_import) → set_mapping → check_import → apply_import

Checking stores nothing of the domain. Storing reads and checks the file again and writes everything in one
transaction, by a durable run, so that a file is stored whole or not at all.
"""

from __future__ import annotations

import csv
import errno
import hashlib
import io
import logging
import re
from collections.abc import Iterable, Mapping
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile, File
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from foundation.intake import kinds
from foundation.intake.models import Import, Reject, Upload, upload_path
from foundation.intake.reading import Table
from foundation.intake.selectors import may_import, read_import
from foundation.refusals import Refusal
from foundation.runs.models import Run
from foundation.runs.services import start_run

log = logging.getLogger(__name__)

MAXIMUM_REJECTS = 10_000
SAMPLE_ROWS = 20
SAMPLE_CHARACTERS = 200
#: Larger files are checked by a worker, so that nobody waits for a page.
INLINE_BYTES = 4 * 1024 * 1024
MAXIMUM_PUSHED_ROWS = 20_000
OPTIONS = ("sheet", "encoding", "on_rejects")
CHECK_RUN, APPLY_RUN = "import_check", "import"
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


# Uploads -----------------------------------------------------------------------------------------------


def store_upload(*, actor: Any, file: UploadedFile | File[Any] | None, name: str = "") -> Upload:
    """Keep a file as it came. Refusals: file_missing, file_empty, file_too_big (counted while reading,
    whatever size was declared). What is in it is looked at by create_import."""
    if file is None:
        raise Refusal("file_missing", field="file")
    limit = settings.INTAKE_MAX_BYTES
    too_big = Refusal("file_too_big", field="file", status=413, limit=limit // (1024 * 1024))
    if (getattr(file, "size", None) or 0) > limit:
        raise too_big
    digest, size = hashlib.sha256(), 0
    for chunk in file.chunks():
        size += len(chunk)
        if size > limit:
            raise too_big
        digest.update(chunk)
    if size == 0:
        raise Refusal("file_empty", field="file")
    file.seek(0)
    name = (
        UNSTORABLE.sub("", name or getattr(file, "name", "") or "file").replace("\\", "/").rsplit("/", 1)[-1]
    )
    upload = Upload(name=name[-255:], size=size, sha256=digest.hexdigest(), uploaded_by=actor)
    try:
        upload.file.save(name, file, save=False)
        upload.save(force_insert=True)
    except BaseException as error:
        _forget_file(upload)
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            log.error("no room for an upload of %s bytes", size, exc_info=error)
            raise Refusal("file_no_room", field="file", status=507) from error
        raise
    return upload


def _forget_file(upload: Upload) -> None:
    """Nothing of it stays on the disk, also not the half that a full disk took."""
    upload.file.storage.delete(upload_path(upload, upload.name))


def store_rows(*, actor: Any, rows: Any, name: str = "") -> Upload:
    """Rows pushed as JSON objects, kept as the CSV file that they would have been (line 1 is the header).

    Refusals: rows_shape, rows_too_many, file_no_rows.
    """
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Refusal("rows_shape", field="rows")
    if not rows:
        raise Refusal("file_no_rows", field="rows")
    if len(rows) > MAXIMUM_PUSHED_ROWS:
        raise Refusal("rows_too_many", field="rows", limit=MAXIMUM_PUSHED_ROWS)
    columns = list(dict.fromkeys(key for row in rows for key in row))
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_pushed_cell(row.get(column)) for column in columns])
    content = text.getvalue().encode("utf-8", errors="replace")
    stem = UNSTORABLE.sub("", name)[:200] or f"rows-{hashlib.sha256(content).hexdigest()[:12]}"
    return store_upload(
        actor=actor,
        file=ContentFile(content),
        name=stem if stem.casefold().endswith(".csv") else f"{stem}.csv",
    )


def _pushed_cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, (str, int, float)):
        return str(value)
    raise Refusal("rows_shape", field="rows")


# Imports -----------------------------------------------------------------------------------------------


def receive_import(
    *, actor: Any, kind: str, file: Any = None, rows: Any = None, name: str = "", **more: Any
) -> Import:
    """A new file (or `rows`) and its import at once: a file that is refused is not kept. `more` and the refusals: as
    create_import, with those of store_upload and store_rows. Whoever may not import leaves no file behind."""
    _authorise(actor, kinds.get(kind))
    upload = None
    try:
        with transaction.atomic():
            if rows is not None:
                upload = store_rows(actor=actor, rows=rows, name=name)
            else:
                upload = store_upload(actor=actor, file=file, name=name)
            return create_import(actor=actor, kind=kind, upload=upload, **more)
    except BaseException:
        if upload is not None:
            _forget_file(upload)  # its row is rolled back
        raise


@transaction.atomic
def create_import(
    *,
    actor: Any,
    kind: str,
    upload: Upload,
    source_code: str = "",
    mapping: Mapping[str, Any] | None = None,
    options: Mapping[str, Any] | None = None,
) -> Import:
    """Open the file, keep its columns and first rows, and match columns: as given, as saved for the source, or guessed.

    Refusals: import_forbidden, import_kind_unknown, import_source_missing, import_source_unknown, import_options,
    those of reading the file, and those of the mapping where one is given.
    """
    handler = kinds.get(kind)
    _authorise(actor, handler)
    _check_source(handler, source_code)
    record = Import(
        kind=kind,
        source_code=source_code,
        upload=upload,
        options=_checked_options(handler, options),
        created_by=actor,
    )
    table = read_import(record)
    record.columns = table.columns
    record.sample = [[_shortened(value) for value in row] for row in table.sample(SAMPLE_ROWS)]
    record.rows_total = table.rows
    if mapping is not None:
        record.mapping = _checked_mapping(handler, mapping, table.columns)
    else:
        record.mapping = _first_mapping(handler, source_code, table.columns)
    record.save(force_insert=True)
    return record


@transaction.atomic
def set_mapping(
    *, actor: Any, import_record: Import, mapping: Mapping[str, Any], options: Mapping[str, Any] | None = None
) -> Import:
    """Match columns anew; what was found by an earlier check is forgotten. Refusals: import_state, those of
    the mapping."""
    record, handler = _locked(
        actor, import_record, Import.State.DRAFT, Import.State.CHECKED, Import.State.FAILED
    )
    record.mapping = _checked_mapping(handler, mapping, record.columns)
    if options is not None:
        record.options = _checked_options(handler, options)
    _forget_check(record)
    record.state = Import.State.DRAFT
    record.save()
    return record


@transaction.atomic
def check_import(*, actor: Any, import_record: Import) -> Import:
    """Look at every row and store nothing: counts, rejects and the kind's summary are kept with the import.

    Large files are checked by a worker; the state is then CHECKING. Refusals: import_state, those of the file
    and mapping.
    """
    record, handler = _locked(
        actor, import_record, Import.State.DRAFT, Import.State.CHECKED, Import.State.FAILED
    )
    handler.validate_mapping(record.mapping, record.columns)
    _forget_check(record)
    if record.upload.size > INLINE_BYTES:
        record.state = Import.State.CHECKING
        record.run = start_run(actor=actor, kind=CHECK_RUN, scope=f"import:{record.pk}")
        record.save()
        return record
    perform_check(record, handler)
    return record


@transaction.atomic
def apply_import(*, actor: Any, import_record: Import) -> Import:
    """Store the good rows, by a run; the state is APPLYING until a worker has done it.

    Refusals: import_not_checked, import_nothing_accepted, import_has_rejects (for kinds or options that refuse).
    """
    record, handler = _locked(actor, import_record)
    if record.state in (Import.State.DRAFT, Import.State.FAILED):
        raise Refusal("import_not_checked", status=409)
    if record.state != Import.State.CHECKED:
        raise Refusal("import_state", status=409)
    if record.rows_accepted == 0:
        raise Refusal("import_nothing_accepted", status=422)
    if record.rows_rejected and _refuses_rejects(record, handler):
        raise Refusal("import_has_rejects", status=422, count=record.rows_rejected)
    record.state = Import.State.APPLYING
    record.run = start_run(actor=actor, kind=APPLY_RUN, scope=f"import:{record.pk}")
    record.save()
    return record


# What runs call ----------------------------------------------------------------------------------------


def perform_check(record: Import, handler: kinds.ImportKind) -> None:
    """The dry run itself, on a locked record. A mapping that passes is saved for its source."""
    table = read_import(record)
    checked = _checked(record, handler, table)
    _keep_findings(record, table, checked)
    record.state = Import.State.CHECKED
    record.save()
    if record.source_code:
        handler.save_mapping(record.source_code, record.mapping, actor=record.created_by)


def perform_apply(record: Import, handler: kinds.ImportKind) -> None:
    """Read, check and store, on a locked record and in the caller's transaction."""
    table = read_import(record)
    confirmed = record.rows_rejected
    checked = _checked(record, handler, table)
    found = len({reject.line for reject in checked.rejects})
    if found and _refuses_rejects(record, handler):
        raise Refusal("import_has_rejects", status=422, count=found)
    if found > confirmed:
        raise Refusal("import_changed", status=409, count=found)  # more than the person has agreed to lose
    _keep_findings(record, table, checked)
    summary = dict(handler.apply(record, checked))
    unchanged = bool(summary.pop("unchanged", False))
    record.summary = {**record.summary, **summary}
    record.state = Import.State.UNCHANGED if unchanged else Import.State.APPLIED
    record.applied_at = timezone.now()
    record.save()


def end_in(import_id: int, state: str, *, run: Run | None = None) -> None:
    """What becomes of an import whose run failed or was stopped."""
    record = Import.objects.select_for_update().filter(pk=import_id).first()
    if record is None or record.state not in (Import.State.CHECKING, Import.State.APPLYING):
        return
    record.state = state
    if run is not None:
        record.message_code, record.message_params = run.error_code, run.error_params
    record.save(update_fields=["state", "message_code", "message_params"])


def _checked(record: Import, handler: kinds.ImportKind, table: Table) -> kinds.Checked:
    handler.validate_mapping(record.mapping, table.columns)
    checked = handler.check(record, table)
    checked.rejects = sorted([*table.rejects, *checked.rejects], key=lambda reject: reject.line)
    return checked


def _keep_findings(record: Import, table: Table, checked: kinds.Checked) -> None:
    record.rows_total = table.rows
    record.rows_accepted = checked.rows_accepted
    record.rows_rejected = len({reject.line for reject in checked.rejects})
    record.summary = checked.summary
    record.message_code, record.message_params = "", {}
    record.rejects.all().delete()
    Reject.objects.bulk_create(_reject_rows(record, checked.rejects[:MAXIMUM_REJECTS]), batch_size=2_000)


def _reject_rows(record: Import, rejects: Iterable[kinds.RejectRow]) -> list[Reject]:
    return [
        Reject(
            import_record=record,
            line=reject.line,
            column=UNSTORABLE.sub("", str(reject.column))[:120],
            value=UNSTORABLE.sub("", str(reject.value))[:200],
            code=reject.code,
            params={
                key: value if isinstance(value, (int, float, str)) else str(value)
                for key, value in reject.params.items()
            },
        )
        for reject in rejects
    ]


# Small things ------------------------------------------------------------------------------------------


def _locked(actor: Any, import_record: Import, *states: str) -> tuple[Import, kinds.ImportKind]:
    record = (
        Import.objects.select_for_update(of=("self",))
        .select_related("upload", "created_by")
        .get(pk=import_record.pk)
    )
    handler = kinds.get(record.kind)
    _authorise(actor, handler)
    if states and record.state not in states:
        raise Refusal("import_state", status=409)
    return record, handler


def _authorise(actor: Any, handler: kinds.ImportKind) -> None:
    if not may_import(actor, handler):
        raise Refusal("import_forbidden", status=403)


def _check_source(handler: kinds.ImportKind, source_code: str) -> None:
    if not handler.needs_source:
        if source_code:
            raise Refusal("import_source_unknown", field="source", source=source_code[:60])
        return
    if not source_code:
        raise Refusal("import_source_missing", field="source")
    if source_code not in dict(handler.sources()):
        raise Refusal("import_source_unknown", field="source", source=source_code[:60])


def _checked_options(handler: kinds.ImportKind, options: Mapping[str, Any] | None) -> dict[str, Any]:
    known = {*OPTIONS, *handler.option_names}
    found = {} if options is None else options
    refusal = Refusal("import_options", field="options", known=", ".join(sorted(known)))
    if not isinstance(found, Mapping) or not set(found) <= known:
        raise refusal
    cleaned = {key: value for key, value in found.items() if value not in (None, "")}
    if any(not isinstance(cleaned.get(key, ""), str) for key in OPTIONS):
        raise refusal
    if cleaned.get("on_rejects", "skip") not in ("skip", "refuse"):
        raise refusal
    return cleaned


def _checked_mapping(handler: kinds.ImportKind, mapping: Any, columns: list[str]) -> dict[str, Any]:
    if not isinstance(mapping, Mapping):
        raise Refusal("mapping_shape", field="mapping")
    handler.validate_mapping(mapping, columns)
    return dict(mapping)


def _first_mapping(handler: kinds.ImportKind, source_code: str, columns: list[str]) -> dict[str, Any]:
    """The saved one where it fits this file, else a guess, which may be incomplete."""
    saved = handler.saved_mapping(source_code) if source_code else None
    if saved:
        try:
            handler.validate_mapping(saved, columns)
            return saved
        except Refusal:
            pass
    return handler.guess(columns)


def _refuses_rejects(record: Import, handler: kinds.ImportKind) -> bool:
    return record.options.get("on_rejects", handler.on_rejects) == "refuse"


def _forget_check(record: Import) -> None:
    record.rejects.all().delete()
    record.rows_accepted = record.rows_rejected = 0
    record.summary = {}
    record.message_code, record.message_params = "", {}


def _shortened(value: str | None) -> str | None:
    return value if value is None or len(value) <= SAMPLE_CHARACTERS else value[:SAMPLE_CHARACTERS] + "…"
