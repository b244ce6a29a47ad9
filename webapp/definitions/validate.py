"""The second look at a document: everything that needs other parts of it, or other apps.

References and expressions are looked at together, so that one answer names all of them; apps that depend on the one
being changed are compiled with it, and what would break there is a problem here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from webapp.definitions import convert, model
from webapp.definitions.columns import is_formula
from webapp.definitions.compile import compile_all
from webapp.definitions.document import ACTIVITY, DUE, FIELD, POOL, SYSTEM_FIELDS, VIEW, Document, once, shaped
from webapp.definitions.filling import Source
from webapp.definitions.shapes import FieldName, GroupName, SortKey, grouped_by, leaves
from webapp.definitions.spec import ExpressionText, Report
from webapp.errors import Invalid, MortiseError, nearest
from webapp.i18n import N_

#: Types a formula can end in.
RESULTS = frozenset(["text", "number", "boolean", "date", "datetime", "duration", "choice", "member", "department"])


def validate(wanted: Document | Mapping[str, Any] | str | bytes, definitions: model.Definitions) -> Document:
    """A good document from text, data or a loaded document; raises `Invalid` with all problems, each with its path."""
    report = Report()
    document = wanted if isinstance(wanted, Document) else shaped(wanted, report)
    is_whole = not report.problems
    _References(document, definitions, report).look()
    if not is_whole:
        raise Invalid(N_("The app document needs mending."), problems=once(report.problems))
    compiled = _compile(document, definitions, report)
    _types(document, compiled, report)
    if report.problems:
        raise Invalid(N_("The app document needs mending."), problems=once(report.problems))
    return document


def _compile(document: Document, definitions: model.Definitions, report: Report) -> model.Definitions:
    old = definitions.apps.get(document.app)
    others = [s for key, s in definitions.cache.get("sources", {}).items() if key != document.app]
    new = Source(document, (old.version if old else 0) + 1, old.names if old else None, is_fixed=False)
    return compile_all(definitions.epoch, [*others, new], report, about=document.app)


class _References:
    """Names that must lead somewhere."""

    def __init__(self, document: Document, definitions: model.Definitions, report: Report) -> None:
        self.document = document
        self.definitions = definitions
        self.report = report

    def look(self) -> None:
        self._uses()
        self._former("forms", self.document.forms)
        for key, form in self.document.forms.items():
            self._form(f"forms.{key}", key, form)
        for key, role in self.document.roles.items():
            self._role(f"roles.{key}", role)
        for path, tile in _tiles(self.document):
            self._tile(path, tile or {})

    def _uses(self) -> None:
        for i, app in enumerate(self.document.uses):
            if app == self.document.app:
                self.report.add(f"uses[{i}]", N_("An app does not use itself."), "reference")
            elif app not in self.definitions.apps:
                near = nearest(app, self.definitions.apps)
                self.report.add(f"uses[{i}]", N_("There is no app “{key}”.", key=app), "reference", near)
            elif self.document.app in self._used_by(app):
                self.report.add(f"uses[{i}]", N_("The app {key} already uses this one.", key=app), "circle")

    def _used_by(self, app: str) -> set[str]:
        found: set[str] = set()
        waiting = [app]
        while waiting:
            for key in self.definitions.apps[waiting.pop()].uses:
                if key not in found and key in self.definitions.apps:
                    found.add(key)
                    waiting.append(key)
        return found

    def _former(self, path: str, items: Mapping[str, Any]) -> None:
        taken: dict[str, str] = {}
        for key, item in items.items():
            was = item.get("was")
            if was and taken.setdefault(was, key) != key:
                message = N_("“{first}” was “{key}” already.", first=taken[was], key=was)
                self.report.add(f"{path}.{key}.was", message, "twice")

    def _form(self, path: str, key: str, form: Mapping[str, Any]) -> None:
        fields = form["fields"]
        if not fields:
            self.report.add(f"{path}.fields", N_("A form needs at least one field."), "too_few")
        self._former(f"{path}.fields", fields)
        names = {*fields, *SYSTEM_FIELDS, *self._reverse_names(key)}
        if form["title"] and form["title"] not in fields:
            self._no_field(f"{path}.title", form["title"], fields)
        for name, item in fields.items():
            self._target(f"{path}.fields.{name}", item)
            self._named(f"{path}.fields.{name}", FIELD, item, names)
        placed: dict[str, str] = {}
        for i, section in enumerate(form["layout"] or ()):
            for j, name in enumerate(section["fields"]):
                at = f"{path}.layout[{i}].fields[{j}]"
                if name not in fields:
                    self._no_field(at, name, fields)
                elif placed.setdefault(name, at) != at:
                    self.report.add(at, N_("The field {key} is placed twice.", key=name), "twice")
        for name, view in (form["views"] or {}).items():
            self._named(f"{path}.views.{name}", VIEW, view, names)
        self._named(f"{path}.activity", ACTIVITY, form.get("activity"), names)
        self._named(f"{path}.due", DUE, form.get("due"), names)
        self._pool(f"{path}.pool", form, names)
        for i, check in enumerate(form["checks"] or ()):
            if check["field"] and check["field"] not in fields:
                self._no_field(f"{path}.checks[{i}].field", check["field"], fields)
        for i, name in enumerate(form["quick"] or ()):
            if name not in fields:
                self._no_field(f"{path}.quick[{i}]", name, fields)
        self._known(f"{path}.known", form, fields)
        if form["convert"]:
            convert.examine(f"{path}.convert", key, self.document.forms, self.report)

    def _pool(self, path: str, form: Mapping[str, Any], names: set[str]) -> None:
        said = form.get("pool")
        self._named(path, POOL, said, names)
        if said and said.get("view") and said["view"] not in (form["views"] or {}):
            message = N_("There is no view “{key}”.", key=said["view"])
            self.report.add(f"{path}.view", message, "reference", nearest(said["view"], form["views"] or {}))

    def _known(self, path: str, form: Mapping[str, Any], fields: Mapping[str, Any]) -> None:
        """What is typed is looked for in fields of this form (`mobile`) or of another of the app (`account.name`)."""
        for name, places in (form["known"] or {}).items():
            if name not in fields:
                self._no_field(f"{path}.{name}", name, fields)
            for i, place in enumerate(places or ()):
                other, dot, key = place.rpartition(".") if place else ("", "", "")
                there = self.document.forms.get(other, {}).get("fields") if dot else fields
                if there is None:
                    message = N_("There is no form “{key}”.", key=other)
                    self.report.add(f"{path}.{name}[{i}]", message, "reference", nearest(other, self.document.forms))
                elif key not in there:
                    self._no_field(f"{path}.{name}[{i}]", key, there)

    def _tile(self, path: str, tile: Mapping[str, Any]) -> None:
        form = self.document.forms.get(tile.get("form") or "")
        if form is None:
            key = tile.get("form") or ""
            near = nearest(key, self.document.forms)
            self.report.add(f"{path}.form", N_("There is no form “{key}”.", key=key), "reference", near)
        elif tile.get("view") not in (form["views"] or {}):
            key = tile.get("view") or ""
            near = nearest(key, form["views"] or {})
            self.report.add(f"{path}.view", N_("There is no view “{key}”.", key=key), "reference", near)

    def _named(self, path: str, shape: Any, value: Any, names: set[str]) -> None:
        for leaf, name, at in leaves(shape, value, path):
            if isinstance(leaf, SortKey):
                name = name.removeprefix("-")
            elif isinstance(leaf, GroupName):
                name = grouped_by(name)
            elif not isinstance(leaf, FieldName):
                continue
            if isinstance(leaf, FieldName) and leaf.is_path:
                name = name.partition(".")[0]
            if name not in names:
                self._no_field(at, name, names)

    def _no_field(self, path: str, name: str, names: Any) -> None:
        self.report.add(path, N_("There is no field “{key}” here.", key=name), "reference", nearest(name, names))

    def _target(self, path: str, item: Mapping[str, Any]) -> None:
        to = item.get("to")
        if not isinstance(to, str):
            return
        forms = self._forms_in_reach()
        full = to if "." in to else f"{self.document.app}.{to}"
        app = full.partition(".")[0]
        if app != self.document.app and app in self.definitions.apps and app not in self.document.uses:
            self.report.add(f"{path}.to", N_("Write the app {key} into “uses” first.", key=app), "reference")
        elif full not in forms:
            own = [f.partition(".")[2] if f.startswith(self.document.app + ".") else f for f in forms]
            self.report.add(f"{path}.to", N_("There is no form “{key}”.", key=to), "reference", nearest(to, own))
        elif item.get("by") and item["by"] not in forms[full]:
            self._no_field(f"{path}.by", item["by"], forms[full])

    def _forms_in_reach(self) -> dict[str, Any]:
        forms: dict[str, Any] = {f"{self.document.app}.{k}": f["fields"] for k, f in self.document.forms.items()}
        for app in self.document.uses:
            if app in self.definitions.apps:
                forms.update({f.name: f.fields for f in self.definitions.apps[app].forms.values()})
        return forms

    def _reverse_names(self, key: str) -> Iterator[str]:
        """Names other forms put on this one; their default names are checked after compiling."""
        form = (
            self.definitions.apps[self.document.app].forms.get(key)
            if self.document.app in self.definitions.apps
            else None
        )
        if form is not None:
            yield from (n for n, f in form.names.items() if f.reverse_of and n not in form.fields)
        for other in self.document.forms.values():
            for item in other["fields"].values():
                if item.get("to") in (key, f"{self.document.app}.{key}") and item.get("reverse"):
                    yield item["reverse"]

    def _role(self, path: str, role: Mapping[str, Any]) -> None:
        forms = self._forms_in_reach()
        for name, right in (role["forms"] or {}).items():
            full = name if "." in name else f"{self.document.app}.{name}"
            if full not in forms:
                near = nearest(name, self.document.forms)
                self.report.add(f"{path}.forms.{name}", N_("There is no form “{key}”.", key=name), "reference", near)
                continue
            for key in right["fields"] or ():
                if key not in forms[full] and key not in SYSTEM_FIELDS:
                    self._no_field(f"{path}.forms.{name}.fields.{key}", key, forms[full])


def _types(document: Document, compiled: model.Definitions, report: Report) -> None:
    """What can be told once types are known: formulas, view settings, titles, defaults, uniqueness."""
    for key, raw in document.forms.items():
        form = compiled.apps[document.app].forms[key]
        path = f"forms.{key}"
        for name, item in form.fields.items():
            _field(f"{path}.fields.{name}", raw["fields"][name], form, item, compiled, report)
        if form.title in form.fields:
            _title(f"{path}.title", form.fields[form.title], report)
        for name, view in (raw["views"] or {}).items():
            _settings(f"{path}.views.{name}", VIEW, view, form, compiled, report)
        if raw["convert"]:
            _convert(f"{path}.convert", raw["convert"], form, compiled, report)
        _settings(f"{path}.activity", ACTIVITY, raw["activity"], form, compiled, report)
        _settings(f"{path}.due", DUE, raw["due"], form, compiled, report)
        if raw["pool"]:
            _pool(f"{path}.pool", raw["pool"], form, compiled, report)
    for path, tile in _tiles(document):
        _measure(f"{path}.measure", tile["measure"], f"{document.app}.{tile['form']}", compiled, report)


def _tiles(document: Document) -> Iterator[tuple[str, Any]]:
    """Path and setting of every number of the workbench, the bars of the team among them."""
    said = document.data.get("workbench") or {}
    for i, tile in enumerate(said.get("tiles") or ()):
        yield f"workbench.tiles[{i}]", tile
    if said.get("team"):
        yield "workbench.team", said["team"]


def _field(
    path: str,
    raw: Mapping[str, Any],
    form: model.Form,
    item: model.Field,
    compiled: model.Definitions,
    report: Report,
) -> None:
    if is_formula(item):
        if item.type.name not in RESULTS:
            message = N_("A formula ends in one value; this one ends in: {type}.", type=item.type.name)
            report.add(f"{path}.formula", message, "type")
        for setting in ("required", "unique", "default"):
            if raw[setting]:
                report.add(f"{path}.{setting}", N_("A computed field has no “{name}”.", name=setting), "invalid")
        return
    if item.is_unique and (item.kind.is_multi or not item.kind.is_typed or item.column is None):
        report.add(f"{path}.unique", N_("This kind of field cannot be without duplicates."), "invalid")
    _default(path, item, form, compiled, report)
    for leaf, text, at in leaves(FIELD, raw, path):
        if isinstance(leaf, ExpressionText) and at not in (f"{path}.visible", f"{path}.formula"):
            _expression(at, text, leaf, form, compiled, report)
        elif isinstance(leaf, FieldName) and leaf.types:
            _typed_field(at, text, leaf, form, compiled, report)


def _default(path: str, item: model.Field, form: model.Form, compiled: model.Definitions, report: Report) -> None:
    """A default is a value the kind takes, or an expression after `=`: `=today()`."""
    if item.default is None:
        return
    if not item.kind.is_typed:
        report.add(f"{path}.default", N_("A field of files begins empty; leave the default out."), "default")
        return
    if isinstance(item.default, str) and item.default.startswith("="):
        _expression(f"{path}.default", item.default[1:], ExpressionText(), form, compiled, report)
        return
    try:
        item.kind.parse(item, item.default)
    except MortiseError as error:
        report.add(f"{path}.default", error.message, "default", getattr(error, "near", None))


def _expression(
    path: str, text: str, shape: ExpressionText, form: model.Form, compiled: model.Definitions, report: Report
) -> None:
    from webapp.expressions import check

    try:
        check(text, compiled, form.name, expect=None if shape.expect == "any" else shape.expect)
    except MortiseError as error:
        report.add(path, error.message, error.code, error.detail.get("near"))


def _convert(path: str, raw: Mapping[str, Any], form: model.Form, compiled: model.Definitions, report: Report) -> None:
    """What the record says afterwards are values its kinds take; its condition is one."""
    if raw["when"]:
        _expression(f"{path}.when", raw["when"], ExpressionText("boolean"), form, compiled, report)
    for name, value in (raw["set"] or {}).items():
        try:
            form.fields[name].kind.parse(form.fields[name], value)
        except MortiseError as error:
            report.add(f"{path}.set.{name}", error.message, error.code, getattr(error, "near", None))


def _pool(path: str, raw: Mapping[str, Any], form: model.Form, compiled: model.Definitions, report: Report) -> None:
    """What is set when a record is taken are values its kinds take; lists that come along point here."""
    _settings(path, POOL, raw, form, compiled, report)
    for name, value in (raw["set"] or {}).items():
        if name not in form.fields:
            continue
        try:
            form.fields[name].kind.parse(form.fields[name], value)
        except MortiseError as error:
            report.add(f"{path}.set.{name}", error.message, error.code, getattr(error, "near", None))
    backs = [k for k, f in form.names.items() if f.reverse_of is not None and f.column is None]
    for i, name in enumerate(raw["bring"] or ()):
        if name not in backs:
            message = N_("There is no list “{key}” of records that point here.", key=name)
            report.add(f"{path}.bring[{i}]", message, "reference", nearest(name, backs))


def _measure(path: str, text: str, form: str, compiled: model.Definitions, report: Report) -> None:
    from webapp.expressions import check_measure

    try:
        check_measure(text, compiled, form)
    except MortiseError as error:
        report.add(path, error.message, error.code, error.detail.get("near"))


def _title(path: str, item: model.Field, report: Report) -> None:
    if item.column is None or item.type.name not in ("text", "number", "date", "datetime", "choice", "record"):
        report.add(path, N_("This kind of field cannot name a record."), "type")


def _settings(path: str, shape: Any, raw: Any, form: model.Form, compiled: model.Definitions, report: Report) -> None:
    """What the settings of a view, or of the form itself, name and say."""
    for leaf, value, at in leaves(shape, raw, path):
        if isinstance(leaf, ExpressionText):
            _expression(at, value, leaf, form, compiled, report)
        elif isinstance(leaf, FieldName):
            _typed_field(at, value, leaf, form, compiled, report)
        elif isinstance(leaf, GroupName):
            _typed_field(at, grouped_by(value), leaf.field(value), form, compiled, report)
        elif isinstance(leaf, SortKey):
            item = form.names.get(value.removeprefix("-"))
            if item is not None and item.type.name in ("choices", "records", "files"):
                report.add(at, N_("One cannot sort by the field {key}.", key=item.key), "type")


def _typed_field(
    path: str, name: str, shape: FieldName, form: model.Form, compiled: model.Definitions, report: Report
) -> None:
    if shape.is_path and "." in name:
        _expression(path, name, ExpressionText(), form, compiled, report)
        return
    item = form.names.get(name)
    if item is not None and shape.types and item.type.name not in shape.types:
        message = N_("The field {key} does not fit here.", key=name)
        fitting = [k for k, f in form.fields.items() if f.type.name in shape.types]
        report.add(path, message, "type", fitting[0] if fitting else None)
