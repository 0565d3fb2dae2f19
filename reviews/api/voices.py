"""360 degrees in the API, by the services of the pages. Nothing here leads from an answer to a rater: a form is the
caller's own, a report ends at groups. Saving a form is a PUT, so that no answer is kept for replays."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.clients.api import ANYONE, LaurelAPIView, ListAPI, Scope, idempotent
from foundation.clients.problems import problem
from foundation.refusals import Refusal
from people.models import User
from reviews.api.callers import caller
from reviews.api.serializers import LARGEST_VERSION
from reviews.methods.document import component_of
from reviews.methods.multisource import GROUPS, MultisourceMethod
from reviews.models import VoiceInvitation
from reviews.selectors.cycles import get_cycle_for
from reviews.selectors.results import get_result_for
from reviews.selectors.voice_duties import get_form_for
from reviews.selectors.voice_reports import voice_report
from reviews.selectors.voice_rounds import (
    get_invitation_for,
    get_ratee_for,
    get_round,
    invitations_of,
    progress_of_round,
    totals_of_round,
)
from reviews.services.rights import REASON_LIMIT
from reviews.services.voice_answers import StaleDraft, draft_of, save_answer
from reviews.services.voice_invitations import (
    approve_all,
    decide_raters,
    nominate,
    remove_rater,
    renew_link,
    replace_leavers,
    replace_rater,
    withdraw_nomination,
)
from reviews.services.voice_rounds import close_round, remind_voices, reopen_round, set_minimum

LARGEST_ID = 2**63 - 1


class VoiceSerializer(serializers.ModelSerializer[VoiceInvitation]):
    """One's own invitation."""

    cycle = serializers.CharField(source="round.cycle.code")
    component = serializers.CharField(source="round.component")
    employee = serializers.IntegerField(source="participant.employee_id")
    employee_number = serializers.CharField(source="participant.employee.employee_number")

    class Meta:
        model = VoiceInvitation
        fields = ["id", "cycle", "component", "employee", "employee_number", "group", "state", "has_answered"]
        read_only_fields = fields


class VoiceFormSerializer(serializers.Serializer[Any]):
    levels = serializers.DictField(
        child=serializers.FloatField(allow_null=True),
        help_text="by item; null: not observed; absent: not answered",
    )
    texts = serializers.DictField(child=serializers.CharField(), help_text="by question")
    is_submitted = serializers.BooleanField()
    version = serializers.IntegerField()
    minimum_group = serializers.IntegerField(help_text="fewer answers of a group are never computed or shown")


class VoiceFormRequest(serializers.Serializer[Any]):
    levels = serializers.DictField(
        child=serializers.JSONField(allow_null=True), help_text='by item: a level, or "not_observed"'
    )
    texts = serializers.DictField(child=serializers.CharField(allow_blank=True), default=dict)
    version = serializers.IntegerField(
        min_value=0, max_value=LARGEST_VERSION, help_text="0 for the first one"
    )
    submit = serializers.BooleanField(default=False)


class RaterSerializer(serializers.ModelSerializer[VoiceInvitation]):
    """Who is asked; whether somebody has answered stands nowhere."""

    name = serializers.CharField()

    class Meta:
        model = VoiceInvitation
        fields = ["id", "group", "rater", "name", "state", "reason", "expires_on"]
        read_only_fields = fields


class RatersSerializer(serializers.Serializer[Any]):
    raters = RaterSerializer(many=True)


class NominationRequest(serializers.Serializer[Any]):
    group = serializers.ChoiceField(choices=list(GROUPS))
    rater = serializers.IntegerField(required=False, min_value=1, max_value=LARGEST_ID)
    contact_name = serializers.CharField(default="", allow_blank=True, max_length=80)
    contact_email = serializers.CharField(default="", allow_blank=True, max_length=254)
    language = serializers.ChoiceField(choices=User.Language.values, default=User.Language.CHINESE)


class RaterDecisionRequest(serializers.Serializer[Any]):
    approve = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=LARGEST_ID), max_length=500, default=list
    )
    decline = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=LARGEST_ID), max_length=500, default=list
    )
    reason = serializers.CharField(default="", allow_blank=True, max_length=REASON_LIMIT)


class VoiceStepRequest(serializers.Serializer[Any]):
    reason = serializers.CharField(default="", allow_blank=True, max_length=REASON_LIMIT)
    rater = serializers.IntegerField(
        required=False, min_value=1, max_value=LARGEST_ID, help_text="who replaces"
    )


class RoundStepRequest(serializers.Serializer[Any]):
    reason = serializers.CharField(default="", allow_blank=True, max_length=REASON_LIMIT)
    minimum = serializers.IntegerField(required=False, min_value=1, max_value=100)


class RoundStepSerializer(serializers.Serializer[Any]):
    count = serializers.IntegerField(
        help_text="raters asked, replaced or reminded; answers kept at the closing; the smallest group"
    )
    left_out = serializers.IntegerField(default=0, help_text="answers of too small groups that were deleted")


class GroupCountSerializer(serializers.Serializer[Any]):
    group = serializers.CharField()
    asked = serializers.IntegerField()
    answered = serializers.IntegerField(allow_null=True, help_text="null where too few are asked to say")


class RateeSerializer(serializers.Serializer[Any]):
    employee = serializers.IntegerField(source="participant.employee_id")
    employee_number = serializers.CharField(source="participant.employee.employee_number")
    proposed = serializers.IntegerField(help_text="raters who wait for approval")
    groups = GroupCountSerializer(source="counts", many=True)


class VoiceRoundSerializer(serializers.Serializer[Any]):
    component = serializers.CharField()
    minimum_group = serializers.IntegerField()
    is_open = serializers.BooleanField()
    closings = serializers.IntegerField()
    people = serializers.IntegerField()
    asked = serializers.IntegerField()
    answered = serializers.IntegerField()
    proposed = serializers.IntegerField()
    employees = RateeSerializer(many=True)


class VoiceList(ListAPI):
    """Whom the caller is asked about."""

    scopes = {"GET": Scope.CYCLES_READ}
    roles = {"GET": ANYONE}
    serializer_class = VoiceSerializer

    def get_queryset(self) -> QuerySet[VoiceInvitation]:
        return (
            VoiceInvitation.objects.filter(rater=caller(self.request), state=VoiceInvitation.State.APPROVED)
            .select_related("round__cycle", "participant__employee")
            .defer("round__secret", "nonce")
        )


class VoiceDetail(LaurelAPIView):
    """The caller's own form about somebody."""

    scopes = {"GET": Scope.CYCLES_READ, "PUT": Scope.CYCLES_WRITE}
    roles = {"GET": ANYONE, "PUT": ANYONE}
    serializer_class = VoiceFormSerializer

    @extend_schema(responses={200: VoiceFormSerializer})
    def get(self, request: Request, invitation_id: int) -> Response:
        invitation = get_form_for(caller(request), invitation_id)
        return Response(_form(invitation, draft_of(invitation)))

    @extend_schema(request=VoiceFormRequest, responses={200: VoiceFormSerializer})
    def put(self, request: Request, invitation_id: int) -> Response:
        """Keeps the form, half filled or handed in (`submit`); until the closing it can be changed. 409 when stale."""
        invitation = get_form_for(caller(request), invitation_id)
        form = VoiceFormRequest(data=request.data)
        form.is_valid(raise_exception=True)
        try:
            saved = save_answer(actor=caller(request), invitation_id=invitation.pk, **form.validated_data)
        except StaleDraft as stale:
            return problem(409, stale.code, str(stale), params={"version": stale.version})
        return Response(_form(invitation, saved))


def _form(invitation: VoiceInvitation, draft: Any) -> dict[str, Any]:
    return {
        "levels": draft.levels if draft else {},
        "texts": draft.texts if draft else {},
        "is_submitted": bool(draft and draft.is_submitted),
        "version": draft.version if draft else 0,
        "minimum_group": invitation.round.minimum,
    }


class VoiceStep(LaurelAPIView):
    scopes = {"POST": Scope.CYCLES_WRITE}
    roles = {"POST": ("employee", "manager", "hr")}
    serializer_class = RaterSerializer
    steps: ClassVar[tuple[str, ...]] = ("withdraw", "remove", "replace", "renew")

    @extend_schema(request=VoiceStepRequest, responses={200: RaterSerializer})
    @idempotent
    def post(self, request: Request, invitation_id: int, step: str) -> Response:
        """`withdraw` one's own nomination; `remove` (reason) or `replace` (reason, rater) a rater; `renew` a link."""
        user = caller(request)
        get_invitation_for(user, invitation_id)
        form = VoiceStepRequest(data=request.data)
        form.is_valid(raise_exception=True)
        data = form.validated_data
        if step == "withdraw":
            done = withdraw_nomination(actor=user, invitation_id=invitation_id)
        elif step == "remove":
            done = remove_rater(actor=user, invitation_id=invitation_id, reason=data["reason"])
        elif step == "replace":
            done = replace_rater(
                actor=user,
                invitation_id=invitation_id,
                rater_id=data.get("rater") or 0,
                reason=data["reason"],
            )
        elif step == "renew":
            done = renew_link(actor=user, invitation_id=invitation_id)
        else:
            raise Refusal("cycle_field_choice", field="step", status=404, allowed=", ".join(self.steps))
        return Response(RaterSerializer(done).data)


class VoiceRaters(LaurelAPIView):
    """Who is asked about one person."""

    scopes = {"GET": Scope.CYCLES_READ, "POST": Scope.CYCLES_WRITE}
    roles = {"GET": ("employee", "manager", "hr", "auditor"), "POST": ("employee", "manager", "hr")}
    serializer_class = RatersSerializer

    @extend_schema(responses={200: RatersSerializer})
    def get(self, request: Request, code: str, component: str, employee_id: int) -> Response:
        voices = get_round(get_cycle_for(caller(request), code), component)
        person = get_ratee_for(caller(request), voices, employee_id)
        return Response(RatersSerializer({"raters": invitations_of(voices, person)}).data)

    @extend_schema(request=NominationRequest, responses={201: RaterSerializer})
    @idempotent
    def post(self, request: Request, code: str, component: str, employee_id: int) -> Response:
        """Nominates a rater; what a manager or HR names is approved with it. Customers are told by mail."""
        voices = get_round(get_cycle_for(caller(request), code), component)
        person = get_ratee_for(caller(request), voices, employee_id)
        form = NominationRequest(data=request.data)
        form.is_valid(raise_exception=True)
        data = dict(form.validated_data)
        named = nominate(
            actor=caller(request), voices=voices, participant=person, rater_id=data.pop("rater", None), **data
        )
        return Response(RaterSerializer(named).data, status=201)


class VoiceDecision(LaurelAPIView):
    scopes = {"POST": Scope.CYCLES_WRITE}
    roles = {"POST": ("manager", "hr")}
    serializer_class = RatersSerializer

    @extend_schema(request=RaterDecisionRequest, responses={200: RatersSerializer})
    @idempotent
    def post(self, request: Request, code: str, component: str, employee_id: int) -> Response:
        """Approves and declines raters of one person, by the ids of their invitations; all or nothing."""
        voices = get_round(get_cycle_for(caller(request), code), component)
        person = get_ratee_for(caller(request), voices, employee_id)
        form = RaterDecisionRequest(data=request.data)
        form.is_valid(raise_exception=True)
        found = decide_raters(actor=caller(request), voices=voices, participant=person, **form.validated_data)
        return Response(RatersSerializer({"raters": found}).data)


class VoiceRoundDetail(LaurelAPIView):
    scopes = {"GET": Scope.CYCLES_READ}
    roles = {"GET": ("hr", "auditor")}
    serializer_class = VoiceRoundSerializer

    @extend_schema(responses={200: VoiceRoundSerializer})
    def get(self, request: Request, code: str, component: str) -> Response:
        """How far the 360 is: numbers of groups only where they lead to nobody. The first thousand people by name."""
        voices = get_round(get_cycle_for(caller(request), code), component)
        return Response(
            VoiceRoundSerializer(
                {
                    "component": voices.component,
                    "minimum_group": voices.minimum,
                    "is_open": voices.is_open,
                    "closings": voices.closings,
                    **totals_of_round(voices),
                    "employees": progress_of_round(voices, most=1000),
                }
            ).data
        )


class VoiceRoundStep(LaurelAPIView):
    scopes = {"POST": Scope.CYCLES_WRITE}
    roles = {"POST": ("hr",)}
    serializer_class = RoundStepSerializer
    steps: ClassVar[tuple[str, ...]] = ("approve", "leavers", "remind", "close", "reopen", "minimum")

    @extend_schema(request=RoundStepRequest, responses={200: RoundStepSerializer})
    @idempotent
    def post(self, request: Request, code: str, component: str, step: str) -> Response:
        """`approve` everything that waits, replace `leavers`, `remind` who owes, `close`, `reopen` (reason), raise the
        `minimum` (minimum, reason)."""
        user = caller(request)
        voices = get_round(get_cycle_for(user, code), component)
        form = RoundStepRequest(data=request.data)
        form.is_valid(raise_exception=True)
        data = form.validated_data
        common: dict[str, Any] = {"actor": user, "cycle": voices.cycle, "component": component}
        left_out = 0
        if step == "approve":
            count = approve_all(actor=user, voices=voices)
        elif step == "leavers":
            count = replace_leavers(actor=user, voices=voices)
        elif step == "remind":
            count = remind_voices(**common)
        elif step == "close":
            closing = close_round(**common)
            count, left_out = closing.kept, closing.left_out
        elif step == "reopen":
            reopen_round(**common, reason=data["reason"])
            count = 0
        elif step == "minimum":
            count = set_minimum(**common, minimum=data.get("minimum") or 0, reason=data["reason"]).minimum
        else:
            raise Refusal("cycle_field_choice", field="step", status=404, allowed=", ".join(self.steps))
        return Response(RoundStepSerializer({"count": count, "left_out": left_out}).data)


class VoiceReportView(LaurelAPIView):
    """What the groups say of one person, from the same results and for the same readers as the result itself."""

    scopes = {"GET": Scope.RESULTS_READ}
    roles = {"GET": ANYONE}
    serializer_class = RoundStepSerializer

    @extend_schema(
        responses={
            200: OpenApiResponse(
                response={"type": "object", "additionalProperties": True},
                description="score, standard_error, units with items, gap and quadrant per item, comments in no order",
            )
        }
    )
    def get(self, request: Request, code: str, component: str, employee_id: int) -> Response:
        cycle = get_cycle_for(caller(request), code)
        result = get_result_for(caller(request), cycle, employee_id)
        entry = component_of(cycle.configuration, component)
        if entry is None or entry["method"] != MultisourceMethod.code:
            raise Refusal("voices_unknown", status=404)
        report = voice_report(result, cycle, entry)
        return Response(
            {
                "score": report.score,
                "standard_error": report.standard_error,
                "units": report.units,
                "items": [
                    {
                        "item": each.code,
                        "self": each.own,
                        "others": each.others,
                        "gap": each.gap,
                        "quadrant": each.quadrant,
                    }
                    for each in report.items
                ],
                "strengths": [each.code for each in report.strengths],
                "growth": [each.code for each in report.growth],
                "comments": report.comments,
            }
        )
