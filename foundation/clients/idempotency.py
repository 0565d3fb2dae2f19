"""One key, one effect: a POST that is sent twice under the same Idempotency-Key is done once and answered twice.

The key's row is written in the transaction of the effect itself, so there is no moment at which one is stored
without the other. Only answers that changed something (2xx) are kept: a refused request leaves nothing behind,
and its key is free.
"""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from foundation.clients.models import IdempotencyKey
from foundation.refusals import Refusal

HEADER = "Idempotency-Key"
MAXIMUM_LENGTH = 120
KEPT = datetime.timedelta(hours=48)

Handler = Callable[..., Response]


def idempotent(handler: Handler) -> Handler:
    """Decorate a view's method that creates or starts something. Without the header it works as if undecorated.

    The same key and body: the stored answer, with `Idempotency-Replayed: true`. Another body or address: 422. While the
    first is still being worked: 409. Keys belong to a person and are kept for two days.
    """

    @wraps(handler)
    def answered(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = request.headers.get(HEADER)
        if key is None:
            return handler(view, request, *args, **kwargs)
        if not key.isascii() or not key.isprintable() or not 1 <= len(key) <= MAXIMUM_LENGTH:
            raise Refusal("idempotency_key_invalid", field=HEADER, maximum=MAXIMUM_LENGTH)
        digest = digest_of(request)
        user: Any = request.user
        with transaction.atomic():
            _lock(user.pk, key)
            known = IdempotencyKey.objects.filter(user=user, key=key).first()
            if known is not None and known.created_at > timezone.now() - KEPT:
                if known.request_digest != digest:
                    raise Refusal("idempotency_key_reused", field=HEADER, status=422)
                return Response(known.body, status=known.status, headers={"Idempotency-Replayed": "true"})
            IdempotencyKey.objects.filter(user=user, created_at__lte=timezone.now() - KEPT).delete()
            response = handler(view, request, *args, **kwargs)
            if 200 <= response.status_code < 300:
                IdempotencyKey.objects.create(
                    user=user,
                    key=key,
                    request_digest=digest,
                    status=response.status_code,
                    body=json.loads(json.dumps(response.data, cls=JSONEncoder)),
                )
            else:
                transaction.set_rollback(True)
        return response

    answered.idempotent = True  # type: ignore[attr-defined]  # LaurelSchema documents the header
    return answered


def _lock(user_id: int, key: str) -> None:
    """Held until the transaction ends; taken by someone else it means that the first request is still at work."""
    number = int.from_bytes(hashlib.sha256(f"{user_id}:{key}".encode()).digest()[:8], signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [number])
        if not cursor.fetchone()[0]:
            raise Refusal("idempotency_in_progress", field=HEADER, status=409)


def digest_of(request: Request) -> str:
    """Address, method and body. Files count by their content."""
    digest = hashlib.sha256(f"{request.method} {request.get_full_path()}\n".encode())
    data = request.data
    if hasattr(data, "lists"):
        for name, values in sorted(data.lists()):
            for value in values:
                digest.update(json.dumps([name, _fingerprint(value)]).encode())
    else:
        digest.update(json.dumps(data, sort_keys=True, cls=DjangoJSONEncoder).encode())
    return digest.hexdigest()


def _fingerprint(value: Any) -> str:
    if not isinstance(value, UploadedFile):
        return str(value)
    digest = hashlib.sha256()
    for chunk in value.chunks():
        digest.update(chunk)
    value.seek(0)
    return f"file {value.name} {digest.hexdigest()}"
