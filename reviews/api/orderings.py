"""The order that a rater makes of the own people, read and written as a whole."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.clients.api import ANYONE, LaurelAPIView, Scope, idempotent
from foundation.clients.problems import problem
from reviews.api.callers import caller
from reviews.api.serializers import LARGEST_VERSION
from reviews.selectors.cycles import get_cycle_for
from reviews.selectors.orderings import ordering_of
from reviews.services.orderings import StaleOrdering, save_ordering, submit_ordering


class OrderingSerializer(serializers.Serializer[Any]):
    component = serializers.CharField(source="component.code")
    places = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField()),
        source="groups",
        help_text="ids of employees, the best first; who shares a list shares a place",
    )
    unplaced = serializers.ListField(
        child=serializers.IntegerField(), help_text="ids of those who have no place yet"
    )
    version = serializers.IntegerField()
    is_submitted = serializers.BooleanField()
    saved_at = serializers.DateTimeField(allow_null=True)


class OrderingRequest(serializers.Serializer[Any]):
    """All of the caller's people, each once. `version` is the one that was read; a stale one is 409."""

    version = serializers.IntegerField(min_value=0, max_value=LARGEST_VERSION)
    places = serializers.ListField(
        child=serializers.ListField(
            child=serializers.IntegerField(min_value=1, max_value=2**63 - 1), max_length=2000
        ),
        max_length=2000,
    )


class OrderingDetail(LaurelAPIView):
    scopes = {"GET": Scope.CYCLES_READ, "PUT": Scope.CYCLES_WRITE}
    roles = {"GET": ANYONE, "PUT": ANYONE}
    serializer_class = OrderingSerializer

    @extend_schema(responses={200: OrderingSerializer})
    def get(self, request: Request, code: str, component: str) -> Response:
        """The caller's own order in a component that is ranked by hand."""
        cycle = get_cycle_for(caller(request), code)
        return Response(OrderingSerializer(ordering_of(caller(request), cycle, component)).data)

    @extend_schema(request=OrderingRequest, responses={200: OrderingSerializer})
    def put(self, request: Request, code: str, component: str) -> Response:
        """Saves the whole order. 409 `judgement_stale` with the present one in `params` when it was saved meanwhile."""
        cycle = get_cycle_for(caller(request), code)
        ordering_of(caller(request), cycle, component)  # who has none here is told so before anything is read
        form = OrderingRequest(data=request.data)
        form.is_valid(raise_exception=True)
        values = form.validated_data
        try:
            saved = save_ordering(
                actor=caller(request),
                cycle=cycle,
                component=component,
                groups=values["places"],
                version=values["version"],
            )
        except StaleOrdering as stale:
            return problem(409, stale.code, str(stale), params=OrderingSerializer(stale.current).data)
        return Response(OrderingSerializer(saved).data)


class OrderingSubmit(LaurelAPIView):
    scopes = {"POST": Scope.CYCLES_WRITE}
    roles = {"POST": ANYONE}
    serializer_class = OrderingSerializer

    @extend_schema(request=None, responses={200: OrderingSerializer})
    @idempotent
    def post(self, request: Request, code: str, component: str) -> Response:
        """Submits the order as it was saved; the second time changes nothing."""
        cycle = get_cycle_for(caller(request), code)
        return Response(
            OrderingSerializer(submit_ordering(actor=caller(request), cycle=cycle, component=component)).data
        )
