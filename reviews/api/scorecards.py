"""Scorecards in the API: those of a cycle, one with its lines and links, and what judged pairs say of weights."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.clients.api import ANYONE, LaurelAPIView, ListAPI, Scope
from foundation.documents import Problems
from reviews.api.callers import caller
from reviews.api.serializers import EmployeeReference
from reviews.methods.ahp import SCHEMA as AHP
from reviews.methods.ahp import check_ahp, judged
from reviews.methods.problems import InvalidConfiguration, check_shape
from reviews.models import Result
from reviews.selectors.cycles import get_cycle_for
from reviews.selectors.results import visible_results
from reviews.selectors.scorecards import card_of, card_scores, get_card_component

MOST_COMPARED = 9


class CardPartSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    score = serializers.FloatField(allow_null=True)


class CardRowSerializer(serializers.ModelSerializer[Result]):
    employee = EmployeeReference(read_only=True)
    score = serializers.FloatField(
        source="card_score", allow_null=True, read_only=True, help_text="of the card, not of the whole result"
    )
    perspectives = CardPartSerializer(many=True, read_only=True)

    class Meta:
        model = Result
        fields = ["employee", "score", "perspectives"]
        read_only_fields = fields


class ScorecardList(ListAPI):
    """The cards behind the results that the caller may read, a row a person. Of a team, a site or the company everyone
    who belongs to it has the same."""

    scopes = {"GET": Scope.RESULTS_READ}
    roles = {"GET": ANYONE}
    serializer_class = CardRowSerializer
    ordering = ("id",)

    def get_queryset(self) -> QuerySet[Result]:
        user = caller(self.request)
        self.cycle = get_cycle_for(user, self.kwargs["code"])
        self.component = get_card_component(self.cycle, self.kwargs["component"])
        return visible_results(user, self.cycle)

    def paginate_queryset(self, queryset: Any) -> Any:
        rows = super().paginate_queryset(queryset)
        scores = card_scores(self.cycle, self.component, [row.employee_id for row in rows or ()])
        codes = [each["code"] for each in self.component["perspectives"]]
        for row in rows or ():
            row.card_score, parts = scores[row.employee_id]
            row.perspectives = [
                {"code": code, "score": score} for code, score in zip(codes, parts, strict=True)
            ]
        return rows


class ScorecardDetail(LaurelAPIView):
    """One card opened down to its inputs: whose it is, perspectives, lines, and the stated links."""

    scopes = {"GET": Scope.RESULTS_READ}
    roles = {"GET": ANYONE}

    @extend_schema(
        responses={
            200: OpenApiResponse(
                response={"type": "object", "additionalProperties": True},
                description="employee, configuration (perspectives, kpis, links), component (card, score, "
                "perspectives, lines with inputs)",
            )
        }
    )
    def get(self, request: Request, code: str, component: str, employee_id: int) -> Response:
        user = caller(request)
        cycle = get_cycle_for(user, code)
        return Response(card_of(user, cycle, get_card_component(cycle, component), employee_id))


class PairsRequest(serializers.Serializer[Any]):
    matrix = serializers.ListField(
        child=serializers.ListField(child=serializers.JSONField(), max_length=MOST_COMPARED),
        max_length=MOST_COMPARED,
        help_text='entry (i, j): how many times as important i is as j, 1 to 9 or a reciprocal such as "1/3"',
    )


class PairsSerializer(serializers.Serializer[Any]):
    weights = serializers.ListField(child=serializers.FloatField(), help_text="per cent, adding up to 100")
    ratio = serializers.FloatField(help_text="consistency ratio; up to 0.1 is usually accepted")
    is_consistent = serializers.BooleanField()
    first = serializers.IntegerField(help_text="from 0: of the pair that fits the others worst")
    second = serializers.IntegerField()
    stated = serializers.FloatField(help_text="what was judged of that pair")
    implied = serializers.FloatField(help_text="what the other judgements say of it")


class WeighPairs(LaurelAPIView):
    """What judged pairs say of weights; nothing is kept. To use them, put the matrix into the `ahp` of a scorecard."""

    scopes = {"POST": Scope.CYCLES_READ}
    roles = {"POST": ("hr",)}

    @extend_schema(request=PairsRequest, responses={200: PairsSerializer})
    def post(self, request: Request) -> Response:
        asked = PairsRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        ahp = {"matrix": asked.validated_data["matrix"]}
        problems = Problems()
        if check_shape(ahp, AHP, problems=problems):
            names = [str(place) for place in range(1, len(ahp["matrix"]) + 1)]
            check_ahp(ahp, names, problems=problems, path=(), complete=False)
        if problems:
            raise InvalidConfiguration(list(problems))
        return Response(PairsSerializer(judged(ahp["matrix"])).data)
