"""Incidents, expected behaviours and strengths in the API: the same services, selectors and refusals as the pages."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.clients.api import ANYONE, Filter, LaurelAPIView, ListAPI, RetrieveAPI, Scope, idempotent
from people.models import User
from reviews.api.callers import caller
from reviews.api.competencies import WordsRequest
from reviews.api.serializers import LARGEST_VERSION, EmployeeReference
from reviews.models import Behaviour, BehaviourVersion, Incident, IncidentReply, IncidentStrength
from reviews.selectors.behaviours import (
    get_behaviour_for,
    newest_behaviour_version,
    visible_behaviour_versions,
    visible_strengths,
)
from reviews.selectors.incidents import get_incident_for, visible_incidents
from reviews.services.incidents import (
    REFERENCE_LIMIT,
    TEXT_LIMIT,
    confirm_incidents,
    correct_incident,
    note_incident,
    reply_to_incident,
    withdraw_incident,
)
from reviews.services.library import create_behaviour, retire_behaviour, revise_behaviour, save_strengths
from reviews.services.rights import REASON_LIMIT


class ReplySerializer(serializers.ModelSerializer[IncidentReply]):
    class Meta:
        model = IncidentReply
        fields = ["id", "text", "created_at"]
        read_only_fields = fields


class IncidentSerializer(serializers.ModelSerializer[Incident]):
    employee = EmployeeReference(read_only=True)
    behaviour = serializers.CharField(source="behaviour_version.behaviour.code", read_only=True)
    behaviour_version = serializers.IntegerField(source="behaviour_version.number", read_only=True)
    behaviour_name = serializers.CharField(source="behaviour_version.name", read_only=True)
    strength = serializers.CharField(source="strength.code", read_only=True)
    team = serializers.CharField(source="team.code", read_only=True)
    noted_by = serializers.CharField(source="noted_by.name", read_only=True)
    replaces = serializers.IntegerField(source="replaces_id", read_only=True, allow_null=True)
    withdrawn_at = serializers.DateTimeField(
        source="withdrawal.withdrawn_at", read_only=True, default=None, allow_null=True
    )
    withdrawal_reason = serializers.CharField(
        source="withdrawal.reason", read_only=True, default=None, allow_null=True
    )
    read_at = serializers.DateTimeField(
        source="receipt.read_at", read_only=True, default=None, allow_null=True
    )
    replies = ReplySerializer(many=True, read_only=True)

    class Meta:
        model = Incident
        fields = [
            "id",
            "employee",
            "happened_on",
            "behaviour",
            "behaviour_version",
            "behaviour_name",
            "strength",
            "is_good",
            "text",
            "reference",
            "team",
            "noted_by",
            "noted_at",
            "replaces",
            "withdrawn_at",
            "withdrawal_reason",
            "read_at",
            "replies",
        ]
        read_only_fields = fields


class IncidentRequest(serializers.Serializer[Any]):
    employee_number = serializers.CharField(max_length=40)
    behaviour = serializers.CharField(max_length=60, help_text="code of an expected behaviour")
    strength = serializers.CharField(max_length=60)
    is_good = serializers.BooleanField()
    text = serializers.CharField(max_length=TEXT_LIMIT)
    happened_on = serializers.DateField(required=False, help_text="today where it is left out")
    reference = serializers.CharField(
        max_length=REFERENCE_LIMIT, required=False, allow_blank=True, default=""
    )


class CorrectionRequest(serializers.Serializer[Any]):
    """What is left out stays; the reason is needed."""

    reason = serializers.CharField(max_length=REASON_LIMIT)
    behaviour = serializers.CharField(max_length=60, required=False)
    strength = serializers.CharField(max_length=60, required=False)
    is_good = serializers.BooleanField(required=False)
    text = serializers.CharField(max_length=TEXT_LIMIT, required=False)
    happened_on = serializers.DateField(required=False)
    reference = serializers.CharField(max_length=REFERENCE_LIMIT, required=False, allow_blank=True)


class WithdrawalRequest(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=REASON_LIMIT)


class ReplyRequest(serializers.Serializer[Any]):
    text = serializers.CharField(max_length=TEXT_LIMIT)


class IncidentList(ListAPI):
    """Incidents that the caller may read, the latest day first; the own ones among them."""

    scopes = {"GET": Scope.CYCLES_READ, "POST": Scope.INCIDENTS_WRITE}
    roles = {"GET": ANYONE, "POST": ("hr", "manager", "inspector")}
    serializer_class = IncidentSerializer
    filters = {
        "employee_number": Filter("employee__employee_number"),
        "behaviour": Filter("behaviour_version__behaviour__code"),
        "strength": Filter("strength__code"),
        "is_good": Filter("is_good", "boolean"),
        "since": Filter("happened_on__gte", "date"),
        "until": Filter("happened_on__lte", "date"),
        "noted_since": Filter("noted_at__gte", "moment"),
        "withdrawn": Filter(
            lambda found, value: found.filter(withdrawal__isnull=not value), "boolean", description="or not"
        ),
    }
    ordering = ("-happened_on", "-id")

    def get_queryset(self) -> QuerySet[Incident]:
        return visible_incidents(caller(self.request)).prefetch_related("replies")

    @extend_schema(request=IncidentRequest, responses={201: IncidentSerializer})
    @idempotent
    def post(self, request: Request) -> Response:
        """Notes an incident; the person can read it at once."""
        form = IncidentRequest(data=request.data)
        form.is_valid(raise_exception=True)
        content = dict(form.validated_data)
        number = content.pop("employee_number")
        person = User.objects.filter(employee_number=number).values_list("pk", flat=True).first()
        made = note_incident(actor=caller(request), employee_id=person or 0, **content)
        return Response(IncidentSerializer(get_incident_for(caller(request), made.pk)).data, status=201)


class IncidentDetail(RetrieveAPI):
    scopes = {"GET": Scope.CYCLES_READ}
    roles = {"GET": ANYONE}
    serializer_class = IncidentSerializer

    def get_object(self) -> Incident:
        return get_incident_for(caller(self.request), self.kwargs["incident_id"])


class IncidentStep(LaurelAPIView):
    """Something said about an incident by its id."""

    scopes = {"POST": Scope.INCIDENTS_WRITE}
    roles = {"POST": ANYONE}
    serializer_class = IncidentSerializer

    def answer(self, incident_id: int, status: int = 200) -> Response:
        found = get_incident_for(caller(self.request), incident_id)
        return Response(IncidentSerializer(found).data, status=status)


class IncidentCorrect(IncidentStep):
    @extend_schema(request=CorrectionRequest, responses={201: IncidentSerializer})
    @idempotent
    def post(self, request: Request, incident_id: int) -> Response:
        """Withdraws it and notes the corrected one, which is the answer. For whoever noted it, and HR."""
        get_incident_for(caller(request), incident_id)
        form = CorrectionRequest(data=request.data)
        form.is_valid(raise_exception=True)
        made = correct_incident(actor=caller(request), incident_id=incident_id, **form.validated_data)
        return self.answer(made.pk, 201)


class IncidentWithdraw(IncidentStep):
    @extend_schema(request=WithdrawalRequest, responses={200: IncidentSerializer})
    @idempotent
    def post(self, request: Request, incident_id: int) -> Response:
        """It counts no more and stays to be read. For whoever noted it, and HR."""
        get_incident_for(caller(request), incident_id)
        form = WithdrawalRequest(data=request.data)
        form.is_valid(raise_exception=True)
        withdraw_incident(actor=caller(request), incident_id=incident_id, **form.validated_data)
        return self.answer(incident_id)


class IncidentReplyStep(IncidentStep):
    @extend_schema(request=ReplyRequest, responses={201: IncidentSerializer})
    @idempotent
    def post(self, request: Request, incident_id: int) -> Response:
        """The own word to an incident about oneself."""
        get_incident_for(caller(request), incident_id)
        form = ReplyRequest(data=request.data)
        form.is_valid(raise_exception=True)
        reply_to_incident(actor=caller(request), incident_id=incident_id, **form.validated_data)
        return self.answer(incident_id, 201)


class IncidentRead(IncidentStep):
    @extend_schema(request=None, responses={200: IncidentSerializer})
    @idempotent
    def post(self, request: Request, incident_id: int) -> Response:
        """Says that one has read an incident about oneself; that is no agreement. Of others it changes nothing."""
        found = get_incident_for(caller(request), incident_id)
        confirm_incidents(actor=caller(request), incident_ids=[found.pk])
        return self.answer(incident_id)


# The catalogue ---------------------------------------------------------------------------------------------------


class BehaviourSerializer(serializers.ModelSerializer[BehaviourVersion]):
    code = serializers.CharField(source="behaviour.code", read_only=True)
    is_active = serializers.BooleanField(source="behaviour.is_active", read_only=True)
    version = serializers.IntegerField(source="number", read_only=True)

    class Meta:
        model = BehaviourVersion
        fields = [
            "code",
            "version",
            "is_active",
            "name_zh",
            "name_en",
            "description_zh",
            "description_en",
            "created_at",
        ]
        read_only_fields = fields


class BehaviourRequest(WordsRequest):
    code = serializers.CharField(max_length=60)


class BehaviourChange(WordsRequest):
    """What is left out stays. `version` is the one that was read; a stale one is 409."""

    version = serializers.IntegerField(min_value=0, max_value=LARGEST_VERSION)
    is_active = serializers.BooleanField(required=False)


class BehaviourList(ListAPI):
    """Expected behaviours, by code."""

    scopes = {"GET": Scope.CYCLES_READ, "POST": Scope.CYCLES_WRITE}
    roles = {"GET": ANYONE, "POST": ("hr",)}
    serializer_class = BehaviourSerializer
    filters = {"is_active": Filter("behaviour__is_active", "boolean")}
    ordering = ("behaviour__code", "id")

    def get_queryset(self) -> QuerySet[BehaviourVersion]:
        return visible_behaviour_versions(caller(self.request))

    @extend_schema(request=BehaviourRequest, responses={201: BehaviourSerializer})
    @idempotent
    def post(self, request: Request) -> Response:
        """A new expected behaviour, as its version 1."""
        form = BehaviourRequest(data=request.data)
        form.is_valid(raise_exception=True)
        made = create_behaviour(actor=caller(request), **form.validated_data)
        return Response(BehaviourSerializer(newest_behaviour_version(made)).data, status=201)


class BehaviourDetail(RetrieveAPI):
    """One expected behaviour, by its newest version."""

    scopes = {"GET": Scope.CYCLES_READ, "PATCH": Scope.CYCLES_WRITE}
    roles = {"GET": ANYONE, "PATCH": ("hr",)}
    serializer_class = BehaviourSerializer

    def found(self) -> Behaviour:
        return get_behaviour_for(caller(self.request), self.kwargs["code"])

    def get_object(self) -> BehaviourVersion:
        return newest_behaviour_version(self.found())

    @extend_schema(request=BehaviourChange, responses={200: BehaviourSerializer})
    def patch(self, request: Request, code: str) -> Response:
        """New words make a new version; incidents keep those that they were noted against."""
        behaviour = self.found()
        form = BehaviourChange(data=request.data)
        form.is_valid(raise_exception=True)
        content = dict(form.validated_data)
        is_active = content.pop("is_active", None)
        with transaction.atomic():
            saved = revise_behaviour(actor=caller(request), behaviour=behaviour, **content)
            if is_active is not None:
                saved = retire_behaviour(actor=caller(request), behaviour=saved, is_active=is_active)
        return Response(BehaviourSerializer(newest_behaviour_version(saved)).data)


class StrengthSerializer(serializers.ModelSerializer[IncidentStrength]):
    class Meta:
        model = IncidentStrength
        fields = ["code", "name_zh", "name_en", "points", "is_active"]
        read_only_fields = fields


class StrengthRequest(serializers.Serializer[Any]):
    code = serializers.CharField(max_length=60)
    name_zh = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")
    name_en = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")
    points = serializers.FloatField(min_value=0, max_value=100)


class StrengthsRequest(serializers.Serializer[Any]):
    """The whole list, weakest first; one that is left out is retired."""

    strengths = serializers.ListField(child=StrengthRequest(), max_length=20)


class StrengthsView(LaurelAPIView):
    """How strongly an incident counts, weakest first."""

    scopes = {"GET": Scope.CYCLES_READ, "PUT": Scope.CYCLES_WRITE}
    roles = {"GET": ANYONE, "PUT": ("hr",)}
    serializer_class = StrengthSerializer

    @extend_schema(responses={200: StrengthSerializer(many=True)})
    def get(self, request: Request) -> Response:
        return Response(StrengthSerializer(visible_strengths(caller(request)), many=True).data)

    @extend_schema(request=StrengthsRequest, responses={200: StrengthSerializer(many=True)})
    def put(self, request: Request) -> Response:
        """Replaces the list. Cycles that run keep the points that they were launched with."""
        form = StrengthsRequest(data=request.data)
        form.is_valid(raise_exception=True)
        saved = save_strengths(
            actor=caller(request), strengths=[dict(each) for each in form.validated_data["strengths"]]
        )
        return Response(StrengthSerializer(saved, many=True).data)
