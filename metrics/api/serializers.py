"""What the API says about measures, KPIs, sources and values, and what it takes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from metrics.models import KPI, Batch, KPIValue, KPIVersion, Measure, Record, Source
from metrics.services.kpis import KPITerms

CODE_HELP = "small letters, digits and underscores"


class MeasureSerializer(serializers.ModelSerializer[Measure]):
    class Meta:
        model = Measure
        fields = [
            "code",
            "name_zh",
            "name_en",
            "unit",
            "minimum",
            "maximum",
            "description_zh",
            "description_en",
        ]
        read_only_fields = fields


class MeasureRequest(serializers.Serializer[Any]):
    code = serializers.CharField(max_length=60, help_text=CODE_HELP)
    name_zh = serializers.CharField(max_length=120, allow_blank=True, default="")
    name_en = serializers.CharField(max_length=120, allow_blank=True, default="")
    unit = serializers.ChoiceField(choices=Measure.Unit.choices, default=Measure.Unit.COUNT)
    minimum = serializers.FloatField(allow_null=True, default=None)
    maximum = serializers.FloatField(allow_null=True, default=None)
    description_zh = serializers.CharField(max_length=1000, allow_blank=True, default="")
    description_en = serializers.CharField(max_length=1000, allow_blank=True, default="")


class MeasureChange(MeasureRequest):
    code = None  # type: ignore[assignment]


@extend_schema_field(
    {"type": "array", "items": {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}}
)
class BandsField(serializers.JSONField):
    """[[from, score], ...] ascending and half-open."""


class VersionSerializer(serializers.ModelSerializer[KPIVersion]):
    bands = BandsField(read_only=True)

    class Meta:
        model = KPIVersion
        fields = [
            "id", "number", "valid_from", "formula", "unit", "direction", "target", "stretch", "bands", "decimals",
            "minimum_sample", "sample_measure", "denominator_zh", "denominator_en", "source_note_zh", "source_note_en",
            "collection_method_zh", "collection_method_en", "frozen_at",
        ]  # fmt: skip
        read_only_fields = fields


class TermsRequest(serializers.Serializer[Any]):
    """What a version says; left out means the default, not the last version's."""

    valid_from = serializers.DateField()
    formula = serializers.CharField(max_length=500, allow_blank=True, default="")
    unit = serializers.ChoiceField(choices=KPIVersion.Unit.choices)
    direction = serializers.ChoiceField(choices=KPIVersion.Direction.choices)
    target = serializers.DecimalField(max_digits=16, decimal_places=6, allow_null=True, default=None)
    stretch = serializers.DecimalField(max_digits=16, decimal_places=6, allow_null=True, default=None)
    bands = BandsField(default=list)  # type: ignore[arg-type]  # a document of any shape
    decimals = serializers.IntegerField(min_value=0, max_value=6, default=2)
    minimum_sample = serializers.IntegerField(min_value=1, max_value=1_000_000, default=1)
    sample_measure = serializers.CharField(max_length=60, allow_blank=True, default="")
    denominator_zh = serializers.CharField(max_length=200, allow_blank=True, default="")
    denominator_en = serializers.CharField(max_length=200, allow_blank=True, default="")
    source_note_zh = serializers.CharField(max_length=200, allow_blank=True, default="")
    source_note_en = serializers.CharField(max_length=200, allow_blank=True, default="")
    collection_method_zh = serializers.CharField(max_length=200, allow_blank=True, default="")
    collection_method_en = serializers.CharField(max_length=200, allow_blank=True, default="")


def read_terms(values: Mapping[str, Any]) -> tuple[date, KPITerms]:
    """A checked TermsRequest as the day it begins and what it says."""
    return values["valid_from"], KPITerms(
        **{name: value for name, value in values.items() if name != "valid_from"}
    )


class KPISerializer(serializers.ModelSerializer[KPI]):
    versions = VersionSerializer(many=True, read_only=True, help_text="the latest first")

    class Meta:
        model = KPI
        fields = [
            "code",
            "name_zh",
            "name_en",
            "dimension",
            "perspective",
            "is_qualitative",
            "is_active",
            "versions",
        ]
        read_only_fields = fields


class KPIRequest(serializers.Serializer[Any]):
    code = serializers.CharField(max_length=60, help_text=CODE_HELP)
    name_zh = serializers.CharField(max_length=120, allow_blank=True, default="")
    name_en = serializers.CharField(max_length=120, allow_blank=True, default="")
    dimension = serializers.ChoiceField(choices=KPI.Dimension.choices)
    perspective = serializers.ChoiceField(choices=KPI.Perspective.choices)
    is_qualitative = serializers.BooleanField(default=False)
    version = TermsRequest(help_text="the first version")


class KPIChange(serializers.Serializer[Any]):
    """What is left out stays."""

    name_zh = serializers.CharField(max_length=120, allow_blank=True, required=False)
    name_en = serializers.CharField(max_length=120, allow_blank=True, required=False)
    dimension = serializers.ChoiceField(choices=KPI.Dimension.choices, required=False)
    perspective = serializers.ChoiceField(choices=KPI.Perspective.choices, required=False)
    is_active = serializers.BooleanField(required=False)


class SourceSerializer(serializers.ModelSerializer[Source]):
    mapping = serializers.DictField(read_only=True, help_text="how the columns of its files are read")

    class Meta:
        model = Source
        fields = ["code", "name_zh", "name_en", "kind", "time_zone", "precedence", "is_active", "mapping"]
        read_only_fields = fields


class SourceRequest(serializers.Serializer[Any]):
    code = serializers.CharField(max_length=60, help_text="small letters, digits, hyphens and underscores")
    name_zh = serializers.CharField(max_length=120, allow_blank=True, default="")
    name_en = serializers.CharField(max_length=120, allow_blank=True, default="")
    kind = serializers.ChoiceField(choices=Source.Kind.choices)
    time_zone = serializers.CharField(max_length=60, default="Asia/Shanghai")
    precedence = serializers.IntegerField(min_value=1, max_value=10_000, default=100)
    mapping = serializers.JSONField(required=False, allow_null=True, default=None)


class SourceChange(serializers.Serializer[Any]):
    """What is left out stays."""

    name_zh = serializers.CharField(max_length=120, allow_blank=True, required=False)
    name_en = serializers.CharField(max_length=120, allow_blank=True, required=False)
    time_zone = serializers.CharField(max_length=60, required=False)
    precedence = serializers.IntegerField(min_value=1, max_value=10_000, required=False)
    is_active = serializers.BooleanField(required=False)
    mapping = serializers.JSONField(required=False)


class BatchSerializer(serializers.ModelSerializer[Batch]):
    source = serializers.CharField(source="source.code", read_only=True)  # type: ignore[assignment]
    import_id = serializers.IntegerField(source="import_record_id", read_only=True, allow_null=True)
    replaced_by = serializers.IntegerField(source="replaced_by_id", read_only=True, allow_null=True)

    class Meta:
        model = Batch
        fields = [
            "id", "source", "name", "state", "first_day", "last_day", "rows", "import_id", "replaced_by", "created_at",
        ]  # fmt: skip
        read_only_fields = fields


class KPIValueSerializer(serializers.ModelSerializer[KPIValue]):
    """`people` in the context gives {id: employee number}."""

    employee = serializers.SerializerMethodField(help_text="employee number")
    kpi = serializers.CharField(source="kpi_version.kpi.code", read_only=True)
    version = serializers.IntegerField(source="kpi_version.number", read_only=True)
    unit = serializers.CharField(source="kpi_version.unit", read_only=True)
    minimum_sample = serializers.IntegerField(source="kpi_version.minimum_sample", read_only=True)
    is_uncertain = serializers.SerializerMethodField(help_text="fewer cases than the minimum sample")
    inputs = serializers.DictField(read_only=True, help_text="what the formula was computed from")

    class Meta:
        model = KPIValue
        fields = [
            "employee", "kpi", "version", "unit", "value", "standard_error", "n", "minimum_sample", "is_uncertain",
            "inputs",
        ]  # fmt: skip
        read_only_fields = fields

    def get_employee(self, value: KPIValue) -> str:
        return str(self.context["people"].get(value.employee_id, ""))

    def get_is_uncertain(self, value: KPIValue) -> bool:
        return value.n < value.kpi_version.minimum_sample


class RecordSerializer(serializers.ModelSerializer[Record]):
    record_id = serializers.CharField(source="external_id", read_only=True)
    source = serializers.CharField(source="batch.source.code", read_only=True)  # type: ignore[assignment]
    batch = serializers.IntegerField(source="batch_id", read_only=True)
    employee = serializers.SerializerMethodField(help_text="employee number")
    values = serializers.DictField(read_only=True, help_text="by measure code; absent means missing")

    class Meta:
        model = Record
        fields = ["id", "record_id", "source", "batch", "employee", "day", "occurred_at", "queue", "values"]
        read_only_fields = fields

    def get_employee(self, record: Record) -> str:
        return str(self.context["people"].get(record.employee_id, ""))


class RecordRequest(serializers.Serializer[Any]):
    record_id = serializers.CharField(max_length=120)
    employee = serializers.CharField(
        max_length=120, help_text="employee number, or a name, alias or login of one person"
    )
    day = serializers.DateField(required=False)
    occurred_at = serializers.CharField(
        max_length=40, required=False, help_text="ISO 8601; without an offset in the source's time zone"
    )
    queue = serializers.CharField(max_length=80, required=False, allow_blank=True, default="")
    values = serializers.DictField(child=serializers.FloatField(allow_null=True), help_text="by measure code")


class PushRequest(serializers.Serializer[Any]):
    source = serializers.CharField(max_length=60)  # type: ignore[assignment]
    batch = serializers.CharField(
        max_length=200, help_text="its name; sent again with other records it is replaced"
    )
    replaces = serializers.IntegerField(
        required=False, allow_null=True, default=None, min_value=1, max_value=2**53
    )
    records = RecordRequest(many=True, allow_empty=False)


class PushAnswer(serializers.Serializer[Any]):
    batch = BatchSerializer()
    stored = serializers.BooleanField(help_text="false: these records were there already")
