"""Files from outside: kept as they came, checked row by row, applied once."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


def upload_path(upload: Upload, filename: str) -> str:
    """The stored name is the upload's id: nothing of the user's file name reaches the file system."""
    return f"uploads/{upload.id}"


class Upload(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    file = models.FileField(upload_to=upload_path)
    name = models.CharField(max_length=255)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)


class Import(models.Model):
    """One reading of one upload into one kind of data (roster, records, totals, compensation, ...)."""

    class State(models.TextChoices):
        DRAFT = "draft", _("columns not yet matched")
        CHECKING = "checking", _("being checked")
        CHECKED = "checked", _("checked, nothing stored")
        APPLYING = "applying", _("being stored")
        APPLIED = "applied", _("stored")
        UNCHANGED = "unchanged", _("already stored, nothing changed")
        FAILED = "failed", _("refused")

    kind = models.CharField(max_length=40)
    source_code = models.CharField(max_length=60, blank=True)
    upload = models.ForeignKey(Upload, on_delete=models.PROTECT, related_name="imports")
    mapping = models.JSONField(default=dict, blank=True)
    options = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=12, choices=State.choices, default=State.DRAFT)
    columns = models.JSONField(default=list, blank=True)
    sample = models.JSONField(default=list, blank=True, help_text="first rows as read, for the preview")
    rows_total = models.PositiveIntegerField(default=0)
    rows_accepted = models.PositiveIntegerField(default=0)
    rows_rejected = models.PositiveIntegerField(default=0)
    summary = models.JSONField(
        default=dict, blank=True, help_text="what the kind has to say, e.g. period and totals"
    )
    message_code = models.CharField(max_length=60, blank=True)
    message_params = models.JSONField(default=dict, blank=True)
    run = models.ForeignKey("runs.Run", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    applied_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["kind", "-created_at"], name="imports_by_kind")]


class Reject(models.Model):
    """One row that was not taken: its line in the file, the column, what stood there, and why."""

    import_record = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="rejects")
    line = models.PositiveIntegerField()
    column = models.CharField(max_length=120, blank=True)
    value = models.CharField(max_length=200, blank=True)
    code = models.CharField(max_length=60)
    params = models.JSONField(default=dict, blank=True)

    class Meta:
        indexes = [models.Index(fields=["import_record", "line"], name="rejects_in_order")]
