"""What the kinds with options share: their settings, and finding the option a person means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from webapp.definitions.model import Field
from webapp.definitions.spec import Flag, Label, ListOf, OneOf, Report, Setting, Shape, Struct, Text
from webapp.engines.forms.fields.base import COLOURS, FieldError, Kind, folded, given_text
from webapp.errors import nearest
from webapp.expressions.fold import fold
from webapp.expressions.types import Option
from webapp.i18n import N_, label, language_of

MOST_OPTIONS = 500
_MARKS = re.compile(r"[,，、;；\n|]")

OPTION: dict[str, Setting] = {
    "value": Setting(Text(60), required=True, label=N_("Value")),
    "label": Setting(Label(), label=N_("Label")),
    "color": Setting(OneOf(COLOURS), label=N_("Colour")),
    "icon": Setting(Text(40), label=N_("Icon")),
    "archived": Setting(Flag(), False, label=N_("No longer offered")),
}


def options_setting(more: Mapping[str, Setting] | None = None, least: int = 1) -> Setting:
    shape: Shape = ListOf(Struct({**OPTION, **(more or {})}), least, MOST_OPTIONS, known_by=("value",))
    return Setting(shape, required=True, label=N_("Options"))


def examine_options(settings: Mapping[str, Any], path: str, report: Report) -> None:
    """Values are not empty and differ, labels do not stand for two options."""
    taken: dict[str, str] = {}
    good = [(i, o) for i, o in enumerate(settings.get("options") or []) if o and o.get("value") is not None]
    for i, option in good:
        if not option["value"].strip() or option["value"] != option["value"].strip():
            report.add(
                f"{path}.options[{i}].value", N_("A value has no spaces around it and is not empty."), "bad_value"
            )
        elif any(option["value"] == other["value"] for j, other in good if j < i):
            report.add(
                f"{path}.options[{i}].value", N_("Two options have the value “{v}”.", v=option["value"]), "twice"
            )
    for i, option in good:
        for text in _texts(option.get("label")):
            key = folded(text) or ""
            if taken.setdefault(key, option["value"]) != option["value"]:
                report.add(f"{path}.options[{i}].label", N_("Two options are called “{v}”.", v=text), "twice")


def _texts(text: Any) -> list[str]:
    return list(text.values()) if isinstance(text, Mapping) else [text] if text else []


def options(field: Field) -> tuple[Option, ...]:
    """The options of a field in their order; the label falls back to the value."""
    found = field.lazy.get("options")
    if found is None:
        found = tuple(
            Option(
                str(o["value"]),
                o.get("label") or str(o["value"]),
                {k: _attribute(k, v) for k, v in o.items() if k not in ("value", "label") and v is not None},
            )
            for o in field.settings.get("options") or ()
        )
        field.lazy["options"] = found
    return tuple(found)


def _attribute(key: str, value: Any) -> Any:
    """Shapes carry exact numbers as text; the language wants numbers."""
    return Decimal(value) if key == "probability" else value


def find(field: Field, raw: Any) -> str | None:
    """The value of the option meant by `raw`: its value, or its label in any language, folded. None when empty."""
    text = given_text(raw).strip()
    if not text:
        return None
    names = _names(field)
    value = names.get(text) or names.get(fold(text).strip())
    if value is None:
        shown = [o.value for o in options(field)] + [t for o in options(field) for t in _texts(o.label)]
        short = text if len(text) <= 40 else text[:39] + "…"
        raise FieldError(
            N_("“{value}” is not one of the options.", value=short),
            code="unknown_option",
            near=nearest(text[:100], shown),
        )
    return value


def _names(field: Field) -> Mapping[str, str]:
    """Every way to name an option → its value. Exact values win over folded ones, values over labels."""
    names = field.lazy.get("option_names")
    if names is None:
        names = {}
        for option in options(field):
            names[option.value] = option.value
        for option in options(field):
            names.setdefault(fold(option.value).strip(), option.value)
        for option in options(field):
            for text in _texts(option.label):
                names.setdefault(fold(text).strip(), option.value)
        field.lazy["option_names"] = names
    known: Mapping[str, str] = names
    return known


def shown(field: Field, value: str | None, locale: str) -> str:
    """The label of an option; a value whose option is gone is shown as it is."""
    if value is None:
        return ""
    return next((label(o.label, locale) for o in options(field) if o.value == value), value)


def found_by(field: Field, value: str | None) -> str:
    """What searching finds of an option: its labels in all languages."""
    if value is None:
        return ""
    return " ".join(dict.fromkeys(t for o in options(field) if o.value == value for t in _texts(o.label))) or value


class Several(Kind):
    """Several texts in the order given, in a table of their own; each an option, or shown and found like one."""

    is_multi = True

    def examine(self, settings: Mapping[str, Any], path: str, report: Report) -> None:
        examine_options(settings, path, report)

    def columns(self, field: Field) -> list[sa.Column[Any]]:
        return []

    def text(self, field: Field, value: Any, locale: str) -> str:
        mark = "、" if language_of(locale) == "zh" else ", "
        return mark.join(shown(field, one, locale) for one in value or ())

    def json(self, field: Field, value: Any) -> list[str]:
        return list(value or ())

    def unjson(self, field: Field, value: Any) -> tuple[str, ...] | None:
        return tuple(value) if value else None

    def search(self, field: Field, value: Any) -> str:
        return " ".join(found_by(field, one) for one in value or ())

    def parts(self, text: str) -> list[str]:
        """What stands between commas of either width, 、, ; or line ends."""
        return _MARKS.split(text)
