"""Runs in the API: how far they are, stopping and starting again."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.clients.api import ANYONE, Filter, LaurelAPIView, ListAPI, RetrieveAPI, Scope, require_scope
from foundation.runs import registry, services
from foundation.runs.models import Run
from foundation.runs.presentation import problem_of
from foundation.runs.selectors import get_run_for, visible_runs

READS = (Scope.CYCLES_READ, Scope.PAYOUTS_READ, Scope.METRICS_READ, Scope.PEOPLE_READ)
WRITES = (Scope.CYCLES_WRITE, Scope.PAYOUTS_WRITE, Scope.METRICS_WRITE, Scope.PEOPLE_WRITE)


class RunSerializer(serializers.ModelSerializer[Run]):
    progress = serializers.FloatField(
        read_only=True, min_value=0, max_value=1, help_text="share of the work done, 0-1"
    )
    problem = serializers.SerializerMethodField(help_text="why it failed, for people; empty when it did not")

    class Meta:
        model = Run
        fields = [
            "id", "kind", "purpose", "scope", "state", "stage", "progress", "shards_done", "shards_total", "created_at",
            "started_at", "finished_at", "error_code", "problem",
        ]  # fmt: skip
        read_only_fields = fields

    def get_problem(self, run: Run) -> str:
        return problem_of(run)


class RunList(ListAPI):
    """Runs, newest first."""

    scopes = {"GET": (*READS, *WRITES)}
    roles = {"GET": ANYONE}
    serializer_class = RunSerializer
    filters = {
        "kind": Filter("kind"),
        "scope": Filter("scope"),
        "state": Filter("state", choices=Run.State.values),
        "since": Filter("created_at__gte", "moment"),
    }
    ordering = ("-created_at", "id")
    orderings = {"created_at": ("created_at", "id")}

    def get_queryset(self) -> QuerySet[Run]:
        return visible_runs(self.request.user)


class RunDetail(RetrieveAPI):
    """One run; ask again until `state` is done, failed or stopped."""

    scopes = {"GET": (*READS, *WRITES)}
    roles = {"GET": ANYONE}
    serializer_class = RunSerializer

    def get_object(self) -> Run:
        return get_run_for(self.request.user, self.kwargs["run_id"])


class RunAction(LaurelAPIView):
    scopes = {"POST": WRITES}
    roles = {"POST": ANYONE}  # the service asks who is responsible for its kind
    serializer_class = RunSerializer
    service: Any = None

    def act(self, request: Request, run_id: Any) -> Response:
        run = get_run_for(request.user, run_id)
        handler = registry.find(run.kind)
        if handler is not None and handler.scope:
            require_scope(request, handler.scope)
        return Response(RunSerializer(type(self).service(actor=request.user, run=run)).data)


class RunStop(RunAction):
    service = services.stop_run

    @extend_schema(request=None, responses=RunSerializer)
    def post(self, request: Request, run_id: Any) -> Response:
        """Stop the run; what is done stays."""
        return self.act(request, run_id)


class RunRestart(RunAction):
    service = services.restart_run

    @extend_schema(request=None, responses=RunSerializer)
    def post(self, request: Request, run_id: Any) -> Response:
        """Start a failed or stopped run again, where it ended."""
        return self.act(request, run_id)
