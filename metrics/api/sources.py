"""Sources and batches in the API."""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.clients.api import Filter, ListAPI, RetrieveAPI, Scope, idempotent
from metrics.api.callers import caller
from metrics.api.serializers import BatchSerializer, SourceChange, SourceRequest, SourceSerializer
from metrics.models import Batch, Source
from metrics.selectors.sources import get_source_for, visible_batches, visible_sources
from metrics.services.sources import change_source, create_source, save_mapping

READERS = ("hr", "auditor")


class SourceList(ListAPI):
    """The systems that records and totals come from, by code."""

    scopes = {"GET": Scope.METRICS_READ, "POST": Scope.METRICS_WRITE}
    roles = {"GET": READERS, "POST": ("hr",)}
    serializer_class = SourceSerializer
    filters = {
        "kind": Filter("kind", choices=Source.Kind.values),
        "is_active": Filter("is_active", "boolean"),
    }
    ordering = ("code",)

    def get_queryset(self) -> QuerySet[Source]:
        return visible_sources(caller(self.request))

    @extend_schema(request=SourceRequest, responses={201: SourceSerializer})
    @idempotent
    def post(self, request: Request) -> Response:
        """A new source. Its mapping may come along, or is made with its first file."""
        sent = SourceRequest(data=request.data)
        sent.is_valid(raise_exception=True)
        made = create_source(actor=caller(request), **sent.validated_data)
        return Response(SourceSerializer(made).data, status=201)


class SourceDetail(RetrieveAPI):
    scopes = {"GET": Scope.METRICS_READ, "PATCH": Scope.METRICS_WRITE}
    roles = {"GET": READERS, "PATCH": ("hr",)}
    serializer_class = SourceSerializer

    def get_object(self) -> Source:
        return get_source_for(caller(self.request), self.kwargs["code"])

    @extend_schema(request=SourceChange, responses={200: SourceSerializer})
    @transaction.atomic
    def patch(self, request: Request, code: str) -> Response:
        """Names, zone, precedence, use and mapping; what is left out stays."""
        source = self.get_object()
        sent = SourceChange(data=request.data)
        sent.is_valid(raise_exception=True)
        values = dict(sent.validated_data)
        has_mapping = "mapping" in values
        mapping = values.pop("mapping", None)
        if values:
            names = ("name_zh", "name_en", "time_zone", "precedence", "is_active")
            change_source(
                actor=caller(request),
                source=source,
                **{**{name: getattr(source, name) for name in names}, **values},
            )
        if has_mapping:
            save_mapping(actor=caller(request), source=source, mapping=mapping)
        return Response(SourceSerializer(self.get_object()).data)


class BatchList(ListAPI):
    """What files and pushes have brought, the latest first."""

    scopes = {"GET": Scope.METRICS_READ}
    roles = {"GET": READERS}
    serializer_class = BatchSerializer
    filters = {
        "source": Filter("source__code"),
        "state": Filter("state", choices=Batch.State.values),
        "since": Filter("created_at__gte", "moment"),
    }
    ordering = ("-created_at", "-id")

    def get_queryset(self) -> QuerySet[Batch]:
        return visible_batches(caller(self.request))
