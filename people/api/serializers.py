"""What the API says about people and teams."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from people.models import Job, Membership, RoleGrant, Site, Team, User


class SiteSerializer(serializers.ModelSerializer[Site]):
    class Meta:
        model = Site
        fields = ["id", "code", "name_zh", "name_en", "time_zone"]
        read_only_fields = fields


class DutySerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    name_zh = serializers.CharField(allow_blank=True)
    name_en = serializers.CharField(allow_blank=True)


class JobSerializer(serializers.ModelSerializer[Job]):
    duties = DutySerializer(many=True, read_only=True)

    class Meta:
        model = Job
        fields = ["id", "code", "name_zh", "name_en", "duties"]
        read_only_fields = fields


class TeamSerializer(serializers.ModelSerializer[Team]):
    parent = serializers.SerializerMethodField()  # type: ignore[assignment]  # the base class has a `parent` of its own
    site = serializers.SerializerMethodField()

    class Meta:
        model = Team
        fields = ["id", "code", "name_zh", "name_en", "parent", "site", "is_active"]
        read_only_fields = fields

    @extend_schema_field({"type": ["string", "null"], "description": "code of the team above"})
    def get_parent(self, team: Team) -> str | None:
        return team.parent.code if team.parent else None

    @extend_schema_field(
        {"type": ["string", "null"], "description": "code of the site; null: as the team above"}
    )
    def get_site(self, team: Team) -> str | None:
        return team.site.code if team.site else None


class MembershipSerializer(serializers.ModelSerializer[Membership]):
    team = serializers.CharField(source="team.code", read_only=True)
    job = serializers.CharField(source="job.code", read_only=True)
    from_day = serializers.DateField(source="valid.lower", read_only=True)
    last_day = serializers.DateField(read_only=True, allow_null=True)

    class Meta:
        model = Membership
        fields = ["team", "job", "grade", "from_day", "last_day"]
        read_only_fields = fields


class EmployeeSerializer(serializers.ModelSerializer[User]):
    """Team and job are those of today, null for who is in no team. `manager` is whoever judges the person today."""

    team = serializers.SerializerMethodField()
    job = serializers.SerializerMethodField()
    grade = serializers.SerializerMethodField()
    manager = serializers.SerializerMethodField()

    class Meta:
        model = User
        fields = [
            "id",
            "employee_number",
            "name",
            "email",
            "locale",
            "is_active",
            "hired_on",
            "left_on",
            "team",
            "job",
            "grade",
            "manager",
        ]
        read_only_fields = fields

    @extend_schema_field({"type": ["string", "null"], "description": "code of the team"})
    def get_team(self, person: User) -> str | None:
        return person.place[0].team.code if person.place else None  # type: ignore[attr-defined]

    @extend_schema_field({"type": ["string", "null"], "description": "code of the job"})
    def get_job(self, person: User) -> str | None:
        return person.place[0].job.code if person.place else None  # type: ignore[attr-defined]

    @extend_schema_field({"type": ["string", "null"], "description": "empty where none is known"})
    def get_grade(self, person: User) -> str | None:
        return person.place[0].grade if person.place else None  # type: ignore[attr-defined]

    @extend_schema_field({"type": ["integer", "null"], "description": "id of the manager"})
    def get_manager(self, person: User) -> int | None:
        return self.context["managers"].get(person.pk)


class RoleSerializer(serializers.ModelSerializer[RoleGrant]):
    class Meta:
        model = RoleGrant
        fields = ["role", "created_at"]
        read_only_fields = fields


class EmployeeDetailSerializer(EmployeeSerializer):
    memberships = serializers.SerializerMethodField()
    roles = serializers.SerializerMethodField()
    leads = serializers.SerializerMethodField()

    class Meta(EmployeeSerializer.Meta):
        fields = [*EmployeeSerializer.Meta.fields, "aliases", "memberships", "roles", "leads"]
        read_only_fields = fields

    @extend_schema_field(MembershipSerializer(many=True))
    def get_memberships(self, person: User) -> list[Any]:
        rows = Membership.objects.filter(user=person).select_related("team", "job").order_by("-valid")
        return list(MembershipSerializer(rows, many=True).data)

    @extend_schema_field({"type": "array", "items": {"type": "string", "enum": RoleGrant.Role.values}})
    def get_roles(self, person: User) -> list[str]:
        return sorted(person.role_grants.values_list("role", flat=True))

    @extend_schema_field(
        {"type": "array", "items": {"type": "string"}, "description": "codes of teams led today"}
    )
    def get_leads(self, person: User) -> list[str]:
        led = person.leaderships.filter(valid__contains=timezone.localdate())
        return sorted(led.values_list("team__code", flat=True))


class TransferRequest(serializers.Serializer[Any]):
    team = serializers.CharField(max_length=40, help_text="code")
    job = serializers.CharField(max_length=40, help_text="code")
    from_day = serializers.DateField(help_text="the first day in the new place")
    grade = serializers.CharField(
        max_length=20, required=False, allow_blank=True, help_text="left out: it stays as it is"
    )


class EndRequest(serializers.Serializer[Any]):
    last_day = serializers.DateField(help_text="the last day of work")


class RoleRequest(serializers.Serializer[Any]):
    role = serializers.ChoiceField(choices=RoleGrant.Role.choices)


class SiteRequest(serializers.Serializer[Any]):
    code = serializers.CharField(max_length=40)
    name_zh = serializers.CharField(max_length=120, required=False, allow_blank=True)
    name_en = serializers.CharField(max_length=120, required=False, allow_blank=True)
    time_zone = serializers.CharField(max_length=60, required=False)


class DutyRequest(serializers.Serializer[Any]):
    code = serializers.CharField(max_length=40)
    name_zh = serializers.CharField(max_length=120, required=False, allow_blank=True)
    name_en = serializers.CharField(max_length=120, required=False, allow_blank=True)


class JobRequest(serializers.Serializer[Any]):
    code = serializers.CharField(max_length=40)
    name_zh = serializers.CharField(max_length=120, required=False, allow_blank=True)
    name_en = serializers.CharField(max_length=120, required=False, allow_blank=True)
    duties = DutyRequest(many=True, required=False)


class TeamRequest(serializers.Serializer[Any]):
    code = serializers.CharField(max_length=40)
    name_zh = serializers.CharField(max_length=120, required=False, allow_blank=True)
    name_en = serializers.CharField(max_length=120, required=False, allow_blank=True)
    parent = serializers.CharField(  # type: ignore[assignment]  # the base class has a `parent` of its own
        max_length=40, required=False, allow_null=True, help_text="code"
    )
    site = serializers.CharField(max_length=40, required=False, allow_null=True, help_text="code")
    is_active = serializers.BooleanField(required=False, default=True)


class LeaderRequest(serializers.Serializer[Any]):
    employee = serializers.IntegerField(
        allow_null=True, min_value=1, max_value=2**63 - 1, help_text="id; null: nobody leads the team"
    )
    from_day = serializers.DateField()
