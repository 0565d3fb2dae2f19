"""What HR sets up for quality inspection, in the API: forms, samples, inspectors."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.clients.api import ANYONE, Filter, LaurelAPIView, ListAPI, RetrieveAPI, Scope, idempotent
from foundation.refusals import Refusal
from metrics.api.callers import caller
from metrics.api.inspection_serializers import (
    FormVersionRequest,
    FormVersionSerializer,
    InspectionFormChange,
    InspectionFormRequest,
    InspectionFormSerializer,
    InspectorRequest,
    InspectorSerializer,
    SampleRequestSerializer,
    SampleSerializer,
)
from metrics.models import InspectionForm, InspectionSample, Source
from metrics.selectors.inspections import get_form_for, get_sample_for, visible_forms, visible_samples
from metrics.selectors.inspectors import get_inspector_for, inspectors, with_codes
from metrics.services.inspection_forms import create_form, rename_form, revise_form
from metrics.services.inspection_samples import SampleRequest, draw_sample
from metrics.services.inspectors import assign_inspector

READERS = ("hr", "auditor")


class InspectionFormList(ListAPI):
    """Inspection forms with their versions, by code."""

    scopes = {"GET": Scope.METRICS_READ, "POST": Scope.METRICS_WRITE}
    roles = {"GET": ANYONE, "POST": ("hr",)}
    serializer_class = InspectionFormSerializer
    filters = {"is_active": Filter("is_active", "boolean")}
    ordering = ("code",)

    def get_queryset(self) -> QuerySet[InspectionForm]:
        return visible_forms(caller(self.request))

    @extend_schema(request=InspectionFormRequest, responses={201: InspectionFormSerializer})
    @idempotent
    def post(self, request: Request) -> Response:
        """A new form with its first version; the weights make 100."""
        sent = InspectionFormRequest(data=request.data)
        sent.is_valid(raise_exception=True)
        made = create_form(actor=caller(request), **sent.validated_data)
        return Response(InspectionFormSerializer(made).data, status=201)


class InspectionFormDetail(RetrieveAPI):
    scopes = {"GET": Scope.METRICS_READ, "PATCH": Scope.METRICS_WRITE}
    roles = {"GET": ANYONE, "PATCH": ("hr",)}
    serializer_class = InspectionFormSerializer

    def get_object(self) -> InspectionForm:
        return get_form_for(caller(self.request), self.kwargs["code"])

    @extend_schema(request=InspectionFormChange, responses={200: InspectionFormSerializer})
    def patch(self, request: Request, code: str) -> Response:
        """Names, and whether calls are drawn for it; what is left out stays."""
        form = self.get_object()
        sent = InspectionFormChange(data=request.data)
        sent.is_valid(raise_exception=True)
        names = ("name_zh", "name_en", "is_active")
        values = {name: sent.validated_data.get(name, getattr(form, name)) for name in names}
        rename_form(actor=caller(request), form=form, **values)
        return Response(InspectionFormSerializer(self.get_object()).data)


class InspectionFormVersions(LaurelAPIView):
    scopes = {"POST": Scope.METRICS_WRITE}
    roles = {"POST": ("hr",)}
    serializer_class = FormVersionSerializer

    @extend_schema(request=FormVersionRequest, responses={201: FormVersionSerializer})
    @idempotent
    def post(self, request: Request, code: str) -> Response:
        """Corrects the latest version while no calls were drawn for it and the day is the same; else begins another."""
        form = get_form_for(caller(request), code)
        sent = FormVersionRequest(data=request.data)
        sent.is_valid(raise_exception=True)
        version = revise_form(actor=caller(request), form=form, **sent.validated_data)
        return Response(FormVersionSerializer(version).data, status=201)


class SampleList(ListAPI):
    """Samples of calls: rule, seed, population, and who had too few; the latest first."""

    scopes = {"GET": Scope.METRICS_READ, "POST": Scope.METRICS_WRITE}
    roles = {"GET": READERS, "POST": ("hr",)}
    serializer_class = SampleSerializer
    filters = {"form": Filter("form_version__form__code")}
    ordering = ("-id",)

    def get_queryset(self) -> QuerySet[InspectionSample]:
        return visible_samples(caller(self.request))

    @extend_schema(request=SampleRequestSerializer, responses={201: SampleSerializer})
    @idempotent
    def post(self, request: Request) -> Response:
        """Draw calls and give them to inspectors. The seed is the server's."""
        sent = SampleRequestSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        values: dict[str, Any] = dict(sent.validated_data)
        form = visible_forms(caller(request)).filter(code=values.pop("form")).first()
        if form is None:
            raise Refusal(
                "inspection_form_unknown", field="form", status=422, name=sent.validated_data["form"]
            )
        source = Source.objects.filter(code=values.pop("source")).first()
        if source is None:
            raise Refusal("source_unknown", field="source", status=422, name=sent.validated_data["source"])
        wanted = SampleRequest(form=form, source=source, team_codes=values.pop("teams"), **values)
        made = draw_sample(actor=caller(request), request=wanted)
        return Response(SampleSerializer(made).data, status=201)


class SampleDetail(RetrieveAPI):
    scopes = {"GET": Scope.METRICS_READ}
    roles = {"GET": READERS}
    serializer_class = SampleSerializer

    def get_object(self) -> InspectionSample:
        return get_sample_for(caller(self.request), self.kwargs["pk"])


class InspectorList(LaurelAPIView):
    """Who inspects, whose calls, and who decides disputes."""

    scopes = {"GET": Scope.METRICS_READ}
    roles = {"GET": READERS}
    serializer_class = InspectorSerializer
    gives_list = True

    @extend_schema(responses={200: InspectorSerializer(many=True)})
    def get(self, request: Request) -> Response:
        return Response(InspectorSerializer(with_codes(inspectors()), many=True).data)


class InspectorDetail(LaurelAPIView):
    scopes = {"PUT": Scope.METRICS_WRITE}
    roles = {"PUT": ("hr",)}
    serializer_class = InspectorSerializer

    @extend_schema(request=InspectorRequest, responses={200: InspectorSerializer})
    def put(self, request: Request, pk: int) -> Response:
        """Teams and sites by code; neither: everybody's calls."""
        user = get_inspector_for(caller(request), pk)
        sent = InspectorRequest(data=request.data)
        sent.is_valid(raise_exception=True)
        data = sent.validated_data
        assign_inspector(
            actor=caller(request), user=user, team_codes=data["teams"], site_codes=data["sites"],
            is_reviewer=data["is_reviewer"],
        )  # fmt: skip
        found = [each for each in with_codes(inspectors()) if each.user.pk == user.pk]
        return Response(InspectorSerializer(found[0]).data)
