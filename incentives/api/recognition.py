"""Recognition in the API: what a page does, a client can do."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.clients.api import ANYONE, Filter, LaurelAPIView, ListAPI, Scope, idempotent
from foundation.refusals import Refusal
from incentives.api.callers import caller
from incentives.models import Award, AwardKind, PointEntry
from incentives.selectors import recognition as selectors
from incentives.services.recognition import (
    LONGEST_CITATION,
    MOST_POINTS,
    give_award,
    run_award_rules,
    set_budget,
    withdraw_award,
)
from incentives.services.rights import REASON_LIMIT
from people.models import User
from people.selectors.employees import employees_by_number, find_account


class AwardKindSerializer(serializers.ModelSerializer[AwardKind]):
    class Meta:
        model = AwardKind
        fields = [
            "code",
            "name_zh",
            "name_en",
            "giver",
            "icon",
            "points",
            "monthly_limit",
            "rule",
            "is_active",
        ]
        read_only_fields = fields


class AwardSerializer(serializers.ModelSerializer[Award]):
    kind = serializers.CharField(source="kind.code")
    receiver = serializers.CharField(source="receiver.employee_number")
    receiver_name = serializers.CharField(source="receiver.name")
    giver = serializers.CharField(source="giver.employee_number", allow_null=True, default=None)
    giver_name = serializers.CharField(source="giver.name", allow_null=True, default=None)
    citation = serializers.SerializerMethodField(help_text="the giver's words, or a rule's reason")
    withdrawn = serializers.SerializerMethodField()

    class Meta:
        model = Award
        fields = [
            "id", "kind", "receiver", "receiver_name", "giver", "giver_name", "citation", "points", "day", "created_at",
            "withdrawn",
        ]  # fmt: skip
        read_only_fields = fields

    def get_citation(self, award: Award) -> str:
        return selectors.citation_of(award)

    def get_withdrawn(self, award: Award) -> bool:
        return getattr(award, "withdrawal", None) is not None


class AwardRequest(serializers.Serializer):
    kind = serializers.SlugField(max_length=60)
    receiver = serializers.CharField(max_length=40, help_text="employee number")
    citation = serializers.CharField(max_length=LONGEST_CITATION)


class AwardWithdrawRequest(serializers.Serializer):
    reason = serializers.CharField(max_length=REASON_LIMIT)


class MonthRequest(serializers.Serializer):
    month = serializers.DateField(help_text="any day of the month")


class GivenSerializer(serializers.Serializer):
    given = serializers.IntegerField(help_text="awards that were new")


class PointSerializer(serializers.ModelSerializer[PointEntry]):
    employee = serializers.CharField(source="employee.employee_number")

    class Meta:
        model = PointEntry
        fields = ["id", "employee", "kind", "award", "points", "note", "created_at"]
        read_only_fields = fields


class BudgetRequest(serializers.Serializer):
    manager = serializers.CharField(max_length=80, help_text="employee number or login")
    month = serializers.DateField(help_text="any day of the month")
    points = serializers.IntegerField(min_value=0, max_value=MOST_POINTS)


class BudgetSerializer(serializers.Serializer):
    manager = serializers.CharField()
    month = serializers.DateField()
    points = serializers.IntegerField()
    spent = serializers.IntegerField()


class AwardKindList(ListAPI):
    """What can be awarded."""

    scopes = {"GET": Scope.PAYOUTS_READ}
    roles = {"GET": ANYONE}
    serializer_class = AwardKindSerializer
    filters = {"giver": Filter("giver", choices=AwardKind.Giver.values)}
    ordering = ("code", "id")

    def get_queryset(self) -> QuerySet[AwardKind]:
        return AwardKind.objects.all()


class AwardList(ListAPI):
    """Awards that the caller may see, the newest first."""

    scopes = {"GET": Scope.PAYOUTS_READ, "POST": Scope.PAYOUTS_WRITE}
    roles = {"GET": ANYONE, "POST": ANYONE}  # who may give what to whom is the service's to say
    serializer_class = AwardSerializer
    filters = {
        "kind": Filter("kind__code"),
        "receiver": Filter("receiver__employee_number"),
        "since": Filter("created_at__gte", "moment"),
    }
    ordering = ("-id",)

    def get_queryset(self) -> QuerySet[Award]:
        return selectors.visible_awards(caller(self.request))

    @extend_schema(request=AwardRequest, responses={201: AwardSerializer})
    @idempotent
    def post(self, request: Request) -> Response:
        """Recognise somebody, within the limits of the kind and the budget of the month."""
        form = AwardRequest(data=request.data)
        form.is_valid(raise_exception=True)
        kind = get_object_or_404(AwardKind, code=form.validated_data["kind"])
        award = give_award(
            actor=caller(request),
            kind=kind,
            receiver=_employee(form.validated_data["receiver"]),
            citation=form.validated_data["citation"],
        )
        return Response(AwardSerializer(award).data, status=201)


def _employee(number: str) -> User:
    found = employees_by_number([number.strip()])
    receiver = User.objects.filter(pk__in=found.values()).first()
    if receiver is None:
        raise Refusal("award_gone", field="receiver", status=422)
    return receiver


class AwardWithdraw(LaurelAPIView):
    scopes = {"POST": Scope.PAYOUTS_WRITE}
    roles = {"POST": ("hr",)}
    serializer_class = AwardSerializer

    @extend_schema(request=AwardWithdrawRequest, responses={200: AwardSerializer})
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        """Take an award back, with its points."""
        form = AwardWithdrawRequest(data=request.data)
        form.is_valid(raise_exception=True)
        user = caller(request)
        award = selectors.get_award_for(user, pk)
        withdraw_award(actor=user, award=award, **form.validated_data)
        return Response(AwardSerializer(selectors.get_award_for(user, pk)).data)


class AwardRulesRun(LaurelAPIView):
    scopes = {"POST": Scope.PAYOUTS_WRITE}
    roles = {"POST": ("hr",)}
    serializer_class = GivenSerializer

    @extend_schema(request=MonthRequest, responses={200: GivenSerializer})
    @idempotent
    def post(self, request: Request) -> Response:
        """Give what the active rules find in a month that is over; nothing is given twice."""
        form = MonthRequest(data=request.data)
        form.is_valid(raise_exception=True)
        return Response({"given": run_award_rules(actor=caller(request), **form.validated_data)})


class PointList(ListAPI):
    """The ledger of points: one's own entries; HR and auditors all."""

    scopes = {"GET": Scope.PAYOUTS_READ}
    roles = {"GET": ANYONE}
    serializer_class = PointSerializer
    filters = {"employee": Filter("employee__employee_number")}
    ordering = ("-id",)

    def get_queryset(self) -> QuerySet[PointEntry]:
        return selectors.visible_points(caller(self.request))


class SpotBudgets(LaurelAPIView):
    scopes = {"PUT": Scope.PAYOUTS_WRITE}
    roles = {"PUT": ("hr",)}
    serializer_class = BudgetSerializer

    @extend_schema(request=BudgetRequest, responses={200: BudgetSerializer})
    def put(self, request: Request) -> Response:
        """Points that a manager may give in a month."""
        form = BudgetRequest(data=request.data)
        form.is_valid(raise_exception=True)
        data: dict[str, Any] = form.validated_data
        manager = find_account(data["manager"])
        if manager is None:
            raise Refusal("budget_not_a_manager", field="manager", status=422)
        budget = set_budget(
            actor=caller(request), manager=manager, month=data["month"], points=data["points"]
        )
        return Response(
            {
                "manager": manager.login,
                "month": budget.month,
                "points": budget.points,
                "spent": selectors.spent_of(manager, budget.month),
            }
        )
