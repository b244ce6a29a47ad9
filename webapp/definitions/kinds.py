"""What a field kind answers, and the registry of them. The kinds themselves are files in `engines/forms/fields`.

This module is all that `definitions` and the language know about kinds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

import sqlalchemy as sa

from webapp.definitions.spec import Report, Struct
from webapp.expressions.types import Type
from webapp.i18n import Message
from webapp.registry import Registry

if TYPE_CHECKING:
    from webapp.definitions.model import Field, Form
    from webapp.errors import Problem


@dataclass(frozen=True)
class Widget:
    """How a value is entered. Templates `templates/fields/<template>.html` draw it; nothing here is HTML.

    template      which partial: text, textarea, number, select, checks, radio, switch, date, datetime, rating,
                  member, department, link, phone, email, url, files, read
    type          the input's `type`; `inputmode` and `autocomplete` as HTML names them (None: leave out)
    attributes    further attributes by name (min, max, maxlength, decimals …), values as texts
    """

    template: str
    type: str = "text"
    inputmode: str | None = None
    autocomplete: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)


class FieldKind(Protocol):
    """One kind of field. Everything the product needs to know about it is asked here, never by its name.

    key        what documents say after `kind:`
    label      for the builder's palette
    settings   shape of what a field of this kind may say besides the common settings (`model.COMMON`)
    is_stored  has columns in the form's table (False for `related` and formulas computed when read)
    is_multi   values live in a table of their own (record, value, position)
    is_input   people and imports may give a value (False for formula, serial, related, system stamps)
    is_typed   a text can be its value: cells, files and changes of many records give one (False for files)
    sample     a value as JSON for documents, where the schema does not say enough of it; else None
    is_copied  people take its text elsewhere: on a record a press copies it
    is_serial  the door gives each new record the next one
    way        by which it reaches somebody ("phone", "email"), or ""; the address itself is `reach`
    is_name    it names a person: found by sound too, and heads the card of the record it names
    """

    key: str
    label: Message
    settings: Struct
    is_stored: bool
    is_multi: bool
    is_input: bool
    is_typed: bool
    is_copied: bool
    is_name: bool
    is_serial: bool
    way: str
    sample: Any

    def examine(self, settings: Mapping[str, Any], path: str, report: Report) -> None:
        """Problems between settings that their shapes cannot see (two options with one value, min over max)."""

    def columns(self, field: Field) -> list[sa.Column[Any]]:
        """Columns of the form's table, all nullable, named from `field.column`; the first holds the value."""

    def type(self, field: Field) -> Type:
        """Its type in the language."""

    def parse(self, field: Field, raw: Any) -> Any:
        """A value as people, files and JSON give it → the Python value, None when empty; raises `FieldError`.

        Text is taken as typed (full-width digits, thousands separators, labels of any language, 万 and 亿); JSON
        values as `contracts.md` says. Links and members are resolved by the caller and arrive here as ids.
        """

    def bounds(self, field: Field) -> tuple[Decimal | None, Decimal | None] | None:
        """Of a number: what any number must lie between to be a value; None where a number is not all it takes."""

    def companions(self, field: Field, value: Any) -> dict[str, Any]:
        """Values of the columns after the first (folded text, sort key), by column name."""

    def text(self, field: Field, value: Any, locale: str) -> str:
        """The value for people in a record ("" when empty)."""

    def short(self, field: Field, value: Any, locale: str) -> str:
        """The value for a card or a tile, where room is scarce (128.6 万)."""

    def cell(self, field: Field, value: Any, locale: str) -> str:
        """The value in a grid (¥1,286,000; 11月23日)."""

    def writer(self, field: Field, locale: str) -> Callable[[Any], str]:
        """`cell` for a column of values that are not empty: what is the same for all of them (today, the zone, a
        currency's sign) is found once. For one page, not to be kept."""

    def typed(self, field: Field, value: Any, locale: str) -> str:
        """The value as it stands in an input, ready to be parsed again."""

    def vet(self, field: Field, form: Form, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Problem]:
        """What stands against this change of the field in a record that is otherwise good (a stage's own rules)."""

    def masked(self, field: Field, value: Any) -> str:
        """What somebody may see to whom the field is masked (138****4210; "" when empty)."""

    def json(self, field: Field, value: Any) -> Any:
        """The value for the API and the journal."""

    def unjson(self, field: Field, value: Any) -> Any:
        """What `json` gave → the Python value (undo reads the journal with it)."""

    def asked_as(self, field: Field) -> str:
        """Which operators a filter offers for it: a key of `conditions.OPERATORS`, mostly the name of its type."""

    def asked(self, field: Field, raw: str) -> Any:
        """What a filter compares it with, of what a person wrote or chose; raises `FieldError`."""

    def said(self, field: Field, value: Any, locale: str) -> str:
        """What `asked` gave, in words, for the sentence of a filter."""

    def search(self, field: Field, value: Any) -> str:
        """What searching should find of it ("" for nothing)."""

    def json_schema(self, field: Field) -> dict[str, Any]:
        """JSON Schema of `json`, for OpenAPI and the check of API input."""

    def widget(self, field: Field) -> Widget:
        """How the value is entered."""


field_kinds: Registry[FieldKind] = Registry("field")
