"""Who works with this data at the moment on this machine: a lock that a restore asks for alone.

Servers, workers and commands share it for as long as they live; it ends with them, however they end.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from webapp.config import Settings
from webapp.errors import Conflict
from webapp.i18n import N_

#: Left by a restore that was broken off between the old data and the new; nothing starts over it.
UNFINISHED = "restore.unfinished"
_WAIT = 3.0


def _open(settings: Settings) -> int:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    return os.open(settings.data_dir / "in-use.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def hold(settings: Settings) -> int:
    """Say that this process and those it forks work with the data; raises `Conflict` during a restore.

    What is answered may be given to `os.close`; the end of the process does it too.
    """
    marker = settings.data_dir / UNFINISHED
    handle, ends = _open(settings), time.monotonic() + _WAIT
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            if time.monotonic() > ends:
                os.close(handle)
                raise Conflict(N_("A backup is being restored here; start again when it is done.")) from None
            time.sleep(0.1)
    if marker.exists():
        os.close(handle)
        raise Conflict(
            N_(
                "A restore was broken off; the data is not complete. Run it again: mortise backup restore … --replace. "
                "What was here before lies in {folder}.",
                folder=_told(marker),
            )
        )
    return handle


def _told(marker: Path) -> str:
    try:
        return marker.read_text("utf-8").strip()
    except OSError:
        return "?"


@contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """Nobody else works with the data on this machine; raises `Conflict` if somebody does."""
    handle = _open(settings)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(
                N_("Mortise is running over this data. Stop it first (web and worker), then restore."),
                code="still_running",
            ) from None
        yield
    finally:
        os.close(handle)
