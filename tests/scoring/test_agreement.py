"""Agreement between raters."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats import inter_rater

from scoring.agreement import cohen_kappa, fleiss_kappa, icc, krippendorff_alpha
from scoring.errors import InvalidInput, ScoringError, TooFewRaters, TooFewTargets, ZeroVariance

NAN = float("nan")
SHROUT_FLEISS = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]


def test_shrout_and_fleiss() -> None:
    """Shrout and Fleiss 1979, table 4, to three decimals (there .17 .29 .71 .44 .62 .91)."""
    assert icc(SHROUT_FLEISS) == pytest.approx(
        {"ICC1": 0.166, "ICC2": 0.290, "ICC3": 0.715, "ICC1k": 0.443, "ICC2k": 0.620, "ICC3k": 0.909},
        abs=5e-4,
    )


def test_an_incomplete_target_is_left_out() -> None:
    assert icc([*SHROUT_FLEISS, [1, NAN, 9, 3]]) == icc(SHROUT_FLEISS)


def test_icc_does_not_depend_on_origin_and_unit() -> None:
    moved = icc(1e6 + 0.01 * np.array(SHROUT_FLEISS))
    assert moved == pytest.approx(icc(SHROUT_FLEISS), rel=1e-6)


def test_perfect_agreement_is_one_and_none_is_stated() -> None:
    assert set(icc([[1, 1], [2, 2], [3, 3]]).values()) == {1.0}
    same_targets = icc([[1, 2], [2, 1]])
    assert same_targets["ICC1k"] is None
    assert same_targets["ICC1"] == pytest.approx(-1.0)


UNANSWERABLE = [
    pytest.param(lambda: icc([[1], [2]]), TooFewRaters, id="ICC of one rater"),
    pytest.param(lambda: icc([[1, 2]]), TooFewTargets, id="ICC of one target"),
    pytest.param(lambda: icc([[1, NAN], [2, 2]]), TooFewTargets, id="ICC of one complete target"),
    pytest.param(lambda: icc([[3, 3], [3, 3]]), ZeroVariance, id="ICC without variation"),
    pytest.param(lambda: cohen_kappa([[5, 0], [0, 0]]), ZeroVariance, id="Cohen, all in one category"),
    pytest.param(lambda: cohen_kappa([[0, 0], [0, 0]]), TooFewTargets, id="Cohen of nothing"),
    pytest.param(lambda: fleiss_kappa([[3, 0], [3, 0]]), ZeroVariance, id="Fleiss, all in one category"),
    pytest.param(lambda: fleiss_kappa([[1, 0], [0, 1]]), TooFewRaters, id="Fleiss of one rater"),
    pytest.param(lambda: fleiss_kappa(np.zeros((0, 3))), TooFewTargets, id="Fleiss of nothing"),
    pytest.param(lambda: fleiss_kappa([[0, 0]]), TooFewRaters, id="Fleiss of no rater"),
    pytest.param(lambda: krippendorff_alpha([[1, 2]], "nominal"), TooFewRaters, id="alpha of one rater"),
    pytest.param(
        lambda: krippendorff_alpha([[1, NAN], [NAN, 2]], "nominal"), TooFewTargets, id="alpha without pairs"
    ),
    pytest.param(
        lambda: krippendorff_alpha([[1, 1, 2], [1, 1, NAN]], "interval"), ZeroVariance, id="alpha, all equal"
    ),
    pytest.param(lambda: icc([[1, float("inf")], [1, 2]]), InvalidInput, id="ICC of infinity"),
    pytest.param(lambda: icc([1, 2]), InvalidInput, id="ICC of a list"),
    pytest.param(lambda: cohen_kappa([[1, 2]]), InvalidInput, id="Cohen of a table that is not square"),
    pytest.param(lambda: cohen_kappa([[1, 2], [1, 1]], "cubic"), InvalidInput, id="Cohen by unknown weights"),
    pytest.param(lambda: cohen_kappa([[1.5, 2], [1, 1]]), InvalidInput, id="Cohen of half an object"),
    pytest.param(lambda: fleiss_kappa([[2, 0], [1, 2]]), InvalidInput, id="Fleiss of unequal raters"),
    pytest.param(
        lambda: krippendorff_alpha([[1, 2], [1, 2]], "circular"), InvalidInput, id="alpha of unknown level"
    ),
]


@pytest.mark.parametrize(("call", "kind"), UNANSWERABLE)
def test_what_has_no_value_is_a_named_error(call: object, kind: type[ScoringError]) -> None:
    with pytest.raises(ScoringError) as caught:
        call()  # type: ignore[operator]
    assert type(caught.value) is kind


def test_cohen() -> None:
    """statsmodels' test case, from a SAS printout; and the two-category example of textbooks."""
    table = [[0, 4, 1], [0, 8, 0], [0, 1, 5]]
    assert cohen_kappa(table) == pytest.approx(0.4842, abs=5e-5)
    assert cohen_kappa(table, "linear") == pytest.approx(0.4701, abs=5e-5)
    assert cohen_kappa([[20, 5], [10, 15]]) == pytest.approx(0.4)
    assert cohen_kappa([[20, 5], [10, 15]], "quadratic") == pytest.approx(0.4)


FLEISS = [
    [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
]  # fmt: skip


def test_fleiss() -> None:
    """Wikipedia's example of fourteen raters and ten subjects; also statsmodels' test case."""
    assert fleiss_kappa(FLEISS) == pytest.approx(0.210, abs=5e-4)


# irr and DescTools, kripp.alpha: four raters by twelve units.
NMM = np.array(
    [
        [1, 1, NAN, 1], [2, 2, 3, 2], [3, 3, 3, 3], [3, 3, 3, 3], [2, 2, 2, 2], [1, 2, 3, 4],
        [4, 4, 4, 4], [1, 1, 2, 1], [2, 2, 2, 2], [NAN, 5, 5, 5], [NAN, NAN, 1, 1], [NAN, NAN, 3, NAN],
    ]
).T  # fmt: skip
KRIPPENDORFF = [
    pytest.param("nominal", 0.743421, id="nominal"),
    pytest.param("ordinal", 0.815388, id="ordinal"),
    pytest.param("interval", 0.849107, id="interval"),
    pytest.param("ratio", 0.797403, id="ratio"),
]


@pytest.mark.parametrize(("level", "expected"), KRIPPENDORFF)
def test_krippendorff(level: str, expected: float) -> None:
    assert NMM.shape == (4, 12)
    assert krippendorff_alpha(NMM, level) == pytest.approx(expected, abs=5e-7)


def test_krippendorff_by_three_coders() -> None:
    """Wikipedia's example: alpha 0.691 nominal and 0.811 interval."""
    coders = [
        [NAN, NAN, NAN, NAN, NAN, 3, 4, 1, 2, 1, 1, 3, 3, NAN, 3],
        [1, NAN, 2, 1, 3, 3, 4, 3, NAN, NAN, NAN, NAN, NAN, NAN, NAN],
        [NAN, NAN, 2, 1, 3, 4, 4, NAN, 2, 1, 1, 3, 3, NAN, 4],
    ]
    assert krippendorff_alpha(coders, "nominal") == pytest.approx(0.691, abs=5e-4)
    assert krippendorff_alpha(coders, "interval") == pytest.approx(0.811, abs=5e-4)


def table(rows: int, columns: int) -> st.SearchStrategy[list[list[int]]]:
    return st.lists(
        st.lists(st.integers(1, 5), min_size=columns, max_size=columns), min_size=rows, max_size=rows
    )


RATINGS = st.tuples(st.integers(2, 6), st.integers(2, 4)).flatmap(lambda shape: table(*shape))


@given(RATINGS)
def test_agreement_stays_in_range(ratings: list[list[int]]) -> None:
    try:
        forms = icc(ratings)
    except ZeroVariance:
        assert len({value for row in ratings for value in row}) == 1
        return
    assert all(value is None or value <= 1 + 1e-12 for value in forms.values())
    k = len(ratings[0])
    for single in ("ICC1", "ICC3"):
        assert forms[single] is None or -1 / (k - 1) - 1e-9 <= forms[single] <= 1
    alpha = krippendorff_alpha(np.array(ratings).T, "interval")
    assert -1.0 <= alpha <= 1.0
    counts = [[row.count(grade) for grade in range(1, 6)] for row in ratings]
    assert -1 / (k - 1) - 1e-9 <= fleiss_kappa(counts) <= 1


@given(table(3, 3))
def test_kappas_agree_with_statsmodels(counts: list[list[int]]) -> None:
    for weights, name in ((None, None), ("linear", "linear"), ("quadratic", "quadratic")):
        theirs = inter_rater.cohens_kappa(np.array(counts), wt=name, return_results=False)
        assert cohen_kappa(counts, weights) == pytest.approx(theirs)
    subjects = [[3, 1, 0], [0, 2, 2], [1, 1, 2]]
    extra = [counts[0][0] % 3, 4 - counts[0][0] % 3, 0]
    assert fleiss_kappa([*subjects, extra]) == pytest.approx(
        inter_rater.fleiss_kappa(np.array([*subjects, extra]))
    )


@given(table(3, 3).filter(lambda rows: any(map(any, rows))))
def test_cohen_stays_in_range_and_is_symmetric(counts: list[list[int]]) -> None:
    for weights in (None, "linear", "quadratic"):
        kappa = cohen_kappa(counts, weights)
        assert -1 <= kappa <= 1
        assert kappa == pytest.approx(cohen_kappa(np.array(counts).T, weights))
