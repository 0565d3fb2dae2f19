"""Endpoints of the tests' own under the real base classes, beside the product's addresses."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, connection
from django.http import Http404
from django.urls import path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.urls import handler400, handler403, handler404, handler500
from config.urls import urlpatterns as product
from foundation.clients.api import ANYONE, Filter, LaurelAPIView, ListAPI, RetrieveAPI, Scope, idempotent
from foundation.refusals import Refusal
from foundation.runs.models import OutboxMessage


class NoteSerializer(serializers.ModelSerializer[OutboxMessage]):
    class Meta:
        model = OutboxMessage
        fields = ["id", "topic", "attempts", "relayed_at"]


class PartSerializer(serializers.Serializer[Any]):
    amount = serializers.DecimalField(max_digits=10, decimal_places=2)


class NoteRequest(serializers.Serializer[Any]):
    topic = serializers.CharField(max_length=60)
    parts = PartSerializer(many=True, required=False)


class Notes(ListAPI):
    scopes = {"GET": Scope.METRICS_READ, "POST": Scope.METRICS_WRITE}
    roles = {"GET": ANYONE, "POST": ("hr",)}
    serializer_class = NoteSerializer
    filters = {
        "topic": Filter("topic"),
        "attempts": Filter("attempts", "integer"),
        "since": Filter("created_at__gte", "moment"),
        "day": Filter("created_at__date", "date"),
        "waiting": Filter("relayed_at__isnull", "boolean"),
        "colour": Filter("topic", choices=("red", "green")),
    }
    ordering = ("id",)
    orderings = {"attempts": ("attempts", "id"), "relayed": ("relayed_at", "id")}

    def get_queryset(self) -> Any:
        return OutboxMessage.objects.all()

    @idempotent
    def post(self, request: Request) -> Response:
        sent = NoteRequest(data=request.data)
        sent.is_valid(raise_exception=True)
        note = OutboxMessage.objects.create(topic=sent.validated_data["topic"])
        if note.topic == "refuse":
            raise Refusal("conflict", status=409)
        return Response(NoteSerializer(note).data, status=201)


class Note(RetrieveAPI):
    scopes = {"GET": Scope.METRICS_READ}
    roles = {"GET": ("hr", "auditor")}
    serializer_class = NoteSerializer

    def get_object(self) -> OutboxMessage:
        found = OutboxMessage.objects.filter(pk=self.kwargs["pk"]).first()
        if found is None:
            raise Http404
        return found


class Trouble(LaurelAPIView):
    serializer_class = NoteSerializer
    scopes = {"GET": (), "POST": ()}
    roles = {"GET": ANYONE, "POST": ANYONE}
    parameters = ("kind",)

    def get(self, request: Request) -> Response:
        kind = request.query_params.get("kind")
        if kind == "refusal":
            raise Refusal("run_active", field="kind", status=409)
        if kind == "data":
            with connection.cursor() as cursor:
                cursor.execute("SELECT %s::int", ["99999999999999"])
        if kind == "value":
            int("not a number")
        if kind == "integrity":
            raise IntegrityError("duplicate key")
        raise RuntimeError("ours")

    post = get


urlpatterns = [
    path("api/v1/toys/notes/", Notes.as_view()),
    path("api/v1/toys/notes/<int:pk>/", Note.as_view()),
    path("api/v1/toys/trouble/", Trouble.as_view()),
    *product,
]
__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]
