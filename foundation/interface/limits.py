"""How often an address may try something that needs no account, counted for all processes and servers together."""

from __future__ import annotations

import logging
from functools import cache

import redis
from django.conf import settings
from django.core.cache import cache as of_this_process
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

log = logging.getLogger(__name__)
PATIENCE = 0.5  # seconds for the server of counts; a page does not wait longer


def address_of(request: HttpRequest) -> str:
    """Where a request comes from. Behind PROXY_COUNT proxies it is what the outermost of them saw: each appends the
    address of its caller, and what stands before those entries was written by the caller and is believed by nobody."""
    seen = [each.strip() for each in request.headers.get("X-Forwarded-For", "").split(",")]
    count = settings.PROXY_COUNT
    return seen[-count] if 0 < count <= len(seen) and seen[-count] else request.META.get("REMOTE_ADDR", "")


def is_too_often(request: HttpRequest, name: str, *, tries: int, seconds: int) -> bool:
    """Counts this request, and says whether its address has made more than `tries` within `seconds` from the first.

    The key is a hash under the product's own secret: who looked at a page, and when, cannot be read from the count, and
    it is gone when the time is over. Without the server of counts this process counts alone.
    """
    database = settings.DATABASES["default"]["NAME"]  # two products may share a server
    key = f"limit:{name}:{salted_hmac('limit', f'{database}:{address_of(request)}').hexdigest()}"
    try:
        return _count(key, seconds) > tries
    except redis.RedisError as error:
        log.warning("Tries are counted in this process alone: %s", error)
    of_this_process.add(key, 0, seconds)
    try:
        return bool(of_this_process.incr(key) > tries)
    except ValueError:  # ran out between the two
        return False


def _count(key: str, seconds: int) -> int:
    with _server(settings.REDIS_URL).pipeline(transaction=True) as both:
        both.set(key, 0, ex=seconds, nx=True)
        both.incr(key)
        return int(both.execute()[1])


@cache
def _server(url: str) -> redis.Redis:
    """Connections of a pool, made again after a fork."""
    return redis.Redis.from_url(url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE)
