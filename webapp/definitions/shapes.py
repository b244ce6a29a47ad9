"""Shapes that name other parts of the document, and a walk over a checked value to find what it names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from webapp.definitions.spec import KEY, AnyOf, ListOf, MapOf, Report, Setting, Shape, Struct, Text
from webapp.errors import nearest
from webapp.i18n import N_
from webapp.registry import Registry

FORM_NAME = re.compile(rf"{KEY.pattern}(\.{KEY.pattern})?")


@dataclass(frozen=True)
class FieldName:
    """Names a field of the form it stands in; `types` limits the language types it may have."""

    types: tuple[str, ...] = ()
    is_path: bool = False  # `account.industry` too

    def check(self, value: Any, path: str, report: Report) -> str | None:
        return Text(80).check(value, path, report)

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "x-field": list(self.types) or True}


#: A period of a date, or steps of a number, as rows are grouped by them; in the words of the language.
PERIOD = re.compile(rf"(?P<unit>year|quarter|month|week|day)\((?P<key>{KEY.pattern})\)")
STEPS = re.compile(rf"floor\((?P<key>{KEY.pattern})/(?P<step>10{{0,6}})\)")
_MOMENTS = ("date", "datetime")


@dataclass(frozen=True)
class GroupName:
    """What rows are grouped by: a field of one of the `types`, `month(close_date)`, or `floor(amount/10000)`."""

    types: tuple[str, ...] = ()

    def check(self, value: Any, path: str, report: Report) -> str | None:
        return Text(80).check(value, path, report)

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "x-field": "group"}

    def field(self, name: str) -> FieldName:
        """The shape of the field that `name` groups by."""
        if PERIOD.fullmatch(name):
            return FieldName(_MOMENTS)
        return FieldName(("number",)) if STEPS.fullmatch(name) else FieldName(self.types)


def grouped_by(name: str) -> str:
    """The key of the field in the name of a group."""
    found = PERIOD.fullmatch(name) or STEPS.fullmatch(name)
    return found["key"] if found else name


@dataclass(frozen=True)
class SortKey:
    """A field to sort by, with a minus before it for the largest first: `-amount`."""

    def check(self, value: Any, path: str, report: Report) -> str | None:
        return Text(81).check(value, path, report)

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "x-field": "sort"}


@dataclass(frozen=True)
class FormName:
    """Names a form of this app (`account`) or of another it uses (`crm.account`)."""

    def check(self, value: Any, path: str, report: Report) -> str | None:
        if isinstance(value, str) and FORM_NAME.fullmatch(value):
            return value
        report.add(path, N_("A form is named here, such as account or crm.account."), "bad_key")
        return None

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^{FORM_NAME.pattern}$"}


@dataclass(frozen=True)
class KindName:
    """The key of a registered kind."""

    registry: Registry[Any]

    def check(self, value: Any, path: str, report: Report) -> str | None:
        if isinstance(value, str) and value in self.registry:
            return value
        near = nearest(value, self.registry.keys()) if isinstance(value, str) else None
        what = self.registry.what
        report.add(path, N_("There is no {what} kind “{key}”.", what=what, key=str(value)[:40]), "unknown_kind", near)
        return None

    def schema(self) -> dict[str, Any]:
        return {"enum": self.registry.keys()}


@dataclass(frozen=True)
class Anything:
    """Takes every value: stands where another problem already tells that the place is wrong."""

    def check(self, value: Any, path: str, report: Report) -> Any:
        return value

    def schema(self) -> dict[str, Any]:
        return {}


@dataclass(frozen=True)
class NotYet:
    """A part of the document that this release reads only when it is empty."""

    what: str

    def check(self, value: Any, path: str, report: Report) -> dict[str, Any]:
        if value not in (None, {}, []):
            message = N_("This release does not know {what} yet; leave them out.", what=self.what)
            report.add(path, message, "not_yet")
        return {}

    def schema(self) -> dict[str, Any]:
        return {"type": "object", "maxProperties": 0}


@dataclass(frozen=True)
class WithKind:
    """A map whose further settings depend on its `kind`: common settings, then those the kind adds."""

    common: Mapping[str, Setting]
    registry: Registry[Any]
    examine: Callable[[Any, dict[str, Any], str, Report], None] | None = None

    def struct(self, raw: Any) -> Struct:
        return Struct({"kind": Setting(KindName(self.registry), required=True), **self.common}, self._more)

    def _more(self, raw: Mapping[str, Any]) -> Mapping[str, Setting]:
        kind = self.kind(raw)
        if kind is None:
            return {str(name): Setting(Anything()) for name in raw if name not in self.common and name != "kind"}
        more = dict(kind.settings.settings)
        if kind.settings.open_to is not None:
            more.update(kind.settings.open_to(raw))
        return {name: setting for name, setting in more.items() if name not in self.common}

    def kind(self, raw: Any) -> Any:
        key = raw.get("kind") if isinstance(raw, Mapping) else None
        return self.registry.get(key) if isinstance(key, str) and key in self.registry else None

    def check(self, value: Any, path: str, report: Report) -> dict[str, Any] | None:
        before = len(report.problems)
        checked = self.struct(value).check(value, path, report)
        kind = self.kind(value)
        if kind is not None and checked is not None and self.examine and len(report.problems) == before:
            self.examine(kind, checked, path, report)
        return checked

    def schema(self) -> dict[str, Any]:
        """One alternative for each kind, told apart by `kind`."""
        common = {name: s.shape.schema() for name, s in self.common.items()}
        kinds = []
        for kind in self.registry:
            shape = kind.settings.schema()
            properties = {"kind": {"const": kind.key}, **common, **shape.get("properties", {})}
            required = ["kind", *shape.get("required", [])]
            kinds.append(
                {
                    "type": "object",
                    "properties": properties,
                    "required": required,
                    "additionalProperties": shape.get("additionalProperties", True),
                }
            )
        return {"oneOf": kinds}


def leaves(shape: Any, value: Any, path: str) -> Iterator[tuple[Any, Any, str]]:
    """Every (shape, value, path) below a checked value that is neither a map nor a list."""
    if value is None:
        return
    if isinstance(shape, WithKind):
        shape = shape.struct(value)
    if isinstance(shape, Struct) and isinstance(value, Mapping):
        known = {**shape.settings, **(shape.open_to(value) if shape.open_to else {})}
        for name, setting in known.items():
            yield from leaves(setting.shape, value.get(name), f"{path}.{name}" if path else name)
    elif isinstance(shape, ListOf) and isinstance(value, list | tuple):
        for i, item in enumerate(value):
            yield from leaves(shape.item, item, f"{path}[{i}]")
    elif isinstance(shape, MapOf) and isinstance(value, Mapping):
        for key, item in value.items():
            if isinstance(shape.key, FieldName):
                yield shape.key, key, f"{path}.{key}"
            yield from leaves(shape.value, item, f"{path}.{key}")
    elif isinstance(shape, AnyOf):
        yield from leaves(chosen(shape, value), value, path)
    else:
        yield shape, value, path


def chosen(shape: AnyOf, value: Any) -> Shape:
    """The alternative that takes the value."""
    for choice in shape.choices:
        attempt = Report()
        choice.check(value, "", attempt)
        if not attempt.problems:
            return choice
    return Anything()
