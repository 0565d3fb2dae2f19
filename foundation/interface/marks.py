"""Where the bands of a scale and a score's mark stand, in per cent of the drawing's width.

SVG attributes take percentages, so the drawing needs no inline style, which the content security policy refuses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ScaleBand:
    index: int  # 0 is the lowest
    label: str
    threshold: float  # the band holds scores from here up to the next band's threshold
    left: float
    width: float
    current: bool


@dataclass(frozen=True)
class Mark:
    x: float
    low: float | None
    high: float | None

    @property
    def position(self) -> str:
        return f"{self.x:.3f}%"

    @property
    def interval_left(self) -> str:
        return f"{self.low:.3f}%" if self.low is not None else ""

    @property
    def interval_width(self) -> str:
        if self.low is None or self.high is None:
            return ""
        return f"{self.high - self.low:.3f}%"

    @property
    def anchor(self) -> str:
        """Keeps the number inside the drawing when the mark stands near an edge."""
        return "start" if self.x < 8 else "end" if self.x > 92 else "middle"


def lay_out_scale(
    bands: Iterable[Any],
    *,
    score: float | None = None,
    low: float | None = None,
    high: float | None = None,
    minimum: float | None = None,
    maximum: float | None = None,
) -> tuple[list[ScaleBand], Mark | None]:
    """Bands are mappings or pairs (from, label), in any order; the first one's "from" may be None (open below).

    Without limits the lowest and the highest band are drawn as wide as the mean of the others, and wide enough for the
    score: the ends of a scale carry no information, and a 0-60 band would squeeze the four that matter.
    """
    steps = sorted(
        (_pair(band) for band in bands), key=lambda pair: float("-inf") if pair[0] is None else pair[0]
    )
    if not steps:
        return [], None
    inner = [threshold for threshold, _label in steps[1:] if threshold is not None]
    spread = (inner[-1] - inner[0]) / (len(inner) - 1) if len(inner) > 1 else 20.0
    seen = [value for value in (score, low, high) if value is not None]
    if minimum is None:
        minimum = min([inner[0] - spread, *seen]) if inner else min([steps[0][0] or 0.0, *seen])
    if maximum is None:
        maximum = max([inner[-1] + spread, *seen]) if inner else max([minimum + 100.0, *seen])
    length = (maximum - minimum) or 1.0

    def place(value: float) -> float:
        return min(100.0, max(0.0, (value - minimum) / length * 100))

    edges = [minimum, *inner, maximum]
    laid_out = []
    for index, (_threshold, label) in enumerate(steps):
        start, end = edges[index], edges[index + 1]
        holds = (
            score is not None and (index == 0 or score >= start) and (index == len(steps) - 1 or score < end)
        )
        laid_out.append(ScaleBand(index, label, start, place(start), place(end) - place(start), holds))
    if score is None:
        return laid_out, None
    if low is None or high is None:
        return laid_out, Mark(place(score), None, None)
    return laid_out, Mark(place(score), place(low), place(high))


def _pair(band: Any) -> tuple[float | None, str]:
    if isinstance(band, Mapping):
        threshold, label = band.get("from", band.get("threshold")), band.get("label", band.get("name", ""))
    else:
        threshold, label = band
    return (None if threshold is None else float(threshold)), str(label)
