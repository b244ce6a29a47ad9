"""What publishing a document would do, in sentences a person can read, and the work it leaves to workers.

Differences are semantic: they come from the two compiled apps and their physical names, never from text. With a
unit the sentences carry numbers (how many records have it empty); without one they are general.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from webapp.db import Unit
from webapp.definitions import storage
from webapp.definitions.compile import is_formula
from webapp.definitions.document import ACTIONS, Document
from webapp.definitions.model import App, Definitions, Field, Form, Role
from webapp.definitions.storage import Work
from webapp.i18n import N_, Message

NONE, CHANGE, LOSS, BLOCKED = "none", "change", "loss", "blocked"
_ORDER = (NONE, CHANGE, LOSS, BLOCKED)
_SETTING = {"label": N_("label"), "icon": N_("icon"), "uses": N_("list of used apps"), "title": N_("title field")}
_ACTION = {
    "see": N_("see"),
    "create": N_("create"),
    "edit": N_("edit"),
    "delete": N_("delete"),
    "export": N_("export"),
}
_SCOPE = {
    "true": N_("all records"),
    "false": N_("no records"),
    "own": N_("records of one’s own"),
    "team": N_("records of the teams one heads"),
    "department": N_("records of one’s department"),
    "department_and_below": N_("records of one’s department and those below"),
    "mine": N_("records in which one takes part"),
}


@dataclass(frozen=True)
class Change:
    """One difference. `severity` is change, loss (needs consent: data lost or shown) or blocked (mend it first)."""

    path: str
    message: Message
    severity: str = CHANGE
    code: str = "changed"

    def json(self) -> dict[str, Any]:
        texts = {language: self.message.text(language) for language in ("en", "zh")}
        return {"path": self.path, "severity": self.severity, "code": self.code, "message": texts}


@dataclass(frozen=True)
class Plan:
    """`before` is the version in force (0: none). Empty means that publishing would change nothing."""

    app: str
    before: int
    changes: tuple[Change, ...] = ()
    work: tuple[Work, ...] = field(default=())

    @property
    def is_empty(self) -> bool:
        return not self.changes and self.before > 0

    @property
    def severity(self) -> str:
        return max((c.severity for c in self.changes), key=_ORDER.index, default=NONE)

    def json(self) -> dict[str, Any]:
        return {
            "app": self.app,
            "before": self.before,
            "severity": self.severity,
            "changes": [c.json() for c in self.changes],
            "work": [{"form": w.form, "what": w.what, "field": w.field} for w in self.work],
        }


def plan(definitions: Definitions, document: Document, unit: Unit | None = None) -> Plan:
    """The way from what is in force to `document`, which `validate` has found good."""
    from webapp.definitions.apply import compiled

    before = definitions.apps.get(document.app)
    after = compiled(definitions, document)
    return _Planner(definitions, after, before, after.apps[document.app], unit).plan()


class _Planner:
    def __init__(self, old: Definitions, new: Definitions, before: App | None, after: App, unit: Unit | None) -> None:
        self.old, self.new, self.before, self.after, self.unit = old, new, before, after, unit
        self.changes: list[Change] = []
        self.work: list[Work] = []

    def plan(self) -> Plan:
        if self.before is None:
            self._say("app", N_("The app {app} is new, with {n} forms.", app=self.after.label, n=len(self.after.forms)))
        else:
            self._compare(self.before)
        self._sight()
        version = self.before.version if self.before else 0
        return Plan(self.after.key, version, tuple(self.changes), tuple(self.work))

    def _say(self, path: str, message: Message, severity: str = CHANGE, code: str = "changed") -> None:
        self.changes.append(Change(path, message, severity, code))

    def _compare(self, before: App) -> None:
        after = self.after
        start = len(self.changes)
        for setting in ("label", "icon", "uses"):
            if getattr(before, setting) != getattr(after, setting):
                self._say(setting, N_("The app's {setting} changes.", setting=_SETTING[setting]))
        renamed = _renamed(before.names["forms"], after.names["forms"], lambda e: e["table"])
        for key, form in after.forms.items():
            old = before.forms.get(renamed.get(key, key)) if key in renamed or key in before.forms else None
            if old is None:
                self._new_form(form)
            else:
                self._form(old, form)
        gone = set(before.forms) - set(after.forms) - set(renamed.values())
        for key in sorted(gone):
            count = self._count(before.forms[key])
            message = N_("The form {form} goes; its {n} records are kept and come back with it.", n=count)
            self._say(f"forms.{key}", _with(message, form=before.forms[key].label), code="removed")
        self._under_way(before)
        self._roles(before)
        is_same = before.document == after.document
        if not is_same and len(self.changes) == start:
            self._say("app", N_("Descriptions or the order of things change."))

    def _place(self, app: App, form: Form, item: Field) -> dict[str, Any]:
        """Where a field stands; what a formula computes may change at any time, the newest work takes over."""
        return {key: value for key, value in (self._entry(app, form, item) or {}).items() if key != "formula"}

    def _under_way(self, before: App) -> None:
        """What is still being built has to stay where it is until it is done."""
        for form in before.forms.values():
            for item in form.fields.values():
                if not item.is_building:
                    continue
                now = self.after.forms[form.key].fields.get(item.key) if form.key in self.after.forms else None
                if now is None or self._place(self.after, form, item) != self._place(before, form, item):
                    message = N_(
                        "{form}: the values of {field} are still being built; publish this when that is done.",
                        form=form.label,
                        field=item.label,
                    )
                    self._say(f"forms.{form.key}.fields.{item.key}", message, BLOCKED, "building")

    def _count(self, form: Form) -> Any:
        return storage.get().count(self.unit, form) if self.unit is not None else "?"

    def _new_form(self, form: Form) -> None:
        assert self.before is not None
        is_back = form.key in self.before.names["retired"]
        message = (
            N_("The form {form} comes back with its records.", form=form.label)
            if is_back
            else N_("The form {form} is new, with {n} fields.", form=form.label, n=len(form.fields))
        )
        self._say(f"forms.{form.key}", message, code="added")
        if is_back:
            self._indexes(None, form)
            self.work.append(Work(form.key, "search"))

    def _form(self, old: Form, new: Form) -> None:
        path = f"forms.{new.key}"
        if old.key != new.key:
            self._say(path, N_("The form {old} is now called {new}.", old=old.key, new=new.key), code="renamed")
        for setting in ("label", "icon", "title"):
            if getattr(old, setting) != getattr(new, setting):
                message = N_("{form}: its {setting} changes.", form=new.label, setting=_SETTING[setting])
                self._say(f"{path}.{setting}", message)
        if old.settings != new.settings:
            self._say(path, N_("{form}: its settings change.", form=new.label))
        self._fields(old, new)
        self._parts(path, new, "views", _views(old), _views(new))
        if _checks(old) != _checks(new):
            n = len(new.checks)
            self._say(f"{path}.checks", N_("{form}: its checks change; there are {n} now.", form=new.label, n=n))
        if _layout(old) != _layout(new):
            self._say(f"{path}.layout", N_("{form}: the layout changes.", form=new.label))
        if self._is_searched_anew(old, new):
            self.work.append(Work(new.key, "search"))
        self._indexes(old, new)

    def _is_searched_anew(self, old: Form, new: Form) -> bool:
        """Whether the search texts of records there are would be others now; a conversion mends its own."""
        made = storage.get()
        before, after = made.searched(old), made.searched(new)
        converted = {w.field for w in self.work if w.form == new.key and w.what == "convert"}
        assert self.before is not None
        entry = self.before.names["forms"][old.key]
        moved = {_where(entry["fields"][key]) for key in converted if key in entry["fields"]}
        retired = [e for several in entry["retired"].values() for e in several]
        is_changed = any(before[p] != after[p] for p in before.keys() & after.keys())
        is_gone = bool(before.keys() - after.keys() - moved)
        is_back = bool((after.keys() - before.keys()) & {_where(e) for e in retired})
        return is_changed or is_gone or is_back

    # fields -----------------------------------------------------------------------------------------------

    def _fields(self, old: Form, new: Form) -> None:
        assert self.before is not None
        entries_before = self.before.names["forms"][old.key]["fields"]
        entries_after = self.after.names["forms"][new.key]["fields"]
        renamed = _renamed(entries_before, entries_after, lambda e: e.get("column") or e.get("values"))
        for key, item in new.fields.items():
            former = renamed.get(key, item_was(self.after, new, key, old))
            if key in old.fields:
                former = key
            if former in old.fields:
                self._field(old, new, old.fields[former], item)
            else:
                self._new_field(old, new, item)
        gone = set(old.fields) - set(new.fields) - set(renamed.values())
        for key in [k for k in old.fields if k in gone]:
            message = N_(
                "{form}: the field {field} goes; its data is kept.", form=new.label, field=old.fields[key].label
            )
            self._say(f"forms.{new.key}.fields.{key}", message, code="removed")

    def _new_field(self, old: Form, new: Form, item: Field) -> None:
        assert self.before is not None
        path = f"forms.{new.key}.fields.{item.key}"
        retired = self.before.names["forms"][old.key]["retired"].get(item.key, [])
        entry = self.after.names["forms"][new.key]["fields"][item.key]
        is_back = any((e["kind"], e["shape"]) == (entry["kind"], entry["shape"]) for e in retired)
        if is_back:
            message = N_("{form}: the field {field} comes back with its data.", form=new.label, field=item.label)
        else:
            message = N_("{form}: the field {field} is new.", form=new.label, field=item.label)
        self._say(path, message, code="added")
        if item.key in new.computed:
            self.work.append(Work(new.key, "backfill", item.key))
        if item.is_required:
            self._required(path, new, item, (new, item) if is_back else None)
        if is_back and item.is_unique:
            self._unique(path, new, item, (new, item))

    def _field(self, old_form: Form, form: Form, old: Field, new: Field) -> None:
        path = f"forms.{form.key}.fields.{new.key}"
        names = {"form": form.label, "field": new.label}
        if old.key != new.key:
            self._say(
                path,
                N_("{form}: {old} is now called {new}.", form=form.label, old=old.key, new=new.key),
                code="renamed",
            )
        if old.label != new.label:
            self._say(f"{path}.label", N_("{form}: the field {old} is labelled {field} now.", old=old.label, **names))
        if self._stands_elsewhere(old_form, form, old, new):
            self._conversion(path, old_form, form, old, new)
        self._formula(path, old_form, form, old, new)
        if new.is_required and not old.is_required:
            self._required(path, form, new, (old_form, old))
        elif old.is_required and not new.is_required:
            self._say(path, N_("{form}: {field} may be empty now.", **names))
        if new.is_unique and not old.is_unique:
            self._unique(path, form, new, (old_form, old))
        elif old.is_unique and not new.is_unique:
            self._say(path, N_("{form}: {field} may have duplicates now.", **names))
        self._options(path, old_form, form, old, new)
        if _rest(old) != _rest(new):
            self._say(path, N_("{form}: the settings of {field} change.", **names))

    def _entry(self, app: App, form: Form, item: Field) -> Mapping[str, Any]:
        entry: Mapping[str, Any] = app.names["forms"].get(form.key, {"fields": {}})["fields"].get(item.key, {})
        return entry

    def _stands_elsewhere(self, old_form: Form, form: Form, old: Field, new: Field) -> bool:
        assert self.before is not None
        first, second = self._entry(self.before, old_form, old), self._entry(self.after, form, new)
        return (first.get("kind"), first.get("shape")) != (second.get("kind"), second.get("shape"))

    def _conversion(self, path: str, old_form: Form, form: Form, old: Field, new: Field) -> None:
        """Values move to a new column. What does not convert stays in the old one, but is no longer shown."""
        assert self.before is not None
        before, after = self._entry(self.before, old_form, old), self._entry(self.after, form, new)
        names = {"form": form.label, "field": new.label}
        if is_formula(new):
            if not is_formula(old):
                message = N_("{form}: {field} is computed from now on; what was typed is no longer shown.", **names)
                self._say(path, message, LOSS, "kind")
            return
        if old.kind_key != new.kind_key:
            kinds = {"old": old.kind.label, "new": new.kind.label}
            self._say(path, N_("{form}: {field} changes from {old} to {new}.", **names, **kinds), code="kind")
        is_held = bool((before.get("column") or before.get("values")) and (after.get("column") or after.get("values")))
        if not is_held:
            return
        is_readable = before["shape"].split(",")[0] == after["shape"].split(",")[0]
        payload = {
            "is_readable": is_readable,
            "old": {**before, "key": old.key, "settings": dict(old.settings)},
            "new": dict(after),
        }
        self.work.append(Work(form.key, "convert", new.key, payload))
        if self.unit is None:
            return
        total, lost, examples = storage.get().unconvertible(self.unit, self.new, old_form, old, new)
        if lost:
            message = N_(
                "{form}: {lost} of {total} values of {field} do not convert, such as: {examples}.",
                lost=lost,
                total=total,
                examples=", ".join(examples),
                **names,
            )
            self._say(path, message, LOSS, "conversion")
        elif total:
            self._say(path, N_("{form}: all {n} values of {field} convert.", n=total, **names), code="conversion")

    def _formula(self, path: str, old_form: Form, form: Form, old: Field, new: Field) -> None:
        assert self.before is not None
        if not is_formula(new):
            return
        text = new.formula.text if new.formula else ""
        if not is_formula(old) or (old.formula.text if old.formula else "") != text:
            message = N_("{form}: {field} is computed as {formula}.", form=form.label, field=new.label, formula=text)
            self._say(f"{path}.formula", message)
        if new.key in form.computed:
            first, second = self._entry(self.before, old_form, old), self._entry(self.after, form, new)
            if (first.get("formula"), first.get("column")) != (second.get("formula"), second.get("column")):
                self.work.append(Work(form.key, "backfill", new.key))

    def _required(self, path: str, form: Form, new: Field, old: tuple[Form, Field] | None) -> None:
        names = {"form": form.label, "field": new.label}
        count: Any = "?"
        if self.unit is not None:
            made = storage.get()
            count = made.count_empty(self.unit, *old) if old is not None else made.count(self.unit, form)
        if count == 0:
            self._say(path, N_("{form}: {field} becomes required; no record has it empty.", **names), code="required")
        else:
            message = N_("{form}: {field} becomes required; {n} records have it empty.", n=count, **names)
            self._say(path, message, code="required")

    def _unique(self, path: str, form: Form, new: Field, old: tuple[Form, Field]) -> None:
        names = {"form": form.label, "field": new.label}
        count = storage.get().count_duplicates(self.unit, *old) if self.unit is not None else 0
        if count:
            message = N_("{form}: {n} values of {field} occur more than once; mend them first.", n=count, **names)
            self._say(path, message, BLOCKED, "duplicates")
        else:
            self._say(path, N_("{form}: {field} takes no duplicates from now on.", **names), code="unique")

    def _options(self, path: str, old_form: Form, form: Form, old: Field, new: Field) -> None:
        if not (old.type.options or new.type.options) or is_formula(new):
            return
        before, after = {o.value: o for o in old.type.options}, {o.value: o for o in new.type.options}
        for value in after.keys() - before.keys():
            self._option(path, form, new, N_("{form}: {field} can be {option} now."), after[value].label)
        for value in [v for v in before if v not in after]:
            used = storage.get().count_option(self.unit, old_form, old, value) if self.unit is not None else "?"
            message = N_("{form}: {field} can no longer be {option}; {n} records have it and keep it.", n=used)
            self._option(path, form, new, message, before[value].label)
        kept = [v for v in before if v in after]
        if any((before[v].label, before[v].attributes) != (after[v].label, after[v].attributes) for v in kept):
            self._option(path, form, new, N_("{form}: labels or settings of options of {field} change."), "")
        elif kept != [v for v in after if v in before]:
            self._option(path, form, new, N_("{form}: the options of {field} are in another order."), "")

    def _option(self, path: str, form: Form, item: Field, message: Message, option: Any) -> None:
        self._say(f"{path}.options", _with(message, form=form.label, field=item.label, option=option), code="options")

    # other parts ------------------------------------------------------------------------------------------

    def _parts(self, path: str, form: Form, what: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
        labels = {"form": form.label}
        for key in new:
            label = new[key][0]
            if key not in old:
                self._say(
                    f"{path}.{what}.{key}", N_("{form}: the view {view} is new.", view=label, **labels), code="added"
                )
            elif old[key] != new[key]:
                self._say(f"{path}.{what}.{key}", N_("{form}: the view {view} changes.", view=label, **labels))
        for key in old:
            if key not in new:
                message = N_("{form}: the view {view} goes.", view=old[key][0], **labels)
                self._say(f"{path}.{what}.{key}", message, code="removed")

    def _indexes(self, old: Form | None, new: Form) -> None:
        made = storage.get()
        dialect = self.unit.dialect if self.unit is not None else "sqlite"
        before = {i.name for i in made.indexes(self.old, old, dialect)} if old is not None else set()
        wanted = {i.name for i in made.indexes(self.new, new, dialect)}
        is_renamed = old is not None and old.key != new.key
        if wanted == before:
            if is_renamed:  # what was still to be made is looked for under the new name
                self.work.append(Work(new.key, "index"))
            return
        self.work.append(Work(new.key, "index"))
        added, gone = len(wanted - before), len(before - wanted)
        message = N_(
            "{form}: in the background {added} indexes are built and {gone} dropped; "
            "every save then keeps {n} indexes up to date.",
            form=new.label,
            added=added,
            gone=gone,
            n=len(wanted),
        )
        self._say(f"forms.{new.key}", message, code="indexes")

    def _roles(self, before: App) -> None:
        after = self.after
        for key, role in after.roles.items():
            if key not in before.roles:
                self._say(f"roles.{key}", N_("The role {role} is new.", role=role.label), code="added")
                continue
            old = before.roles[key]
            if old.label != role.label:
                self._say(f"roles.{key}", N_("The role {old} is labelled {role} now.", old=old.label, role=role.label))
            for path, message in _rights(key, old, role):
                self._say(path, message, code="rights")
        for key, role in before.roles.items():
            if key not in after.roles:
                message = N_("The role {role} goes; who holds it loses its rights.", role=role.label)
                self._say(f"roles.{key}", message, code="removed")

    def _sight(self) -> None:
        """Computed fields that would show some reader what he may not see himself (decisions 22)."""
        known = set(_shown(self.old)) if self.before is not None else set()
        for form, item, role, hidden in _shown(self.new):
            if (form, item, role, hidden) in known:
                continue
            field_ = self.new.form(form).fields[item]
            found = self.new.role(role)
            message = N_(
                "{form}: the role {role} sees {field}, which is computed from {hidden}, which it may not see.",
                form=self.new.form(form).label,
                role=found.label if found else role,
                field=field_.label,
                hidden=hidden,
            )
            self._say(f"forms.{form.partition('.')[2]}.fields.{item}", message, LOSS, "sight")


def item_was(app: App, form: Form, key: str, old: Form) -> str:
    """The key a field without a column of its own had before."""
    raw = app.document["forms"][form.key]["fields"][key]
    was = raw.get("was") if isinstance(raw, Mapping) else None
    return was if isinstance(was, str) and was in old.fields and was not in form.fields else key


def _renamed(before: Mapping[str, Any], after: Mapping[str, Any], place: Any) -> dict[str, str]:
    """New key → old key, of what stands in the same place under another key."""
    places = {place(entry): key for key, entry in before.items() if place(entry)}
    found = {key: places[place(entry)] for key, entry in after.items() if place(entry) in places}
    return {key: old for key, old in found.items() if key != old and old not in after}


def _where(entry: Mapping[str, Any]) -> str | None:
    """The physical name a field's values stand under."""
    return entry.get("column") or entry.get("values")


def _with(message: Message, **more: Any) -> Message:
    return Message(message.id, {**message.params, **more})


def _views(form: Form) -> dict[str, Any]:
    return {k: (v.label, v.kind, dict(v.settings)) for k, v in form.views.items()}


def _checks(form: Form) -> list[Any]:
    return [(c.when.text, c.say, c.field) for c in form.checks]


def _layout(form: Form) -> list[Any]:
    return [{**s, "visible": s["visible"].text if s["visible"] else None} for s in form.layout]


def _rest(item: Field) -> tuple[Any, ...]:
    settings = {k: v for k, v in item.settings.items() if k not in ("options", "formula")}
    return settings, item.help, item.default, item.visible.text if item.visible else None


def _rights(key: str, old: Role, new: Role) -> Iterator[tuple[str, Message]]:
    for form in dict.fromkeys((*old.forms, *new.forms)):
        before, after = old.forms.get(form), new.forms.get(form)
        path = f"roles.{key}.forms.{form}"
        for action in ACTIONS:
            first = _said(before.may.get(action, False)) if before else "false"
            second = _said(after.may.get(action, False)) if after else "false"
            if first != second:
                message = N_(
                    "Role {role}, {form}: {action} changes from {old} to {new}.",
                    role=new.label,
                    form=form,
                    action=_ACTION[action],
                    old=_SCOPE.get(first, first),
                    new=_SCOPE.get(second, second),
                )
                yield f"{path}.may.{action}", message
        if (before.fields if before else {}) != (after.fields if after else {}):
            yield f"{path}.fields", N_("Role {role}, {form}: rights on fields change.", role=new.label, form=form)


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else str(value.text)


def _shown(definitions: Definitions) -> Iterator[tuple[str, str, str, str]]:
    """(form, computed field, role, field it may not see) for every pair that is so."""
    for app in definitions.apps.values():
        for form in app.forms.values():
            for item in form.fields.values():
                if is_formula(item):
                    yield from _shown_by(definitions, form, item)


def _shown_by(definitions: Definitions, form: Form, item: Field) -> Iterator[tuple[str, str, str, str]]:
    used = _used(definitions, item, set())
    for app in definitions.apps.values():
        for role in app.roles.values():
            right = role.forms.get(form.name)
            if right is None or right.may.get("see") in (None, False):
                continue
            if right.fields.get(item.key) in ("hidden", "masked"):
                continue
            for other, key in sorted(used):
                theirs = role.forms.get(other)
                if other == form.name or theirs is not None:
                    is_hidden = theirs is not None and theirs.fields.get(key) in ("hidden", "masked")
                    is_hidden = is_hidden or theirs is None or theirs.may.get("see") in (None, False)
                else:
                    is_hidden = True
                if is_hidden:
                    yield form.name, item.key, role.name, f"{other}.{key}"


def _used(definitions: Definitions, item: Field, seen: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """The stored fields a formula reads, through other formulas too."""
    if item.formula is None:
        return seen
    for form, key in item.formula.names:
        if (form, key) in seen:
            continue
        seen.add((form, key))
        used = definitions.form(form).names.get(key)
        if used is not None and is_formula(used):
            _used(definitions, used, seen)
    return seen
