"""The queue. Due rows are the truth (`webapp.journal.due`); Huey only wakes a worker to look at them.

A message that is lost, or a queue that is down, costs at most the fifteen seconds until the sweep.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from pathlib import Path
from typing import Any

from huey import Huey, RedisHuey, SqliteHuey

from webapp.config import Settings
from webapp.db import Database
from webapp.journal import due, work

log = logging.getLogger(__name__)
#: Messages a unit of work sends at most: more workers than this are woken by the sweep, or by each other.
MOST = 8
SWEEP_EVERY = 15.0
_SILENCE = 15.0


def make_huey(settings: Settings, *, is_worker: bool = False) -> Huey:
    """Huey on its own SQLite file, or on Redis. Its name holds the database's, so that firms can share a Redis."""
    name = "mortise" + hashlib.sha256(settings.database_url.encode()).hexdigest()[:8]
    if settings.queue_url.startswith("sqlite:///"):
        path = Path(settings.queue_url.removeprefix("sqlite:///"))
        path.parent.mkdir(parents=True, exist_ok=True)
        return SqliteHuey(name, filename=str(path), results=False, fsync=False, cache_mb=1)
    from redis import ConnectionPool

    # Short for those who send (a save must not wait for a dead Redis), longer than the blocking read for workers.
    pool = ConnectionPool.from_url(settings.queue_url, socket_connect_timeout=0.5, socket_timeout=5 if is_worker else 1)
    return RedisHuey(name, results=False, connection_pool=pool)


class Queue:
    """The queue of one process."""

    def __init__(self, database: Database, *, is_worker: bool = False) -> None:
        self.database = database
        self.huey = make_huey(database.settings, is_worker=is_worker)
        self._silent_until = 0.0
        self._message = self.huey.task(name="wake")(self.work)

    def work(self) -> None:
        """What a message makes a worker do."""
        work.run_ready(self.database)

    def wake(self, count: int = 1) -> bool:
        """Send up to `count` messages; False if the queue is down (then the sweep does it). Never raises."""
        if time.monotonic() < self._silent_until:
            return False
        try:
            for _ in range(min(count, MOST)):
                self._message()
        except Exception as error:
            self._silent_until = time.monotonic() + _SILENCE
            log.warning("the queue does not answer (%s); the sweep finds the work", error)
            return False
        return True

    def pending(self) -> int:
        return int(self.huey.pending_count())

    def close(self) -> None:
        self.huey.storage.close()


def connect(database: Database) -> Queue:
    """Let this process wake the workers after each commit that made something due."""
    queue = Queue(database)
    due.on_added(queue.wake)
    return queue


class Sweeper(threading.Thread):
    """Every 15 seconds: put right what was lost, and wake the workers for what is ready."""

    def __init__(self, queue: Queue, *, every: float = SWEEP_EVERY) -> None:
        super().__init__(name="sweeper", daemon=True)
        self._queue = queue
        self._every = every
        self._ended = threading.Event()

    def run(self) -> None:
        while True:
            try:
                self.sweep()
            except Exception:
                log.exception("the sweep went wrong; it is tried again")
            if self._ended.wait(self._every):
                return

    def sweep(self) -> None:
        """One turn. With the queue down, this thread does the work itself."""
        ready = work.sweep(self._queue.database)
        if ready and not (self._is_woken_already() or self._queue.wake(ready)):
            work.run_ready(self._queue.database)

    def _is_woken_already(self) -> bool:
        """Messages wait because all workers are busy: another one would only pile up."""
        try:
            return self._queue.pending() >= MOST
        except Exception:
            return False

    def end(self) -> None:
        self._ended.set()


def run_worker(
    database: Database, *, threads: int = 4, sweep_every: float = SWEEP_EVERY, ends_within: float = 4
) -> None:
    """Work until SIGTERM or SIGINT; then end what runs within `ends_within` seconds, or give it back."""
    queue = Queue(database, is_worker=True)
    due.on_added(queue.wake)
    sweeper = Sweeper(queue, every=sweep_every)
    consumer = _consumer(queue.huey, threads, ends_within)
    sweeper.start()
    try:
        consumer.run()
    finally:
        sweeper.end()
        work.abandon(database)


def _consumer(huey: Huey, threads: int, ends_within: float) -> Any:
    import signal

    from huey.consumer import Consumer

    class Ending(Consumer):
        """Tells the running jobs that the end has come, so that they give themselves back."""

        def stop(self, graceful: bool = False) -> None:
            work.stopping.set()
            super().stop(graceful)

    consumer = Ending(
        huey,
        workers=threads,
        worker_type="thread",
        initial_delay=0.1,
        max_delay=0.5,  # polling of a SQLite queue that has slept: at most half a second
        periodic=False,
        scheduler_interval=60,
        graceful_signal="TERM",
        shutdown_timeout=ends_within,
    )
    consumer._signal_actions[signal.SIGINT] = (False, True)
    return consumer
