"""What is worth knowing before a launch: the choice of indicators, and what last month would have given."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.clients.api import LaurelAPIView, Scope, idempotent
from reviews.api.callers import caller
from reviews.api.serializers import LaunchProblemSerializer, StartedRunSerializer
from reviews.selectors.choices import choice_findings
from reviews.selectors.cycles import get_cycle_for
from reviews.selectors.previews import latest_preview, preview_summary
from reviews.services.previews import start_preview

READERS = ("hr", "auditor")


class PreviewRatingSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    name = serializers.DictField(child=serializers.CharField())
    count = serializers.IntegerField()


class PreviewKPISerializer(serializers.Serializer[Any]):
    component = serializers.CharField()
    kpi = serializers.CharField()
    weight = serializers.FloatField(help_text="per cent of the overall score")
    counted = serializers.IntegerField()
    missing = serializers.IntegerField()
    below_minimum = serializers.IntegerField()
    no_target = serializers.IntegerField()


class PreviewSerializer(serializers.Serializer[Any]):
    first_day = serializers.DateField()
    last_day = serializers.DateField()
    is_stale = serializers.BooleanField(help_text="the configuration was changed since")
    people = serializers.IntegerField()
    scored = serializers.IntegerField()
    without_score = serializers.IntegerField()
    without_target = serializers.IntegerField()
    lowest = serializers.FloatField(allow_null=True)
    median = serializers.FloatField(allow_null=True)
    highest = serializers.FloatField(allow_null=True)
    ratings = PreviewRatingSerializer(many=True)
    edges = serializers.ListField(child=serializers.FloatField(), help_text="of the histogram of scores")
    counts = serializers.ListField(child=serializers.IntegerField())
    kpis = PreviewKPISerializer(many=True)


class CycleChoices(LaurelAPIView):
    """Whether the choice of indicators is comprehensive and measurable, and what is said twice. Advice, no obstacle."""

    scopes = {"GET": Scope.CYCLES_READ}
    roles = {"GET": READERS}
    serializer_class = LaunchProblemSerializer

    @extend_schema(responses={200: LaunchProblemSerializer(many=True)})
    def get(self, request: Request, code: str) -> Response:
        found = choice_findings(get_cycle_for(caller(request), code))
        return Response(LaunchProblemSerializer(found, many=True).data)


class CyclePreview(LaurelAPIView):
    scopes = {"GET": Scope.CYCLES_READ, "POST": Scope.CYCLES_WRITE}
    roles = {"GET": READERS, "POST": ("hr",)}
    serializer_class = PreviewSerializer

    @extend_schema(responses={200: PreviewSerializer})
    def get(self, request: Request, code: str) -> Response:
        """The latest preview that is done; 404 without one."""
        cycle = get_cycle_for(caller(request), code)
        run = latest_preview(cycle)
        summary = preview_summary(run, cycle) if run else None
        if summary is None:
            raise Http404
        return Response(PreviewSerializer(summary).data)

    @extend_schema(request=None, responses={202: StartedRunSerializer})
    @idempotent
    def post(self, request: Request, code: str) -> Response:
        """Computes what the measured part of a cycle in set-up would have given last month; follow it at /runs/."""
        run = start_preview(actor=caller(request), cycle=get_cycle_for(caller(request), code))
        return Response(StartedRunSerializer(run).data, status=202)
