"""A step that weighs a bonus by how often something happened: halved from the first warning on, void from the third."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from foundation.documents import Problem
from incentives.steps.base import StepKind
from incentives.steps.fields import RowsField, SourceField
from incentives.steps.sources import need_of, read_source
from incentives.steps.wording import listing, point_text, share_text, source_text


class Occurrences(StepKind):
    """before x the share of the row that is reached; below the first row everything is paid. Rows are half-open."""

    kind = "occurrences"
    label = gettext_lazy("By occurrences")
    help = gettext_lazy(
        "Halves or voids the bonus from so many occurrences on: warnings, absences, violations."
    )
    fields = (
        SourceField(code="input", label=gettext_lazy("Occurrences"), values_only=True),
        RowsField(
            code="rows",
            label=gettext_lazy("What is still paid"),
            heads=(gettext_lazy("From (inclusive)"), gettext_lazy("Paid share, 0.5 is half")),
            help=gettext_lazy("Fewer than the first row pays the whole."),
        ),
    )

    def check_together(self, step: Mapping[str, Any]) -> Iterator[Problem]:
        for place, (edge, share) in enumerate(step["rows"]):
            if Decimal(edge) <= 0:
                yield Problem(("rows", place, 0), "step_out_of_range_open", {"low": "0", "high": "1000000"})
            if not 0 <= Decimal(share) < 1:
                yield Problem(("rows", place, 1), "step_out_of_range", {"low": "0", "high": "0.99"})

    def needs(self, step: Mapping[str, Any]) -> set[str]:
        return {need_of(step["input"])}

    def inputs(self, step: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, str]:
        return {
            "input": step["input"],
            "found": read_source(step["input"], facts),
            "rows": ";".join(f"{edge}:{share}" for edge, share in step["rows"]),
        }

    def rule(self, before: Decimal, inputs: Mapping[str, str]) -> tuple[Decimal | None, Decimal]:
        found, factor = Decimal(inputs["found"]), Decimal(1)
        for row in inputs["rows"].split(";"):
            edge, share = row.split(":")
            if found >= Decimal(edge):
                factor = Decimal(share)
        return factor, before * factor

    def sentence(
        self, inputs: Mapping[str, str], factor: Decimal | None, amount: Decimal, currency: str
    ) -> str:
        found = {
            "source": source_text(inputs["input"]),
            "found": point_text(inputs["found"]),
            "share": share_text(factor if factor is not None else "1"),
        }
        if factor == 1:
            return _("nothing taken off: %(source)s %(found)s") % found
        return _("only %(share)s paid because of %(source)s %(found)s") % found

    def describe(self, step: Mapping[str, Any], currency: str) -> str:
        listed = listing(
            _("from %(edge)s on %(share)s") % {"edge": point_text(edge), "share": share_text(share)}
            for edge, share in step["rows"]
        )
        return _("By %(source)s only a part is paid: %(list)s.") % {
            "source": source_text(step["input"]),
            "list": listed,
        }
