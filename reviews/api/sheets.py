"""Forms and judgements in the API: a rater's own, by the same services as the scoring grid."""

from __future__ import annotations

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.clients.api import ANYONE, Filter, LaurelAPIView, ListAPI, RetrieveAPI, Scope, idempotent
from foundation.clients.problems import problem
from reviews.api.callers import caller
from reviews.api.serializers import JudgementRequest, JudgementSerializer, ReasonRequest, ScoreSheetSerializer
from reviews.models import ScoreSheet
from reviews.selectors.cycles import get_cycle_for
from reviews.selectors.sheets import get_sheet_for, visible_sheets
from reviews.services.judgements import StaleJudgement, reopen_sheet, save_judgement, submit_sheets


class SheetList(ListAPI):
    """Forms of a cycle: a rater's own, for HR and auditors all."""

    scopes = {"GET": Scope.CYCLES_READ}
    roles = {"GET": ANYONE}
    serializer_class = ScoreSheetSerializer
    filters = {
        "state": Filter("state", choices=ScoreSheet.State.values),
        "component": Filter("component"),
        "employee_number": Filter("participant__employee__employee_number"),
    }

    def get_queryset(self) -> QuerySet[ScoreSheet]:
        cycle = get_cycle_for(caller(self.request), self.kwargs["code"])
        return (
            visible_sheets(caller(self.request))
            .filter(participant__cycle=cycle)
            .prefetch_related("judgements")
        )


class SheetDetail(RetrieveAPI):
    scopes = {"GET": Scope.CYCLES_READ}
    roles = {"GET": ANYONE}
    serializer_class = ScoreSheetSerializer

    def get_object(self) -> ScoreSheet:
        return get_sheet_for(caller(self.request), self.kwargs["sheet_id"])


class SheetJudgement(LaurelAPIView):
    scopes = {"PUT": Scope.CYCLES_WRITE}
    roles = {"PUT": ANYONE}
    serializer_class = JudgementSerializer

    @extend_schema(request=JudgementRequest, responses={200: JudgementSerializer})
    def put(self, request: Request, sheet_id: int, item: str) -> Response:
        """Saves one item of the caller's own form; `comment` as item is the comment on the whole form.

        409 `judgement_stale` when someone saved meanwhile, with their level, comment and version in `params`.
        """
        form = JudgementRequest(data=request.data)
        form.is_valid(raise_exception=True)
        try:
            saved = save_judgement(actor=caller(request), sheet_id=sheet_id, item=item, **form.validated_data)
        except StaleJudgement as stale:
            current = JudgementSerializer(stale.current).data if stale.current else {"version": 0}
            return problem(409, stale.code, str(stale), params=current)
        return Response(JudgementSerializer(saved).data)


class SheetSubmit(LaurelAPIView):
    scopes = {"POST": Scope.CYCLES_WRITE}
    roles = {"POST": ANYONE}
    serializer_class = ScoreSheetSerializer

    @extend_schema(request=None, responses={200: ScoreSheetSerializer})
    @idempotent
    def post(self, request: Request, sheet_id: int) -> Response:
        """Submits the caller's own form; the second time changes nothing. 422 while items or comments are missing."""
        [sheet] = submit_sheets(actor=caller(request), sheet_ids=[sheet_id])
        return Response(ScoreSheetSerializer(sheet).data)


class SheetReopen(LaurelAPIView):
    scopes = {"POST": Scope.CYCLES_WRITE}
    roles = {"POST": ("hr",)}
    serializer_class = ScoreSheetSerializer

    @extend_schema(request=ReasonRequest, responses={200: ScoreSheetSerializer})
    @idempotent
    def post(self, request: Request, sheet_id: int) -> Response:
        """Gives a submitted form back to its rater; needs a reason."""
        form = ReasonRequest(data=request.data)
        form.is_valid(raise_exception=True)
        sheet = reopen_sheet(actor=caller(request), sheet_id=sheet_id, **form.validated_data)
        return Response(ScoreSheetSerializer(sheet).data)
