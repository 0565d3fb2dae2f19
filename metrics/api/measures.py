"""Measures in the API."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.clients.api import ANYONE, Filter, ListAPI, RetrieveAPI, Scope, idempotent
from metrics.api.callers import caller
from metrics.api.serializers import MeasureChange, MeasureRequest, MeasureSerializer
from metrics.models import Measure
from metrics.selectors.measures import get_measure_for, visible_measures
from metrics.services.measures import change_measure, create_measure


class MeasureList(ListAPI):
    """What sources bring, by code."""

    scopes = {"GET": Scope.METRICS_READ, "POST": Scope.METRICS_WRITE}
    roles = {"GET": ANYONE, "POST": ("hr",)}
    serializer_class = MeasureSerializer
    filters = {"unit": Filter("unit", choices=Measure.Unit.values)}
    ordering = ("code",)

    def get_queryset(self) -> QuerySet[Measure]:
        return visible_measures(caller(self.request))

    @extend_schema(request=MeasureRequest, responses={201: MeasureSerializer})
    @idempotent
    def post(self, request: Request) -> Response:
        """A new measure."""
        sent = MeasureRequest(data=request.data)
        sent.is_valid(raise_exception=True)
        made = create_measure(actor=caller(request), **sent.validated_data)
        return Response(MeasureSerializer(made).data, status=201)


class MeasureDetail(RetrieveAPI):
    scopes = {"GET": Scope.METRICS_READ, "PUT": Scope.METRICS_WRITE}
    roles = {"GET": ANYONE, "PUT": ("hr",)}
    serializer_class = MeasureSerializer

    def get_object(self) -> Measure:
        return get_measure_for(caller(self.request), self.kwargs["code"])

    @extend_schema(request=MeasureChange, responses={200: MeasureSerializer})
    def put(self, request: Request, code: str) -> Response:
        """Names, unit and limits anew; what is left out gets its default. Limits hold for what comes in from now on."""
        measure = self.get_object()
        sent = MeasureChange(data=request.data)
        sent.is_valid(raise_exception=True)
        values: dict[str, Any] = sent.validated_data
        return Response(
            MeasureSerializer(change_measure(actor=caller(request), measure=measure, **values)).data
        )
