"""KPIs and their versions in the API."""

from __future__ import annotations

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.clients.api import ANYONE, Filter, LaurelAPIView, ListAPI, RetrieveAPI, Scope, idempotent
from metrics.api.callers import caller
from metrics.api.serializers import (
    KPIChange,
    KPIRequest,
    KPISerializer,
    TermsRequest,
    VersionSerializer,
    read_terms,
)
from metrics.models import KPI
from metrics.selectors.kpis import get_kpi_for, visible_kpis
from metrics.services.kpis import create_kpi, rename_kpi, revise_kpi, set_kpi_active


class KPIList(ListAPI):
    """KPIs with all their versions, by code."""

    scopes = {"GET": Scope.METRICS_READ, "POST": Scope.METRICS_WRITE}
    roles = {"GET": ANYONE, "POST": ("hr",)}
    serializer_class = KPISerializer
    filters = {
        "dimension": Filter("dimension", choices=KPI.Dimension.values),
        "is_active": Filter("is_active", "boolean"),
        "is_qualitative": Filter("is_qualitative", "boolean"),
    }
    ordering = ("code",)

    def get_queryset(self) -> QuerySet[KPI]:
        return visible_kpis(caller(self.request))

    @extend_schema(request=KPIRequest, responses={201: KPISerializer})
    @idempotent
    def post(self, request: Request) -> Response:
        """A new KPI with its first version. A wrong formula is answered with the character where it goes wrong."""
        sent = KPIRequest(data=request.data)
        sent.is_valid(raise_exception=True)
        values = dict(sent.validated_data)
        valid_from, terms = read_terms(values.pop("version"))
        made = create_kpi(actor=caller(request), valid_from=valid_from, terms=terms, **values)
        return Response(KPISerializer(get_kpi_for(caller(request), made.code)).data, status=201)


class KPIDetail(RetrieveAPI):
    scopes = {"GET": Scope.METRICS_READ, "PATCH": Scope.METRICS_WRITE}
    roles = {"GET": ANYONE, "PATCH": ("hr",)}
    serializer_class = KPISerializer

    def get_object(self) -> KPI:
        return get_kpi_for(caller(self.request), self.kwargs["code"])

    @extend_schema(request=KPIChange, responses={200: KPISerializer})
    def patch(self, request: Request, code: str) -> Response:
        """Its names and place, and whether it is in use. What it means is changed by a new version."""
        kpi = self.get_object()
        sent = KPIChange(data=request.data)
        sent.is_valid(raise_exception=True)
        values = dict(sent.validated_data)
        is_active = values.pop("is_active", None)
        if values:
            kept = {name: getattr(kpi, name) for name in ("name_zh", "name_en", "dimension", "perspective")}
            rename_kpi(actor=caller(request), kpi=kpi, **{**kept, **values})
        if is_active is not None:
            set_kpi_active(actor=caller(request), kpi=kpi, is_active=is_active)
        return Response(KPISerializer(self.get_object()).data)


class KPIVersions(LaurelAPIView):
    scopes = {"POST": Scope.METRICS_WRITE}
    roles = {"POST": ("hr",)}
    serializer_class = VersionSerializer

    @extend_schema(request=TermsRequest, responses={201: VersionSerializer})
    @idempotent
    def post(self, request: Request, code: str) -> Response:
        """What the KPI means from a day on. The last version's own day corrects it, while no cycle relies on it."""
        kpi = get_kpi_for(caller(request), code)
        sent = TermsRequest(data=request.data)
        sent.is_valid(raise_exception=True)
        valid_from, terms = read_terms(sent.validated_data)
        made = revise_kpi(actor=caller(request), kpi=kpi, valid_from=valid_from, terms=terms)
        return Response(VersionSerializer(made).data, status=201)
