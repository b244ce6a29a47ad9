"""Shapes of the app document: one description checks a value, completes it, and prints its JSON Schema.

A shape reports every problem it finds and goes on, so that a person mends a document once. Field kinds, views,
node kinds and actions describe their settings with the same shapes; the designers generate their panels from them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Protocol

from webapp.errors import Problem, nearest
from webapp.i18n import LANGUAGES, N_, Message

KEY = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
KEY_LENGTH = 24


class Report:
    """Collects the problems of one check."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def add(self, path: str, message: Message, code: str = "invalid", near: str | None = None) -> None:
        self.problems.append(Problem(path, message, code, near))


class Shape(Protocol):
    def check(self, value: Any, path: str, report: Report) -> Any:
        """The value in its normal form; problems go to `report`, and what cannot be used comes back as None."""

    def schema(self) -> dict[str, Any]:
        """JSON Schema 2020-12 of this shape."""


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


@dataclass(frozen=True)
class Text:
    """A text of at most `longest` characters; `multiline` and `expression` only tell the designer which editor."""

    longest: int = 200
    multiline: bool = False

    def check(self, value: Any, path: str, report: Report) -> str | None:
        if not _is_text(value):
            report.add(path, N_("A text is expected here."), "type")
        elif len(value) > self.longest:
            report.add(path, N_("At most {n} characters are possible here.", n=self.longest), "too_long")
        else:
            return value
        return None

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "maxLength": self.longest}


@dataclass(frozen=True)
class ExpressionText:
    """A text in the one language; `definitions.validate` checks its names and types in a second pass."""

    expect: str = "any"  # a language type name the result must have: boolean, number …
    longest: int = 10_000

    def check(self, value: Any, path: str, report: Report) -> str | None:
        if isinstance(value, bool | int | float):
            value = str(value).lower()
        return Text(self.longest, multiline=True).check(value, path, report)

    def schema(self) -> dict[str, Any]:
        return {
            "type": ["string", "number", "boolean"],
            "maxLength": self.longest,
            "x-expression": self.expect,
        }


@dataclass(frozen=True)
class Flag:
    def check(self, value: Any, path: str, report: Report) -> bool | None:
        if isinstance(value, bool):
            return value
        report.add(path, N_("true or false is expected here."), "type")
        return None

    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


@dataclass(frozen=True)
class Integer:
    least: int | None = None
    most: int | None = None

    def check(self, value: Any, path: str, report: Report) -> int | None:
        if isinstance(value, bool) or not isinstance(value, int):
            report.add(path, N_("A whole number is expected here."), "type")
        elif self.least is not None and value < self.least:
            report.add(path, N_("At least {n} is expected here.", n=self.least), "too_small")
        elif self.most is not None and value > self.most:
            report.add(path, N_("At most {n} is possible here.", n=self.most), "too_large")
        else:
            return value
        return None

    def schema(self) -> dict[str, Any]:
        limits = {"minimum": self.least, "maximum": self.most}
        return {"type": "integer", **{k: v for k, v in limits.items() if v is not None}}


@dataclass(frozen=True)
class Number:
    """An exact number; comes back as text, because documents are JSON and floats would bend it."""

    def check(self, value: Any, path: str, report: Report) -> str | None:
        try:
            if isinstance(value, bool) or not isinstance(value, int | float | str):
                raise InvalidOperation
            number = Decimal(str(value))
            if not number.is_finite():
                raise InvalidOperation
            return format(number, "f")
        except InvalidOperation:
            report.add(path, N_("A number is expected here."), "type")
            return None

    def schema(self) -> dict[str, Any]:
        return {"type": ["number", "string"]}


@dataclass(frozen=True)
class OneOf:
    """One of a few fixed values (texts, booleans or numbers)."""

    values: tuple[Any, ...]

    def check(self, value: Any, path: str, report: Report) -> Any:
        for good in self.values:
            if type(good) is type(value) and good == value:
                return value
        names = [str(v).lower() if isinstance(v, bool) else str(v) for v in self.values]
        report.add(
            path,
            N_(
                "“{value}” is not possible here; choose one of: {names}.",
                value=_short(value),
                names=", ".join(names),
            ),
            "unknown_value",
            nearest(value, names) if isinstance(value, str) else None,
        )
        return None

    def schema(self) -> dict[str, Any]:
        return {"enum": list(self.values)}


@dataclass(frozen=True)
class Key:
    """An identity: `[a-z][a-z0-9]*(_[a-z0-9]+)*`, at most 24 characters, not reserved."""

    reserved: frozenset[str] = frozenset()

    def check(self, value: Any, path: str, report: Report) -> str | None:
        if not _is_text(value) or not KEY.fullmatch(value):
            report.add(
                path,
                N_(
                    "“{key}” cannot be a key: small letters a-z, digits and single underscores, a letter first.",
                    key=_short(value),
                ),
                "bad_key",
            )
        elif len(value) > KEY_LENGTH:
            report.add(path, N_("A key has at most {n} characters.", n=KEY_LENGTH), "key_too_long")
        elif value in self.reserved:
            report.add(path, N_("“{key}” is reserved by the system; choose another key.", key=value), "reserved_key")
        else:
            return value
        return None

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^{KEY.pattern}$", "maxLength": KEY_LENGTH}


@dataclass(frozen=True)
class Label:
    """A text, or a map from language to text."""

    longest: int = 200

    def check(self, value: Any, path: str, report: Report) -> str | dict[str, str] | None:
        if _is_text(value):
            return Text(self.longest).check(value, path, report)
        if not isinstance(value, Mapping) or not value:
            report.add(
                path,
                N_("A text, or a map such as {example}, is expected here.", example="{en: …, zh: …}"),
                "type",
            )
            return None
        texts: dict[str, str] = {}
        for language, text in value.items():
            if language not in LANGUAGES:
                near = nearest(str(language), LANGUAGES)
                report.add(f"{path}.{language}", N_("This language is not known."), "unknown_language", near)
            elif (good := Text(self.longest).check(text, f"{path}.{language}", report)) is not None:
                texts[language] = good
        return texts

    def schema(self) -> dict[str, Any]:
        text = {"type": "string", "maxLength": self.longest}
        languages = dict.fromkeys(LANGUAGES, text)
        return {"anyOf": [text, {"type": "object", "properties": languages, "additionalProperties": False}]}


@dataclass(frozen=True)
class ListOf:
    """`known_by` names the settings by which two texts' entries are found to be the same one, the surest first."""

    item: Shape
    least: int = 0
    most: int = 1000
    known_by: tuple[str, ...] = ()

    def check(self, value: Any, path: str, report: Report) -> list[Any] | None:
        if not isinstance(value, list | tuple):
            report.add(path, N_("A list is expected here."), "type")
            return None
        if len(value) < self.least:
            report.add(path, N_("At least {n} entries are expected here.", n=self.least), "too_few")
        if len(value) > self.most:
            report.add(path, N_("At most {n} entries are possible here.", n=self.most), "too_many")
        return [self.item.check(v, f"{path}[{i}]", report) for i, v in enumerate(value[: self.most])]

    def schema(self) -> dict[str, Any]:
        return {"type": "array", "items": self.item.schema(), "minItems": self.least, "maxItems": self.most}


@dataclass(frozen=True)
class MapOf:
    """Keys to values, order kept."""

    value: Shape
    key: Shape = field(default_factory=Key)
    most: int = 1000

    def check(self, value: Any, path: str, report: Report) -> dict[str, Any] | None:
        if not isinstance(value, Mapping):
            report.add(path, N_("A map from keys to settings is expected here."), "type")
            return None
        if len(value) > self.most:
            report.add(path, N_("At most {n} entries are possible here.", n=self.most), "too_many")
        checked: dict[str, Any] = {}
        for key, item in list(value.items())[: self.most]:
            at = f"{path}.{_short(key)}" if path else _short(key)
            good_key = self.key.check(key, at, report)
            good = self.value.check(item, at, report)
            if good_key is not None:
                checked[good_key] = good
        return checked

    def schema(self) -> dict[str, Any]:
        return {"type": "object", "additionalProperties": self.value.schema(), "maxProperties": self.most}


@dataclass(frozen=True)
class AnyOf:
    """The first alternative that takes the value without a problem; else the problems of the nearest by Python type."""

    choices: tuple[Shape, ...]

    def check(self, value: Any, path: str, report: Report) -> Any:
        reports = []
        for shape in self.choices:
            attempt = Report()
            checked = shape.check(value, path, attempt)
            if not attempt.problems:
                return checked
            reports.append(attempt)
        best = min(reports, key=lambda r: ([p.code for p in r.problems] == ["type"], len(r.problems)))
        report.problems += best.problems
        return None

    def schema(self) -> dict[str, Any]:
        return {"anyOf": [shape.schema() for shape in self.choices]}


@dataclass(frozen=True)
class Setting:
    """One entry of a `Struct`: its shape, whether it must be there, its default, and a label for the designer."""

    shape: Shape
    default: Any = None
    required: bool = False
    label: Message | None = None


@dataclass(frozen=True)
class Struct:
    """A map with known entries. Unknown ones are refused with the nearest good name.

    `open_to` lets a caller add entries that depend on another (the settings of a field's kind): it is given the raw
    map and answers more settings.
    """

    settings: Mapping[str, Setting]
    open_to: Callable[[Mapping[str, Any]], Mapping[str, Setting]] | None = None

    def check(self, value: Any, path: str, report: Report) -> dict[str, Any] | None:
        """A dict with every known entry; what was not given has its default."""
        if not isinstance(value, Mapping):
            report.add(path, N_("A map of settings is expected here."), "type")
            return None
        known = dict(self.settings)
        if self.open_to is not None:
            known.update(self.open_to(value))
        checked: dict[str, Any] = {}
        for name in value:
            if name not in known:
                report.add(
                    _join(path, _short(name)),
                    N_("The setting “{name}” is not known here.", name=_short(name)),
                    "unknown_setting",
                    nearest(str(name), known),
                )
        for name, setting in known.items():
            if name in value and (value[name] is not None or setting.required):
                checked[name] = setting.shape.check(value[name], _join(path, name), report)
            elif setting.required:
                report.add(path, N_("The setting “{name}” is missing.", name=name), "missing")
            else:
                checked[name] = setting.default
        return checked

    def schema(self) -> dict[str, Any]:
        required = [name for name, s in self.settings.items() if s.required]
        properties = {name: s.shape.schema() for name, s in self.settings.items()}
        shape: dict[str, Any] = {"type": "object", "properties": properties}
        if required:
            shape["required"] = required
        if self.open_to is None:
            shape["additionalProperties"] = False
        return shape


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 40 else text[:39] + "…"
