"""Documents and their physical names → `model.Definitions`.

All apps of a firm are compiled together, because links and expressions cross them. Formulas are compiled when first
asked for, so that they may use each other in any order; a circle is told as such.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from webapp.definitions import model
from webapp.definitions.columns import is_formula, system_columns, system_fields
from webapp.definitions.document import FIELD
from webapp.definitions.filling import Filling, Source
from webapp.definitions.names import Names
from webapp.definitions.spec import Report
from webapp.errors import Invalid, MortiseError
from webapp.expressions.types import records
from webapp.i18n import N_


def compile_all(
    epoch: int, sources: Iterable[Source], report: Report | None = None, about: str = ""
) -> model.Definitions:
    """The definitions of all apps. With a `report` problems go there instead of being raised.

    `about` is the app being changed: problems of other apps have their key before the path (`service: forms.…`).
    """
    return _Compiler(epoch, list(sources), report, about).run()


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

    def _fill_tables(self, source: Source) -> None:
        filling = Filling(self.metadata, self.names, self._form_of)
        for form in self.apps[source.document.app].forms.values():
            filling.fill(source, form)

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
