"""Pictures: looked at once in a child process within limits, and their small ones, kept beside the store.

Small pictures are made from content and named by its hash; whoever deletes the folder loses nothing, they are made
again when somebody asks. They are in no backup.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from webapp.config import Settings
from webapp.errors import Busy, Invalid, TooLarge
from webapp.files import looking
from webapp.files.store import Folder
from webapp.i18n import N_

#: Types of content that are shown as pictures.
SHOWN = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
#: Longest side in pixels: in a list or a tile, and on a card or a phone's screen.
SIZES = {"small": 240, "medium": 960}
SMALL_TYPE = "image/webp"
MOST_PIXELS = 60_000_000
MEMORY, SECONDS = 1 << 30, 20
#: Children of this machine at the same time, so that two cores keep answering people.
AT_ONCE = 2
_in_process = threading.BoundedSemaphore(AT_ONCE)


@dataclass(frozen=True)
class Seen:
    width: int
    height: int


class Pictures:
    """The small pictures of a firm, in files `ab/abcd….small`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def look(self, path: Path, hash: str) -> Seen:
        """Look at the picture at `path` and make its small ones; raises `Invalid` and `TooLarge` in words."""
        into = self._stem(hash)
        into.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        wanted = {"memory": MEMORY, "seconds": SECONDS, "pixels": MOST_PIXELS, "sizes": SIZES, "into": f"{into}."}
        with self._place():
            try:
                done = subprocess.run(  # noqa: S603 (our own program, a list of arguments)
                    [sys.executable, "-I", "-X", "utf8", looking.__file__, str(path), json.dumps(wanted)],
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    timeout=SECONDS * 3,
                    env={k: os.environ[k] for k in ("PATH", "LD_LIBRARY_PATH") if k in os.environ},  # no secrets
                    check=False,
                )
                answer = json.loads(done.stdout or b'{"error": "bomb"}')
            except subprocess.TimeoutExpired:
                answer = {"error": "bomb"}
        if "error" not in answer:
            return Seen(answer["width"], answer["height"])
        if answer["error"] == "bomb":
            raise TooLarge(N_("The picture has too many pixels; make it smaller and try again."))
        raise Invalid(N_("This picture is damaged or none that can be shown; save it as JPEG or PNG and try again."))

    def small(self, store: Folder, hash: str, size: str) -> Path:
        """Where the small picture lies; made now if it is not there. Raises `NotFound` where the content is gone."""
        path = self._stem(hash).with_name(f"{hash}.{size}")
        if not path.exists():
            with store.local(hash) as whole:
                self.look(whole, hash)
        return path

    def forget(self, hash: str) -> None:
        for size in SIZES:
            self._stem(hash).with_name(f"{hash}.{size}").unlink(missing_ok=True)

    def _stem(self, hash: str) -> Path:
        return self.root / hash[:2] / hash

    @contextmanager
    def _place(self) -> Iterator[None]:
        """One of the few places for a child, on this machine and in this process."""
        if not _in_process.acquire(timeout=60):
            raise Busy(N_("The server is busy; try again in a moment."))
        try:
            with self._file_lock():
                yield
        finally:
            _in_process.release()

    @contextmanager
    def _file_lock(self) -> Iterator[None]:
        """Any of `AT_ONCE` lock files; where all are taken, waits for one of them."""
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        handles = [os.open(self.root / f".lock{n}", flags, 0o600) for n in range(AT_ONCE)]
        try:
            for handle in handles:
                with contextlib.suppress(BlockingIOError):
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
            else:
                fcntl.flock(handles[os.getpid() % AT_ONCE], fcntl.LOCK_EX)
            yield
        finally:
            for handle in handles:
                os.close(handle)


def pictures_of(settings: Settings) -> Pictures:
    return Pictures(settings.data_dir / "small")
