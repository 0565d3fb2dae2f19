"""Improvement and development plans in the API: the same services, selectors and refusals as the pages."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.clients.api import ANYONE, Filter, LaurelAPIView, ListAPI, RetrieveAPI, Scope, idempotent
from people.models import User
from reviews.api.callers import caller
from reviews.api.serializers import EmployeeReference
from reviews.models import ImprovementPlan, PlanCheckIn, PlanOutcome, PlanTerms
from reviews.models.improvement_plans import Cause, Who
from reviews.selectors.improvement_plans import (
    PlanState,
    get_plan_for,
    measures_done,
    state_of,
    visible_plans,
)
from reviews.selectors.improvement_progress import progress
from reviews.services.improvement_content import EVERY, MOST, TEXT_LIMIT
from reviews.services.improvement_course import (
    NOTE_LIMIT,
    decide_outcome,
    mark_measure_done,
    record_check_in,
)
from reviews.services.improvement_plans import (
    OBJECTION_LIMIT,
    agree_to_terms,
    decide_objection,
    object_to_terms,
    open_plan,
    serve_terms,
)
from reviews.services.rights import REASON_LIMIT

LARGEST = 2**31 - 1
PHASES = ("served", "objected", "unsettled", "open", "closed")

# Requests ---------------------------------------------------------------------------------------------------------


class ImprovementCauseRequest(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=Cause.choices)
    text = serializers.CharField(max_length=TEXT_LIMIT)


class ImprovementTargetRequest(serializers.Serializer[Any]):
    kpi = serializers.CharField(
        max_length=60,
        required=False,
        allow_blank=True,
        default="",
        help_text="code; a target without is refused",
    )
    target = serializers.FloatField()
    by = serializers.DateField(required=False, help_text="the deadline where it is left out")
    start_month = serializers.RegexField(
        r"^[0-9]{4}-[0-9]{2}$",
        required=False,
        help_text="whose value it starts from; the latest month that has one where it is left out",
    )


class ImprovementGoalRequest(serializers.Serializer[Any]):
    text = serializers.CharField(max_length=TEXT_LIMIT)
    by = serializers.DateField(required=False)


class ImprovementMeasureRequest(serializers.Serializer[Any]):
    code = serializers.CharField(
        max_length=20, required=False, help_text="of a measure that is kept when terms change"
    )
    text = serializers.CharField(max_length=TEXT_LIMIT)
    who = serializers.ChoiceField(choices=Who.choices)
    by = serializers.DateField(required=False)


class ImprovementTermsContentRequest(serializers.Serializer[Any]):
    causes = serializers.ListField(child=ImprovementCauseRequest(), max_length=MOST, required=False)
    targets = serializers.ListField(child=ImprovementTargetRequest(), max_length=MOST, required=False)
    goals = serializers.ListField(child=ImprovementGoalRequest(), max_length=MOST, required=False)
    measures = serializers.ListField(child=ImprovementMeasureRequest(), max_length=MOST, required=False)
    deadline = serializers.DateField()
    every_days = serializers.IntegerField(min_value=EVERY[0], max_value=EVERY[1], default=14)


class ImprovementRequest(serializers.Serializer[Any]):
    employee_number = serializers.CharField(max_length=40)
    kind = serializers.ChoiceField(choices=ImprovementPlan.Kind.choices)
    evidence = serializers.ListField(
        child=serializers.CharField(max_length=130),
        max_length=20,
        required=False,
        help_text="score:CYCLE, kpi:CYCLE:KPI or month:2025-10:KPI, of released results and standing months",
    )
    owner_number = serializers.CharField(max_length=40, required=False, help_text="who leads it")
    proposal = serializers.IntegerField(min_value=1, max_value=2**63 - 1, required=False)
    content = ImprovementTermsContentRequest()


class ImprovementTermsRequest(serializers.Serializer[Any]):
    content = ImprovementTermsContentRequest()
    reason = serializers.CharField(max_length=REASON_LIMIT)
    seen = serializers.IntegerField(
        min_value=0,
        max_value=LARGEST,
        help_text="number of the newest terms that were read; a stale one is 409",
    )


class ImprovementAgreementRequest(serializers.Serializer[Any]):
    number = serializers.IntegerField(min_value=1, max_value=LARGEST, help_text="of the terms")


class ImprovementObjectionRequest(ImprovementAgreementRequest):
    text = serializers.CharField(max_length=OBJECTION_LIMIT)


class ImprovementObjectionDecisionRequest(ImprovementAgreementRequest):
    stands = serializers.BooleanField()
    reason = serializers.CharField(max_length=REASON_LIMIT)


class ImprovementCheckInRequest(serializers.Serializer[Any]):
    note = serializers.CharField(max_length=NOTE_LIMIT)
    held_on = serializers.DateField(required=False, help_text="today where it is left out")


class ImprovementOutcomeRequest(serializers.Serializer[Any]):
    verdict = serializers.ChoiceField(choices=PlanOutcome.Verdict.choices)
    reason = serializers.CharField(max_length=REASON_LIMIT)
    until = serializers.DateField(required=False, help_text="the new deadline, only for extended")


# Answers ----------------------------------------------------------------------------------------------------------


class ImprovementSerializer(serializers.ModelSerializer[ImprovementPlan]):
    employee = EmployeeReference(read_only=True)
    owner = EmployeeReference(read_only=True)

    class Meta:
        model = ImprovementPlan
        fields = ["id", "employee", "kind", "owner", "opened_at", "closed_on"]
        read_only_fields = fields


class ImprovementTermsSerializer(serializers.ModelSerializer[PlanTerms]):
    content = serializers.JSONField(read_only=True)
    objection = serializers.CharField(source="objection.text", read_only=True, default=None, allow_null=True)
    verdict = serializers.CharField(
        source="settlement.verdict", read_only=True, default=None, allow_null=True
    )
    stands_from = serializers.DateField(
        source="settlement.stands_from", read_only=True, default=None, allow_null=True
    )
    verdict_reason = serializers.CharField(
        source="settlement.reason", read_only=True, default=None, allow_null=True
    )

    class Meta:
        model = PlanTerms
        fields = [
            "number",
            "content",
            "reason",
            "served_at",
            "object_until",
            "objection",
            "verdict",
            "stands_from",
            "verdict_reason",
        ]
        read_only_fields = fields


class ImprovementCheckInSerializer(serializers.ModelSerializer[PlanCheckIn]):
    progress = serializers.JSONField(read_only=True)
    noted_by = serializers.CharField(source="noted_by.name", read_only=True)

    class Meta:
        model = PlanCheckIn
        fields = ["held_on", "note", "progress", "noted_by", "noted_at"]
        read_only_fields = fields


class ImprovementOutcomeSerializer(serializers.ModelSerializer[PlanOutcome]):
    progress = serializers.JSONField(read_only=True)
    decided_by = serializers.CharField(source="decided_by.name", read_only=True)

    class Meta:
        model = PlanOutcome
        fields = ["verdict", "reason", "progress", "decided_by", "decided_at"]
        read_only_fields = fields


class ImprovementDetailSerializer(ImprovementSerializer):
    """The plan with its terms, the progress of today, check-ins and outcomes."""

    evidence = serializers.JSONField(read_only=True)
    phase = serializers.SerializerMethodField()
    standing_number = serializers.SerializerMethodField()
    pending_number = serializers.SerializerMethodField()
    next_check_in = serializers.SerializerMethodField()
    terms = ImprovementTermsSerializer(many=True, read_only=True)
    progress = serializers.SerializerMethodField()
    measures_done = serializers.SerializerMethodField()
    check_ins = ImprovementCheckInSerializer(many=True, read_only=True)
    outcomes = ImprovementOutcomeSerializer(many=True, read_only=True)

    class Meta(ImprovementSerializer.Meta):
        fields = [
            *ImprovementSerializer.Meta.fields,
            "evidence",
            "phase",
            "standing_number",
            "pending_number",
            "next_check_in",
            "terms",
            "progress",
            "measures_done",
            "check_ins",
            "outcomes",
        ]
        read_only_fields = fields

    def _state(self, plan: ImprovementPlan) -> PlanState:
        known: dict[int, PlanState] = self.__dict__.setdefault("_states", {})
        if plan.pk not in known:
            known[plan.pk] = state_of(plan)
        return known[plan.pk]

    @extend_schema_field(serializers.ChoiceField(choices=PHASES))
    def get_phase(self, plan: ImprovementPlan) -> str:
        return self._state(plan).phase

    def get_standing_number(self, plan: ImprovementPlan) -> int | None:
        standing = self._state(plan).standing
        return standing.number if standing else None

    def get_pending_number(self, plan: ImprovementPlan) -> int | None:
        pending = self._state(plan).pending
        return pending.number if pending else None

    @extend_schema_field(serializers.DateField(allow_null=True))
    def get_next_check_in(self, plan: ImprovementPlan) -> str | None:
        due = self._state(plan).next_check_in
        return due.isoformat() if due else None

    @extend_schema_field(serializers.ListField(child=serializers.JSONField()))
    def get_progress(self, plan: ImprovementPlan) -> list[dict[str, Any]]:
        return [each.snapshot() for each in progress(plan, self._state(plan).shown)]

    @extend_schema_field(serializers.DictField(child=serializers.DateField()))
    def get_measures_done(self, plan: ImprovementPlan) -> dict[str, str]:
        return {code: each.done_on.isoformat() for code, each in measures_done(plan).items()}


def plain(content: dict[str, Any]) -> dict[str, Any]:
    """Dates as the texts that terms keep."""
    return {
        name: [{key: each.isoformat() if key == "by" else each for key, each in row.items()} for row in value]
        if isinstance(value, list)
        else value.isoformat()
        if name == "deadline"
        else value
        for name, value in content.items()
    }


def _person(number: str) -> int:
    return User.objects.filter(employee_number=number).values_list("pk", flat=True).first() or 0


class ImprovementList(ListAPI):
    """Plans that the caller may read, the latest first; the own ones among them."""

    scopes = {"GET": Scope.RESULTS_READ, "POST": Scope.CYCLES_WRITE}
    roles = {"GET": ANYONE, "POST": ("hr", "manager")}
    serializer_class = ImprovementSerializer
    filters = {
        "employee_number": Filter("employee__employee_number"),
        "kind": Filter("kind", choices=ImprovementPlan.Kind.values),
        "closed": Filter(
            lambda found, value: found.filter(closed_on__isnull=not value), "boolean", description="or not"
        ),
        "opened_since": Filter("opened_at__gte", "moment"),
    }
    ordering = ("-opened_at", "-id")

    def get_queryset(self) -> QuerySet[ImprovementPlan]:
        return visible_plans(caller(self.request))

    @extend_schema(request=ImprovementRequest, responses={201: ImprovementDetailSerializer})
    @idempotent
    def post(self, request: Request) -> Response:
        """Opens a plan and serves its terms."""
        form = ImprovementRequest(data=request.data)
        form.is_valid(raise_exception=True)
        data = form.validated_data
        made = open_plan(
            actor=caller(request),
            employee_id=_person(data["employee_number"]),
            kind=data["kind"],
            content=plain(data["content"]),
            evidence=data.get("evidence", []),
            owner_id=_person(data["owner_number"]) if "owner_number" in data else None,
            proposal_id=data.get("proposal"),
        )
        return Response(ImprovementDetailSerializer(get_plan_for(caller(request), made.pk)).data, status=201)


class ImprovementDetail(RetrieveAPI):
    scopes = {"GET": Scope.RESULTS_READ}
    roles = {"GET": ANYONE}
    serializer_class = ImprovementDetailSerializer

    def get_object(self) -> ImprovementPlan:
        return get_plan_for(caller(self.request), self.kwargs["plan_id"])


class ImprovementStep(LaurelAPIView):
    """Something said or done about a plan by its id. Who may not see it gets 404 before anything else is looked at."""

    scopes = {"POST": Scope.CYCLES_WRITE}
    roles = {"POST": ("hr", "manager")}
    serializer_class = ImprovementDetailSerializer
    request_class: type[serializers.Serializer[Any]]

    def read(self, request: Request, plan_id: int) -> dict[str, Any]:
        get_plan_for(caller(request), plan_id)
        form = self.request_class(data=request.data)
        form.is_valid(raise_exception=True)
        return dict(form.validated_data)

    def answer(self, request: Request, plan_id: int, status: int = 200) -> Response:
        found = get_plan_for(caller(request), plan_id)
        return Response(ImprovementDetailSerializer(found).data, status=status)


class ImprovementTermsServe(ImprovementStep):
    request_class = ImprovementTermsRequest

    @extend_schema(request=ImprovementTermsRequest, responses={201: ImprovementDetailSerializer})
    @idempotent
    def post(self, request: Request, plan_id: int) -> Response:
        """Serves a change; what stands goes on until the new terms do."""
        data = self.read(request, plan_id)
        data["content"] = plain(data["content"])
        serve_terms(actor=caller(request), plan_id=plan_id, **data)
        return self.answer(request, plan_id, 201)


class ImprovementAgree(ImprovementStep):
    roles = {"POST": ("employee",)}
    request_class = ImprovementAgreementRequest

    @extend_schema(request=ImprovementAgreementRequest, responses={200: ImprovementDetailSerializer})
    @idempotent
    def post(self, request: Request, plan_id: int) -> Response:
        """The person agrees: the terms stand from today."""
        agree_to_terms(actor=caller(request), plan_id=plan_id, **self.read(request, plan_id))
        return self.answer(request, plan_id)


class ImprovementObject(ImprovementStep):
    roles = {"POST": ("employee",)}
    request_class = ImprovementObjectionRequest

    @extend_schema(request=ImprovementObjectionRequest, responses={201: ImprovementDetailSerializer})
    @idempotent
    def post(self, request: Request, plan_id: int) -> Response:
        """The person objects, in time and with a reason."""
        object_to_terms(actor=caller(request), plan_id=plan_id, **self.read(request, plan_id))
        return self.answer(request, plan_id, 201)


class ImprovementDecide(ImprovementStep):
    request_class = ImprovementObjectionDecisionRequest

    @extend_schema(request=ImprovementObjectionDecisionRequest, responses={200: ImprovementDetailSerializer})
    @idempotent
    def post(self, request: Request, plan_id: int) -> Response:
        """Decides an objection, with a reason."""
        decide_objection(actor=caller(request), plan_id=plan_id, **self.read(request, plan_id))
        return self.answer(request, plan_id)


class ImprovementCheckIns(ImprovementStep):
    request_class = ImprovementCheckInRequest

    @extend_schema(request=ImprovementCheckInRequest, responses={201: ImprovementDetailSerializer})
    @idempotent
    def post(self, request: Request, plan_id: int) -> Response:
        """A check-in; the progress of today is kept with it."""
        record_check_in(actor=caller(request), plan_id=plan_id, **self.read(request, plan_id))
        return self.answer(request, plan_id, 201)


class ImprovementMeasure(ImprovementStep):
    roles = {"POST": ("hr", "manager", "employee")}

    @extend_schema(request=None, responses={200: ImprovementDetailSerializer})
    @idempotent
    def post(self, request: Request, plan_id: int, measure: str) -> Response:
        """A measure is done; the person marks the own ones."""
        get_plan_for(caller(request), plan_id)
        mark_measure_done(actor=caller(request), plan_id=plan_id, measure=measure)
        return self.answer(request, plan_id)


class ImprovementOutcomes(ImprovementStep):
    request_class = ImprovementOutcomeRequest

    @extend_schema(request=ImprovementOutcomeRequest, responses={201: ImprovementDetailSerializer})
    @idempotent
    def post(self, request: Request, plan_id: int) -> Response:
        """What came of it, with a reason; extended serves the same terms with a later deadline."""
        decide_outcome(actor=caller(request), plan_id=plan_id, **self.read(request, plan_id))
        return self.answer(request, plan_id, 201)
