"""Whether selection and money fall evenly on groups and people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from scoring.arrays import finite, whole
from scoring.errors import InvalidInput, NoAnswers


@dataclass(frozen=True)
class FourFifths:
    """One entry per group, in the order of the input."""

    rates: list[float]
    ratios: list[float]
    flags: list[bool]
    p_values: list[float]


def four_fifths(selected: Any, total: Any) -> FourFifths:
    """The four-fifths rule with an exact test.

    selected, total   counts per group: two sequences, or two mappings by name
    returns           .rates     selected / total
                      .ratios    rate / highest rate
                      .flags     True strictly below 0.8 of the highest rate, compared in whole numbers:
                                 exactly 0.80 passes
                      .p_values  Fisher's exact test, two-sided, against the group with the highest rate (the
                                 first of several); 1.0 for that group itself

    A flag without a small p-value is what chance does to small groups, and large groups can differ beyond
    chance without a flag: show both.
    Stated    when nobody is selected anywhere, all ratios are 1 and nothing is flagged.
    Errors    InvalidInput for a group without members, more selected than members, unequal lengths, no
              groups.
    Source    Uniform Guidelines on Employee Selection Procedures, 29 CFR 1607.4 D (1978).
    """
    if isinstance(selected, Mapping) and isinstance(total, Mapping):
        odd = sorted(str(key) for key in set(selected) ^ set(total))
        if odd:
            allowed = ", ".join(map(str, selected))
            raise InvalidInput("unknown_name", name="total", found=odd[0], allowed=allowed)
        total = [total[key] for key in selected]
        selected = list(selected.values())
    chosen, members = whole(selected, "selected", ndim=1), whole(total, "total", ndim=1)
    if chosen.shape != members.shape:
        raise InvalidInput("shape", name="total", found=str(members.shape), expected=str(chosen.shape))
    if chosen.size == 0:
        raise InvalidInput("empty", name="selected")
    if (members == 0).any():
        raise InvalidInput("empty", name=f"group {int(np.argmin(members)) + 1}")
    above = np.flatnonzero(chosen > members)
    if above.size:
        raise InvalidInput("selected_above_total", group=int(above[0]) + 1)
    s, t = [int(value) for value in chosen], [int(value) for value in members]
    best = _highest(s, t)
    if s[best] == 0:
        return FourFifths([0.0] * len(s), [1.0] * len(s), [False] * len(s), [1.0] * len(s))
    return FourFifths(
        rates=[a / b for a, b in zip(s, t, strict=True)],
        ratios=[a * t[best] / (b * s[best]) for a, b in zip(s, t, strict=True)],
        flags=[5 * a * t[best] < 4 * s[best] * b for a, b in zip(s, t, strict=True)],
        p_values=[1.0 if g == best else _fisher(s[g], t[g], s[best], t[best]) for g in range(len(s))],
    )


def _highest(selected: list[int], total: list[int]) -> int:
    """The first group with the highest rate, by whole numbers: 1/3 and 2/6 are the same rate."""
    best = 0
    for g in range(1, len(selected)):
        if selected[g] * total[best] > selected[best] * total[g]:
            best = g
    return best


def _fisher(a: int, m: int, b: int, n: int) -> float:
    return float(stats.fisher_exact([[a, m - a], [b, n - b]]).pvalue)


def gini(amounts: Any) -> float:
    """The Gini coefficient of amounts: 0 when all are equal, towards 1 when one has everything.

    amounts  shape (people,), not negative; Decimals welcome
    returns  float between 0 and 1 - 1/n, without small-sample correction

    Formula   sum over i of (2 i - n - 1) x_(i) / (n sum(x)), x sorted ascending
    Stated    0 when nobody has anything: all are equal.
    Errors    InvalidInput for negative amounts or nan, NoAnswers for none. (Leave people without an amount
              out, or count them as 0: the two are different questions.)
    Source    Gini 1912; the form by sorted values as in the R package ineq.
    """
    x = np.sort(finite(amounts, "amounts", ndim=1))
    if x.size == 0:
        raise NoAnswers()
    if x[0] < 0:
        raise InvalidInput("negative", name="amounts")
    if x[-1] == 0:
        return 0.0
    x = x / x[-1]
    n = len(x)
    return max(0.0, float((2 * np.arange(1, n + 1) - n - 1) @ x / (n * x.sum())))
