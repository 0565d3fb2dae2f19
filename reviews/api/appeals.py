"""Appeals in the API: filed, shown, commented, assigned, decided, by the services of the pages."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.clients.api import ANYONE, Filter, LaurelAPIView, ListAPI, Scope, idempotent
from foundation.intake.uploads import was_too_big
from foundation.refusals import Refusal
from reviews.api.callers import caller
from reviews.api.serializers import EmployeeReference
from reviews.models import Appeal, AppealComment, AppealFile, Correction
from reviews.models.appeals import AppealState
from reviews.selectors.appeals import (
    change_by,
    eligible_deciders,
    get_appeal_for,
    get_file_for,
    visible_appeals,
)
from reviews.selectors.cycles import get_cycle_for
from reviews.services import appeals as services
from reviews.services.evidence_files import CONTENT_TYPES, FILE_LIMIT, MEGABYTE

LARGEST = 2**63 - 1


class AppealSerializer(serializers.ModelSerializer[Appeal]):
    cycle = serializers.CharField(source="cycle.code", read_only=True)
    employee = EmployeeReference(read_only=True)
    decider = EmployeeReference(read_only=True, allow_null=True)

    class Meta:
        model = Appeal
        fields = [
            "id", "cycle", "employee", "component", "subject", "current_score", "proposed_score", "reason", "state",
            "filed_at", "answer_due_on", "decider", "decided_score", "answer", "closed_at",
        ]  # fmt: skip
        read_only_fields = fields


class AppealFileSerializer(serializers.ModelSerializer[AppealFile]):
    class Meta:
        model = AppealFile
        fields = ["id", "name", "content_type", "size", "sha256", "created_at"]
        read_only_fields = fields


class AppealCommentSerializer(serializers.ModelSerializer[AppealComment]):
    created_by = EmployeeReference(read_only=True)

    class Meta:
        model = AppealComment
        fields = ["id", "text", "created_by", "created_at"]
        read_only_fields = fields


class CorrectionSerializer(serializers.ModelSerializer[Correction]):
    class Meta:
        model = Correction
        fields = ["component", "subject", "before", "score", "created_at"]
        read_only_fields = fields


class ResultBriefSerializer(serializers.Serializer[Any]):
    score = serializers.FloatField(allow_null=True)
    rating = serializers.CharField()


class AppealDetailSerializer(AppealSerializer):
    files = AppealFileSerializer(many=True, read_only=True)
    comments = AppealCommentSerializer(many=True, read_only=True)
    correction = serializers.SerializerMethodField(help_text="what an accepted appeal sets")
    before = serializers.SerializerMethodField(help_text="the result as it stood when the appeal was filed")
    after = serializers.SerializerMethodField(
        help_text="the corrected result; null while it is computed, or where nothing was accepted"
    )

    class Meta(AppealSerializer.Meta):
        fields = [*AppealSerializer.Meta.fields, "files", "comments", "correction", "before", "after"]
        read_only_fields = fields

    @extend_schema_field(CorrectionSerializer(allow_null=True))
    def get_correction(self, appeal: Appeal) -> Any:
        found = getattr(appeal, "correction", None)
        return CorrectionSerializer(found).data if found is not None else None

    @extend_schema_field(ResultBriefSerializer(allow_null=True))
    def get_before(self, appeal: Appeal) -> Any:
        change = change_by(appeal)
        return ResultBriefSerializer(change.before).data if change and change.before else None

    @extend_schema_field(ResultBriefSerializer(allow_null=True))
    def get_after(self, appeal: Appeal) -> Any:
        change = change_by(appeal)
        return ResultBriefSerializer(change.after).data if change and change.after else None


class AppealRequest(serializers.Serializer[Any]):
    """JSON, or multipart with `files`."""

    cycle = serializers.CharField(max_length=60, help_text="its code")
    component = serializers.CharField(max_length=60, help_text="code of the component, or overall")
    subject = serializers.CharField(
        max_length=60, allow_blank=True, required=False, default="", help_text="code of the KPI or item"
    )
    proposed_score = serializers.FloatField(min_value=0, max_value=services.HIGHEST)
    reason = serializers.CharField(max_length=services.REASON_LIMIT)
    files = serializers.ListField(
        child=serializers.FileField(allow_empty_file=True), required=False, default=list
    )


class CommentRequest(serializers.Serializer[Any]):
    text = serializers.CharField(max_length=services.REASON_LIMIT)


class AssignRequest(serializers.Serializer[Any]):
    decider = serializers.IntegerField(min_value=1, max_value=LARGEST, help_text="id of the person")


class AppealDecisionRequest(serializers.Serializer[Any]):
    accept = serializers.BooleanField()
    score = serializers.FloatField(
        required=False,
        allow_null=True,
        default=None,
        min_value=0,
        max_value=services.HIGHEST,
        help_text="as proposed where left out; less accepts in part",
    )
    reason = serializers.CharField(max_length=services.REASON_LIMIT)


class ForesightRequest(serializers.Serializer[Any]):
    score = serializers.FloatField(
        required=False, allow_null=True, default=None, min_value=0, max_value=services.HIGHEST
    )


class ForesightSerializer(serializers.Serializer[Any]):
    score = serializers.FloatField(help_text="that the item would be set to")
    before = ResultBriefSerializer(help_text="the result as it stands")
    after = ResultBriefSerializer(help_text="the result as it would be")


class EvidenceRequest(serializers.Serializer[Any]):
    files = serializers.ListField(child=serializers.FileField(allow_empty_file=True))


def _refuse_what_was_dropped(request: Request) -> None:
    if was_too_big(request._request):
        raise Refusal(
            "evidence_too_big", field="files", status=413, limit=FILE_LIMIT // MEGABYTE, name="files"
        )


class AppealList(ListAPI):
    """Appeals that the caller may read: HR and auditors all, managers those of their people, everyone the own ones and
    those to decide."""

    scopes = {"GET": Scope.RESULTS_READ, "POST": Scope.CYCLES_WRITE}
    roles = {"GET": ANYONE, "POST": ("employee",)}
    serializer_class = AppealSerializer
    filters = {
        "cycle": Filter("cycle__code"),
        "state": Filter("state", choices=AppealState.values),
        "employee_number": Filter("employee__employee_number"),
        "since": Filter("filed_at__gte", "moment"),
    }
    ordering = ("-filed_at", "-id")
    orderings = {"due": ("answer_due_on", "id")}

    def get_queryset(self) -> QuerySet[Appeal]:
        return visible_appeals(caller(self.request))

    @extend_schema(request=AppealRequest, responses={201: AppealSerializer})
    @idempotent
    def post(self, request: Request) -> Response:
        """Against one item of the own released result. 409 after the deadline, or while one is open on the item."""
        _refuse_what_was_dropped(request)
        form = AppealRequest(data=request.data)
        form.is_valid(raise_exception=True)
        data = dict(form.validated_data)
        cycle = get_cycle_for(caller(request), data.pop("cycle"))
        appeal = services.file_appeal(actor=caller(request), cycle=cycle, **data)
        return Response(AppealSerializer(appeal).data, status=201)


class AppealDetail(LaurelAPIView):
    scopes = {"GET": Scope.RESULTS_READ}
    roles = {"GET": ANYONE}
    serializer_class = AppealDetailSerializer

    @extend_schema(responses={200: AppealDetailSerializer})
    def get(self, request: Request, appeal_id: int) -> Response:
        """With evidence, comments and, where it was accepted, the result before and after."""
        return Response(AppealDetailSerializer(get_appeal_for(caller(request), appeal_id)).data)


class AppealStep(LaurelAPIView):
    """Something done to an appeal."""

    scopes = {"POST": Scope.CYCLES_WRITE}
    roles = {"POST": ("hr", "manager", "employee")}
    serializer_class: Any = AppealSerializer

    def checked(self, form: serializers.Serializer[Any]) -> dict[str, Any]:
        """Who may not read the appeal learns that first, whatever was sent."""
        get_appeal_for(caller(self.request), self.kwargs["appeal_id"])
        form.is_valid(raise_exception=True)
        return dict(form.validated_data)


class AppealWithdraw(AppealStep):
    roles = {"POST": ("employee",)}

    @extend_schema(request=None, responses={200: AppealSerializer})
    @idempotent
    def post(self, request: Request, appeal_id: int) -> Response:
        """By the appellant, before it is decided."""
        return Response(
            AppealSerializer(services.withdraw_appeal(actor=caller(request), appeal_id=appeal_id)).data
        )


class AppealCommentStep(AppealStep):
    serializer_class = AppealCommentSerializer

    @extend_schema(request=CommentRequest, responses={201: AppealCommentSerializer})
    @idempotent
    def post(self, request: Request, appeal_id: int) -> Response:
        """A word of somebody who may read it, while it is open."""
        data = self.checked(CommentRequest(data=request.data))
        comment = services.comment_appeal(actor=caller(request), appeal_id=appeal_id, **data)
        return Response(AppealCommentSerializer(comment).data, status=201)


class AppealAssign(AppealStep):
    roles = {"POST": ("hr",)}

    @extend_schema(request=AssignRequest, responses={200: AppealSerializer})
    @idempotent
    def post(self, request: Request, appeal_id: int) -> Response:
        """HR names who decides; 422 for whoever had a hand in the result."""
        data = self.checked(AssignRequest(data=request.data))
        appeal = services.assign_appeal(
            actor=caller(request), appeal_id=appeal_id, decider_id=data["decider"]
        )
        return Response(AppealSerializer(appeal).data)


class AppealDeciders(LaurelAPIView):
    scopes = {"GET": Scope.RESULTS_READ}
    roles = {"GET": ("hr",)}
    serializer_class = EmployeeReference

    @extend_schema(responses={200: EmployeeReference(many=True)})
    def get(self, request: Request, appeal_id: int) -> Response:
        """Who could be named: HR and leaders without a hand in the result."""
        appeal = get_appeal_for(caller(request), appeal_id)
        return Response(EmployeeReference(eligible_deciders(appeal)[:1000], many=True).data)


class AppealDecide(AppealStep):
    roles = {"POST": ("hr", "manager")}

    @extend_schema(request=AppealDecisionRequest, responses={200: AppealSerializer})
    @idempotent
    def post(self, request: Request, appeal_id: int) -> Response:
        """By the one who was named. An accepted appeal corrects the result, and pay where it was paid."""
        data = self.checked(AppealDecisionRequest(data=request.data))
        appeal = services.decide_appeal(actor=caller(request), appeal_id=appeal_id, **data)
        return Response(AppealSerializer(appeal).data)


class AppealForesight(LaurelAPIView):
    scopes = {"GET": Scope.RESULTS_READ}
    roles = {"GET": ("hr", "manager")}
    serializer_class = ForesightSerializer

    @extend_schema(
        parameters=[OpenApiParameter("score", float, description="as proposed where left out")],
        responses={200: ForesightSerializer},
    )
    def get(self, request: Request, appeal_id: int) -> Response:
        """For whom decides: what accepting it would make of the result. Nothing is stored."""
        get_appeal_for(caller(request), appeal_id)
        form = ForesightRequest(data=request.query_params)
        form.is_valid(raise_exception=True)
        found = services.foresee_decision(
            actor=caller(request), appeal_id=appeal_id, score=form.validated_data["score"]
        )
        return Response(ForesightSerializer(found).data)


class AppealFiles(AppealStep):
    roles = {"POST": ("employee",)}
    serializer_class = AppealFileSerializer

    @extend_schema(
        request={"multipart/form-data": EvidenceRequest}, responses={201: AppealFileSerializer(many=True)}
    )
    @idempotent
    def post(self, request: Request, appeal_id: int) -> Response:
        """More evidence of the appellant, while it is open."""
        _refuse_what_was_dropped(request)
        data = self.checked(EvidenceRequest(data=request.data))
        kept = services.add_files(actor=caller(request), appeal_id=appeal_id, files=data["files"])
        return Response(AppealFileSerializer(kept, many=True).data, status=201)


class AnyAccept(BaseContentNegotiation):
    """Evidence has one form; whoever asks for JSON alone gets it all the same."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return parsers[0]

    def select_renderer(self, request: Request, renderers: Any, format_suffix: Any = None) -> Any:
        return renderers[0], renderers[0].media_type


class AppealFileContent(LaurelAPIView):
    scopes = {"GET": Scope.RESULTS_READ}
    roles = {"GET": ANYONE}
    serializer_class = AppealFileSerializer
    content_negotiation_class = AnyAccept

    @extend_schema(responses={(200, kind): OpenApiTypes.BINARY for kind in CONTENT_TYPES})
    def get(self, request: Request, appeal_id: int, file_id: uuid.UUID) -> HttpResponseBase:
        """The file as it came, as an attachment."""
        found = get_file_for(caller(request), appeal_id, file_id)
        try:
            content = found.file.open("rb")
        except FileNotFoundError:
            raise Http404 from None
        answer = FileResponse(
            content, as_attachment=True, filename=found.name, content_type=found.content_type
        )
        answer["X-Content-Type-Options"] = "nosniff"
        answer["Cache-Control"] = "private, no-store"
        return answer
