"""GET the configuration as YAML, PUT a document to load it."""

from __future__ import annotations

from typing import Any, cast

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.clients.api import LaurelAPIView, Scope
from operations.services.configuration import SECTIONS, dump_configuration, load_configuration


class YamlParser(BaseParser):
    """The body as bytes: reading it safely is the service's work."""

    media_type = "application/yaml"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        return stream.read()


class LoadedSerializer(serializers.Serializer):
    stored = serializers.BooleanField()
    counts = serializers.DictField(child=serializers.IntegerField())
    problems = serializers.ListField(child=serializers.DictField())


class Configuration(LaurelAPIView):
    scopes = {"GET": Scope.CONFIG_WRITE, "PUT": Scope.CONFIG_WRITE}
    roles = {"GET": ("hr", "auditor"), "PUT": ("hr",)}
    parameters = ("section", "dry_run")
    parser_classes = (YamlParser,)
    serializer_class = LoadedSerializer

    @extend_schema(
        operation_id="configuration_dump",
        parameters=[OpenApiParameter("section", str, many=True, enum=list(SECTIONS))],
        responses={(200, "application/yaml"): OpenApiTypes.OBJECT},
    )
    def get(self, request: Request) -> HttpResponse:
        text = dump_configuration(
            actor=request.user, sections=request.query_params.getlist("section") or None
        )
        return HttpResponse(text, content_type="application/yaml; charset=utf-8")

    @extend_schema(
        operation_id="configuration_load",
        parameters=[OpenApiParameter("dry_run", bool)],
        request={"application/yaml": OpenApiTypes.OBJECT},
        responses={200: LoadedSerializer, 422: LoadedSerializer},
    )
    def put(self, request: Request) -> Response:
        """All of the document or nothing; 422 lists every problem with its path in the document."""
        document = cast(bytes, request.data or b"")
        dry_run = request.query_params.get("dry_run", "").lower() in {"1", "true"}
        loaded = load_configuration(
            actor=request.user, content=document, dry_run=dry_run, reason="configuration by API"
        )
        answer = {
            "stored": loaded.is_stored and not dry_run,
            "counts": loaded.counts,
            "problems": [
                {"path": problem.place, "code": problem.code, "text": problem.text}
                for problem in loaded.problems
            ],
        }
        return Response(answer, status=200 if loaded.is_stored else 422)
