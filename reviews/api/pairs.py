"""Paired comparison in the API: a rater's questions and answers by the services of the page; HR's analysis."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.clients.api import ANYONE, LaurelAPIView, Scope, idempotent
from reviews.api.callers import caller
from reviews.selectors.cycles import get_cycle_for
from reviews.selectors.pair_analysis import pair_analysis, paired_component
from reviews.selectors.pairs import PairForm, pair_form_of
from reviews.services.pairs import answer_pair, set_known, submit_pairs, undo_pair

LARGEST_ID = 2**63 - 1


class PairedQuestionSerializer(serializers.Serializer[Any]):
    criterion = serializers.CharField(
        source="code", help_text="code of the criterion; empty where the question is about the whole person"
    )
    left = serializers.IntegerField(help_text="id of an employee")
    right = serializers.IntegerField()


class PairedPartSerializer(serializers.Serializer[Any]):
    cohort = serializers.CharField()
    criterion = serializers.CharField(source="code")
    people = serializers.ListField(child=serializers.IntegerField(), source="order.people")
    answers = serializers.SerializerMethodField(help_text="pairs that have an answer")
    certainty = serializers.FloatField(help_text="how sure the order is by the own answers, 0 to 1")
    is_enough = serializers.BooleanField()
    left = serializers.IntegerField(help_text="about how many answers are still to be given")

    def get_answers(self, part: Any) -> int:
        return len(part.order.asked)


class PairedFormSerializer(serializers.Serializer[Any]):
    component = serializers.CharField(source="component.code")
    answered = serializers.SerializerMethodField(help_text="standing answers, all in all")
    expected = serializers.IntegerField(help_text="about how many answers the whole takes")
    wanted_certainty = serializers.FloatField(source="component.certainty", help_text="in per cent")
    ties = serializers.BooleanField(source="component.ties", help_text="whether preferred may be null")
    unknown = serializers.SerializerMethodField(
        help_text="ids of employees whom the caller does not know: they are in no pair"
    )
    is_enough = serializers.BooleanField(help_text="whether it may be submitted")
    is_submitted = serializers.BooleanField()
    next = serializers.SerializerMethodField(
        help_text="what to ask; null when nothing is left or the forms are closed"
    )
    parts = PairedPartSerializer(many=True)

    def get_answered(self, form: PairForm) -> int:
        return len(form.answers)

    def get_unknown(self, form: PairForm) -> list[int]:
        return sorted(form.unknown)

    @extend_schema_field(PairedQuestionSerializer(allow_null=True))
    def get_next(self, form: PairForm) -> Any:
        question = form.question if form.is_open else None
        return PairedQuestionSerializer(question).data if question else None


class PairedAnswerRequest(serializers.Serializer[Any]):
    people = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=LARGEST_ID),
        min_length=2,
        max_length=2,
        help_text="ids of two employees whom the caller compares",
    )
    preferred = serializers.IntegerField(
        min_value=1,
        max_value=LARGEST_ID,
        allow_null=True,
        help_text="the one of the two who did better; null: no difference",
    )
    criterion = serializers.CharField(max_length=40, required=False, default="", allow_blank=True)


class AcquaintanceRequest(serializers.Serializer[Any]):
    person = serializers.IntegerField(
        min_value=1, max_value=LARGEST_ID, help_text="id of an employee whom the caller compares"
    )
    known = serializers.BooleanField(help_text="false: the caller does not know the person well enough")


class PairsDetail(LaurelAPIView):
    scopes = {"GET": Scope.CYCLES_READ}
    roles = {"GET": ANYONE}
    serializer_class = PairedFormSerializer

    @extend_schema(responses={200: PairedFormSerializer})
    def get(self, request: Request, code: str, component: str) -> Response:
        """The caller's own comparison: what to ask next, how many answers there are, how sure the order is."""
        cycle = get_cycle_for(caller(request), code)
        return Response(PairedFormSerializer(pair_form_of(caller(request), cycle, component)).data)


class PairAnswer(LaurelAPIView):
    scopes = {"POST": Scope.CYCLES_WRITE}
    roles = {"POST": ANYONE}
    serializer_class = PairedFormSerializer

    @extend_schema(request=PairedAnswerRequest, responses={200: PairedFormSerializer})
    @idempotent
    def post(self, request: Request, code: str, component: str) -> Response:
        """Keeps one answer and says what to ask next. Any pair of a group may be answered, not only the proposed one;
        409 `pair_answered` for a second answer to one pair."""
        cycle = get_cycle_for(caller(request), code)
        pair_form_of(
            caller(request), cycle, component
        )  # who has none here is told so before anything is read
        form = PairedAnswerRequest(data=request.data)
        form.is_valid(raise_exception=True)
        values = form.validated_data
        answer_pair(
            actor=caller(request),
            cycle=cycle,
            component=component,
            people=(values["people"][0], values["people"][1]),
            preferred=values["preferred"],
            criterion=values["criterion"],
        )
        return Response(PairedFormSerializer(pair_form_of(caller(request), cycle, component)).data)


class PairAcquaintance(LaurelAPIView):
    scopes = {"POST": Scope.CYCLES_WRITE}
    roles = {"POST": ANYONE}
    serializer_class = PairedFormSerializer

    @extend_schema(request=AcquaintanceRequest, responses={200: PairedFormSerializer})
    @idempotent
    def post(self, request: Request, code: str, component: str) -> Response:
        """Leaves a person out of the caller's pairs, or takes them in again; the second time changes nothing. Answers
        about somebody unknown do not count."""
        cycle = get_cycle_for(caller(request), code)
        pair_form_of(caller(request), cycle, component)
        form = AcquaintanceRequest(data=request.data)
        form.is_valid(raise_exception=True)
        set_known(
            actor=caller(request),
            cycle=cycle,
            component=component,
            person=form.validated_data["person"],
            is_known=form.validated_data["known"],
        )
        return Response(PairedFormSerializer(pair_form_of(caller(request), cycle, component)).data)


class PairUndo(LaurelAPIView):
    scopes = {"POST": Scope.CYCLES_WRITE}
    roles = {"POST": ANYONE}
    serializer_class = PairedFormSerializer

    @extend_schema(request=None, responses={200: PairedFormSerializer})
    @idempotent
    def post(self, request: Request, code: str, component: str) -> Response:
        """Takes the caller's last answer back."""
        cycle = get_cycle_for(caller(request), code)
        undo_pair(actor=caller(request), cycle=cycle, component=component)
        return Response(PairedFormSerializer(pair_form_of(caller(request), cycle, component)).data)


class PairsSubmit(LaurelAPIView):
    scopes = {"POST": Scope.CYCLES_WRITE}
    roles = {"POST": ANYONE}
    serializer_class = PairedFormSerializer

    @extend_schema(request=None, responses={200: PairedFormSerializer})
    @idempotent
    def post(self, request: Request, code: str, component: str) -> Response:
        """Submits the comparison; the second time changes nothing. 422 while the order is not sure enough."""
        cycle = get_cycle_for(caller(request), code)
        form = submit_pairs(actor=caller(request), cycle=cycle, component=component)
        return Response(PairedFormSerializer(form).data)


class PairedPersonSerializer(serializers.Serializer[Any]):
    employee = serializers.IntegerField(source="employee.pk")
    employee_number = serializers.CharField(source="employee.employee_number", allow_null=True)
    name = serializers.CharField(source="employee.name")
    points = serializers.FloatField(
        source="share", allow_null=True, help_text="100 x the expected share of wins; null without an order"
    )
    low = serializers.FloatField(allow_null=True, help_text="of the interval of 95 per cent")
    high = serializers.FloatField(allow_null=True)
    strength = serializers.FloatField(allow_null=True, help_text="in logits; the mean of the group is 0")
    strength_error = serializers.FloatField(allow_null=True)
    answers = serializers.IntegerField()
    won = serializers.IntegerField()
    even = serializers.IntegerField()
    lost = serializers.IntegerField()


class PairedRaterSerializer(serializers.Serializer[Any]):
    rater = serializers.IntegerField(source="rater.pk")
    name = serializers.CharField(source="rater.name")
    is_submitted = serializers.BooleanField()
    answers = serializers.IntegerField()
    even = serializers.IntegerField()
    circular_triads = serializers.IntegerField(source="triads")
    agreement = serializers.FloatField(
        allow_null=True, help_text="share of decided answers that go with the others' order"
    )
    expected_agreement = serializers.FloatField(source="expected", allow_null=True)
    apart = serializers.FloatField(allow_null=True, help_text="their difference in standard errors")
    contradicts = serializers.BooleanField()
    unknown = serializers.SerializerMethodField(help_text="ids of employees whom the rater does not know")

    def get_unknown(self, line: Any) -> list[int]:
        return [each.pk for each in line.unknown]


class PairedCriterionSerializer(serializers.Serializer[Any]):
    criterion = serializers.CharField(source="code")
    certainty = serializers.FloatField(allow_null=True)
    circular_triads = serializers.IntegerField(source="triads")
    triples = serializers.IntegerField(help_text="threes whose three pairs were all decided")
    apart = serializers.SerializerMethodField(
        help_text="one id of each part of an order that fell apart: compare these people"
    )
    people = PairedPersonSerializer(many=True)
    raters = PairedRaterSerializer(many=True)

    def get_apart(self, analysis: Any) -> list[int]:
        return [each.pk for each in analysis.missing]


class PairedCohortSerializer(serializers.Serializer[Any]):
    cohort = serializers.CharField(source="key")
    name = serializers.CharField()
    size = serializers.IntegerField()
    raters = serializers.IntegerField()
    submitted = serializers.IntegerField(help_text="raters who are done")
    criteria = PairedCriterionSerializer(many=True)


class PairsAnalysis(LaurelAPIView):
    scopes = {"GET": Scope.CYCLES_READ}
    roles = {"GET": ("hr", "auditor")}
    serializer_class = PairedCohortSerializer
    parameters = ("cohort",)

    @extend_schema(
        parameters=[OpenApiParameter("cohort", str, description="one group only, by its key")],
        responses={200: PairedCohortSerializer(many=True)},
    )
    def get(self, request: Request, code: str, component: str) -> Response:
        """Strengths with intervals, circular triads, and how far each rater agrees with the others, group by group.
        Answers of submitted forms only."""
        cycle = get_cycle_for(caller(request), code)
        paired_component(cycle, component)
        found = pair_analysis(cycle, component, cohort=request.query_params.get("cohort", "")[:120])
        return Response(PairedCohortSerializer(found, many=True).data)
