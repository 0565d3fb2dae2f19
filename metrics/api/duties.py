"""Which KPIs cover which duties, in the API."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.clients.api import LaurelAPIView, Scope
from metrics.api.callers import caller
from metrics.selectors.duties import all_duties, as_json, duties_of, get_job_for
from metrics.services.duties import cover_duties

READERS = ("hr", "auditor")
MOST = 100


class NamesSerializer(serializers.Serializer[Any]):
    zh = serializers.CharField(allow_blank=True)
    en = serializers.CharField(allow_blank=True)


class DutyKPIsSerializer(serializers.Serializer[Any]):
    duty = serializers.CharField()
    name = NamesSerializer()
    kpis = serializers.ListField(child=serializers.CharField(), help_text="empty: nothing covers this duty")


class JobDutiesSerializer(serializers.Serializer[Any]):
    job = serializers.CharField()
    version = serializers.CharField(help_text="send it back with a change; 409 when somebody was faster")
    duties = DutyKPIsSerializer(many=True)


class DutyKPIsRequest(serializers.Serializer[Any]):
    duty = serializers.CharField(max_length=40)
    kpis = serializers.ListField(child=serializers.CharField(max_length=60), max_length=MOST)


class JobDutiesRequest(serializers.Serializer[Any]):
    version = serializers.CharField(max_length=40, required=False, allow_null=True, default=None)
    duties = DutyKPIsRequest(many=True, max_length=MOST)  # type: ignore[call-arg]

    def validate_duties(self, value: list[dict[str, Any]]) -> list[dict[str, Any]]:
        codes = [each["duty"] for each in value]
        if len(set(codes)) < len(codes):
            raise serializers.ValidationError("A duty is named twice.", code="duty_twice")
        return value


class DutyList(LaurelAPIView):
    scopes = {"GET": Scope.METRICS_READ}
    roles = {"GET": READERS}
    serializer_class = JobDutiesSerializer

    @extend_schema(operation_id="duties_list", responses={200: JobDutiesSerializer(many=True)})
    def get(self, request: Request) -> Response:
        """Every job that has duties, by code: which KPIs cover each."""
        return Response([as_json(found) for found in all_duties(caller(request))])


class JobDuties(LaurelAPIView):
    scopes = {"GET": Scope.METRICS_READ, "PUT": Scope.METRICS_WRITE}
    roles = {"GET": READERS, "PUT": ("hr",)}
    serializer_class = JobDutiesSerializer

    @extend_schema(responses={200: JobDutiesSerializer})
    def get(self, request: Request, code: str) -> Response:
        """The duties of one job."""
        [found] = duties_of([get_job_for(caller(request), code)])
        return Response(as_json(found))

    @extend_schema(request=JobDutiesRequest, responses={200: JobDutiesSerializer})
    def put(self, request: Request, code: str) -> Response:
        """All KPIs of each duty that is named; the others keep theirs."""
        job = get_job_for(caller(request), code)
        sent = JobDutiesRequest(data=request.data)
        sent.is_valid(raise_exception=True)
        data = sent.validated_data
        found = cover_duties(
            actor=caller(request),
            job=job,
            kpis={each["duty"]: each["kpis"] for each in data["duties"]},
            version=data["version"],
        )
        return Response(as_json(found))
