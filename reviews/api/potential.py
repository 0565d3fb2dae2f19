"""Potential and the nine boxes in the API: for HR, auditors and the person's rater alone."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.clients.api import LaurelAPIView, Scope
from reviews.api.callers import caller
from reviews.api.serializers import LARGEST_VERSION
from reviews.models import PotentialRating
from reviews.selectors.cycles import get_cycle_for
from reviews.selectors.potential import get_participant_for, nine_box
from reviews.services.potential import save_potential
from reviews.services.rights import REASON_LIMIT

READERS = ("hr", "auditor", "manager")


class PlacedSerializer(serializers.Serializer[Any]):
    employee = serializers.IntegerField(source="participant.employee_id")
    employee_number = serializers.CharField(source="participant.employee.employee_number")
    score = serializers.FloatField(allow_null=True)
    potential = serializers.IntegerField(source="rating.level", allow_null=True, default=None)
    reason = serializers.CharField(source="rating.reason", allow_null=True, default=None)
    version = serializers.IntegerField(source="rating.version", default=0)


class BoxSerializer(serializers.Serializer[Any]):
    performance = serializers.IntegerField(help_text="1 low, 2 middle, 3 high")
    potential = serializers.IntegerField(help_text="1 to 3, as the cycle describes them")
    people = PlacedSerializer(many=True)


class NineBoxSerializer(serializers.Serializer[Any]):
    boxes = BoxSerializer(many=True)
    unplaced = PlacedSerializer(
        many=True, help_text="without a score that may be seen, or without a potential"
    )


class PotentialRequest(serializers.Serializer[Any]):
    level = serializers.IntegerField(min_value=1, max_value=3)
    reason = serializers.CharField(max_length=REASON_LIMIT)
    version = serializers.IntegerField(
        min_value=0, max_value=LARGEST_VERSION, help_text="0 for the first one"
    )


class PotentialSerializer(serializers.ModelSerializer[PotentialRating]):
    class Meta:
        model = PotentialRating
        fields = ["level", "reason", "version", "updated_at"]
        read_only_fields = fields


class NineBoxView(LaurelAPIView):
    scopes = {"GET": Scope.RESULTS_READ}
    roles = {"GET": READERS}
    serializer_class = NineBoxSerializer

    @extend_schema(responses={200: NineBoxSerializer})
    def get(self, request: Request, code: str) -> Response:
        """The caller's people by performance and potential."""
        found = nine_box(caller(request), get_cycle_for(caller(request), code))
        boxes = [
            {"performance": performance + 1, "potential": potential + 1, "people": people}
            for potential, row in enumerate(found.boxes)
            for performance, people in enumerate(row)
        ]
        return Response(NineBoxSerializer({"boxes": boxes, "unplaced": found.unplaced}).data)


class PotentialDetail(LaurelAPIView):
    scopes = {"PUT": Scope.CYCLES_WRITE}
    roles = {"PUT": ("manager",)}
    serializer_class = PotentialSerializer

    @extend_schema(request=PotentialRequest, responses={200: PotentialSerializer})
    def put(self, request: Request, code: str, employee_id: int) -> Response:
        """What the caller thinks one of the own people could grow into. A stale version is 409."""
        user = caller(request)
        cycle = get_cycle_for(user, code)
        get_participant_for(user, cycle, employee_id)
        form = PotentialRequest(data=request.data)
        form.is_valid(raise_exception=True)
        rating = save_potential(actor=user, cycle=cycle, employee_id=employee_id, **form.validated_data)
        return Response(PotentialSerializer(rating).data)
