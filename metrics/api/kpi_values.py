"""Standing KPI values and single records in the API."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from foundation.clients.api import ANYONE, Filter, ListAPI, Scope, idempotent
from foundation.clients.problems import problem
from foundation.refusals import Refusal, refusal_text
from metrics.api.callers import caller
from metrics.api.serializers import (
    KPIValueSerializer,
    PushAnswer,
    PushRequest,
    RecordSerializer,
)
from metrics.models import KPIValue, Record
from metrics.selectors.kpi_values import latest_period, visible_kpi_values
from metrics.selectors.records import visible_records
from metrics.selectors.sources import visible_sources
from metrics.services.pushing import RecordsRejected, push_records
from people.models import User

SHOWN_PROBLEMS = 200


def _of_number(queryset: QuerySet[Any], number: str) -> QuerySet[Any]:
    return queryset.filter(employee_id__in=User.objects.filter(employee_number=number).values("pk"))


class WithNumbers:
    """Rows that carry an employee's id are answered with the number; one query a page."""

    def get_serializer(self, *args: Any, **kwargs: Any) -> BaseSerializer[Any]:
        rows = args[0] if args else []
        ids = {row.employee_id for row in rows}
        people = dict(User.objects.filter(pk__in=ids).values_list("pk", "employee_number"))
        kwargs["context"] = {**self.get_serializer_context(), "people": people}  # type: ignore[attr-defined]
        return self.serializer_class(*args, **kwargs)  # type: ignore[attr-defined]


class KPIValueList(WithNumbers, ListAPI):
    """The KPI values of one month as they stand, of the people whom the caller may see."""

    scopes = {"GET": Scope.METRICS_READ}
    roles = {"GET": ANYONE}
    serializer_class = KPIValueSerializer
    parameters = ("period",)
    filters = {
        "employee": Filter(_of_number, description="employee number"),
        "kpi": Filter("kpi_version__kpi__code", description="code of the KPI"),
    }
    ordering = ("employee_id", "kpi_version_id")

    @extend_schema(
        parameters=[
            OpenApiParameter(
                "period", OpenApiTypes.STR, description="The month as 2026-10; default: the last whole one."
            )
        ]
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[KPIValue]:
        return visible_kpi_values(caller(self.request), self._month())

    def _month(self) -> date:
        text = self.request.query_params.get("period", "")
        if not text:
            latest = latest_period()
            return latest.first_day if latest else date(1970, 1, 1)
        found = re.fullmatch(r"(\d{4})-(\d{2})", text, re.ASCII)
        try:
            if found:
                return date(int(found[1]), int(found[2]), 1)
        except ValueError:
            pass
        raise Refusal("parameter_invalid", field="period", name="period", value=text[:60], expected="YYYY-MM")


class RecordList(WithNumbers, ListAPI):
    """Single records of the people whom the caller may see, the latest day first."""

    scopes = {"GET": Scope.METRICS_READ, "POST": Scope.METRICS_WRITE}
    roles = {"GET": ANYONE, "POST": ("hr",)}
    serializer_class = RecordSerializer
    filters = {
        "employee": Filter(_of_number, description="employee number"),
        "source": Filter("batch__source__code"),
        "first_day": Filter("day__gte", "date"),
        "last_day": Filter("day__lte", "date"),
        "record_id": Filter("external_id"),
    }
    ordering = ("-day", "-id")

    def get_queryset(self) -> QuerySet[Record]:
        return visible_records(caller(self.request))

    @extend_schema(request=PushRequest, responses={200: PushAnswer, 201: PushAnswer})
    @idempotent
    def post(self, request: Request) -> Response:
        """Send records of a source as one named batch: all of them are stored, or none. At most 5,000 a request."""
        sent = PushRequest(data=request.data)
        sent.is_valid(raise_exception=True)
        data = sent.validated_data
        source = visible_sources(caller(request)).filter(code=data["source"]).first()
        if source is None:
            raise Refusal("source_unknown", field="source", name=data["source"])
        try:
            batch, stored = push_records(
                actor=caller(request),
                source=source,
                batch=data["batch"],
                records=data["records"],
                replaces=data["replaces"],
            )
        except RecordsRejected as rejected:
            return self._rejected(rejected)
        answer = PushAnswer({"batch": batch, "stored": stored})
        return Response(answer.data, status=201 if stored else 200)

    @staticmethod
    def _rejected(rejected: RecordsRejected) -> Response:
        count = len({reject.line for reject in rejected.rejects})
        params = {"count": count, "total": rejected.total}
        errors = [
            {
                "pointer": f"#/records/{reject.line}/{reject.column.replace('.', '/')}",
                "code": reject.code,
                "detail": refusal_text(reject.code, reject.params),
            }
            for reject in rejected.rejects[:SHOWN_PROBLEMS]
        ]
        text = refusal_text("records_rejected", params)
        return problem(422, "records_rejected", text, field="records", params=params, errors=errors)
