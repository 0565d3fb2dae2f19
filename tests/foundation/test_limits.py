"""How often an address may try: counted over processes, by the address that the outermost proxy saw."""

from __future__ import annotations

import subprocess
import sys
import uuid
from typing import Any

import pytest
from django.core.cache import cache
from django.test import RequestFactory

from foundation.interface.limits import address_of, is_too_often

THREE_TIMES = """
import django; django.setup()
from django.test import RequestFactory
from foundation.interface.limits import is_too_often
asked = RequestFactory().get("/", REMOTE_ADDR="192.0.2.7")
print([is_too_often(asked, {name!r}, tries=3, seconds=60) for _each in range(3)])
"""


@pytest.fixture
def name() -> str:
    return f"test-{uuid.uuid4()}"


def ask(address: str = "192.0.2.7", **headers: str) -> Any:
    return RequestFactory().get("/", REMOTE_ADDR=address, headers=headers)


def test_another_process_has_counted_too(name: str, settings: Any) -> None:
    database = settings.DATABASES["default"]["NAME"]
    code = f"from django.conf import settings; settings.DATABASES['default']['NAME'] = {database!r}\n"
    done = subprocess.run(
        [sys.executable, "-c", code + THREE_TIMES.format(name=name)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[False, False, False]"
    assert is_too_often(ask(), name, tries=3, seconds=60)
    assert not is_too_often(ask("192.0.2.8"), name, tries=3, seconds=60)
    assert not is_too_often(ask(), f"{name}-another", tries=3, seconds=60)


def test_the_count_is_gone_after_its_time_and_names_no_address(name: str, settings: Any) -> None:
    from redis import Redis

    for _each in range(2):
        is_too_often(ask(), name, tries=3, seconds=60)
    server = Redis.from_url(settings.REDIS_URL)
    [key] = server.keys(f"limit:{name}:*")
    assert b"192.0.2.7" not in key
    assert 0 < server.ttl(key) <= 60
    assert server.get(key) == b"2"
    server.delete(key)
    assert not is_too_often(ask(), name, tries=1, seconds=60)


def test_without_the_server_this_process_counts(name: str, settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    cache.clear()
    assert [is_too_often(ask(), name, tries=2, seconds=60) for _each in range(3)] == [False, False, True]
    cache.clear()


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, "203.0.113.5", "192.0.2.7"),  # nobody in front: what a caller writes is not believed
        (1, "203.0.113.5", "203.0.113.5"),
        (1, "10.9.9.9, 203.0.113.5", "203.0.113.5"),  # the first one is the caller's own invention
        (2, "10.9.9.9, 203.0.113.5, 198.51.100.2", "203.0.113.5"),
        (2, "203.0.113.5", "192.0.2.7"),
        (1, "", "192.0.2.7"),
    ],
)
def test_the_address_is_what_the_outermost_proxy_saw(
    settings: Any, proxies: int, forwarded: str, expected: str
) -> None:
    settings.PROXY_COUNT = proxies
    assert address_of(ask(**({"X-Forwarded-For": forwarded} if forwarded else {}))) == expected
