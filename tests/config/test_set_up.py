"""Files that no test would otherwise touch: CI, containers, requirements."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
COMPOSE = ROOT / "docker-compose.yml"


def test_ci_is_an_executable_script() -> None:
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    subprocess.run(["bash", "-n", str(ROOT / ".ci" / "run")], check=True)
    subprocess.run(["sh", "-n", str(ROOT / "docker" / "roles.sh")], check=True)


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_requirements_are_pinned_and_hashed_without_an_address(name: str) -> None:
    text = (ROOT / name).read_text()
    assert not re.search(r"https?://|--(extra-)?index-url|--find-links", text)
    packages = re.findall(r"^[A-Za-z0-9].*(?:\n    --hash=.*)*", text, flags=re.MULTILINE)
    assert len(packages) > 30
    for package in packages:
        assert re.match(r"[A-Za-z0-9._\[\]-]+==\S+", package), package
        assert "--hash=sha256:" in package, package


def test_every_runtime_package_has_the_same_version_in_development() -> None:
    def pins(name: str) -> set[str]:
        return set(re.findall(r"^[A-Za-z0-9._-]+==[^\s;]+", (ROOT / name).read_text(), flags=re.MULTILINE))

    assert pins("requirements.txt") <= pins("requirements-dev.txt")


def compose() -> dict[str, Any]:
    answer: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())
    return answer


def test_compose_has_every_service_with_a_health_check() -> None:
    services = compose()["services"]
    assert set(services) == {"postgres", "valkey", "migrate", "web", "worker", "beat"}
    for name, service in services.items():
        assert name == "migrate" or service["healthcheck"]["test"], name


def test_compose_has_no_default_secret() -> None:
    variables = dict(re.findall(r"\$\{(\w+)(:?[-?]?[^}]*)\}", COMPOSE.read_text().split("services:", 1)[1]))
    variables |= dict(re.findall(r"\$\{(\w+)(:?[-?]?[^}]*)\}", COMPOSE.read_text().split("services:", 1)[0]))
    secret = {
        name for name in variables if re.search(r"PASSWORD|SECRET", name) and not name.startswith("EMAIL")
    }
    assert {
        "SECRET_KEY",
        "POSTGRES_PASSWORD",
        "OWNER_PASSWORD",
        "APPLICATION_PASSWORD",
        "VALKEY_PASSWORD",
    } <= secret
    assert {name: variables[name] for name in secret} == dict.fromkeys(secret, ":?")


def test_example_names_every_variable_and_gives_no_secret() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    given = dict(line.split("=", 1) for line in lines if re.match(r"[A-Z_]+=", line))
    used = set(re.findall(r"(?<!\$)\$\{(\w+)", COMPOSE.read_text()))
    assert used <= set(given)
    assert not [name for name, value in given.items() if value and re.search(r"PASSWORD|SECRET", name)]


def test_image_does_not_run_as_root() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    last_stage = max(number for number, line in enumerate(lines) if line.startswith("FROM"))
    assert "USER laurel" in lines[last_stage:]
