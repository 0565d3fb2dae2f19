"""What the API says about cycles, forms and results."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from reviews.methods.rating_scale import level_key
from reviews.models import Cycle, CycleTemplate, Judgement, Result, ScoreSheet
from reviews.models.cycles import Phase
from reviews.selectors.freshness import results_are_stale
from reviews.services.judgements import COMMENT_LIMIT
from reviews.services.rights import REASON_LIMIT

LARGEST_VERSION = 2**31 - 1


class CycleTemplateSerializer(serializers.ModelSerializer[CycleTemplate]):
    configuration = serializers.JSONField(read_only=True, help_text="see docs/architecture.md")

    class Meta:
        model = CycleTemplate
        fields = ["code", "name_zh", "name_en", "configuration"]
        read_only_fields = fields


class CycleSerializer(serializers.ModelSerializer[Cycle]):
    published_run = serializers.UUIDField(source="published_run_id", read_only=True, allow_null=True)

    class Meta:
        model = Cycle
        fields = [
            "code",
            "name_zh",
            "name_en",
            "first_day",
            "last_day",
            "phase",
            "rating_due_on",
            "version",
            "fingerprint",
            "launched_at",
            "published_run",
            "released_at",
        ]
        read_only_fields = fields


class CycleDetailSerializer(CycleSerializer):
    configuration = serializers.JSONField(read_only=True, help_text="frozen from the launch on")
    is_stale = serializers.SerializerMethodField(
        help_text="whether something that enters the results changed after their run began"
    )

    class Meta(CycleSerializer.Meta):
        fields = [*CycleSerializer.Meta.fields, "configuration", "is_stale"]
        read_only_fields = fields

    def get_is_stale(self, cycle: Cycle) -> bool:
        return results_are_stale(cycle)


class CycleRequest(serializers.Serializer[Any]):
    code = serializers.CharField(max_length=60)
    name_zh = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")
    name_en = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")
    first_day = serializers.DateField()
    last_day = serializers.DateField()
    rating_due_on = serializers.DateField(required=False, allow_null=True, default=None)
    template = serializers.CharField(
        max_length=60, required=False, allow_blank=True, default="", help_text="code of a cycle template"
    )
    configuration = serializers.JSONField(required=False, help_text="instead of a template")


class CycleChangeRequest(serializers.Serializer[Any]):
    """What is left out stays as it is. `version` is the one that was read; a stale one is 409."""

    version = serializers.IntegerField(min_value=0, max_value=LARGEST_VERSION)
    name_zh = serializers.CharField(max_length=120, required=False, allow_blank=True)
    name_en = serializers.CharField(max_length=120, required=False, allow_blank=True)
    first_day = serializers.DateField(required=False)
    last_day = serializers.DateField(required=False)
    rating_due_on = serializers.DateField(required=False, allow_null=True)
    configuration = serializers.JSONField(required=False)


class LaunchRequest(serializers.Serializer[Any]):
    to_phase = serializers.ChoiceField(
        choices=["goals", "collection", "rating"], required=False, default="rating"
    )


class PhaseRequest(serializers.Serializer[Any]):
    to_phase = serializers.ChoiceField(
        choices=Phase.choices, help_text="cancelled ends the cycle; a reason is needed"
    )
    reason = serializers.CharField(max_length=REASON_LIMIT, required=False, allow_blank=True, default="")


class ReasonRequest(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=REASON_LIMIT, required=False, allow_blank=True, default="")


class LaunchProblemSerializer(serializers.Serializer[Any]):
    path = serializers.CharField(help_text="place in the configuration, e.g. components[0].kpis")
    code = serializers.CharField()
    severity = serializers.ChoiceField(choices=["error", "warning"])
    detail = serializers.CharField(source="text")


class StartedRunSerializer(serializers.Serializer[Any]):
    run = serializers.UUIDField(source="id", help_text="see /runs/")
    state = serializers.CharField()


class EmployeeReference(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="pk")
    employee_number = serializers.CharField(allow_null=True)
    name = serializers.CharField()


class ResultSerializer(serializers.ModelSerializer[Result]):
    employee = EmployeeReference(read_only=True)
    team = serializers.CharField(source="team_code", read_only=True)
    n = serializers.IntegerField(read_only=True, allow_null=True)
    rank = serializers.SerializerMethodField()
    percentile = serializers.SerializerMethodField()
    cohort_size = serializers.SerializerMethodField()

    class Meta:
        model = Result
        fields = [
            "employee",
            "team",
            "score",
            "standard_error",
            "n",
            "rating",
            "state",
            "rank",
            "percentile",
            "cohort_size",
        ]
        read_only_fields = fields

    def _shown(self, value: Any) -> Any:
        return value if self.context.get("show_rank") else None

    @extend_schema_field({"type": ["integer", "null"]})
    def get_rank(self, result: Result) -> int | None:
        return self._shown(result.rank)

    @extend_schema_field({"type": ["number", "null"]})
    def get_percentile(self, result: Result) -> float | None:
        return self._shown(result.percentile)

    @extend_schema_field({"type": ["integer", "null"]})
    def get_cohort_size(self, result: Result) -> int | None:
        return self._shown(result.cohort_size)


class JudgementSerializer(serializers.ModelSerializer[Judgement]):
    level = serializers.SerializerMethodField()

    class Meta:
        model = Judgement
        fields = ["item", "level", "not_observed", "comment", "version", "updated_at"]
        read_only_fields = fields

    @extend_schema_field({"type": ["string", "null"]})
    def get_level(self, judgement: Judgement) -> str | None:
        return level_key(judgement.level) if judgement.level is not None else None


class ScoreSheetSerializer(serializers.ModelSerializer[ScoreSheet]):
    cycle = serializers.CharField(source="participant.cycle.code", read_only=True)
    employee = EmployeeReference(source="participant.employee", read_only=True)
    rater = EmployeeReference(read_only=True)
    judgements = JudgementSerializer(many=True, read_only=True)

    class Meta:
        model = ScoreSheet
        fields = [
            "id",
            "cycle",
            "component",
            "employee",
            "rater",
            "state",
            "version",
            "submitted_at",
            "first_day",
            "last_day",
            "days",
            "judgements",
        ]
        read_only_fields = fields


class JudgementRequest(serializers.Serializer[Any]):
    """A level, a comment, or both; what is left out stays. `version` is 0 where nothing was saved yet."""

    version = serializers.IntegerField(min_value=0, max_value=LARGEST_VERSION)
    level = serializers.CharField(max_length=12, required=False, allow_null=True, allow_blank=True)
    not_observed = serializers.BooleanField(
        required=False, help_text="instead of a level, where the component allows it"
    )
    comment = serializers.CharField(
        max_length=COMMENT_LIMIT, required=False, allow_blank=True, trim_whitespace=False
    )
