"""Files on their way in: what is larger than an import may be is dropped while it arrives, not stored and then
refused."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest

TOO_BIG = "laurel.file_too_big"
#: What a form with a file has besides the file.
FORM_BYTES = 1024 * 1024


class LimitedUploadHandler(FileUploadHandler):
    """First of settings.FILE_UPLOAD_HANDLERS. A file over INTAKE_MAX_BYTES is read past without being kept;
    the request then has no such file, and was_too_big() says why."""

    request_length = 0
    received = 0

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.received = 0
        if self.request_length > settings.INTAKE_MAX_BYTES + FORM_BYTES:
            self._refuse()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self.received += len(raw_data)
        if self.received > settings.INTAKE_MAX_BYTES:
            self._refuse()
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None  # the next handler keeps it

    def _refuse(self) -> None:
        if self.request is not None:
            self.request.META[TOO_BIG] = True
        raise SkipFile

    def handle_raw_input(
        self, input_data: Any, META: Any, content_length: int, boundary: str, encoding: str | None = None
    ) -> None:
        self.request_length = int(content_length or 0)


def was_too_big(request: HttpRequest) -> bool:
    return bool(request.META.get(TOO_BIG))
