"""Text that no field of the product may hold is refused before any view sees it.

NUL and lone surrogates make PostgreSQL's driver raise, which would be a 500; bidirectional overrides make a name or a
reason read as something else than it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote_to_bytes

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext as _

from foundation.interface.views import error_page

# NUL, lone surrogates, bidirectional embeddings, overrides and isolates.
FORBIDDEN = re.compile("[\x00\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
# What can become one of them in JSON; only a body that has such bytes is parsed here.
SUSPICIOUS_BYTES = re.compile(
    rb"\x00|\\u0000|\\u[dD][89a-fA-F]|\\u20[26]|\xe2\x80[\xaa-\xae]|\xe2\x81[\xa6-\xa9]"
)


class CleanInputMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if _is_unclean(request):
            return error_page(
                request, 400, _("The text contains characters that cannot be stored. Type it again.")
            )
        return self.get_response(request)


def _is_unclean(request: HttpRequest) -> bool:
    if FORBIDDEN.search(request.path) or _holds_forbidden(_pairs(request.GET)) or not _is_decodable(request):
        return True
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return False
    if request.content_type == "application/json":
        return _json_is_unclean(request)
    if request.content_type in ("application/x-www-form-urlencoded", "multipart/form-data"):
        try:
            # The CSRF check reads the form anyway. Contents of uploaded files are the intake's business.
            return _holds_forbidden(_pairs(request.POST)) or _holds_forbidden(
                upload.name for uploads in request.FILES.lists() for upload in uploads[1]
            )
        except (MultiPartParserError, UnicodeDecodeError):
            return True
    return False


def _is_decodable(request: HttpRequest) -> bool:
    """Django reads bytes that are no UTF-8 as U+FFFD, and a filter by that would silently find nothing. In a path
    such bytes stay percent-encoded, and no address has them."""
    try:
        unquote_to_bytes(request.META.get("QUERY_STRING", "")).decode()
    except UnicodeDecodeError:
        return False
    return True


def _pairs(query: Any) -> Iterable[str]:
    for key, values in query.lists():
        yield key
        yield from values


def _holds_forbidden(texts: Iterable[Any]) -> bool:
    return any(isinstance(text, str) and FORBIDDEN.search(text) for text in texts)


def _json_is_unclean(request: HttpRequest) -> bool:
    if int(request.META.get("CONTENT_LENGTH") or 0) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
        return False  # the view answers 413; reading it here would keep all of it in memory
    try:
        body = request.body
    except RequestDataTooBig:
        return False
    if not SUSPICIOUS_BYTES.search(body):
        return False
    try:
        return _value_is_unclean(json.loads(body))
    except (ValueError, RecursionError):
        return False  # not JSON: the view says so


def _value_is_unclean(value: Any) -> bool:
    if isinstance(value, str):
        return bool(FORBIDDEN.search(value))
    if isinstance(value, dict):
        return any(_value_is_unclean(part) for pair in value.items() for part in pair)
    if isinstance(value, list):
        return any(_value_is_unclean(part) for part in value)
    return False
