"""What the API says about plans, payout runs and statements. Money is text, so that no client reads it as a float."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from incentives.models import (
    IncentivePlan,
    LedgerEntry,
    PayoutDecision,
    PayoutLine,
    PayoutPool,
    PayoutRun,
    PlanVersion,
)
from incentives.selectors.payout_runs import pools_of
from incentives.selectors.statements import reason_text
from incentives.services.exports import COLUMNS, HEADINGS
from incentives.services.lines import open_decisions
from incentives.services.rights import REASON_LIMIT
from incentives.steps import configuration as configurations
from incentives.steps.pools import funding_text


class MoneyField(serializers.DecimalField):
    """An amount with two decimals, as text."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            **{"max_digits": 18, "decimal_places": 2, "read_only": True, "coerce_to_string": True, **kwargs}
        )


class PlanVersionSerializer(serializers.ModelSerializer[PlanVersion]):
    configuration = serializers.JSONField(read_only=True, help_text="eligibility and steps, see docs")
    sentences = serializers.SerializerMethodField()

    class Meta:
        model = PlanVersion
        fields = ["number", "valid_from", "configuration", "sentences", "created_at"]
        read_only_fields = fields

    @extend_schema_field({"type": "array", "items": {"type": "string"}, "description": "the steps in words"})
    def get_sentences(self, version: PlanVersion) -> list[str]:
        return configurations.describe(version.configuration, currency=version.plan.currency)


class PlanSerializer(serializers.ModelSerializer[IncentivePlan]):
    class Meta:
        model = IncentivePlan
        fields = ["code", "name_zh", "name_en", "currency", "is_active"]
        read_only_fields = fields


class PlanDetailSerializer(PlanSerializer):
    versions = serializers.SerializerMethodField()

    class Meta(PlanSerializer.Meta):
        fields = [*PlanSerializer.Meta.fields, "versions"]
        read_only_fields = fields

    @extend_schema_field(PlanVersionSerializer(many=True))
    def get_versions(self, plan: IncentivePlan) -> list[Any]:
        rows = PlanVersion.objects.filter(plan=plan).select_related("plan").order_by("-valid_from")
        return list(PlanVersionSerializer(rows, many=True).data)


class VersionRequest(serializers.Serializer[Any]):
    valid_from = serializers.DateField()
    configuration = serializers.JSONField(
        help_text="{eligibility: {minimum_days, jobs}, steps: [{kind, ...}]}"
    )
    seen_number = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=2**31 - 1,
        help_text="highest version number known to the client; another one in between is refused with 409",
    )


class PlanRequest(serializers.Serializer[Any]):
    code = serializers.CharField(max_length=60)
    name_zh = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")
    name_en = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")
    currency = serializers.CharField(max_length=3, required=False, default="CNY")
    valid_from = serializers.DateField()
    configuration = serializers.JSONField(
        help_text="{eligibility: {minimum_days, jobs}, steps: [{kind, ...}]}"
    )


class PlanChangeRequest(serializers.Serializer[Any]):
    name_zh = serializers.CharField(max_length=120, required=False, allow_blank=True)
    name_en = serializers.CharField(max_length=120, required=False, allow_blank=True)
    is_active = serializers.BooleanField(required=False)


class PayoutRunSerializer(serializers.ModelSerializer[PayoutRun]):
    plan = serializers.CharField(source="plan.code", read_only=True)
    plan_version = serializers.IntegerField(source="plan_version.number", read_only=True)
    cycle = serializers.CharField(source="cycle.code", read_only=True)
    total = MoneyField(help_text="what approval books")
    digest = serializers.CharField(source="content_digest", read_only=True, help_text="approval must name it")
    open_decisions = serializers.SerializerMethodField()
    run = serializers.UUIDField(
        source="run_id", read_only=True, allow_null=True, help_text="its progress: /runs/{id}/"
    )
    created_by = serializers.CharField(source="created_by.name", read_only=True)
    approved_by = serializers.CharField(
        source="approved_by.name", read_only=True, allow_null=True, default=None
    )

    class Meta:
        model = PayoutRun
        fields = [
            "id",
            "kind",
            "plan",
            "plan_version",
            "cycle",
            "state",
            "currency",
            "lines",
            "total",
            "digest",
            "open_decisions",
            "reason",
            "rejection",
            "run",
            "created_by",
            "created_at",
            "approved_by",
            "approved_at",
        ]
        read_only_fields = fields

    @extend_schema_field({"type": "integer", "description": "lines that keep the run from approval"})
    def get_open_decisions(self, payout_run: PayoutRun) -> int:
        return open_decisions(payout_run)


class PayoutPoolSerializer(serializers.ModelSerializer[PayoutPool]):
    team = serializers.CharField(source="team.code", read_only=True, allow_null=True, default=None)
    gross = MoneyField(help_text="as funded")
    net = MoneyField(help_text="gross less the reserve: what is split")
    distributed = MoneyField()
    left = MoneyField(help_text="gross less distributed: the reserve and what reached nobody")
    text = serializers.SerializerMethodField()

    class Meta:
        model = PayoutPool
        fields = ["team", "gross", "net", "people", "capped", "distributed", "left", "inputs", "text"]
        read_only_fields = fields

    @extend_schema_field({"type": "string", "description": "how it was funded, in words"})
    def get_text(self, pool: PayoutPool) -> str:
        return funding_text(pool.inputs)


class PayoutRunDetailSerializer(PayoutRunSerializer):
    pools = serializers.SerializerMethodField()

    class Meta(PayoutRunSerializer.Meta):
        fields = [*PayoutRunSerializer.Meta.fields, "pools"]
        read_only_fields = fields

    @extend_schema_field(PayoutPoolSerializer(many=True))
    def get_pools(self, payout_run: PayoutRun) -> list[Any]:
        return list(PayoutPoolSerializer(pools_of(payout_run), many=True).data)


class PayoutRunRequest(serializers.Serializer[Any]):
    plan = serializers.CharField(max_length=60, help_text="code")
    cycle = serializers.CharField(max_length=60, help_text="code")
    kind = serializers.ChoiceField(
        choices=PayoutRun.Kind.choices,
        default="regular",
        help_text="adjusting computes a paid cycle again and books the differences",
    )
    reason = serializers.CharField(max_length=REASON_LIMIT, required=False, allow_blank=True, default="")


class PayoutLineSerializer(serializers.ModelSerializer[PayoutLine]):
    employee = serializers.IntegerField(source="employee_id", read_only=True, help_text="id")
    name = serializers.CharField(source="employee_name", read_only=True)
    job = serializers.CharField(source="job_code", read_only=True)
    amount = MoneyField()
    standing = MoneyField(help_text="booked before for this plan and cycle")
    due = MoneyField(help_text="amount less standing")
    reason = serializers.SerializerMethodField()
    decision = serializers.CharField(read_only=True, allow_null=True)
    decision_reason = serializers.CharField(read_only=True, allow_null=True)

    class Meta:
        model = PayoutLine
        fields = [
            "id",
            "employee",
            "employee_number",
            "name",
            "job",
            "legal_entity",
            "cost_centre",
            "score",
            "rating",
            "amount",
            "standing",
            "due",
            "currency",
            "status",
            "reason_code",
            "reason",
            "decision",
            "decision_reason",
        ]
        read_only_fields = fields

    @extend_schema_field({"type": "string", "description": "reason_code in words"})
    def get_reason(self, line: PayoutLine) -> str:
        return reason_text(line.reason_code)


class DecisionRequest(serializers.Serializer[Any]):
    employee = serializers.IntegerField(min_value=1, max_value=2**63 - 1, help_text="id")
    decision = serializers.ChoiceField(choices=PayoutDecision.Decision.choices)
    reason = serializers.CharField(max_length=REASON_LIMIT)


class DecisionsRequest(serializers.Serializer[Any]):
    employees = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
        min_length=1,
        max_length=10_000,
        help_text="ids",
    )
    decision = serializers.ChoiceField(choices=PayoutDecision.Decision.choices)
    reason = serializers.CharField(max_length=REASON_LIMIT)


class ApprovalRequest(serializers.Serializer[Any]):
    digest = serializers.CharField(max_length=64, help_text="the run's digest as it was looked at")


class RejectionRequest(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=REASON_LIMIT)


class ExportRequest(serializers.Serializer[Any]):
    format = serializers.ChoiceField(choices=["csv", "xlsx"], default="csv")
    columns = serializers.ListField(
        child=serializers.ChoiceField(choices=list(COLUMNS)), required=False, max_length=len(COLUMNS)
    )
    headings = serializers.ChoiceField(choices=list(HEADINGS), default="codes")
    batch = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=32000,
        help_text="a part made before; without it whoever is due and was in none yet, else the last part again",
    )


class StatementSerializer(serializers.ModelSerializer[PayoutLine]):
    employee = serializers.IntegerField(source="employee_id", read_only=True, help_text="id")
    name = serializers.CharField(source="employee_name", read_only=True)
    plan = serializers.CharField(source="payout_run.plan.code", read_only=True)
    cycle = serializers.CharField(source="payout_run.cycle.code", read_only=True)
    payout_run = serializers.IntegerField(source="payout_run_id", read_only=True)
    kind = serializers.CharField(source="payout_run.kind", read_only=True)
    approved_at = serializers.DateTimeField(source="payout_run.approved_at", read_only=True)
    amount = MoneyField()

    class Meta:
        model = PayoutLine
        fields = [
            "id",
            "employee",
            "employee_number",
            "name",
            "plan",
            "cycle",
            "payout_run",
            "kind",
            "approved_at",
            "score",
            "amount",
            "currency",
            "status",
            "reason_code",
        ]
        read_only_fields = fields


class StepSerializer(serializers.Serializer[Any]):
    number = serializers.IntegerField(read_only=True)
    kind = serializers.CharField(read_only=True)
    text = serializers.CharField(read_only=True, help_text="in the language asked for")
    inputs = serializers.DictField(child=serializers.CharField(), read_only=True)
    factor = serializers.DecimalField(max_digits=20, decimal_places=10, read_only=True, allow_null=True)
    amount = serializers.DecimalField(
        max_digits=24, decimal_places=10, read_only=True, help_text="running amount after the step"
    )


class LedgerEntrySerializer(serializers.ModelSerializer[LedgerEntry]):
    plan = serializers.CharField(source="plan.code", read_only=True)
    amount = MoneyField()

    class Meta:
        model = LedgerEntry
        fields = ["id", "kind", "plan", "payout_run", "amount", "currency", "reverses", "created_at"]
        read_only_fields = fields


class StatementDetailSerializer(StatementSerializer):
    steps = StepSerializer(many=True, read_only=True)
    decision = serializers.CharField(read_only=True, allow_blank=True)
    booked = MoneyField(help_text="what this run booked for the person")
    one_more_point = MoneyField(allow_null=True, help_text="what a point of score more would have added")
    entries = LedgerEntrySerializer(many=True, read_only=True, help_text="the ledger of the cycle")
    cycle_total = MoneyField()
    year_to_date = MoneyField()

    class Meta(StatementSerializer.Meta):
        fields = [
            *StatementSerializer.Meta.fields,
            "steps",
            "decision",
            "booked",
            "one_more_point",
            "entries",
            "cycle_total",
            "year_to_date",
        ]
        read_only_fields = fields


def cents(value: Decimal | None) -> Decimal | None:
    return None if value is None else value.quantize(Decimal("0.01"))
