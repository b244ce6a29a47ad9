"""What becomes of the fields of a form: new, gone, back, renamed, converted, computed, with other rules or options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from webapp.definitions import storage
from webapp.definitions.columns import is_formula
from webapp.definitions.comparison import BLOCKED, LOSS, Comparison, filled, renamings
from webapp.definitions.model import App, Field, Form
from webapp.definitions.storage import Work
from webapp.i18n import N_, Message


class Fields:
    """The fields of one form in both versions."""

    def __init__(self, at: Comparison) -> None:
        self.at = at

    def compare(self, old: Form, new: Form) -> None:
        assert self.at.before is not None
        entries_before = self.at.before.names["forms"][old.key]["fields"]
        entries_after = self.at.after.names["forms"][new.key]["fields"]
        renamed = renamings(entries_before, entries_after, lambda e: e.get("column") or e.get("values"))
        for key, item in new.fields.items():
            former = renamed.get(key, item_was(self.at.after, new, key, old))
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
            self.at.say(f"forms.{new.key}.fields.{key}", message, code="removed")

    def _new_field(self, old: Form, new: Form, item: Field) -> None:
        assert self.at.before is not None
        path = f"forms.{new.key}.fields.{item.key}"
        retired = self.at.before.names["forms"][old.key]["retired"].get(item.key, [])
        entry = self.at.after.names["forms"][new.key]["fields"][item.key]
        is_back = any((e["kind"], e["shape"]) == (entry["kind"], entry["shape"]) for e in retired)
        if is_back:
            message = N_("{form}: the field {field} comes back with its data.", form=new.label, field=item.label)
        else:
            message = N_("{form}: the field {field} is new.", form=new.label, field=item.label)
        self.at.say(path, message, code="added")
        if item.key in new.computed:
            self.at.work.append(Work(new.key, "backfill", item.key))
        if item.is_required:
            self._required(path, new, item, (new, item) if is_back else None)
        if is_back and item.is_unique:
            self._unique(path, new, item, (new, item))

    def _field(self, old_form: Form, form: Form, old: Field, new: Field) -> None:
        path = f"forms.{form.key}.fields.{new.key}"
        names = {"form": form.label, "field": new.label}
        if old.key != new.key:
            self.at.say(
                path,
                N_("{form}: {old} is now called {new}.", form=form.label, old=old.key, new=new.key),
                code="renamed",
            )
        if old.label != new.label:
            self.at.say(f"{path}.label", N_("{form}: the field {old} is labelled {field} now.", old=old.label, **names))
        if self._stands_elsewhere(old_form, form, old, new):
            self._conversion(path, old_form, form, old, new)
        self._formula(path, old_form, form, old, new)
        if new.is_required and not old.is_required:
            self._required(path, form, new, (old_form, old))
        elif old.is_required and not new.is_required:
            self.at.say(path, N_("{form}: {field} may be empty now.", **names))
        if new.is_unique and not old.is_unique:
            self._unique(path, form, new, (old_form, old))
        elif old.is_unique and not new.is_unique:
            self.at.say(path, N_("{form}: {field} may have duplicates now.", **names))
        self._options(path, old_form, form, old, new)
        if _rest(old) != _rest(new):
            self.at.say(path, N_("{form}: the settings of {field} change.", **names))

    def _stands_elsewhere(self, old_form: Form, form: Form, old: Field, new: Field) -> bool:
        assert self.at.before is not None
        first, second = self.at.entry(self.at.before, old_form, old), self.at.entry(self.at.after, form, new)
        return (first.get("kind"), first.get("shape")) != (second.get("kind"), second.get("shape"))

    def _conversion(self, path: str, old_form: Form, form: Form, old: Field, new: Field) -> None:
        """Values move to a new column. What does not convert stays in the old one, but is no longer shown."""
        assert self.at.before is not None
        before, after = self.at.entry(self.at.before, old_form, old), self.at.entry(self.at.after, form, new)
        names = {"form": form.label, "field": new.label}
        if is_formula(new):
            if not is_formula(old):
                message = N_("{form}: {field} is computed from now on; what was typed is no longer shown.", **names)
                self.at.say(path, message, LOSS, "kind")
            return
        if old.kind_key != new.kind_key:
            kinds = {"old": old.kind.label, "new": new.kind.label}
            self.at.say(path, N_("{form}: {field} changes from {old} to {new}.", **names, **kinds), code="kind")
        is_held = bool((before.get("column") or before.get("values")) and (after.get("column") or after.get("values")))
        if not is_held:
            return
        is_readable = before["shape"].split(",")[0] == after["shape"].split(",")[0]
        payload = {
            "is_readable": is_readable,
            "old": {**before, "key": old.key, "settings": dict(old.settings)},
            "new": dict(after),
        }
        self.at.work.append(Work(form.key, "convert", new.key, payload))
        if self.at.unit is None:
            return
        total, lost, examples = storage.get().unconvertible(self.at.unit, self.at.new, old_form, old, new)
        if lost:
            message = N_(
                "{form}: {lost} of {total} values of {field} do not convert, such as: {examples}.",
                lost=lost,
                total=total,
                examples=", ".join(examples),
                **names,
            )
            self.at.say(path, message, LOSS, "conversion")
        elif total:
            self.at.say(path, N_("{form}: all {n} values of {field} convert.", n=total, **names), code="conversion")

    def _formula(self, path: str, old_form: Form, form: Form, old: Field, new: Field) -> None:
        assert self.at.before is not None
        if not is_formula(new):
            return
        text = new.formula.text if new.formula else ""
        if not is_formula(old) or (old.formula.text if old.formula else "") != text:
            message = N_("{form}: {field} is computed as {formula}.", form=form.label, field=new.label, formula=text)
            self.at.say(f"{path}.formula", message)
        if new.key in form.computed:
            first, second = self.at.entry(self.at.before, old_form, old), self.at.entry(self.at.after, form, new)
            if (first.get("formula"), first.get("column")) != (second.get("formula"), second.get("column")):
                self.at.work.append(Work(form.key, "backfill", new.key))

    def _required(self, path: str, form: Form, new: Field, old: tuple[Form, Field] | None) -> None:
        names = {"form": form.label, "field": new.label}
        count: Any = "?"
        if self.at.unit is not None:
            made = storage.get()
            count = made.count_empty(self.at.unit, *old) if old is not None else made.count(self.at.unit, form)
        if count == 0:
            self.at.say(path, N_("{form}: {field} becomes required; no record has it empty.", **names), code="required")
        else:
            message = N_("{form}: {field} becomes required; {n} records have it empty.", n=count, **names)
            self.at.say(path, message, code="required")

    def _unique(self, path: str, form: Form, new: Field, old: tuple[Form, Field]) -> None:
        names = {"form": form.label, "field": new.label}
        count = storage.get().count_duplicates(self.at.unit, *old) if self.at.unit is not None else 0
        if count:
            message = N_("{form}: {n} values of {field} occur more than once; mend them first.", n=count, **names)
            self.at.say(path, message, BLOCKED, "duplicates")
        else:
            self.at.say(path, N_("{form}: {field} takes no duplicates from now on.", **names), code="unique")

    def _options(self, path: str, old_form: Form, form: Form, old: Field, new: Field) -> None:
        if not (old.type.options or new.type.options) or is_formula(new):
            return
        before, after = {o.value: o for o in old.type.options}, {o.value: o for o in new.type.options}
        for value in after.keys() - before.keys():
            self._option(path, form, new, N_("{form}: {field} can be {option} now."), after[value].label)
        for value in [v for v in before if v not in after]:
            used = storage.get().count_option(self.at.unit, old_form, old, value) if self.at.unit is not None else "?"
            message = N_("{form}: {field} can no longer be {option}; {n} records have it and keep it.", n=used)
            self._option(path, form, new, message, before[value].label)
        kept = [v for v in before if v in after]
        if any((before[v].label, before[v].attributes) != (after[v].label, after[v].attributes) for v in kept):
            self._option(path, form, new, N_("{form}: labels or settings of options of {field} change."), "")
        elif kept != [v for v in after if v in before]:
            self._option(path, form, new, N_("{form}: the options of {field} are in another order."), "")

    def _option(self, path: str, form: Form, item: Field, message: Message, option: Any) -> None:
        self.at.say(
            f"{path}.options", filled(message, form=form.label, field=item.label, option=option), code="options"
        )


def item_was(app: App, form: Form, key: str, old: Form) -> str:
    """The key a field without a column of its own had before."""
    raw = app.document["forms"][form.key]["fields"][key]
    was = raw.get("was") if isinstance(raw, Mapping) else None
    return was if isinstance(was, str) and was in old.fields and was not in form.fields else key


def _rest(item: Field) -> tuple[Any, ...]:
    settings = {k: v for k, v in item.settings.items() if k not in ("options", "formula")}
    return settings, item.help, item.default, item.visible.text if item.visible else None
