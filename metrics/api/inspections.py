"""Quality inspection in the API: what inspectors, agents and whoever decides disputes do."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.clients.api import Filter, LaurelAPIView, ListAPI, RetrieveAPI, Scope, idempotent
from metrics.api.callers import caller
from metrics.api.inspection_serializers import (
    AgreementSerializer,
    AnswerRequest,
    AnswerSerializer,
    DisputeRequest,
    DisputeSerializer,
    InspectionDecisionRequest,
    InspectionDetailSerializer,
    InspectionSerializer,
    ScoreSerializer,
)
from metrics.models import Inspection, InspectionDispute
from metrics.selectors.inspection_agreement import READERS, agreement_of
from metrics.selectors.inspections import (
    get_form_for,
    get_inspection_for,
    visible_disputes,
    visible_inspections,
    with_score,
)
from metrics.services.inspection_disputes import decide_dispute, raise_dispute
from metrics.services.inspections import save_answer, submit_inspection

EVERYONE = ("hr", "auditor", "manager", "inspector", "employee")


class InspectionList(ListAPI):
    """Inspections that the caller may see: the own, those of people led, those assigned, or all; the latest first."""

    scopes = {"GET": Scope.METRICS_READ}
    roles = {"GET": EVERYONE}
    serializer_class = InspectionSerializer
    filters = {
        "employee": Filter("employee__employee_number", description="employee number"),
        "form": Filter("form_version__form__code"),
        "state": Filter("state", choices=Inspection.State.values),
        "sample": Filter("sample_id", "integer"),
        "first_day": Filter("day__gte", "date"),
        "last_day": Filter("day__lte", "date"),
    }
    ordering = ("-id",)

    def get_queryset(self) -> QuerySet[Inspection]:
        return with_score(visible_inspections(caller(self.request)))


class InspectionDetail(RetrieveAPI):
    """One inspection with all its scores, and for its inspector what is answered so far."""

    scopes = {"GET": Scope.METRICS_READ}
    roles = {"GET": EVERYONE}
    serializer_class = InspectionDetailSerializer

    def get_object(self) -> Inspection:
        found = get_inspection_for(caller(self.request), self.kwargs["pk"])
        return with_score(visible_inspections(caller(self.request))).get(pk=found.pk)


class InspectionAnswer(LaurelAPIView):
    scopes = {"PUT": Scope.INSPECTIONS_WRITE}
    roles = {"PUT": ("inspector",)}
    serializer_class = AnswerSerializer

    @extend_schema(request=AnswerRequest, responses={200: AnswerSerializer})
    def put(self, request: Request, pk: int, item: str) -> Response:
        """Answer an item or fatal error of one's own inspection, comment on it, or both. 409: the version is stale."""
        sent = AnswerRequest(data=request.data)
        sent.is_valid(raise_exception=True)
        values: dict[str, Any] = dict(sent.validated_data)
        version = values.pop("version")
        _found, entry = save_answer(
            actor=caller(request), inspection_id=pk, item=item, version=version, **values
        )
        own = "comment_version" if "answer" not in values else "version"
        answer = {
            "version": entry.get(own, 0),
            "answer": entry.get("answer", ""),
            "comment": entry.get("comment", ""),
        }
        return Response(AnswerSerializer(answer).data)


class InspectionSubmission(LaurelAPIView):
    scopes = {"POST": Scope.INSPECTIONS_WRITE}
    roles = {"POST": ("inspector",)}
    serializer_class = ScoreSerializer

    @extend_schema(request=None, responses={200: ScoreSerializer})
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        """Submit one's own inspection: the score as it counts from now on."""
        return Response(ScoreSerializer(submit_inspection(actor=caller(request), inspection_id=pk)).data)


class InspectionDisputeOf(LaurelAPIView):
    scopes = {"POST": Scope.INSPECTIONS_WRITE}
    roles = {"POST": ("employee",)}
    serializer_class = DisputeSerializer

    @extend_schema(request=DisputeRequest, responses={201: DisputeSerializer})
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        """Object to a score of one's own call, within the days that the form gives."""
        sent = DisputeRequest(data=request.data)
        sent.is_valid(raise_exception=True)
        made = raise_dispute(actor=caller(request), inspection_id=pk, **sent.validated_data)
        return Response(DisputeSerializer(made).data, status=201)


class InspectionDecision(LaurelAPIView):
    scopes = {"POST": Scope.INSPECTIONS_WRITE}
    roles = {"POST": ("hr", "inspector")}
    serializer_class = DisputeSerializer

    @extend_schema(request=InspectionDecisionRequest, responses={200: DisputeSerializer})
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        """Decide a dispute of a call that one has not scored. Accepting adds a score; the old one stays."""
        sent = InspectionDecisionRequest(data=request.data)
        sent.is_valid(raise_exception=True)
        get_inspection_for(caller(request), pk)
        decided = decide_dispute(actor=caller(request), inspection_id=pk, **sent.validated_data)
        return Response(DisputeSerializer(decided).data)


class DisputeList(ListAPI):
    """Disputes of inspections that the caller may see, the latest first."""

    scopes = {"GET": Scope.METRICS_READ}
    roles = {"GET": EVERYONE}
    serializer_class = DisputeSerializer
    parameters = ()
    filters = {
        "open": Filter(
            lambda found, value: found.filter(decision="") if value else found.exclude(decision=""), "boolean"
        ),
    }
    ordering = ("-id",)

    def get_queryset(self) -> QuerySet[InspectionDispute]:
        return visible_disputes(caller(self.request))


class InspectionAgreement(RetrieveAPI):
    """How far inspectors agree who scored the same calls, by item and overall; only calls that both have scored."""

    scopes = {"GET": Scope.METRICS_READ}
    roles = {"GET": READERS}
    serializer_class = AgreementSerializer

    def get_object(self) -> Any:
        user = caller(self.request)
        return agreement_of(user, get_form_for(user, self.kwargs["code"]))
