"""The search text of a record and its tokens, field by field."""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from webapp.definitions.model import Field, Form
from webapp.engines.forms.fields.base import Kind
from webapp.engines.forms.finding.search.tokens import (
    END,
    TOO_MANY,
    clean,
    grams,
    joined,
    readings_of,
    sounds,
    sounds_text,
)


def mark(field: Field) -> str:
    """Two private characters that stand for a field (its physical name, which outlives renames)."""
    name = field.column or (field.values_table.name if field.values_table is not None else field.key)
    number = zlib.crc32(name.encode())
    return chr(0xE100 + number % 6000) + chr(0xE100 + number // 6000 % 6000)


def is_searched(field: Field) -> bool:
    """Whether the field can put anything into the search text."""
    return not field.is_system and (field.column is not None or field.values_table is not None)


Told = tuple[str, tuple[str, ...]]


@dataclass(frozen=True)
class Part:
    """How one field comes into the search text; `known` keeps what its options bring, which are few."""

    key: str
    field: Field
    search: Callable[[Field, Any], str]
    mark: str
    is_name: bool
    known: dict[Any, Told] | None

    def text(self, value: Any) -> str:
        """What `value` brings into the search text."""
        return self.told(value)[0] if self.known is not None else self._whole(self._read(value))

    def told(self, value: Any) -> Told:
        """What `value` brings into the search text, and its tokens (some may stand twice)."""
        if self.known is None:
            return self._made(value)
        if (found := self.known.get(value)) is None:
            found = self.known[value] = self._made(value)
        return found

    def _made(self, value: Any) -> Told:
        read = self._read(value)
        text, readings = read
        return (self._whole(read), (*grams(text), *sounds(readings))) if text else ("", ())

    def _read(self, value: Any) -> tuple[str, tuple[tuple[str, ...], ...]]:
        text = clean(self.search(self.field, value))
        return text, readings_of(text) if self.is_name else ()

    def _whole(self, read: tuple[str, tuple[tuple[str, ...], ...]]) -> str:
        text, readings = read
        return self.mark + text + sounds_text(readings) + END if text else ""


_PARTS: WeakKeyDictionary[Form, list[Part]] = WeakKeyDictionary()


def parts(form: Form) -> list[Part]:
    """The fields of a form that have something to search for, made once a form."""
    found = _PARTS.get(form)
    if found is None:
        found = _PARTS[form] = [
            Part(
                key,
                field,
                field.kind.search,
                mark(field),
                _is_name(form, field),
                {} if field.type.name == "choice" else None,
            )
            for key, field in form.fields.items()
            if is_searched(field) and type(field.kind).search is not Kind.search
        ]
    return found


def _is_name(form: Form, field: Field) -> bool:
    return field.key == form.title or getattr(field.kind, "is_name", False)


def shape(form: Form) -> dict[str, tuple[Any, ...]]:
    """Physical name of each searched field → what decides its part of the search text."""
    return {
        field.column or (field.values_table.name if field.values_table is not None else field.key): (
            field.kind_key,
            _is_name(form, field),
            tuple((o.value, str(o.label)) for o in field.type.options),
        )
        for field in form.fields.values()
        if is_searched(field) and type(field.kind).search is not Kind.search
    }


def text_of(form: Form, values: Mapping[str, Any]) -> str:
    """The search text of a record with these values (field key → Python value; all searched fields)."""
    return "".join([p.text(v) for p in parts(form) if (v := values.get(p.key)) is not None])


class Prepared(NamedTuple):
    """The search text of a record as far as its values are known, and its tokens between spaces."""

    text: str
    tokens: str

    def completed(self, form: Form, late: Mapping[str, Any]) -> Prepared:
        """The same with the values of fields that were not known before (field key → Python value)."""
        told = {p.key: p.told(v) for p in parts(form) if (v := late.get(p.key)) is not None}
        if not told:
            return self
        known = iter(self.text.split(END))  # in the order of the parts
        texts, at = [], next(known)
        for part in parts(form):
            if part.key in told:
                texts.append(told[part.key][0])
            elif at.startswith(part.mark):
                texts.append(at + END)
                at = next(known)
        tokens = itertools.chain(self.tokens.split(), *(tokens for _, tokens in told.values()))
        return Prepared("".join(texts), TOO_MANY if self.tokens == TOO_MANY else joined(tokens))


def prepare(told: Iterable[Told]) -> Prepared:
    """What fields bring, each by its `Part.told` and in the order of `parts`, as a record's."""
    texts, tokens = zip(*told, strict=True) if (told := list(told)) else ((), ())
    return Prepared("".join(texts), joined(itertools.chain.from_iterable(tokens)))


def prepared(form: Form, values: Mapping[str, Any]) -> Prepared:
    """The search text and tokens of a record with these values (field key → Python value; all searched fields)."""
    return prepare(p.told(v) for p in parts(form) if (v := values.get(p.key)) is not None)
