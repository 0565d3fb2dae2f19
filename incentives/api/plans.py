"""Incentive plans in the API: the same services and refusals as the composer in the browser."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.clients.api import Filter, LaurelAPIView, ListAPI, RetrieveAPI, Scope, idempotent
from foundation.clients.problems import problem
from incentives.api.callers import caller
from incentives.api.serializers import (
    PlanChangeRequest,
    PlanDetailSerializer,
    PlanRequest,
    PlanSerializer,
    PlanVersionSerializer,
    VersionRequest,
)
from incentives.models import IncentivePlan, PlanVersion
from incentives.selectors.plans import get_plan_for, visible_plans
from incentives.services.plans import PlanInvalid, create_plan, revise_plan, update_plan
from incentives.steps import configuration as configurations

READERS = ("hr", "payroll", "auditor")


def invalid(refusal: PlanInvalid) -> Response:
    """422 with one entry per problem, each with the pointer to its place in the body."""
    return problem(
        refusal.status,
        refusal.code,
        str(refusal),
        field=refusal.field,
        errors=[
            {
                "pointer": "#/configuration" + "".join(f"/{part}" for part in found.path),
                "code": found.code,
                "detail": found.text,
            }
            for found in refusal.problems
        ],
    )


class PlanList(ListAPI):
    """Incentive plans, by code."""

    scopes = {"GET": Scope.PAYOUTS_READ, "POST": Scope.PAYOUTS_WRITE}
    roles = {"GET": READERS, "POST": ("hr",)}
    serializer_class = PlanSerializer
    filters = {"is_active": Filter("is_active", "boolean")}
    ordering = ("code", "id")

    def get_queryset(self) -> QuerySet[IncentivePlan]:
        return visible_plans(caller(self.request))

    @extend_schema(request=PlanRequest, responses={201: PlanDetailSerializer})
    @idempotent
    def post(self, request: Request) -> Response:
        """A plan with its first version. A configuration with problems is 422 with all of them."""
        form = PlanRequest(data=request.data)
        form.is_valid(raise_exception=True)
        try:
            plan = create_plan(actor=caller(request), **form.validated_data)
        except PlanInvalid as refusal:
            return invalid(refusal)
        return Response(PlanDetailSerializer(plan).data, status=201)


class PlanDetail(RetrieveAPI):
    """One plan with all its versions."""

    scopes = {"GET": Scope.PAYOUTS_READ, "PATCH": Scope.PAYOUTS_WRITE}
    roles = {"GET": READERS, "PATCH": ("hr",)}
    serializer_class = PlanDetailSerializer

    def get_object(self) -> IncentivePlan:
        return get_plan_for(caller(self.request), self.kwargs["code"])

    @extend_schema(request=PlanChangeRequest, responses={200: PlanDetailSerializer})
    def patch(self, request: Request, code: str) -> Response:
        """Names, and whether the plan is in use."""
        plan = self.get_object()
        form = PlanChangeRequest(data=request.data)
        form.is_valid(raise_exception=True)
        return Response(
            PlanDetailSerializer(update_plan(actor=caller(request), plan=plan, **form.validated_data)).data
        )


class PlanVersionList(ListAPI):
    """Versions of a plan, newest first."""

    scopes = {"GET": Scope.PAYOUTS_READ, "POST": Scope.PAYOUTS_WRITE}
    roles = {"GET": READERS, "POST": ("hr",)}
    serializer_class = PlanVersionSerializer
    ordering = ("-valid_from", "id")

    def get_queryset(self) -> QuerySet[PlanVersion]:
        plan = get_plan_for(caller(self.request), self.kwargs["code"])
        return PlanVersion.objects.filter(plan=plan).select_related("plan")

    @extend_schema(request=VersionRequest, responses={201: PlanVersionSerializer})
    @idempotent
    def post(self, request: Request, code: str) -> Response:
        """The rules from a day on. A version that a payout run used is final; choose another first day then."""
        plan = get_plan_for(caller(request), code)
        form = VersionRequest(data=request.data)
        form.is_valid(raise_exception=True)
        try:
            version = revise_plan(actor=caller(request), plan=plan, **form.validated_data)
        except PlanInvalid as refusal:
            return invalid(refusal)
        return Response(PlanVersionSerializer(version).data, status=201)


class PlanSchema(LaurelAPIView):
    """The JSON schema of a plan's configuration, with every kind of step."""

    scopes = {"GET": Scope.PAYOUTS_READ}
    roles = {"GET": READERS}
    serializer_class = PlanSerializer

    @extend_schema(responses={200: OpenApiResponse(response={"type": "object"}, description="JSON schema")})
    def get(self, request: Request, *args: Any) -> Response:
        return Response(configurations.schema())
