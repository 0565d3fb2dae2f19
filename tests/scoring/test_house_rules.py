"""What holds for every module of scoring: purity, named errors, documentation."""

from __future__ import annotations

import ast
import importlib
import inspect
import pickle
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from scoring import errors

ROOT = Path(errors.__file__).parent
MODULES = sorted(path.stem for path in ROOT.glob("*.py") if path.stem != "__init__")

# The face of design: what other rooms and checks call by these names, with these parameters and defaults.
FACE = {
    "kpi.parse": "(text)",
    "attainment.attainment": "(actual, target, *, direction='higher', floor=0.0, cap=None)",
    "attainment.band_score": "(value, bands, *, below=0.0)",
    "ranking.rank": "(scores, *, ties='min', descending=True)",
    "ranking.percentile": "(scores)",
    "ranking.rank_interval": "(scores, standard_errors, *, level=0.95)",
    "ratings.cutoffs": "(scores, bands)",
    "composite.weighted_mean": "(scores, weights, *, missing='renormalise')",
    "composite.combined_standard_error": "(standard_errors, weights, *, unknown='propagate')",
    "composite.score_from_attainment": "(attainment, *, at_target=100.0, maximum=None)",
    "moments.formula_standard_error": "(formula, totals)",
    "apportion.largest_remainder": "(weights, seats)",
    "apportion.forced_distribution": "(scores, shares, *, minimum_group=2, split_ties=False)",
    "pairwise.bradley_terry": "(pairs, *, prior=None, weights=None, items=None)",
    "pairwise.circular_triads": "(wins)",
    "pairwise.next_pairs": "(strengths, standard_errors, asked, *, count)",
    "multisource.combine": "(means, counts, weights, *, minimum, exempt=())",
    "objectives.score": "(progress, weights)",
    "scorecard.combine": "(scores, weights)",
    "scorecard.ahp_weights": "(matrix)",
    "agreement.icc": "(ratings)",
    "agreement.cohen_kappa": "(table, weights=None)",
    "agreement.fleiss_kappa": "(counts)",
    "agreement.krippendorff_alpha": "(ratings, level)",
    "intervals.wilson": "(successes, trials, level=0.95)",
    "shrinkage.empirical_bayes": "(values, variances)",
    "fairness.four_fifths": "(selected, total)",
    "fairness.gini": "(amounts)",
    "surveys.net_promoter_score": "(counts)",
    "payouts.tiered": "(amount, tiers, *, mode, already=0)",
    "payouts.curve": "(attainment, points)",
    "payouts.prorate": "(amount, days, of)",
    "payouts.round_money": "(amount, currency, rounding='half_up')",
    "payouts.split_pool": "(pool, weights, *, caps=None, quantum=Decimal('0.01'))",
}


@pytest.mark.parametrize("name", FACE)
def test_the_face_has_these_parameters(name: str) -> None:
    module, function = name.split(".")
    signature = inspect.signature(getattr(importlib.import_module(f"scoring.{module}"), function))
    bare = signature.replace(
        parameters=[p.replace(annotation=inspect.Parameter.empty) for p in signature.parameters.values()],
        return_annotation=inspect.Signature.empty,
    )
    assert str(bare) == FACE[name]


def test_there_are_modules_to_check() -> None:
    assert len(MODULES) > 15


@pytest.mark.parametrize("name", MODULES)
def test_a_module_imports_mathematics_only(name: str) -> None:
    allowed = {"numpy", "pandas", "scipy", "statsmodels", "krippendorff", "scoring", *sys.stdlib_module_names}
    tree = ast.parse((ROOT / f"{name}.py").read_text(encoding="utf-8"))
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.add(str(node.module).split(".")[0])
    assert found, "every module imports something"
    assert found <= allowed


def test_importing_everything_loads_no_web_framework() -> None:
    code = f"import sys, importlib\nfor m in {MODULES!r}: importlib.import_module('scoring.' + m)\n"
    code += "print([m for m in sys.modules if m.split('.')[0] in ('django', 'celery', 'psycopg2')])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT.parent, check=True
    )
    assert done.stdout.strip() == "[]"


def functions(module: ModuleType) -> list[tuple[str, object]]:
    return [
        (name, value)
        for name, value in vars(module).items()
        if inspect.isfunction(value) and value.__module__ == module.__name__ and not name.startswith("_")
    ]


@pytest.mark.parametrize("name", sorted(FACE))
def test_a_public_function_says_where_it_comes_from(name: str) -> None:
    module, function = name.split(".")
    text = inspect.getdoc(getattr(importlib.import_module(f"scoring.{module}"), function)) or ""
    assert re.search(r"^(returns|Formula|Missing|Errors|Source)\b", text, re.MULTILINE), name


def test_every_code_has_a_sentence_and_every_sentence_is_used() -> None:
    text = "\n".join((ROOT / f"{name}.py").read_text(encoding="utf-8") for name in MODULES)
    body = text.replace((ROOT / "errors.py").read_text(encoding="utf-8"), "")
    defaults = set(re.findall(r'default_code = "(\w+)"', text))
    used = {code for code in errors.MESSAGES if f'"{code}"' in body} | defaults
    assert defaults <= set(errors.MESSAGES)
    assert set(errors.MESSAGES) - used == set()
    raised = set(re.findall(r"(?:InvalidInput|MoneyError|PoolError|FormulaError)\(\s*\"(\w+)\"", body))
    assert len(raised) > 20
    assert raised <= set(errors.MESSAGES)


def test_errors_carry_code_and_parameters_and_survive_pickling() -> None:
    for error in (
        errors.SmallGroup(size=1, minimum=5),
        errors.InvalidInput("choice", name="ties", found="x", allowed="min"),
        errors.PoolError("pool_negative"),
    ):
        copy = pickle.loads(pickle.dumps(error))
        assert isinstance(copy, errors.ScoringError)
        assert isinstance(copy, ValueError)
        assert (type(copy), copy.code, copy.params, str(copy)) == (
            type(error),
            error.code,
            error.params,
            str(error),
        )
    assert str(errors.SmallGroup(size=1, minimum=5)) == "The group has 1 members; at least 5 are needed."


def test_a_file_stays_readable() -> None:
    for name in MODULES:
        assert len((ROOT / f"{name}.py").read_text(encoding="utf-8").splitlines()) <= 400, name
