"""The tables of compiled forms: which fields have a place of their own, where it is, and which formulas are stored."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from webapp.db import Id
from webapp.definitions import model
from webapp.definitions.columns import columns_of, formula_text, is_formula, old_field, shape_of
from webapp.definitions.document import Document
from webapp.definitions.names import Names

FindForm = Callable[[str], model.Form | None]
#: Types a formula may have, and those that fit into a column.
STORABLE = frozenset(["text", "number", "boolean", "date", "datetime", "duration", "choice", "member", "department"])


@dataclass(eq=False)
class Source:
    """One app to compile. `open` are fields whose values are still being built: (form, field) → payload of the work."""

    document: Document
    version: int
    names: Mapping[str, Any] | None
    is_fixed: bool = True  # names are as stored; False gives names to what is new
    open: Mapping[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)


class Filling:
    """Columns and tables of values for the fields of forms whose links and formulas are known.

    names      physical names, by app
    find_form  a form by its name
    """

    def __init__(self, metadata: sa.MetaData, names: Mapping[str, Names], find_form: FindForm) -> None:
        self.metadata = metadata
        self.names = names
        self.find_form = find_form

    def fill(self, source: Source, form: model.Form) -> None:
        computed = self._stored_formulas(form)
        object.__setattr__(form, "computed", tuple(computed))
        for item in form.fields.values():
            holds = self._holds(item, computed)
            entry = self._entry(source, form, item, holds)
            if (form.key, item.key) in source.open:
                item.lazy["is_building"] = True
                self._keep_old(form, item, source.open[form.key, item.key])
            if entry.get("column"):
                object.__setattr__(item, "column", entry["column"])
                for column in columns_of(item, self._table_name):
                    form.table.append_column(column)
            elif entry.get("values"):
                object.__setattr__(item, "values_table", self._values_table(form, item, entry["values"]))
        if form.computed:
            self._fingerprint(source, form)

    def _keep_old(self, form: model.Form, item: model.Field, payload: Mapping[str, Any]) -> None:
        """Where the values stand that are not converted yet: read as long as the new place is empty."""
        if "old" not in payload:
            return
        before = item.lazy["before"] = old_field(form, payload)
        values = payload["old"].get("values")
        if values:
            object.__setattr__(before, "values_table", self._values_table(form, before, values))
        elif before.column is not None:
            for column in columns_of(before, lambda _form: None):
                form.table.append_column(column)
            if payload.get("is_readable"):
                object.__setattr__(item, "old_column", before.column)

    def _holds(self, item: model.Field, computed: list[str]) -> str:
        if is_formula(item):
            return "column" if item.key in computed else "nothing"
        if item.kind.is_multi:
            return "values"
        return "column" if item.kind.is_stored else "nothing"

    def _entry(self, source: Source, form: model.Form, item: model.Field, holds: str) -> dict[str, Any]:
        names = self.names[form.app]
        if source.is_fixed:
            return names.entry(form.key, item.key) or {}
        return names.give(form.key, item.key, item.kind_key, shape_of(item, holds), holds)

    def _table_name(self, form: str) -> str | None:
        found = self.find_form(form)
        return found.table.name if found is not None else None

    def _values_table(self, form: model.Form, item: model.Field, name: str) -> sa.Table:
        own = columns_of(item, self._table_name, column="value")
        value = sa.Column("value", own[0].type if own else sa.Text(), nullable=False)
        return sa.Table(
            name,
            self.metadata,
            sa.Column("record", Id, sa.ForeignKey(form.table.c.id), nullable=False),
            value,
            sa.Column("position", sa.Integer, nullable=False),
            sa.PrimaryKeyConstraint("record", "value"),
            sa.Index(f"ix_{name}_v"[:63], "value", "record"),
        )

    def _stored_formulas(self, form: model.Form) -> list[str]:
        """Formulas that depend on nothing but their own row's fields, each after those it is computed from."""
        order: list[str] = []
        waiting = [f for f in form.fields.values() if is_formula(f) and f.formula is not None]
        waiting = [
            f
            for f in waiting
            if f.formula.is_row_local and f.formula.is_deterministic and f.type.name in STORABLE  # type: ignore[union-attr]
        ]
        while waiting:
            ready = [f for f in waiting if self._is_within_row(form, f, order)]
            if not ready:
                break
            order += [f.key for f in ready]
            waiting = [f for f in waiting if f not in ready]
        return order

    def _is_within_row(self, form: model.Form, item: model.Field, order: list[str]) -> bool:
        assert item.formula is not None
        for other_form, key in item.formula.names:
            used = form.fields.get(key) if other_form == form.name else None
            if used is None or used.kind.is_multi or (is_formula(used) and key not in order):
                return False
        return True

    def _fingerprint(self, source: Source, form: model.Form) -> None:
        """What each stored formula computes, so that a change (of an option's attribute, too) is seen as one."""
        if source.is_fixed:
            return
        seen = ""
        for key in form.computed:
            item = form.fields[key]
            seen = hashlib.sha256((seen + formula_text(form, item)).encode()).hexdigest()[:16]
            entry = self.names[form.app].entry(form.key, key)
            assert entry is not None
            entry["formula"] = seen
