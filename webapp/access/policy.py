"""What an actor may do: one place answers "may he?" and "which rows?", in SQL, and can say why.

Roles combine: rows by OR, fields by the most permissive. What is neither granted nor known is refused.
An edit is judged on the record as it stands, not as it will be: a rep may hand his deal over or close it for good;
whether he may touch the owner or the stage at all is a field right. A new record must lie inside `create`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql import visitors

from webapp import clock
from webapp.access.actor import AUDITOR, Actor
from webapp.access.tables import department_member, member
from webapp.db import Id, Unit
from webapp.definitions import versions
from webapp.definitions.model import Definitions, Field, Form, FormRight, Role
from webapp.definitions.words import ACTION, SCOPE
from webapp.errors import Denied, NotFound
from webapp.expressions import Judged, Stored, binds
from webapp.i18n import LANGUAGES, N_, Message

ACTIONS = ("see", "create", "edit", "delete", "export")
SCOPES = ("own", "team", "department", "department_and_below", "mine")
LEVELS = ("hidden", "masked", "read", "write")
#: Answers kept of an epoch, one for each form and set of roles that somebody holds.
KEPT = 1000
_READS = ("see", "export")
_KINDS = ("member", "token", "system")
_WRITABLE_SYSTEM_FIELDS = ("owner",)


def may(unit: Unit, actor: Actor, form: Form, action: str) -> bool:
    """Whether there is any record of `form` with which he may do `action` at all."""
    whole = outright(actor, action)
    if whole is not None:
        return whole
    return any(scope is not False for scope in _scopes(unit, actor, form, action))


def knows(unit: Unit, actor: Actor, form: Form) -> bool:
    """Whether the form exists for him."""
    return any(may(unit, actor, form, action) for action in ACTIONS)


def require(unit: Unit, actor: Actor, form: Form, action: str = "see") -> None:
    """Raise `NotFound` if the form does not exist for him, `Denied` with the reason if he may not do `action`."""
    if may(unit, actor, form, action):
        return
    if not knows(unit, actor, form):
        raise NotFound(N_("There is no form “{key}”.", key=form.name))
    if action not in _READS:
        actor.require_write(action)
    raise Denied(N_("Your roles do not allow this in “{form}”: {action}.", form=form.label, action=ACTION[action]))


def rows(unit: Unit, actor: Actor, form: Form, action: str, table: sa.FromClause) -> sa.ColumnElement[bool] | None:
    """A condition over `table` (the form's or an alias): with which records he may do `action`; None means all.

    It carries the values of its parameters. What he may not see he can neither edit, delete nor export.
    """
    whole = outright(actor, action)
    if whole is not None:
        return None if whole else sa.false()
    granted = _any(_row(unit, actor, form, scope, table) for scope in _scopes(unit, actor, form, action))
    if action in ("see", "create"):
        return granted
    seen = _scopes(unit, actor, form, "see")
    if AUDITOR in actor.roles or set(_scopes(unit, actor, form, action)) <= set(seen):
        return granted
    visible = rows(unit, actor, form, "see", table)
    if visible is None or granted is None:
        return granted if visible is None else visible
    return sa.and_(visible, granted)


def sees_others(unit: Unit, actor: Actor, form: Form) -> bool:
    """Whether he may see records that are not his own."""
    whole = outright(actor, "see")
    if whole is not None:
        return whole
    own = ("own", "mine") if actor.headed else ("own", "mine", "team")
    return any(scope not in own for scope in _scopes(unit, actor, form, "see"))


def may_create(unit: Unit, actor: Actor, form: Form, values: Mapping[str, Any]) -> bool:
    """Whether an unsaved record lies inside what he may create.

    values  field key → Python value, with `owner` and `owner_department`
    """
    whole = outright(actor, "create")
    if whole is not None:
        return whole
    judged = Judged(form, values)
    asked = []
    for scope in _scopes(unit, actor, form, "create"):
        verdict = _unsaved(actor, form, scope, values, judged, unit.dialect)
        if verdict is True:
            return True
        if verdict is not False:
            asked.append(verdict)
    if not asked:
        return False
    statement = judged.select(sa.case((sa.or_(*asked), 1), else_=0))
    return bool(unit.execute(statement, binds(actor, clock.now(), unit.zone)).scalar_one())


def fields(unit: Unit, actor: Actor, form: Form) -> Mapping[str, str]:
    """Key of every field (system fields and reverse links too) → hidden, masked, read or write."""
    if actor.kind not in _KINDS:
        return dict.fromkeys(form.names, "hidden")
    definitions = versions.current(unit)
    return definitions.kept("fields", KEPT).get(
        (form.name, actor.roles, actor.may_write, actor.pool),
        lambda: {key: _level_of(definitions, actor, form, key, field) for key, field in form.names.items()},
    )


def may_take(unit: Unit, actor: Actor, form: Form) -> bool:
    """Whether records of the form's pool are there for him to take: he changes records of the form and may write who
    owns them and that they are in the pool."""
    said = form.settings.get("pool")
    if said is None or actor.kind not in _KINDS or not actor.may_write:
        return False
    if actor.is_keeper:
        return True
    rights = _rights(versions.current(unit), actor.roles, form)
    if all(right.may.get("edit", False) is False for _, right in rights):
        return False
    definitions = versions.current(unit)
    keys = ("owner", said["field"])
    return all(_level(definitions, actor, form, key, form.names[key]) == "write" for key in keys)


def eyes(unit: Unit, actor: Actor) -> MemberEyes:
    """For expressions a user writes himself: he may name only what he may read, and aggregates see only his rows."""
    return MemberEyes(unit, actor)


class MemberEyes:
    """`expressions.types.Eyes` of an actor."""

    def __init__(self, unit: Unit, actor: Actor) -> None:
        self._unit = unit
        self._actor = actor

    def may_name(self, form: str, field: str) -> bool:
        try:
            found = versions.current(self._unit).form(form)
        except NotFound:
            return False
        if not may(self._unit, self._actor, found, "see"):
            return False
        return fields(self._unit, self._actor, found).get(field, "hidden") in ("read", "write")

    def rows(self, form: str, table: sa.FromClause) -> sa.ColumnElement[bool] | None:
        return rows(self._unit, self._actor, versions.current(self._unit).form(form), "see", table)


def why(unit: Unit, actor: Actor, form: Form, action: str) -> list[Message]:
    """Why he may or may not do `action`: one sentence for each reason."""
    if actor.kind not in _KINDS:
        return [N_("This kind of visitor may do nothing here.")]
    if action not in _READS and not actor.may_write:
        return [N_("This token may only read.")]
    if actor.is_keeper:
        return [N_("System administrators may do everything.")]
    reasons = [N_("Auditors may read every record.")] if outright(actor, action) else []
    reasons += [text for text, _ in grants(unit, actor, form, action, form.table)]
    return reasons or [N_("None of your roles names “{form}”.", form=form.label)]


def grants(
    unit: Unit, actor: Actor, form: Form, action: str, table: sa.FromClause
) -> list[tuple[Message, sa.ColumnElement[bool] | None]]:
    """What each of his roles says about `action`, and with which records of `table` it holds; None means all."""
    found: list[tuple[Message, sa.ColumnElement[bool] | None]] = []
    for role, right in _rights(versions.current(unit), actor.roles, form):
        scope = right.may.get(action, False)
        places = {"role": role.label, "action": ACTION[action]}
        if scope is False:
            found.append((N_("{role}: may not {action}.", **places), sa.false()))
        else:
            text = N_("{role}: may {action} {scope}.", **places, scope=_said(unit, scope))
            found.append((text, _row(unit, actor, form, scope, table)))
    return found


def _said(unit: Unit, scope: Any) -> Any:
    if scope is True:
        return N_("all records")
    if isinstance(scope, str):
        return SCOPE[scope]
    schema = versions.current(unit)
    sentences = {language: scope.sentence(language, schema) for language in LANGUAGES}
    return N_("records where {condition}", condition=sentences)


def outright(actor: Actor, action: str) -> bool | None:
    """The answer where no role of an app needs to be asked."""
    if action not in ACTIONS or actor.kind not in _KINDS:
        return False
    if actor.pool is not None:
        return None if action == "see" else False
    if action not in _READS and not actor.may_write:
        return False
    if actor.is_keeper or (AUDITOR in actor.roles and action in _READS):
        return True
    return None


def _rights(definitions: Definitions, roles: frozenset[str], form: Form) -> tuple[tuple[Role, FormRight], ...]:
    """What the roles say about the form, for those that name it."""
    return definitions.kept("rights", KEPT).get((form.name, roles), lambda: _rights_of(definitions, roles, form))


def _rights_of(definitions: Definitions, roles: frozenset[str], form: Form) -> tuple[tuple[Role, FormRight], ...]:
    held = [role for name in sorted(roles) if (role := definitions.role(name)) is not None]
    pairs = [(role, _right(role, form)) for role in held]
    return tuple((role, right) for role, right in pairs if right is not None)


def _right(role: Role, form: Form) -> FormRight | None:
    if role.app == form.app and form.key in role.forms:
        return role.forms[form.key]
    return role.forms.get(form.name)


def _scopes(unit: Unit, actor: Actor, form: Form, action: str) -> tuple[Any, ...]:
    """The different answers of his roles, without the refusals; only `True` when one of them allows all."""
    if actor.pool is not None:
        return ("pool",) if actor.pool == form.name and may_take(unit, actor, form) else ()
    found: dict[Any, None] = {}
    for _, right in _rights(versions.current(unit), actor.roles, form):
        scope = right.may.get(action, False)
        if scope is True:
            return (True,)
        if scope is not False and scope is not None:
            found[scope] = None
    return tuple(found)


def _any(conditions: Iterable[sa.ColumnElement[bool] | None]) -> sa.ColumnElement[bool] | None:
    found = []
    for condition in conditions:
        if condition is None:
            return None
        if not isinstance(condition, sa.False_):
            found.append(condition)
    return sa.or_(*found) if found else sa.false()


def _row(unit: Unit, actor: Actor, form: Form, scope: Any, table: sa.FromClause) -> sa.ColumnElement[bool] | None:
    if scope is True:
        return None
    if scope == "mine":
        return sa.or_(*_takes_part(actor, form, table))
    if scope == "pool":
        return table.c[form.names[form.settings["pool"]["field"]].column or ""] == sa.true()
    if isinstance(scope, str):
        column, ids = _reach(actor, scope)
        if not isinstance(ids, tuple):
            return table.c[column].in_(ids)
        if not ids:
            return sa.false()
        return table.c[column] == ids[0] if len(ids) == 1 else table.c[column].in_(ids)
    return _with_values(unit, actor, scope.condition(Stored(table), unit.dialect))


def _with_values(unit: Unit, actor: Actor, condition: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    """Give the parameters of a condition compiled just now their values; those given when it is executed go first."""
    values = binds(actor, clock.now(), unit.zone)

    def fill(parameter: sa.BindParameter[Any]) -> None:
        if parameter.key in values:
            parameter.value, parameter.required = values[parameter.key], False

    visitors.traverse(condition, {}, {"bindparam": fill})
    return condition


def _unsaved(
    actor: Actor, form: Form, scope: Any, values: Mapping[str, Any], judged: Judged, dialect: str
) -> bool | sa.ColumnElement[bool]:
    """Whether a scope takes an unsaved record, or the condition that tells."""
    if scope is True:
        return True
    if scope == "mine":
        return any(_is(actor, values.get(key)) for key in ("owner", *_member_fields(form)))
    if isinstance(scope, str):
        column, ids = _reach(actor, scope)
        if isinstance(ids, tuple):
            return values.get(column) in ids
        return sa.literal(values.get(column), Id).in_(ids)
    condition: sa.ColumnElement[bool] = scope.condition(judged, dialect)
    return condition


def _is(actor: Actor, value: Any) -> bool:
    return actor.member in value if isinstance(value, (tuple, list, set)) else value == actor.member


def _reach(actor: Actor, scope: str) -> tuple[str, tuple[int, ...] | sa.CompoundSelect[Any]]:
    """The column a scope looks at, and the ids it takes or the query that finds them."""
    if scope == "own" or (scope == "team" and not actor.headed):
        return "owner", (actor.member,)
    if scope == "team":
        return "owner", _team(actor)
    if scope == "department":
        return "owner_department", actor.departments
    if scope == "department_and_below":
        return "owner_department", actor.departments_below
    return "owner", ()  # a scope this release does not know


def _team(actor: Actor) -> sa.CompoundSelect[Any]:
    """He himself and everybody, present or gone, in a department he heads or below it. Asked anew each time: somebody
    may join the team while statements are kept."""
    return sa.union_all(
        sa.select(sa.literal(actor.member, Id)),
        sa.select(member.c.id).where(member.c.department.in_(actor.headed)),
        sa.select(department_member.c.member).where(department_member.c.department.in_(actor.headed)),
    )


def _member_fields(form: Form) -> list[str]:
    return [key for key, field in form.fields.items() if field.type.name in ("member", "members")]


def _takes_part(actor: Actor, form: Form, table: sa.FromClause) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = [table.c.owner == actor.member]
    for key in _member_fields(form):
        field = form.fields[key]
        if field.values_table is not None:
            one = field.values_table.alias()
            conditions.append(sa.exists().where(one.c.record == table.c.id, one.c.value == actor.member))
        elif field.column is not None:
            conditions.append(table.c[field.column] == actor.member)
    return conditions


def _level_of(definitions: Definitions, actor: Actor, form: Form, key: str, field: Field) -> str:
    if actor.pool is not None:
        return _level_in_pool(definitions, actor, form, key, field)
    if field.reverse_of is not None and field.column is None:
        return _reverse_level(definitions, actor, field)
    return _level(definitions, actor, form, key, field)


def _level_in_pool(definitions: Definitions, actor: Actor, form: Form, key: str, field: Field) -> str:
    """What the pool shows of a record, and never more than its reader could read of his own."""
    said = form.settings.get("pool") if actor.pool == form.name else None
    if said is None or (field.reverse_of is not None and field.column is None):
        return "hidden"
    shown = (*(said["show"] or ()), said["field"])
    shows = "masked" if key in (said["mask"] or ()) else "read" if key in shown or key == form.title else "hidden"
    return min(shows, _level(definitions, actor, form, key, field), key=LEVELS.index)


def _reverse_level(definitions: Definitions, actor: Actor, field: Field) -> str:
    """A list of records that point here is there for those who may see that form and the link in it."""
    try:
        other = definitions.form(field.type.target or "")
    except NotFound:
        return "hidden"
    link = other.names.get(field.reverse_of or "")
    if link is None:
        return "hidden"
    return "read" if _level(definitions, actor, other, link.key, link) in ("read", "write") else "hidden"


def _level(definitions: Definitions, actor: Actor, form: Form, key: str, field: Field) -> str:
    highest = "write" if actor.may_write and _is_input(field) else "read"
    if actor.is_keeper:
        return highest
    granted = [0]
    rights = [right for _, right in _rights(definitions, actor.roles, form)]
    # A role that only lets people hand something in says nothing about what those who may see it see.
    seeing = [right for right in rights if right.may.get("see", False) is not False]
    for right in seeing or rights:
        may_touch = any(right.may.get(action, False) is not False for action in ("create", "edit"))
        may_anything = any(right.may.get(action, False) is not False for action in ACTIONS)
        if may_anything:
            granted.append(LEVELS.index(right.fields.get(key, "write" if may_touch else "read")))
    if AUDITOR in actor.roles:
        granted.append(LEVELS.index("read"))
    return LEVELS[min(max(granted), LEVELS.index(highest))]


def _is_input(field: Field) -> bool:
    if field.is_system:
        return field.key in _WRITABLE_SYSTEM_FIELDS
    return field.kind.is_input
