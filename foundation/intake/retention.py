"""Files that nothing refers to: what a process leaves that is killed between keeping a file and its row."""

from __future__ import annotations

import uuid
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.models import ProtectedError
from django.utils import timezone

from foundation.intake.models import Import, Upload

#: An upload becomes an import in the same request; a day is far beyond any request.
KEPT = timedelta(days=1)
FOLDER = "uploads"


def forget_unused_uploads(*, kept: timedelta = KEPT) -> int:
    """Uploads without an import, and stored files without an upload, both older than `kept`. Returns how many."""
    before = timezone.now() - kept
    forgotten = 0
    unused = Upload.objects.filter(created_at__lt=before).exclude(pk__in=Import.objects.values("upload"))
    for upload in unused:
        with suppress(ProtectedError), transaction.atomic():
            upload.delete()
            transaction.on_commit(lambda file=upload.file: file.storage.delete(file.name))  # type: ignore[misc]
            forgotten += 1
    storage = Upload._meta.get_field("file").storage
    try:
        names = storage.listdir(FOLDER)[1]
    except FileNotFoundError:
        return forgotten
    known = {str(key) for key in Upload.objects.values_list("pk", flat=True)}
    for name in names:
        with suppress(FileNotFoundError, ValueError):
            uuid.UUID(name)  # ours are named so; anything else in there is somebody's business
            path = f"{FOLDER}/{name}"
            changed = storage.get_modified_time(path)
            if name not in known and _aware(changed) < before:
                storage.delete(path)
                forgotten += 1
    return forgotten


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
