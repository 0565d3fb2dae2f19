"""Accounts, holds and clawbacks in the API. What payroll has paid comes in as an import of kind `payments`."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.clients.api import Filter, LaurelAPIView, ListAPI, RetrieveAPI, Scope, idempotent
from incentives.api.callers import caller
from incentives.api.serializers import LedgerEntrySerializer, MoneyField
from incentives.models import Clawback, ClawbackInstalment, DeductionItem, Payment, PayoutHold
from incentives.selectors.accounts import (
    account_of,
    get_account_for,
    get_clawback_for,
    visible_accounts,
    visible_clawbacks,
    visible_holds,
)
from incentives.selectors.payout_runs import get_payout_run_for
from incentives.selectors.recoveries import schedules_of, visible_deductions
from incentives.services.payments import (
    approve_clawback,
    propose_clawback,
    put_hold,
    reject_clawback,
    release_hold,
)
from incentives.services.recoveries import DeductionsFile, export_deductions
from incentives.services.rights import REASON_LIMIT
from people.models import User

READERS = ("hr", "payroll", "auditor")
KEEPERS = ("hr", "payroll")


class AccountSerializer(serializers.ModelSerializer[User]):
    employee = serializers.IntegerField(source="pk", read_only=True, help_text="id")
    booked = MoneyField(help_text="the ledger's sum, corrections and clawbacks included")
    paid = MoneyField(help_text="as payroll reported it")
    recovered = MoneyField(help_text="deducted for clawbacks, as payroll reported it")
    balance = MoneyField(
        help_text="booked less paid, plus recovered: pending above zero, owed by the person below"
    )
    on_hold = serializers.BooleanField(read_only=True)

    class Meta:
        model = User
        fields = [
            "employee",
            "employee_number",
            "name",
            "booked",
            "paid",
            "recovered",
            "balance",
            "on_hold",
        ]
        read_only_fields = fields


class PaymentSerializer(serializers.ModelSerializer[Payment]):
    plan = serializers.CharField(source="plan.code", read_only=True)
    cycle = serializers.CharField(source="cycle.code", read_only=True)
    amount = MoneyField()

    class Meta:
        model = Payment
        fields = ["id", "plan", "cycle", "payout_run", "amount", "currency", "paid_on", "created_at"]
        read_only_fields = fields


class HoldSerializer(serializers.ModelSerializer[PayoutHold]):
    put_by = serializers.CharField(source="put_by.name", read_only=True)
    released_by = serializers.CharField(
        source="released_by.name", read_only=True, allow_null=True, default=None
    )

    class Meta:
        model = PayoutHold
        fields = [
            "id",
            "employee",
            "reason",
            "put_by",
            "put_at",
            "released_by",
            "released_at",
            "release_reason",
        ]
        read_only_fields = fields


class InstalmentSerializer(serializers.ModelSerializer[ClawbackInstalment]):
    amount = MoneyField()

    class Meta:
        model = ClawbackInstalment
        fields = ["number", "month", "amount"]
        read_only_fields = fields


class SchedulePartSerializer(serializers.Serializer[Any]):
    month = serializers.DateField(read_only=True, help_text="its first day")
    asked = MoneyField(help_text="in a deduction file where is_filed, else as planned now")
    recovered = MoneyField(allow_null=True, help_text="null until payroll has answered")
    recovered_on = serializers.DateField(read_only=True, allow_null=True)
    is_filed = serializers.BooleanField(read_only=True)


class ScheduleSerializer(serializers.Serializer[Any]):
    recovered = MoneyField(help_text="what payroll has deducted")
    left = MoneyField(help_text="what the person still owes")
    parts = SchedulePartSerializer(many=True, read_only=True)


class ClawbackSerializer(serializers.ModelSerializer[Clawback]):
    plan = serializers.CharField(source="plan.code", read_only=True)
    cycle = serializers.CharField(source="cycle.code", read_only=True)
    amount = MoneyField()
    instalments = serializers.SerializerMethodField(help_text="as planned when it was proposed")
    created_by = serializers.CharField(source="created_by.name", read_only=True)
    decided_by = serializers.CharField(
        source="decided_by.name", read_only=True, allow_null=True, default=None
    )

    class Meta:
        model = Clawback
        fields = [
            "id",
            "employee",
            "plan",
            "cycle",
            "payout_run",
            "amount",
            "currency",
            "reason",
            "monthly_share",
            "state",
            "instalments",
            "created_by",
            "created_at",
            "decided_by",
            "decided_at",
            "rejection",
        ]
        read_only_fields = fields

    @extend_schema_field(InstalmentSerializer(many=True))
    def get_instalments(self, clawback: Clawback) -> list[Any]:
        return list(InstalmentSerializer(clawback.instalments.all(), many=True).data)


class ClawbackDetailSerializer(ClawbackSerializer):
    schedule = ScheduleSerializer(read_only=True)

    class Meta(ClawbackSerializer.Meta):
        fields = [*ClawbackSerializer.Meta.fields, "schedule"]
        read_only_fields = fields


class DeductionSerializer(serializers.ModelSerializer[DeductionItem]):
    employee = serializers.IntegerField(source="clawback.employee_id", read_only=True, help_text="id")
    currency = serializers.CharField(source="clawback.currency", read_only=True)
    amount = MoneyField()
    recovered = MoneyField(source="recovery.amount", allow_null=True, default=None)
    recovered_on = serializers.DateField(
        source="recovery.recovered_on", read_only=True, allow_null=True, default=None
    )

    class Meta:
        model = DeductionItem
        fields = [
            "id",
            "clawback",
            "employee",
            "month",
            "batch",
            "amount",
            "currency",
            "recovered",
            "recovered_on",
        ]
        read_only_fields = fields


class DeductionsRequest(serializers.Serializer[Any]):
    month = serializers.DateField(help_text="any day of it; this month or the next")
    batch = serializers.IntegerField(
        min_value=1,
        max_value=32000,
        required=False,
        allow_null=True,
        help_text="a part that was made; without it, who is due and in none yet",
    )


class DeductionFileSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(read_only=True)
    batch = serializers.IntegerField(read_only=True)
    is_repeat = serializers.BooleanField(read_only=True)
    sha256 = serializers.CharField(read_only=True)
    content = serializers.SerializerMethodField(help_text="the CSV file as text, with its byte order mark")

    def get_content(self, made: DeductionsFile) -> str:
        return made.content.decode()


class AccountDetailSerializer(serializers.Serializer[Any]):
    employee = serializers.IntegerField(source="employee.pk", read_only=True, help_text="id")
    employee_number = serializers.CharField(source="employee.employee_number", read_only=True)
    name = serializers.CharField(source="employee.name", read_only=True)
    booked = MoneyField()
    paid = MoneyField()
    recovered = MoneyField()
    balance = MoneyField()
    entries = LedgerEntrySerializer(many=True, read_only=True, help_text="the latest hundred")
    payments = PaymentSerializer(many=True, read_only=True)
    holds = HoldSerializer(many=True, read_only=True)
    clawbacks = ClawbackSerializer(many=True, read_only=True)


class HoldRequest(serializers.Serializer[Any]):
    employee = serializers.IntegerField(min_value=1, max_value=2**63 - 1, help_text="id")
    reason = serializers.CharField(max_length=REASON_LIMIT)


class MoneyReasonRequest(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=REASON_LIMIT)


class ClawbackRequest(serializers.Serializer[Any]):
    employee = serializers.IntegerField(min_value=1, max_value=2**63 - 1, help_text="id")
    payout_run = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    amount = serializers.DecimalField(max_digits=14, decimal_places=2, min_value=Decimal("0.01"))
    monthly_share = serializers.DecimalField(
        max_digits=5, decimal_places=4, default=Decimal("0.2"), help_text="of the monthly salary, 0.2 = 20 %"
    )
    first_month = serializers.DateField()
    reason = serializers.CharField(max_length=REASON_LIMIT)


class AccountList(ListAPI):
    """Everybody for whom anything was booked, with the closing balance."""

    scopes = {"GET": Scope.PAYOUTS_READ}
    roles = {"GET": READERS}
    serializer_class = AccountSerializer
    filters = {"employee_number": Filter("employee_number"), "on_hold": Filter("on_hold", "boolean")}
    ordering = ("employee_number", "id")

    def get_queryset(self) -> QuerySet[Any]:
        return visible_accounts(caller(self.request))


class AccountDetail(LaurelAPIView):
    scopes = {"GET": Scope.PAYOUTS_READ}
    roles = {"GET": READERS}
    serializer_class = AccountDetailSerializer

    @extend_schema(responses={200: AccountDetailSerializer})
    def get(self, request: Request, employee: int) -> Response:
        """One person's entries, payments, holds and clawbacks."""
        found = account_of(get_account_for(caller(request), employee))
        return Response(AccountDetailSerializer(found).data)


class HoldList(ListAPI):
    """Holds, the latest first."""

    scopes = {"GET": Scope.PAYOUTS_READ, "POST": Scope.PAYOUTS_APPROVE}
    roles = {"GET": READERS, "POST": KEEPERS}
    serializer_class = HoldSerializer
    filters = {"employee": Filter("employee_id", "integer")}
    ordering = ("-put_at", "-id")

    def get_queryset(self) -> QuerySet[PayoutHold]:
        return visible_holds(caller(self.request))

    @extend_schema(request=HoldRequest, responses={201: HoldSerializer})
    @idempotent
    def post(self, request: Request) -> Response:
        """Keep a person's money out of payroll files. What is booked stays pending."""
        form = HoldRequest(data=request.data)
        form.is_valid(raise_exception=True)
        person = get_account_for(caller(request), form.validated_data["employee"])
        hold = put_hold(actor=caller(request), employee=person, reason=form.validated_data["reason"])
        return Response(HoldSerializer(hold).data, status=201)


class HoldRelease(LaurelAPIView):
    scopes = {"POST": Scope.PAYOUTS_APPROVE}
    roles = {"POST": KEEPERS}
    serializer_class = MoneyReasonRequest

    @extend_schema(request=MoneyReasonRequest, responses={200: HoldSerializer})
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        """What is pending comes into the next payroll file."""
        hold = visible_holds(caller(request)).filter(pk=pk).first() if pk < 2**63 else None
        if hold is None:
            raise Http404
        form = MoneyReasonRequest(data=request.data)
        form.is_valid(raise_exception=True)
        done = release_hold(
            actor=caller(request), employee=hold.employee, reason=form.validated_data["reason"]
        )
        return Response(HoldSerializer(done).data)


class ClawbackList(ListAPI):
    """Clawbacks: one's own approved ones, and all of them for HR, payroll and auditors."""

    scopes = {"GET": Scope.PAYOUTS_READ, "POST": Scope.PAYOUTS_WRITE}
    roles = {"GET": READERS, "POST": ("hr",)}
    serializer_class = ClawbackSerializer
    filters = {
        "employee": Filter("employee_id", "integer"),
        "state": Filter("state", choices=Clawback.State.values),
    }
    ordering = ("-created_at", "-id")

    def get_queryset(self) -> QuerySet[Clawback]:
        return visible_clawbacks(caller(self.request))

    @extend_schema(request=ClawbackRequest, responses={201: ClawbackSerializer})
    @idempotent
    def post(self, request: Request) -> Response:
        """Propose one, with its instalments. Somebody else approves it."""
        form = ClawbackRequest(data=request.data)
        form.is_valid(raise_exception=True)
        values = dict(form.validated_data)
        person = get_account_for(caller(request), values.pop("employee"))
        run = get_payout_run_for(caller(request), values.pop("payout_run"))
        made = propose_clawback(actor=caller(request), employee=person, payout_run=run, **values)
        return Response(ClawbackSerializer(get_clawback_for(caller(request), made.pk)).data, status=201)


class ClawbackApprove(LaurelAPIView):
    scopes = {"POST": Scope.PAYOUTS_APPROVE}
    roles = {"POST": KEEPERS}
    serializer_class = ClawbackSerializer

    @extend_schema(request=None, responses={200: ClawbackSerializer})
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        """Book it. Refused to whoever proposed it and to the person who is to pay."""
        found = get_clawback_for(caller(request), pk)
        approve_clawback(actor=caller(request), clawback=found)
        return Response(ClawbackSerializer(get_clawback_for(caller(request), pk)).data)


class ClawbackReject(LaurelAPIView):
    scopes = {"POST": Scope.PAYOUTS_APPROVE}
    roles = {"POST": KEEPERS}
    serializer_class = MoneyReasonRequest

    @extend_schema(request=MoneyReasonRequest, responses={200: ClawbackSerializer})
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        """Nothing is booked."""
        found = get_clawback_for(caller(request), pk)
        form = MoneyReasonRequest(data=request.data)
        form.is_valid(raise_exception=True)
        reject_clawback(actor=caller(request), clawback=found, reason=form.validated_data["reason"])
        return Response(ClawbackSerializer(get_clawback_for(caller(request), pk)).data)


class ClawbackDetail(RetrieveAPI):
    """One clawback with its schedule as it stands: deducted, on its way, still to come."""

    scopes = {"GET": Scope.PAYOUTS_READ}
    roles = {"GET": READERS}
    serializer_class = ClawbackDetailSerializer

    def get_object(self) -> Clawback:
        found: Any = get_clawback_for(caller(self.request), self.kwargs["pk"])
        own = Clawback.objects.filter(employee=found.employee_id).prefetch_related("instalments")
        found.schedule = schedules_of(own)[found.pk]
        return found


class DeductionList(ListAPI):
    """What payroll was asked to deduct for clawbacks, and what it has deducted."""

    scopes = {"GET": Scope.PAYOUTS_READ, "POST": Scope.PAYOUTS_APPROVE}
    roles = {"GET": READERS, "POST": KEEPERS}
    serializer_class = DeductionSerializer
    filters = {
        "month": Filter("month", "date"),
        "clawback": Filter("clawback_id", "integer"),
        "employee": Filter("clawback__employee_id", "integer"),
    }
    ordering = ("-month", "-id")

    def get_queryset(self) -> QuerySet[DeductionItem]:
        return visible_deductions(caller(self.request))

    @extend_schema(request=DeductionsRequest, responses={201: DeductionFileSerializer})
    @idempotent
    def post(self, request: Request) -> Response:
        """Make the month's file; asked for again it is the same, byte for byte. What came of it comes back as an import
        of kind `recoveries`."""
        form = DeductionsRequest(data=request.data)
        form.is_valid(raise_exception=True)
        made = export_deductions(actor=caller(request), **form.validated_data)
        return Response(DeductionFileSerializer(made).data, status=201)
