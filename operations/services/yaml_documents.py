"""Reading and writing the configuration file: plain YAML, and nothing that YAML could do besides."""

from __future__ import annotations

import math
from collections.abc import Hashable
from datetime import date, datetime
from typing import Any

import yaml

from foundation.refusals import Refusal

MAX_CHARACTERS = 2_000_000
MAX_DEPTH = 24


class _Loader(yaml.SafeLoader):
    """Mappings with a key twice, aliases (a small file may unpack to gigabytes) and odd keys are refused."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.events.AliasEvent):
            mark = self.peek_event().start_mark
            raise Refusal("config_alias", line=mark.line + 1)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key_node, _value in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str | int | float | bool) or isinstance(key, float):
                raise Refusal("config_key", line=key_node.start_mark.line + 1)
            if str(key) in seen:
                raise Refusal("config_key_twice", key=str(key), line=key_node.start_mark.line + 1)
            seen.add(str(key))
        return super().construct_mapping(node, deep=deep)


def read_document(data: bytes | str) -> dict[str, Any]:
    """The file as a dictionary of sections. Refusal with the line where it cannot be read as such."""
    if len(data) > MAX_CHARACTERS:
        raise Refusal("config_too_large", limit=MAX_CHARACTERS, status=413)
    if isinstance(data, bytes):
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise Refusal("config_not_utf8", position=error.start) from error
    else:
        text = data
    try:
        # The nesting is counted on events before anything recursive walks the document.
        depth = 0
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.events.CollectionStartEvent):
                depth += 1
                if depth > MAX_DEPTH:
                    raise Refusal("config_too_deep", line=event.start_mark.line + 1)
            elif isinstance(event, yaml.events.CollectionEndEvent):
                depth -= 1
        document = yaml.load(text, Loader=_Loader)  # noqa: S506  a SafeLoader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise Refusal("config_not_yaml", line=(mark.line + 1) if mark else 1) from error
    except ValueError as error:  # a date such as 2026-13-45
        raise Refusal("config_not_yaml", line=1) from error
    if document is None:
        raise Refusal("config_empty")
    if not isinstance(document, dict):
        raise Refusal("config_not_sections")
    return {str(key): value for key, value in document.items()}


def unreadable_numbers(value: Any, path: str = "") -> list[str]:
    """Paths of NaN and infinities, which YAML can write and no figure of ours may be."""
    if isinstance(value, dict):
        return [
            found
            for key, item in value.items()
            for found in unreadable_numbers(item, f"{path}.{key}" if path else str(key))
        ]
    if isinstance(value, list):
        return [found for i, item in enumerate(value) for found in unreadable_numbers(item, f"{path}[{i}]")]
    if isinstance(value, float) and not math.isfinite(value):
        return [path]
    return []


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _plain_date(dumper: yaml.SafeDumper, value: date) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:timestamp", value.isoformat())


_Dumper.add_representer(date, _plain_date)
_Dumper.add_representer(datetime, _plain_date)


def write_document(sections: dict[str, Any]) -> str:
    """YAML with the sections in the order given; the same content always gives the same text."""
    return yaml.dump(sections, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=110)
