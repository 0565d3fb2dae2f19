"""Published results in the API, each with its explanation."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.clients.api import ANYONE, Filter, LaurelAPIView, ListAPI, Scope
from people.selectors.teams import subtree_ids
from reviews.api.callers import caller
from reviews.api.serializers import ResultSerializer
from reviews.models import Cycle, Result
from reviews.selectors.cycles import get_cycle_for
from reviews.selectors.explanations import explanation_of
from reviews.selectors.results import get_result_for, may_see_rank, visible_results, with_place


def in_team(results: QuerySet[Result], code: str) -> QuerySet[Result]:
    return results.filter(team_id__in=subtree_ids([code]))


class ResultList(ListAPI):
    """Results of a cycle that the caller may read: HR and auditors all of them from publishing on, managers their
    people's from calibration on, everyone the own one after the release. Ranks are null where the cycle hides them."""

    scopes = {"GET": Scope.RESULTS_READ}
    roles = {"GET": ANYONE}
    serializer_class = ResultSerializer
    filters = {
        "team": Filter(in_team, description="code of a team, with the teams below it"),
        "rating": Filter("rating"),
        "employee_number": Filter("employee__employee_number"),
    }
    ordering = ("id",)
    # By score only where it is shown to the caller in any case; ranks may be hidden.
    orderings = {"score": ("score", "id"), "name": ("employee__name_sort", "id")}

    def cycle(self) -> Cycle:
        return get_cycle_for(caller(self.request), self.kwargs["code"])

    def get_queryset(self) -> QuerySet[Result]:
        self.found = self.cycle()
        return with_place(visible_results(caller(self.request), self.found))

    def get_serializer_context(self) -> dict[str, Any]:
        found = getattr(self, "found", None)
        show_rank = found is not None and may_see_rank(caller(self.request), found)
        return {**super().get_serializer_context(), "show_rank": show_rank}


class ResultDetail(LaurelAPIView):
    """One result opened down to its inputs; computing it again from them gives the same numbers exactly."""

    scopes = {"GET": Scope.RESULTS_READ}
    roles = {"GET": ANYONE}
    serializer_class = ResultSerializer

    @extend_schema(
        responses={
            200: OpenApiResponse(
                response={"type": "object", "additionalProperties": True},
                description="score, rating, components with lines and inputs, adjustments, cohort counts",
            )
        }
    )
    def get(self, request: Request, code: str, employee_id: int) -> Response:
        cycle = get_cycle_for(caller(request), code)
        result = get_result_for(caller(request), cycle, employee_id)
        user = caller(request)
        own = result.employee_id == user.pk
        return Response(explanation_of(result, cycle, show_rank=may_see_rank(user, cycle), own=own))
