"""Files that prove something: looked at by their bytes, never by what the sender calls them."""

from __future__ import annotations

import errno
import hashlib
import io
import logging
import re
import zipfile
from dataclasses import dataclass
from typing import Any

from django.core.files.base import ContentFile

from foundation.refusals import Refusal
from people.models import User
from reviews.models import Appeal, AppealFile
from reviews.models.appeals import evidence_path

log = logging.getLogger(__name__)

MEGABYTE = 1024 * 1024
FILE_LIMIT = 10 * MEGABYTE
MOST_FILES = 5
UNSTORABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
MOST_ENTRIES = 5_000

# What begins like this runs: Windows, Unix and macOS programs, scripts with an interpreter, Java classes, shortcuts.
RUNS = (
    b"MZ", b"\x7fELF", b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe", b"#!", b"\x4c\x00\x00\x00\x01\x14\x02\x00", b"dex\n", b"\x00asm",
)  # fmt: skip
# A file that a name calls a program is none that proves anything, whatever is in it.
RUN_NAMES = (
    "exe", "com", "scr", "msi", "bat", "cmd", "ps1", "vbs", "vbe", "js", "jse", "wsf", "hta", "jar", "sh", "app",
    "apk", "dll", "lnk", "reg", "py", "svg", "html", "htm", "xhtml", "docm", "xlsm", "pptm",
)  # fmt: skip
OFFICE = {
    "word/": ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    "xl/": ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}


@dataclass(frozen=True)
class Kind:
    content_type: str
    endings: tuple[str, ...]


#: What evidence can be; it leaves as what its bytes said when it came.
CONTENT_TYPES = (
    "application/pdf",
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "audio/wav",
    "audio/mpeg",
    "audio/ogg",
    "audio/mp4",
    "text/plain",
    *(content_type for _ending, content_type in OFFICE.values()),
)

TEXT = Kind("text/plain; charset=utf-8", ("txt", "csv", "log", "md", "eml"))


@dataclass(frozen=True)
class CheckedFile:
    name: str
    content: bytes
    content_type: str


def kind_of(content: bytes) -> Kind | None:
    """What the bytes are: PDF, a picture, a sound, a Word or Excel file without macros, or plain text. None for all
    else."""
    if content.startswith(b"%PDF-"):
        return Kind("application/pdf", ("pdf",))
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return Kind("image/png", ("png",))
    if content.startswith(b"\xff\xd8\xff"):
        return Kind("image/jpeg", ("jpg", "jpeg"))
    if content.startswith((b"GIF87a", b"GIF89a")):
        return Kind("image/gif", ("gif",))
    if content[:4] == b"RIFF" and content[8:12] in (b"WAVE", b"WEBP"):
        return Kind("audio/wav", ("wav",)) if content[8:12] == b"WAVE" else Kind("image/webp", ("webp",))
    if content.startswith(b"ID3") or content[:2] in (b"\xff\xfb", b"\xff\xf3", b"\xff\xf2"):
        return Kind("audio/mpeg", ("mp3",))
    if content.startswith(b"OggS"):
        return Kind("audio/ogg", ("ogg", "oga", "opus"))
    if content[4:8] == b"ftyp" and content[8:11] in (b"M4A", b"mp4", b"iso"):
        return Kind("audio/mp4", ("m4a", "mp4"))
    if content.startswith(b"PK\x03\x04"):
        return _office(content)
    return _text(content)


def _office(content: bytes) -> Kind | None:
    """Names in the archive are read, nothing is unpacked; one with macros is no such file."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return None
    if len(names) > MOST_ENTRIES or "[Content_Types].xml" not in names:
        return None
    if any("vbaproject" in name.lower() for name in names):
        return None
    for folder, (ending, content_type) in OFFICE.items():
        if any(name.startswith(folder) for name in names):
            return Kind(content_type, (ending,))
    return None


def _text(content: bytes) -> Kind | None:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if any(ord(sign) < 32 and sign not in "\t\r\n\f" for sign in text):
            return None
        start = text.lstrip()[:200].lower()
        if start.startswith(("<!doctype", "<html", "<svg", "<script", "<?xml", "<?php")):
            return None
        return TEXT if encoding == "utf-8-sig" else Kind("text/plain; charset=gb18030", TEXT.endings)
    return None


def check_file(file: Any) -> CheckedFile:
    """Refusals: evidence_missing, evidence_empty, evidence_executable, evidence_kind, evidence_name (422),
    evidence_too_big (413)."""
    if file is None:
        raise Refusal("evidence_missing", field="files", status=422)
    name = UNSTORABLE.sub("", str(getattr(file, "name", "") or "file")).replace("\\", "/").rsplit("/", 1)[-1]
    too_big = Refusal(
        "evidence_too_big", field="files", status=413, limit=FILE_LIMIT // MEGABYTE, name=name[-80:]
    )
    if (getattr(file, "size", None) or 0) > FILE_LIMIT:
        raise too_big
    content = file.read(FILE_LIMIT + 1)
    if len(content) > FILE_LIMIT:
        raise too_big
    if not content:
        raise Refusal("evidence_empty", field="files", status=422, name=name[-80:])
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    if content.startswith(RUNS) or ending in RUN_NAMES:
        raise Refusal("evidence_executable", field="files", status=422, name=name[-80:])
    kind = kind_of(content)
    if kind is None:
        raise Refusal("evidence_kind", field="files", status=422, name=name[-80:])
    if ending not in kind.endings:
        raise Refusal(
            "evidence_name", field="files", status=422, name=name[-80:], endings=", ".join(kind.endings)
        )
    return CheckedFile(name=name[-200:], content=content, content_type=kind.content_type)


def check_files(files: list[Any], *, already: int = 0) -> list[CheckedFile]:
    """All of them or none. Refusal evidence_too_many (422)."""
    if len(files) + already > MOST_FILES:
        raise Refusal("evidence_too_many", field="files", status=422, limit=MOST_FILES)
    return [check_file(file) for file in files]


def keep_files(*, actor: User, appeal: Appeal, files: list[CheckedFile]) -> list[AppealFile]:
    """In the transaction of what they prove. Whatever goes wrong, none stays on the disk."""
    kept: list[AppealFile] = []
    try:
        for file in files:
            row = AppealFile(
                appeal=appeal,
                name=file.name,
                content_type=file.content_type,
                size=len(file.content),
                sha256=hashlib.sha256(file.content).hexdigest(),
                uploaded_by=actor,
            )
            kept.append(row)
            row.file.save(file.name, ContentFile(file.content), save=False)
            row.save(force_insert=True)
    except BaseException as error:
        for row in kept:
            row.file.storage.delete(evidence_path(row, ""))
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            log.error("no room for evidence", exc_info=error)
            raise Refusal("evidence_no_room", field="files", status=507) from error
        raise
    return kept
