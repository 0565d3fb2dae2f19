"""The trials in little, and the proof that they can fail. `make trials` runs all of them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


def trials(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.trials", "--reduced", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )


@pytest.mark.slow
def test_what_the_engine_survives() -> None:
    answer = trials()
    assert answer.returncode == 0, answer.stdout + answer.stderr[-3000:]
    assert "0 not survived" in answer.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("plant", "trial"),
    [
        pytest.param("fence", "stopped", id="work is counted whoever has the shard now"),
        pytest.param("lease", "R10", id="shards in work are taken as well"),
    ],
)
def test_a_planted_fault_is_found(plant: str, trial: str) -> None:
    answer = trials("--plant", plant, "--only", trial)
    assert answer.returncode == 1, answer.stdout + answer.stderr[-3000:]
    assert "FAILED" in answer.stdout
