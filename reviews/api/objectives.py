"""Objectives in the API: the same services, selectors and refusals as the pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.clients.api import ANYONE, Filter, LaurelAPIView, ListAPI, RetrieveAPI, Scope, idempotent
from foundation.refusals import Refusal
from people.models import Team, User
from reviews.api.callers import caller
from reviews.api.serializers import LARGEST_VERSION, EmployeeReference
from reviews.methods.objectives import MOST_KEY_RESULTS
from reviews.models import (
    CheckIn,
    Cycle,
    KeyResult,
    Objective,
    ObjectiveAssessment,
    ObjectiveSignature,
    ObjectiveVersion,
    Participant,
    Side,
)
from reviews.selectors.cycles import get_cycle_for
from reviews.selectors.goal_sheets import SheetState, sheet_states, team_of
from reviews.selectors.goal_tree import tree_level
from reviews.selectors.objective_progress import progress_of
from reviews.selectors.objective_sides import sides_on
from reviews.selectors.objectives import (
    check_ins_of,
    get_objective_for,
    versions_of,
    visible_objectives,
    with_words,
)
from reviews.services.check_ins import COMMENT_LIMIT, check_in
from reviews.services.objective_agreement import agree_objectives, propose_objectives
from reviews.services.objective_assessments import COMMENT_LIMIT as ASSESSMENT_LIMIT
from reviews.services.objective_assessments import assess_objective
from reviews.services.objective_content import CODE_LIMIT, LARGEST, TITLE_LIMIT, UNIT_LIMIT, WHY_LIMIT
from reviews.services.objectives import create_objective, drop_objective, revise_objective, undo_change
from reviews.services.rights import REASON_LIMIT


class KeyResultSerializer(serializers.ModelSerializer[KeyResult]):
    kpi = serializers.CharField(
        source="kpi_version.kpi.code", read_only=True, default=None, allow_null=True, help_text="followed"
    )

    class Meta:
        model = KeyResult
        fields = ["key", "title", "unit", "is_judged", "start", "target", "direction", "weight", "kpi"]
        read_only_fields = fields


class ObjectiveSignatureSerializer(serializers.ModelSerializer[ObjectiveSignature]):
    signed_by = serializers.CharField(source="signed_by.name", read_only=True)

    class Meta:
        model = ObjectiveSignature
        fields = ["side", "signed_by", "signed_at", "digest"]
        read_only_fields = fields


class ObjectiveVersionSerializer(serializers.ModelSerializer[ObjectiveVersion]):
    parent = serializers.IntegerField(source="parent_id", read_only=True, allow_null=True)  # type: ignore[assignment]
    key_results = KeyResultSerializer(many=True, read_only=True)
    signatures = ObjectiveSignatureSerializer(many=True, read_only=True)
    written_by = serializers.CharField(source="written_by.name", read_only=True)

    class Meta:
        model = ObjectiveVersion
        fields = [
            "number",
            "title",
            "why",
            "weight",
            "parent",
            "perspective",
            "is_dropped",
            "reason",
            "digest",
            "written_by",
            "written_at",
            "key_results",
            "signatures",
        ]
        read_only_fields = fields


class ObjectiveSerializer(serializers.ModelSerializer[Objective]):
    """agreed_version is what counts; latest_version is what is on the table, and what a change is written against."""

    cycle = serializers.CharField(source="cycle.code", read_only=True)
    employee = EmployeeReference(read_only=True, allow_null=True)
    team = serializers.CharField(source="team.code", read_only=True, default=None, allow_null=True)
    parent = serializers.IntegerField(source="parent_id", read_only=True, allow_null=True)  # type: ignore[assignment]
    latest_version = ObjectiveVersionSerializer(read_only=True)
    agreed_version = ObjectiveVersionSerializer(read_only=True, allow_null=True)

    class Meta:
        model = Objective
        fields = [
            "id",
            "cycle",
            "employee",
            "team",
            "parent",
            "state",
            "latest_version",
            "agreed_version",
            "created_at",
        ]
        read_only_fields = fields


class KeyProgressSerializer(serializers.Serializer[Any]):
    key = serializers.IntegerField()
    value = serializers.FloatField(allow_null=True)
    points = serializers.FloatField(allow_null=True)
    n = serializers.IntegerField(help_text="of the KPI that it follows, else 0")
    rule = serializers.CharField(help_text="why it counts as it does")


class ObjectiveAssessmentSerializer(serializers.ModelSerializer[ObjectiveAssessment]):
    assessed_by = serializers.CharField(source="assessed_by.name", read_only=True)
    levels = serializers.DictField(child=serializers.IntegerField(), read_only=True)

    class Meta:
        model = ObjectiveAssessment
        fields = ["side", "comment", "levels", "version", "assessed_by", "updated_at"]
        read_only_fields = fields


class ObjectiveDetailSerializer(ObjectiveSerializer):
    progress = serializers.SerializerMethodField(help_text="points to date; 100 is every target")
    key_results = serializers.SerializerMethodField()
    confidence = serializers.SerializerMethodField(help_text="3 on track, 2 at risk, 1 off track")
    versions = serializers.SerializerMethodField()
    assessments = serializers.SerializerMethodField(
        help_text="the manager's is the owner's to read after the release"
    )

    class Meta(ObjectiveSerializer.Meta):
        fields = [
            *ObjectiveSerializer.Meta.fields,
            "progress",
            "key_results",
            "confidence",
            "versions",
            "assessments",
        ]
        read_only_fields = fields

    @extend_schema_field(serializers.FloatField(allow_null=True))
    def get_progress(self, objective: Objective) -> float | None:
        return self.context["progress"].points

    @extend_schema_field(KeyProgressSerializer(many=True))
    def get_key_results(self, objective: Objective) -> Any:
        found = self.context["progress"].keys
        return KeyProgressSerializer(
            [{"key": key, **vars(each)} for key, each in found.items()], many=True
        ).data

    @extend_schema_field(serializers.IntegerField(allow_null=True))
    def get_confidence(self, objective: Objective) -> int | None:
        entry = self.context["progress"].check_in
        return entry.confidence if entry else None

    @extend_schema_field(ObjectiveVersionSerializer(many=True))
    def get_versions(self, objective: Objective) -> Any:
        return ObjectiveVersionSerializer(versions_of(objective), many=True).data

    @extend_schema_field(ObjectiveAssessmentSerializer(many=True))
    def get_assessments(self, objective: Objective) -> Any:
        found = objective.assessments.select_related("assessed_by").order_by("side")
        if objective.employee_id == self.context["reader"].pk and objective.cycle.released_at is None:
            found = found.filter(side=Side.OWNER)
        return ObjectiveAssessmentSerializer(found, many=True).data


def described(user: User, pk: int) -> Mapping[str, Any]:
    found = get_objective_for(user, pk)
    context = {"progress": progress_of(found.cycle, [found])[found.pk], "reader": user}
    data: Mapping[str, Any] = ObjectiveDetailSerializer(found, context=context).data
    return data


class KeyResultRequest(serializers.Serializer[Any]):
    key = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=1000, help_text="of one that stays"
    )
    title = serializers.CharField(max_length=TITLE_LIMIT)
    unit = serializers.CharField(max_length=UNIT_LIMIT, required=False, allow_blank=True, default="")
    is_judged = serializers.BooleanField(required=False, default=False)
    start = serializers.FloatField(required=False, allow_null=True, min_value=-LARGEST, max_value=LARGEST)
    target = serializers.FloatField(required=False, allow_null=True, min_value=-LARGEST, max_value=LARGEST)
    direction = serializers.ChoiceField(choices=KeyResult.Direction.choices, required=False, allow_null=True)
    weight = serializers.DecimalField(
        max_digits=6,
        decimal_places=3,
        required=False,
        allow_null=True,
        min_value=0,
        help_text="left out by all: even",
    )
    kpi = serializers.CharField(max_length=60, required=False, allow_null=True, allow_blank=True)


class ObjectiveContentRequest(serializers.Serializer[Any]):
    title = serializers.CharField(max_length=TITLE_LIMIT)
    why = serializers.CharField(max_length=WHY_LIMIT, required=False, allow_blank=True, default="")
    weight = serializers.DecimalField(max_digits=6, decimal_places=3, min_value=0, max_value=100)
    parent = serializers.IntegerField(  # type: ignore[assignment]
        required=False, allow_null=True, default=None, min_value=1
    )
    perspective = serializers.CharField(max_length=CODE_LIMIT, required=False, allow_blank=True, default="")
    key_results = serializers.ListField(child=KeyResultRequest(), max_length=MOST_KEY_RESULTS)


class ObjectiveRequest(ObjectiveContentRequest):
    """Of the caller; or of the employee or the team named; or of the company."""

    employee_number = serializers.CharField(max_length=40, required=False, allow_null=True)
    team = serializers.CharField(max_length=40, required=False, allow_null=True)
    company = serializers.BooleanField(required=False, default=False)


class ObjectiveChangeRequest(ObjectiveContentRequest):
    """The whole new wording. `seen` is the digest of latest_version as it was read; a stale one is 409."""

    seen = serializers.CharField(max_length=64)
    reason = serializers.CharField(max_length=REASON_LIMIT, required=False, allow_blank=True, default="")


class ObjectiveSeenRequest(serializers.Serializer[Any]):
    seen = serializers.CharField(max_length=64, help_text="digest of latest_version as it was read")


class ObjectiveDropRequest(ObjectiveSeenRequest):
    reason = serializers.CharField(max_length=REASON_LIMIT, required=False, allow_blank=True, default="")


class SignedObjectiveRequest(ObjectiveSeenRequest):
    id = serializers.IntegerField(min_value=1)


class ObjectivesSignRequest(serializers.Serializer[Any]):
    """Whose objectives, and which wording of each was read. Without an owner: the caller's own."""

    employee_number = serializers.CharField(max_length=40, required=False, allow_null=True)
    team = serializers.CharField(max_length=40, required=False, allow_null=True)
    company = serializers.BooleanField(required=False, default=False)
    objectives = serializers.ListField(child=SignedObjectiveRequest(), min_length=1, max_length=40)


class ObjectiveCheckInValueRequest(serializers.Serializer[Any]):
    key = serializers.IntegerField(min_value=1, max_value=1000)
    value = serializers.FloatField(min_value=-LARGEST, max_value=LARGEST)


class ObjectiveCheckInRequest(serializers.Serializer[Any]):
    confidence = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=3, help_text="3 on track, 1 off track"
    )
    values = serializers.ListField(
        child=ObjectiveCheckInValueRequest(), required=False, max_length=MOST_KEY_RESULTS
    )
    comment = serializers.CharField(max_length=COMMENT_LIMIT, required=False, allow_blank=True, default="")


class ObjectiveCheckInSerializer(serializers.ModelSerializer[CheckIn]):
    created_by = serializers.CharField(source="created_by.name", read_only=True)
    values = serializers.SerializerMethodField()

    class Meta:
        model = CheckIn
        fields = ["id", "confidence", "comment", "values", "created_by", "created_at"]
        read_only_fields = fields

    @extend_schema_field(ObjectiveCheckInValueRequest(many=True))
    def get_values(self, entry: CheckIn) -> list[dict[str, Any]]:
        return [{"key": each.key, "value": each.value} for each in entry.values.all()]


class KeyResultLevelRequest(serializers.Serializer[Any]):
    key = serializers.IntegerField(min_value=1, max_value=1000)
    level = serializers.IntegerField(min_value=0, max_value=100)


class ObjectiveAssessmentRequest(serializers.Serializer[Any]):
    """`version` is that of the own assessment as it was read, 0 for none."""

    comment = serializers.CharField(max_length=ASSESSMENT_LIMIT)
    levels = serializers.ListField(child=KeyResultLevelRequest(), required=False, max_length=MOST_KEY_RESULTS)
    version = serializers.IntegerField(min_value=0, max_value=LARGEST_VERSION)


def owner_of(user: User, asked: Mapping[str, Any]) -> dict[str, int | None]:
    """{employee_id, team_id} that a body names; an unknown one is Http404."""
    if asked.get("company"):
        return {"employee_id": None, "team_id": None}
    if code := asked.get("team"):
        team = Team.objects.filter(code=code).first()
        if team is None:
            raise Http404
        return {"employee_id": None, "team_id": team.pk}
    if number := asked.get("employee_number"):
        person = User.objects.filter(employee_number=number).first()
        if person is None:
            raise Http404
        return {"employee_id": person.pk, "team_id": None}
    return {"employee_id": user.pk, "team_id": None}


def content_from(data: Mapping[str, Any]) -> dict[str, Any]:
    names = ("title", "why", "weight", "parent", "perspective")
    return {
        **{name: data.get(name) for name in names},
        "key_results": [dict(each) for each in data["key_results"]],
    }


class ObjectiveList(ListAPI):
    """Objectives of a cycle that the caller may read: the own ones, those of people led, what teams and the company
    agreed on."""

    scopes = {"GET": Scope.CYCLES_READ, "POST": Scope.CYCLES_WRITE}
    roles = {"GET": ANYONE, "POST": ("hr", "manager", "employee")}
    serializer_class = ObjectiveSerializer
    filters = {
        "employee_number": Filter("employee__employee_number"),
        "team": Filter("team__code"),
        "state": Filter("state", choices=Objective.State.values),
        "of_people": Filter(
            lambda found, value: found.filter(employee__isnull=not value),
            "boolean",
            description="or of teams and the company",
        ),
    }
    ordering = ("id",)

    def get_queryset(self) -> QuerySet[Objective]:
        cycle = get_cycle_for(caller(self.request), self.kwargs["code"])
        return with_words(visible_objectives(caller(self.request)).filter(cycle=cycle))

    @extend_schema(request=ObjectiveRequest, responses={201: ObjectiveDetailSerializer})
    @idempotent
    def post(self, request: Request, code: str) -> Response:
        """A draft. It counts once both sides have signed it: propose, then agree."""
        cycle = get_cycle_for(caller(request), code)
        form = ObjectiveRequest(data=request.data)
        form.is_valid(raise_exception=True)
        made = create_objective(
            actor=caller(request),
            cycle=cycle,
            content=content_from(form.validated_data),
            **owner_of(caller(request), form.validated_data),
        )
        return Response(described(caller(request), made.pk), status=201)


class ObjectiveDetail(RetrieveAPI):
    scopes = {"GET": Scope.CYCLES_READ, "PUT": Scope.CYCLES_WRITE}
    roles = {"GET": ANYONE, "PUT": ("hr", "manager", "employee")}
    serializer_class = ObjectiveDetailSerializer

    def get_object(self) -> Objective:
        return get_objective_for(caller(self.request), self.kwargs["objective_id"])

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return Response(described(caller(request), self.kwargs["objective_id"]))

    @extend_schema(request=ObjectiveChangeRequest, responses={200: ObjectiveDetailSerializer})
    def put(self, request: Request, objective_id: int) -> Response:
        """Another wording; what counts stays until both sides have signed it."""
        get_objective_for(caller(request), objective_id)
        form = ObjectiveChangeRequest(data=request.data)
        form.is_valid(raise_exception=True)
        revise_objective(
            actor=caller(request),
            objective_id=objective_id,
            seen=form.validated_data["seen"],
            content=content_from(form.validated_data),
            reason=form.validated_data["reason"],
        )
        return Response(described(caller(request), objective_id))


class ObjectiveStep(LaurelAPIView):
    scopes = {"POST": Scope.CYCLES_WRITE}
    roles = {"POST": ("hr", "manager", "employee")}
    serializer_class = ObjectiveDetailSerializer


class ObjectiveDrop(ObjectiveStep):
    @extend_schema(request=ObjectiveDropRequest, responses={200: ObjectiveDetailSerializer})
    @idempotent
    def post(self, request: Request, objective_id: int) -> Response:
        """Ends a draft at once; drafts the end of one that counts."""
        get_objective_for(caller(request), objective_id)
        form = ObjectiveDropRequest(data=request.data)
        form.is_valid(raise_exception=True)
        drop_objective(actor=caller(request), objective_id=objective_id, **form.validated_data)
        return Response(described(caller(request), objective_id))


class ObjectiveUndo(ObjectiveStep):
    @extend_schema(request=ObjectiveSeenRequest, responses={200: ObjectiveDetailSerializer})
    @idempotent
    def post(self, request: Request, objective_id: int) -> Response:
        """Takes a change off the table that both have not agreed to."""
        get_objective_for(caller(request), objective_id)
        form = ObjectiveSeenRequest(data=request.data)
        form.is_valid(raise_exception=True)
        undo_change(actor=caller(request), objective_id=objective_id, **form.validated_data)
        return Response(described(caller(request), objective_id))


class ObjectivesSign(LaurelAPIView):
    scopes = {"POST": Scope.CYCLES_WRITE}
    roles = {"POST": ("hr", "manager", "employee")}
    serializer_class = ObjectiveSerializer

    def signed(self, request: Request, code: str, service: Any) -> Response:
        user = caller(request)
        cycle = get_cycle_for(user, code)
        form = ObjectivesSignRequest(data=request.data)
        form.is_valid(raise_exception=True)
        seen = {each["id"]: each["seen"] for each in form.validated_data["objectives"]}
        service(actor=user, cycle=cycle, seen=seen, **owner_of(user, form.validated_data))
        found = with_words(visible_objectives(user).filter(pk__in=list(seen))).order_by("id")
        return Response(ObjectiveSerializer(found, many=True).data)


class ObjectivesPropose(ObjectivesSign):
    @extend_schema(request=ObjectivesSignRequest, responses={200: ObjectiveSerializer(many=True)})
    @idempotent
    def post(self, request: Request, code: str) -> Response:
        """The first signature, under the wording that was read."""
        return self.signed(request, code, propose_objectives)


class ObjectivesAgree(ObjectivesSign):
    @extend_schema(request=ObjectivesSignRequest, responses={200: ObjectiveSerializer(many=True)})
    @idempotent
    def post(self, request: Request, code: str) -> Response:
        """The second signature, of the other side, under the same wording: it counts from here on."""
        return self.signed(request, code, agree_objectives)


class CheckInList(ListAPI):
    """The timeline of an objective, the newest first."""

    scopes = {"GET": Scope.CYCLES_READ, "POST": Scope.CYCLES_WRITE}
    roles = {"GET": ANYONE, "POST": ("hr", "manager", "employee")}
    serializer_class = ObjectiveCheckInSerializer
    ordering = ("-id",)

    def get_queryset(self) -> QuerySet[CheckIn]:
        return check_ins_of(get_objective_for(caller(self.request), self.kwargs["objective_id"]))

    @extend_schema(request=ObjectiveCheckInRequest, responses={201: ObjectiveCheckInSerializer})
    @idempotent
    def post(self, request: Request, objective_id: int) -> Response:
        """Values of key results, how sure one is, a word: one of the three at least."""
        get_objective_for(caller(request), objective_id)
        form = ObjectiveCheckInRequest(data=request.data)
        form.is_valid(raise_exception=True)
        entry = check_in(
            actor=caller(request),
            objective_id=objective_id,
            confidence=form.validated_data.get("confidence"),
            values={each["key"]: each["value"] for each in form.validated_data.get("values", [])},
            comment=form.validated_data["comment"],
        )
        return Response(ObjectiveCheckInSerializer(entry).data, status=201)


class ObjectiveAssess(LaurelAPIView):
    scopes = {"PUT": Scope.CYCLES_WRITE}
    roles = {"PUT": ("hr", "manager", "employee")}
    serializer_class = ObjectiveAssessmentSerializer

    @extend_schema(request=ObjectiveAssessmentRequest, responses={200: ObjectiveAssessmentSerializer})
    def put(self, request: Request, objective_id: int) -> Response:
        """What the caller's side says of it at the end."""
        found = get_objective_for(caller(request), objective_id)
        form = ObjectiveAssessmentRequest(data=request.data)
        form.is_valid(raise_exception=True)
        if not sides_on(caller(request), found):
            raise Refusal("objective_not_yours", status=403)
        saved = assess_objective(
            actor=caller(request),
            objective_id=objective_id,
            comment=form.validated_data["comment"],
            levels={each["key"]: each["level"] for each in form.validated_data.get("levels", [])},
            version=form.validated_data["version"],
        )
        return Response(ObjectiveAssessmentSerializer(saved).data)


class GoalAgreementSerializer(serializers.Serializer[Any]):
    employee = EmployeeReference()
    agreed = serializers.IntegerField()
    agreed_weight = serializers.DecimalField(max_digits=7, decimal_places=3)
    drafts = serializers.IntegerField()
    waits_owner = serializers.IntegerField(help_text="versions that the employee has to sign")
    waits_superior = serializers.IntegerField(help_text="versions that the manager has to sign")
    open_changes = serializers.IntegerField()


class GoalAgreement(ListAPI):
    """How far each person's objectives are, by employee number; of the people led, or for HR and auditors of all."""

    scopes = {"GET": Scope.CYCLES_READ}
    roles = {"GET": ("hr", "auditor", "manager")}
    serializer_class = GoalAgreementSerializer
    ordering = ("employee__employee_number", "id")

    def get_queryset(self) -> QuerySet[Participant]:
        user = caller(self.request)
        return team_of(user, get_cycle_for(user, self.kwargs["code"]))

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        cycle: Cycle = get_cycle_for(caller(request), self.kwargs["code"])
        rows = self.paginate_queryset(self.get_queryset()) or []
        states = sheet_states(cycle, [each.employee_id for each in rows])
        return self.get_paginated_response(
            GoalAgreementSerializer(
                [_agreement(each, states[each.employee_id]) for each in rows], many=True
            ).data
        )


def _agreement(participant: Participant, state: SheetState) -> dict[str, Any]:
    return {
        "employee": participant.employee,
        "agreed": state.agreed,
        "agreed_weight": state.weight,
        "drafts": state.drafts,
        "waits_owner": state.waits_owner,
        "waits_superior": state.waits_superior,
        "open_changes": state.changes,
    }


class GoalNodeSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    title = serializers.CharField()
    employee = EmployeeReference(allow_null=True)
    team = serializers.CharField(allow_null=True)
    progress = serializers.FloatField(allow_null=True)
    below = serializers.IntegerField(help_text="agreed objectives directly below it")
    shown_below = serializers.IntegerField(help_text="those of them that the caller may read")


class GoalLevelSerializer(serializers.Serializer[Any]):
    nodes = GoalNodeSerializer(many=True)
    hidden = serializers.IntegerField(help_text="objectives of other people at this place")
    next_after = serializers.IntegerField(allow_null=True, help_text="ask again with after=… for the rest")


class GoalTree(LaurelAPIView):
    """One level of the cascade."""

    scopes = {"GET": Scope.CYCLES_READ}
    roles = {"GET": ANYONE}
    serializer_class = GoalLevelSerializer
    parameters = ("parent", "after")

    @extend_schema(
        parameters=[
            OpenApiParameter("parent", int, description="below which objective; without it the tops"),
            OpenApiParameter("after", int, description="next_after of the answer before"),
        ],
        responses={200: GoalLevelSerializer},
    )
    def get(self, request: Request, code: str) -> Response:
        """The objectives directly below one, by age. The whole tree is walked level by level."""
        user = caller(request)
        cycle = get_cycle_for(user, code)
        level = tree_level(
            user,
            cycle,
            _whole(request.query_params.get("parent"), "parent"),
            after=_whole(request.query_params.get("after"), "after") or 0,
        )
        progress = progress_of(cycle, level.nodes)
        nodes = [
            {
                "id": each.pk,
                "title": each.shown_version.title,
                "employee": each.employee,
                "team": each.team.code if each.team else None,
                "progress": progress[each.pk].points,
                "below": level.below[each.pk][1],
                "shown_below": level.below[each.pk][0],
            }
            for each in level.nodes
        ]
        answer = {"nodes": nodes, "hidden": level.hidden, "next_after": level.next_after}
        return Response(GoalLevelSerializer(answer).data)


def _whole(text: str | None, name: str) -> int | None:
    if text is None:
        return None
    if not text.isdecimal() or len(text) > 18:
        raise Refusal("cycle_value_malformed", field=name, status=400)
    return int(text)
