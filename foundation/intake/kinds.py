"""What kinds of files can be imported. Each app registers its kinds in AppConfig.ready()."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import pandas as pd
from django.utils.functional import Promise

from foundation.refusals import Refusal

if TYPE_CHECKING:
    from foundation.intake.models import Import
    from foundation.intake.reading import Table


@dataclass(frozen=True)
class Field:
    """Something a column of the file can be matched with. `names` are further spellings that `guess` recognises."""

    code: str
    label: str | Promise
    required: bool = False
    help: str | Promise = ""
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class RejectRow:
    """Why one row is not taken. `code` and `params` are those of a refusal, whose text is looked up when it is read."""

    line: int
    column: str
    value: str
    code: str
    params: dict[str, Any] = field(default_factory=dict)


@dataclass
class Checked:
    """What checking found. `accepted` is handed to `apply` as it is and may have any shape; when its length is not the
    number of rows taken, say so in `accepted_rows`. `summary` is shown to the person: JSON-able, e.g. period,
    totals."""

    accepted: pd.DataFrame
    rejects: list[RejectRow] = field(default_factory=list)
    summary: dict[str, Any] = field(default_factory=dict)
    accepted_rows: int | None = None

    @property
    def rows_accepted(self) -> int:
        return len(self.accepted) if self.accepted_rows is None else self.accepted_rows


class ImportKind:
    """One kind of file. Simple kinds have fields, and their mapping is {field code: column name}; a kind with a richer
    mapping overrides guess, mapping_from_post, validate_mapping and mapping_template."""

    kind: ClassVar[str] = ""
    label: ClassVar[str | Promise] = ""
    description: ClassVar[str | Promise] = ""
    icon: ClassVar[str] = "file-spreadsheet"
    roles: ClassVar[tuple[str, ...]] = ("hr",)
    scope: ClassVar[str] = ""
    fields: ClassVar[Sequence[Field]] = ()
    needs_source: ClassVar[bool] = False
    #: "skip" stores the good rows and keeps the others for download; "refuse" stores nothing while one row is bad.
    on_rejects: ClassVar[str] = "skip"
    #: Keys of Import.options that this kind knows, besides "sheet", "encoding" and "on_rejects".
    option_names: ClassVar[tuple[str, ...]] = ()
    #: Drawn inside the form of the page, with `import_record`, `kind`, `columns`, `mapping` and mapping_context().
    mapping_template: ClassVar[str] = "intake/_mapping_columns.html"
    #: Drawn for the result of the check and after storing, with `import_record` and `summary`; empty: a plain list.
    summary_template: ClassVar[str] = ""

    def get_fields(self, import_record: Import | None = None) -> Sequence[Field]:
        return self.fields

    # Sources and their saved mappings ------------------------------------------------------------------

    def sources(self) -> list[tuple[str, str]]:
        """(code, name) of the sources that can be chosen, for kinds with needs_source."""
        return []

    def saved_mapping(self, source_code: str) -> dict | None:
        return None

    def save_mapping(self, source_code: str, mapping: dict, *, actor: Any = None) -> None:
        """Called with every mapping that has passed its check; kinds without sources keep nothing."""

    # Mapping -------------------------------------------------------------------------------------------

    def guess(self, columns: Sequence[str]) -> dict:
        """A first mapping {field code: column}, by names that are alike but for case, spaces and punctuation."""
        known = {_plain(column): column for column in reversed(list(columns))}
        found: dict[str, Any] = {}
        for target in self.get_fields():
            spellings = [target.code, str(target.label), *target.names]
            column = next((known[_plain(name)] for name in spellings if _plain(name) in known), None)
            if column is not None and column not in found.values():
                found[target.code] = column
        return found

    def mapping_from_post(self, post: Mapping[str, Any], columns: Sequence[str]) -> dict:
        """The mapping that the form of mapping_template posts: one select named map-<field code> per field."""
        found = {target.code: str(post.get(f"map-{target.code}") or "") for target in self.get_fields()}
        return {code: column for code, column in found.items() if column}

    def options_from_post(self, post: Mapping[str, Any]) -> dict[str, Any]:
        """Options of this kind that its form posts along with the mapping; the others stay as they are."""
        return {}

    def mapping_context(self, import_record: Import) -> dict[str, Any]:
        """More context for mapping_template."""
        return {}

    def validate_mapping(self, mapping: Mapping[str, Any], columns: Sequence[str]) -> None:
        """Refuse a mapping that cannot be read: unknown field, column that is not in the file, a field without
        column."""
        fields = {target.code: target for target in self.get_fields()}
        for code, column in mapping.items():
            if code not in fields:
                raise Refusal("mapping_unknown_field", field="mapping", name=code)
            if column not in columns:
                raise Refusal("mapping_unknown_column", field="mapping", column=str(column))
        missing = [
            str(target.label) for code, target in fields.items() if target.required and not mapping.get(code)
        ]
        if missing:
            raise Refusal("mapping_incomplete", field="mapping", fields=", ".join(missing))

    def select(self, table: Table, mapping: Mapping[str, str]) -> pd.DataFrame:
        """The table by field codes (every field of the kind has a column, unmatched ones are all None), index
        = line."""
        return pd.DataFrame(
            {
                target.code: table.frame[mapping[target.code]] if mapping.get(target.code) else None
                for target in self.get_fields()
            },
            index=table.frame.index,
            dtype=object,
        )

    # Work ----------------------------------------------------------------------------------------------

    def check(self, import_record: Import, table: Table) -> Checked:
        """Look at every row and store nothing. import_record.mapping, .options, .source_code and .created_by
        say how."""
        raise NotImplementedError

    def apply(self, import_record: Import, checked: Checked) -> dict:
        """Store, inside the transaction that also marks the import as stored. Returns the summary; with
        {"unchanged": True} in it the import ends as "already stored, nothing changed"."""
        raise NotImplementedError

    def result_url(self, import_record: Import) -> str:
        """Where to look next once it is stored."""
        return ""


def _plain(text: str) -> str:
    """Spelling without case, spaces and punctuation: "Employee No." and "employee_no" are alike."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in folded if character.isalnum())


_KINDS: dict[str, ImportKind] = {}


def register(kind: ImportKind | type[ImportKind]) -> None:
    """Takes a kind or its class."""
    found = kind() if isinstance(kind, type) else kind
    if not found.kind:
        raise ValueError(f"{type(found).__name__} needs a kind")
    known = _KINDS.get(found.kind)
    if known is not None and type(known) is not type(found):
        raise ValueError(f"two import kinds are called {found.kind}")
    _KINDS[found.kind] = found


def get(kind: str) -> ImportKind:
    """Refusal `import_kind_unknown` when no app has registered it."""
    try:
        return _KINDS[kind]
    except (KeyError, TypeError):
        raise Refusal("import_kind_unknown", field="kind", kind=str(kind)[:60]) from None


def find(kind: str) -> ImportKind | None:
    return _KINDS.get(kind)


def every() -> Iterable[ImportKind]:
    return _KINDS.values()


def unregister(kind: str) -> None:
    """For tests that register a kind of their own."""
    _KINDS.pop(kind, None)
