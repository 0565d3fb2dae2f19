"""The coaching log in the API: the same services, selectors and refusals as the pages."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.clients.api import ANYONE, Filter, LaurelAPIView, ListAPI, Scope, idempotent
from people.models import User
from reviews.api.callers import caller
from reviews.api.serializers import EmployeeReference
from reviews.models import CoachingNote
from reviews.selectors.coaching import get_coaching_for, visible_coaching
from reviews.services.coaching import TEXT_LIMIT, note_coaching, withdraw_coaching
from reviews.services.rights import REASON_LIMIT


class CoachingSerializer(serializers.ModelSerializer[CoachingNote]):
    employee = EmployeeReference(read_only=True)
    team = serializers.CharField(source="team.code", read_only=True)
    noted_by = serializers.CharField(source="noted_by.name", read_only=True)
    withdrawn_at = serializers.DateTimeField(
        source="withdrawal.withdrawn_at", read_only=True, default=None, allow_null=True
    )
    withdrawal_reason = serializers.CharField(
        source="withdrawal.reason", read_only=True, default=None, allow_null=True
    )

    class Meta:
        model = CoachingNote
        fields = [
            "id",
            "employee",
            "kind",
            "happened_on",
            "text",
            "team",
            "noted_by",
            "noted_at",
            "withdrawn_at",
            "withdrawal_reason",
        ]
        read_only_fields = fields


class CoachingRequest(serializers.Serializer[Any]):
    employee_number = serializers.CharField(max_length=40)
    text = serializers.CharField(max_length=TEXT_LIMIT)
    kind = serializers.ChoiceField(
        choices=CoachingNote.Kind.choices, required=False, default=CoachingNote.Kind.COACHING
    )
    happened_on = serializers.DateField(required=False, help_text="today where it is left out")


class CoachingWithdrawalRequest(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=REASON_LIMIT)


class CoachingList(ListAPI):
    """Notes that the caller may read, the latest day first; those about oneself among them."""

    scopes = {"GET": Scope.CYCLES_READ, "POST": Scope.INCIDENTS_WRITE}
    roles = {"GET": ANYONE, "POST": ("hr", "manager", "inspector")}
    serializer_class = CoachingSerializer
    filters = {
        "employee_number": Filter("employee__employee_number"),
        "kind": Filter("kind", choices=CoachingNote.Kind.values),
        "since": Filter("happened_on__gte", "date"),
        "until": Filter("happened_on__lte", "date"),
        "noted_since": Filter("noted_at__gte", "moment"),
    }
    ordering = ("-happened_on", "-id")

    def get_queryset(self) -> QuerySet[CoachingNote]:
        return visible_coaching(caller(self.request))

    @extend_schema(request=CoachingRequest, responses={201: CoachingSerializer})
    @idempotent
    def post(self, request: Request) -> Response:
        """Notes a talk or an observation; the person is told and can read it at once."""
        form = CoachingRequest(data=request.data)
        form.is_valid(raise_exception=True)
        content = dict(form.validated_data)
        number = content.pop("employee_number")
        person = User.objects.filter(employee_number=number).values_list("pk", flat=True).first()
        made = note_coaching(actor=caller(request), employee_id=person or 0, **content)
        return Response(CoachingSerializer(get_coaching_for(caller(request), made.pk)).data, status=201)


class CoachingWithdraw(LaurelAPIView):
    scopes = {"POST": Scope.INCIDENTS_WRITE}
    roles = {"POST": ("hr", "manager", "inspector")}
    serializer_class = CoachingSerializer

    @extend_schema(request=CoachingWithdrawalRequest, responses={200: CoachingSerializer})
    @idempotent
    def post(self, request: Request, note_id: int) -> Response:
        """It stands beside no score any more and can still be read. For whoever noted it, and HR."""
        get_coaching_for(caller(request), note_id)
        form = CoachingWithdrawalRequest(data=request.data)
        form.is_valid(raise_exception=True)
        found = withdraw_coaching(actor=caller(request), note_id=note_id, **form.validated_data)
        return Response(CoachingSerializer(found).data)
