"""Keeps parts of the product running as child processes: restarts what dies, ends all of it together.

Parts are forked, not started anew, so that they share the memory of what is already imported. This process opens no
database connection and starts no thread, which is what makes the forking safe.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import select
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType

log = logging.getLogger(__name__)
#: Seconds between a part's death and its next start; a part that ran for `STEADY` begins anew.
PAUSES = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
STEADY = 60.0
#: A part that dies so often before it was ever steady has no chance: everything ends with its error in the log.
HOPELESS = 4
#: After the request to end; then what is left is killed.
PATIENCE = 5.5
_ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@dataclass
class Part:
    """A named function that runs in a child process until SIGTERM."""

    name: str
    run: Callable[[], None]
    pid: int | None = None
    started: float = 0.0
    deaths: int = 0
    again_at: float | None = None
    is_proven: bool = False


class Supervisor:
    def __init__(self, parts: list[Part], *, pauses: tuple[float, ...] = PAUSES, patience: float = PATIENCE) -> None:
        self._parts = parts
        self._pauses = pauses
        self._patience = patience
        self._asked = 0
        self._is_hopeless = False

    def run(self) -> int:
        """Start all parts and stay until SIGTERM, SIGINT or SIGHUP; 0 when all ended in time.

        1 when something had to be killed, or a part could not be started at all.
        """
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        os.set_blocking(writing, False)
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        for number in _ENDING:
            signal.signal(number, self._ask)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # only to wake us
        for part in self._parts:
            self._start(part)
        while not self._asked and not self._is_hopeless:
            _wait(reading, self._next_start())
            self._reap()
            self._restart()
        return self._end(reading)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self._asked += 1

    def _next_start(self) -> float | None:
        """Seconds until a part is to be started again."""
        times = [part.again_at for part in self._parts if part.again_at is not None]
        return max(0.0, min(times) - time.monotonic()) if times else None

    def _start(self, part: Part) -> None:
        part.started, part.again_at = time.monotonic(), None
        part.pid = start(part.run)

    def _restart(self) -> None:
        for part in self._parts:
            if part.again_at is not None and part.again_at <= time.monotonic() and not self._asked:
                self._start(part)

    def _reap(self) -> None:
        for part in self._parts:
            if part.pid is None:
                continue
            pid, status = os.waitpid(part.pid, os.WNOHANG)
            if pid:
                self._note_end(part, os.waitstatus_to_exitcode(status))

    def _note_end(self, part: Part, code: int) -> None:
        lived = time.monotonic() - part.started
        part.pid = None
        if self._asked or self._is_hopeless:
            return
        part.is_proven |= lived > STEADY
        part.deaths = 1 if lived > STEADY else part.deaths + 1
        if part.deaths >= HOPELESS and not part.is_proven:
            log.error("%s ended (%s) %d times in a row; giving up", part.name, _said(code), part.deaths)
            self._is_hopeless = True
            return
        pause = self._pauses[min(part.deaths, len(self._pauses)) - 1]
        part.again_at = time.monotonic() + pause
        log.error("%s ended (%s) after %.0f s; it is started again in %.1f s", part.name, _said(code), lived, pause)

    def _end(self, reading: int) -> int:
        self._signal_all(signal.SIGTERM)
        ends = time.monotonic() + self._patience
        while self._living() and time.monotonic() < ends and self._asked < 2:
            _wait(reading, ends - time.monotonic())
            self._reap()
        late = self._living()
        for part in late:
            log.warning("%s did not end in time and is killed", part.name)
        self._signal_all(signal.SIGKILL)
        for part in late:
            assert part.pid is not None
            os.waitpid(part.pid, 0)
        return 1 if late or self._is_hopeless else 0

    def _living(self) -> list[Part]:
        return [part for part in self._parts if part.pid is not None]

    def _signal_all(self, number: int) -> None:
        """To whole groups when killing: a part's own children must not stay behind."""
        for part in self._living():
            assert part.pid is not None
            with contextlib.suppress(ProcessLookupError):
                os.killpg(part.pid, number) if number == signal.SIGKILL else os.kill(part.pid, number)


def _said(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit {code}"


def _wait(reading: int, seconds: float | None) -> None:
    """Until a signal comes or the time is over."""
    with contextlib.suppress(InterruptedError):
        select.select([reading], [], [], seconds)
    with contextlib.suppress(BlockingIOError):
        while os.read(reading, 512):
            pass


def start(run: Callable[[], None]) -> int:
    """Fork a child in a session of its own that runs `run` and ends; its process id."""
    sys.stdout.flush()
    sys.stderr.flush()
    parent = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        for number in (*_ENDING, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        os.setsid()  # Ctrl-C reaches the supervisor alone, which then asks
        die_with_parent()
        if os.getppid() == parent:
            run()
            code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        log.exception("a part went wrong")
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def run_apart(run: Callable[[], int | None]) -> int:
    """Run something in a child of its own and wait; its exit code. Its memory and connections are gone afterwards."""
    return begin_apart(run)()


def begin_apart(run: Callable[[], int | None]) -> Callable[[], int]:
    """The same without waiting yet: what it answers waits, and answers the exit code."""

    def ending() -> None:
        raise SystemExit(run() or 0)

    pid = start(ending)

    def wait() -> int:
        _, status = os.waitpid(pid, 0)
        return os.waitstatus_to_exitcode(status)

    return wait


def die_with_parent() -> None:
    """Linux: this process is asked to end when its parent dies, however that happens."""
    if sys.platform == "linux":
        set_death_signal = 1
        ctypes.CDLL(None).prctl(set_death_signal, signal.SIGTERM)
