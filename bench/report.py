"""What was measured, as an aligned table and as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from unicodedata import east_asian_width


@dataclass
class Row:
    """One measurement: `ours` and `bare` in words, their ratio, and whether the aim is met (None: no aim)."""

    size: int
    work: str
    ours: str
    bare: str = ""
    ratio: float | None = None
    aim: str = ""
    met: bool | None = None
    detail: dict[str, Any] = field(default_factory=dict)


HEADS = ("people", "work", "Laurel", "bare pipeline", "ratio", "aim", "met")


def table(rows: list[Row]) -> str:
    cells = [HEADS] + [
        (
            f"{row.size:,}",
            row.work,
            row.ours,
            row.bare,
            "" if row.ratio is None else f"{row.ratio:.2f}",
            row.aim,
            "" if row.met is None else ("yes" if row.met else "NO"),
        )
        for row in rows
    ]
    widths = [max(_width(line[column]) for line in cells) for column in range(len(HEADS))]
    lines = [
        "  ".join(
            _pad(cell, width, place) for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in cells
    ]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(line.rstrip() for line in lines)


def write_json(path: Path, rows: list[Row], machine: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        json.dumps({"machine": machine, "rows": [asdict(row) for row in rows]}, indent=1, default=str) + "\n"
    )


def _width(text: str) -> int:
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def _pad(text: str, width: int, column: int) -> str:
    blanks = " " * (width - _width(text))
    return blanks + text if column in (0, 4) else text + blanks


def equal_queries(rows: list[Row]) -> list[Row]:
    """One row: whether every page asks the database equally often at every size."""
    counts: dict[tuple[str, str], dict[int, int]] = {}
    for row in rows:
        for page in row.detail.get("pages", []):
            counts.setdefault((row.work, page["page"]), {})[row.size] = page["queries"]
    sizes = sorted({size for by_size in counts.values() for size in by_size})
    if len(sizes) < 2:
        return []
    unequal = [
        f"{page} {by_size}" for (_who, page), by_size in counts.items() if len(set(by_size.values())) > 1
    ]
    return [
        Row(
            sizes[-1],
            f"queries equal from {sizes[0]:,} on",
            f"{len(counts) - len(unequal)} of {len(counts)} pages" + "".join(f"; {each}" for each in unequal),
            aim="all",
            met=not unequal,
        )
    ]
