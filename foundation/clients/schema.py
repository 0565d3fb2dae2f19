"""The OpenAPI description: what every operation has in common is added here, once."""

from __future__ import annotations

import inspect
from typing import Any

from drf_spectacular.openapi import AutoSchema

from foundation.clients.permissions import as_names
from foundation.clients.problems import CONTENT_TYPE, ProblemSerializer

IDEMPOTENCY_PARAMETER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Sent twice under one key, the request is done once and answered twice. Kept for two days.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 120},
}


class LaurelSchema(AutoSchema):
    """Adds problem responses, the Idempotency-Key header, and which scope and role an operation asks for."""

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        operation = super().get_operation(*args, **kwargs)
        if operation is None:
            return None
        operation["responses"].setdefault("4XX", self._problem_response())
        if getattr(getattr(self.view, self.method.lower(), None), "idempotent", False):
            operation.setdefault("parameters", []).append(dict(IDEMPOTENCY_PARAMETER))
        scopes = as_names(getattr(self.view, "scopes", {}).get(self.method, ()))
        roles = as_names(getattr(self.view, "roles", {}).get(self.method, ()))
        if scopes:
            operation["x-scopes"] = list(scopes)
        if roles:
            operation["x-roles"] = list(roles)
        return operation

    def _is_list_view(self, serializer: Any = None) -> bool:
        return bool(
            getattr(self.view, "gives_list", False) and self.method == "GET"
        ) or super()._is_list_view(serializer)

    def get_description(self) -> str:  # type: ignore[override]  # drf-spectacular drops the arguments
        """The method's own words, else the view's; those of the base classes describe the base classes."""
        handler = getattr(self.view, self.method.lower(), None)
        if handler is not None and handler.__doc__ and handler.__module__ != "foundation.clients.api":
            return inspect.cleandoc(handler.__doc__)
        return inspect.cleandoc(type(self.view).__doc__ or "")

    def _problem_response(self) -> dict[str, Any]:
        component = self.resolve_serializer(ProblemSerializer, "response")
        return {"description": "A problem", "content": {CONTENT_TYPE: {"schema": component.ref}}}
