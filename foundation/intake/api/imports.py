"""Imports in the API: push a file or rows, check, store, read what was rejected."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.clients.api import (
    Filter,
    LaurelAPIView,
    ListAPI,
    RetrieveAPI,
    Scope,
    idempotent,
    require_scope,
)
from foundation.intake import kinds, services
from foundation.intake.models import Import, Reject
from foundation.intake.selectors import (
    get_import_for,
    get_upload_for,
    may_import,
    reject_text,
    rejects_of,
    visible_imports,
)
from foundation.intake.uploads import was_too_big
from foundation.refusals import Refusal, refusal_text

# Each kind asks for its own scope besides: what payroll has paid comes in with payouts:approve.
WRITES = (Scope.METRICS_WRITE, Scope.PEOPLE_WRITE, Scope.PAYOUTS_APPROVE)
READS = (Scope.METRICS_READ, Scope.PEOPLE_READ, *WRITES)
READERS = ("hr", "payroll", "auditor")
WRITERS = ("hr", "payroll")


class ImportSerializer(serializers.ModelSerializer[Import]):
    source = serializers.CharField(source="source_code", read_only=True)  # type: ignore[assignment]
    upload_id = serializers.UUIDField(read_only=True)
    name = serializers.CharField(source="upload.name", read_only=True)
    run_id = serializers.UUIDField(read_only=True, allow_null=True)
    columns = serializers.ListField(child=serializers.CharField(), read_only=True)
    mapping = serializers.DictField(read_only=True)
    options = serializers.DictField(read_only=True)
    summary = serializers.DictField(read_only=True)
    problem = serializers.SerializerMethodField(
        help_text="why it was refused, for people; empty when it was not"
    )

    class Meta:
        model = Import
        fields = [
            "id", "kind", "source", "name", "upload_id", "state", "columns", "mapping", "options", "rows_total",
            "rows_accepted", "rows_rejected", "summary", "message_code", "problem", "run_id",
            "created_at", "applied_at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_problem(self, record: Import) -> str:
        return refusal_text(record.message_code, record.message_params) if record.message_code else ""


class ImportRequestSerializer(serializers.Serializer[Any]):
    """One of `file` (multipart), `rows` and `upload_id`."""

    kind = serializers.CharField(max_length=40)
    source = serializers.CharField(max_length=60, required=False, allow_blank=True, default="")  # type: ignore[assignment]
    file = serializers.FileField(required=False, allow_empty_file=True)
    rows = serializers.ListField(
        child=serializers.DictField(), required=False, help_text="objects, one key per column"
    )
    upload_id = serializers.UUIDField(required=False, help_text="a file that was uploaded before")
    name = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    mapping = serializers.JSONField(
        required=False, allow_null=True, help_text="as the kind understands it; else guessed"
    )
    options = serializers.JSONField(
        required=False, allow_null=True, help_text="sheet, encoding, on_rejects (skip, refuse)"
    )


class MappingSerializer(serializers.Serializer[Any]):
    mapping = serializers.JSONField(required=False, allow_null=True)
    options = serializers.JSONField(required=False, allow_null=True)


class RejectSerializer(serializers.ModelSerializer[Reject]):
    detail = serializers.SerializerMethodField(help_text="why, for people")

    class Meta:
        model = Reject
        fields = ["line", "column", "value", "code", "detail"]
        read_only_fields = fields

    def get_detail(self, reject: Reject) -> str:
        return reject_text(reject)


class ImportList(ListAPI):
    """Imports, newest first."""

    scopes = {"GET": READS, "POST": WRITES}
    roles = {"GET": READERS, "POST": WRITERS}
    serializer_class = ImportSerializer
    filters = {
        "kind": Filter("kind"),
        "source": Filter("source_code"),
        "state": Filter("state", choices=Import.State.values),
        "since": Filter("created_at__gte", "moment"),
    }
    ordering = ("-created_at", "-id")

    def get_queryset(self) -> QuerySet[Import]:
        return visible_imports(self.request.user)

    @extend_schema(request=ImportRequestSerializer, responses={201: ImportSerializer})
    @idempotent
    def post(self, request: Request) -> Response:
        """Upload a file, or push rows, for one kind of import. Nothing is stored yet: check, then apply."""
        if was_too_big(request._request):
            raise Refusal(
                "file_too_big", field="file", status=413, limit=settings.INTAKE_MAX_BYTES // (1024 * 1024)
            )
        sent = ImportRequestSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        data = sent.validated_data
        # Before anything is kept: whoever may not import leaves no file behind.
        if not may_import(request.user, require_kind_scope(request, data["kind"])):
            raise Refusal("import_forbidden", status=403)
        given = {
            "actor": request.user,
            "kind": data["kind"],
            "source_code": data["source"],
            "mapping": _document(data.get("mapping"), "mapping"),
            "options": _document(data.get("options"), "options"),
        }
        if "rows" not in data and "upload_id" in data:
            record = services.create_import(upload=get_upload_for(request.user, data["upload_id"]), **given)
        else:
            record = services.receive_import(
                file=data.get("file"), rows=data.get("rows"), name=data["name"], **given
            )
        return Response(ImportSerializer(record).data, status=201)


def _document(value: Any, name: str) -> Any:
    """In a multipart body a document is JSON in a text field."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise Refusal("mapping_shape", field=name) from None
    return value


def require_kind_scope(request: Request, kind: str) -> kinds.ImportKind:
    handler = kinds.get(kind)
    if handler.scope:
        require_scope(request, handler.scope)
    return handler


class ImportDetail(RetrieveAPI):
    """One import; ask again while `state` is checking or applying."""

    scopes = {"GET": READS, "PATCH": WRITES}
    roles = {"GET": READERS, "PATCH": WRITERS}
    serializer_class = ImportSerializer

    def get_object(self) -> Import:
        return get_import_for(self.request.user, self.kwargs["import_id"])

    @extend_schema(request=MappingSerializer, responses=ImportSerializer)
    def patch(self, request: Request, import_id: int) -> Response:
        """Match columns anew."""
        record = self.get_object()
        require_kind_scope(request, record.kind)
        sent = MappingSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        data = sent.validated_data
        record = services.set_mapping(
            actor=request.user,
            import_record=record,
            mapping=record.mapping if data.get("mapping") is None else _document(data["mapping"], "mapping"),
            options=_document(data.get("options"), "options"),
        )
        return Response(ImportSerializer(record).data)


class RejectList(ListAPI):
    """Rows that were not taken, by line; at most the first 10,000 are kept."""

    scopes = {"GET": READS}
    roles = {"GET": READERS}
    serializer_class = RejectSerializer
    filters = {"code": Filter("code")}
    ordering = ("line", "id")

    def get_queryset(self) -> QuerySet[Reject]:
        return rejects_of(get_import_for(self.request.user, self.kwargs["import_id"]))


class ImportAction(LaurelAPIView):
    scopes = {"POST": WRITES}
    roles = {"POST": WRITERS}
    serializer_class = ImportSerializer
    service: Any = None

    def act(self, request: Request, import_id: int) -> Response:
        record = get_import_for(request.user, import_id)
        require_kind_scope(request, record.kind)
        record = type(self).service(actor=request.user, import_record=record)
        return Response(ImportSerializer(record).data)


class ImportCheck(ImportAction):
    service = services.check_import

    @extend_schema(request=None, responses=ImportSerializer)
    @idempotent
    def post(self, request: Request, import_id: int) -> Response:
        """Look at every row and store nothing."""
        return self.act(request, import_id)


class ImportApply(ImportAction):
    service = services.apply_import

    @extend_schema(request=None, responses=ImportSerializer)
    @idempotent
    def post(self, request: Request, import_id: int) -> Response:
        """Store the good rows, all at once, by a run."""
        return self.act(request, import_id)
