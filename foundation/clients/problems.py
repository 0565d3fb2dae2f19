"""Every error of the API as application/problem+json (RFC 9457), with Laurel's code beside the sentence.

    {"type": "about:blank", "title": "Bad Request", "status": 400, "code": "run_active", "detail": "This is being ...",
     "field": "kind", "params": {...}, "errors": [{"pointer": "#/rows/3/value", "code": "invalid", "detail": "..."}]}

`code` is stable and for programs, `detail` is for people and in the language asked for by Accept-Language.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.core.exceptions import ValidationError as DjangoValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import DataError, IntegrityError, OperationalError
from django.db.models import ProtectedError
from django.http import Http404
from django.utils.encoding import force_str
from rest_framework import exceptions, serializers
from rest_framework.response import Response

from foundation.refusals import Refusal, refusal_text

log = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"
#: Serialisation failure, deadlock, lock not available: somebody else was faster.
CONCURRENCY_CODES = {"40001", "40P01", "55P03"}


class ErrorSerializer(serializers.Serializer[Any]):
    pointer = serializers.CharField(help_text="JSON pointer to the place in the body, e.g. #/rows/3/value")
    code = serializers.CharField()
    detail = serializers.CharField()


class ProblemSerializer(serializers.Serializer[Any]):
    type = serializers.CharField(default="about:blank")
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField(required=False, help_text="stable, for programs")
    detail = serializers.CharField(required=False, help_text="for people, in the language asked for")
    field = serializers.CharField(required=False, help_text="the field or parameter at fault")
    params = serializers.DictField(required=False, help_text="the figures in the sentence")
    errors = ErrorSerializer(many=True, required=False)  # type: ignore[assignment]  # a name that DRF has too


def problem(
    status: int,
    code: str,
    detail: str = "",
    *,
    field: str | None = None,
    params: Mapping[str, Any] | None = None,
    errors: list[dict[str, str]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
    }
    if detail:
        body["detail"] = detail
    if field:
        body["field"] = field
    if params:
        body["params"] = json.loads(json.dumps(dict(params), cls=DjangoJSONEncoder, default=str))
    if errors:
        body["errors"] = errors
    return Response(body, status=status, headers=dict(headers or {}), content_type=CONTENT_TYPE)


def problem_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """For REST_FRAMEWORK["EXCEPTION_HANDLER"]. None lets an error of our own become a 500, logged by Django."""
    if isinstance(exc, Refusal):
        return problem(exc.status, exc.code, str(exc), field=exc.field, params=exc.params)
    if isinstance(exc, Http404):
        return problem(404, "not_found", force_str(exceptions.NotFound.default_detail))
    if isinstance(exc, PermissionDenied):
        return problem(403, "permission_denied", force_str(exceptions.PermissionDenied.default_detail))
    if isinstance(exc, exceptions.ValidationError):
        return _validation(exc.get_full_details())
    if isinstance(exc, DjangoValidationError):
        return _validation(serializers.as_serializer_error(exc), plain=True)
    if isinstance(exc, exceptions.ParseError):
        reason = force_str(exc.detail)
        return problem(exc.status_code, "malformed", refusal_text("malformed", {"reason": reason}))
    if isinstance(exc, exceptions.APIException):
        return _framework_error(exc)
    if isinstance(exc, RequestDataTooBig):
        return problem(413, "too_large", refusal_text("too_large"))
    if isinstance(exc, SuspiciousOperation):
        return problem(400, "input_invalid", refusal_text("input_invalid"))
    if isinstance(exc, (IntegrityError, ProtectedError)) or _is_concurrency(exc):
        log.warning("conflict at %s", context["request"].path, exc_info=exc)
        return problem(409, "conflict", refusal_text("conflict"))
    if isinstance(exc, (DataError, ValueError, OverflowError, RecursionError)) and _carries_input(context):
        # Most likely something in the request that no check has foreseen. It is logged as an error, so that if it was
        # ours after all it does not hide.
        log.error("unforeseen input at %s", context["request"].path, exc_info=exc)
        return problem(400, "input_invalid", refusal_text("input_invalid"))
    return None


def _framework_error(exc: exceptions.APIException) -> Response:
    headers = {}
    if header := getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = header
    if wait := getattr(exc, "wait", None):
        headers["Retry-After"] = str(int(wait))
    code = exc.get_codes()
    return problem(
        exc.status_code, code if isinstance(code, str) else "error", force_str(exc.detail), headers=headers
    )


def _validation(details: Any, *, plain: bool = False) -> Response:
    errors = [
        {"pointer": "#" + "".join(f"/{_escaped(part)}" for part in path), "code": code, "detail": text}
        for path, code, text in _leaves(details, (), plain=plain)
    ]
    return problem(400, "validation", refusal_text("validation"), errors=errors)


def _leaves(
    details: Any, path: tuple[str, ...], *, plain: bool
) -> Iterator[tuple[tuple[str, ...], str, str]]:
    if isinstance(details, Mapping):
        if not plain and set(details) == {"message", "code"}:
            yield path, str(details["code"]), force_str(details["message"])
            return
        for key, value in details.items():
            # Errors of the whole body stand at the body.
            yield from _leaves(value, path if key == "non_field_errors" else (*path, str(key)), plain=plain)
    elif isinstance(details, (list, tuple)):
        for place, value in enumerate(details):
            is_leaf = plain or (isinstance(value, Mapping) and set(value) == {"message", "code"})
            yield from _leaves(value, path if is_leaf else (*path, str(place)), plain=plain)
    else:
        yield path, getattr(details, "code", "invalid"), force_str(details)


def _escaped(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")


def _is_concurrency(exc: Exception) -> bool:
    return isinstance(exc, OperationalError) and getattr(exc.__cause__, "pgcode", None) in CONCURRENCY_CODES


def _carries_input(context: dict[str, Any]) -> bool:
    request = context.get("request")
    if request is None:
        return False
    return bool(
        request.query_params or context.get("kwargs") or request.method not in ("GET", "HEAD", "OPTIONS")
    )
