"""Where backups lie, what they are called, and which folders are saved besides the database."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from webapp.backups.archive import Damaged, Reader
from webapp.config import Settings
from webapp.errors import Busy, Conflict, MortiseError, NotFound
from webapp.files.store import store_of
from webapp.i18n import N_

PREFIX, SUFFIX = "mortise-", ".tar"
_MAKING = ".making-"
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Backup:
    """One file of the folder. `error` says why it cannot be used; then little else is known.

    reason  why it was made: `hand`, `schedule`, `update`
    key     whether the secret key is in it: None, `plain`, `passphrase`
    """

    name: str
    path: Path
    size: int
    made_at: datetime | None
    reason: str | None = None
    key: str | None = None
    manifest: dict[str, Any] | None = None
    error: MortiseError | None = None


def root(settings: Settings) -> Path:
    return settings.backup_dir or settings.data_dir / "backups"


def is_own_disk(settings: Settings) -> bool:
    """Whether backups lie on another disk than the data."""
    try:
        return root(settings).stat().st_dev != settings.data_dir.stat().st_dev
    except OSError:
        return False


def saved(settings: Settings) -> dict[str, Path]:
    """What is saved besides the database: name in the archive → folder."""
    return {"imports": settings.data_dir / "imports", "files": store_of(settings).root}


def ready(settings: Settings) -> Path:
    """The folder, made if it is our own. One that was named has to be there: its disk may not be mounted."""
    folder = root(settings)
    if settings.backup_dir is None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    elif not folder.is_dir():
        raise NotFound(
            N_("The folder for backups {folder} is not there. Is its disk mounted? (MORTISE_BACKUP_DIR)", folder=folder)
        )
    return folder


@contextmanager
def working(settings: Settings) -> Iterator[Path]:
    """A place for one backup in the making, alone; what a dead one left behind is removed."""
    folder = ready(settings)
    with told(), (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy(N_("Another backup is being made at this moment."), code="backup_running") from None
        for left in folder.glob(f"{_MAKING}*"):
            shutil.rmtree(left, ignore_errors=True)
        place = folder / f"{_MAKING}{os.getpid()}"
        place.mkdir(mode=0o700)
        try:
            yield place
        finally:
            shutil.rmtree(place, ignore_errors=True)


@contextmanager
def told() -> Iterator[None]:
    """What a disk says, in words; nothing half made is left where somebody could take it for whole."""
    try:
        yield
    except OSError as error:
        where = str(error.filename or "")
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise Conflict(
                N_("The disk is full; the backup was not made. Make room or choose another folder."), code="disk_full"
            ) from error
        raise Conflict(
            N_("The backup was not made: {reason} {file}", reason=error.strerror or str(error), file=where),
            code="disk_trouble",
        ) from error


def require_room(folder: Path, needed: int) -> None:
    """Refuse early where the disk cannot hold it."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise Conflict(
            N_(
                "There is not enough room in {folder}: about {needed} MB are needed, {free} MB are free.",
                folder=str(folder),
                needed=f"{needed / 1e6:.0f}",
                free=f"{free / 1e6:.0f}",
            ),
            code="disk_full",
        )


def size_of(folder: Path) -> int:
    """Bytes of all files below."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.stat(os.path.join(place, name)).st_size
    return total


def free_name(settings: Settings, now: datetime) -> str:
    """`mortise-20261125-023000.tar` in the firm's time, or with a number if there is one of that second."""
    stem = f"{PREFIX}{now.astimezone(ZoneInfo(settings.timezone)):%Y%m%d-%H%M%S}"
    folder, number = root(settings), 1
    while (folder / (name := f"{stem}{f'-{number}' if number > 1 else ''}{SUFFIX}")).exists():
        number += 1
    return name


def found(settings: Settings, text: str) -> Path:
    """The file meant by `text`: a path, or a name in the folder of backups."""
    path = Path(text)
    for one in (path, root(settings) / path.name):
        if one.is_file():
            return one
    raise NotFound(N_("There is no backup {file}.", file=text))


def named(settings: Settings, name: str) -> Path:
    """A backup of the folder by its bare name; anything else is not found."""
    path = root(settings) / name
    if path.name != name or not name.startswith(PREFIX) or not name.endswith(SUFFIX) or not path.is_file():
        raise NotFound(N_("There is no backup {file}.", file=name))
    return path


def listed(settings: Settings) -> list[Backup]:
    """All backups of the folder, newest first. Only their ends are read; `checking` goes through every byte."""
    try:
        paths = sorted(root(settings).glob(f"{PREFIX}*{SUFFIX}"), reverse=True)
    except OSError:
        return []
    backups = [look(path) for path in paths]
    return sorted(backups, key=lambda one: (one.made_at or _NEVER, one.path.stem), reverse=True)


def look(path: Path) -> Backup:
    """What a file says of itself."""
    try:
        with Reader(path) as reader:
            said = reader.manifest
            return Backup(
                path.name,
                path,
                reader.size,
                datetime.fromisoformat(said["made_at"]),
                said.get("reason"),
                said.get("key"),
                said,
            )
    except (MortiseError, KeyError, ValueError) as error:
        known = error if isinstance(error, MortiseError) else Damaged(N_("{file} is damaged.", file=path.name))
        size = path.stat().st_size if path.exists() else 0
        return Backup(path.name, path, size, None, error=known)


def inside(folder: Path, name: str) -> Path:
    """Where a part called `name` goes below `folder`; a name that would lead out of it is refused."""
    path = Path(os.path.normpath(folder / name))
    if not path.is_relative_to(folder) or path == folder:
        raise Damaged(N_("The backup holds a name that leads out of its folder: {name}", name=name), part=name)
    return path
