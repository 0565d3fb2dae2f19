"""Who sees which imports: whoever may do imports of that kind, and auditors."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet
from django.http import Http404

from foundation.intake import kinds
from foundation.intake.models import Import, Reject, Upload
from foundation.intake.reading import Table, read_table
from foundation.refusals import Refusal, refusal_text


def may_import(user: Any, kind: kinds.ImportKind) -> bool:
    return user.has_role(*kind.roles)


def importable_kinds(user: Any) -> list[kinds.ImportKind]:
    """Kinds that `user` may import, by name in the reader's language."""
    return sorted(
        (kind for kind in kinds.every() if may_import(user, kind)), key=lambda kind: str(kind.label)
    )


def visible_imports(user: Any) -> QuerySet[Import]:
    imports = Import.objects.select_related("upload", "created_by", "run")
    if user.has_role("auditor"):
        return imports
    return imports.filter(kind__in=[kind.kind for kind in importable_kinds(user)])


def get_import_for(user: Any, key: Any) -> Import:
    """Http404 for a missing and for a foreign id alike."""
    text = str(key)
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise Http404
    found = visible_imports(user).filter(pk=int(text)).first()
    if found is None:
        raise Http404
    return found


def get_upload_for(user: Any, key: Any) -> Upload:
    """One's own uploads only."""
    try:
        return Upload.objects.get(pk=uuid.UUID(str(key)), uploaded_by=user)
    except (Upload.DoesNotExist, ValueError):
        raise Http404 from None


def rejects_of(import_record: Import) -> QuerySet[Reject]:
    return import_record.rejects.order_by("line", "id")


def reject_text(reject: Reject) -> str:
    """Why, in the reader's language."""
    return refusal_text(reject.code, reject.params)


def read_import(import_record: Import) -> Table:
    """The uploaded file as a table. Refusals: those of read_table, and upload_gone."""
    try:
        path = import_record.upload.file.path
        return read_table(
            path,
            import_record.upload.name,
            sheet=import_record.options.get("sheet"),
            encoding=import_record.options.get("encoding"),
        )
    except FileNotFoundError:
        raise Refusal("upload_gone", field="file") from None


def rejected_rows(import_record: Import, *, line: str, reason: str) -> tuple[list[str], Iterator[list[str]]]:
    """Columns and rows of the file to download: the rejected rows as they came, each with its line and every reason."""
    table = read_import(import_record)
    reasons: dict[int, list[str]] = {}
    for reject in rejects_of(import_record).iterator():
        text = reject_text(reject)
        reasons.setdefault(reject.line, []).append(f"{reject.column}: {text}" if reject.column else text)

    def rows() -> Iterator[list[str]]:
        for number, texts in reasons.items():
            if number in table.frame.index:
                cells = [str(value or "") for value in table.frame.loc[number]]
            else:
                cells = [""] * len(table.columns)
            yield [*cells, str(number), " ".join(texts)]

    return [*table.columns, line, reason], rows()
