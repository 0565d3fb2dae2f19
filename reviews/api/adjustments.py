"""Moves of ratings, bonus and penalty points, breaches and proposals in the API: the services of HR's pages."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.clients.api import Filter, LaurelAPIView, ListAPI, Scope, idempotent
from people.models import User
from reviews.api.callers import caller
from reviews.api.serializers import EmployeeReference
from reviews.models import Cycle, RatingProposal, ResultAdjustment
from reviews.selectors.adjustments import (
    before_and_after,
    get_adjustment_for,
    get_proposal_for,
    visible_adjustments,
    visible_proposals,
)
from reviews.selectors.cycles import get_cycle_for
from reviews.selectors.rating_groups import group_summary
from reviews.selectors.results import visible_results
from reviews.services.adjustments import (
    EVIDENCE_LIMIT,
    grant_item,
    move_rating,
    record_breach,
    withdraw_adjustment,
)
from reviews.services.proposals import decide_proposal, propose_rating
from reviews.services.rights import REASON_LIMIT

PANEL = ("hr", "auditor", "manager")
LARGEST = 2**63 - 1


class AdjustmentSerializer(serializers.ModelSerializer[ResultAdjustment]):
    employee = EmployeeReference(read_only=True)
    created_by = EmployeeReference(read_only=True)
    reverses = serializers.IntegerField(source="reverses_id", read_only=True, allow_null=True)

    class Meta:
        model = ResultAdjustment
        fields = [
            "id",
            "kind",
            "employee",
            "rating",
            "points",
            "item",
            "reason",
            "evidence",
            "is_shared",
            "reverses",
            "created_by",
            "created_at",
        ]
        read_only_fields = fields


class ProposalSerializer(serializers.ModelSerializer[RatingProposal]):
    employee = EmployeeReference(read_only=True)
    proposed_by = EmployeeReference(read_only=True)

    class Meta:
        model = RatingProposal
        fields = [
            "id",
            "employee",
            "rating",
            "reason",
            "proposed_by",
            "created_at",
            "state",
            "answer",
            "decided_at",
        ]
        read_only_fields = fields


class EntryRequest(serializers.Serializer[Any]):
    employee = serializers.IntegerField(min_value=1, max_value=LARGEST, help_text="id of the person")
    reason = serializers.CharField(max_length=REASON_LIMIT)


class MoveRequest(EntryRequest):
    rating = serializers.CharField(
        max_length=20, allow_blank=True, help_text="empty undoes the moves before it"
    )
    is_shared = serializers.BooleanField(
        required=False, default=False, help_text="whether the employee reads the reason"
    )
    seen = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=LARGEST,
        help_text="id of the latest move that was read, 0 for none",
    )


class GrantRequest(EntryRequest):
    item = serializers.CharField(max_length=40)
    points = serializers.FloatField(min_value=-100, max_value=100)
    evidence = serializers.CharField(max_length=EVIDENCE_LIMIT, required=False, allow_blank=True, default="")


class BreachRequest(EntryRequest):
    red_line = serializers.CharField(max_length=40)
    evidence = serializers.CharField(max_length=EVIDENCE_LIMIT)


class ProposalRequest(EntryRequest):
    rating = serializers.CharField(max_length=20)


class ProposalDecisionRequest(serializers.Serializer[Any]):
    accept = serializers.BooleanField()
    reason = serializers.CharField(max_length=REASON_LIMIT)
    is_shared = serializers.BooleanField(required=False, default=False)


class WithdrawRequest(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=REASON_LIMIT)


class DistributionSerializer(serializers.Serializer[Any]):
    before = serializers.DictField(child=serializers.IntegerField(), help_text="people by rating as computed")
    after = serializers.DictField(
        child=serializers.IntegerField(),
        help_text="with all moves and red lines, also those since the last run",
    )
    groups = serializers.DictField(
        allow_null=True, help_text="own, merged and exempt groups under shares; null under cut-offs"
    )


class OfCycle(LaurelAPIView):
    def cycle(self) -> Cycle:
        return get_cycle_for(caller(self.request), self.kwargs["code"])


class AdjustmentList(ListAPI):
    """Moves, points and breaches: HR and auditors all, managers those of their people from calibration on."""

    scopes = {"GET": Scope.RESULTS_READ}
    roles = {"GET": PANEL}
    serializer_class = AdjustmentSerializer
    filters = {
        "kind": Filter("kind", choices=ResultAdjustment.Kind.values),
        "employee_number": Filter("employee__employee_number"),
    }
    ordering = ("id",)

    def get_queryset(self) -> QuerySet[ResultAdjustment]:
        user = caller(self.request)
        return visible_adjustments(user, get_cycle_for(user, self.kwargs["code"]))


def entered(view: OfCycle, request: Request, form: type[EntryRequest], service: Any) -> Response:
    data = form(data=request.data)
    data.is_valid(raise_exception=True)
    values = dict(data.validated_data)
    entry = service(actor=caller(request), cycle=view.cycle(), employee_id=values.pop("employee"), **values)
    return Response(AdjustmentSerializer(entry).data, status=201)


class RatingMove(OfCycle):
    scopes = {"POST": Scope.CYCLES_WRITE}
    roles = {"POST": ("hr",)}
    serializer_class = AdjustmentSerializer

    @extend_schema(request=MoveRequest, responses={201: AdjustmentSerializer})
    @idempotent
    def post(self, request: Request, code: str) -> Response:
        """Moves a rating; results show it after the next run. 409 when `seen` is no longer the latest move."""
        return entered(self, request, MoveRequest, move_rating)


class BonusGrant(OfCycle):
    scopes = {"POST": Scope.CYCLES_WRITE}
    roles = {"POST": ("hr",)}
    serializer_class = AdjustmentSerializer

    @extend_schema(request=GrantRequest, responses={201: AdjustmentSerializer})
    @idempotent
    def post(self, request: Request, code: str) -> Response:
        """Grants a bonus or penalty item of the cycle's catalogue."""
        return entered(self, request, GrantRequest, grant_item)


class BreachRecord(OfCycle):
    scopes = {"POST": Scope.CYCLES_WRITE}
    roles = {"POST": ("hr",)}
    serializer_class = AdjustmentSerializer

    @extend_schema(request=BreachRequest, responses={201: AdjustmentSerializer})
    @idempotent
    def post(self, request: Request, code: str) -> Response:
        """Records that somebody crossed a red line of the kind breach."""
        return entered(self, request, BreachRequest, record_breach)


class AdjustmentWithdraw(OfCycle):
    scopes = {"POST": Scope.CYCLES_WRITE}
    roles = {"POST": ("hr",)}
    serializer_class = AdjustmentSerializer

    @extend_schema(request=WithdrawRequest, responses={201: AdjustmentSerializer})
    @idempotent
    def post(self, request: Request, code: str, adjustment_id: int) -> Response:
        """Reverses points or a breach by a further entry; once."""
        entry = get_adjustment_for(caller(request), self.cycle(), adjustment_id)
        form = WithdrawRequest(data=request.data)
        form.is_valid(raise_exception=True)
        made = withdraw_adjustment(actor=caller(request), adjustment=entry, **form.validated_data)
        return Response(AdjustmentSerializer(made).data, status=201)


class ProposalList(ListAPI):
    """Ratings that managers propose: HR and auditors all, managers those of their people."""

    scopes = {"GET": Scope.RESULTS_READ, "POST": Scope.CYCLES_WRITE}
    roles = {"GET": PANEL, "POST": ("manager",)}
    serializer_class = ProposalSerializer
    filters = {"state": Filter("state", choices=RatingProposal.State.values)}
    ordering = ("id",)

    def get_queryset(self) -> QuerySet[RatingProposal]:
        user = caller(self.request)
        return visible_proposals(user, get_cycle_for(user, self.kwargs["code"]))

    @extend_schema(request=ProposalRequest, responses={201: ProposalSerializer})
    @idempotent
    def post(self, request: Request, code: str) -> Response:
        form = ProposalRequest(data=request.data)
        form.is_valid(raise_exception=True)
        values = dict(form.validated_data)
        user: User = caller(request)
        made = propose_rating(
            actor=user, cycle=get_cycle_for(user, code), employee_id=values.pop("employee"), **values
        )
        return Response(ProposalSerializer(made).data, status=201)


class ProposalDecision(OfCycle):
    scopes = {"POST": Scope.CYCLES_WRITE}
    roles = {"POST": ("hr",)}
    serializer_class = ProposalSerializer

    @extend_schema(request=ProposalDecisionRequest, responses={200: ProposalSerializer})
    @idempotent
    def post(self, request: Request, code: str, proposal_id: int) -> Response:
        """Accepting makes the move; the manager reads the reason either way."""
        proposal = get_proposal_for(caller(request), self.cycle(), proposal_id)
        form = ProposalDecisionRequest(data=request.data)
        form.is_valid(raise_exception=True)
        decided = decide_proposal(actor=caller(request), proposal=proposal, **form.validated_data)
        return Response(ProposalSerializer(decided).data)


class RatingDistribution(OfCycle):
    """How many people have each rating, as computed and as it stands; of the people whom the caller sees."""

    scopes = {"GET": Scope.RESULTS_READ}
    roles = {"GET": PANEL}
    serializer_class = DistributionSerializer

    @extend_schema(responses={200: DistributionSerializer})
    def get(self, request: Request, code: str) -> Response:
        user, cycle = caller(request), self.cycle()
        if cycle.published_run_id is None:
            raise Http404
        counts = before_and_after(cycle, visible_results(user, cycle))
        groups = group_summary(cycle) if user.has_role("hr", "auditor") else None
        return Response(DistributionSerializer({**counts, "groups": groups}).data)
