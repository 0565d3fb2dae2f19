"""Tokens in the API: list and revoke. They are made on the page only, so that a token cannot make tokens."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.clients.api import ANYONE, LaurelAPIView, ListAPI
from foundation.clients.models import Token
from foundation.clients.selectors import get_token_for, visible_tokens
from foundation.clients.services.tokens import revoke_token


class TokenSerializer(serializers.ModelSerializer[Token]):
    class Meta:
        model = Token
        fields = ["id", "name", "prefix", "scopes", "created_at", "expires_at", "revoked_at", "last_used_at"]
        read_only_fields = fields


class TokenList(ListAPI):
    """One's own tokens, newest first, without their secrets."""

    scopes = {"GET": ()}
    roles = {"GET": ANYONE}
    serializer_class = TokenSerializer
    ordering = ("-created_at", "id")

    def get_queryset(self) -> QuerySet[Token]:
        return visible_tokens(self.request.user)


class TokenRevoke(LaurelAPIView):
    scopes = {"POST": ()}
    roles = {"POST": ANYONE}
    serializer_class = TokenSerializer

    @extend_schema(request=None, responses=TokenSerializer)
    def post(self, request: Request, token_id: Any) -> Response:
        """Revoke one of one's own tokens, be it the calling one."""
        token = revoke_token(actor=request.user, token=get_token_for(request.user, token_id))
        return Response(TokenSerializer(token).data)
