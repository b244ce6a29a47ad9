"""The file of a backup: a plain tar that `tar` can read, and that proves itself whole.

Its members, in this order: `MORTISE-BACKUP` (what this is), the parts (database, files), `manifest.json` (what they
were, with a hash each) and `seal`. The seal is a member of fixed length at the very end: where the manifest lies, and
a hash over every byte before it, so that nothing can be cut off, put in or altered unseen, frame and padding included.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from webapp.errors import Conflict, Invalid, NotFound
from webapp.i18n import N_, Message

FORMAT = 1
_FIRST = "MORTISE-BACKUP"
_MANIFEST, _SEAL = "manifest.json", "seal"
_CHUNK = 1024 * 1024
_WELCOME = """This is a backup of a Mortise firm, format {format}.
Check it:   mortise backup verify FILE
Restore it: mortise backup restore FILE
"""

#: Called with bytes gone through so far.
Step = Callable[[int], None]


class Damaged(Invalid):
    """The file is not what was written; `detail["part"]` names the first part that differs."""

    code = "backup_damaged"


@dataclass(frozen=True)
class Part:
    """One member: its name, where its bytes begin, how many they are and their hash."""

    name: str
    offset: int
    size: int
    sha256: str

    def json(self) -> dict[str, Any]:
        return {"name": self.name, "offset": self.offset, "size": self.size, "sha256": self.sha256}


def _header(name: str, size: int, at: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.mtime, info.mode = size, at, 0o600
    return info.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")


def _padding(size: int) -> bytes:
    return b"\0" * (-size % tarfile.BLOCKSIZE)


def _seal(digest: str, offset: int, size: int) -> bytes:
    """The last bytes of a file, always as many: a member of the tar and its end."""
    text = f"sha256 {digest}\nmanifest {offset:020d} {size:020d}\n".encode()
    return _header(_SEAL, len(text), 0) + text + _padding(len(text)) + b"\0" * (2 * tarfile.BLOCKSIZE)


SEAL_SIZE = len(_seal("0" * 64, 0, 0))


class Writer:
    """Writes the members one after the other into a new file, and the seal at the end."""

    def __init__(self, path: Path, at: int) -> None:
        self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb")
        self._digest = hashlib.sha256()
        self._at = at
        self.parts: list[Part] = []
        self.size = 0
        self._add(_FIRST, io.BytesIO(_WELCOME.format(format=FORMAT).encode()))

    def _write(self, data: bytes) -> None:
        self._file.write(data)
        self._digest.update(data)
        self.size += len(data)

    def add(self, name: str, source: BinaryIO, step: Step = lambda _: None) -> Part:
        """Put in the bytes that `source` has now; what is appended meanwhile is left out."""
        self.parts.append(self._add(name, source, step))
        return self.parts[-1]

    def _add(self, name: str, source: BinaryIO, step: Step = lambda _: None) -> Part:
        size = source.seek(0, os.SEEK_END)
        source.seek(0)
        self._write(_header(name, size, self._at))
        offset, own, left = self.size, hashlib.sha256(), size
        while left:
            data = source.read(min(_CHUNK, left))
            if not data:
                raise Conflict(N_("The file {name} became shorter while it was saved; try again.", name=name))
            own.update(data)
            self._write(data)
            left -= len(data)
            step(size - left)
        self._write(_padding(size))
        return Part(name, offset, size, own.hexdigest())

    def finish(self, manifest: dict[str, Any]) -> None:
        """Write manifest and seal, and make sure that all of it is on the disk."""
        said = {"mortise_backup": FORMAT, **manifest, "parts": [part.json() for part in self.parts]}
        made = self._add(_MANIFEST, io.BytesIO(json.dumps(said, ensure_ascii=False, indent=1).encode()))
        self._digest.update(b"%d %d" % (made.offset, made.size))
        self._file.write(_seal(self._digest.hexdigest(), made.offset, made.size))
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        self._file.close()


class Reader:
    """An archive for reading. Opening it reads seal and manifest alone; `check` goes through every byte."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file: BinaryIO = path.open("rb")
        except OSError as error:
            raise NotFound(
                N_("{file} cannot be read: {reason}", file=str(path), reason=error.strerror or str(error))
            ) from None
        try:
            self.size = self._file.seek(0, os.SEEK_END)
            self._offset, self._length, self._sealed = self._read_seal()
            self.manifest = self._read_manifest()
        except BaseException:
            self._file.close()
            raise
        self.parts = {one["name"]: Part(**one) for one in self.manifest["parts"]}

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def _at(self, offset: int, size: int) -> bytes:
        self._file.seek(offset)
        return self._file.read(size)

    def _read_seal(self) -> tuple[int, int, bytes]:
        sealed = self._at(max(0, self.size - SEAL_SIZE), SEAL_SIZE)
        try:
            _, _, word, offset, size = sealed[tarfile.BLOCKSIZE :].split(b"\0", 1)[0].split()
            place = int(offset), int(size)
            if word != b"manifest" or min(place) < 0 or sum(place) > self.size or len(sealed) != SEAL_SIZE:
                raise ValueError(word)
        except ValueError:
            if self._at(0, len(_FIRST)) != _FIRST.encode():
                raise Damaged(N_("{file} is no backup of Mortise.", file=self.path.name), part=None) from None
            raise self._damaged(N_("its end"), "seal") from None
        return (*place, sealed)

    def _read_manifest(self) -> dict[str, Any]:
        try:
            found = json.loads(self._at(self._offset, self._length))
            version, parts = found["mortise_backup"], found["parts"]
            is_ours = isinstance(version, int) and all(Part(**one) for one in parts)
        except (ValueError, KeyError, TypeError):
            raise self._damaged(N_("its list of contents"), _MANIFEST) from None
        if not is_ours or version > FORMAT:
            raise Conflict(
                N_(
                    "{file} was made by a newer Mortise (format {found}; this one knows {wanted}). Install the newer.",
                    file=self.path.name,
                    found=version,
                    wanted=FORMAT,
                ),
                code="backup_newer",
            )
        return dict(found)

    def _damaged(self, what: Message, part: str | None) -> Damaged:
        return Damaged(
            N_("{file} is damaged: {what} is not as it was written.", file=self.path.name, what=what), part=part
        )

    def check(self, step: Step = lambda _: None) -> None:
        """Go through every byte; raises `Damaged`, which names the part."""
        digest, left = hashlib.sha256(), self.size - SEAL_SIZE
        self._file.seek(0)
        while left:
            data = self._file.read(min(_CHUNK, left))
            if not data:
                raise self._damaged(N_("its end"), _SEAL)
            digest.update(data)
            left -= len(data)
            step(self.size - SEAL_SIZE - left)
        digest.update(b"%d %d" % (self._offset, self._length))
        if _seal(digest.hexdigest(), self._offset, self._length) != self._sealed:
            raise self._blame()

    def _blame(self) -> Damaged:
        """Which part it is: the first whose bytes are not those of the manifest."""
        for part in self.parts.values():
            digest = hashlib.sha256()
            for data in self.chunks(part.name):
                digest.update(data)
            if digest.hexdigest() != part.sha256:
                return self._damaged(N_("the part “{name}”", name=part.name), part.name)
        return self._damaged(N_("its frame, between the parts,"), "frame")

    def chunks(self, name: str) -> Iterator[bytes]:
        """The bytes of a part, piece by piece."""
        part = self.parts[name]
        self._file.seek(part.offset)
        left = part.size
        while left and (data := self._file.read(min(_CHUNK, left))):
            left -= len(data)
            yield data

    def extract(self, name: str, target: Path) -> None:
        """Write a part into a new file, compared with its hash on the way."""
        digest = hashlib.sha256()
        with new_file(target) as file:
            for data in self.chunks(name):
                digest.update(data)
                file.write(data)
        if digest.hexdigest() != self.parts[name].sha256:
            raise self._damaged(N_("the part “{name}”", name=name), name)


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """A file that must not exist yet, for its owner alone, on the disk when the block ends."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Make sure of a renaming inside `folder`."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
