"""What becomes of the roles: their rights, and what they would see through computed fields."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from webapp.definitions.columns import is_formula
from webapp.definitions.comparison import LOSS, Comparison
from webapp.definitions.document import ACTIONS
from webapp.definitions.model import App, Definitions, Field, Form, Role
from webapp.definitions.words import ACTION, LEVEL, SCOPE
from webapp.i18n import LANGUAGES, N_, Message


def compare(at: Comparison, before: App) -> None:
    after = at.after
    for key, role in after.roles.items():
        if key not in before.roles:
            at.say(f"roles.{key}", N_("The role {role} is new.", role=role.label), code="added")
            continue
        old = before.roles[key]
        if old.label != role.label:
            at.say(f"roles.{key}", N_("The role {old} is labelled {role} now.", old=old.label, role=role.label))
        for path, message in _rights(at, key, old, role):
            at.say(path, message, code="rights")
    for key, role in before.roles.items():
        if key not in after.roles:
            message = N_("The role {role} goes; who holds it loses its rights.", role=role.label)
            at.say(f"roles.{key}", message, code="removed")


def sight(at: Comparison) -> None:
    """Computed fields that would show some reader what he may not see himself (decisions 22)."""
    known = set(_shown(at.old)) if at.before is not None else set()
    for form, item, role, hidden in _shown(at.new):
        if (form, item, role, hidden) in known:
            continue
        field_ = at.new.form(form).fields[item]
        found = at.new.role(role)
        message = N_(
            "{form}: the role {role} sees {field}, which is computed from {hidden}, which it may not see.",
            form=at.new.form(form).label,
            role=found.label if found else role,
            field=field_.label,
            hidden=hidden,
        )
        at.say(f"forms.{form.partition('.')[2]}.fields.{item}", message, LOSS, "sight")


def _rights(at: Comparison, key: str, old: Role, new: Role) -> Iterator[tuple[str, Message]]:
    for name in dict.fromkeys((*old.forms, *new.forms)):
        before, after = old.forms.get(name), new.forms.get(name)
        path = f"roles.{key}.forms.{name}"
        form = _form(at, name)
        label = form.label if form else name
        for action in ACTIONS:
            first = _said(before.may.get(action, False)) if before else "false"
            second = _said(after.may.get(action, False)) if after else "false"
            if first != second:
                message = N_(
                    "Role {role}, {form}: {action} changes from {old} to {new}.",
                    role=new.label,
                    form=label,
                    action=ACTION[action],
                    old=_in_words(at.old, before.may.get(action, False) if before else False),
                    new=_in_words(at.new, after.may.get(action, False) if after else False),
                )
                yield f"{path}.may.{action}", message
        first_levels, second_levels = (right.fields if right else {} for right in (before, after))
        for field in dict.fromkeys((*first_levels, *second_levels)):
            if first_levels.get(field) == second_levels.get(field):
                continue
            item = form.names.get(field) if form else None
            message = N_(
                "Role {role}, {form}: {field} changes from {old} to {new}.",
                role=new.label,
                form=label,
                field=item.label if item else field,
                old=LEVEL[first_levels.get(field, "")],
                new=LEVEL[second_levels.get(field, "")],
            )
            yield f"{path}.fields.{field}", message


def _form(at: Comparison, name: str) -> Form | None:
    app, _, key = name.partition(".")
    for definitions in (at.new, at.old):
        found = definitions.apps.get(app if key else at.after.key)
        if found is not None and (key or app) in found.forms:
            return found.forms[key or app]
    return None


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else str(value.text)


def _in_words(definitions: Definitions, value: Any) -> Any:
    """A right for people: its word, or what its condition says."""
    if isinstance(value, bool | str):
        return SCOPE.get(_said(value), _said(value))
    return {language: value.sentence(language, definitions) for language in LANGUAGES}


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
