"""KPI formulas: the grammar, what it refuses, and what it computes."""

from __future__ import annotations

import builtins
import pickle
import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring import grammar, kpi
from scoring.errors import FormulaError, MissingMeasure

NAN = float("nan")

FRAME = pd.DataFrame(
    {
        ("resolved", "sum"): [80.0, 45.0, 0.0, NAN],
        ("resolved", "count"): [100, 60, 0, 10],
        ("resolved", "min"): [0, 0, NAN, 0],
        ("resolved", "max"): [1, 1, NAN, 1],
        ("talk", "sum"): [30_000.0, 9_000.0, 0.0, 2_000.0],
        ("talk", "count"): [100, 60, 0, 10],
    }
)

COMPUTED = [
    pytest.param(
        "sum(resolved) / count(resolved)", [0.8, 0.75, NAN, NAN], id="ratio, nan where nothing was counted"
    ),
    pytest.param("mean(talk)", [300, 150, NAN, 200], id="mean is sum over count"),
    pytest.param("100 * (1 - mean(resolved))", [20, 25, NAN, NAN], id="parentheses"),
    pytest.param("1 + 2 * 3 - 4 / 2", [5, 5, 5, 5], id="precedence, constant for everyone"),
    pytest.param("10 - 4 - 3", [3, 3, 3, 3], id="subtraction from the left"),
    pytest.param("16 / 4 / 2", [2, 2, 2, 2], id="division from the left"),
    pytest.param("-2 ** 2", [-4, -4, -4, -4], id="the power binds tighter than the sign"),
    pytest.param("2 ** 0 + +3 ** 2", [10, 10, 10, 10], id="powers"),
    pytest.param("1.5e2 + .5", [150.5] * 4, id="decimal and scientific numbers"),
    pytest.param("max(0, 1 - mean(talk) / 200)", [0, 0.25, NAN, 0], id="larger of two expressions"),
    pytest.param(
        "min(resolved, talk, 50)", [50, 45, 0, NAN], id="bare codes among arguments mean their sums"
    ),
    pytest.param("max(resolved) - min(resolved)", [1, 1, NAN, 1], id="largest and smallest single value"),
    pytest.param("1 / (1 / sum(resolved))", [80, 45, NAN, NAN], id="a division by zero stays undefined"),
    pytest.param("0 * (sum(talk) / count(talk))", [0, 0, NAN, 0], id="nothing hides an undefined part"),
    pytest.param(
        "(1e14 * 1e14) ** 4 * (1e14 * 1e14) ** 4 * (1e14*1e14)**4", [NAN] * 4, id="overflow is undefined"
    ),
]


@pytest.mark.parametrize(("text", "expected"), COMPUTED)
def test_a_formula_gives_one_value_per_subject(text: str, expected: list[float]) -> None:
    values = kpi.parse(text).evaluate(FRAME)
    assert values.dtype == np.float64
    np.testing.assert_allclose(values, expected, rtol=1e-12)


REFUSED = [
    pytest.param("", "formula_empty", 0, id="empty"),
    pytest.param(" \t\n", "formula_empty", 0, id="blank"),
    pytest.param("sum(a) + ", "formula_end", 9, id="ends early"),
    pytest.param("sum(a", "formula_end", 5, id="parenthesis left open"),
    pytest.param("sum(", "formula_end", 4, id="function left open"),
    pytest.param("sum(a))", "formula_unexpected", 6, id="one parenthesis too many"),
    pytest.param("sum(a) sum(b)", "formula_unexpected", 7, id="two expressions side by side"),
    pytest.param("sum(a), sum(b)", "formula_unexpected", 6, id="a tuple"),
    pytest.param("sum(a) // 2", "formula_unexpected", 8, id="whole division"),
    pytest.param("a", "formula_bare_measure", 0, id="a measure without its statistic"),
    pytest.param("a / b", "formula_bare_measure", 0, id="measures without their statistics"),
    pytest.param("median(a)", "formula_function", 0, id="unknown function"),
    pytest.param("SUM(a)", "formula_function", 0, id="functions are lower case"),
    pytest.param("open('x')", "formula_character", 5, id="a call with a text"),
    pytest.param("exec(a)", "formula_function", 0, id="a call of a builtin"),
    pytest.param("sum(sum(a))", "formula_measure_expected", 4, id="a statistic of a statistic"),
    pytest.param("sum(a + b)", "formula_measure_expected", 4, id="a statistic of an expression"),
    pytest.param("sum(3)", "formula_measure_expected", 4, id="a statistic of a number"),
    pytest.param("sum()", "formula_measure_expected", 4, id="a statistic of nothing"),
    pytest.param("sum(a, b)", "formula_measure_expected", 4, id="a statistic of two measures"),
    pytest.param("min(1)", "formula_arguments", 0, id="the smaller of one"),
    pytest.param("max(sum(a))", "formula_arguments", 0, id="the larger of one"),
    pytest.param("sum(a)(b)", "formula_unexpected", 6, id="a call of a result"),
    pytest.param("__import__('os')", "formula_character", 11, id="dunder import"),
    pytest.param("__import__", "formula_name", 0, id="dunder name"),
    pytest.param("sum(__class__)", "formula_name", 4, id="dunder measure"),
    pytest.param("sum(a__b)", "formula_name", 4, id="double underscore inside"),
    pytest.param("sum(_a)", "formula_name", 4, id="leading underscore"),
    pytest.param("sum(a).__class__", "formula_character", 6, id="attribute"),
    pytest.param("sum(a.real)", "formula_character", 5, id="attribute of a measure"),
    pytest.param("'{0.__class__}'.format(1)", "formula_character", 0, id="format"),
    pytest.param('f"{1}"', "formula_character", 1, id="f-string"),
    pytest.param("%s % 1", "formula_character", 0, id="percent format"),
    pytest.param("lambda: 1", "formula_character", 6, id="lambda"),
    pytest.param("[x for x in y]", "formula_character", 0, id="comprehension"),
    pytest.param("sum(a) == 1", "formula_character", 7, id="comparison"),
    pytest.param("sum(a) if 1 else 2", "formula_unexpected", 7, id="condition"),
    pytest.param("x := 1", "formula_character", 2, id="assignment"),
    pytest.param("sum(a); sum(b)", "formula_character", 6, id="second statement"),
    pytest.param("sum(a) # note", "formula_character", 7, id="comment"),
    pytest.param("sum(a)[0]", "formula_character", 6, id="index"),
    pytest.param("sum(a) @ sum(b)", "formula_character", 7, id="matrix product"),
    pytest.param("9**9**9", "formula_exponent", 3, id="tower of powers"),
    pytest.param("2**99", "formula_exponent", 3, id="large exponent"),
    pytest.param("2**5", "formula_exponent", 3, id="exponent above four"),
    pytest.param("2**-1", "formula_exponent", 3, id="negative exponent"),
    pytest.param("2**0.5", "formula_exponent", 3, id="fractional exponent"),
    pytest.param("2**sum(a)", "formula_exponent", 3, id="computed exponent"),
    pytest.param("2**(2)", "formula_exponent", 3, id="exponent in parentheses"),
    pytest.param("nan", "formula_name", 0, id="nan"),
    pytest.param("NaN", "formula_name", 0, id="NaN"),
    pytest.param("inf", "formula_name", 0, id="inf"),
    pytest.param("sum(Infinity)", "formula_name", 4, id="infinity as a measure"),
    pytest.param("sum(sum)", "formula_name", 4, id="a function's name as a measure"),
    pytest.param("None + True", "formula_name", 0, id="constants"),
    pytest.param("1e999", "formula_number", 0, id="a number beyond all floats"),
    pytest.param("1e15", "formula_number", 0, id="a number beyond all use"),
    pytest.param("0x10", "formula_number", 0, id="hexadecimal"),
    pytest.param("1_000", "formula_number", 0, id="underscored number"),
    pytest.param("1.2.3", "formula_number", 0, id="two points"),
    pytest.param("5j", "formula_number", 0, id="complex"),
    pytest.param("１ + 1", "formula_character", 0, id="full-width digit"),
    pytest.param("sum（a）", "formula_character", 3, id="full-width parenthesis"),
    pytest.param("sum(ѕum)", "formula_character", 4, id="homoglyph"),
    pytest.param("sum(a)\u202e", "formula_character", 6, id="right-to-left override"),
    pytest.param("sum(a)\x00", "formula_character", 6, id="NUL"),
    pytest.param("\ud800", "formula_character", 0, id="lone surrogate"),
    pytest.param("sum(" + "a" * 65 + ")", "formula_name", 4, id="code too long"),
    pytest.param("1+" * 300 + "1", "formula_too_long", 500, id="too long"),
    pytest.param("(" * 200 + "1" + ")" * 200, "formula_too_deep", 20, id="parentheses too deep"),
    pytest.param("min(1," * 80 + "1" + ")" * 80, "formula_too_long", 500, id="functions too deep and long"),
    pytest.param("min(1," * 60 + "1" + ")" * 60, "formula_too_deep", 118, id="functions too deep"),
    pytest.param("-" * 400 + "1", "formula_too_deep", 19, id="signs too deep"),
]


@pytest.mark.parametrize(("text", "code", "position"), REFUSED)
def test_anything_else_is_refused_at_once(text: str, code: str, position: int) -> None:
    started = time.perf_counter()
    with pytest.raises(FormulaError) as caught:
        kpi.parse(text)
    assert time.perf_counter() - started < 0.1
    assert (caught.value.code, caught.value.position) == (code, position)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("value", [None, 5, b"sum(a)", ["sum(a)"]])
def test_a_formula_is_a_text(value: object) -> None:
    with pytest.raises(FormulaError) as caught:
        kpi.parse(value)  # type: ignore[arg-type]
    assert caught.value.code == "formula_not_text"


def test_the_longest_allowed_formula_is_parsed_and_computed_in_time() -> None:
    text = "1+" * 249 + "1"
    started = time.perf_counter()
    values = kpi.parse(text).evaluate(pd.DataFrame(index=range(3)))
    assert time.perf_counter() - started < 0.1
    assert values.tolist() == [250.0] * 3


def test_a_formula_knows_its_measures_and_columns() -> None:
    formula = kpi.parse("mean(csat) / max(sum(calls), 1) + min(wait)")
    assert formula.measures == {"csat", "calls", "wait"}
    assert formula.columns == {("csat", "sum"), ("csat", "count"), ("calls", "sum"), ("wait", "min")}
    assert kpi.parse("1 + 1").measures == frozenset()


def test_a_formula_compares_by_text_and_survives_pickling() -> None:
    formula = kpi.parse("sum(a) / sum(b)")
    copy = pickle.loads(pickle.dumps(formula))
    assert copy == formula == kpi.parse("sum(a) / sum(b)")
    assert copy.evaluate({"a": [1.0], "b": [4.0]}).tolist() == [0.25]


def test_an_error_survives_pickling() -> None:
    with pytest.raises(FormulaError) as caught:
        kpi.parse("sum(a) +")
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (copy.code, copy.position, str(copy)) == ("formula_end", 8, str(caught.value))


VALUES = {"sum": [6.0, 8.0], "count": [3.0, 2.0]}
LAYOUTS = [
    pytest.param({("m", "sum"): VALUES["sum"], ("m", "count"): VALUES["count"]}, id="canonical levels"),
    pytest.param({("m", "total"): VALUES["sum"], ("m", "n"): VALUES["count"]}, id="levels in other words"),
    pytest.param({("total", "m"): VALUES["sum"], ("n", "m"): VALUES["count"]}, id="levels of a pivot"),
    pytest.param({"sum(m)": VALUES["sum"], "count(m)": VALUES["count"]}, id="as written in formulas"),
    pytest.param({"m__sum": VALUES["sum"], "m__count": VALUES["count"]}, id="double underscore"),
    pytest.param({"m.sum": VALUES["sum"], "m.count": VALUES["count"]}, id="point"),
    pytest.param({"m_sum": VALUES["sum"], "m_count": VALUES["count"]}, id="underscore"),
    pytest.param({"m_total": VALUES["sum"], "m_n": VALUES["count"]}, id="totals and counts"),
    pytest.param({"m": VALUES["sum"], "m_n": VALUES["count"]}, id="the bare code is the sum"),
]


@pytest.mark.parametrize("columns", LAYOUTS)
def test_every_documented_layout_of_a_frame_is_read(columns: dict[object, list[float]]) -> None:
    formula = kpi.parse("mean(m)")
    assert formula.evaluate(pd.DataFrame(columns)).tolist() == [2.0, 4.0]
    assert formula.evaluate(columns).tolist() == [2.0, 4.0]


def test_a_nested_mapping_is_read() -> None:
    assert kpi.parse("mean(m)").evaluate({"m": VALUES}).tolist() == [2.0, 4.0]


def test_a_pivot_of_observations_is_read() -> None:
    rows = pd.DataFrame(
        [("ann", "m", 3, 6.0), ("bo", "m", 2, 8.0), ("ann", "k", 1, 5.0)],
        columns=["subject", "measure", "n", "total"],
    )
    frame = rows.pivot(index="subject", columns="measure", values=["n", "total"])
    np.testing.assert_array_equal(kpi.parse("mean(m) + sum(k)").evaluate(frame), [7.0, NAN])


def test_another_measure_is_never_taken_for_a_statistic() -> None:
    frame = pd.DataFrame({"calls": [5.0], "calls_n": [7.0]})
    assert kpi.parse("sum(calls) + sum(calls_n)").evaluate(frame).tolist() == [12.0]
    with pytest.raises(MissingMeasure):
        kpi.parse("mean(calls) + sum(calls_n)").evaluate(frame)


def test_a_missing_column_is_named() -> None:
    with pytest.raises(MissingMeasure) as caught:
        kpi.parse("mean(m)").evaluate(pd.DataFrame({"m": [1.0]}))
    assert caught.value.params == {"measure": "m", "statistic": "count"}


def test_a_doubled_column_is_not_guessed_at() -> None:
    frame = pd.DataFrame([[1.0, 2.0]], columns=["m", "m"])
    with pytest.raises(MissingMeasure) as caught:
        kpi.parse("sum(m)").evaluate(frame)
    assert caught.value.code == "measure_ambiguous"


def test_infinity_and_decimals_in_a_frame() -> None:
    from decimal import Decimal

    frame = pd.DataFrame({"m": [Decimal("1.5"), None, float("inf")]}, dtype=object)
    np.testing.assert_array_equal(kpi.parse("sum(m)").evaluate(frame), [1.5, NAN, NAN])


def test_a_frame_without_rows() -> None:
    assert kpi.parse("sum(m) / 2").evaluate(pd.DataFrame({"m": []})).shape == (0,)


def test_the_input_frame_is_not_shared_with_the_answer() -> None:
    frame = pd.DataFrame({"m": [1.0, 2.0]})
    kpi.parse("sum(m)").evaluate(frame)[0] = 99.0
    assert frame["m"].tolist() == [1.0, 2.0]


PIECES = st.sampled_from(
    ["sum(a)", "mean(a)", "count(b)", "min(a, 2)", "max(b)", "3", "0", ".5", "(", ")", "+", "-", "*", "/", "**2",
     "**", ",", "a", "__import__", "eval", "exec(", "open(", "'x'", ".", "nan", "\n", "1e9", "{", "lambda"]
)  # fmt: skip


def outcome(text: str, frame: dict[str, list[float]]) -> tuple[int, str | None, frozenset[str]]:
    """Where a text is refused, which measure it lacks, and which it reads; any other exception is a failure."""
    try:
        formula = kpi.parse(text)
    except FormulaError as error:
        return error.position, None, frozenset()
    try:
        formula.evaluate(frame)
    except MissingMeasure as error:
        return 0, error.params["measure"], formula.measures
    return 0, None, formula.measures


@given(st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=25).map("".join)))
def test_no_text_runs_code_or_fails_in_another_way(text: str) -> None:
    """Everything that could execute a text is replaced by a trap while the formula is read and computed."""
    frame = {"a__sum": [1.0], "a__count": [2.0], "b__count": [0.0], "b__max": [3.0], "b__sum": [0.0]}
    called: list[str] = []
    originals = {name: getattr(builtins, name) for name in ("eval", "exec", "compile", "open", "__import__")}

    def trap(name: str) -> object:
        def call(*arguments: object, **keywords: object) -> object:
            if name == "__import__":
                # numpy and pandas import parts of themselves lazily; that is not the formula's doing.
                if (
                    arguments
                    and str(arguments[0]) in text
                    and str(arguments[0]) in ("os", "sys", "subprocess")
                ):
                    called.append(name)
                return originals[name](*arguments, **keywords)
            called.append(name)
            return None

        return call

    try:
        for name in originals:
            setattr(builtins, name, trap(name))
        position, missing, measures = outcome(text, frame)
    finally:
        for name, original in originals.items():
            setattr(builtins, name, original)
    assert called == []
    assert 0 <= position <= grammar.MAX_LENGTH
    assert missing is None or missing in measures


NUMBERS = st.floats(min_value=-1e3, max_value=1e3, allow_nan=False).map(lambda x: round(x, 3))


@st.composite
def arithmetic(draw: st.DrawFn, depth: int = 0) -> str:
    if depth > 4 or draw(st.booleans()):
        return draw(st.sampled_from(["sum(a)", "sum(b)", str(abs(draw(NUMBERS)))]))
    left, right = draw(arithmetic(depth + 1)), draw(arithmetic(depth + 1))
    return f"({left} {draw(st.sampled_from('+-*/'))} {right})"


@given(arithmetic(), NUMBERS, NUMBERS)
def test_arithmetic_agrees_with_a_second_reading(text: str, a: float, b: float) -> None:
    """The same text computed by Python, which is safe here because the text was generated."""
    if len(text) > grammar.MAX_LENGTH:
        return
    value = kpi.parse(text).evaluate({"a": [a], "b": [b]})[0]
    try:
        expected = eval(text.replace("sum(a)", f"({a!r})").replace("sum(b)", f"({b!r})"))
    except (ZeroDivisionError, OverflowError):
        expected = NAN
    np.testing.assert_allclose(value, expected, rtol=1e-9)
