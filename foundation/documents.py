"""YAML documents: read safely, checked with the path of all that is wrong, written so as to read back alike.

A path is a tuple of keys and positions, ("kpis", 2, "formula"), shown as kpis[2].formula.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import yaml
from django.utils.translation import gettext_lazy as _

from foundation.refusals import Refusal, define_refusals, refusal_text

Path = tuple[str | int, ...]

MAX_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 40

define_refusals(
    {
        "document_too_large": _("The document is larger than %(limit)s bytes."),
        "document_encoding": _("The document is not UTF-8 text."),
        "document_syntax": _("Not readable as YAML at line %(line)s, column %(column)s: %(problem)s"),
        "document_alias": _("Anchors and aliases (& and *) are not allowed; line %(line)s."),
        "document_too_deep": _("Nested more than %(limit)s levels deep; line %(line)s."),
        "document_key_twice": _("The key %(key)s stands twice in one mapping; line %(line)s."),
        "document_mapping": _("A mapping of keys and values is expected here."),
        "document_list": _("A list is expected here."),
        "document_unknown_key": _("There is no setting of this name. Known: %(known)s."),
        "document_missing": _("This setting is missing."),
        "document_type": _("%(expected)s is expected here, not %(found)s."),
        "document_choice": _("%(found)s is not possible here. Choose one of: %(known)s."),
        "document_twice": _("%(value)s was already given at %(first)s."),
    }
)


def format_path(path: Path) -> str:
    """("kpis", 2, "formula") as kpis[2].formula; a key that is no plain word is quoted."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif re.fullmatch(r"\w[\w-]*", part):
            text += f".{part}" if text else part
        else:
            text += "[" + yaml.safe_dump(part, allow_unicode=True, default_style='"').strip() + "]"
    return text


@dataclass(frozen=True)
class Problem:
    path: Path
    code: str
    params: dict[str, Any] = field(default_factory=dict)

    @property
    def place(self) -> str:
        return format_path(self.path)

    @property
    def text(self) -> str:
        """In the reader's language."""
        return refusal_text(self.code, self.params)

    def __str__(self) -> str:
        return f"{self.place}: {self.text}" if self.path else self.text


class Problems:
    """What is wrong with a document, all of it, in the order in which it was found."""

    def __init__(self) -> None:
        self.found: list[Problem] = []

    def add(self, path: Path, code: str, **params: object) -> None:
        self.found.append(Problem(tuple(path), code, params))

    @contextmanager
    def at(self, path: Path) -> Iterator[None]:
        """A service's refusal becomes a problem at `path`, or below it at the refusal's own field."""
        try:
            yield
        except Refusal as refusal:
            place = (*path, refusal.field) if refusal.field else path
            self.add(place, refusal.code, **refusal.params)

    def __bool__(self) -> bool:
        return bool(self.found)

    def __len__(self) -> int:
        return len(self.found)

    def __iter__(self) -> Iterator[Problem]:
        return iter(self.found)


# Reading ----------------------------------------------------------------------------------------------


class _Loader(yaml.SafeLoader):
    """YAML 1.2's plain values: only true and false are booleans, 12:30 is a text, a date stays a date."""

    yaml_implicit_resolvers: dict[str, list[Any]] = {}

    def __init__(self, stream: Any) -> None:
        super().__init__(stream)
        self.depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.peek_event()
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise Refusal("document_alias", line=line)
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise Refusal("document_too_deep", limit=MAX_DEPTH, line=line)
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _value in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                continue  # the superclass refuses it with its place
            key = key_node.value
            if key in seen:
                raise Refusal("document_key_twice", key=str(key)[:80], line=key_node.start_mark.line + 1)
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


for _tag, _pattern, _first in (
    ("tag:yaml.org,2002:bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("tag:yaml.org,2002:int", r"^[-+]?(?:0|[1-9][0-9]{0,17})$", "-+0123456789"),
    (
        "tag:yaml.org,2002:float",
        r"^[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]{1,3})?$",
        "-+.0123456789",
    ),
    ("tag:yaml.org,2002:null", r"^(?:~|null|Null|NULL|)$", ("~", "n", "N", "")),
    ("tag:yaml.org,2002:timestamp", r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "0123456789"),
):
    _Loader.add_implicit_resolver(_tag, re.compile(_pattern), list(_first))


def read_document(content: bytes | str) -> Any:
    """The document in `content`, as dicts, lists, texts, numbers, booleans, dates and None.

    Errors   Refusal document_* for the unreadable: size, encoding, syntax, tags, aliases, depth, a key twice.
    """
    if len(content) > MAX_BYTES:
        raise Refusal("document_too_large", limit=MAX_BYTES)
    if isinstance(content, bytes):
        try:
            content = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise Refusal("document_encoding") from error
    try:
        return yaml.load(content, Loader=_Loader)  # noqa: S506  a subclass of SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise Refusal(
            "document_syntax",
            line=mark.line + 1 if mark else 1,
            column=mark.column + 1 if mark else 1,
            problem=error.problem or error.context or "",
        ) from error
    except (yaml.YAMLError, ValueError, UnicodeError) as error:
        # Characters that YAML forbids; a date such as 2026-02-30.
        raise Refusal(
            "document_syntax", line=1, column=1, problem=str(error).splitlines()[0][:200]
        ) from error


# Checking ---------------------------------------------------------------------------------------------

_TYPE_NAMES: dict[type, Any] = {
    str: _("a text"),
    bool: _("true or false"),
    int: _("a whole number"),
    float: _("a number"),
    Decimal: _("a number"),
    date: _("a date (YYYY-MM-DD)"),
    list: _("a list"),
    dict: _("a mapping"),
    type(None): _("nothing"),
}


def type_name(kind: type) -> str:
    """A type in the words of a document."""
    return str(_TYPE_NAMES.get(kind, kind.__name__))


class Section:
    """One mapping of a document, read key by key; what is wrong goes to `problems` and reads as the default.

    Call `done()` last: it reports the keys that nobody asked for.
    """

    def __init__(self, value: Any, *, problems: Problems, path: Path) -> None:
        self.problems = problems
        self.path = path
        self.known: list[str] = []
        self.is_mapping = isinstance(value, Mapping)
        self.value: Mapping[Any, Any] = value if self.is_mapping else {}
        if not self.is_mapping:
            problems.add(path, "document_mapping")

    def take(self, key: str, kind: type, *, required: bool = False, default: Any = None) -> Any:
        """value[key] as `kind` (float and Decimal also take whole numbers); null counts as left out."""
        self.known.append(key)
        found = self.value.get(key)
        if found is None:
            if required and self.is_mapping:
                self.problems.add((*self.path, key), "document_missing")
            return default
        good = isinstance(found, kind) and not (isinstance(found, bool) and kind is not bool)
        if kind in (float, Decimal) and isinstance(found, (int, float)) and not isinstance(found, bool):
            # str() first: Decimal(0.1) would carry the binary error of the float along.
            return float(found) if kind is float else Decimal(str(found))
        if kind is date and isinstance(found, date):
            return found
        if not good:
            self.problems.add(
                (*self.path, key), "document_type", expected=type_name(kind), found=type_name(type(found))
            )
            return default
        return found

    def choice(self, key: str, known: Iterable[str], *, required: bool = False, default: str = "") -> str:
        found = self.take(key, str, required=required, default=default)
        known = list(known)
        if found and found not in known:
            self.problems.add((*self.path, key), "document_choice", found=found[:80], known=", ".join(known))
            return default
        return str(found)

    def localized(self, key: str, *, required: bool = False) -> tuple[str, str]:
        """{zh: , en: } as (zh, en); both may be left out unless required, then one of them must be there."""
        self.known.append(key)
        found = self.value.get(key)
        if found is None:
            if required and self.is_mapping:
                self.problems.add((*self.path, key), "document_missing")
            return "", ""
        inner = Section(found, problems=self.problems, path=(*self.path, key))
        zh, en = inner.take("zh", str, default=""), inner.take("en", str, default="")
        inner.done()
        if required and inner.is_mapping and not (zh or en):
            self.problems.add((*self.path, key), "document_missing")
        return zh, en

    def done(self) -> None:
        for key in self.value:
            if key not in self.known:
                self.problems.add(
                    (*self.path, str(key)[:80]), "document_unknown_key", known=", ".join(self.known)
                )


def items_of(items: Any, *, problems: Problems, path: Path) -> list[tuple[Path, Any]]:
    """A list with the path of each item; anything but a list is a problem and reads as an empty one."""
    if items is None:
        return []
    if not isinstance(items, list):
        problems.add(path, "document_list")
        return []
    return [((*path, place), item) for place, item in enumerate(items)]


def report_repeated(
    items: Iterable[tuple[Path, Any]], *, problems: Problems, key: Callable[[Any], Any], name: str = "code"
) -> None:
    """A code that stands twice in a section is a problem at its second place."""
    first: dict[Any, Path] = {}
    for path, item in items:
        value = key(item)
        if value in (None, ""):
            continue
        if value in first:
            problems.add(
                (*path, name), "document_twice", value=str(value)[:80], first=format_path(first[value])
            )
        else:
            first[value] = path


# Writing ----------------------------------------------------------------------------------------------


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _represent_decimal(dumper: yaml.SafeDumper, value: Decimal) -> yaml.Node:
    return dumper.represent_data(plain_number(value))


_Dumper.add_representer(Decimal, _represent_decimal)


def plain_number(value: Decimal | float | int) -> int | float:
    """85 rather than 85.000000: the number as a person would write it."""
    return int(value) if value == int(value) else float(value)


def write_document(document: Any) -> str:
    """YAML that `read_document` reads back to the same; keys keep their order, texts stay on their line."""
    return yaml.dump(document, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=1000, indent=2)


def compact(mapping: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is None or empty: what a dump leaves out reads back as the default. False and 0 stay."""
    return {
        key: value
        for key, value in mapping.items()
        if value is not None and value != "" and value != [] and value != {}
    }
