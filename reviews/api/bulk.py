"""Everything about a cycle's results in one answer, for a warehouse or a payroll system that keeps a copy."""

from __future__ import annotations

from typing import Any

from django.http import StreamingHttpResponse
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request

from foundation.clients.api import LaurelAPIView, Scope
from reviews.api.callers import caller
from reviews.api.serializers import ResultSerializer
from reviews.selectors.bulk_results import result_lines
from reviews.selectors.cycles import get_cycle_for
from reviews.selectors.results import may_see_rank


class ResultLines(LaurelAPIView):
    """All published results of a cycle as NDJSON, one result a line, by employee id; streamed, however many there are.

    Also the job and the days in the role. Only for HR and auditors, who see all of them."""

    scopes = {"GET": Scope.RESULTS_READ}
    roles = {"GET": ("hr", "auditor")}
    serializer_class = ResultSerializer

    @extend_schema(
        responses={
            (200, "application/x-ndjson"): OpenApiResponse(
                response={"type": "string"}, description="one JSON object a line"
            )
        }
    )
    def get(self, request: Request, code: str) -> Any:  # a stream is no Response to the framework
        cycle = get_cycle_for(caller(request), code)
        lines = result_lines(cycle, show_rank=may_see_rank(caller(request), cycle))
        response = StreamingHttpResponse(lines, content_type="application/x-ndjson")
        response["Cache-Control"] = "no-store"
        return response
