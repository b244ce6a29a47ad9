"""Where content lies: by its hash, written whole or not at all.

    receive   into a temporary file beside it, hashed and synced; no unit of work is needed
    place     renamed to its hash, inside the unit that writes its row (`shelf.keep`)

A crash between the two leaves a temporary file, one after the rename content without a row: the nightly sweep takes
both. `MORTISE_FILES_URL` names a folder. Another kind of store answers the same questions as `Folder`; where content
is far away, `local` fetches it.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Protocol

from webapp.config import Settings
from webapp.errors import Busy, Invalid, NoRoom, NotFound, TooLarge
from webapp.i18n import N_

PIECE = 1 << 20
HEAD = 8192  # bytes kept to tell the type by
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Incoming:
    """Content that has arrived and is not placed yet."""

    path: Path
    hash: str
    size: int
    head: bytes


class Readable(Protocol):
    def read(self, size: int = ..., /) -> bytes: ...


class Folder:
    """Content in files `ab/cd/abcd…` below `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def receive(self, stream: Readable, *, most: int) -> Incoming:
        """Take in `stream` to its end; raises `TooLarge` beyond `most` bytes and `NoRoom` where the disk is full."""
        with _room():
            self._temporary.mkdir(parents=True, exist_ok=True, mode=0o700)
            path = self._temporary / uuid.uuid4().hex
            digest, size, head = hashlib.sha256(), 0, b""
            try:
                with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
                    while piece := stream.read(PIECE):
                        size += len(piece)
                        if size > most:
                            raise TooLarge(
                                N_("The file is larger than the {most} MB that are possible.", most=most >> 20)
                            )
                        head = head or piece[:HEAD]
                        digest.update(piece)
                        file.write(piece)
                    file.flush()
                    os.fsync(file.fileno())
            except BaseException:
                path.unlink(missing_ok=True)
                raise
        return Incoming(path, digest.hexdigest(), size, head)

    def place(self, incoming: Incoming) -> None:
        """Give what has arrived its name; content that is there already stays as it is."""
        target = self._path(incoming.hash)
        with _room():
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.replace(incoming.path, target)
            folder = os.open(target.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def discard(self, incoming: Incoming) -> None:
        """What has arrived is not wanted after all."""
        incoming.path.unlink(missing_ok=True)

    def has(self, hash: str) -> bool:
        return self._path(hash).exists()

    def open(self, hash: str) -> BinaryIO:
        """Raises `NotFound`."""
        try:
            return self._path(hash).open("rb")
        except FileNotFoundError:
            raise _gone() from None

    @contextmanager
    def local(self, hash: str) -> Iterator[Path]:
        """A path at which programs of this machine can read the content while the block runs; raises `NotFound`."""
        path = self._path(hash)
        if not path.exists():
            raise _gone()
        yield path

    def remove(self, hash: str) -> None:
        """Raises `Busy` while somebody holds all that is there."""
        path = self._path(hash)
        if not path.exists():
            return
        with self._lock(fcntl.LOCK_EX):
            path.unlink(missing_ok=True)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Nothing is removed while the block runs: a backup reads what the rows named when it began."""
        if not self.root.exists():
            yield
            return
        with self._lock(fcntl.LOCK_SH):
            yield

    @contextmanager
    def _lock(self, how: int) -> Iterator[None]:
        handle = os.open(self.root / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, how | fcntl.LOCK_NB)
            yield
        except BlockingIOError:
            raise Busy(N_("A backup is being made; files are removed when it is done.")) from None
        finally:
            os.close(handle)

    def contents(self) -> Iterator[tuple[str, datetime]]:
        """Hash and time of everything that is placed."""
        for path in self.root.glob("??/??/*") if self.root.exists() else ():
            if _HASH.fullmatch(path.name):
                with contextlib.suppress(FileNotFoundError):
                    yield path.name, datetime.fromtimestamp(path.stat().st_mtime, UTC)

    def sweep(self, before: datetime) -> int:
        """Remove what arrived before that moment and was never placed."""
        gone = 0
        for path in self._temporary.iterdir() if self._temporary.exists() else ():
            with contextlib.suppress(FileNotFoundError):
                if datetime.fromtimestamp(path.stat().st_mtime, UTC) < before:
                    path.unlink()
                    gone += 1
        return gone

    @property
    def _temporary(self) -> Path:
        return self.root / "incoming"

    def _path(self, hash: str) -> Path:
        if not _HASH.fullmatch(hash):
            raise ValueError(f"not the name of content: {hash}")
        return self.root / hash[:2] / hash[2:4] / hash


def store_of(settings: Settings) -> Folder:
    """The store that `MORTISE_FILES_URL` names; raises `Invalid` where there is no such kind."""
    url = settings.files_url
    scheme, mark, rest = url.partition("://")
    if mark and scheme != "file":
        text = N_(
            "Files can be kept in a folder; “{scheme}://” is not possible yet (MORTISE_FILES_URL).", scheme=scheme
        )
        raise Invalid(text)
    return Folder(Path(rest if mark else url).absolute())


@contextmanager
def _room() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise NoRoom(N_("The server's disk is full. Nothing was lost; tell your administrator.")) from error
        raise


def _gone() -> NotFound:
    return NotFound(N_("This file is gone."))
