"""Types of the language, and what the compiler asks about forms and fields.

`definitions` answers these questions (`Schema`, `FormShape`, `FieldShape`); the language knows neither kinds nor
documents, only names, types and columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

import sqlalchemy as sa

if TYPE_CHECKING:
    from webapp.expressions import Expression


@dataclass(frozen=True)
class Option:
    """One value of a choice. `attributes` can be asked for in the language: `stage.probability`."""

    value: str
    label: str | Mapping[str, str]
    attributes: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Type:
    """A type of the language.

    name     text, number, boolean, date, datetime, duration (whole seconds), choice, choices (several), record (one
             linked record), records (a reverse link), member, department, files (there or not), empty (the literal
             nothing)
    scale    of a number: decimal places, 0 to 6
    target   of record and records: the form's name, such as `crm.account`
    options  of choice and choices
    is_open  of choices: any text is possible beside the options
    """

    name: str
    scale: int = 0
    target: str | None = None
    options: tuple[Option, ...] = field(default=(), hash=False)
    is_open: bool = False


TEXT = Type("text")
BOOLEAN = Type("boolean")
DATE = Type("date")
DATETIME = Type("datetime")
DURATION = Type("duration")
MEMBER = Type("member")
DEPARTMENT = Type("department")
FILES = Type("files")
EMPTY = Type("empty")


def number(scale: int = 0) -> Type:
    return Type("number", scale=scale)


def record(form: str) -> Type:
    return Type("record", target=form)


def records(form: str) -> Type:
    return Type("records", target=form)


class FieldShape(Protocol):
    """A field as the language sees it. Where its value is read from, first that is not None:

    `expression`   a formula that is computed when read (its own names are relative to the same form)
    `values_table` several values: a table (record, value, position)
    `column`       a column of the form's table; a `text` column has a companion `<column>__f` with the folded text
    For `records`, `reverse_of` names the link field on the other form.
    """

    @property
    def key(self) -> str: ...
    @property
    def column(self) -> str | None: ...
    @property
    def label(self) -> str | Mapping[str, str]: ...
    @property
    def type(self) -> Type: ...
    @property
    def expression(self) -> Expression | None: ...
    @property
    def values_table(self) -> sa.Table | None: ...
    @property
    def reverse_of(self) -> str | None: ...


@dataclass(frozen=True)
class OldNumber:
    """Where the values of a number stand that are not converted yet. They count as what the conversion makes of them:
    empty outside `least` and `most`, with too many digits or decimals, or as a text that `number()` does not read."""

    column: str
    is_text: bool
    least: Decimal | None
    most: Decimal | None


class FormShape(Protocol):
    """A form as the language sees it: every name an expression on it may use, system fields and reverse links too."""

    @property
    def name(self) -> str: ...
    @property
    def label(self) -> str | Mapping[str, str]: ...
    @property
    def table(self) -> sa.Table: ...
    @property
    def names(self) -> Mapping[str, FieldShape]: ...


class Schema(Protocol):
    def form(self, name: str) -> FormShape:
        """The form `app.key`; raises `NotFound`."""


class Eyes(Protocol):
    """Whose eyes compute: what somebody may name, and which records of a form exist for him."""

    def may_name(self, form: str, field: str) -> bool: ...

    def rows(self, form: str, table: sa.FromClause) -> sa.ColumnElement[bool] | None:
        """A condition over `table` (an alias of the form's table); None means all live records."""
