"""Feedback, acknowledgements and notes of talks in the API: the services of the pages."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.clients.api import ANYONE, LaurelAPIView, Scope, idempotent
from reviews.api.callers import caller
from reviews.api.serializers import LARGEST_VERSION, EmployeeReference
from reviews.models import Acknowledgement, ConversationSignature, ReleaseHold
from reviews.selectors.conversations import conversation_part_for, talk_about
from reviews.selectors.cycles import get_cycle_for
from reviews.selectors.feedback import (
    days_to_release,
    feedback_sheet,
    get_feedback_participant_for,
    held_up_by,
    hold_of,
    released_on,
    waiting_holds,
)
from reviews.services.acknowledgements import COMMENT_LIMIT, acknowledge_result
from reviews.services.conversations import NOTES_LIMIT, sign_notes, write_notes
from reviews.services.feedback import TEXT_LIMIT, release_held, save_feedback
from reviews.services.rights import REASON_LIMIT

READERS = ("hr", "auditor", "manager")
MOST_POINTS = 200


class FeedbackPointSerializer(serializers.Serializer[Any]):
    component = serializers.CharField()
    subject = serializers.CharField(help_text="code of the KPI or item; empty for the whole component")
    points = serializers.FloatField()
    value = serializers.FloatField(allow_null=True)
    target = serializers.FloatField(allow_null=True)
    n = serializers.IntegerField()
    is_strength = serializers.BooleanField()
    is_answered = serializers.BooleanField()
    evidence = serializers.CharField(source="said.evidence", default="")
    suggestion = serializers.CharField(source="said.suggestion", default="")
    due_on = serializers.DateField(source="said.due_on", default=None, allow_null=True)


class FeedbackSerializer(serializers.Serializer[Any]):
    words = serializers.CharField(source="feedback.words", default="")
    version = serializers.IntegerField()
    missing = serializers.IntegerField(help_text="weak points without a suggestion")
    points = FeedbackPointSerializer(many=True)


class FeedbackPointRequest(serializers.Serializer[Any]):
    component = serializers.CharField(max_length=60)
    subject = serializers.CharField(max_length=60, allow_blank=True, required=False, default="")
    is_strength = serializers.BooleanField(required=False, default=False)
    evidence = serializers.CharField(max_length=TEXT_LIMIT, allow_blank=True, required=False, default="")
    suggestion = serializers.CharField(max_length=TEXT_LIMIT, allow_blank=True, required=False, default="")
    due_on = serializers.DateField(required=False, allow_null=True, default=None)


class FeedbackRequest(serializers.Serializer[Any]):
    words = serializers.CharField(max_length=TEXT_LIMIT, allow_blank=True, required=False, default="")
    points = serializers.ListField(child=FeedbackPointRequest(), max_length=MOST_POINTS)
    version = serializers.IntegerField(
        min_value=0, max_value=LARGEST_VERSION, help_text="0 for the first one"
    )


class FeedbackDetail(LaurelAPIView):
    scopes = {"GET": Scope.RESULTS_READ, "PUT": Scope.CYCLES_WRITE}
    roles = {"GET": READERS, "PUT": ("hr", "manager")}
    serializer_class = FeedbackSerializer

    @extend_schema(responses={200: FeedbackSerializer})
    def get(self, request: Request, code: str, employee_id: int) -> Response:
        """Strengths and weak points of one result by the cycle's rule, with what was said of each."""
        cycle = get_cycle_for(caller(request), code)
        participant = get_feedback_participant_for(caller(request), cycle, employee_id)
        return Response(FeedbackSerializer(feedback_sheet(cycle, participant)).data)

    @extend_schema(request=FeedbackRequest, responses={200: FeedbackSerializer})
    def put(self, request: Request, code: str, employee_id: int) -> Response:
        """All that is said, in place of what was said before. The last suggestion opens a result that waits for it."""
        cycle = get_cycle_for(caller(request), code)
        participant = get_feedback_participant_for(caller(request), cycle, employee_id)
        form = FeedbackRequest(data=request.data)
        form.is_valid(raise_exception=True)
        save_feedback(actor=caller(request), cycle=cycle, employee_id=employee_id, **form.validated_data)
        return Response(FeedbackSerializer(feedback_sheet(cycle, participant)).data)


class ReleaseHoldSerializer(serializers.ModelSerializer[ReleaseHold]):
    employee = EmployeeReference(read_only=True)
    rater = EmployeeReference(source="participant.rater", read_only=True, allow_null=True)

    class Meta:
        model = ReleaseHold
        fields = ["employee", "rater", "missing", "held_at", "released_at", "reason"]
        read_only_fields = fields


class HeldUpBySerializer(serializers.Serializer[Any]):
    rater = EmployeeReference(allow_null=True)
    people = serializers.IntegerField()


class ReleaseStateSerializer(serializers.Serializer[Any]):
    days_to_release = serializers.IntegerField(
        allow_null=True, help_text="calendar days from the end of the period"
    )
    held_up_by = HeldUpBySerializer(many=True, help_text="who owes suggestions on how many people")
    waiting = ReleaseHoldSerializer(many=True, help_text="whose result is shut; the first 500")


class ReleaseState(LaurelAPIView):
    scopes = {"GET": Scope.RESULTS_READ}
    roles = {"GET": ("hr", "auditor")}
    serializer_class = ReleaseStateSerializer

    @extend_schema(responses={200: ReleaseStateSerializer})
    def get(self, request: Request, code: str) -> Response:
        """How timely the release was, who holds results up, and whose are still shut."""
        cycle = get_cycle_for(caller(request), code)
        return Response(
            ReleaseStateSerializer(
                {
                    "days_to_release": days_to_release(cycle),
                    "held_up_by": held_up_by(cycle),
                    "waiting": waiting_holds(cycle)[:500],
                }
            ).data
        )


class HoldReleaseRequest(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=REASON_LIMIT)


class HoldRelease(LaurelAPIView):
    scopes = {"POST": Scope.CYCLES_WRITE}
    roles = {"POST": ("hr",)}
    serializer_class = ReleaseHoldSerializer

    @extend_schema(request=HoldReleaseRequest, responses={200: ReleaseHoldSerializer})
    @idempotent
    def post(self, request: Request, code: str, employee_id: int) -> Response:
        """Opens a result without the feedback that it waits for. 409 where nothing waits."""
        cycle = get_cycle_for(caller(request), code)
        get_feedback_participant_for(caller(request), cycle, employee_id)
        form = HoldReleaseRequest(data=request.data)
        form.is_valid(raise_exception=True)
        hold = release_held(
            actor=caller(request), cycle=cycle, employee_id=employee_id, **form.validated_data
        )
        return Response(ReleaseHoldSerializer(hold).data)


class AcknowledgementSerializer(serializers.ModelSerializer[Acknowledgement]):
    class Meta:
        model = Acknowledgement
        fields = ["agrees", "comment", "created_at"]
        read_only_fields = fields


class AcknowledgeRequest(serializers.Serializer[Any]):
    agrees = serializers.BooleanField(required=False, allow_null=True, default=None)
    comment = serializers.CharField(max_length=COMMENT_LIMIT, allow_blank=True, required=False, default="")


class Acknowledge(LaurelAPIView):
    scopes = {"POST": Scope.CYCLES_WRITE}
    roles = {"POST": ("employee",)}
    serializer_class = AcknowledgementSerializer

    @extend_schema(request=AcknowledgeRequest, responses={200: AcknowledgementSerializer})
    @idempotent
    def post(self, request: Request, code: str) -> Response:
        """The caller has read the own result. The second time changes nothing; 409 before the own release."""
        form = AcknowledgeRequest(data=request.data)
        form.is_valid(raise_exception=True)
        cycle = get_cycle_for(caller(request), code)
        found = acknowledge_result(actor=caller(request), cycle=cycle, **form.validated_data)
        return Response(AcknowledgementSerializer(found).data)


class SignatureSerializer(serializers.ModelSerializer[ConversationSignature]):
    signed_by = EmployeeReference(read_only=True)

    class Meta:
        model = ConversationSignature
        fields = ["side", "signed_by", "signed_at", "content_hash"]
        read_only_fields = fields


class NotesSerializer(serializers.Serializer[Any]):
    released_on = serializers.DateField(allow_null=True)
    held_on = serializers.DateField(source="talk.notes.held_on", default=None, allow_null=True)
    text = serializers.CharField(source="talk.notes.text", default="")
    content_hash = serializers.CharField(source="talk.notes.content_hash", default="")
    version = serializers.IntegerField(source="talk.notes.version", default=0)
    signatures = SignatureSerializer(many=True, help_text="those that hold for the present text")


class NotesRequest(serializers.Serializer[Any]):
    held_on = serializers.DateField()
    text = serializers.CharField(max_length=NOTES_LIMIT)
    version = serializers.IntegerField(
        min_value=0, max_value=LARGEST_VERSION, help_text="0 for the first one"
    )


class SignRequest(serializers.Serializer[Any]):
    content_hash = serializers.CharField(max_length=64, help_text="of the text that was read")


def notes_of(request: Request, code: str, employee_id: int) -> dict[str, Any]:
    cycle = get_cycle_for(caller(request), code)
    talk = talk_about(conversation_part_for(caller(request), cycle, employee_id))
    return {
        "released_on": released_on(cycle, hold_of(cycle, employee_id)),
        **({"talk": talk} if talk else {}),
        "signatures": list(talk.signatures.values()) if talk else [],
    }


class ConversationDetail(LaurelAPIView):
    scopes = {"GET": Scope.RESULTS_READ, "PUT": Scope.CYCLES_WRITE}
    roles = {"GET": ANYONE, "PUT": ("hr", "manager")}
    serializer_class = NotesSerializer

    @extend_schema(responses={200: NotesSerializer})
    def get(self, request: Request, code: str, employee_id: int) -> Response:
        """Notes of the talk about one result, with the signatures that hold."""
        return Response(NotesSerializer(notes_of(request, code, employee_id)).data)

    @extend_schema(request=NotesRequest, responses={200: NotesSerializer})
    def put(self, request: Request, code: str, employee_id: int) -> Response:
        """Another text makes earlier signatures void."""
        cycle = get_cycle_for(caller(request), code)
        conversation_part_for(caller(request), cycle, employee_id)
        form = NotesRequest(data=request.data)
        form.is_valid(raise_exception=True)
        write_notes(actor=caller(request), cycle=cycle, employee_id=employee_id, **form.validated_data)
        return Response(NotesSerializer(notes_of(request, code, employee_id)).data)


class ConversationSign(LaurelAPIView):
    scopes = {"POST": Scope.CYCLES_WRITE}
    roles = {"POST": ("hr", "manager", "employee")}
    serializer_class = SignatureSerializer

    @extend_schema(request=SignRequest, responses={200: SignatureSerializer})
    @idempotent
    def post(self, request: Request, code: str, employee_id: int) -> Response:
        """Of the very text whose hash is given; 409 where it has become another one."""
        form = SignRequest(data=request.data)
        form.is_valid(raise_exception=True)
        cycle = get_cycle_for(caller(request), code)
        signed = sign_notes(
            actor=caller(request), cycle=cycle, employee_id=employee_id, **form.validated_data
        )
        return Response(SignatureSerializer(signed).data)
