"""What is wrong with a configuration, in the product's words and with the path of the field at fault."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jsonschema
from jsonschema.exceptions import ValidationError

from foundation.documents import Path, Problem, Problems
from foundation.refusals import Refusal


class InvalidConfiguration(Refusal):
    """A refusal that names every field at fault, not only the first one."""

    def __init__(self, problems: list[Problem], *, status: int = 422) -> None:
        first = problems[0]
        super().__init__(
            "configuration_invalid",
            field=first.place or None,
            status=status,
            count=len(problems),
            path=first.place or "configuration",
            first=first.text,
        )
        self.problems = problems

    @property
    def errors(self) -> list[dict[str, str]]:
        return [
            {"field": problem.place, "code": problem.code, "detail": problem.text}
            for problem in self.problems
        ]


def check_shape(document: Any, schema: Mapping[str, Any], *, problems: Problems, path: Path = ()) -> bool:
    """Adds a problem per violation of the JSON schema, in the product's words; True when there is none."""
    found = sorted(
        jsonschema.Draft202012Validator(schema).iter_errors(document),
        key=lambda error: [str(p) for p in error.absolute_path],
    )
    for error in found:
        _translate(error, problems, path)
    return not found


def _translate(error: ValidationError, problems: Problems, path: Path) -> None:
    where = (*path, *error.absolute_path)
    limit = error.validator_value
    match error.validator:
        case "required":
            absent = [
                name for name in limit if not isinstance(error.instance, dict) or name not in error.instance
            ]
            for name in absent:
                if f"'{name}'" in error.message:
                    problems.add((*where, name), "cycle_field_required")
        case "additionalProperties":
            known = set(error.schema.get("properties", {}))
            for name in sorted(str(key) for key in set(error.instance) - known):
                problems.add((*where, name[:60]), "cycle_field_unknown", name=name[:60])
        case "type":
            problems.add(
                where, "cycle_field_type", expected=limit if isinstance(limit, str) else ", ".join(limit)
            )
        case "enum" | "const":
            allowed = limit if isinstance(limit, list) else [limit]
            problems.add(where, "cycle_field_choice", allowed=", ".join(str(value) for value in allowed))
        case "minimum" | "exclusiveMinimum":
            problems.add(where, "cycle_field_too_small", limit=limit)
        case "maximum" | "exclusiveMaximum":
            problems.add(where, "cycle_field_too_large", limit=limit)
        case "minItems":
            problems.add(where, "cycle_list_too_short", limit=limit)
        case "maxItems" | "maxProperties":
            problems.add(where, "cycle_list_too_long", limit=limit)
        case "maxLength":
            problems.add(where, "cycle_text_too_long", limit=limit)
        case "pattern" | "minLength":
            problems.add(where, "cycle_code_malformed")
        case _:
            problems.add(where, "cycle_field_wrong")
