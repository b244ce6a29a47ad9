"""The compiled app document: what the product works with at run time.

Built from a validated document and the physical names stored with its version (`compile.py`); immutable; one per
epoch and process. Answers the language's questions (`expressions.types.Schema`, `FormShape`, `FieldShape`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from webapp.definitions.kept import Kept
from webapp.definitions.kinds import FieldKind, field_kinds
from webapp.errors import NotFound, nearest
from webapp.expressions.types import OldNumber, Type
from webapp.i18n import N_

if TYPE_CHECKING:
    from webapp.expressions import Expression

LabelText = str | Mapping[str, str]


@dataclass(frozen=True, eq=False, repr=False)
class Field:
    """One field of a form.

    column       physical name of its first column (None if it has none); given once, kept through renames
    old_column   while a conversion runs: where values not yet converted still stand, if SQL may read them as they are
    expression   of a formula: its compiled expression; `is_computed_on_read` tells whether it has a column as well
    reverse_of   of a reverse link or `related` field: key of the link field on the form `type.target`
    """

    form: str
    key: str
    kind_key: str
    label: LabelText
    settings: Mapping[str, Any]
    column: str | None = None
    old_column: str | None = None
    help: LabelText | None = None
    is_required: bool = False
    is_unique: bool = False
    is_system: bool = False
    default: Any = None
    reverse_of: str | None = None
    values_table: sa.Table | None = None
    lazy: dict[str, Any] = field(default_factory=dict)  # filled while compiling: type, expression, conditions

    def __repr__(self) -> str:
        return f"<Field {self.form}.{self.key} {self.kind_key}>"

    @property
    def kind(self) -> FieldKind:
        return field_kinds.get(self.kind_key)

    @property
    def type(self) -> Type:
        if "type" not in self.lazy:
            self.lazy["type"] = self.kind.type(self)
        return self.lazy["type"]

    @property
    def expression(self) -> Expression | None:
        """The expression of a formula that is computed when read; None for everything with a column."""
        return None if self.column else self.formula

    @property
    def formula(self) -> Expression | None:
        """The expression of any formula, stored or not; compiled when first asked for."""
        if "expression" not in self.lazy and "compile" in self.lazy:
            self.lazy["expression"] = self.lazy["compile"]()
        return self.lazy.get("expression")

    @property
    def is_building(self) -> bool:
        """Whether its values are still being converted or computed behind the last apply."""
        return bool(self.lazy.get("is_building"))

    @property
    def before(self) -> Field | None:
        """The field as it was, while its values are being converted."""
        return self.lazy.get("before")

    @property
    def old_number(self) -> OldNumber | None:
        """For a number while its values are being converted: where SQL finds those that still stand as they were."""
        before = self.before
        if before is None or self.old_column is not None or before.column is None:
            return None
        bounds = self.kind.bounds(self)
        if bounds is None or before.type.name not in ("number", "text"):
            return None
        return OldNumber(before.column, before.type.name == "text", *bounds)

    @property
    def visible(self) -> Expression | None:
        """The condition under which the field is shown and asked for; None means always."""
        return self.lazy.get("visible")


@dataclass(frozen=True, eq=False, repr=False)
class View:
    """A saved way to see records; `settings` are those of its kind (grid: columns, sort, filter; kanban: by, card)."""

    key: str
    kind: str
    label: LabelText
    settings: Mapping[str, Any]


@dataclass(frozen=True, eq=False, repr=False)
class Check:
    """A condition under which a save is refused: when `when` is true, `say` is shown (at `field` if named)."""

    when: Expression
    say: LabelText
    field: str | None = None


@dataclass(frozen=True, eq=False, repr=False)
class Form:
    """One form. `fields` in document order; `names` also has system fields and reverse links.

    table      SQLAlchemy table with system columns and all live columns
    layout     sections in order: mappings with label, tab, columns, closed, visible (an `Expression` or None), fields;
               empty if the document says none; a field stands in one at most
    settings   require_version, collision, description, quick (keys of the fields of the quick entry), known (field →
               places where what is typed is looked for), convert (`definitions.convert`), pool (`engines.forms.pool`)
    computed   keys of the formulas with a column, each after those it is computed from
    search     table that finds records by bigrams (see `engines/forms/finding/search`)
    """

    app: str
    key: str
    label: LabelText
    title: str
    fields: Mapping[str, Field]
    names: Mapping[str, Field]
    table: sa.Table
    views: Mapping[str, View]
    checks: tuple[Check, ...]
    layout: Any
    settings: Mapping[str, Any]
    icon: str | None = None
    computed: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<Form {self.name}>"

    @property
    def name(self) -> str:
        return f"{self.app}.{self.key}"

    def field(self, key: str) -> Field:
        try:
            return self.names[key]
        except KeyError:
            raise NotFound(
                N_("The form {form} has no field “{key}”.", form=self.label, key=key),
                near=nearest(key, self.names),
            ) from None


@dataclass(frozen=True, eq=False, repr=False)
class FormRight:
    """What a role may do with a form.

    may      see, create, edit, delete, export → True, False or one of own, team, department, department_and_below,
             mine, or an `Expression` of type boolean
    fields   field key → hidden, masked, read or write
    """

    may: Mapping[str, Any]
    fields: Mapping[str, str]


@dataclass(frozen=True, eq=False, repr=False)
class Role:
    app: str
    key: str
    label: LabelText
    forms: Mapping[str, FormRight]

    @property
    def name(self) -> str:
        return f"{self.app}.{self.key}"


@dataclass(frozen=True, eq=False, repr=False)
class App:
    key: str
    version: int
    label: LabelText
    forms: Mapping[str, Form]
    roles: Mapping[str, Role]
    uses: tuple[str, ...]
    document: Mapping[str, Any]
    icon: str | None = None
    names: Mapping[str, Any] = field(default_factory=dict)  # physical names (`definitions.names`)


@dataclass(frozen=True, eq=False, repr=False)
class Definitions:
    """All current apps at one epoch.

    `cache` is for what is computed once an epoch and form; what there is one of for each person goes to `kept`.
    """

    epoch: int
    apps: Mapping[str, App]
    cache: dict[Any, Any] = field(default_factory=dict)

    def kept(self, what: str, most: int = 200) -> Kept:
        """The memory named `what`, of `most` things at the most; gone with the epoch."""
        found: Kept | None = self.cache.get(("kept", what))
        if found is None:
            found = self.cache.setdefault(("kept", what), Kept(most))
        return found

    def app(self, key: str) -> App:
        try:
            return self.apps[key]
        except KeyError:
            raise NotFound(N_("There is no app “{key}”.", key=key), near=nearest(key, self.apps)) from None

    def form(self, name: str) -> Form:
        """The form `app.key`."""
        app, _, key = name.partition(".")
        forms = self.app(app).forms
        try:
            return forms[key]
        except KeyError:
            raise NotFound(N_("There is no form “{key}”.", key=name), near=nearest(key, forms)) from None

    def role(self, name: str) -> Role | None:
        app, _, key = name.partition(".")
        return self.apps[app].roles.get(key) if app in self.apps else None
