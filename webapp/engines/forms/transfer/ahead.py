"""Work done ahead by the second core: a forked child runs through an iterator, this process takes what comes of it.

The child has what this process had when it was forked (the definitions, the readers) and needs no start of its own.
It must not touch the database: an open SQLite file does not survive a fork. Every file and connection of this process
but the ones it is given is closed there first, what exists is never collected there, and it ends without a farewell.
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import io
import os
import pickle
import signal
import struct
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, BinaryIO, NoReturn, TypeVar

from webapp.errors import MortiseError

T = TypeVar("T")
#: Bytes the pipe should hold, so that the child need not wait for each piece to be fetched.
PIPE = 1 << 20
#: How far the child stands back behind people's requests.
NICE = 5
_LENGTH = struct.Struct("!Q")


@contextmanager
def ahead(items: Callable[[], Iterable[T]], *files: int) -> Iterator[Iterator[T]]:
    """`items()` worked out in a child; `files` are the descriptors it needs. What it raises is raised here.

    The child ends with the block.
    """
    source, sink = os.pipe()
    child = os.fork()
    if child == 0:
        _work(items, sink, files)
    os.close(sink)
    with contextlib.suppress(OSError):
        fcntl.fcntl(source, fcntl.F_SETPIPE_SZ, PIPE)
    try:
        with os.fdopen(source, "rb") as stream:
            yield _received(stream)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(child, 0)


def _received(stream: BinaryIO) -> Iterator[Any]:
    while len(head := stream.read(_LENGTH.size)) == _LENGTH.size:
        answer = pickle.loads(stream.read(_LENGTH.unpack(head)[0]))  # noqa: S301 (from our own child)
        if "item" in answer:
            yield answer["item"]
        elif "end" in answer:
            return
        elif "refused" in answer:
            kind, message, problems, detail = answer["refused"]
            raise kind(message, problems=problems, **detail)
        else:
            raise RuntimeError(answer["error"])
    raise RuntimeError("the process that read ahead has ended too early")


def _work(items: Callable[[], Iterable[Any]], sink: int, files: tuple[int, ...]) -> NoReturn:
    """The child, from its first moment to its end."""
    code = 1
    try:
        gc.freeze()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        kept = sorted({0, 1, 2, sink, *files})
        for before, after in zip(kept, [*kept[1:], os.sysconf("SC_OPEN_MAX")], strict=True):
            os.closerange(before + 1, after)
        os.nice(NICE)
        with os.fdopen(sink, "wb", buffering=0) as stream:
            for answer in _answers(items):
                stream.write(_packed(answer))
        code = 0
    except BrokenPipeError:  # nobody wants it any more
        pass
    finally:
        os._exit(code)


def _answers(items: Callable[[], Iterable[Any]]) -> Iterator[dict[str, Any]]:
    try:
        for item in items():
            yield {"item": item}
        yield {"end": True}
    except MortiseError as error:
        yield {"refused": (type(error), error.message, error.problems, {**error.detail, "code": error.code})}
    except Exception:
        yield {"error": traceback.format_exc()}


class _Pickler(pickle.Pickler):
    """Takes the read-only mappings of definitions too (labels in a message)."""

    def reducer_override(self, given: Any) -> Any:
        return (dict, (dict(given),)) if isinstance(given, MappingProxyType) else NotImplemented


def _packed(answer: dict[str, Any]) -> memoryview:
    buffer = io.BytesIO(bytes(_LENGTH.size))
    buffer.seek(_LENGTH.size)
    _Pickler(buffer, pickle.HIGHEST_PROTOCOL).dump(answer)
    view = buffer.getbuffer()
    view[: _LENGTH.size] = _LENGTH.pack(len(view) - _LENGTH.size)
    return view
