"""Whose tokens."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import QuerySet
from django.http import Http404

from foundation.clients.models import Token


def visible_tokens(user: Any) -> QuerySet[Token]:
    """One's own, newest first; revoked ones stay visible."""
    return Token.objects.filter(user=user).order_by("-created_at", "id")


def get_token_for(user: Any, key: Any) -> Token:
    try:
        return visible_tokens(user).get(pk=uuid.UUID(str(key)))
    except (Token.DoesNotExist, ValueError):
        raise Http404 from None
