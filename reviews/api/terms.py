"""What one is appraised by, in the API: the own terms, their confirmation, and HR's list of receipts."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.clients.api import ANYONE, Filter, LaurelAPIView, ListAPI, Scope, idempotent
from reviews.api.callers import caller
from reviews.api.serializers import EmployeeReference
from reviews.models import Participant
from reviews.selectors.cycles import get_cycle_for
from reviews.selectors.terms import digest_of, get_part_for, is_confirmed, receipt_of, receipts, terms_of
from reviews.services.terms import confirm_terms


class TermsSerializer(serializers.Serializer[Any]):
    terms = serializers.DictField(help_text="components with own targets, rating bands, rules of the bonus")
    digest = serializers.CharField(help_text="SHA-256 of the canonical JSON of `terms`")
    confirmed_at = serializers.DateTimeField(
        allow_null=True, help_text="null where the present wording has not been confirmed"
    )


class ConfirmRequest(serializers.Serializer[Any]):
    digest = serializers.CharField(max_length=64, help_text="of the terms that were read")


class TermsReceiptSerializer(serializers.ModelSerializer[Participant]):
    employee = EmployeeReference(read_only=True)
    team = serializers.CharField(source="team.code", read_only=True)
    confirmed_at = serializers.DateTimeField(read_only=True, allow_null=True)

    class Meta:
        model = Participant
        fields = ["employee", "team", "confirmed_at"]
        read_only_fields = fields


def _answer(part: Participant) -> dict[str, Any]:
    shown, receipt = terms_of(part), receipt_of(part)
    digest = digest_of(shown)
    done = receipt if receipt and is_confirmed(part, receipt) and receipt.digest == digest else None
    return {"terms": shown, "digest": digest, "confirmed_at": done.created_at if done else None}


class OwnTerms(LaurelAPIView):
    """What the caller is appraised by in a cycle."""

    scopes = {"GET": Scope.RESULTS_READ, "POST": Scope.CYCLES_WRITE}
    roles = {"GET": ANYONE, "POST": ANYONE}
    serializer_class = TermsSerializer

    @extend_schema(responses={200: TermsSerializer})
    def get(self, request: Request, code: str) -> Response:
        return Response(TermsSerializer(_answer(get_part_for(caller(request), code))).data)

    @extend_schema(request=ConfirmRequest, responses={200: TermsSerializer})
    @idempotent
    def post(self, request: Request, code: str) -> Response:
        """Confirms having read them; no agreement. 409 `terms_changed` when other words stand there by now."""
        get_part_for(caller(request), code)
        form = ConfirmRequest(data=request.data)
        form.is_valid(raise_exception=True)
        confirm_terms(actor=caller(request), code=code, **form.validated_data)
        return Response(TermsSerializer(_answer(get_part_for(caller(request), code))).data)


class TermsReceiptList(ListAPI):
    """Who has confirmed the terms of a cycle, and who has not."""

    scopes = {"GET": Scope.CYCLES_READ}
    roles = {"GET": ("hr", "auditor")}
    serializer_class = TermsReceiptSerializer
    filters = {
        "confirmed": Filter(
            lambda found, value: found.filter(confirmed_at__isnull=not value), "boolean", description="or not"
        ),
        "team": Filter("team__code"),
        "employee_number": Filter("employee__employee_number"),
    }
    ordering = ("id",)

    def get_queryset(self) -> QuerySet[Participant]:
        return receipts(get_cycle_for(caller(self.request), self.kwargs["code"]))
