"""Starter apps: app documents that come with the product, one `<app>.yaml` each beside this file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from webapp.errors import NotFound, nearest
from webapp.i18n import N_

_FOLDER = Path(__file__).parent
#: What the documents are written in.
CURRENCY = "CNY"


def names() -> list[str]:
    return sorted(path.stem for path in _FOLDER.glob("*.yaml"))


def text(name: str) -> str:
    """The document of a starter app."""
    if name not in names():
        raise NotFound(N_("There is no starter app “{name}”.", name=name), near=nearest(name, names()))
    return (_FOLDER / f"{name}.yaml").read_text("utf-8")


def label(name: str) -> Any:
    """What a starter app is called, in both languages."""
    from webapp.definitions import source

    return source.read(text(name)).get("label") or name


def document(name: str, currency: str = CURRENCY) -> str | dict[str, Any]:
    """The same with its money in the firm's `currency`: as text where nothing differs, else as data."""
    if currency == CURRENCY:
        return text(name)
    from webapp.definitions import source

    found: dict[str, Any] = source.read(text(name))
    for form in found.get("forms", {}).values():
        for field in form.get("fields", {}).values():
            if field.get("kind") == "money" or field.get("show") == "money":
                field["currency"] = currency
    return found
