"""Proposals of the rule, the rule itself and the estimated effect in the API."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.clients.api import Filter, LaurelAPIView, ListAPI, Scope, idempotent
from foundation.refusals import Refusal
from reviews.api.callers import caller
from reviews.api.serializers import EmployeeReference
from reviews.models import ImprovementPlan, PlanProposal
from reviews.selectors.improvement_effects import MONTHS_AFTER, NEIGHBOURS, kpis_of_plans, plan_effect
from reviews.selectors.improvement_plans import current_rule
from reviews.selectors.improvement_proposals import get_proposal_for, visible_proposals
from reviews.services.improvement_proposals import dismiss_proposal, look_for_proposals, save_plan_rule
from reviews.services.rights import REASON_LIMIT


class ProposalOfPlanSerializer(serializers.ModelSerializer[PlanProposal]):
    employee = EmployeeReference(read_only=True)
    evidence = serializers.JSONField(read_only=True)
    decision = serializers.CharField(read_only=True, help_text="opened or dismissed; empty while it is open")
    plan = serializers.IntegerField(source="plan_id", read_only=True, allow_null=True)

    class Meta:
        model = PlanProposal
        fields = [
            "id",
            "employee",
            "kind",
            "last_day",
            "evidence",
            "found_at",
            "decision",
            "reason",
            "plan",
            "decided_at",
        ]
        read_only_fields = fields


class PlanProposalList(ListAPI):
    """People for whom a plan may help, by the later of the two periods, the latest first."""

    scopes = {"GET": Scope.RESULTS_READ}
    roles = {"GET": ("hr", "auditor")}
    serializer_class = ProposalOfPlanSerializer
    filters = {
        "kind": Filter("kind", choices=ImprovementPlan.Kind.values),
        "decided": Filter(
            lambda found, value: found.exclude(decision="") if value else found.filter(decision=""),
            "boolean",
            description="or not",
        ),
    }
    ordering = ("-last_day", "-id")

    def get_queryset(self) -> QuerySet[PlanProposal]:
        return visible_proposals(caller(self.request))


class LookAnswer(serializers.Serializer[Any]):
    found = serializers.IntegerField()


class PlanProposalLook(LaurelAPIView):
    scopes = {"POST": Scope.CYCLES_WRITE}
    roles = {"POST": ("hr",)}
    serializer_class = LookAnswer

    @extend_schema(request=None, responses={200: LookAnswer})
    @idempotent
    def post(self, request: Request) -> Response:
        """Applies the rule now; it also runs every night. Answers how many findings are new."""
        return Response({"found": look_for_proposals(actor=caller(request))})


class DismissalRequest(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=REASON_LIMIT)


class PlanProposalDismiss(LaurelAPIView):
    scopes = {"POST": Scope.CYCLES_WRITE}
    roles = {"POST": ("hr",)}
    serializer_class = ProposalOfPlanSerializer

    @extend_schema(request=DismissalRequest, responses={200: ProposalOfPlanSerializer})
    @idempotent
    def post(self, request: Request, proposal_id: int) -> Response:
        """No plan, with a reason. To accept it, open a plan that names it."""
        get_proposal_for(caller(request), proposal_id)
        form = DismissalRequest(data=request.data)
        form.is_valid(raise_exception=True)
        dismiss_proposal(actor=caller(request), proposal_id=proposal_id, **form.validated_data)
        return Response(ProposalOfPlanSerializer(get_proposal_for(caller(request), proposal_id)).data)


class PlanRuleSerializer(serializers.Serializer[Any]):
    score_below = serializers.FloatField(min_value=1, max_value=100)
    points_below = serializers.FloatField(min_value=1, max_value=100)
    score_from = serializers.FloatField(min_value=1, max_value=200)
    answer_days = serializers.IntegerField(min_value=1, max_value=60)


class PlanRuleView(LaurelAPIView):
    """By which absolute standards plans are proposed, and how many days a person has to object."""

    scopes = {"GET": Scope.RESULTS_READ, "PUT": Scope.CYCLES_WRITE}
    roles = {"GET": ("hr", "auditor"), "PUT": ("hr",)}
    serializer_class = PlanRuleSerializer

    @extend_schema(responses={200: PlanRuleSerializer})
    def get(self, request: Request) -> Response:
        return Response(PlanRuleSerializer(current_rule()).data)

    @extend_schema(request=PlanRuleSerializer, responses={200: PlanRuleSerializer})
    def put(self, request: Request) -> Response:
        """What was proposed or served before keeps what it was measured by."""
        form = PlanRuleSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        save_plan_rule(actor=caller(request), **form.validated_data)
        return Response(PlanRuleSerializer(current_rule()).data)


class EffectSerializer(serializers.Serializer[Any]):
    """estimate and its interval are null where too few people can be compared."""

    kpi = serializers.CharField()
    months = serializers.IntegerField()
    neighbours = serializers.IntegerField()
    estimate = serializers.FloatField(allow_null=True)
    standard_error = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    treated = serializers.IntegerField()
    controls = serializers.IntegerField()
    unmatched = serializers.IntegerField()


class PlanEffectView(LaurelAPIView):
    """Difference in differences against matched people without a plan: an estimate, not proof."""

    scopes = {"GET": Scope.RESULTS_READ}
    roles = {"GET": ("hr", "auditor")}
    serializer_class = EffectSerializer
    parameters = ("kpi", "months")

    @extend_schema(
        parameters=[
            OpenApiParameter("kpi", OpenApiTypes.STR, description="code; a KPI of which plans have targets"),
            OpenApiParameter("months", OpenApiTypes.INT, enum=MONTHS_AFTER, description="after the start"),
        ],
        responses={200: EffectSerializer},
    )
    def get(self, request: Request) -> Response:
        asked = request.query_params.get("kpi", "")
        kpi = next((each for each in kpis_of_plans() if each.code == asked), None)
        if kpi is None:
            raise Refusal("improvement_effect_kpi_unknown", field="kpi", status=422, name=asked[:60])
        text = request.query_params.get("months", "2")
        if text not in {str(each) for each in MONTHS_AFTER}:
            allowed = ", ".join(str(each) for each in MONTHS_AFTER)
            raise Refusal("improvement_verdict_unknown", field="months", status=422, allowed=allowed)
        found = plan_effect(kpi, int(text))
        names = ("estimate", "standard_error", "low", "high", "treated", "controls", "unmatched")
        numbers = {name: getattr(found.effect, name) if found.effect else None for name in names}
        counts = {name: numbers[name] or 0 for name in ("treated", "controls", "unmatched")}
        return Response({**numbers, **counts, "kpi": kpi.code, "months": int(text), "neighbours": NEIGHBOURS})
