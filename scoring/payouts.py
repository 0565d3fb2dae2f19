"""Money. Scores come in as floats and leave as Decimals here and nowhere else.

Amounts of money are Decimal, int or text and never float (`money_float`). Rates, attainments, points and
weights may be floats and are read as the decimals they print as, so 0.05 is exactly five hundredths. All
arithmetic is Decimal with 60 digits; nothing is rounded before `round_money` or `split_pool` says so.
"""

from __future__ import annotations

import decimal
import re
from bisect import bisect_right
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from scoring.arrays import choice
from scoring.errors import InvalidInput, MoneyError, PoolError, TiersError

MODES = ("marginal", "retroactive", "interpolated")
ROUNDINGS = {
    "half_up": decimal.ROUND_HALF_UP,
    "half_even": decimal.ROUND_HALF_EVEN,
    "half_down": decimal.ROUND_HALF_DOWN,
    "up": decimal.ROUND_UP,
    "down": decimal.ROUND_DOWN,
    "ceiling": decimal.ROUND_CEILING,
    "floor": decimal.ROUND_FLOOR,
}
# Decimals of the minor unit by ISO 4217; every currency not named here has two.
_WITHOUT_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_WITH_THREE = "BHD IQD JOD KWD LYD OMR TND"
_WITH_FOUR = "CLF UYW"
MINOR_UNITS = {
    **dict.fromkeys(_WITHOUT_DECIMALS.split(), 0),
    **dict.fromkeys(_WITH_THREE.split(), 3),
    **dict.fromkeys(_WITH_FOUR.split(), 4),
}
_CONTEXT = decimal.Context(prec=60, rounding=decimal.ROUND_HALF_EVEN)
_ZERO = Decimal(0)
# As a tuple: asked a million times a run, a union takes six times as long.
_NUMBERS = (int, float, str, Decimal)


def to_decimal(value: Any, name: str) -> Decimal:
    """A number as a Decimal; a float by its shortest decimal form. Refuses nan and infinity."""
    if type(value) is Decimal and value.is_finite():  # by far the most
        return value
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, _NUMBERS):
        raise InvalidInput("not_a_number", name=name)
    try:
        result = Decimal(repr(value) if isinstance(value, float) else value)
    except decimal.InvalidOperation as error:
        raise InvalidInput("not_a_number", name=name) from error
    if not result.is_finite():
        raise InvalidInput("not_finite", name=name)
    return result


def to_money(value: Any, name: str) -> Decimal:
    """An amount of money as a Decimal; a float is refused, since it has already lost what it was."""
    if isinstance(value, float | np.floating):
        raise MoneyError("money_float", name=name)
    return to_decimal(value, name)


def tiered(amount: Any, tiers: Sequence[tuple[Any, Any]], *, mode: str, already: Any = 0) -> Decimal:
    """What `amount` earns on a scale of tiers, after `already` was counted in the same accumulator.

    amount   a quantity or turnover; may be negative (a cancelled sale), the answer is then what to take back
    tiers    [(from, rate)] ascending, half-open: a tier reaches up to, but not including, the next `from`.
             For "interpolated" [(x, cumulative payout at x)].
    mode     "marginal": each part at the rate of its own tier
             "retroactive": everything from the first unit on at the rate of the tier that is reached
             "interpolated": the payout on the line between the points, and that of the last point beyond it
    already  counted before; the answer is P(already + amount) - P(already)
    returns  unrounded Decimal

    Formula   marginal P(x) = sum of rate_i times the part of x inside tier i; retroactive P(x) = x rate(x).
              Below the first `from` nothing is paid, in every mode.
    Errors    TiersError when the tiers do not ascend, InvalidInput for no tiers, an unknown mode, nan or
              infinity.
    Source    Oracle Incentive Compensation (step rates), Salesforce Spiff (marginal payout rules with
              carry-in).
    """
    choice(mode, "mode", MODES)
    if len(tiers) == 0:
        raise InvalidInput("empty", name="tiers")
    edges = [to_decimal(tier[0], "tiers") for tier in tiers]
    rates = [to_decimal(tier[1], "tiers") for tier in tiers]
    for row in range(1, len(edges)):
        if edges[row] <= edges[row - 1]:
            raise TiersError(row=row + 1)
    payout = {"marginal": _marginal, "retroactive": _retroactive, "interpolated": _interpolated}[mode]
    before = to_decimal(already, "already")
    with decimal.localcontext(_CONTEXT):
        after = before + to_decimal(amount, "amount")
        return payout(after, edges, rates) - payout(before, edges, rates)


def _marginal(x: Decimal, edges: list[Decimal], rates: list[Decimal]) -> Decimal:
    total = _ZERO
    for i in range(bisect_right(edges, x)):
        end = min(x, edges[i + 1]) if i + 1 < len(edges) else x
        total += rates[i] * (end - edges[i])
    return total


def _retroactive(x: Decimal, edges: list[Decimal], rates: list[Decimal]) -> Decimal:
    reached = bisect_right(edges, x)
    return x * rates[reached - 1] if reached else _ZERO


def _interpolated(x: Decimal, edges: list[Decimal], payouts: list[Decimal]) -> Decimal:
    return _on_line(x, edges, payouts) if x >= edges[0] else _ZERO


def _on_line(x: Decimal, xs: list[Decimal], ys: list[Decimal]) -> Decimal:
    """Linear interpolation, flat outside; where two points share an x, the later one holds at that x."""
    reached = bisect_right(xs, x)
    if reached == 0:
        return ys[0]
    if reached == len(xs):
        return ys[-1]
    left, right = reached - 1, reached
    return ys[left] + (ys[right] - ys[left]) * (x - xs[left]) / (xs[right] - xs[left])


def curve(attainment: Any, points: Sequence[tuple[Any, Any]]) -> Decimal:
    """The payout multiplier at an attainment, by linear interpolation between points, flat outside them.

    attainment   a ratio, 1.0 = target met
    points       [(attainment, multiplier)] in ascending order. Two points with one attainment are a jump:
                 below it the first holds, from it on the second, so [(0.8, 0), (0.8, 0.5), (1, 1)] pays
                 nothing under 80 %.
    returns      unrounded Decimal, ready to multiply money with

    Errors    TiersError when attainments descend or a third point stands at one place; InvalidInput for no
              points and for a missing attainment (nan): whether nothing or a default is paid is not for a
              curve to decide.
    Source    the threshold, target, maximum curve of bonus plans.
    """
    if len(points) == 0:
        raise InvalidInput("empty", name="points")
    xs = [to_decimal(point[0], "points") for point in points]
    ys = [to_decimal(point[1], "points") for point in points]
    for row in range(1, len(xs)):
        if xs[row] < xs[row - 1] or (row > 1 and xs[row] == xs[row - 2]):
            raise TiersError(row=row + 1)
    with decimal.localcontext(_CONTEXT):
        return _on_line(to_decimal(attainment, "attainment"), xs, ys)


def prorate(amount: Any, days: Any, of: Any) -> Decimal:
    """The part of an amount for some days of a period: amount x days / of, unrounded.

    amount   money: Decimal, int or text
    days, of numbers with 0 <= days <= of and of > 0; half days are allowed
    Errors   MoneyError `days` when that is not so, `money_float` for a float amount.
    """
    value, part, whole = to_money(amount, "amount"), to_decimal(days, "days"), to_decimal(of, "of")
    if not (_ZERO <= part <= whole and whole > _ZERO):
        raise MoneyError("days", days=str(part), of=str(whole))
    with decimal.localcontext(_CONTEXT):
        return value * part / whole


def round_money(amount: Any, currency: str, rounding: str = "half_up") -> Decimal:
    """An amount in the minor unit of its currency (2 decimals, JPY 0, KWD 3).

    amount    money: Decimal, int or text
    rounding  "half_up" (a half away from zero, for debit and credit alike), "half_even", "half_down", "up",
              "down", "ceiling", "floor"
    Errors    MoneyError `currency` or `money_float`, InvalidInput for an unknown rounding.
    Source    minor units of ISO 4217.
    """
    choice(rounding, "rounding", tuple(ROUNDINGS))
    if not isinstance(currency, str) or not re.fullmatch("[A-Z]{3}", currency):
        raise MoneyError("currency", found=str(currency)[:10])
    value = to_money(amount, "amount")
    quantum = Decimal(1).scaleb(-MINOR_UNITS.get(currency, 2))
    # + 0 turns minus zero into zero.
    with decimal.localcontext(_CONTEXT):
        return value.quantize(quantum, rounding=ROUNDINGS[rounding]) + _ZERO


class Shares(list[Decimal]):
    """The shares of a pool in the order of the weights; `undistributed` is what the caps kept back, `full` are the
    positions that a cap holds."""

    undistributed: Decimal = _ZERO
    full: frozenset[int] = frozenset()


def split_pool(
    pool: Any,
    weights: Sequence[Any],
    *,
    caps: Sequence[Any] | None = None,
    quantum: Decimal = Decimal("0.01"),
) -> Shares:
    """A pool split by weight, to the cent.

    pool     money, a multiple of the quantum, not negative
    weights  non-negative numbers; a weight of zero gets nothing
    caps     money per person, None for no cap: what exceeds a cap goes to the others by weight until nothing
             moves
    quantum  the smallest unit paid
    returns  a list of Decimals that add up to the pool; when everyone with a weight is at the cap, the rest
             is in `.undistributed`, and shares and rest add up to the pool

    Formula   whole units by largest remainder of the exact shares, ties to the earlier position; a cap is
              rounded down to the quantum and never exceeded. All in integers, so nothing is lost.
    Errors    PoolError `pool_negative`, `pool_not_round`, `nobody_eligible`; MoneyError for floats;
              InvalidInput for negative weights or caps and unequal lengths.
    Source    proportional division with upper bounds (water-filling) and Hamilton's rounding.
    """
    unit = to_money(quantum, "quantum")
    if unit <= 0:
        raise InvalidInput("negative", name="quantum")
    total = to_money(pool, "pool")
    if total < 0:
        raise PoolError("pool_negative")
    units = _whole_units(total, unit)
    if units is None:
        raise PoolError("pool_not_round", pool=str(total), quantum=str(unit))
    scaled = _integers([to_decimal(weight, "weights") for weight in weights], "weights")
    limits = _limits(caps, len(scaled), unit)
    if units and not any(scaled):
        raise PoolError("nobody_eligible")
    paid, rest, full = _fill(units, scaled, limits)
    with decimal.localcontext(_CONTEXT):
        shares = Shares(unit * value for value in paid)
        shares.undistributed = unit * rest
        shares.full = full
    return shares


def _fill(units: int, weights: list[int], limits: list[int | None]) -> tuple[list[int], int, frozenset[int]]:
    paid = [0] * len(weights)
    held: set[int] = set()
    open_ = [i for i, weight in enumerate(weights) if weight]
    while open_:
        total = sum(weights[i] for i in open_)
        full = [i for i in open_ if (limit := limits[i]) is not None and units * weights[i] >= limit * total]
        if not full:
            break
        for i in full:
            paid[i] = limits[i] or 0
            units -= paid[i]
        fixed = set(full)
        held |= fixed
        open_ = [i for i in open_ if i not in fixed]
    if not open_:
        return paid, units, frozenset(held)
    # Whoever has a remainder is below the cap by at least that remainder, so one unit more never exceeds it.
    total = sum(weights[i] for i in open_)
    remainders = {i: units * weights[i] % total for i in open_}
    for i in open_:
        paid[i] = units * weights[i] // total
    left = units - sum(paid[i] for i in open_)
    for i in sorted(open_, key=lambda i: (-remainders[i], i))[:left]:
        paid[i] += 1
    return paid, 0, frozenset(held)


def _whole_units(amount: Decimal, unit: Decimal) -> int | None:
    a, b = amount.as_integer_ratio(), unit.as_integer_ratio()
    count, remainder = divmod(a[0] * b[1], a[1] * b[0])
    return None if remainder else count


def _integers(values: list[Decimal], name: str) -> list[int]:
    """Decimals on a common power of ten: exact, and much faster than fractions for a whole company."""
    if any(value < 0 for value in values):
        raise InvalidInput("negative", name=name)
    exponents = [int(value.as_tuple().exponent) for value in values]
    lowest = min([0, *exponents])
    return [
        int(value.scaleb(-exponent, _CONTEXT)) * 10 ** (exponent - lowest)
        for value, exponent in zip(values, exponents, strict=True)
    ]


def _limits(caps: Sequence[Any] | None, people: int, unit: Decimal) -> list[int | None]:
    if caps is None:
        return [None] * people
    if len(caps) != people:
        raise InvalidInput("shape", name="caps", found=str(len(caps)), expected=str(people))
    limits: list[int | None] = []
    for cap in caps:
        value = None if cap is None else to_money(cap, "caps")
        if value is not None and value < 0:
            raise InvalidInput("negative", name="caps")
        limits.append(None if value is None else int(value // unit))
    return limits
