"""Payout runs in the API: computed, decided, approved, exported through the services that the pages call."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.clients.api import Filter, LaurelAPIView, ListAPI, RetrieveAPI, Scope, idempotent
from incentives.api.callers import caller
from incentives.api.serializers import (
    ApprovalRequest,
    DecisionRequest,
    DecisionsRequest,
    ExportRequest,
    PayoutLineSerializer,
    PayoutRunDetailSerializer,
    PayoutRunRequest,
    PayoutRunSerializer,
    RejectionRequest,
)
from incentives.models import PayoutLine, PayoutRun
from incentives.selectors.payout_runs import get_payout_run_for, lines_of, visible_payout_runs
from incentives.selectors.plans import get_plan_for
from incentives.services.exports import export_payout
from incentives.services.payout_runs import (
    approve_payout,
    correct_payout,
    create_payout_run,
    decide_line,
    decide_lines,
    recompute_payout,
    reject_payout,
)
from reviews.models import Cycle

READERS = ("hr", "payroll", "auditor")


def shown(payout_run: PayoutRun, request: Request) -> dict[str, Any]:
    """The run as it stands now."""
    return dict(PayoutRunSerializer(get_payout_run_for(caller(request), payout_run.pk)).data)


class PayoutRunList(ListAPI):
    """Payout runs, newest first."""

    scopes = {"GET": Scope.PAYOUTS_READ, "POST": Scope.PAYOUTS_WRITE}
    roles = {"GET": READERS, "POST": ("hr",)}
    serializer_class = PayoutRunSerializer
    filters = {
        "plan": Filter("plan__code"),
        "cycle": Filter("cycle__code"),
        "state": Filter("state", choices=PayoutRun.State.values),
        "kind": Filter("kind", choices=PayoutRun.Kind.values),
        "created_since": Filter("created_at__gte", "moment"),
    }
    ordering = ("-created_at", "-id")

    def get_queryset(self) -> QuerySet[PayoutRun]:
        return visible_payout_runs(caller(self.request))

    @extend_schema(request=PayoutRunRequest, responses={201: PayoutRunSerializer})
    @idempotent
    def post(self, request: Request) -> Response:
        """Queue the computation; `run` tells its progress. State goes from computing to computed."""
        form = PayoutRunRequest(data=request.data)
        form.is_valid(raise_exception=True)
        values = form.validated_data
        plan = get_plan_for(caller(request), values["plan"])
        cycle = Cycle.objects.filter(code=values["cycle"]).first()
        if cycle is None:
            raise Http404
        if values["kind"] == PayoutRun.Kind.ADJUSTING:
            created = correct_payout(actor=caller(request), plan=plan, cycle=cycle, reason=values["reason"])
        else:
            created = create_payout_run(actor=caller(request), plan=plan, cycle=cycle)
        return Response(shown(created, request), status=201)


class PayoutRunDetail(RetrieveAPI):
    """One payout run with its total and digest, and its pools."""

    scopes = {"GET": Scope.PAYOUTS_READ}
    roles = {"GET": READERS}
    serializer_class = PayoutRunDetailSerializer

    def get_object(self) -> PayoutRun:
        return get_payout_run_for(caller(self.request), self.kwargs["pk"])


class PayoutLineList(ListAPI):
    """Lines of a payout run."""

    scopes = {"GET": Scope.PAYOUTS_READ}
    roles = {"GET": READERS}
    serializer_class = PayoutLineSerializer
    filters = {
        "status": Filter("status", choices=PayoutLine.Status.values),
        "employee": Filter("employee_id", "integer"),
        "employee_number": Filter("employee_number"),
    }
    ordering = ("employee_number", "id")
    orderings = {"employee_number": ("employee_number", "id"), "amount": ("amount", "id")}

    def get_queryset(self) -> QuerySet[PayoutLine]:
        return lines_of(get_payout_run_for(caller(self.request), self.kwargs["pk"]))


class PayoutDecide(LaurelAPIView):
    scopes = {"POST": Scope.PAYOUTS_WRITE}
    roles = {"POST": ("hr",)}
    serializer_class = DecisionRequest

    @extend_schema(request=DecisionRequest, responses={200: PayoutRunSerializer})
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        """Pay or withhold one line. Changes the run's digest."""
        payout_run = get_payout_run_for(caller(request), pk)
        form = DecisionRequest(data=request.data)
        form.is_valid(raise_exception=True)
        decide_line(actor=caller(request), payout_run=payout_run, **form.validated_data)
        return Response(shown(payout_run, request))


class PayoutDecideLines(LaurelAPIView):
    scopes = {"POST": Scope.PAYOUTS_WRITE}
    roles = {"POST": ("hr",)}
    serializer_class = DecisionsRequest

    @extend_schema(request=DecisionsRequest, responses={200: PayoutRunSerializer})
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        """Decide several open lines alike; all of them or none."""
        payout_run = get_payout_run_for(caller(request), pk)
        form = DecisionsRequest(data=request.data)
        form.is_valid(raise_exception=True)
        decide_lines(actor=caller(request), payout_run=payout_run, **form.validated_data)
        return Response(shown(payout_run, request))


class PayoutApprove(LaurelAPIView):
    scopes = {"POST": Scope.PAYOUTS_APPROVE}
    roles = {"POST": ("hr", "payroll")}
    serializer_class = ApprovalRequest

    @extend_schema(request=ApprovalRequest, responses={200: PayoutRunSerializer})
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        """Book every line. Refused to whoever computed the run; 409 when it changed since `digest`."""
        payout_run = get_payout_run_for(caller(request), pk)
        form = ApprovalRequest(data=request.data)
        form.is_valid(raise_exception=True)
        approve_payout(
            actor=caller(request), payout_run=payout_run, seen_digest=form.validated_data["digest"]
        )
        return Response(shown(payout_run, request))


class PayoutReject(LaurelAPIView):
    scopes = {"POST": Scope.PAYOUTS_APPROVE}
    roles = {"POST": ("hr", "payroll")}
    serializer_class = RejectionRequest

    @extend_schema(request=RejectionRequest, responses={200: PayoutRunSerializer})
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        """Send the run back. Nothing is booked."""
        payout_run = get_payout_run_for(caller(request), pk)
        form = RejectionRequest(data=request.data)
        form.is_valid(raise_exception=True)
        reject_payout(actor=caller(request), payout_run=payout_run, reason=form.validated_data["reason"])
        return Response(shown(payout_run, request))


class PayoutRecompute(LaurelAPIView):
    scopes = {"POST": Scope.PAYOUTS_WRITE}
    roles = {"POST": ("hr",)}
    serializer_class = PayoutRunSerializer

    @extend_schema(request=None, responses={201: PayoutRunSerializer})
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        """A new run in place of this one, which waits for approval or has failed."""
        payout_run = get_payout_run_for(caller(request), pk)
        created = recompute_payout(actor=caller(request), payout_run=payout_run)
        return Response(shown(created, request), status=201)


class AnyAccept(BaseContentNegotiation):
    """The file is what it is, whatever the client says it accepts; errors are problem+json."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return next((parser for parser in parsers if parser.media_type == request.content_type), parsers[0])

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        return renderers[0], renderers[0].media_type


class PayoutExportFile(LaurelAPIView):
    scopes = {"POST": Scope.PAYOUTS_APPROVE}
    roles = {"POST": ("hr", "payroll")}
    serializer_class = ExportRequest
    content_negotiation_class = AnyAccept

    @extend_schema(request=ExportRequest, responses={(200, "text/csv"): OpenApiTypes.BINARY})
    def post(self, request: Request, pk: int) -> HttpResponse:
        """The payroll file, with the same bytes each time. X-Export-Repeat says whether there was one before."""
        payout_run = get_payout_run_for(caller(request), pk)
        form = ExportRequest(data=request.data)
        form.is_valid(raise_exception=True)
        made = export_payout(
            actor=caller(request),
            payout_run=payout_run,
            file_format=form.validated_data["format"],
            columns=form.validated_data.get("columns", []),
            headings=form.validated_data["headings"],
            batch=form.validated_data.get("batch"),
        )
        response = HttpResponse(made.content, content_type=made.content_type)
        response["Content-Disposition"] = f'attachment; filename="{made.name}"'
        response["X-Content-SHA256"] = made.export.sha256
        response["X-Export-Number"] = str(made.export.number)
        response["X-Export-Repeat"] = "true" if made.export.is_repeat else "false"
        return response
