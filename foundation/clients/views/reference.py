"""The API's reference for people, drawn from the same description that programs read at /api/v1/schema/."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.http import require_GET
from drf_spectacular.generators import SchemaGenerator

from foundation.interface.access import role_required

METHODS = ("get", "post", "put", "patch", "delete")
EXAMPLE_DEPTH = 5


@dataclass
class Operation:
    method: str
    path: str
    summary: str
    description: str
    scopes: list[str]
    roles: list[str]
    parameters: list[dict[str, Any]]
    request: str
    responses: list[tuple[str, str]]
    anchor: str


@dataclass
class Group:
    name: str
    operations: list[Operation] = field(default_factory=list)


@require_GET
@role_required()
def api_reference(request: HttpRequest) -> HttpResponse:
    groups = groups_of_reference(translation.get_language() or "en")
    return render(
        request,
        "clients/api_reference.html",
        {"groups": groups, "base": request.build_absolute_uri("/api/v1/")},
    )


@cache
def groups_of_reference(language: str) -> list[Group]:
    """Once per process and language: the description changes only with the code."""
    with translation.override(language):
        schema = SchemaGenerator().get_schema(request=None, public=True)
    groups: dict[str, Group] = {}
    for path, operations in schema["paths"].items():
        for method in METHODS:
            if method in operations:
                name = path.removeprefix("/api/v1/").split("/")[0]
                groups.setdefault(name, Group(name)).operations.append(
                    _operation(schema, path, method, operations[method])
                )
    return [groups[name] for name in sorted(groups)]


def _operation(schema: dict[str, Any], path: str, method: str, found: dict[str, Any]) -> Operation:
    text = (found.get("description") or "").strip()
    head, _break, rest = text.partition("\n\n")
    body = _media(found.get("requestBody", {}).get("content", {}))
    return Operation(
        method=method.upper(),
        path=path,
        summary=found.get("summary") or head,
        description=rest if not found.get("summary") else text,
        scopes=found.get("x-scopes", []),
        roles=found.get("x-roles", []),
        parameters=[
            {
                "name": parameter["name"],
                "place": parameter["in"],
                "type": _type(schema, parameter.get("schema", {})),
                "required": parameter.get("required", False),
                "description": parameter.get("description", ""),
            }
            for parameter in found.get("parameters", [])
        ],
        request=_example(schema, body) if body else "",
        responses=[
            (status, _example(schema, _media(answer.get("content", {}))) if answer.get("content") else "")
            for status, answer in sorted(found.get("responses", {}).items())
            if status != "4XX"
        ],
        anchor=found.get("operationId", f"{method}-{path}"),
    )


def _media(content: dict[str, Any]) -> dict[str, Any]:
    chosen: dict[str, Any] = content.get("application/json") or next(iter(content.values()), {})
    return chosen.get("schema", {})


def _resolved(schema: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in found:
        _root, _components, section, name = found["$ref"].split("/")
        return schema["components"][section][name]
    if "allOf" in found and len(found["allOf"]) == 1:
        return _resolved(schema, found["allOf"][0])
    return found


def _type(schema: dict[str, Any], found: dict[str, Any]) -> str:
    found = _resolved(schema, found)
    if "enum" in found:
        return " | ".join(str(value) for value in found["enum"])
    kind = found.get("type", "")
    kind = " | ".join(kind) if isinstance(kind, list) else kind
    return f"{kind} ({found['format']})" if found.get("format") else kind


def _example(schema: dict[str, Any], found: dict[str, Any]) -> str:
    return json.dumps(_sketch(schema, found, 0), ensure_ascii=False, indent=2)


def _sketch(schema: dict[str, Any], found: dict[str, Any], depth: int) -> Any:
    """The shape of a value: keys as they are, and in place of values their types."""
    found = _resolved(schema, found)
    for choice in ("oneOf", "anyOf"):
        if choice in found:
            return _sketch(schema, found[choice][0], depth)
    if depth > EXAMPLE_DEPTH:
        return "…"
    if "properties" in found:
        return {name: _sketch(schema, part, depth + 1) for name, part in found["properties"].items()}
    if found.get("type") == "array":
        return [_sketch(schema, found.get("items", {}), depth + 1)]
    return _type(schema, found) or "any"
