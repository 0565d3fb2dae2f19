"""Reading arguments: what every method accepts as numbers, and the named errors for what it does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from scoring.errors import BandsError, InvalidInput

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def floats(values: Any, name: str, *, ndim: int | None = None) -> Floats:
    """`values` as float64, None becoming nan; `not_a_number` for texts, `shape` for wrong axes."""
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        try:
            array = np.asarray(np.asarray(values, dtype=object), dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise InvalidInput("not_a_number", name=name) from error
    if ndim is not None and array.ndim != ndim:
        raise InvalidInput("shape", name=name, found=str(array.shape), expected=f"{ndim} axes")
    return array


def finite(values: Any, name: str, *, ndim: int | None = None) -> Floats:
    array = floats(values, name, ndim=ndim)
    if not np.isfinite(array).all():
        raise InvalidInput("not_finite", name=name)
    return array


def non_negative(values: Any, name: str, *, ndim: int | None = None) -> Floats:
    array = finite(values, name, ndim=ndim)
    if (array < 0).any():
        raise InvalidInput("negative", name=name)
    return array


def whole(values: Any, name: str, *, ndim: int | None = None) -> Ints:
    """Non-negative whole numbers as int64."""
    array = non_negative(values, name, ndim=ndim)
    if (array != np.floor(array)).any():
        raise InvalidInput("not_whole", name=name)
    return array.astype(np.int64)


def choice(value: str, name: str, allowed: Sequence[str]) -> str:
    if value not in allowed:
        raise InvalidInput("choice", name=name, found=str(value), allowed=", ".join(allowed))
    return value


def level_of_confidence(level: float) -> float:
    if not 0.0 < level < 1.0:
        raise InvalidInput("out_of_range", name="level", found=level, low=0, high=1)
    return float(level)


def exact(value: Any, name: str) -> Fraction:
    """A number as an exact fraction; a float is read as the decimal it prints as (0.1 is one tenth)."""
    if isinstance(value, np.generic):
        value = value.item()
    try:
        if isinstance(value, float):
            return Fraction(repr(value))
        if isinstance(value, int | str | Decimal | Fraction):
            return Fraction(value)
    except (ValueError, OverflowError, ZeroDivisionError) as error:
        raise InvalidInput("not_finite", name=name) from error
    raise InvalidInput("not_a_number", name=name)


def half_open(bands: Sequence[tuple[float, Any]]) -> Floats:
    """The lower edges of bands [(from, anything)]: ascending, without repetition; the first may be -inf."""
    if len(bands) == 0:
        raise InvalidInput("empty", name="bands")
    edges = floats([band[0] for band in bands], "bands", ndim=1)
    if np.isnan(edges).any():
        raise InvalidInput("not_a_number", name="bands")
    wrong = np.flatnonzero(np.diff(edges) <= 0)
    if wrong.size:
        raise BandsError(row=int(wrong[0]) + 2)
    return edges


def band_index(values: Floats, edges: Floats) -> npt.NDArray[np.intp]:
    """Index of the band [edges[i], edges[i+1]) that holds each value; -1 below the first and for nan."""
    index = np.searchsorted(edges, values, side="right") - 1
    return np.where(np.isnan(values), -1, index)


def aligned(values: Any, weights: Any, names: tuple[str, str]) -> tuple[Floats, Floats]:
    """Two sequences of one length, or two mappings with the same keys (the order of the first counts)."""
    if isinstance(values, Mapping) or isinstance(weights, Mapping):
        if not (isinstance(values, Mapping) and isinstance(weights, Mapping)):
            raise InvalidInput(
                "shape", name=names[1], found="mixed", expected="two mappings or two sequences"
            )
        odd = sorted(str(key) for key in set(values) ^ set(weights))
        if odd:
            raise InvalidInput(
                "unknown_name", name=names[1], found=odd[0], allowed=", ".join(map(str, values))
            )
        return aligned(list(values.values()), [weights[key] for key in values], names)
    first, second = floats(values, names[0], ndim=1), floats(weights, names[1], ndim=1)
    if first.shape != second.shape:
        raise InvalidInput("shape", name=names[1], found=str(second.shape), expected=str(first.shape))
    return first, second


def like_input(result: npt.NDArray[Any], *inputs: Any) -> Any:
    """A plain number when every input was one, otherwise the array."""
    return result.item() if result.ndim == 0 and all(np.ndim(value) == 0 for value in inputs) else result
