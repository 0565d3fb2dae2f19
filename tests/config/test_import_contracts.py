"""The contracts of pyproject.toml bite: each is given one import that breaks it, in a copy of the house."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
ROOMS = (
    "config",
    "demo",
    "operations",
    "incentives",
    "reviews",
    "metrics",
    "people",
    "foundation",
    "scoring",
)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every room with its parts, all of them empty, so that only what is planted can break anything."""
    house = tmp_path_factory.mktemp("house")
    parts = ("models", "selectors", "services", "tasks", "api", "views", "urls", "admin")
    for room in ROOMS:
        names = ("clients", "delivery", "intake", "runs", "trail") if room == "foundation" else parts
        for module in ("__init__", *(() if room in ("scoring", "config") else names)):
            path = house / room / f"{module}.py"
            path.parent.mkdir(exist_ok=True)
            path.touch()
    (house / "tests").mkdir()
    shutil.copy(ROOT / "tests" / "contracts.py", house / "tests")
    shutil.copy(ROOT / "pyproject.toml", house)
    return house


def lint(house: Path) -> tuple[int, str]:
    answer = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()", "--no-cache"],
        cwd=house,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return answer.returncode, answer.stdout + answer.stderr


def test_empty_house_keeps_every_contract(house: Path) -> None:
    code, output = lint(house)
    assert code == 0, output
    assert " 0 broken" in output


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("people/models.py", "import reviews.models"),
        ("scoring/__init__.py", "import people.models"),
        ("reviews/services.py", "from incentives import services"),
        ("foundation/trail.py", "import foundation.runs"),
        ("foundation/clients.py", "import foundation.intake"),
        ("reviews/models.py", "import reviews.services"),
        ("reviews/services.py", "from reviews import tasks"),
        ("metrics/api.py", "import metrics.views"),
        ("reviews/views.py", "import metrics.views"),
        ("demo/services.py", "from metrics.tasks import anything"),
        ("operations/api.py", "import people.urls"),
        ("scoring/__init__.py", "from django.db import models"),
        ("scoring/__init__.py", "import celery"),
    ],
)
def test_planted_import_is_found(house: Path, module: str, line: str) -> None:
    planted = house / module
    planted.write_text(line)
    try:
        code, output = lint(house)
    finally:
        planted.write_text("")
    assert code == 1, output
    assert " 1 broken" in output, output


def test_config_may_enter(house: Path) -> None:
    (house / "config" / "urls.py").write_text("import people.urls\nimport reviews.views")
    try:
        assert lint(house)[0] == 0
    finally:
        (house / "config" / "urls.py").unlink()
