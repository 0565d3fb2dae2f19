"""Base classes of every endpoint under /api/v1/.

    class KpiList(ListAPI):
        scopes = {"GET": Scope.METRICS_READ, "POST": Scope.METRICS_WRITE}     # one, or a tuple: any of them
        roles = {"GET": ANYONE, "POST": ("hr",)}                              # ANYONE: whoever is signed in
        serializer_class = KpiSerializer
        filters = {
            "direction": Filter("direction", choices=Kpi.Direction.values),
            "since": Filter("created_at__gte", "moment"),
        }
        ordering = ("code", "id")                                             # the last one unique
        orderings = {"code": ("code", "id")}

        def get_queryset(self):
            return visible_kpis(self.request.user)

        @extend_schema(request=KpiRequest, responses={201: KpiSerializer})
        @idempotent
        def post(self, request): ...

    class KpiDetail(RetrieveAPI):
        scopes = {"GET": Scope.METRICS_READ}; roles = {"GET": ANYONE}
        serializer_class = KpiSerializer

        def get_object(self):
            return get_kpi_for(self.request.user, self.kwargs["code"])

Every method a view has must stand in both `scopes` and `roles`; a class that forgets one does not load. A
query parameter that is not declared (`filters`, `parameters`, paging) is refused with 400, so that a misspelt
filter never passes for one that matches everything. Errors are raised (Refusal, Http404, ValidationError) and
answered as problem+json.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.utils import translation
from django.utils.translation import get_language_from_request
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.clients.filters import DeclaredFilters, Filter
from foundation.clients.idempotency import idempotent
from foundation.clients.models import Scope
from foundation.clients.pagination import KeysetPagination
from foundation.clients.permissions import require_role, require_scope
from foundation.refusals import Refusal
from foundation.trail.services import attach_context

__all__ = [
    "ANYONE",
    "Filter",
    "LaurelAPIView",
    "ListAPI",
    "RetrieveAPI",
    "Scope",
    "idempotent",
    "require_role",
    "require_scope",
]

ANYONE: tuple[str, ...] = ()
METHODS = ("get", "post", "put", "patch", "delete")
PAGING_PARAMETERS = frozenset({"cursor", "limit", "ordering"})


class LaurelAPIView(GenericAPIView):
    """Scopes, roles, language, trail, unknown parameters and ETag; see the head of this module."""

    scopes: ClassVar[Mapping[str, str | tuple[str, ...]]] = {}
    roles: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    filters: ClassVar[Mapping[str, Filter]] = {}
    #: Query parameters that the view reads itself.
    parameters: ClassVar[tuple[str, ...]] = ()
    pagination_class: Any = None
    filter_backends: Any = ()
    queryset = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.__module__ == __name__:
            return  # ListAPI and RetrieveAPI leave it to their subclasses
        for method in METHODS:
            if hasattr(cls, method):
                for name in ("scopes", "roles"):
                    if method.upper() not in getattr(cls, name):
                        raise TypeError(f"{cls.__qualname__}.{name} does not say who may {method.upper()}")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """In the language that the caller asks for, else the person's own (set once it is known who calls)."""
        asked = get_language_from_request(request) if request.headers.get("Accept-Language") else None
        with translation.override(asked or translation.get_language() or "en"):
            self._speaks_own_language = asked is None
            response = super().dispatch(request, *args, **kwargs)
            if isinstance(response, Response):
                response.render()  # here, so that texts looked up late are in the same language
                return self._with_etag(request, response)
            return response

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        locale = getattr(request.user, "locale", None)
        if self._speaks_own_language and locale:
            translation.activate(locale)
        attach_context(
            user=request.user.pk,
            url=request.path,
            method=request.method,
            token=str(getattr(request.auth, "pk", "") or ""),
        )
        self._refuse_unknown_parameters(request)

    def _refuse_unknown_parameters(self, request: Request) -> None:
        known = {*self.filters, *self.parameters, "format"} if request.method == "GET" else {*self.parameters}
        if request.method == "GET" and self.pagination_class is not None:
            known |= PAGING_PARAMETERS
        for name in request.query_params:
            if name not in known:
                raise Refusal("parameter_unknown", field=name[:60], name=name[:60])

    @staticmethod
    def _with_etag(request: HttpRequest, response: Response) -> Response:
        """A weak ETag on what was read; an unchanged answer is 304 without a body."""
        if request.method != "GET" or response.status_code != 200:
            return response
        tag = f'W/"{hashlib.sha256(response.content).hexdigest()[:32]}"'
        response["ETag"] = tag
        response.setdefault("Cache-Control", "private, no-cache")
        asked = [part.strip() for part in request.headers.get("If-None-Match", "").split(",")]
        if tag in asked or "*" in asked:
            response.status_code = 304
            response.content = b""
        return response


class ListAPI(LaurelAPIView):
    """GET gives a page of get_queryset(), filtered and ordered as declared."""

    gives_list = True
    pagination_class: Any = KeysetPagination
    filter_backends = (DeclaredFilters,)
    ordering: ClassVar[tuple[str, ...]] = ("id",)
    orderings: ClassVar[Mapping[str, tuple[str, ...]]] = {}

    def get_queryset(self) -> QuerySet[Any]:
        raise NotImplementedError

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        rows = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.get_serializer(rows, many=True).data)


class RetrieveAPI(LaurelAPIView):
    """GET gives get_object(), which fetches and authorises in one and raises Http404."""

    def get_object(self) -> Any:
        raise NotImplementedError

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return Response(self.get_serializer(self.get_object()).data)
