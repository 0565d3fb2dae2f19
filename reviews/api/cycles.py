"""Cycles in the API: the same services, selectors and refusals as HR's pages."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.clients.api import ANYONE, Filter, LaurelAPIView, ListAPI, RetrieveAPI, Scope, idempotent
from reviews.api.callers import caller, invalid
from reviews.api.serializers import (
    CycleChangeRequest,
    CycleDetailSerializer,
    CycleRequest,
    CycleSerializer,
    CycleTemplateSerializer,
    LaunchProblemSerializer,
    LaunchRequest,
    PhaseRequest,
    ReasonRequest,
    StartedRunSerializer,
)
from reviews.methods.problems import InvalidConfiguration
from reviews.models import Cycle, CycleTemplate
from reviews.models.cycles import PHASE_ORDER, Phase
from reviews.selectors.cycles import get_cycle_for, visible_cycles, visible_templates
from reviews.selectors.launch import launch_problems
from reviews.services.cycles import create_cycle, edit_configuration, edit_cycle, launch_cycle
from reviews.services.phases import advance_phase, cancel_cycle, release_cycle, return_phase
from reviews.services.scoring import start_scoring

DETAILS = ("name_zh", "name_en", "first_day", "last_day", "rating_due_on")


class CycleTemplateList(ListAPI):
    """Templates to make cycles from, by code."""

    scopes = {"GET": Scope.CYCLES_READ}
    roles = {"GET": ("hr", "auditor")}
    serializer_class = CycleTemplateSerializer
    ordering = ("code", "id")

    def get_queryset(self) -> QuerySet[CycleTemplate]:
        return visible_templates(caller(self.request))


class CycleList(ListAPI):
    """The cycles that the caller takes part in or looks after, latest period first."""

    scopes = {"GET": Scope.CYCLES_READ, "POST": Scope.CYCLES_WRITE}
    roles = {"GET": ANYONE, "POST": ("hr",)}
    serializer_class = CycleSerializer
    filters = {"phase": Filter("phase", choices=Phase.values)}
    ordering = ("-first_day", "-id")
    orderings = {"code": ("code", "id")}

    def get_queryset(self) -> QuerySet[Cycle]:
        return visible_cycles(caller(self.request))

    @extend_schema(request=CycleRequest, responses={201: CycleDetailSerializer})
    @idempotent
    def post(self, request: Request) -> Response:
        """A cycle in setup, from a template, a configuration, or blank."""
        form = CycleRequest(data=request.data)
        form.is_valid(raise_exception=True)
        try:
            cycle = create_cycle(actor=caller(request), **form.validated_data)
        except InvalidConfiguration as refusal:
            return invalid(refusal)
        return Response(CycleDetailSerializer(cycle).data, status=201)


class CycleDetail(RetrieveAPI):
    """One cycle with its configuration."""

    scopes = {"GET": Scope.CYCLES_READ, "PATCH": Scope.CYCLES_WRITE}
    roles = {"GET": ANYONE, "PATCH": ("hr",)}
    serializer_class = CycleDetailSerializer

    def get_object(self) -> Cycle:
        return get_cycle_for(caller(self.request), self.kwargs["code"])

    @extend_schema(request=CycleChangeRequest, responses={200: CycleDetailSerializer})
    def patch(self, request: Request, code: str) -> Response:
        """Names, period or configuration, while in setup; all or nothing."""
        cycle = self.get_object()
        form = CycleChangeRequest(data=request.data)
        form.is_valid(raise_exception=True)
        data = form.validated_data
        version = data["version"]
        try:
            with transaction.atomic():
                details = {name: data[name] for name in DETAILS if name in data}
                if details:
                    cycle = edit_cycle(actor=caller(request), cycle=cycle, version=version, **details)
                    version = cycle.version
                if "configuration" in data:
                    cycle = edit_configuration(
                        actor=caller(request),
                        cycle=cycle,
                        configuration=data["configuration"],
                        version=version,
                    )
        except InvalidConfiguration as refusal:
            return invalid(refusal)
        return Response(CycleDetailSerializer(cycle).data)


class CycleStep(LaurelAPIView):
    """Something done to a cycle by its code."""

    scopes = {"POST": Scope.CYCLES_WRITE}
    roles = {"POST": ("hr",)}

    def cycle(self) -> Cycle:
        return get_cycle_for(caller(self.request), self.kwargs["code"])


class CycleProblems(LaurelAPIView):
    """What keeps a cycle from launch; errors do, warnings do not. Empty after the launch."""

    scopes = {"GET": Scope.CYCLES_READ}
    roles = {"GET": ("hr", "auditor")}
    serializer_class = LaunchProblemSerializer

    @extend_schema(responses={200: LaunchProblemSerializer(many=True)})
    def get(self, request: Request, code: str) -> Response:
        cycle = get_cycle_for(caller(request), code)
        found = launch_problems(cycle) if cycle.phase == Phase.SETUP else []
        return Response(LaunchProblemSerializer(found, many=True).data)


class CycleLaunch(CycleStep):
    serializer_class = CycleDetailSerializer

    @extend_schema(request=LaunchRequest, responses={200: CycleDetailSerializer})
    @idempotent
    def post(self, request: Request, code: str) -> Response:
        """Freezes configuration and population and makes the forms. 422 while problems of severity error stand."""
        form = LaunchRequest(data=request.data)
        form.is_valid(raise_exception=True)
        cycle = launch_cycle(actor=caller(request), cycle=self.cycle(), **form.validated_data)
        return Response(CycleDetailSerializer(cycle).data)


class CyclePhase(CycleStep):
    serializer_class = CycleSerializer

    @extend_schema(request=PhaseRequest, responses={200: CycleSerializer})
    @idempotent
    def post(self, request: Request, code: str) -> Response:
        """One step on or back; back and cancelled need a reason. Launch and release have addresses of their own."""
        form = PhaseRequest(data=request.data)
        form.is_valid(raise_exception=True)
        cycle = self.cycle()
        to_phase, reason = form.validated_data["to_phase"], form.validated_data["reason"]
        if to_phase == Phase.CANCELLED:
            changed = cancel_cycle(actor=caller(request), cycle=cycle, reason=reason)
        elif _is_back(cycle.phase, to_phase):
            changed = return_phase(actor=caller(request), cycle=cycle, to_phase=to_phase, reason=reason)
        else:
            changed = advance_phase(actor=caller(request), cycle=cycle, to_phase=to_phase, reason=reason)
        return Response(CycleSerializer(changed).data)


def _is_back(here: str, there: str) -> bool:
    order: list[Any] = list(PHASE_ORDER)
    return here in order and there in order and order.index(there) < order.index(here)


class CycleScore(CycleStep):
    serializer_class = StartedRunSerializer

    @extend_schema(request=None, responses={202: StartedRunSerializer})
    @idempotent
    def post(self, request: Request, code: str) -> Response:
        """Starts a run that computes and publishes the results; follow it at /runs/."""
        run = start_scoring(actor=caller(request), cycle=self.cycle())
        return Response(StartedRunSerializer(run).data, status=202)


class CycleRelease(CycleStep):
    serializer_class = CycleSerializer

    @extend_schema(request=ReasonRequest, responses={200: CycleSerializer})
    @idempotent
    def post(self, request: Request, code: str) -> Response:
        """Opens the published results to those appraised. 409 while they are stale; open forms need a reason."""
        form = ReasonRequest(data=request.data)
        form.is_valid(raise_exception=True)
        cycle = release_cycle(actor=caller(request), cycle=self.cycle(), **form.validated_data)
        return Response(CycleSerializer(cycle).data)
