"""A record becomes others (`convert:` of its form): a lead an account, a contact and a deal, in one transaction.

What is there already is offered within the actor's rights; what he may not see is none of his business, and a value
that must be unique says so when it is saved. The record is held while it is converted: whoever comes second is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from webapp import clock
from webapp.access import policy
from webapp.access.actor import Actor
from webapp.db import Unit
from webapp.definitions import versions
from webapp.definitions.convert import sources
from webapp.definitions.model import Definitions, Field, Form
from webapp.engines.forms import records, select
from webapp.engines.forms.fields import choices
from webapp.engines.forms.record import Masked, Query, Record
from webapp.engines.forms.writing import stored
from webapp.engines.forms.writing.uniqueness import column, compared
from webapp.errors import Conflict, Denied, Invalid, MortiseError, NotFound, Problem
from webapp.expressions import Stored, binds, check
from webapp.i18n import N_
from webapp.journal import changesets

#: Offered of what is there already, for each form; records that come along at most.
MOST, BROUGHT = 5, 500


@dataclass(frozen=True)
class Choice:
    """What somebody wants of one form: take the record `use`, leave it out (`skip`), or make one with `values` beside
    what is taken over."""

    use: int | None = None
    skip: bool = False
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Into:
    """One form a record becomes: what would be taken over, what is there already, what has to be asked.

    values    field key → Python value taken over
    found     records within reach that one of the form's `match` fields finds, the surest first
    asked     keys of the fields that are asked for: its name, what `ask` names, and what is required and still empty
    may_make  whether the actor may make one
    """

    form: Form
    link: str
    is_optional: bool
    values: Mapping[str, Any]
    found: tuple[Record, ...]
    asked: tuple[str, ...]
    may_make: bool


@dataclass(frozen=True)
class Converted:
    """What came of it: form key → id of the record made or taken, those made, and records that came along or not."""

    into: Mapping[str, int]
    made: frozenset[str]
    brought: int
    left: int
    change_set: int


def setting(form: Form) -> Mapping[str, Any] | None:
    found: Mapping[str, Any] | None = form.settings.get("convert")
    return found


def condition(unit: Unit, actor: Actor, form: Form) -> sa.ColumnElement[Any]:
    """1 for a row of the form that the actor may convert: live, within what he may change, not converted yet, and as
    `when` wants it."""
    said, table = setting(form), form.table
    if not said or not actor.may_write or not policy.may(unit, actor, form, "edit"):
        return sa.literal(0)
    wanted: list[sa.ColumnElement[bool]] = [table.c.deleted_at.is_(None), _first_link(form, said).is_(None)]
    if (rows := policy.rows(unit, actor, form, "edit", table)) is not None:
        wanted.append(rows)
    if said["when"]:
        wanted.append(_when(unit, form, said["when"]).condition(Stored(table), unit.dialect))
    return sa.case((sa.and_(*wanted), 1), else_=0)


def _is_convertible(unit: Unit, actor: Actor, form: Form, id_: int) -> bool:
    statement = sa.select(condition(unit, actor, form)).where(form.table.c.id == id_)
    return unit.execute(statement, binds(actor, clock.now(), unit.zone)).scalar() == 1


def _first_link(form: Form, said: Mapping[str, Any]) -> sa.ColumnElement[Any]:
    return form.table.c[str(form.fields[said["into"][0]["link"]].column)]


def _when(unit: Unit, form: Form, text: str) -> Any:
    cache = versions.current(unit).cache
    key = ("convert when", form.name)
    if key not in cache:
        cache[key] = check(text, versions.current(unit), form.name, expect="boolean")
    return cache[key]


def offer(unit: Unit, actor: Actor, form: Form, id_: int) -> tuple[Record, list[Into]]:
    """The record and what it would become. Raises `NotFound`, `Denied`, `Conflict` (converted already)."""
    said = _required(form)
    record = select.get(unit, actor, form, id_)
    _refuse(unit, actor, form, record, said)
    return record, [_into(unit, actor, form, record, into) for into in said["into"]]


def _required(form: Form) -> Mapping[str, Any]:
    said = setting(form)
    if said is None:
        raise NotFound(N_("Records of {form} do not become others.", form=form.label))
    return said


def _refuse(unit: Unit, actor: Actor, form: Form, record: Record, said: Mapping[str, Any]) -> None:
    """Say why this record cannot be converted."""
    actor.require_write()
    policy.require(unit, actor, form, "edit")
    if _is_convertible(unit, actor, form, record.id):
        return
    first = unit.execute(sa.select(_first_link(form, said)).where(form.table.c.id == record.id)).scalar()
    if first is not None:
        into = said["into"][0]
        raise Conflict(N_("This has been converted already."), code="converted", form=into["form"], id=first)
    if record.is_binned or not _may_edit(unit, actor, form, record.id):
        raise Denied(N_("Your role does not allow this with this record."), action="edit")
    raise Conflict(N_("In its present state this cannot be converted."), code="not_now")


def _may_edit(unit: Unit, actor: Actor, form: Form, id_: int) -> bool:
    condition = policy.rows(unit, actor, form, "edit", form.table)
    statement = sa.select(form.table.c.id).where(form.table.c.id == id_)
    statement = statement if condition is None else statement.where(condition)
    return unit.execute(statement, binds(actor, clock.now(), unit.zone)).first() is not None


def _into(unit: Unit, actor: Actor, form: Form, record: Record, said: Mapping[str, Any]) -> Into:
    target = versions.current(unit).form(f"{form.app}.{said['form']}")
    values = _taken_over(unit, actor, target, record, said["fields"])
    may_make = policy.may(unit, actor, target, "create")
    sees = policy.may(unit, actor, target, "see")
    found = _found(unit, actor, target, values, said["match"] or ()) if sees else ()
    links = {k for k, f in target.fields.items() if f.type.name == "record" and k in said["fields"]}
    required = [k for k, f in target.fields.items() if f.is_required and f.default is None and f.kind.is_input]
    wanted = dict.fromkeys([target.title, *(said["ask"] or ()), *(k for k in required if values.get(k) is None)])
    rights = policy.fields(unit, actor, target)
    asked = tuple(k for k in wanted if k in target.fields and k not in links and rights.get(k) == "write")
    return Into(target, said["link"], bool(said["optional"]), values, found, asked, may_make)


def _taken_over(unit: Unit, actor: Actor, target: Form, record: Record, named: Mapping[str, Any]) -> dict[str, Any]:
    """Field of the target → value of this record, as far as the actor reads the one and may write the other."""
    rights = policy.fields(unit, actor, target)
    values = {}
    for key, keys in named.items():
        if rights.get(key) == "write" and target.fields[key].kind.is_input:
            found = (_value(actor, record, k) for k in sources(keys))
            values[key] = next((v for v in found if v is not None and v != () and not isinstance(v, Masked)), None)
    return values


def _value(actor: Actor, record: Record, key: str) -> Any:
    """A value as another form can take it: tags by what they are called, because options differ from form to form."""
    value, item = record.values.get(key), record.form.fields[key]
    if value and item.type.is_open and not isinstance(value, Masked):
        return tuple(choices.shown(item, one, actor.locale) for one in value)
    return value


def _found(
    unit: Unit, actor: Actor, target: Form, values: Mapping[str, Any], match: tuple[str, ...] | list[str]
) -> tuple[Record, ...]:
    """Records within reach with the same value in one of the fields `match`, which the actor must be able to read."""
    rights = policy.fields(unit, actor, target)
    ids: dict[int, None] = {}
    for key in match:
        item = target.fields[key]
        if rights.get(key) not in ("read", "write") or item.column is None or values.get(key) is None:
            continue
        for id_ in _same(unit, actor, target, item, values[key]):
            ids.setdefault(id_)
    return tuple(select.get(unit, actor, target, id_) for id_ in list(ids)[:MOST])


def _same(unit: Unit, actor: Actor, target: Form, item: Field, value: Any) -> list[int]:
    try:
        value = item.kind.parse(item, value)
    except MortiseError:
        return []
    live = target.table.c.deleted_at.is_(None)
    statement = sa.select(target.table.c.id).where(column(target, item) == compared(item, target, value), live)
    condition = policy.rows(unit, actor, target, "see", target.table)
    statement = statement if condition is None else statement.where(condition)
    statement = statement.order_by(target.table.c.id).limit(MOST)
    return list(unit.execute(statement, binds(actor, clock.now(), unit.zone)).scalars())


# The conversion itself ------------------------------------------------------------------------------------------------


def convert(
    unit: Unit,
    actor: Actor,
    form: Form,
    id_: int,
    choices: Mapping[str, Choice],
    *,
    version: int | None = None,
    via: str = "ui",
) -> Converted:
    """Make of the record what its form says, by `choices` (form key → what is wanted; absent: a new one).

    One change set, which can be undone. Raises `NotFound`, `Denied`, `Conflict` (code `converted` with `form` and `id`
    of what it became), `Stale`, and `Invalid` with problems by `form.field`.
    """
    said = _required(form)
    select.get(unit, actor, form, id_)
    stored.get(unit, form, id_, lock=True)  # whoever converts it just now is waited for
    record, intos = offer(unit, actor, form, id_)
    change_set = changesets.open(unit, "convert", _title(record), actor.member)
    links: dict[str, Any] = {}
    made: set[str] = set()
    problems: list[Problem] = []
    for into, named in zip(intos, said["into"], strict=True):
        choice = choices.get(into.form.key, Choice())
        if choice.skip and into.is_optional:
            continue
        if choice.use is not None:
            links[into.link] = select.get(unit, actor, into.form, choice.use).id
            continue
        values = {**_with_links(into, named, links), **_own(unit, actor, into.form, record), **choice.values}
        if new := _make(unit, actor, into, values, problems, via, change_set):
            links[into.link] = new
            made.add(into.form.key)
        elif not problems:
            continue
        else:
            break  # what follows needs what could not be made
    if problems:
        raise Invalid(N_("Some fields need mending."), problems=problems)
    records.update(
        unit, actor, form, id_, {**(said["set"] or {}), **links}, version=version, via=via, change_set=change_set
    )
    brought, left = _bring(unit, actor, form, id_, said["bring"] or {}, links, via, change_set)
    changesets.close(unit, change_set)
    into_ids = {into.form.key: links[into.link] for into in intos if into.link in links}
    return Converted(into_ids, frozenset(made), brought, left, change_set)


def _title(record: Record) -> str:
    return record.title if isinstance(record.title, str) and record.title else f"#{record.id}"


def _with_links(into: Into, named: Mapping[str, Any], links: Mapping[str, Any]) -> dict[str, Any]:
    """What is taken over, with links to what was made or taken before it."""
    values = dict(into.values)
    for key, keys in named["fields"].items():
        fresh = next((links[k] for k in sources(keys) if k in links), None)
        if fresh is not None and key in values:
            values[key] = fresh
    return {k: v for k, v in values.items() if v is not None}


def _own(unit: Unit, actor: Actor, target: Form, record: Record) -> dict[str, Any]:
    """What a lead becomes belongs to whom the lead belongs, where the actor may say so."""
    owner = record.values.get("owner")
    if owner in (None, actor.member) or isinstance(owner, Masked):
        return {}
    return {"owner": owner} if policy.fields(unit, actor, target).get("owner") == "write" else {}


def _make(
    unit: Unit,
    actor: Actor,
    into: Into,
    values: Mapping[str, Any],
    problems: list[Problem],
    via: str,
    change_set: int,
) -> int | None:
    if not into.may_make:
        if into.is_optional:
            return None
        message = N_("Your role may make no {form}; choose one that is there, or ask who may.", form=into.form.label)
        raise Denied(message, action="create", form=into.form.name)
    try:
        return records.create(unit, actor, into.form, values, via=via, change_set=change_set).id
    except Invalid as error:
        said = error.problems or (Problem("", error.message, error.code),)
        problems += [Problem(f"{into.form.key}.{p.path}", p.message, p.code, p.near) for p in said]
        return None


def _bring(
    unit: Unit,
    actor: Actor,
    form: Form,
    id_: int,
    bring: Mapping[str, Mapping[str, str]],
    links: Mapping[str, Any],
    via: str,
    change_set: int,
) -> tuple[int, int]:
    """Records that point at this one get links to what it became: how many did, and how many he may not change."""
    brought = left = 0
    for name, named in bring.items():
        other, link = _pointing(versions.current(unit), form, name)
        rights = policy.fields(unit, actor, other)
        new = {mine: links[own] for mine, own in named.items() if own in links and rights.get(mine) == "write"}
        if not new or not policy.may(unit, actor, other, "see") or rights.get(link) not in ("read", "write"):
            continue
        query = Query(where=(f"{link} = {id_}",), fields=tuple(new), limit=BROUGHT)
        for record in select.select(unit, actor, other, query).records:
            empty = {key: value for key, value in new.items() if record.values.get(key) is None}
            try:
                with unit.savepoint():
                    records.update(unit, actor, other, record.id, empty, via=via, change_set=change_set)
                brought += 1
            except MortiseError:
                left += 1
    return brought, left


def _pointing(definitions: Definitions, form: Form, name: str) -> tuple[Form, str]:
    """The form whose link to `form` is called `name` there, and the key of that link."""
    for other in definitions.app(form.app).forms.values():
        for key, item in other.fields.items():
            if item.type.target == form.name and item.settings.get("reverse") == name:
                return other, key
    raise NotFound(N_("There is no list “{key}” of records that point here.", key=name))
