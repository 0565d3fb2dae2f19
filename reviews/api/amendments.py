"""Changes of a running cycle in the API: proposed, decided, and the versions that they made."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.clients.api import Filter, LaurelAPIView, ListAPI, Scope, idempotent
from reviews.api.callers import caller
from reviews.models import Amendment, CycleVersion
from reviews.selectors.amendments import READERS, amendments_of, get_amendment_for, versions_of
from reviews.selectors.cycles import get_cycle_for
from reviews.services.amendments import decide_amendment, propose_amendment
from reviews.services.rights import REASON_LIMIT


class AmendmentSerializer(serializers.ModelSerializer[Amendment]):
    details = serializers.DictField(read_only=True)
    proposed_by = serializers.CharField(source="proposed_by.name", read_only=True)
    decided_by = serializers.CharField(
        source="decided_by.name", read_only=True, default=None, allow_null=True
    )

    class Meta:
        model = Amendment
        fields = [
            "id",
            "kind",
            "state",
            "details",
            "reason",
            "proposed_by",
            "proposed_at",
            "decided_by",
            "decided_at",
            "decision_reason",
            "version",
        ]
        read_only_fields = fields


class AmendmentDetails(serializers.Serializer[Any]):
    """What a kind does not need is left out."""

    component = serializers.CharField(max_length=60, required=False)
    kpi = serializers.CharField(max_length=60, required=False)
    target = serializers.FloatField(
        required=False, allow_null=True, help_text="null: the target table as it stands now"
    )
    employee = serializers.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    rater = serializers.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    replaced = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=2**63 - 1,
        help_text="whose forms go to the other rater; left out: the rater of the launch",
    )


class AmendmentRequest(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=Amendment.Kind.choices)
    details = AmendmentDetails()
    reason = serializers.CharField(max_length=REASON_LIMIT)


class AmendmentDecisionRequest(serializers.Serializer[Any]):
    accept = serializers.BooleanField()
    reason = serializers.CharField(
        max_length=REASON_LIMIT, required=False, allow_blank=True, default="", help_text="needed to reject"
    )


class CycleVersionSerializer(serializers.ModelSerializer[CycleVersion]):
    configuration = serializers.DictField(read_only=True)
    amendment = serializers.IntegerField(source="amendment_id", read_only=True, allow_null=True)

    class Meta:
        model = CycleVersion
        fields = ["number", "fingerprint", "amendment", "created_at", "configuration"]
        read_only_fields = fields


class AmendmentList(ListAPI):
    """The latest first."""

    scopes = {"GET": Scope.CYCLES_READ, "POST": Scope.CYCLES_WRITE}
    roles = {"GET": READERS, "POST": ("hr",)}
    serializer_class = AmendmentSerializer
    filters = {
        "kind": Filter("kind", choices=Amendment.Kind.values),
        "state": Filter("state", choices=Amendment.State.values),
    }
    ordering = ("-id",)

    def get_queryset(self) -> QuerySet[Amendment]:
        user = caller(self.request)
        return amendments_of(user, get_cycle_for(user, self.kwargs["code"]))

    @extend_schema(request=AmendmentRequest, responses={201: AmendmentSerializer})
    @idempotent
    def post(self, request: Request, code: str) -> Response:
        """A target waits for somebody else of HR; every other change is in force at once."""
        cycle = get_cycle_for(caller(request), code)
        form = AmendmentRequest(data=request.data)
        form.is_valid(raise_exception=True)
        content = dict(form.validated_data)
        details = dict(content["details"])
        if "replaced" in details:
            details["from"] = details.pop("replaced")
        made = propose_amendment(
            actor=caller(request),
            cycle=cycle,
            kind=content["kind"],
            details=details,
            reason=content["reason"],
        )
        return Response(AmendmentSerializer(made).data, status=201)


class AmendmentDecision(LaurelAPIView):
    scopes = {"POST": Scope.CYCLES_WRITE}
    roles = {"POST": ("hr",)}
    serializer_class = AmendmentSerializer

    @extend_schema(request=AmendmentDecisionRequest, responses={200: AmendmentSerializer})
    @idempotent
    def post(self, request: Request, code: str, amendment_id: int) -> Response:
        """By somebody else of HR than who proposed it."""
        found = get_amendment_for(caller(request), get_cycle_for(caller(request), code), amendment_id)
        form = AmendmentDecisionRequest(data=request.data)
        form.is_valid(raise_exception=True)
        decided = decide_amendment(actor=caller(request), amendment=found, **form.validated_data)
        return Response(AmendmentSerializer(decided).data)


class CycleVersionList(ListAPI):
    """The frozen configuration as it stood, the present version first."""

    scopes = {"GET": Scope.CYCLES_READ}
    roles = {"GET": READERS}
    serializer_class = CycleVersionSerializer
    ordering = ("-number", "id")

    def get_queryset(self) -> QuerySet[CycleVersion]:
        user = caller(self.request)
        return versions_of(user, get_cycle_for(user, self.kwargs["code"]))
