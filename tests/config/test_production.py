"""Production starts with every secret given, and only then."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
GOOD = {
    "SECRET_KEY": "kT3-v9Qz_Lm2xW8rB5nY7cD1fG4hJ6pS0aE-uI_oR9tV3bN2mX8zC5",
    "ALLOWED_HOSTS": "laurel.example",
    "DATABASE_URL": "postgresql://laurel_app:x@127.0.0.1:1/laurel",
    "REDIS_URL": "redis://127.0.0.1:1/0",
}


def settings(expression: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-c", f"from django.conf import settings; print(({expression}))"],
        cwd=ROOT,
        env=kept | {"DJANGO_SETTINGS_MODULE": "config.settings.production"} | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_starts_with_everything_given() -> None:
    answer = settings("settings.SESSION_COOKIE_SECURE, settings.DEBUG, settings.CSRF_TRUSTED_ORIGINS", **GOOD)
    assert answer.stdout.strip() == "(True, False, ['https://laurel.example'])", answer.stderr


@pytest.mark.parametrize("name", list(GOOD))
def test_refuses_to_start_without(name: str) -> None:
    answer = settings("settings.DEBUG", **{key: value for key, value in GOOD.items() if key != name})
    assert answer.returncode != 0
    assert f"ImproperlyConfigured: Set {name}" in answer.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [("SECRET_KEY", "short"), ("SECRET_KEY", "a" * 60), ("ALLOWED_HOSTS", "*"), ("SECRET_KEY", " ")],
)
def test_refuses_weak_values(name: str, value: str) -> None:
    answer = settings("settings.DEBUG", **GOOD | {name: value})
    assert answer.returncode != 0
    assert "ImproperlyConfigured" in answer.stderr


def test_proxy_header_is_believed_only_when_told() -> None:
    assert settings("settings.SECURE_PROXY_SSL_HEADER", **GOOD).stdout.strip() == "None"
    told = settings("settings.SECURE_PROXY_SSL_HEADER", **GOOD, BEHIND_PROXY="true")
    assert "HTTP_X_FORWARDED_PROTO" in told.stdout


def test_time_limits_stand_in_order() -> None:
    """soft < hard < lease < visibility, the last in every place that reads it."""
    answer = settings(
        "settings.CELERY_TASK_SOFT_TIME_LIMIT < settings.CELERY_TASK_TIME_LIMIT < settings.RUN_LEASE_SECONDS"
        " < settings.CELERY_VISIBILITY_TIMEOUT"
        " == settings.CELERY_BROKER_TRANSPORT_OPTIONS['visibility_timeout']"
        " == settings.CELERY_RESULT_BACKEND_TRANSPORT_OPTIONS['visibility_timeout']",
        **GOOD,
    )
    assert answer.stdout.strip() == "True", answer.stderr
