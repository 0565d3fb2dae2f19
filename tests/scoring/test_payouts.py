"""Money: tiers, curves, proration, rounding, pools."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.errors import InvalidInput, MoneyError, PoolError, ScoringError, TiersError
from scoring.payouts import curve, prorate, round_money, split_pool, tiered

D = Decimal

ORACLE = [(0, "0.01"), (1000, "0.02"), (3000, "0.03"), (8000, "0.05")]
SPIFF = [(0, "0.04"), (150_000, "0.06"), (250_000, "0.08")]
ACCELERATOR = [(0, "0.05"), (100_000, "0.06"), (125_000, "0.07")]
FILES = [(0, 20), (20, 30)]
CUMULATIVE = [(0, 0), (100, 1000), (150, 3000)]

TIERED = [
    *(
        pytest.param(amount, ORACLE, "marginal", 0, pay, id=f"Oracle step rates, transaction of {amount}")
        for amount, pay in ((200, 2), (300, 3), (1500, 20), (1200, 14), (2000, 30), (4500, 95))
    ),
    pytest.param(20_000, SPIFF, "marginal", 145_000, 1100, id="Salesforce Spiff, 20,000 after 145,000"),
    pytest.param(150_000, ACCELERATOR, "marginal", 0, 8250, id="accelerator, 5000 + 1500 + 1750"),
    pytest.param(29, FILES, "retroactive", 0, 870, id="retroactive, 29 files x 30"),
    pytest.param(29, FILES, "marginal", 0, 670, id="marginal, 20 files x 20 and 9 x 30"),
    pytest.param(20, FILES, "retroactive", 0, 600, id="an edge belongs to its tier"),
    pytest.param(9, FILES, "retroactive", 20, 270, id="carried in past the edge, each at 30"),
    pytest.param(9, FILES, "retroactive", 15, 420, id="crossing the edge pays up what came before"),
    pytest.param(-9, FILES, "retroactive", 24, -420, id="and a cancellation takes it back"),
    pytest.param(50, CUMULATIVE, "interpolated", 0, 500, id="half way to the point"),
    pytest.param(30, CUMULATIVE, "interpolated", 100, 1200, id="increment after the point"),
    pytest.param(500, CUMULATIVE, "interpolated", 0, 3000, id="nothing more beyond the last point"),
    pytest.param(5, [(10, 1)], "marginal", 0, 0, id="below the first tier nothing is paid, marginal"),
    pytest.param(5, [(10, 1)], "retroactive", 0, 0, id="below the first tier nothing is paid, retroactive"),
    pytest.param(5, [(10, 7)], "interpolated", 0, 0, id="below the first tier nothing is paid, interpolated"),
    pytest.param(15, [(10, 1)], "marginal", 0, 5, id="a first tier above zero, marginal"),
    pytest.param(0.3, [(0, 0.1)], "marginal", 0, D("0.03"), id="floats are read as they print"),
]


@pytest.mark.parametrize(("amount", "tiers", "mode", "already", "expected"), TIERED)
def test_tiered(
    amount: object, tiers: list[tuple[object, object]], mode: str, already: object, expected: object
) -> None:
    answer = tiered(amount, tiers, mode=mode, already=already)
    assert isinstance(answer, Decimal)
    assert answer == expected


AMOUNTS = st.decimals(-1000, 100_000, places=2)


@given(st.lists(AMOUNTS, max_size=6), st.sampled_from(["marginal", "retroactive", "interpolated"]))
def test_paid_in_parts_or_at_once_is_the_same(parts: list[Decimal], mode: str) -> None:
    already, paid = D(0), D(0)
    for part in parts:
        paid += tiered(part, ORACLE, mode=mode, already=already)
        already += part
    assert paid == pytest.approx(tiered(already, ORACLE, mode=mode), abs=D("1e-30"))


def test_refused_tiers() -> None:
    for tiers in ([(0, 1), (0, 2)], [(5, 1), (0, 2)]):
        with pytest.raises(TiersError) as caught:
            tiered(1, tiers, mode="marginal")
        assert caught.value.params == {"row": 2}
    with pytest.raises(InvalidInput):
        tiered(1, [], mode="marginal")
    with pytest.raises(InvalidInput):
        tiered(1, [(0, 1)], mode="sliding")
    for amount in (float("nan"), "many", None, True, D("Infinity")):
        with pytest.raises(InvalidInput):
            tiered(amount, [(0, 1)], mode="marginal")


BONUS = [("0.7", 0), (1, 1), ("1.5", 2)]
CURVES = [
    pytest.param(0.85, BONUS, "0.5", id="bonuspaycalc, 85 % pays 5,000 of 10,000"),
    pytest.param(1.2, BONUS, "1.4", id="bonuspaycalc, 120 % pays 14,000"),
    pytest.param(0.69, BONUS, "0", id="bonuspaycalc, below the threshold"),
    pytest.param(3, BONUS, "2", id="the cap holds"),
    pytest.param("0.8", [("0.8", 0), ("0.8", "0.5"), (1, 1)], "0.5", id="a jump counts from its point on"),
    pytest.param("0.7999", [("0.8", 0), ("0.8", "0.5"), (1, 1)], "0", id="not before"),
    pytest.param("0.9", [("0.8", 0), ("0.8", "0.5"), (1, 1)], "0.75", id="and the line starts there"),
    pytest.param(5, [(1, "0.3")], "0.3", id="one point is flat"),
]


@pytest.mark.parametrize(("attainment", "points", "expected"), CURVES)
def test_curve(attainment: object, points: list[tuple[object, object]], expected: str) -> None:
    answer = curve(attainment, points)
    assert isinstance(answer, Decimal)
    assert answer == D(expected)


@given(st.decimals(0, 3, places=4), st.decimals(0, 3, places=4))
def test_a_rising_curve_never_pays_less_for_more(one: Decimal, two: Decimal) -> None:
    assert curve(min(one, two), BONUS) <= curve(max(one, two), BONUS)


def test_refused_curves() -> None:
    for points in ([(1, 0), ("0.5", 1)], [(1, 0), (1, 1), (1, 2)]):
        with pytest.raises(TiersError):
            curve(1, points)
    with pytest.raises(InvalidInput):
        curve(1, [])
    with pytest.raises(InvalidInput) as caught:
        curve(float("nan"), BONUS)
    assert caught.value.code == "not_finite"


def test_proration_of_a_bonus() -> None:
    """salary.com prints 5,040 because it rounds the factor to .252; the exact amount is 5,041.10."""
    exact = prorate(20000, 92, 365)
    assert exact == D(20000) * 92 / 365 or abs(exact - D("5041.0958904109589")) < D("1e-12")
    assert round_money(exact, "USD") == D("5041.10")
    assert prorate("100.00", 0, 31) == 0
    assert prorate(D("100.00"), 31, 31) == D("100.00")
    assert prorate(100, D("15.5"), 31) == 50


@pytest.mark.parametrize(
    ("days", "of"),
    [
        pytest.param(32, 31, id="more than the period"),
        pytest.param(-1, 31, id="negative"),
        pytest.param(0, 0, id="no period"),
    ],
)
def test_refused_prorations(days: int, of: int) -> None:
    with pytest.raises(MoneyError) as caught:
        prorate(100, days, of)
    assert caught.value.code == "days"


ROUNDED = [
    pytest.param("0.125", "EUR", "half_up", "0.13", id="half up"),
    pytest.param("-0.125", "EUR", "half_up", "-0.13", id="half up, a debit like a credit"),
    pytest.param("0.125", "EUR", "half_even", "0.12", id="half even"),
    pytest.param("0.135", "EUR", "half_even", "0.14", id="half even, the other way"),
    pytest.param("0.125", "EUR", "half_down", "0.12", id="half down"),
    pytest.param("0.121", "EUR", "up", "0.13", id="up"),
    pytest.param("0.129", "EUR", "down", "0.12", id="down"),
    pytest.param("-0.121", "EUR", "ceiling", "-0.12", id="ceiling"),
    pytest.param("-0.121", "EUR", "floor", "-0.13", id="floor"),
    pytest.param("1234.5", "JPY", "half_up", "1235", id="yen have no decimals"),
    pytest.param("1.23456", "KWD", "half_up", "1.235", id="dinars have three"),
    pytest.param("1.5", "CNY", "half_up", "1.50", id="yuan have two"),
    pytest.param("425.004", "USD", "half_up", "425.00", id="425.00, not 424.98"),
]


@pytest.mark.parametrize(("amount", "currency", "rounding", "expected"), ROUNDED)
def test_round_money(amount: str, currency: str, rounding: str, expected: str) -> None:
    assert str(round_money(D(amount), currency, rounding)) == expected


def test_refused_roundings() -> None:
    with pytest.raises(MoneyError) as caught:
        round_money(1.005, "EUR")
    assert caught.value.code == "money_float"
    for currency in ("eur", "EURO", "", None, "E1R"):
        with pytest.raises(MoneyError) as caught:
            round_money(1, currency)  # type: ignore[arg-type]
        assert caught.value.code == "currency"
    with pytest.raises(InvalidInput):
        round_money(1, "EUR", "bankers")
    assert str(round_money(D("-0.001"), "EUR")) == "0.00"


def test_pool_net_of_reserve() -> None:
    """brainmass 339293: 10 % of 4,000,000 less a quarter of reserve is 300,000; here split three ways."""
    net = D(4_000_000) * D("0.10") * (1 - D("0.25"))
    assert net == 300_000
    assert split_pool(net, [1, 1, 2]) == [D("75000.00"), D("75000.00"), D("150000.00")]


POOLS = [
    pytest.param(
        "100", [1, 1, 1], None, ["33.34", "33.33", "33.33"], "0", id="the odd cent goes to the first"
    ),
    pytest.param("100", [1, 2, 0], None, ["33.33", "66.67", "0.00"], "0", id="no weight, no money"),
    pytest.param(
        "100", [1, 1, 2], ["10", None, None], ["10.00", "30.00", "60.00"], "0", id="excess goes on by weight"
    ),
    pytest.param(
        "100",
        [5, 3, 2],
        ["20", "45", None],
        ["20.00", "45.00", "35.00"],
        "0",
        id="a second cap is met by the excess",
    ),
    pytest.param("100", [1, 1], ["30", "40"], ["30.00", "40.00"], "30.00", id="all capped, the rest is said"),
    pytest.param(
        "100", [1, 0], ["30", None], ["30.00", "0.00"], "70.00", id="no weight takes no excess either"
    ),
    pytest.param("1", [1, 1], ["0.005", None], ["0.00", "1.00"], "0", id="a cap below a cent"),
    pytest.param("0", [1, 1], None, ["0.00", "0.00"], "0", id="an empty pool"),
    pytest.param("0", [0, 0], None, ["0.00", "0.00"], "0", id="an empty pool for nobody"),
    pytest.param("0.01", [0.1, 0.1, 0.3], None, ["0.00", "0.00", "0.01"], "0", id="a single cent"),
]


@pytest.mark.parametrize(("pool", "weights", "caps", "expected", "rest"), POOLS)
def test_split_pool(
    pool: str, weights: list[float], caps: list[str | None] | None, expected: list[str], rest: str
) -> None:
    shares = split_pool(pool, weights, caps=caps)
    assert isinstance(shares, list)
    assert [str(share) for share in shares] == expected
    assert shares.undistributed == D(rest)


def test_a_pool_in_whole_yen() -> None:
    assert split_pool(100, [1, 1, 1], quantum=D(1)) == [34, 33, 33]


REFUSED_POOLS = [
    pytest.param("-1", [1], None, "pool_negative", id="a negative pool"),
    pytest.param("1.005", [1], None, "pool_not_round", id="half a cent"),
    pytest.param("1", [0, 0], None, "nobody_eligible", id="nobody with a weight"),
    pytest.param("1", [], None, "nobody_eligible", id="nobody"),
    pytest.param(1.0, [1], None, "money_float", id="a float pool"),
    pytest.param("1", [1], [0.5], "money_float", id="a float cap"),
    pytest.param("1", [-1, 2], None, "negative", id="a negative weight"),
    pytest.param("1", [1], ["-1"], "negative", id="a negative cap"),
    pytest.param("1", [1, 1], ["1"], "shape", id="caps for others"),
    pytest.param("1", [float("nan")], None, "not_finite", id="a missing weight"),
    pytest.param("x", [1], None, "not_a_number", id="a word"),
]


@pytest.mark.parametrize(("pool", "weights", "caps", "code"), REFUSED_POOLS)
def test_refused_pools(pool: object, weights: list[float], caps: list[object] | None, code: str) -> None:
    with pytest.raises(ScoringError) as caught:
        split_pool(pool, weights, caps=caps)
    assert caught.value.code == code
    assert isinstance(caught.value, PoolError | MoneyError | InvalidInput)


CENTS = st.integers(0, 10**7).map(lambda cents: D(cents) / 100)


@given(
    CENTS,
    st.lists(
        st.tuples(st.decimals(0, 1000, places=3), st.one_of(st.none(), st.decimals(0, 2000, places=3))),
        min_size=1,
        max_size=25,
    ).filter(lambda people: any(weight for weight, _ in people)),
)
def test_shares_add_up_to_the_cent_and_keep_their_caps(
    pool: Decimal, people: list[tuple[Decimal, Decimal | None]]
) -> None:
    weights, caps = [weight for weight, _ in people], [cap for _, cap in people]
    shares = split_pool(pool, weights, caps=caps)
    assert sum(shares) + shares.undistributed == pool
    for share, weight, cap in zip(shares, weights, caps, strict=True):
        assert share >= 0
        assert share == share.quantize(D("0.01"))
        assert cap is None or share <= cap
        assert weight or share == 0
    if shares.undistributed:
        for share, weight, cap in zip(shares, weights, caps, strict=True):
            assert not weight or (cap is not None and share > cap - D("0.01"))
    uncapped = [
        (share, weight)
        for share, weight, cap in zip(shares, weights, caps, strict=True)
        if weight and (cap is None or share <= cap - D("0.02"))
    ]
    for share, weight in uncapped:
        # Whoever is below the cap gets the same per point as everybody else below it, within a cent.
        assert abs(share * uncapped[0][1] - uncapped[0][0] * weight) <= D("0.01") * (weight + uncapped[0][1])
