"""What publishing a document would do, in sentences a person can read, and the work it leaves to workers.

Differences are semantic: they come from the two compiled apps and their physical names, never from text. With a
unit the sentences carry numbers (how many records have it empty); without one they are general.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from webapp.db import Unit
from webapp.definitions import plan_fields, plan_roles, storage
from webapp.definitions.comparison import BLOCKED, LOSS, SETTING, Change, Comparison, Plan, filled, renamings, where
from webapp.definitions.document import Document
from webapp.definitions.model import App, Definitions, Form
from webapp.definitions.storage import Work
from webapp.i18n import N_

__all__ = ["BLOCKED", "LOSS", "Change", "Plan", "plan"]


def plan(definitions: Definitions, document: Document, unit: Unit | None = None) -> Plan:
    """The way from what is in force to `document`, which `validate` has found good."""
    from webapp.definitions.apply import compiled

    before = definitions.apps.get(document.app)
    after = compiled(definitions, document)
    return _Planner(Comparison(definitions, after, before, after.apps[document.app], unit)).plan()


class _Planner:
    def __init__(self, at: Comparison) -> None:
        self.at = at

    def plan(self) -> Plan:
        if self.at.before is None:
            self.at.say(
                "app", N_("The app {app} is new, with {n} forms.", app=self.at.after.label, n=len(self.at.after.forms))
            )
        else:
            self._compare(self.at.before)
        plan_roles.sight(self.at)
        version = self.at.before.version if self.at.before else 0
        return Plan(self.at.after.key, version, tuple(self.at.changes), tuple(self.at.work))

    def _compare(self, before: App) -> None:
        after = self.at.after
        start = len(self.at.changes)
        for setting in ("label", "icon", "uses"):
            if getattr(before, setting) != getattr(after, setting):
                self.at.say(setting, N_("The app's {setting} changes.", setting=SETTING[setting]))
        renamed = renamings(before.names["forms"], after.names["forms"], lambda e: e["table"])
        for key, form in after.forms.items():
            old = before.forms.get(renamed.get(key, key)) if key in renamed or key in before.forms else None
            if old is None:
                self._new_form(form)
            else:
                self._form(old, form)
        gone = set(before.forms) - set(after.forms) - set(renamed.values())
        for key in sorted(gone):
            count = self.at.count(before.forms[key])
            message = N_("The form {form} goes; its {n} records are kept and come back with it.", n=count)
            self.at.say(f"forms.{key}", filled(message, form=before.forms[key].label), code="removed")
        self._under_way(before)
        plan_roles.compare(self.at, before)
        is_same = before.document == after.document
        if not is_same and len(self.at.changes) == start:
            self.at.say("app", N_("Descriptions or the order of things change."))

    def _under_way(self, before: App) -> None:
        """What is still being built has to stay where it is until it is done."""
        for form in before.forms.values():
            for item in form.fields.values():
                if not item.is_building:
                    continue
                now = self.at.after.forms[form.key].fields.get(item.key) if form.key in self.at.after.forms else None
                if now is None or self.at.place(self.at.after, form, item) != self.at.place(before, form, item):
                    message = N_(
                        "{form}: the values of {field} are still being built; publish this when that is done.",
                        form=form.label,
                        field=item.label,
                    )
                    self.at.say(f"forms.{form.key}.fields.{item.key}", message, BLOCKED, "building")

    def _new_form(self, form: Form) -> None:
        assert self.at.before is not None
        is_back = form.key in self.at.before.names["retired"]
        message = (
            N_("The form {form} comes back with its records.", form=form.label)
            if is_back
            else N_("The form {form} is new, with {n} fields.", form=form.label, n=len(form.fields))
        )
        self.at.say(f"forms.{form.key}", message, code="added")
        if is_back:
            self._indexes(None, form)
            self.at.work.append(Work(form.key, "search"))

    def _form(self, old: Form, new: Form) -> None:
        path = f"forms.{new.key}"
        if old.key != new.key:
            self.at.say(path, N_("The form {old} is now called {new}.", old=old.key, new=new.key), code="renamed")
        for setting in ("label", "icon", "title"):
            if getattr(old, setting) != getattr(new, setting):
                message = N_("{form}: its {setting} changes.", form=new.label, setting=SETTING[setting])
                self.at.say(f"{path}.{setting}", message)
        if old.settings != new.settings:
            self.at.say(path, N_("{form}: its settings change.", form=new.label))
        plan_fields.Fields(self.at).compare(old, new)
        self._parts(path, new, "views", _views(old), _views(new))
        if _checks(old) != _checks(new):
            n = len(new.checks)
            self.at.say(f"{path}.checks", N_("{form}: its checks change; there are {n} now.", form=new.label, n=n))
        if _layout(old) != _layout(new):
            self.at.say(f"{path}.layout", N_("{form}: the layout changes.", form=new.label))
        if self._is_searched_anew(old, new):
            self.at.work.append(Work(new.key, "search"))
        self._indexes(old, new)

    def _is_searched_anew(self, old: Form, new: Form) -> bool:
        """Whether the search texts of records there are would be others now; a conversion mends its own."""
        made = storage.get()
        before, after = made.searched(old), made.searched(new)
        converted = {w.field for w in self.at.work if w.form == new.key and w.what == "convert"}
        assert self.at.before is not None
        entry = self.at.before.names["forms"][old.key]
        moved = {where(entry["fields"][key]) for key in converted if key in entry["fields"]}
        retired = [e for several in entry["retired"].values() for e in several]
        is_changed = any(before[p] != after[p] for p in before.keys() & after.keys())
        is_gone = bool(before.keys() - after.keys() - moved)
        is_back = bool((after.keys() - before.keys()) & {where(e) for e in retired})
        return is_changed or is_gone or is_back

    def _parts(self, path: str, form: Form, what: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
        labels = {"form": form.label}
        for key in new:
            label = new[key][0]
            if key not in old:
                self.at.say(
                    f"{path}.{what}.{key}", N_("{form}: the view {view} is new.", view=label, **labels), code="added"
                )
            elif old[key] != new[key]:
                self.at.say(f"{path}.{what}.{key}", N_("{form}: the view {view} changes.", view=label, **labels))
        for key in old:
            if key not in new:
                message = N_("{form}: the view {view} goes.", view=old[key][0], **labels)
                self.at.say(f"{path}.{what}.{key}", message, code="removed")

    def _indexes(self, old: Form | None, new: Form) -> None:
        made = storage.get()
        dialect = self.at.unit.dialect if self.at.unit is not None else "sqlite"
        before = {i.name for i in made.indexes(self.at.old, old, dialect)} if old is not None else set()
        wanted = {i.name for i in made.indexes(self.at.new, new, dialect)}
        is_renamed = old is not None and old.key != new.key
        if wanted == before:
            if is_renamed:  # what was still to be made is looked for under the new name
                self.at.work.append(Work(new.key, "index"))
            return
        self.at.work.append(Work(new.key, "index"))
        added, gone = len(wanted - before), len(before - wanted)
        message = N_(
            "{form}: in the background {added} indexes are built and {gone} dropped; "
            "every save then keeps {n} indexes up to date.",
            form=new.label,
            added=added,
            gone=gone,
            n=len(wanted),
        )
        self.at.say(f"forms.{new.key}", message, code="indexes")


def _views(form: Form) -> dict[str, Any]:
    return {k: (v.label, v.kind, dict(v.settings)) for k, v in form.views.items()}


def _checks(form: Form) -> list[Any]:
    return [(c.when.text, c.say, c.field) for c in form.checks]


def _layout(form: Form) -> list[Any]:
    return [{**s, "visible": s["visible"].text if s["visible"] else None} for s in form.layout]
