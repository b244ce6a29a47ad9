"""Telling at once, after a commit, which forms were written to: for pages that show them elsewhere.

A signal names forms and nothing else, it costs the writer a look into a dictionary, and it may be lost (a process dies
between its commit and the signal). So whoever listens also looks into the journal himself now and then.

Between processes signals go through Redis where the queue is one, else through LISTEN and NOTIFY on PostgreSQL. On
SQLite there is no such way: listeners of other processes look into the journal twice a second.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

import sqlalchemy as sa

from webapp.config import Settings
from webapp.db import Database, Unit

log = logging.getLogger("mortise.live")
CHANNEL = "m__written"
#: Several commits are told of together; NOTIFY holds up the commits of a whole server, so it is kept rare.
_GATHERED = 0.05
_PAUSE_AFTER_FAILURE = 5.0
_MOST = 100  # forms in one signal; more than that come with the next

Teller = Callable[[frozenset[str]], object]
_tellers: list[Teller] = []


def on_written(teller: Teller) -> None:
    """Call `teller({"crm.deal", …})` after the commit of each unit that wrote events; it must not raise or wait."""
    _tellers.append(teller)


def off_written(teller: Teller) -> None:
    """Call it no more."""
    _tellers.remove(teller)


class _Told:
    """One call a unit; gone with the savepoint it was added in."""

    def __init__(self) -> None:
        self.forms: set[str] = set()

    def __call__(self) -> None:
        for teller in _tellers:
            teller(frozenset(self.forms))


def note(unit: Unit, rows: Iterable[Mapping[str, Any]]) -> None:
    """The unit has written these events; tell of their forms once it has committed."""
    if not _tellers:
        return
    told = unit.memo.setdefault("signals", _Told())
    told.forms.update(f"{row['app']}.{row['form']}" for row in rows)
    if not unit.awaits(told):
        unit.after_commit(told)


# Sending ------------------------------------------------------------------------------------------------------------


class Sender:
    """Tells other processes, from a thread of its own: no writer waits for it."""

    def __init__(self, send: Callable[[list[str]], object]) -> None:
        self._send = send
        self._forms: set[str] = set()
        self._mutex = threading.Lock()
        self._is_there = threading.Event()
        self._thread: threading.Thread | None = None

    def __call__(self, forms: frozenset[str]) -> None:
        with self._mutex:
            self._forms |= forms
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="signals", daemon=True)
                self._thread.start()
        self._is_there.set()

    def _run(self) -> None:
        while True:
            self._is_there.wait()
            time.sleep(_GATHERED)
            with self._mutex:
                self._is_there.clear()
                forms, self._forms = sorted(self._forms), set()
            for first in range(0, len(forms), _MOST):
                try:
                    self._send(forms[first : first + _MOST])
                except Exception as error:
                    log.warning("others were not told of a change (%s); they find it themselves", error)
                    time.sleep(_PAUSE_AFTER_FAILURE)


def connect(database: Database) -> Sender | None:
    """Let this process tell others of its commits; None where they look for themselves."""
    send = _way(database)
    if send is None:
        return None
    sender = Sender(send)
    on_written(sender)
    return sender


def tell_at_once(database: Database) -> Teller | None:
    """The same for a command, which ends soon: it tells after each commit, before it goes on."""
    send = _way(database)
    if send is None:
        return None

    def tell(forms: frozenset[str]) -> None:
        try:
            for first in range(0, len(forms), _MOST):
                send(sorted(forms)[first : first + _MOST])
        except Exception as error:
            log.warning("others were not told of a change (%s); they find it themselves", error)

    on_written(tell)
    return tell


def _way(database: Database) -> Callable[[list[str]], object] | None:
    """How forms are told to other processes; None where there is no such way."""
    settings = database.settings
    if settings.queue_url.startswith(("redis", "unix")):
        client: list[Any] = []  # a command that writes nothing needs none

        def publish(forms: list[str]) -> None:
            client[:] = client or [_redis_sender(settings)]
            client[0](forms)

        return publish
    return None if database.is_sqlite else lambda forms: _notify(database, forms)


def _notify(database: Database, forms: list[str]) -> None:
    with database.engine.connect() as connection:
        connection = connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.execute(sa.select(sa.func.pg_notify(CHANNEL, " ".join(forms))))


def _redis_sender(settings: Settings) -> Callable[[list[str]], object]:
    from redis import Redis

    client = Redis.from_url(settings.queue_url, socket_connect_timeout=1, socket_timeout=1)
    return lambda forms: client.publish(_redis_channel(settings), " ".join(forms))


def _redis_channel(settings: Settings) -> str:
    """Firms can share a Redis: the channel holds their database's name."""
    return f"{CHANNEL}:{hashlib.sha256(settings.database_url.encode()).hexdigest()[:12]}"


# Listening ----------------------------------------------------------------------------------------------------------


class Listener(Protocol):
    """Where signals of other processes arrive.

    look_every  seconds between looks into the journal that its user takes besides
    """

    @property
    def look_every(self) -> float: ...

    def wait(self, seconds: float) -> set[str]:
        """Forms that were written to, or nothing after `seconds`."""

    def close(self) -> None: ...


def listener(database: Database) -> Listener:
    """The way in that fits what the firm runs on."""
    if database.settings.queue_url.startswith(("redis", "unix")):
        return _Kept(lambda: _Redis(database.settings))
    return _Kept(lambda: _Postgres(database)) if not database.is_sqlite else _Sleeping()


class _Sleeping:
    look_every = 0.0  # each time

    def wait(self, seconds: float) -> set[str]:
        time.sleep(seconds)
        return set()

    def close(self) -> None:
        pass


class _Kept:
    """A connection that is made anew when it breaks; meanwhile its user sees what there is in the journal."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._inner: Any = None
        self._not_before = 0.0

    @property
    def look_every(self) -> float:
        return 5.0 if self._inner is not None else 0.0

    def wait(self, seconds: float) -> set[str]:
        try:
            if self._inner is None and time.monotonic() >= self._not_before:
                self._inner = self._make()
            if self._inner is not None:
                found: set[str] = self._inner.wait(seconds)
                return found
        except Exception as error:
            log.warning("signals of other processes do not arrive (%s); looking into the journal", error)
            self.close()
            self._not_before = time.monotonic() + _PAUSE_AFTER_FAILURE
        time.sleep(seconds)
        return set()

    def close(self) -> None:
        inner, self._inner = self._inner, None
        if inner is not None:
            inner.close()


class _Postgres:
    def __init__(self, database: Database) -> None:
        import psycopg

        url = sa.make_url(database.settings.database_url).set(drivername="postgresql")
        text = url.render_as_string(hide_password=False)
        self._connection: Any = psycopg.connect(text, autocommit=True, connect_timeout=5)
        self._connection.execute(f"LISTEN {CHANNEL}")

    def wait(self, seconds: float) -> set[str]:
        found: set[str] = set()
        for notice in self._connection.notifies(timeout=seconds, stop_after=1):
            found.update(notice.payload.split())
        return found

    def close(self) -> None:
        self._connection.close()


class _Redis:
    def __init__(self, settings: Settings) -> None:
        from redis import Redis

        client = Redis.from_url(settings.queue_url, socket_connect_timeout=2, health_check_interval=15)
        self._client = client
        self._channel = client.pubsub(ignore_subscribe_messages=True)
        self._channel.subscribe(_redis_channel(settings))

    def wait(self, seconds: float) -> set[str]:
        message = self._channel.get_message(timeout=seconds)
        return set(message["data"].decode().split()) if message and message["type"] == "message" else set()

    def close(self) -> None:
        self._channel.close()
        self._client.close()
