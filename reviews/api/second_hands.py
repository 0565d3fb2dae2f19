"""Delegations, the second look and the note to oneself in the API: the same services as the pages."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.clients.api import ANYONE, Filter, LaurelAPIView, ListAPI, Scope, idempotent
from foundation.refusals import Refusal
from people.models import User
from reviews.api.callers import caller
from reviews.api.serializers import EmployeeReference
from reviews.methods.document import component_of
from reviews.models import Delegation, SecondReview
from reviews.selectors.cycles import get_cycle_for
from reviews.selectors.delegations import get_delegation_for, visible_delegations
from reviews.selectors.habits import habits_of
from reviews.selectors.second_reviews import get_second_review_for, visible_second_reviews
from reviews.services.delegations import delegate_scoring, end_delegation
from reviews.services.rights import REASON_LIMIT
from reviews.services.second_reviews import decide_second_review

RATERS = ("hr", "manager")


class DelegationSerializer(serializers.ModelSerializer[Delegation]):
    delegator = EmployeeReference(read_only=True)
    delegate = EmployeeReference(read_only=True)

    class Meta:
        model = Delegation
        fields = ["id", "delegator", "delegate", "first_day", "last_day", "reason", "created_at", "ended_at"]
        read_only_fields = fields


class DelegationRequest(serializers.Serializer[Any]):
    delegate = serializers.CharField(max_length=40, help_text="employee number of a manager")
    delegator = serializers.CharField(
        max_length=40, required=False, help_text="employee number; the caller where it is left out"
    )
    first_day = serializers.DateField()
    last_day = serializers.DateField()
    reason = serializers.CharField(max_length=REASON_LIMIT)


class DelegationList(ListAPI):
    """Who scores in whose name."""

    scopes = {"GET": Scope.CYCLES_READ, "POST": Scope.CYCLES_WRITE}
    roles = {"GET": ("hr", "auditor", "manager"), "POST": RATERS}
    serializer_class = DelegationSerializer
    filters = {"until_since": Filter("last_day__gte", "date")}
    ordering = ("-first_day", "-id")

    def get_queryset(self) -> QuerySet[Delegation]:
        return visible_delegations(caller(self.request))

    @extend_schema(request=DelegationRequest, responses={201: DelegationSerializer})
    @idempotent
    def post(self, request: Request) -> Response:
        """For oneself; HR also for a manager who is away."""
        form = DelegationRequest(data=request.data)
        form.is_valid(raise_exception=True)
        content = dict(form.validated_data)
        numbers = {name: content.pop(name) for name in ("delegate", "delegator") if name in content}
        people: dict[str, User] = {}
        for name, number in numbers.items():
            found = User.objects.filter(employee_number=number).first()
            if found is None:
                raise Refusal("delegation_not_manager", field=name, status=422)
            people[name] = found
        made = delegate_scoring(
            actor=caller(request),
            delegate=people["delegate"],
            delegator=people.get("delegator"),
            first_day=content["first_day"],
            last_day=content["last_day"],
            reason=content["reason"],
        )
        return Response(DelegationSerializer(made).data, status=201)


class DelegationEnd(LaurelAPIView):
    scopes = {"POST": Scope.CYCLES_WRITE}
    roles = {"POST": RATERS}
    serializer_class = DelegationSerializer

    @extend_schema(request=None, responses={200: DelegationSerializer})
    @idempotent
    def post(self, request: Request, delegation_id: int) -> Response:
        """At once. For whoever gave it, and HR."""
        get_delegation_for(caller(request), delegation_id)
        return Response(
            DelegationSerializer(end_delegation(actor=caller(request), delegation_id=delegation_id)).data
        )


class SecondReviewSerializer(serializers.ModelSerializer[SecondReview]):
    sheet = serializers.IntegerField(source="sheet_id", read_only=True)
    cycle = serializers.CharField(source="sheet.participant.cycle.code", read_only=True)
    component = serializers.CharField(source="sheet.component", read_only=True)
    employee = EmployeeReference(source="sheet.participant.employee", read_only=True)
    rater = EmployeeReference(source="sheet.rater", read_only=True)
    reviewer = EmployeeReference(read_only=True)

    class Meta:
        model = SecondReview
        fields = [
            "id",
            "sheet",
            "cycle",
            "component",
            "employee",
            "rater",
            "reviewer",
            "state",
            "reason",
            "created_at",
            "decided_at",
        ]
        read_only_fields = fields


class SecondReviewRequest(serializers.Serializer[Any]):
    confirm = serializers.BooleanField()
    reason = serializers.CharField(
        max_length=REASON_LIMIT, required=False, allow_blank=True, default="", help_text="needed to give back"
    )


class SecondReviewList(ListAPI):
    """Forms that wait, or waited, for the second look of the caller; HR and auditors read all."""

    scopes = {"GET": Scope.CYCLES_READ}
    roles = {"GET": ("hr", "auditor", "manager")}
    serializer_class = SecondReviewSerializer
    filters = {
        "state": Filter("state", choices=SecondReview.State.values),
        "cycle": Filter("sheet__participant__cycle__code"),
    }
    ordering = ("-id",)

    def get_queryset(self) -> QuerySet[SecondReview]:
        return visible_second_reviews(caller(self.request))


class SecondReviewDecision(LaurelAPIView):
    scopes = {"POST": Scope.CYCLES_WRITE}
    roles = {"POST": RATERS}
    serializer_class = SecondReviewSerializer

    @extend_schema(request=SecondReviewRequest, responses={200: SecondReviewSerializer})
    @idempotent
    def post(self, request: Request, review_id: int) -> Response:
        """By the rater's own manager, or HR; nobody who scored the form."""
        get_second_review_for(caller(request), review_id)
        form = SecondReviewRequest(data=request.data)
        form.is_valid(raise_exception=True)
        decide_second_review(actor=caller(request), review_id=review_id, **form.validated_data)
        return Response(SecondReviewSerializer(get_second_review_for(caller(request), review_id)).data)


class LevelCount(serializers.Serializer[Any]):
    level = serializers.CharField()
    count = serializers.IntegerField()


class HabitsSerializer(serializers.Serializer[Any]):
    """See docs/methods/rater-habits.md. Nothing of it is kept."""

    counts = LevelCount(many=True)
    same_in_all = serializers.FloatField(
        allow_null=True, help_text="share of people with one level in every item"
    )
    spread = serializers.FloatField(allow_null=True)
    late = serializers.FloatField(
        allow_null=True, help_text="rank correlation with the last third's incidents"
    )
    early = serializers.FloatField(allow_null=True)


class OwnHabits(LaurelAPIView):
    """The caller's own scores of a component in a mirror; nobody else reads them."""

    scopes = {"GET": Scope.CYCLES_READ}
    roles = {"GET": ANYONE}
    serializer_class = HabitsSerializer

    @extend_schema(responses={200: HabitsSerializer})
    def get(self, request: Request, code: str, component: str) -> Response:
        cycle = get_cycle_for(caller(request), code)
        entry = component_of(cycle.configuration, component)
        if entry is None or "items" not in entry or "levels" not in entry:
            raise Http404
        found = habits_of(caller(request), cycle, entry)
        return Response(
            HabitsSerializer(
                {
                    "counts": [{"level": level, "count": count} for level, count in found.counts],
                    "same_in_all": found.same_in_all,
                    "spread": found.spread,
                    "late": found.late,
                    "early": found.early,
                }
            ).data
        )
