"""The target table in the API: read, replaced as a whole, or added to."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.clients.api import LaurelAPIView, ListAPI, Scope, idempotent
from foundation.clients.problems import problem
from metrics.api.callers import caller
from metrics.models import TargetEdition
from metrics.selectors.targets import current_edition, get_edition_for, month_text, visible_editions
from metrics.services.target_lines import (
    LONGEST_RAMP,
    LONGEST_TENURE,
    MOST_ROWS,
    InvalidTargets,
    TargetLine,
    read_month,
)
from metrics.services.targets import lines_of, merge_targets, save_targets

READERS = ("hr", "auditor")


class MonthField(serializers.RegexField):
    """A calendar month as 2026-01."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(regex=r"^(20\d\d|21\d\d)-(0[1-9]|1[0-2])$", max_length=7, **kwargs)


class TargetRowSerializer(serializers.Serializer[Any]):
    """What is left out is any. Tenure is half-open in completed months in the job, months are both included."""

    kpi = serializers.CharField(max_length=60)
    job = serializers.CharField(max_length=60, allow_blank=True, default="")
    queue = serializers.CharField(max_length=80, allow_blank=True, default="")
    tenure_from = serializers.IntegerField(min_value=0, max_value=LONGEST_TENURE, default=0)
    tenure_to = serializers.IntegerField(min_value=1, max_value=LONGEST_TENURE, allow_null=True, default=None)
    month_from = MonthField(allow_null=True, default=None)
    month_to = MonthField(allow_null=True, default=None)
    target = serializers.DecimalField(
        max_digits=16, decimal_places=6, allow_null=True, default=None, help_text="null: the KPI's own"
    )
    ramp = serializers.ListField(
        child=serializers.DecimalField(max_digits=7, decimal_places=4, min_value=0, max_value=5),
        max_length=LONGEST_RAMP,
        default=list,
        help_text="share of the target in the first, second, ... month in the job; 0.6 is 60 %",
    )


class TargetTableSerializer(serializers.Serializer[Any]):
    edition = serializers.IntegerField(min_value=0, help_text="0 as long as there is none")
    reason = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField(allow_null=True)
    rows = TargetRowSerializer(many=True)


class TargetTableRequest(serializers.Serializer[Any]):
    edition = serializers.IntegerField(
        min_value=0,
        max_value=2**31 - 1,
        help_text="the edition that you have read; 409 when there is a newer one",
    )
    reason = serializers.CharField(max_length=400, allow_blank=True, default="")
    rows = TargetRowSerializer(many=True, max_length=MOST_ROWS)  # type: ignore[call-arg]


class TargetRowsRequest(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=400, allow_blank=True, default="")
    rows = TargetRowSerializer(many=True, allow_empty=False, max_length=MOST_ROWS)  # type: ignore[call-arg]


class TargetEditionSerializer(serializers.ModelSerializer[TargetEdition]):
    edition = serializers.IntegerField(source="number", read_only=True)
    created_by = serializers.CharField(source="created_by.name", read_only=True, default=None)

    class Meta:
        model = TargetEdition
        fields = ["edition", "reason", "created_by", "created_at"]
        read_only_fields = fields


def _lines(rows: Sequence[Mapping[str, Any]]) -> list[TargetLine]:
    return [
        TargetLine(
            **{
                **row,
                "month_from": read_month(row["month_from"]) if row["month_from"] else None,
                "month_to": read_month(row["month_to"]) if row["month_to"] else None,
                "ramp": tuple(Decimal(share) for share in row["ramp"]),
            }
        )
        for row in rows
    ]


def _table(edition: TargetEdition | None) -> dict[str, Any]:
    rows = [
        {
            **dataclasses.asdict(line),
            "month_from": month_text(line.month_from),
            "month_to": month_text(line.month_to),
        }
        for line in (lines_of(edition) if edition else [])
    ]
    return TargetTableSerializer(
        {
            "edition": edition.number if edition else 0,
            "reason": edition.reason if edition else "",
            "created_at": edition.created_at if edition else None,
            "rows": rows,
        }
    ).data


def _invalid(refusal: InvalidTargets) -> Response:
    return problem(
        refusal.status,
        refusal.code,
        str(refusal),
        field=refusal.field,
        errors=[
            {"pointer": f"#/rows/{cell.row}/{cell.field}", "code": cell.code, "detail": cell.text}
            for cell in refusal.cells
        ],
    )


class TargetTable(LaurelAPIView):
    scopes = {"GET": Scope.METRICS_READ, "PUT": Scope.METRICS_WRITE, "POST": Scope.METRICS_WRITE}
    roles = {"GET": READERS, "PUT": ("hr",), "POST": ("hr",)}
    serializer_class = TargetTableSerializer

    @extend_schema(responses={200: TargetTableSerializer})
    def get(self, request: Request) -> Response:
        """The table in force. The most specific row holds: job before queue before tenure before period."""
        return Response(_table(current_edition()))

    @extend_schema(request=TargetTableRequest, responses={200: TargetTableSerializer})
    def put(self, request: Request) -> Response:
        """The whole table as it shall be: a new edition, unless it says that already. 422 names every cell at fault."""
        sent = TargetTableRequest(data=request.data)
        sent.is_valid(raise_exception=True)
        data = sent.validated_data
        try:
            edition = save_targets(
                actor=caller(request),
                lines=_lines(data["rows"]),
                version=data["edition"],
                reason=data["reason"],
            )
        except InvalidTargets as refusal:
            return _invalid(refusal)
        return Response(_table(edition))

    @extend_schema(request=TargetRowsRequest, responses={200: TargetTableSerializer})
    @idempotent
    def post(self, request: Request) -> Response:
        """Rows to add; one for whom and when there is a row already replaces it. The others stay."""
        sent = TargetRowsRequest(data=request.data)
        sent.is_valid(raise_exception=True)
        try:
            edition, _counts = merge_targets(
                actor=caller(request),
                lines=_lines(sent.validated_data["rows"]),
                reason=sent.validated_data["reason"],
            )
        except InvalidTargets as refusal:
            return _invalid(refusal)
        return Response(_table(edition))


class TargetEditionList(ListAPI):
    """Editions of the table, the latest first."""

    scopes = {"GET": Scope.METRICS_READ}
    roles = {"GET": READERS}
    serializer_class = TargetEditionSerializer
    ordering = ("-number",)

    def get_queryset(self) -> QuerySet[TargetEdition]:
        return visible_editions(caller(self.request))


class TargetEditionDetail(LaurelAPIView):
    scopes = {"GET": Scope.METRICS_READ}
    roles = {"GET": READERS}
    serializer_class = TargetTableSerializer

    @extend_schema(responses={200: TargetTableSerializer})
    def get(self, request: Request, number: int) -> Response:
        """The table as it once was."""
        return Response(_table(get_edition_for(caller(request), number)))
