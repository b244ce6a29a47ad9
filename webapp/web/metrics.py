"""Numbers for whoever watches the machine, in the text form that Prometheus reads; a keeper's token opens them.

Requests are counted in memory that all web processes share: it is made before they are forked, and each adds in a
place of its own, so that nobody waits for anybody.
"""

from __future__ import annotations

import importlib.metadata
import mmap
import os
import threading
from collections.abc import Iterator, Mapping

from flask import Response

from webapp.definitions import epochs
from webapp.errors import Denied
from webapp.i18n import N_
from webapp.journal import due
from webapp.web import scope

#: Places in the shared memory: processes that run at once have numbers close to each other.
_PLACES = 256
_CLASSES = ("1xx", "2xx", "3xx", "4xx", "5xx")


class Requests:
    """How many requests were answered, by class of status, over all processes forked after it was made."""

    def __init__(self) -> None:
        self._counts = memoryview(mmap.mmap(-1, _PLACES * len(_CLASSES) * 8)).cast("Q")
        self._lock = threading.Lock()

    def count(self, response: Response) -> Response:
        place = os.getpid() % _PLACES * len(_CLASSES) + min(max(response.status_code // 100, 1), 5) - 1
        with self._lock:
            self._counts[place] += 1
        return response

    def by_status(self) -> dict[str, int]:
        return {name: sum(self._counts[i :: len(_CLASSES)].tolist()) for i, name in enumerate(_CLASSES)}


def install(app: scope.App) -> None:
    requests = Requests()
    app.after_request(requests.count)
    app.add_url_rule("/metrics", "metrics", lambda: metrics(requests))


def metrics(requests: Requests) -> Response:
    """Requests by status, jobs by state, the epoch of the definitions, and what runs here."""
    if not scope.actor().is_keeper:
        raise Denied(N_("Only system administrators may do this."))
    unit = scope.unit()
    lines = [
        *_series("mortise_build_info", "gauge", {_version(): 1}, "version"),
        *_series("mortise_requests_total", "counter", requests.by_status(), "status"),
        *_series("mortise_jobs", "gauge", due.counts(unit), "state"),
        "# TYPE mortise_definitions_epoch gauge",
        f"mortise_definitions_epoch {epochs.current(unit).epoch}",
    ]
    return Response("\n".join(lines) + "\n", content_type="text/plain; version=0.0.4; charset=utf-8")


def _series(name: str, kind: str, values: Mapping[str, int], label: str) -> Iterator[str]:
    yield f"# TYPE {name} {kind}"
    yield from (f'{name}{{{label}="{key}"}} {value}' for key, value in values.items())


def _version() -> str:
    try:
        return importlib.metadata.version("mortise")
    except importlib.metadata.PackageNotFoundError:  # run from a source tree that was never installed
        return "unknown"
