"""Saved views after the form has changed: what was renamed is found again, what is gone is left out and said.

A field is told by its column, which keeps the name it was first given, or by what it says it was called (`was`). A view
that is saved again names the fields as they are called now.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from webapp.definitions.model import Definitions, Field, Form
from webapp.definitions.shapes import grouped_by
from webapp.engines.forms.viewing import paths
from webapp.engines.forms.viewing.saved import SavedView
from webapp.errors import MortiseError
from webapp.expressions import nodes
from webapp.expressions.parser import parse

_LISTS = ("columns", "card", "sort", "group")
_ONES = ("by", "lanes", "color", "total")
_MAPS = ("totals", "widths")


def former(definitions: Definitions, form: Form) -> Mapping[str, str]:
    """How fields were called → how they are called now; only what no field is called any more."""
    kept = definitions.cache.setdefault("former names", {})
    if form.name not in kept:
        kept[form.name] = _former(definitions, form)
    found: Mapping[str, str] = kept[form.name]
    return found


def _former(definitions: Definitions, form: Form) -> dict[str, str]:
    app = definitions.apps.get(form.app)
    raw = ((app.document.get("forms") or {}).get(form.key) or {}).get("fields") or {} if app else {}
    found: dict[str, str] = {}
    for key, field in form.fields.items():
        was = raw.get(key, {}).get("was") if isinstance(raw.get(key), Mapping) else None
        for old in (_stem(field), was):
            if old and old not in form.names:
                found.setdefault(old, key)
    return found


def _stem(field: Field) -> str | None:
    if field.values_table is not None:
        return str(field.values_table.name).rpartition("__")[2]
    return field.column


def renew(definitions: Definitions, form: Form, view: SavedView) -> SavedView:
    """The view with its fields as they are called now."""
    names = former(definitions, form)
    if not names:
        return view
    settings = dict(view.settings)
    for name in _LISTS:
        if settings.get(name):
            settings[name] = [_named(names, one) for one in settings[name]]
    for name in _ONES:
        if settings.get(name):
            settings[name] = _named(names, settings[name])
    for name in _MAPS:
        if settings.get(name):
            settings[name] = {_named(names, key): value for key, value in settings[name].items()}
    if settings.get("filter"):
        settings["filter"] = _expression(names, settings["filter"])
    return view if settings == view.settings else replace(view, settings=settings)


def _named(names: Mapping[str, str], text: str) -> str:
    """A key, a sort, a group or the first step of a path with its present name."""
    sign, rest = ("-", text[1:]) if text.startswith("-") else ("", text)
    key = grouped_by(rest)
    first = key.partition(".")[0]
    return sign + rest.replace(first, names[first], 1) if first in names and key.startswith(first) else text


def _expression(names: Mapping[str, str], text: str) -> str:
    try:
        tree = parse(text)
    except MortiseError:
        return text
    places = sorted(_places(names, tree), reverse=True)
    for position, old in places:
        if text[position : position + len(old)] == old:
            text = text[:position] + names[old] + text[position + len(old) :]
    return text


def _places(names: Mapping[str, str], node: nodes.Node) -> list[tuple[int, str]]:
    """Where the text names a field of this form by a former name. What stands in the condition of an aggregate is of
    another form."""
    if isinstance(node, nodes.Name):
        part = node.parts[0]
        return [(node.position, part.text)] if part.text in names and not part.is_label else []
    found = []
    for f in fields(node):
        value = getattr(node, f.name)
        if f.name == "where":
            continue
        for one in value if isinstance(value, tuple) else (value,):
            if isinstance(one, nodes.Node):
                found += _places(names, one)
    return found


def without(definitions: Definitions, form: Form, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings without what leads nowhere any more, as a view is saved anew."""
    dead = set(gone(definitions, form, settings))

    def is_dead(name: str) -> bool:
        return grouped_by(name.removeprefix("-")) in dead

    kept = {k: v for k, v in settings.items() if not (k in _ONES and isinstance(v, str) and is_dead(v))}
    for name in _LISTS:
        if kept.get(name):
            kept[name] = [one for one in kept[name] if not is_dead(one)]
    for name in _MAPS:
        if kept.get(name):
            kept[name] = {key: value for key, value in kept[name].items() if not is_dead(key)}
    return kept


def gone(definitions: Definitions, form: Form, settings: Mapping[str, Any]) -> list[str]:
    """Keys and paths that a view names and that lead nowhere any more; its filter says so by itself."""
    wanted = [key for name in _LISTS for key in settings.get(name) or ()]
    wanted += [settings[name] for name in _ONES if settings.get(name)]
    wanted += list(settings.get("totals") or ())
    keys = (grouped_by(key.removeprefix("-")) for key in wanted if isinstance(key, str))
    return [key for key in dict.fromkeys(keys) if paths.field(definitions, form, key) is None]
