"""The audit trail in the API."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from foundation.clients.api import Filter, LaurelAPIView, Scope
from foundation.clients.pagination import KeysetPagination
from foundation.trail.selectors import READERS, event_models, visible_events


class ChangeSerializer(serializers.Serializer[Any]):
    field = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a name that DRF has too
    before = serializers.CharField(allow_blank=True)
    after = serializers.CharField(allow_blank=True)


class EntrySerializer(serializers.Serializer[Any]):
    model = serializers.CharField(help_text="what was changed, e.g. people.membership")
    model_name = serializers.CharField()
    event_id = serializers.IntegerField()
    at = serializers.DateTimeField()
    action = serializers.CharField(help_text="insert, update or delete")
    object_id = serializers.CharField()
    object_name = serializers.CharField()
    actor_id = serializers.IntegerField(allow_null=True)
    actor_name = serializers.CharField(allow_blank=True)
    reason = serializers.CharField(allow_blank=True)
    url = serializers.CharField(allow_blank=True)
    method = serializers.CharField(allow_blank=True)
    details = serializers.DictField(child=serializers.CharField())
    changes = ChangeSerializer(many=True)


class TrailPageSerializer(serializers.Serializer[Any]):
    results = EntrySerializer(many=True)
    next = serializers.URLField(allow_null=True)


FILTERS = {
    "model": Filter("model"),
    "actor": Filter("actor", "integer"),
    "since": Filter("since", "moment"),
    "until": Filter("until", "moment"),
    "object_id": Filter("object_id"),
}


class Trail(LaurelAPIView):
    scopes = {"GET": Scope.TRAIL_READ}
    roles = {"GET": READERS}
    parameters = (*FILTERS, "cursor", "limit")
    serializer_class = TrailPageSerializer

    @extend_schema(
        operation_id="trail_list",
        parameters=[
            *(OpenApiParameter(name, declared.schema()) for name, declared in FILTERS.items()),
            OpenApiParameter("cursor", str),
            OpenApiParameter("limit", {"type": "integer", "minimum": 1, "maximum": 200}),
        ],
        responses=TrailPageSerializer,
    )
    def get(self, request: Request) -> Response:
        """Who changed what, newest first."""
        given = {
            name: declared.parse(name, request.query_params[name])
            for name, declared in FILTERS.items()
            if name in request.query_params
        }
        if "model" in given:
            Filter("model", choices=list(event_models())).parse("model", given["model"])
        cursor = request.query_params.get("cursor") or None
        entries = visible_events(
            request.user, **given, cursor=cursor, limit=KeysetPagination().get_limit(request)
        )
        address = (
            replace_query_param(request.build_absolute_uri(), "cursor", entries.next)
            if entries.next
            else None
        )
        return Response(TrailPageSerializer({"results": entries.items, "next": address}).data)
