"""The worked example of docs/incentive-plans.md is executed, and its table names every kind of step."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

from django.utils.translation import override

from incentives.steps.registry import KINDS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "incentive-plans.md"


def test_the_worked_example() -> None:
    with override("en"):
        outcome = doctest.testfile(str(PAGE), module_relative=False, encoding="utf-8")
    assert outcome.attempted >= 8
    assert outcome.failed == 0


def test_every_kind_of_step_is_described() -> None:
    assert set(re.findall(r"^\| `(\w+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)) == set(KINDS)
