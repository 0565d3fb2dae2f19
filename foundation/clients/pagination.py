"""Pages of a list in the API: {"results": [...], "next": address or null, "previous": address or null}."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from foundation.keyset import Page, page_of
from foundation.refusals import Refusal

if TYPE_CHECKING:
    from rest_framework.views import APIView  # it reads the settings that name this module

DEFAULT_LIMIT = 50
MAXIMUM_LIMIT = 200


class KeysetPagination(BasePagination):
    """The view declares `ordering` (default ("id",)) and, where the caller may choose, `orderings` {name: fields}.

    Parameters `cursor`, `limit` (1-200, default 50) and `ordering` (a declared name, "-name" for descending).
    """

    def paginate_queryset(  # type: ignore[override]  # keyset paging needs a queryset, no mere list
        self, queryset: QuerySet[Any], request: Request, view: APIView | None = None
    ) -> list[Any]:
        self.request = request
        self.page: Page = page_of(
            queryset,
            ordering=self.get_ordering(request, view),
            cursor=request.query_params.get("cursor") or None,
            limit=self.get_limit(request),
        )
        return self.page.items

    def get_limit(self, request: Request) -> int:
        raw = request.query_params.get("limit", str(DEFAULT_LIMIT))
        if not raw.isascii() or not raw.isdigit() or len(raw) > 6 or not 1 <= int(raw) <= MAXIMUM_LIMIT:
            raise Refusal("parameter_range", field="limit", name="limit", low=1, high=MAXIMUM_LIMIT)
        return int(raw)

    def get_ordering(self, request: Request, view: APIView | None) -> tuple[str, ...]:
        ordering = tuple(getattr(view, "ordering", None) or ("id",))
        asked = request.query_params.get("ordering")
        if not asked:
            return ordering
        known = getattr(view, "orderings", {})
        fields = known.get(asked.removeprefix("-"))
        if fields is None:
            raise Refusal(
                "ordering_unknown", field="ordering", name=asked[:60], known=", ".join(known) or "–"
            )
        if asked.startswith("-"):
            return tuple(name[1:] if name.startswith("-") else f"-{name}" for name in fields)
        return tuple(fields)

    def get_paginated_response(self, data: Any) -> Response:
        return Response(
            {
                "results": data,
                "next": self._address(self.page.next),
                "previous": self._address(self.page.previous),
            }
        )

    def _address(self, cursor: str) -> str | None:
        return replace_query_param(self.request.build_absolute_uri(), "cursor", cursor) if cursor else None

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["results", "next", "previous"],
            "properties": {"results": schema, "next": link, "previous": link},
        }

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        parameters = [
            {
                "name": "cursor",
                "in": "query",
                "required": False,
                "description": str(_("Where the page begins, as given in next and previous.")),
                "schema": {"type": "string"},
            },
            {
                "name": "limit",
                "in": "query",
                "required": False,
                "description": str(_("Rows a page.")),
                "schema": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": MAXIMUM_LIMIT,
                    "default": DEFAULT_LIMIT,
                },
            },
        ]
        if known := getattr(view, "orderings", {}):
            parameters.append(
                {
                    "name": "ordering",
                    "in": "query",
                    "required": False,
                    "description": str(_("Order of the rows; a minus sign reverses it.")),
                    "schema": {
                        "type": "string",
                        "enum": [sign + name for name in known for sign in ("", "-")],
                    },
                }
            )
        return parameters
