"""Statements in the API: one's own, and all of them for HR, payroll and auditors."""

from __future__ import annotations

from decimal import ROUND_HALF_UP
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.clients.api import ANYONE, Filter, LaurelAPIView, ListAPI, RetrieveAPI, Scope
from incentives.api.callers import caller
from incentives.api.payout_runs import AnyAccept
from incentives.api.serializers import StatementDetailSerializer, StatementSerializer, cents
from incentives.models import PayoutLine
from incentives.selectors.statements import get_statement_for, statement_of, visible_statements
from incentives.services.differences import foresee_pay
from incentives.services.statement_pdf import draw_statement
from reviews.selectors.appeals import get_appeal_for
from reviews.services.appeals import HIGHEST


class StatementList(ListAPI):
    """Lines of approved payout runs that the caller may see."""

    scopes = {"GET": Scope.PAYOUTS_READ}
    roles = {"GET": ANYONE}
    serializer_class = StatementSerializer
    filters = {
        "employee": Filter("employee_id", "integer"),
        "employee_number": Filter("employee_number"),
        "cycle": Filter("payout_run__cycle__code"),
        "plan": Filter("payout_run__plan__code"),
        "approved_since": Filter("payout_run__approved_at__gte", "moment"),
    }
    ordering = ("-id",)

    def get_queryset(self) -> QuerySet[PayoutLine]:
        return visible_statements(caller(self.request))


class StatementDetail(RetrieveAPI):
    """One line with its steps, each of which can be worked again from its inputs, and the ledger behind it."""

    scopes = {"GET": Scope.PAYOUTS_READ}
    roles = {"GET": ANYONE}
    serializer_class = StatementDetailSerializer

    def get_object(self) -> PayoutLine:
        return get_statement_for(caller(self.request), self.kwargs["pk"])

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        line: Any = self.get_object()
        whole = statement_of(line.employee, line.payout_run.cycle)
        assert whole is not None
        own = next(item for item in whole.lines if item.line.pk == line.pk)
        line.steps = own.steps
        line.decision = own.decision
        line.booked = own.booked
        line.one_more_point = cents(own.one_more_point)
        line.entries = whole.entries
        line.cycle_total = whole.total
        line.year_to_date = whole.year_to_date
        return Response(StatementDetailSerializer(line).data)


class StatementPDF(LaurelAPIView):
    scopes = {"GET": Scope.PAYOUTS_READ}
    roles = {"GET": ANYONE}
    serializer_class = StatementSerializer
    content_negotiation_class = AnyAccept

    @extend_schema(responses={(200, "application/pdf"): OpenApiTypes.BINARY})
    def get(self, request: Request, pk: int) -> HttpResponse:
        """The whole statement of that person and cycle as PDF, in the language asked for."""
        line = get_statement_for(caller(request), pk)
        found = statement_of(line.employee, line.payout_run.cycle)
        assert found is not None
        response = HttpResponse(draw_statement(found), content_type="application/pdf")
        response["Content-Disposition"] = f'attachment; filename="statement-{line.pk}.pdf"'
        return response


class PayForesightSerializer(serializers.Serializer[Any]):
    plan = serializers.CharField(source="plan.code")
    currency = serializers.CharField()
    moves = serializers.BooleanField(help_text="whether pay would change")
    is_pooled = serializers.BooleanField(help_text="the reserve of the pool pays; known once it is computed")
    share = serializers.DecimalField(
        max_digits=None,
        decimal_places=4,
        rounding=ROUND_HALF_UP,
        allow_null=True,
        help_text="change as a part of what stands; null where nothing stands",
    )
    before = serializers.DecimalField(
        max_digits=None, decimal_places=2, allow_null=True, help_text="null for whom pay is not to see"
    )
    after = serializers.DecimalField(max_digits=None, decimal_places=2, allow_null=True)


class PayForesightRequest(serializers.Serializer[Any]):
    score = serializers.FloatField(
        required=False, allow_null=True, default=None, min_value=0, max_value=HIGHEST
    )


class AppealPayForesight(LaurelAPIView):
    scopes = {"GET": Scope.PAYOUTS_READ}
    roles = {"GET": ("hr", "manager")}
    serializer_class = PayForesightSerializer

    @extend_schema(
        parameters=[OpenApiParameter("score", float, description="as proposed where left out")],
        responses={200: PayForesightSerializer(many=True)},
    )
    def get(self, request: Request, appeal_id: int) -> Response:
        """For whom decides an appeal: what accepting it would change in pay, plan by plan. Nothing is stored."""
        get_appeal_for(caller(request), appeal_id)
        form = PayForesightRequest(data=request.query_params)
        form.is_valid(raise_exception=True)
        found = foresee_pay(actor=caller(request), appeal_id=appeal_id, score=form.validated_data["score"])
        return Response(PayForesightSerializer(found, many=True).data)
