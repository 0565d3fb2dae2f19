"""Frames of totals: which column holds which statistic of which measure.

**Canonical**: one row per subject and two column levels, (measure, statistic), statistic being `sum`,
`count`, `sumsq` (total of squares), `min` or `max`. Also read, so that a pivot or a CSV needs no renaming:

    levels the other way round        ("sum", m)                          as pandas' pivot makes them
    other words for a statistic       total, totals / n, counts / total_sq, sum_sq / minimum / maximum
    flat names                        sum(m), m__sum, m.sum, m_sum        with any of those words
    the bare measure code             m, meaning its sum
    a mapping                         {column: values} or {m: {statistic: values}}

A flat name that is itself a measure code of the formula is only ever that measure's sum.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from scoring.arrays import Floats
from scoring.errors import MissingMeasure

WORDS: dict[str, tuple[str, ...]] = {
    "sum": ("sum", "total", "totals"),
    "count": ("count", "n", "counts"),
    "sumsq": ("sumsq", "total_sq", "sum_sq"),
    "min": ("min", "minimum"),
    "max": ("max", "maximum"),
}


class Totals:
    """A frame with its columns found by (measure, statistic); values are float64 with nan for missing."""

    def __init__(self, frame: Any, measures: Collection[str]) -> None:
        self.frame = _as_frame(frame)
        self.measures = frozenset(measures)
        self._read: dict[tuple[str, str], Floats] = {}

    def __len__(self) -> int:
        return len(self.frame)

    def column(self, measure: str, statistic: str) -> Floats:
        key = (measure, statistic)
        if key not in self._read:
            self._read[key] = self._find(measure, statistic)
        return self._read[key]

    def _find(self, measure: str, statistic: str) -> Floats:
        columns = self.frame.columns
        for name in self._candidates(measure, statistic):
            if name in columns:
                location = columns.get_loc(name)
                if not isinstance(location, int):
                    raise MissingMeasure("measure_ambiguous", measure=measure, statistic=statistic)
                values = self.frame.iloc[:, location].to_numpy(dtype=np.float64, na_value=np.nan)
                return np.where(np.isfinite(values), values, np.nan)
        raise MissingMeasure(measure=measure, statistic=statistic)

    def _candidates(self, measure: str, statistic: str) -> Iterator[Any]:
        words = WORDS[statistic]
        if self.frame.columns.nlevels == 2:
            for word in words:
                yield (measure, word)
                yield (word, measure)
            return
        if self.frame.columns.nlevels > 2:
            return
        for word in words:
            yield f"{word}({measure})"
            yield f"{measure}__{word}"
            yield f"{measure}.{word}"
        if statistic == "sum":
            yield measure
        for word in words:
            flat = f"{measure}_{word}"
            if flat not in self.measures:
                yield flat


def _as_frame(totals: Any) -> pd.DataFrame:
    if isinstance(totals, pd.DataFrame):
        return totals
    if isinstance(totals, pd.Series):
        return totals.to_frame().T
    if isinstance(totals, Mapping):
        columns: dict[Any, Any] = {}
        for name, values in totals.items():
            if isinstance(values, Mapping):
                columns.update({(name, word): np.atleast_1d(inner) for word, inner in values.items()})
            else:
                columns[name] = np.atleast_1d(values)
        return pd.DataFrame(columns)
    raise TypeError(f"totals are a DataFrame, a Series or a mapping, not {type(totals).__name__}")
