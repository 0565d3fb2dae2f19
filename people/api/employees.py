"""Employees in the API: whom the caller may see, transfers, the end of employment, roles."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from foundation.clients.api import ANYONE, Filter, LaurelAPIView, ListAPI, RetrieveAPI, Scope, idempotent
from foundation.refusals import Refusal
from people.api.callers import caller
from people.api.serializers import (
    EmployeeDetailSerializer,
    EmployeeSerializer,
    EndRequest,
    RoleRequest,
    RoleSerializer,
    TransferRequest,
)
from people.models import Job, RoleGrant, Team, User
from people.selectors.employees import (
    get_employee_for,
    get_person_for,
    in_team,
    search_people,
    visible_employees,
    with_place,
)
from people.selectors.leaders import raters_for
from people.selectors.teams import visible_teams
from people.services.employees import end_employment, place_employee
from people.services.roles import grant_role, revoke_role


class EmployeeList(ListAPI):
    """The employees that the caller may see, by name (Chinese ones by pinyin)."""

    scopes = {"GET": Scope.PEOPLE_READ}
    roles = {"GET": ANYONE}
    serializer_class = EmployeeSerializer
    filters = {
        "employee_number": Filter("employee_number"),
        "is_active": Filter("is_active", "boolean"),
        "hired_since": Filter("hired_on__gte", "date"),
        "left_since": Filter("left_on__gte", "date"),
    }
    parameters = ("q", "team")
    ordering = ("name_sort", "id")
    orderings = {
        "name": ("name_sort", "id"),
        "employee_number": ("employee_number", "id"),
        "hired_on": ("hired_on", "id"),
    }

    def get_queryset(self) -> QuerySet[User]:
        user = caller(self.request)
        people = visible_employees(user)
        if code := self.request.query_params.get("team"):
            team = visible_teams(user).filter(code=code[:40]).first()
            if team is None:
                raise Refusal("team_unknown", field="team", name=code[:60])
            people = in_team(people, team)
        return with_place(search_people(people, self.request.query_params.get("q", "")))

    @extend_schema(
        parameters=[
            OpenApiParameter(
                "q", OpenApiTypes.STR, description="Part of a name, its pinyin, or of the number."
            ),
            OpenApiParameter("team", OpenApiTypes.STR, description="Code of a team; teams below it count."),
        ]
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def get_serializer(self, *args: Any, **kwargs: Any) -> BaseSerializer[Any]:
        people = args[0] if args else []
        kwargs["context"] = {
            **self.get_serializer_context(),
            "managers": raters_for(person.pk for person in people),
        }
        return self.serializer_class(*args, **kwargs)


def employee_data(person: User) -> dict[str, Any]:
    """One employee as the detail address answers it."""
    today = timezone.localdate()
    found = with_place(User.objects.filter(pk=person.pk), today).get()
    return dict(EmployeeDetailSerializer(found, context={"managers": raters_for([person.pk], today)}).data)


class EmployeeDetail(RetrieveAPI):
    """One employee, with the way through the teams. Someone whom the caller may not see is not found."""

    scopes = {"GET": Scope.PEOPLE_READ}
    roles = {"GET": ANYONE}
    serializer_class = EmployeeDetailSerializer

    def get_object(self) -> User:
        return get_employee_for(caller(self.request), self.kwargs["pk"])

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return Response(employee_data(self.get_object()))


class EmployeeTransfer(LaurelAPIView):
    scopes = {"POST": Scope.PEOPLE_WRITE}
    roles = {"POST": ("hr",)}
    serializer_class = TransferRequest

    @extend_schema(request=TransferRequest, responses={200: EmployeeDetailSerializer})
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        """Place the employee in a team and job from a day on; the present place ends the day before."""
        person = get_employee_for(caller(request), pk)
        form = TransferRequest(data=request.data)
        form.is_valid(raise_exception=True)
        values = form.validated_data
        team = Team.objects.filter(code=values["team"]).first()
        if team is None:
            raise Refusal("team_unknown", field="team", name=values["team"])
        job = Job.objects.filter(code=values["job"]).first()
        if job is None:
            raise Refusal("job_unknown", field="job", name=values["job"])
        place_employee(
            actor=caller(request),
            user=person,
            team=team,
            job=job,
            from_day=values["from_day"],
            grade=values.get("grade"),
        )
        return Response(employee_data(person))


class EmployeeEnd(LaurelAPIView):
    scopes = {"POST": Scope.PEOPLE_WRITE}
    roles = {"POST": ("hr",)}
    serializer_class = EndRequest

    @extend_schema(request=EndRequest, responses={200: EmployeeDetailSerializer})
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        """End the employment with the last day of work; sent again with another day it corrects the first."""
        person = get_employee_for(caller(request), pk)
        form = EndRequest(data=request.data)
        form.is_valid(raise_exception=True)
        end_employment(actor=caller(request), user=person, last_day=form.validated_data["last_day"])
        return Response(employee_data(person))


class EmployeeRoles(LaurelAPIView):
    """Granted roles. Manager is none: it follows from leading a team."""

    scopes = {"GET": Scope.PEOPLE_READ, "POST": Scope.PEOPLE_WRITE}
    roles = {"GET": ("hr", "auditor"), "POST": ("hr",)}
    serializer_class = RoleSerializer

    @extend_schema(responses={200: RoleSerializer(many=True)})
    def get(self, request: Request, pk: int) -> Response:
        """The roles that a person holds."""
        return self._roles(get_person_for(caller(request), pk))

    @extend_schema(request=RoleRequest, responses={200: RoleSerializer(many=True)})
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        """Grant a role; one that is held already stays."""
        person = get_person_for(caller(request), pk)
        form = RoleRequest(data=request.data)
        form.is_valid(raise_exception=True)
        grant_role(actor=caller(request), user=person, role=form.validated_data["role"])
        return self._roles(person)

    @staticmethod
    def _roles(person: User) -> Response:
        grants = RoleGrant.objects.filter(user=person).order_by("role")
        return Response(RoleSerializer(grants, many=True).data)


class EmployeeRole(LaurelAPIView):
    scopes = {"DELETE": Scope.PEOPLE_WRITE}
    roles = {"DELETE": ("hr",)}
    serializer_class = RoleSerializer

    @extend_schema(responses={204: None})
    def delete(self, request: Request, pk: int, role: str) -> Response:
        """Take a role away."""
        person = get_person_for(caller(request), pk)
        revoke_role(actor=caller(request), user=person, role=role)
        return Response(status=204)
