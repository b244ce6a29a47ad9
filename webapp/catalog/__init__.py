"""Starter apps: app documents that come with the product, one `<app>.yaml` each beside this file."""

from __future__ import annotations

from pathlib import Path

from webapp.errors import NotFound, nearest
from webapp.i18n import N_

_FOLDER = Path(__file__).parent


def names() -> list[str]:
    return sorted(path.stem for path in _FOLDER.glob("*.yaml"))


def text(name: str) -> str:
    """The document of a starter app."""
    if name not in names():
        raise NotFound(N_("There is no starter app “{name}”.", name=name), near=nearest(name, names()))
    return (_FOLDER / f"{name}.yaml").read_text("utf-8")
