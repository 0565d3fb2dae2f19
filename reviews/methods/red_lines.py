"""Red lines: what keeps somebody's rating at or below a band, whatever the score is. Pure computation.

A new kind of condition is one class here and one entry in KINDS; pages and the API take its label and fields from it.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import pandas as pd
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from foundation.documents import Path, Problems
from reviews.methods.base import (
    BAND_CODE,
    CODE,
    NAME,
    NUMBER,
    KPIReference,
    check_duplicates,
    frozen_version,
    has_name,
)
from reviews.methods.bonus import ITEM_CODE

ABOVE, BELOW = "above", "below"
RED_LINE = "red_line"
HIT_COLUMNS = ("employee_id", "value")


@dataclass(frozen=True)
class Facts:
    """What conditions look at, of everybody in a run.

    kpi_values   columns employee_id, kpi_version_id, value, n; only the versions that red lines name
    breaches     columns employee_id, item: recorded breaches that were not withdrawn
    incidents    columns employee_id, line, value: of each red line that counts incidents, how many bad ones of its kind
                 were noted in the period and not withdrawn
    """

    kpi_values: pd.DataFrame
    breaches: pd.DataFrame
    incidents: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame({"employee_id": [], "line": [], "value": []})
    )


class Kind(Protocol):
    code: str
    label: str | Promise
    schema: Mapping[str, Any]

    def check(
        self, line: Mapping[str, Any], *, kpis: Mapping[str, KPIReference], problems: Problems, path: Path
    ) -> None: ...

    def freeze(self, line: dict[str, Any], *, kpis: Mapping[str, KPIReference]) -> dict[str, Any]: ...

    def hits(self, line: Mapping[str, Any], facts: Facts) -> pd.DataFrame:
        """Who crossed it: columns HIT_COLUMNS, each person once."""

    def is_hit(self, line: Mapping[str, Any], value: float) -> bool:
        """The same from what the explanation shows."""


class KPIBeyond(Kind):
    """A KPI's value of the period lies beyond a limit. Too few cases for the KPI's minimum sample decide nothing."""

    code = "kpi"
    label = _("A KPI beyond a value")
    schema: Mapping[str, Any] = {
        "required": ["kpi", "beyond", "limit"],
        "properties": {"kpi": CODE, "beyond": {"enum": [ABOVE, BELOW]}, "limit": NUMBER},
    }

    def check(
        self, line: Mapping[str, Any], *, kpis: Mapping[str, KPIReference], problems: Problems, path: Path
    ) -> None:
        reference = kpis.get(line["kpi"])
        if reference is None:
            problems.add((*path, "kpi"), "cycle_kpi_unknown", name=line["kpi"])
        elif reference.is_qualitative:
            problems.add((*path, "kpi"), "cycle_kpi_is_qualitative", name=line["kpi"])

    def freeze(self, line: dict[str, Any], *, kpis: Mapping[str, KPIReference]) -> dict[str, Any]:
        return {**line, "version": frozen_version(kpis[line["kpi"]])}

    def hits(self, line: Mapping[str, Any], facts: Facts) -> pd.DataFrame:
        values = facts.kpi_values
        version = line["version"]
        beyond = (
            values["value"] > line["limit"] if line["beyond"] == ABOVE else values["value"] < line["limit"]
        )
        found = values[
            (values["kpi_version_id"] == version["id"]) & (values["n"] >= version["minimum_sample"]) & beyond
        ]
        return found[list(HIT_COLUMNS)]

    def is_hit(self, line: Mapping[str, Any], value: float) -> bool:
        return value > line["limit"] if line["beyond"] == ABOVE else value < line["limit"]


class RecordedBreach(Kind):
    """HR recorded at least so many breaches of this kind with evidence."""

    code = "breach"
    label = _("A breach that HR records")
    schema: Mapping[str, Any] = {
        "required": [],
        "properties": {"at_least": {"type": "integer", "minimum": 1, "maximum": 100}},
    }

    def check(
        self, line: Mapping[str, Any], *, kpis: Mapping[str, KPIReference], problems: Problems, path: Path
    ) -> None:
        return None

    def freeze(self, line: dict[str, Any], *, kpis: Mapping[str, KPIReference]) -> dict[str, Any]:
        return line

    def hits(self, line: Mapping[str, Any], facts: Facts) -> pd.DataFrame:
        found = facts.breaches[facts.breaches["item"] == line["code"]]
        counts = found.groupby("employee_id").size()
        counts = counts[counts >= line.get("at_least", 1)]
        return pd.DataFrame({"employee_id": counts.index, "value": counts.to_numpy(dtype=float)})

    def is_hit(self, line: Mapping[str, Any], value: float) -> bool:
        return bool(value >= line.get("at_least", 1))


class CountedIncidents(Kind):
    """At least so many bad incidents were noted in the period; of these behaviours and strengths, or of any.

    Withdrawn incidents and those noted after the release do not count.
    """

    code = "incidents"
    label = _("Bad incidents noted in the period")
    schema: Mapping[str, Any] = {
        "required": ["at_least"],
        "properties": {
            "at_least": {"type": "integer", "minimum": 1, "maximum": 100},
            "behaviours": {"type": "array", "maxItems": 200, "items": CODE},
            "strengths": {"type": "array", "maxItems": 20, "items": CODE},
        },
    }

    def check(
        self, line: Mapping[str, Any], *, kpis: Mapping[str, KPIReference], problems: Problems, path: Path
    ) -> None:
        """The codes are checked with the catalogue: check_catalogue."""

    def freeze(self, line: dict[str, Any], *, kpis: Mapping[str, KPIReference]) -> dict[str, Any]:
        return line

    def hits(self, line: Mapping[str, Any], facts: Facts) -> pd.DataFrame:
        counts = facts.incidents
        found = counts[(counts["line"] == line["code"]) & (counts["value"] >= line["at_least"])]
        return found[list(HIT_COLUMNS)]

    def is_hit(self, line: Mapping[str, Any], value: float) -> bool:
        return bool(value >= line["at_least"])


KINDS: dict[str, Kind] = {kind.code: kind for kind in (KPIBeyond(), RecordedBreach(), CountedIncidents())}

LINE_FIELDS: dict[str, Any] = {
    "code": ITEM_CODE,
    "name": NAME,
    "kind": {"type": "string"},
    "cap": BAND_CODE,
}
SCHEMA: dict[str, Any] = {"type": "array", "maxItems": 30, "items": {"type": "object"}}


def line_schema(kind: Kind) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["code", "kind", "cap", *kind.schema["required"]],
        "properties": {**LINE_FIELDS, **kind.schema["properties"]},
        "additionalProperties": False,
    }


def red_lines_of(configuration: Mapping[str, Any]) -> list[dict[str, Any]]:
    return list(configuration.get("red_lines") or [])


def red_line_of(configuration: Mapping[str, Any], code: str) -> dict[str, Any] | None:
    return next((line for line in red_lines_of(configuration) if line["code"] == code), None)


def incident_lines(configuration: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [line for line in red_lines_of(configuration) if line["kind"] == CountedIncidents.code]


def check_catalogue(
    lines: Sequence[Mapping[str, Any]],
    *,
    behaviours: Container[str],
    strengths: Container[str],
    problems: Problems,
    path: Path,
) -> None:
    """Behaviours and strengths that lines name must be in the catalogues."""
    for index, line in enumerate(lines):
        for name, known, code in (
            ("behaviours", behaviours, "behaviour_unknown"),
            ("strengths", strengths, "strength_unknown"),
        ):
            for place, each in enumerate(line.get(name, [])):
                if each not in known:
                    problems.add((*path, index, name, place), code, name=each)


def check_red_lines(
    lines: Sequence[Mapping[str, Any]],
    bands: Sequence[Mapping[str, Any]],
    *,
    kpis: Mapping[str, KPIReference],
    problems: Problems,
    path: Path,
    complete: bool,
) -> None:
    """After the shape of each line was checked against its kind."""
    codes = [band["code"] for band in bands]
    for index, line in enumerate(lines):
        here = (*path, index)
        if line["cap"] not in codes:
            problems.add((*here, "cap"), "cycle_band_unknown", rating=line["cap"][:20])
        elif line["cap"] == codes[-1]:
            problems.add((*here, "cap"), "red_line_caps_nothing")
        if complete and not has_name(line.get("name")):
            problems.add((*here, "name"), "cycle_name_required")
        KINDS[line["kind"]].check(line, kpis=kpis, problems=problems, path=here)
    check_duplicates(
        [line["code"] for line in lines],
        problems=problems,
        paths=[(*path, index, "code") for index in range(len(lines))],
    )


def hits(configuration: Mapping[str, Any], facts: Facts) -> pd.DataFrame:
    """Who crossed which line: columns employee_id, line (code), value, cap (index of the band)."""
    order = {band["code"]: index for index, band in enumerate(configuration["rating_bands"])}
    found = [
        KINDS[line["kind"]].hits(line, facts).assign(line=line["code"], cap=order[line["cap"]])
        for line in red_lines_of(configuration)
    ]
    columns = [*HIT_COLUMNS, "line", "cap"]
    return pd.concat(found)[columns] if found else pd.DataFrame(columns=columns)


def capped(rating: str, caps: Sequence[str], configuration: Mapping[str, Any]) -> str:
    """The rating, or the lowest of the caps where it lies above. Nobody else's rating is touched."""
    order = {band["code"]: index for index, band in enumerate(configuration["rating_bands"])}
    return min([rating, *caps], key=lambda code: order[code]) if rating else rating
