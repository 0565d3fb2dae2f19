"""Inspections in the API's words. Answers of an inspection that is not submitted are its inspector's alone."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from metrics.models import (
    Inspection,
    InspectionDispute,
    InspectionForm,
    InspectionFormVersion,
    InspectionSample,
    InspectionScore,
)
from metrics.services.inspection_samples import MAX_PER_AGENT


class FormVersionSerializer(serializers.ModelSerializer[InspectionFormVersion]):
    content = serializers.DictField(read_only=True, help_text="as in the configuration document")

    class Meta:
        model = InspectionFormVersion
        fields = ["number", "valid_from", "frozen_at", "content"]
        read_only_fields = fields


class InspectionFormSerializer(serializers.ModelSerializer[InspectionForm]):
    versions = FormVersionSerializer(many=True, read_only=True)

    class Meta:
        model = InspectionForm
        fields = ["code", "name_zh", "name_en", "is_active", "versions"]
        read_only_fields = fields


class InspectionFormRequest(serializers.Serializer[Any]):
    code = serializers.CharField(max_length=60)
    name_zh = serializers.CharField(max_length=120, allow_blank=True, default="")
    name_en = serializers.CharField(max_length=120, allow_blank=True, default="")
    valid_from = serializers.DateField()
    content = serializers.DictField(help_text="as in the configuration document")


class FormVersionRequest(serializers.Serializer[Any]):
    valid_from = serializers.DateField()
    content = serializers.DictField(help_text="as in the configuration document")


class InspectionFormChange(serializers.Serializer[Any]):
    name_zh = serializers.CharField(max_length=120, allow_blank=True, required=False)
    name_en = serializers.CharField(max_length=120, allow_blank=True, required=False)
    is_active = serializers.BooleanField(required=False)


class SampleSerializer(serializers.ModelSerializer[InspectionSample]):
    form = serializers.CharField(source="form_version.form.code", read_only=True)
    version = serializers.IntegerField(source="form_version.number", read_only=True)
    source = serializers.CharField(source="source.code", read_only=True)  # type: ignore[assignment]
    teams = serializers.ListField(source="team_codes", child=serializers.CharField(), read_only=True)
    shortfalls = serializers.ListField(child=serializers.DictField(), read_only=True)
    left_out = serializers.ListField(child=serializers.DictField(), read_only=True)

    class Meta:
        model = InspectionSample
        fields = [
            "id", "form", "version", "source", "first_day", "last_day", "teams", "per_agent", "every", "spread",
            "needs_measure", "double_percent", "seed", "population", "population_digest", "agents", "drawn", "doubled",
            "shortfalls", "left_out", "due_on", "created_at",
        ]  # fmt: skip
        read_only_fields = fields


class SampleRequestSerializer(serializers.Serializer[Any]):
    """The seed is the server's."""

    form = serializers.CharField(max_length=60)
    source = serializers.CharField(max_length=60)  # type: ignore[assignment]
    first_day = serializers.DateField()
    last_day = serializers.DateField()
    per_agent = serializers.IntegerField(min_value=1, max_value=MAX_PER_AGENT)
    every = serializers.ChoiceField(choices=InspectionSample.Every.choices, default="period")
    spread = serializers.ChoiceField(choices=InspectionSample.Spread.choices, default="day")
    needs_measure = serializers.CharField(max_length=60, allow_blank=True, default="")
    double_percent = serializers.IntegerField(min_value=0, max_value=100, default=10)
    teams = serializers.ListField(child=serializers.CharField(max_length=40), default=list, max_length=200)
    due_on = serializers.DateField(allow_null=True, default=None)


class ScoreSerializer(serializers.ModelSerializer[InspectionScore]):
    answers = serializers.DictField(read_only=True, help_text="{item: {answer, comment}}")

    class Meta:
        model = InspectionScore
        fields = ["number", "score", "before_fatal", "is_fatal", "answers", "created_at"]
        read_only_fields = fields


class InspectionSerializer(serializers.ModelSerializer[Inspection]):
    employee = serializers.CharField(source="employee.employee_number", read_only=True)
    form = serializers.CharField(source="form_version.form.code", read_only=True)
    version = serializers.IntegerField(source="form_version.number", read_only=True)
    record_id = serializers.CharField(source="external_id", read_only=True)
    score = serializers.FloatField(
        read_only=True, allow_null=True, help_text="that counts; null until it is scored"
    )
    is_fatal = serializers.BooleanField(read_only=True, allow_null=True)
    dispute = serializers.SerializerMethodField(help_text="open, accepted, rejected; empty without one")

    class Meta:
        model = Inspection
        fields = [
            "id", "employee", "form", "version", "position", "day", "occurred_at", "queue", "record_id", "state",
            "score", "is_fatal", "submitted_at", "dispute",
        ]  # fmt: skip
        read_only_fields = fields

    def get_dispute(self, inspection: Inspection) -> str:
        try:
            return inspection.dispute.decision or "open"
        except InspectionDispute.DoesNotExist:
            return ""


class InspectionDetailSerializer(InspectionSerializer):
    scores = serializers.SerializerMethodField(help_text="all of them, the one that counts last")
    answers = serializers.SerializerMethodField(
        help_text="of the form as it is being filled in, for its inspector"
    )
    call = serializers.DictField(read_only=True, help_text="the measures of the record when it was drawn")

    class Meta(InspectionSerializer.Meta):
        fields = [*InspectionSerializer.Meta.fields, "scores", "answers", "call"]
        read_only_fields = fields

    @extend_schema_field(ScoreSerializer(many=True))
    def get_scores(self, inspection: Inspection) -> Any:
        return ScoreSerializer(inspection.scores.all(), many=True).data

    def get_answers(self, inspection: Inspection) -> dict[str, Any]:
        is_own = inspection.inspector_id == self.context["request"].user.pk
        return inspection.answers if is_own else {}


class AnswerRequest(serializers.Serializer[Any]):
    """Left out stays as it is; null takes it away."""

    version = serializers.IntegerField(min_value=0, max_value=2**31 - 1, help_text="as last read; 0 at first")
    answer = serializers.CharField(max_length=20, required=False, allow_null=True, allow_blank=True)
    comment = serializers.CharField(max_length=2000, required=False, allow_null=True, allow_blank=True)


class AnswerSerializer(serializers.Serializer[Any]):
    version = serializers.IntegerField()
    answer = serializers.CharField(allow_blank=True)
    comment = serializers.CharField(allow_blank=True)


class DisputeRequest(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=2000)
    items = serializers.ListField(child=serializers.CharField(max_length=60), default=list, max_length=100)


class InspectionDecisionRequest(serializers.Serializer[Any]):
    decision = serializers.ChoiceField(choices=["accepted", "rejected"])
    reason = serializers.CharField(max_length=2000)
    answers = serializers.DictField(
        child=serializers.DictField(),
        default=dict,
        help_text="to accept: what changes, {item: {answer, comment}}",
    )


class DisputeSerializer(serializers.ModelSerializer[InspectionDispute]):
    inspection = serializers.IntegerField(source="inspection_id", read_only=True)
    employee = serializers.CharField(source="inspection.employee.employee_number", read_only=True)
    items = serializers.ListField(child=serializers.CharField(), read_only=True)
    score = serializers.FloatField(source="score.score", read_only=True)
    new_score = serializers.FloatField(
        source="new_score.score", read_only=True, allow_null=True, default=None
    )

    class Meta:
        model = InspectionDispute
        fields = [
            "id", "inspection", "employee", "items", "reason", "raised_at", "decision", "decided_at", "decision_reason",
            "score", "new_score",
        ]  # fmt: skip
        read_only_fields = fields


class ItemAgreementSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    is_fatal = serializers.BooleanField()
    pairs = serializers.IntegerField()
    equal = serializers.IntegerField()
    alpha = serializers.FloatField(allow_null=True)
    verdict = serializers.CharField()


class AgreementSerializer(serializers.Serializer[Any]):
    form = serializers.CharField(source="form.code")
    pairs = serializers.IntegerField(help_text="calls that both have scored")
    waiting = serializers.IntegerField()
    missing = serializers.IntegerField(help_text="pairs to go until something can be said")
    mean_difference = serializers.FloatField(allow_null=True)
    icc = serializers.FloatField(allow_null=True)
    verdict = serializers.CharField(help_text="excellent, good, fair, poor, too_few or alike")
    items = ItemAgreementSerializer(many=True)


class InspectorSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="user.pk")
    name = serializers.CharField(source="user.name")
    teams = serializers.ListField(child=serializers.CharField())
    sites = serializers.ListField(child=serializers.CharField())
    is_reviewer = serializers.BooleanField()


class InspectorRequest(serializers.Serializer[Any]):
    teams = serializers.ListField(child=serializers.CharField(max_length=40), default=list, max_length=200)
    sites = serializers.ListField(child=serializers.CharField(max_length=40), default=list, max_length=200)
    is_reviewer = serializers.BooleanField(default=False)
