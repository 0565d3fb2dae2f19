"""Teams, sites and jobs in the API. A POST with a code that exists changes it."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.clients.api import ANYONE, Filter, LaurelAPIView, ListAPI, RetrieveAPI, Scope, idempotent
from foundation.refusals import Refusal
from people.api.callers import caller
from people.api.serializers import (
    JobRequest,
    JobSerializer,
    LeaderRequest,
    SiteRequest,
    SiteSerializer,
    TeamRequest,
    TeamSerializer,
)
from people.models import Job, Site, Team
from people.selectors.employees import visible_people
from people.selectors.teams import get_team_for, visible_jobs, visible_sites, visible_teams
from people.services.leaderships import appoint_leader
from people.services.teams import save_job, save_site, save_team


class TeamList(ListAPI):
    """The teams that the caller may see."""

    scopes = {"GET": Scope.PEOPLE_READ, "POST": Scope.PEOPLE_WRITE}
    roles = {"GET": ANYONE, "POST": ("hr",)}
    serializer_class = TeamSerializer
    filters = {
        "is_active": Filter("is_active", "boolean"),
        "parent": Filter("parent__code"),
        "code": Filter("code"),
    }
    ordering = ("code", "id")

    def get_queryset(self) -> QuerySet[Team]:
        return visible_teams(caller(self.request)).select_related("parent", "site")

    @extend_schema(request=TeamRequest, responses={200: TeamSerializer})
    @idempotent
    def post(self, request: Request) -> Response:
        """Create the team, or change the one of this code; another parent moves it with all teams below."""
        form = TeamRequest(data=request.data)
        form.is_valid(raise_exception=True)
        values = dict(form.validated_data)
        parent, site = values.pop("parent", None), values.pop("site", None)
        above = Team.objects.filter(code=parent).first() if parent else None
        if parent and above is None:
            raise Refusal("team_unknown", field="parent", name=parent)
        place = Site.objects.filter(code=site).first() if site else None
        if site and place is None:
            raise Refusal("site_unknown", field="site", name=site)
        team = save_team(actor=caller(request), parent=above, site=place, **values)
        return Response(TeamSerializer(team).data)


class TeamDetail(RetrieveAPI):
    scopes = {"GET": Scope.PEOPLE_READ}
    roles = {"GET": ANYONE}
    serializer_class = TeamSerializer

    def get_object(self) -> Team:
        return get_team_for(caller(self.request), self.kwargs["pk"])


class TeamLeader(LaurelAPIView):
    scopes = {"POST": Scope.PEOPLE_WRITE}
    roles = {"POST": ("hr",)}
    serializer_class = LeaderRequest

    @extend_schema(request=LeaderRequest, responses={200: TeamSerializer})
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        """Appoint who leads the team from a day on."""
        team = get_team_for(caller(request), pk)
        form = LeaderRequest(data=request.data)
        form.is_valid(raise_exception=True)
        number = form.validated_data["employee"]
        user = visible_people(caller(request)).filter(pk=number).first() if number else None
        if number and user is None:
            raise Refusal("employee_unknown", field="employee", number=number)
        appoint_leader(actor=caller(request), team=team, user=user, from_day=form.validated_data["from_day"])
        return Response(TeamSerializer(team).data)


class JobList(ListAPI):
    """Jobs with their duties."""

    scopes = {"GET": Scope.PEOPLE_READ, "POST": Scope.PEOPLE_WRITE}
    roles = {"GET": ANYONE, "POST": ("hr",)}
    serializer_class = JobSerializer
    ordering = ("code", "id")

    def get_queryset(self) -> QuerySet[Job]:
        return visible_jobs(caller(self.request))

    @extend_schema(request=JobRequest, responses={200: JobSerializer})
    @idempotent
    def post(self, request: Request) -> Response:
        """Create the job, or change the one of this code."""
        return self._saved(request, JobRequest(data=request.data))

    @staticmethod
    def _saved(request: Request, form: Any) -> Response:
        form.is_valid(raise_exception=True)
        return Response(JobSerializer(save_job(actor=caller(request), **form.validated_data)).data)


class SiteList(ListAPI):
    """Sites with their time zones."""

    scopes = {"GET": Scope.PEOPLE_READ, "POST": Scope.PEOPLE_WRITE}
    roles = {"GET": ANYONE, "POST": ("hr",)}
    serializer_class = SiteSerializer
    ordering = ("code", "id")

    def get_queryset(self) -> QuerySet[Site]:
        return visible_sites(caller(self.request))

    @extend_schema(request=SiteRequest, responses={200: SiteSerializer})
    @idempotent
    def post(self, request: Request) -> Response:
        """Create the site, or change the one of this code."""
        form = SiteRequest(data=request.data)
        form.is_valid(raise_exception=True)
        return Response(SiteSerializer(save_site(actor=caller(request), **form.validated_data)).data)
