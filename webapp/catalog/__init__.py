"""Starter apps: app documents that come with the product.

A document is `<app>.yaml` beside this file, or a folder `<app>/` where it would be too long to read: `app.yaml` names
its forms in their order, each in a file of its own, and `options.yaml` holds lists of options that several fields share
(`options: "@industries"`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from webapp.errors import NotFound, nearest
from webapp.i18n import N_

_FOLDER = Path(__file__).parent
#: What the documents are written in.
CURRENCY = "CNY"


def names() -> list[str]:
    folders = (path.parent.name for path in _FOLDER.glob("*/app.yaml"))
    return sorted({*(path.stem for path in _FOLDER.glob("*.yaml")), *folders})


def text(name: str) -> str:
    """The document of a starter app."""
    if name not in names():
        raise NotFound(N_("There is no starter app “{name}”.", name=name), near=nearest(name, names()))
    if (_FOLDER / f"{name}.yaml").exists():
        return _read(f"{name}.yaml")
    from webapp.definitions import source

    return source.write(_joined(name))


def label(name: str) -> Any:
    """What a starter app is called, in both languages."""
    return _head(name).get("label") or name


def about(name: str) -> Any:
    """What a starter app is for, in both languages."""
    return _head(name).get("description") or ""


def _head(name: str) -> dict[str, Any]:
    """What stands at the beginning of a document, without its forms where they are files of their own."""
    from webapp.definitions import source

    path = f"{name}/app.yaml"
    found: dict[str, Any] = source.read(_read(path) if (_FOLDER / path).exists() else text(name))
    return found


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


def _read(path: str) -> str:
    return (_FOLDER / path).read_text("utf-8")


def _joined(name: str) -> dict[str, Any]:
    """The document of the folder `name`."""
    from webapp.definitions import source

    found: dict[str, Any] = source.read(_read(f"{name}/app.yaml"))
    shared: dict[str, Any] = {}
    if (_FOLDER / name / "options.yaml").exists():
        shared = source.read(_read(f"{name}/options.yaml"))
    found["forms"] = {key: source.read(_read(f"{name}/{key}.yaml")) for key in found["forms"]}
    for form in found["forms"].values():
        for field in form["fields"].values():
            field.update(_options(field, shared))
    return found


def _options(field: Mapping[str, Any], shared: Mapping[str, Any]) -> dict[str, Any]:
    named = field.get("options")
    if not isinstance(named, str):
        return {}
    return {"options": [dict(option) for option in shared[named.removeprefix("@")]]}


def has_demo(name: str) -> bool:
    return (_FOLDER / name / "demo").is_dir()


def demo_of(name: str) -> dict[str, Any]:
    """What a demo firm says of itself: `about` it, the `order` of its forms, which are `told` where it is offered."""
    from webapp.definitions import source

    found: dict[str, Any] = source.read(_read(f"{name}/demo/demo.yaml"))
    return found


def demo(name: str, language: str) -> dict[str, list[dict[str, str]]]:
    """The demo firm of a starter app: form → rows (field key → text as people type it), in the order to be entered.

    Days count from today: `-3`, `+12`; moments too: `-1 10:30`. `created_at` and `last_activity_at` say how old a
    record is.
    """
    import csv

    found = {}
    for form in demo_of(name)["order"]:
        path = _FOLDER / name / "demo" / language / f"{form}.csv"
        if path.exists():
            with path.open(encoding="utf-8", newline="") as file:
                found[form] = list(csv.DictReader(file))
    return found
