"""From what a person, a program or a file gives to the values a record will have: names, rights, kinds, links."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from webapp.access import policy
from webapp.access.actor import Actor
from webapp.access.tables import department, member
from webapp.db import Unit
from webapp.definitions import versions
from webapp.definitions.model import Field, Form
from webapp.engines.forms.fields.base import FieldError, Kind, is_storable
from webapp.errors import Invalid, Problem, nearest
from webapp.expressions import fold
from webapp.i18n import N_, Message

Companions = Callable[[Field, Any], dict[str, Any]]

#: System fields that a person may set; the others are the system's own.
SETTABLE = frozenset({"owner"})


def take(unit: Unit, actor: Actor, form: Form, raw: Mapping[str, Any], problems: list[Problem]) -> dict[str, Any]:
    """Field key → Python value of everything in `raw` that can be taken; what cannot goes to `problems` by field.

    A hidden field is refused in the same words as one that does not exist.
    """
    rights = policy.fields(unit, actor, form)
    taken: dict[str, Any] = {}
    for key, value in raw.items():
        field = form.names.get(key)
        right = rights.get(key, "hidden")
        if field is None or right == "hidden":
            visible = [k for k in form.names if rights.get(k, "hidden") != "hidden"]
            problems.append(
                Problem(str(key), N_("There is no such field."), "unknown_field", nearest(str(key), visible))
            )
        elif not is_input(field):
            problems.append(Problem(key, N_("This field is filled by the system."), "not_input"))
        elif right != "write":
            problems.append(Problem(key, N_("Your role may not change this field."), "read_only"))
        else:
            try:
                taken[key] = parse(unit, actor, field, value)
            except FieldError as error:
                problems.append(Problem(key, error.message, error.problem_code, error.near))
    return taken


def is_input(field: Field) -> bool:
    """Whether somebody may give the field a value, rights aside."""
    return field.key in SETTABLE if field.is_system else field.kind.is_input


def parse(unit: Unit, actor: Actor, field: Field, raw: Any) -> Any:
    """One value by its kind; links, members and departments are looked up within what the actor may see.

    Raises `FieldError`.
    """
    kind = field.type.name
    if kind in ("record", "member", "department") and raw not in (None, ""):
        return field.kind.parse(field, _target(unit, actor, field, raw))
    return field.kind.parse(field, raw)


def _target(unit: Unit, actor: Actor, field: Field, raw: Any) -> int:
    """The id that `raw` (an id, its digits, `{id}`, `{by: value}` or a member's address) stands for."""
    if isinstance(raw, Mapping):
        if raw.get("id") is not None:
            raw = raw["id"]
        elif "by" in raw:
            return _named(unit, actor, field, raw["by"])
        else:
            raise FieldError(N_("A link is given as its id or as {example}.", example='{"by": "…"}'))
    if isinstance(raw, bool) or not isinstance(raw, int | str):
        raise FieldError(N_("A link is given as its id or as {example}.", example='{"by": "…"}'))
    if isinstance(raw, str):
        text = raw.strip()
        if not (text.isascii() and text.isdigit() and len(text) <= 18):
            return _named(unit, actor, field, text)
        raw = int(text)
    if not exists(unit, actor, field, raw):
        raise FieldError(N_("What this points at does not exist."), code="unknown_link")
    return raw


def exists(unit: Unit, actor: Actor, field: Field, id_: int) -> bool:
    """Whether a link, member or department value points at something the actor may choose."""
    kind = field.type.name
    if not 0 < id_ < 2**63:
        return False
    if kind == "member":
        statement = sa.select(member.c.id).where(member.c.id == id_, member.c.is_active)
    elif kind == "department":
        statement = sa.select(department.c.id).where(department.c.id == id_)
    else:
        form = _target_form(unit, field)
        statement = _reachable(unit, actor, form).where(form.table.c.id == id_)
    return unit.execute(statement).first() is not None


def _target_form(unit: Unit, field: Field) -> Form:
    assert field.type.target is not None
    return versions.current(unit).form(field.type.target)


def _reachable(unit: Unit, actor: Actor, form: Form) -> sa.Select[Any]:
    table = form.table
    statement = sa.select(table.c.id).where(table.c.deleted_at.is_(None))
    condition = policy.rows(unit, actor, form, "see", table)
    return statement if condition is None else statement.where(condition)


def _named(unit: Unit, actor: Actor, field: Field, wanted: Any) -> int:
    """The one thing called `wanted`: a record by its title or a unique field, a member by address or name."""
    text = str(wanted).strip()
    found = _found(unit, actor, field, text) if is_storable(text) else []
    if len(found) == 1:
        return found[0]
    if found:
        raise FieldError(N_("“{name}” matches several; give the id.", name=text[:80]), code="ambiguous_link")
    raise FieldError(N_("“{name}” was not found.", name=text[:80]), code="unknown_link")


def _found(unit: Unit, actor: Actor, field: Field, text: str) -> list[int]:
    if field.type.name == "member":
        for column in (member.c.email, member.c.name):
            value = text.lower() if column is member.c.email else text
            statement = sa.select(member.c.id).where(column == value, member.c.is_active).limit(2)
            if ids := list(unit.execute(statement).scalars()):
                return ids
        return []
    if field.type.name == "department":
        return list(unit.execute(sa.select(department.c.id).where(department.c.name == text).limit(2)).scalars())
    form = _target_form(unit, field)
    rights = policy.fields(unit, actor, form)
    keys = [form.title, *(k for k, f in form.fields.items() if f.is_unique and k != form.title)]
    for key in keys:
        name = form.fields[key].column if key in form.fields else None
        if name is None or rights.get(key) not in ("read", "write"):
            continue
        folded = form.table.c.get(f"{name}__f")
        if folded is not None:
            statement = _reachable(unit, actor, form).where(folded == fold(text)).limit(2)
            if ids := list(unit.execute(statement).scalars()):
                return ids
    return []


def row(form: Form, values: Mapping[str, Any]) -> dict[str, Any]:
    """Column → value for the columns of `values` in the form's table (companions included)."""
    columns: dict[str, Any] = {}
    plan = columns_of(form)
    for key, value in values.items():
        column, field, companions = plan[key]
        if column is not None:
            columns[column] = value
            if companions is not None:
                columns.update(companions(field, value))
        if field.before is not None and field.before.column is not None:  # what is set now is never converted
            columns.update(dict.fromkeys(_old_columns(form, field.before.column)))
    return columns


def _old_columns(form: Form, column: str) -> list[str]:
    starts = (f"{column}__f", f"{column}__s")
    return [c.name for c in form.table.columns if c.name == column or c.name.startswith(starts)]


def columns_of(form: Form) -> dict[str, tuple[str | None, Field, Companions | None]]:
    """Field key → its column, the field, and what its kind keeps beside the value if it does. Made once a form."""
    found: dict[str, tuple[str | None, Field, Companions | None]] | None = _COLUMNS.get(form)
    if found is None:
        found = {}
        for key, field in form.names.items():
            is_plain = field.is_system or type(field.kind).companions is Kind.companions
            found[key] = (field.column, field, None if is_plain else field.kind.companions)
        _COLUMNS[form] = found
    return found


_COLUMNS: WeakKeyDictionary[Form, dict[str, tuple[str | None, Field, Companions | None]]] = WeakKeyDictionary()


def required(form: Form, values: Mapping[str, Any]) -> list[Problem]:
    """A problem for every required field that would be empty."""
    return [
        is_missing(field)
        for key, field in form.fields.items()
        if field.is_required and field.kind.is_input and values.get(key) is None
    ]


def is_missing(field: Field) -> Problem:
    return Problem(field.key, N_("{field} must be filled in.", field=field.label), "required")


def refuse(problems: list[Problem]) -> None:
    """Raise `Invalid` with all `problems`, if there are any."""
    if problems:
        raise Invalid(N_("Some fields need mending."), problems=problems)


def say(text: Any) -> Message:
    """A builder's text (one language or several) as a message."""
    return N_("{text}", text=text)
