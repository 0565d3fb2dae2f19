"""The library of competencies in the API: the same services as HR's pages."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.clients.api import Filter, ListAPI, RetrieveAPI, Scope, idempotent
from reviews.api.callers import caller
from reviews.api.serializers import LARGEST_VERSION
from reviews.models import Competency, CompetencyVersion
from reviews.selectors.competencies import get_competency_for, newest_version, visible_competency_versions
from reviews.services.library import create_competency, retire_competency, revise_competency

ANCHORS_HELP = '{"1": [{zh, en}, ...], ...}: what people on that level were seen to do'


class CompetencySerializer(serializers.ModelSerializer[CompetencyVersion]):
    code = serializers.CharField(source="competency.code", read_only=True)
    is_active = serializers.BooleanField(source="competency.is_active", read_only=True)
    version = serializers.IntegerField(source="number", read_only=True)
    anchors = serializers.JSONField(read_only=True, help_text=ANCHORS_HELP)

    class Meta:
        model = CompetencyVersion
        fields = [
            "code",
            "version",
            "is_active",
            "name_zh",
            "name_en",
            "description_zh",
            "description_en",
            "anchors",
            "created_at",
        ]
        read_only_fields = fields


class WordsRequest(serializers.Serializer[Any]):
    name_zh = serializers.CharField(max_length=120, required=False, allow_blank=True)
    name_en = serializers.CharField(max_length=120, required=False, allow_blank=True)
    description_zh = serializers.CharField(max_length=1000, required=False, allow_blank=True)
    description_en = serializers.CharField(max_length=1000, required=False, allow_blank=True)


class CompetencyRequest(WordsRequest):
    code = serializers.CharField(max_length=60)
    anchors = serializers.JSONField(required=False, help_text=ANCHORS_HELP)


class CompetencyChange(WordsRequest):
    """What is left out stays. `version` is the one that was read; a stale one is 409."""

    version = serializers.IntegerField(min_value=0, max_value=LARGEST_VERSION)
    anchors = serializers.JSONField(required=False, help_text=ANCHORS_HELP)
    is_active = serializers.BooleanField(required=False)


class CompetencyList(ListAPI):
    """The newest version of each competency, by code."""

    scopes = {"GET": Scope.CYCLES_READ, "POST": Scope.CYCLES_WRITE}
    roles = {"GET": ("hr", "auditor"), "POST": ("hr",)}
    serializer_class = CompetencySerializer
    filters = {"is_active": Filter("competency__is_active", "boolean")}
    ordering = ("competency__code", "id")

    def get_queryset(self) -> QuerySet[CompetencyVersion]:
        return visible_competency_versions(caller(self.request))

    @extend_schema(request=CompetencyRequest, responses={201: CompetencySerializer})
    @idempotent
    def post(self, request: Request) -> Response:
        """A new entry of the library, as its version 1."""
        form = CompetencyRequest(data=request.data)
        form.is_valid(raise_exception=True)
        made = create_competency(actor=caller(request), **form.validated_data)
        return Response(CompetencySerializer(newest_version(made)).data, status=201)


class CompetencyDetail(RetrieveAPI):
    """One competency, by its newest version."""

    scopes = {"GET": Scope.CYCLES_READ, "PATCH": Scope.CYCLES_WRITE}
    roles = {"GET": ("hr", "auditor"), "PATCH": ("hr",)}
    serializer_class = CompetencySerializer

    def found(self) -> Competency:
        return get_competency_for(caller(self.request), self.kwargs["code"])

    def get_object(self) -> CompetencyVersion:
        return newest_version(self.found())

    @extend_schema(request=CompetencyChange, responses={200: CompetencySerializer})
    def patch(self, request: Request, code: str) -> Response:
        """New words make a new version; cycles that run keep theirs. is_active takes it out of the choice, or back."""
        competency = self.found()
        form = CompetencyChange(data=request.data)
        form.is_valid(raise_exception=True)
        content = dict(form.validated_data)
        is_active = content.pop("is_active", None)
        with transaction.atomic():
            saved = revise_competency(actor=caller(request), competency=competency, **content)
            if is_active is not None:
                saved = retire_competency(actor=caller(request), competency=saved, is_active=is_active)
        return Response(CompetencySerializer(newest_version(saved)).data)
