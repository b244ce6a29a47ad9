"""What is imported before the product forks, so that its processes share the memory, and what is kept out of it."""

from __future__ import annotations

import contextlib
import gc
import importlib
import sys
from collections.abc import Iterator

from webapp.config import Settings


def early(settings: Settings) -> None:
    """All that web and worker both need, for this firm's databases."""
    import webapp
    from webapp.serving import worker

    queue(settings)
    for package in ("webapp.web.scope", *webapp.BLUEPRINTS):
        importlib.import_module(package)
    worker.load_handlers()
    gc.collect()
    gc.freeze()


def queue(settings: Settings) -> None:
    """The queue without the drivers that this firm has no use for: Huey imports each that is installed.

    They would take a quarter of a second and some 15 MiB.
    """
    unused = [] if settings.queue_url.startswith("redis") else ["redis"]
    unused += ["psycopg"] if settings.is_sqlite else []
    with without(*unused):
        importlib.import_module("tasks")


@contextlib.contextmanager
def without(*names: str) -> Iterator[None]:
    """Inside the block these packages are as good as not installed, unless they are there already."""
    hidden = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None is how Python says "not there"
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
