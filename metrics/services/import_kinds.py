"""Files of records and of daily totals, as kinds of imports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, ClassVar

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from foundation.intake.kinds import Checked, ImportKind
from foundation.intake.models import Import
from foundation.intake.reading import Table
from foundation.refusals import Refusal
from metrics.models import Batch, Source
from metrics.selectors.measures import measure_names
from metrics.services import sources
from metrics.services.batches import find_replaced, store_batch, unchanged_batch
from metrics.services.mapping_fields import (
    form_lines,
    mapping_from_fields,
    measure_choices,
    role_choices,
    type_choices,
)
from metrics.services.mappings import (
    DATE_FORMATS,
    EMPLOYEE_KEYS,
    check_mapping,
    guess_mapping,
    mapping_digest,
)
from metrics.services.record_check import check_records
from metrics.services.totals_check import check_totals

EMPLOYEE_KEY_LABELS = {
    "auto": _("number, otherwise name, alias or login"),
    "number": _("employee number"),
    "name": _("name"),
    "alias": _("alias"),
    "login": _("login"),
}
DATE_FORMAT_LABELS = {
    "auto": _("find out"),
    "ymd": _("year, month, day"),
    "dmy": _("day, month, year"),
    "mdy": _("month, day, year"),
}


class MetricsKind(ImportKind):
    """What both have in common: a source, a mapping kept with it, and batches that replace one another."""

    roles = ("hr",)
    scope = "metrics:write"
    needs_source = True
    option_names = ("period_first", "period_last", "replaces")
    mapping_template = "metrics/import_mapping.html"
    summary_template = "metrics/import_summary.html"
    source_kind: ClassVar[str] = ""

    # Sources and mappings ----------------------------------------------------------------------------------------

    def sources(self) -> list[tuple[str, str]]:
        found = Source.objects.filter(kind=self.source_kind, is_active=True)
        return [(source.code, source.name or source.code) for source in found]

    def saved_mapping(self, source_code: str) -> dict[str, Any] | None:
        source = Source.objects.filter(code=source_code, kind=self.source_kind).first()
        return source.mapping if source is not None and source.mapping else None

    def save_mapping(self, source_code: str, mapping: dict[str, Any], *, actor: Any = None) -> None:
        sources.save_mapping(actor=actor, source=self._source(source_code), mapping=mapping)

    def guess(self, columns: Sequence[str]) -> dict[str, Any]:
        return guess_mapping(columns, kind=self.source_kind)

    def mapping_from_post(self, post: Mapping[str, Any], columns: Sequence[str]) -> dict[str, Any]:
        return mapping_from_fields(post, columns, kind=self.source_kind)

    def options_from_post(self, post: Mapping[str, Any]) -> dict[str, Any]:
        return {name: str(post.get(f"option-{name}") or "") for name in self.option_names}

    def validate_mapping(self, mapping: Mapping[str, Any], columns: Sequence[str]) -> None:
        check_mapping(mapping, kind=self.source_kind, columns=columns)

    def mapping_context(self, import_record: Import) -> dict[str, Any]:
        lines, more = form_lines(
            import_record.mapping, import_record.columns, import_record.sample, kind=self.source_kind
        )
        source = Source.objects.filter(code=import_record.source_code).first()
        return {
            "lines": lines,
            "more_lines": more,
            "reading_url": reverse("metrics:import_reading", args=[import_record.pk]),
            "is_totals": self.source_kind == Source.Kind.TOTALS,
            "role_choices": role_choices(self.source_kind),
            "measure_choices": measure_choices(),
            "type_choices": type_choices(self.source_kind),
            "employee_keys": [(key, EMPLOYEE_KEY_LABELS[key]) for key in EMPLOYEE_KEYS],
            "date_formats": [(key, DATE_FORMAT_LABELS[key]) for key in DATE_FORMATS],
            "missing_words": ", ".join(import_record.mapping.get("missing", [])),
            "options": import_record.options,
            **_told(import_record.summary),
            "replaceable": Batch.objects.filter(source=source, state=Batch.State.LIVE).order_by(
                "-created_at"
            )[:200],
        }

    # Work --------------------------------------------------------------------------------------------------------

    def check(self, import_record: Import, table: Table) -> Checked:
        source = self._source(import_record.source_code)
        mapping = check_mapping(import_record.mapping, kind=self.source_kind, columns=table.columns)
        options = read_options(import_record.options)
        same = unchanged_batch(source, self._digest(import_record, source))
        replaced = [same] if same is not None else self._replaced(import_record, source, options)
        checked = self.check_rows(
            table,
            source=source,
            mapping=mapping,
            import_record=import_record,
            options=options,
            replaced=replaced,
        )
        checked.summary["source"] = source.code
        checked.summary["unchanged_batch"] = same.pk if same is not None else None
        checked.summary["replaces"] = [
            {"id": batch.pk, "name": batch.name, "rows": batch.rows}
            for batch in ([] if same is not None else replaced)
        ]
        return checked

    def check_rows(
        self,
        table: Table,
        *,
        source: Source,
        mapping: dict[str, Any],
        import_record: Import,
        options: dict[str, Any],
        replaced: Sequence[Batch],
    ) -> Checked:
        raise NotImplementedError

    def apply(self, import_record: Import, checked: Checked) -> dict[str, Any]:
        source = self._source(import_record.source_code)
        options = read_options(import_record.options)
        mapping = check_mapping(import_record.mapping, kind=self.source_kind)
        batch, stored = store_batch(
            actor=import_record.created_by,
            source=source,
            name=import_record.upload.name[-200:],
            content_digest=self._digest(import_record, source),
            accepted=checked.accepted,
            measures=list(mapping["measures"]),
            replaces=options["replaces"],
            import_record=import_record,
        )
        return {"batch": batch.pk, "unchanged": not stored}

    def result_url(self, import_record: Import) -> str:
        return reverse("metrics:source", args=[import_record.source_code])

    # Small things ------------------------------------------------------------------------------------------------

    def _source(self, code: str) -> Source:
        source = Source.objects.filter(code=code).first()
        if source is None:
            raise Refusal("source_unknown", field="source", name=code[:60])
        if source.kind != self.source_kind:
            raise Refusal(
                "source_kind",
                field="source",
                name=source.code,
                found=str(source.get_kind_display()),
                expected=str(Source.Kind(self.source_kind).label),
            )
        return source

    def _replaced(self, import_record: Import, source: Source, options: dict[str, Any]) -> list[Batch]:
        return find_replaced(source, name=import_record.upload.name[-200:], replaces=options["replaces"])

    def _digest(self, import_record: Import, source: Source) -> str:
        """Changes with the file and with anything that changes what it means."""
        mapping = check_mapping(import_record.mapping, kind=self.source_kind)
        reading = [
            import_record.options.get(name, "")
            for name in ("sheet", "encoding", "period_first", "period_last")
        ]
        return mapping_digest(mapping, import_record.upload.sha256, source.time_zone, *map(str, reading))


class RecordsKind(MetricsKind):
    kind = "records"
    label = _("Service records")
    description = _("Calls, tickets, inspections or survey answers, one a row.")
    icon = "phone"
    source_kind = Source.Kind.RECORDS

    def check_rows(self, table: Table, **how: Any) -> Checked:
        import_record = how.pop("import_record")
        replaced = how.pop("replaced")
        return check_records(
            table.frame,
            batch_name=import_record.upload.name,
            replaced=[batch.pk for batch in replaced],
            **how,
        )


class TotalsKind(MetricsKind):
    kind = "totals"
    label = _("Daily totals")
    description = _("Sums or means of a person's day, as reports of other systems give them.")
    icon = "table"
    source_kind = Source.Kind.TOTALS

    def check_rows(self, table: Table, **how: Any) -> Checked:
        how.pop("import_record")
        replaced = how.pop("replaced")
        return check_totals(table.frame, coded=table.coded, replaced=[batch.pk for batch in replaced], **how)


def _told(summary: Mapping[str, Any]) -> dict[str, Any]:
    """The summary with days as days and measures by their names in the reader's language."""
    names = measure_names()
    return {
        "first_day": date.fromisoformat(summary["first_day"]) if summary.get("first_day") else None,
        "last_day": date.fromisoformat(summary["last_day"]) if summary.get("last_day") else None,
        "measure_rows": [
            {**row, "name": names.get(row["code"], row["code"])} for row in summary.get("measures", [])
        ],
    }


def read_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """period_first, period_last (ISO days or None) and replaces (a batch's id or None).

    Refusals on field options: import_option, period_order.
    """
    found: dict[str, Any] = {}
    for name in ("period_first", "period_last"):
        text = options.get(name)
        try:
            found[name] = date.fromisoformat(text).isoformat() if text else None
        except (TypeError, ValueError):
            raise Refusal("import_option", field="options", name=name, value=str(text)[:60]) from None
    if found["period_first"] and found["period_last"] and found["period_first"] > found["period_last"]:
        raise Refusal("period_order", field="options")
    text = options.get("replaces")
    if text in (None, ""):
        return found | {"replaces": None}
    number = str(text)
    if isinstance(text, bool) or not number.isascii() or not number.isdigit() or len(number) > 18:
        raise Refusal("import_option", field="options", name="replaces", value=number[:60])
    return found | {"replaces": int(number)}
