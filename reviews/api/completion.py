"""How far the forms are, and reminding who owes some."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.clients.api import LaurelAPIView, Scope, idempotent
from foundation.refusals import Refusal
from people.selectors.teams import visible_teams
from reviews.api.callers import caller
from reviews.methods.document import rated_components
from reviews.selectors.completion import completion_lines
from reviews.selectors.cycles import get_cycle_for
from reviews.services.notices import remind_raters

MOST_TEAMS = 200


class ComponentCompletionSerializer(serializers.Serializer):
    component = serializers.CharField()
    done = serializers.IntegerField(help_text="forms handed in")
    total = serializers.IntegerField()


class TeamCompletionSerializer(serializers.Serializer):
    team = serializers.CharField(help_text="code of the ratees' team")
    done = serializers.IntegerField()
    total = serializers.IntegerField()
    raters_owing = serializers.IntegerField()
    components = ComponentCompletionSerializer(many=True)


class RemindRequest(serializers.Serializer):
    teams = serializers.ListField(
        child=serializers.CharField(max_length=60),
        required=False,
        max_length=MOST_TEAMS,
        help_text="codes of ratees' teams; left out: all",
    )


class RemindAnswer(serializers.Serializer):
    reminded = serializers.IntegerField(help_text="people who had not been reminded today")


class CycleCompletion(LaurelAPIView):
    """Forms by team and component, the least complete first."""

    scopes = {"GET": Scope.CYCLES_READ}
    roles = {"GET": ("hr", "auditor")}
    serializer_class = TeamCompletionSerializer

    @extend_schema(responses={200: TeamCompletionSerializer(many=True)})
    def get(self, request: Request, code: str) -> Response:
        cycle = get_cycle_for(caller(request), code)
        codes = [component["code"] for component in rated_components(cycle.configuration)]
        answer: list[dict[str, Any]] = [
            {
                "team": line.team.code,
                "done": line.whole.done,
                "total": line.whole.total,
                "raters_owing": line.raters,
                "components": [
                    {"component": component, "done": cell.done, "total": cell.total}
                    for component, cell in zip(codes, line.cells, strict=True)
                    if cell is not None
                ],
            }
            for line in completion_lines(cycle)
        ]
        return Response(TeamCompletionSerializer(answer, many=True).data)


class CycleRemind(LaurelAPIView):
    """A notice to everyone who still owes forms."""

    scopes = {"POST": Scope.CYCLES_WRITE}
    roles = {"POST": ("hr",)}
    serializer_class = RemindRequest

    @extend_schema(request=RemindRequest, responses={200: RemindAnswer})
    @idempotent
    def post(self, request: Request, code: str) -> Response:
        """Nobody is reminded of one cycle twice on a day. 409 while nobody owes anything or scoring is not open."""
        form = RemindRequest(data=request.data)
        form.is_valid(raise_exception=True)
        user = caller(request)
        cycle = get_cycle_for(user, code)
        teams = None
        if "teams" in form.validated_data:
            named = set(form.validated_data["teams"])
            found = dict(visible_teams(user).filter(code__in=named).values_list("code", "pk"))
            if unknown := sorted(named - set(found)):
                raise Refusal("cycle_teams_unknown", field="teams", status=422, name=unknown[0][:60])
            teams = list(found.values())
        return Response({"reminded": remind_raters(actor=user, cycle=cycle, team_ids=teams)})
