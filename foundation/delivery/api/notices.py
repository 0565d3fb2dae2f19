"""One's own notices in the API."""

from __future__ import annotations

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.clients.api import ANYONE, Filter, LaurelAPIView, ListAPI, Scope
from foundation.delivery import topics
from foundation.delivery.models import Notice
from foundation.delivery.notices import read_notices
from foundation.delivery.selectors import visible_notices

MOST_IDS = 1_000


class NoticeSerializer(serializers.ModelSerializer[Notice]):
    text = serializers.SerializerMethodField(help_text="the sentence, in the reader's language")

    class Meta:
        model = Notice
        fields = ["id", "topic", "text", "url", "created_at", "read_at"]
        read_only_fields = fields

    def get_text(self, notice: Notice) -> str:
        return topics.sentence(notice.topic, notice.params)


class ReadSerializer(serializers.Serializer):
    ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
        max_length=MOST_IDS,
        required=False,
        help_text="which of the caller's own notices; left out: all",
    )


class ReadAnswerSerializer(serializers.Serializer):
    read = serializers.IntegerField(help_text="how many were unread before")


class NoticeList(ListAPI):
    """The caller's own notices, newest first."""

    scopes = {"GET": tuple(Scope)}
    roles = {"GET": ANYONE}
    serializer_class = NoticeSerializer
    filters = {"topic": Filter("topic"), "since": Filter("created_at__gte", "moment")}
    ordering = ("-id",)
    orderings = {}

    def get_queryset(self) -> QuerySet[Notice]:
        return visible_notices(self.request.user)


class NoticesRead(LaurelAPIView):
    scopes = {"POST": tuple(Scope)}
    roles = {"POST": ANYONE}
    serializer_class = ReadSerializer

    @extend_schema(request=ReadSerializer, responses=ReadAnswerSerializer)
    def post(self, request: Request) -> Response:
        """Mark notices as read."""
        given = ReadSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        count = read_notices(actor=request.user, notice_ids=given.validated_data.get("ids"))
        return Response({"read": count})
