"""How much a program may ask of the API: token buckets, one for each token, session or address.

A bucket holds as many requests as are allowed in a minute and fills evenly; so a program that was idle may send them
at once. The buckets are this process's own, or shared through Redis where the queue is there; while Redis is away each
process counts alone. Wrong tokens empty a bucket of the address they come from, so that guessing is slow and the
database is not asked for each guess; a program that repeats one token that has ended guesses nothing and counts once a
minute. Signing in is counted in the database (`access.attempts`).
"""

from __future__ import annotations

import hashlib
import logging
import math
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Protocol

from flask import Response, g, request

from webapp import clock
from webapp.config import Settings
from webapp.errors import TooMany
from webapp.i18n import N_
from webapp.web import scope, signing

log = logging.getLogger("mortise.web")
_PREFIX = "/api/v1/"
#: Wrong tokens from one address in a minute.
_WRONG = 30
_MOST = 10_000  # buckets a process remembers; the longest unused goes first
_REDIS_SILENT = 30.0  # seconds in which a Redis that did not answer is not asked


@dataclass(frozen=True)
class Level:
    """A bucket after it was asked: whether it gave, what is left, and the seconds until it gives again."""

    is_given: bool
    limit: int
    left: int
    wait: float

    @property
    def full_in(self) -> int:
        """Seconds until it is full."""
        return math.ceil((self.limit - self.left) * 60 / self.limit)


class Buckets(Protocol):
    def take(self, key: str, limit: int, count: int, now: float) -> Level:
        """Take `count` (0 to look) from the bucket `key` of `limit` a minute; `now` in seconds."""


class OwnBuckets:
    """Buckets in this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str, limit: int, count: int, now: float) -> Level:
        with self._lock:
            filled, at = self._kept.pop(key, (float(limit), now))
            filled = min(float(limit), filled + max(0.0, now - at) * limit / 60)
            is_given = filled >= max(count, 1)
            if is_given:
                filled -= count
            self._kept[key] = (filled, max(at, now))
            while len(self._kept) > _MOST:
                self._kept.popitem(last=False)
        return _level(is_given, limit, filled)


_SCRIPT = """
local kept = redis.call('HMGET', KEYS[1], 'filled', 'at')
local limit, count, now = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local filled, at = tonumber(kept[1]) or limit, tonumber(kept[2]) or now
filled = math.min(limit, filled + math.max(0, now - at) * limit / 60)
local given = 0
if filled >= math.max(count, 1) then given = 1; filled = filled - count end
redis.call('HSET', KEYS[1], 'filled', tostring(filled), 'at', tostring(math.max(at, now)))
redis.call('EXPIRE', KEYS[1], 120)
return {given, tostring(filled)}
"""


class SharedBuckets:
    """Buckets in Redis, the same for all processes and machines; its own while Redis does not answer."""

    def __init__(self, url: str) -> None:
        from redis import Redis

        self._redis: Any = Redis.from_url(url, socket_connect_timeout=0.2, socket_timeout=0.2)
        self._script = self._redis.register_script(_SCRIPT)
        self._own = OwnBuckets()
        self._silent_until = 0.0

    def take(self, key: str, limit: int, count: int, now: float) -> Level:
        from redis import RedisError

        if now >= self._silent_until:
            try:
                given, filled = self._script(keys=[f"mortise:rate:{key}"], args=[limit, count, now])
                return _level(bool(given), limit, float(filled))
            except RedisError as error:
                self._silent_until = now + _REDIS_SILENT
                log.warning("Redis does not count requests (%s); this process counts alone", error)
        return self._own.take(key, limit, count, now)


def _level(is_given: bool, limit: int, filled: float) -> Level:
    wait = 0.0 if filled >= 1 else (1 - filled) * 60 / limit
    return Level(is_given, limit, int(filled), wait)


def buckets_of(settings: Settings) -> Buckets:
    if settings.queue_url.startswith(("redis://", "rediss://", "unix://")):
        return SharedBuckets(settings.queue_url)
    return OwnBuckets()


def install(app: scope.App) -> None:
    """Before anybody is looked up: a request too many costs next to nothing."""
    limit = app.settings.api_rate
    if not limit:
        return
    buckets = buckets_of(app.settings)

    def check() -> None:
        if not request.path.startswith(_PREFIX):
            return
        now = clock.now().timestamp()
        if signing.bearer_token():
            wrong = buckets.take(_hashed("wrong", signing.address()), _WRONG, 0, now)
            if not wrong.is_given:
                g.rate = wrong
                raise _too_many(wrong)
        g.rate = buckets.take(_asker(), limit, 1, now)
        if not g.rate.is_given:
            raise _too_many(g.rate)

    def tell(response: Response) -> Response:
        level: Level | None = g.get("rate")
        if level is None:
            return response
        if response.status_code == 401 and (given := signing.bearer_token()):  # who gives no token guesses none
            now = clock.now().timestamp()
            if buckets.take(_hashed("again", f"{signing.address()} {given}"), 1, 1, now).is_given:
                buckets.take(_hashed("wrong", signing.address()), _WRONG, 1, now)
        response.headers["RateLimit-Limit"] = str(level.limit)
        response.headers["RateLimit-Remaining"] = str(level.left)
        response.headers["RateLimit-Reset"] = str(level.full_in)
        return response

    app.before_request(check)
    app.after_request(tell)


def _too_many(level: Level) -> TooMany:
    g.known = None  # nobody is looked up for the answer
    seconds = max(1, math.ceil(level.wait))
    return TooMany(N_("Too many requests. Wait {n} s.", n=seconds), retry_after=seconds)


def _asker() -> str:
    """Whose bucket it is: of the token, else of the session, else of the address. Neither is kept readable."""
    secret = signing.bearer_token() or signing.session_cookie()
    return _hashed("asker", secret) if secret else _hashed("address", signing.address())


def _hashed(kind: str, text: str) -> str:
    return hashlib.sha256(f"{kind}:{text}".encode("utf-8", "surrogatepass")).hexdigest()[:32]
