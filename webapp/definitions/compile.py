"""Documents and their physical names → `model.Definitions`.

All apps of a firm are compiled together, because links and expressions cross them. Formulas are compiled when first
asked for, so that they may use each other in any order; a circle is told as such.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa

from webapp.db import Exact, Id, Moment
from webapp.definitions import model
from webapp.definitions.document import FIELD, SYSTEM_FIELDS, Document
from webapp.definitions.kinds import field_kinds
from webapp.definitions.names import Names
from webapp.definitions.spec import Report, Struct
from webapp.errors import Invalid, MortiseError
from webapp.expressions.types import records
from webapp.i18n import N_

_SYSTEM: Mapping[str, tuple[str, dict[str, str]]] = {
    "id": ("integer", {"en": "ID", "zh": "编号"}),
    "version": ("integer", {"en": "Version", "zh": "版本"}),
    "created_at": ("datetime", {"en": "Created", "zh": "创建时间"}),
    "created_by": ("member", {"en": "Created by", "zh": "创建人"}),
    "updated_at": ("datetime", {"en": "Updated", "zh": "更新时间"}),
    "updated_by": ("member", {"en": "Updated by", "zh": "更新人"}),
    "owner": ("member", {"en": "Owner", "zh": "负责人"}),
    "owner_department": ("department", {"en": "Department", "zh": "所属部门"}),
    "last_activity_at": ("datetime", {"en": "Last activity", "zh": "最近活动"}),
    "deleted_at": ("datetime", {"en": "Deleted", "zh": "删除时间"}),
    "deleted_by": ("member", {"en": "Deleted by", "zh": "删除人"}),
}


@dataclass(eq=False)
class Source:
    """One app to compile. `open` are fields whose values are still being built: (form, field) → payload of the work."""

    document: Document
    version: int
    names: Mapping[str, Any] | None
    is_fixed: bool = True  # names are as stored; False gives names to what is new
    open: Mapping[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)


def compile_all(
    epoch: int, sources: Iterable[Source], report: Report | None = None, about: str = ""
) -> model.Definitions:
    """The definitions of all apps. With a `report` problems go there instead of being raised.

    `about` is the app being changed: problems of other apps have their key before the path (`service: forms.…`).
    """
    return _Compiler(epoch, list(sources), report, about).run()


def system_columns() -> list[sa.Column[Any]]:
    """The columns every form table has."""
    return [
        sa.Column("id", Id, primary_key=True, autoincrement=True),
        sa.Column("m__client", sa.Text, unique=True),
        sa.Column("version", sa.Integer, nullable=False, server_default="1"),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("created_by", Id),
        sa.Column("updated_at", Moment, nullable=False),
        sa.Column("updated_by", Id),
        sa.Column("owner", Id),
        sa.Column("owner_department", Id),
        sa.Column("last_activity_at", Moment),
        sa.Column("deleted_at", Moment),
        sa.Column("deleted_by", Id),
        sa.Column("m__search", sa.Text),
    ]


#: Types a formula may have, and those that fit into a column.
STORABLE = frozenset(["text", "number", "boolean", "date", "datetime", "duration", "choice", "member", "department"])


def is_formula(item: model.Field) -> bool:
    return bool(item.settings.get("formula"))


class _Compiler:
    def __init__(self, epoch: int, sources: list[Source], report: Report | None, about: str) -> None:
        self.sources = sources
        self.report = report
        self.about = self.place = about
        self.metadata = sa.MetaData()
        self.apps: dict[str, model.App] = {}
        self.definitions = model.Definitions(epoch=epoch, apps=self.apps)
        self.definitions.cache["sources"] = {s.document.app: s for s in sources}
        self.names = {s.document.app: Names(s.document.app, s.names) for s in sources}
        self.under_way: list[model.Field] = []
        self.broken: dict[str, dict[str, MortiseError]] = {}
        self.told: dict[int, MortiseError] = {}  # keeps them, so that no id is given to another

    def run(self) -> model.Definitions:
        for source in self.sources:
            if not source.is_fixed:
                self.names[source.document.app].settle(source.document.forms)
            self._add_app(source)
        for step in (self._link_back, self._resolve_formulas, self._fill_tables, self._finish):
            for source in self.sources:
                self.place = source.document.app
                step(source)
        return self.definitions

    # what the document says -------------------------------------------------------------------------------

    def _add_app(self, source: Source) -> None:
        document = source.document
        key, names = document.app, self.names[document.app]
        forms = {k: self._form(key, k, raw, names.table(k)) for k, raw in document.forms.items()}
        self.apps[key] = model.App(
            key=key,
            version=source.version,
            label=document.data["label"] or key,
            forms=forms,
            roles={},
            uses=document.uses,
            document=document.source,
            icon=document.data["icon"],
            names=names.data,
        )

    def _form(self, app: str, key: str, raw: Mapping[str, Any], table: str) -> model.Form:
        name = f"{app}.{key}"
        fields = {k: self._field(app, name, k, f) for k, f in raw["fields"].items()}
        kept = ("require_version", "collision", "description", "quick", "known", "activity", "due", "convert", "pool")
        settings = {k: raw[k] for k in kept}
        views = {
            k: model.View(
                k, v["kind"], v["label"] or k, {n: s for n, s in v.items() if n not in ("kind", "label", "was")}
            )
            for k, v in (raw["views"] or {}).items()
        }
        return model.Form(
            app=app,
            key=key,
            label=raw["label"] or key,
            title=raw["title"] or _first_title(fields),
            fields=fields,
            names={**fields, **system_fields(name)},
            table=sa.Table(table, self.metadata, *system_columns(), sqlite_autoincrement=True),
            views=views,
            checks=(),
            layout=(),
            settings=settings,
            icon=raw["icon"],
        )

    def _field(self, app: str, form: str, key: str, raw: Mapping[str, Any]) -> model.Field:
        common = FIELD.common
        settings = {k: v for k, v in raw.items() if k not in common and k != "kind"}
        if isinstance(settings.get("to"), str) and "." not in settings["to"]:
            settings["to"] = f"{app}.{settings['to']}"
        made = model.Field(
            form=form,
            key=key,
            kind_key=raw["kind"],
            label=raw["label"] or key,
            settings=settings,
            help=raw["help"],
            is_required=bool(raw["required"]),
            is_unique=bool(raw["unique"]),
            default=raw["default"],
        )
        if is_formula(made):
            made.lazy["compile"] = lambda: self._formula(made)
        if isinstance(settings.get("by"), str) and settings.get("to"):
            object.__setattr__(made, "reverse_of", settings["by"])  # a list of the records that link here
        return made

    # links and formulas -----------------------------------------------------------------------------------

    def _link_back(self, source: Source) -> None:
        """Every link is a name on the form it points at: as its `reverse` says, else one that is free there."""
        for form in self.apps[source.document.app].forms.values():
            for item in list(form.fields.values()):
                if is_formula(item) or item.type.name != "record" or item.type.target is None:
                    continue
                target = self._form_of(item.type.target)
                path = f"forms.{form.key}.fields.{item.key}"
                if target is None:
                    self._tell_gone(f"{path}.to", item.type.target)
                    del form.fields[item.key], form.names[item.key]
                    continue
                wanted = item.settings.get("reverse")
                path = f"{path}.reverse"
                if wanted in target.names:
                    self._tell(path, N_("“{key}” is already a name on that form.", key=wanted), "duplicate")
                    continue
                self._add_reverse(form, item, target, wanted or _free_name(form, item, target))

    def _add_reverse(self, form: model.Form, item: model.Field, target: model.Form, key: str) -> None:
        label = item.settings.get("reverse_label") or form.label
        back = model.Field(form=target.name, key=key, kind_key="related", label=label, settings={}, reverse_of=item.key)
        back.lazy["type"] = records(form.name)
        target.names[key] = back  # type: ignore[index]

    def _form_of(self, name: str) -> model.Form | None:
        app, _, key = name.partition(".")
        return self.apps[app].forms.get(key) if app in self.apps else None

    def _formula(self, item: model.Field) -> Any:
        from webapp.expressions import check

        if item in self.under_way:
            circle = " → ".join(f.key for f in [*self.under_way[self.under_way.index(item) :], item])
            raise Invalid(N_("These formulas need each other in a circle: {circle}.", circle=circle))
        if item.key in self.broken.get(item.form, {}):
            raise self.broken[item.form][item.key]
        self.under_way.append(item)
        try:
            return check(item.settings["formula"], self.definitions, item.form)
        except MortiseError as error:
            self._tell_broken(item, error)
            raise
        finally:
            self.under_way.pop()

    def _tell_broken(self, item: model.Field, error: MortiseError) -> None:
        """Once, at the formula where it is; those that use it are not to blame."""
        self.broken.setdefault(item.form, {})[item.key] = error
        app, _, form = item.form.partition(".")
        place, self.place = self.place, app
        if self.report is not None:
            self._tell_error(f"forms.{form}.fields.{item.key}.formula", error)
        self.place = place

    def _resolve_formulas(self, source: Source) -> None:
        for form in self.apps[source.document.app].forms.values():
            for item in list(form.fields.values()):
                if not is_formula(item):
                    continue
                try:
                    _ = item.formula, item.type
                except MortiseError as error:
                    self._tell_error(f"forms.{form.key}.fields.{item.key}.formula", error)
                    del form.fields[item.key], form.names[item.key]

    # columns ----------------------------------------------------------------------------------------------

    def _fill_tables(self, source: Source) -> None:
        for form in self.apps[source.document.app].forms.values():
            self._fill_table(source, form)

    def _fill_table(self, source: Source, form: model.Form) -> None:
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
        found = self._form_of(form)
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

    # conditions, layout, roles ----------------------------------------------------------------------------

    def _finish(self, source: Source) -> None:
        app = self.apps[source.document.app]
        for key, raw in source.document.forms.items():
            form = app.forms[key]
            for name, item in form.fields.items():
                text = raw["fields"][name].get("visible")
                if text:
                    item.lazy["visible"] = self._condition(f"forms.{key}.fields.{name}.visible", text, form.name)
            object.__setattr__(form, "layout", self._layout(form, raw["layout"] or ()))
            object.__setattr__(form, "checks", self._checks(form, raw["checks"] or ()))
        for key, raw in source.document.roles.items():
            app.roles[key] = self._role(app, key, raw)  # type: ignore[index]

    def _condition(self, path: str, text: str, form: str, *, allow_old: bool = False) -> Any:
        from webapp.expressions import check

        try:
            return check(text, self.definitions, form, expect="boolean", allow_old=allow_old)
        except MortiseError as error:
            self._tell_error(path, error)
            return None

    def _layout(self, form: model.Form, sections: Iterable[Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
        placed: set[str] = set()
        made: list[Mapping[str, Any]] = []
        for i, raw in enumerate(sections):
            text = raw.get("visible")
            visible = self._condition(f"forms.{form.key}.layout[{i}].visible", text, form.name) if text else None
            keys = tuple(k for k in raw["fields"] if k in form.fields and k not in placed)
            placed.update(keys)
            made.append({**raw, "visible": visible, "fields": keys})
        return tuple(made)

    def _checks(self, form: model.Form, raw: Iterable[Mapping[str, Any]]) -> tuple[model.Check, ...]:
        made = []
        for i, item in enumerate(raw):
            path = f"forms.{form.key}.checks[{i}].when"
            condition = self._condition(path, item["when"], form.name, allow_old=True)
            if condition is not None:
                made.append(model.Check(when=condition, say=item["say"], field=item["field"]))
        return tuple(made)

    def _role(self, app: model.App, key: str, raw: Mapping[str, Any]) -> model.Role:
        rights = {}
        for name, right in (raw["forms"] or {}).items():
            full = name if "." in name else f"{app.key}.{name}"
            may = {
                action: self._right(f"roles.{key}.forms.{name}.may.{action}", value, full)
                for action, value in (right["may"] or {}).items()
            }
            rights[full] = model.FormRight(may=may, fields=dict(right["fields"] or {}))
        return model.Role(app=app.key, key=key, label=raw["label"] or key, forms=rights)

    def _right(self, path: str, value: Any, form: str) -> Any:
        from webapp.definitions.document import SCOPES

        if isinstance(value, bool) or value in SCOPES:
            return value
        return self._condition(path, value, form)

    # problems ---------------------------------------------------------------------------------------------

    def _tell(self, path: str, message: Any, code: str = "invalid") -> None:
        if self.report is None:
            raise Invalid(message)
        self.report.add(self._placed(path), message, code)

    def _tell_gone(self, path: str, form: str) -> None:
        """A link that leads nowhere; in the document being looked at, `validate` has told it already."""
        if self.report is None or self.place != self.about:
            self._tell(path, N_("There is no form “{key}”.", key=form), "reference")

    def _placed(self, path: str) -> str:
        return path if self.place == self.about else f"{self.place}: {path}"

    def _tell_error(self, path: str, error: MortiseError) -> None:
        if self.report is None:
            raise error
        if id(error) not in self.told:
            self.told[id(error)] = error
            self.report.add(self._placed(path), error.message, error.code, error.detail.get("near"))


def system_fields(form: str) -> dict[str, model.Field]:
    """The system fields of a form, by key."""
    made = {}
    for key in SYSTEM_FIELDS:
        kind, label = _SYSTEM[key]
        made[key] = model.Field(
            form=form, key=key, kind_key=kind, label=label, settings=_defaults(kind), column=key, is_system=True
        )
    return made


def _defaults(kind: str) -> dict[str, Any]:
    shape = field_kinds.get(kind).settings
    return Struct(shape.settings, shape.open_to).check({}, "", Report()) or {}


def old_field(form: model.Form, payload: Mapping[str, Any]) -> model.Field:
    """The field as it was before a conversion, from what its work remembers."""
    old = payload["old"]
    return model.Field(
        form=form.name,
        key=old["key"],
        kind_key=old["kind"],
        label=old["key"],
        settings=old["settings"],
        column=old.get("column"),
    )


def columns_of(
    item: model.Field, table_name: Callable[[str], str | None], column: str | None = None
) -> list[sa.Column[Any]]:
    """The columns of a field as its kind wants them, links with a foreign key, numbers as decisions 12 says."""
    wanted = item.kind.columns(replace(item, column=column or item.column, lazy=item.lazy))
    target = item.type.target if item.type.name == "record" else None
    made = []
    for i, old in enumerate(wanted):
        links = []
        name = table_name(target) if target and i == 0 else None
        if name:
            links = [sa.ForeignKey(f"{name}.id")]
        made.append(sa.Column(old.name, old.type, *links, nullable=True))
    return made


def shape_of(item: model.Field, holds: str) -> str:
    """What the columns of a field look like: another shape needs another column."""
    if holds == "nothing":
        return "nothing"
    columns = columns_of(item, lambda _form: None, column="c")
    shape = ",".join(f"{c.name}:{_type_text(c.type)}" for c in columns)
    target = item.type.target if item.type.name == "record" else None
    return f"{holds} {shape}" + (f" → {target}" if target else "")


def _type_text(kind: sa.types.TypeEngine[Any]) -> str:
    return f"exact{kind.scale}" if isinstance(kind, Exact) else type(kind).__name__.lower()


def formula_text(form: model.Form, item: model.Field) -> str:
    """The SQL of a stored formula with its constants."""
    from sqlalchemy.dialects import sqlite

    from webapp.expressions import Stored

    assert item.formula is not None
    compiled = item.formula.sql(Stored(form.table), "sqlite").compile(dialect=sqlite.dialect())
    return f"{compiled}|{sorted((k, str(v)) for k, v in compiled.params.items())}"


def _first_title(fields: Mapping[str, model.Field]) -> str:
    for wanted in ("name", "title"):
        if wanted in fields:
            return wanted
    return next((k for k, f in fields.items() if f.kind.is_input and not is_formula(f)), "id")


def _free_name(form: model.Form, item: model.Field, target: model.Form) -> str:
    """`deals`, else `deal_account`, else `deal_account_2` …"""
    for wanted in (f"{form.key}s", f"{form.key}_{item.key}", *(f"{form.key}_{item.key}_{n}" for n in range(2, 99))):
        if wanted not in target.names:
            return wanted
    raise Invalid(N_("The form {form} is linked to too often.", form=target.label))
