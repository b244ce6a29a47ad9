"""Derived indexes: what views, boards, links, rights and unique fields ask for (decisions 16 and 21).

The name of an index holds a hash of what it is, so the wanted and the present are compared by name alone. All but
those of links are partial over live records. Empty sorts lowest, which PostgreSQL has to be told.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from webapp.definitions.model import Definitions, Field, Form, View
from webapp.definitions.storage import Index
from webapp.definitions.views import Need, view_kinds
from webapp.engines.forms.entering import known
from webapp.errors import MortiseError

MOST = 12
LATER = 1000  # ranks of what only some need come after those of all views
PREFIX = "mx_"
_OWN = {"own", "mine"}
_BELOW = {"team", "department", "department_and_below"}
_LIVE = "deleted_at IS NULL"


@dataclass
class _Wanted:
    """Index columns as (name, direction) with what they serve; lower `rank` is kept first."""

    columns: tuple[tuple[str, str], ...]
    rank: int
    why: list[str] = field(default_factory=list)
    where: str = _LIVE
    unique: Field | None = None


def derived(definitions: Definitions, form: Form, dialect: str, shared: Iterable[View] = ()) -> list[Index]:
    """The indexes of a form, at most twelve and the unique ones, most useful first.

    shared   views that were saved for others; those of the same key stand instead of the document's
    """
    scopes = _scopes(definitions, form)
    wanted = [*_unique(form), *_links(form), *_known(definitions, form)]
    views = {**form.views, **{view.key: view for view in shared}}
    for rank, view in enumerate(views.values()):
        needs = view_kinds.get(view.kind).needs(view.settings)
        for need in needs:
            try:
                wanted += list(_of_need(definitions, form, need, scopes, 100 + 10 * rank, view.key))
            except MortiseError:  # a saved view may name a field that is gone
                if view.key in form.views and form.views[view.key] is view:
                    raise
    wanted += [_Wanted(((scope, ""), ("id", " DESC")), 50, ["list"]) for scope in scopes if scope]
    wanted += _due(form)
    kept = _without_doubles(sorted(wanted, key=lambda w: w.rank))
    uniques = [w for w in kept if w.unique is not None]
    others = [w for w in kept if w.unique is None][:MOST]
    return [_index(form, w, dialect) for w in (*uniques, *others)]


def _due(form: Form) -> Iterator[_Wanted]:
    """What waits for somebody, for his workbench."""
    setting = form.settings.get("due")
    if setting:
        who, by = (_column(form, setting[key] or other) for key, other in (("who", "owner"), ("by", "")))
        if who and by:
            yield _Wanted(((who, ""), (by, " ASC NULLS FIRST"), ("id", " ASC")), LATER // 2, ["due"])


def _scopes(definitions: Definitions, form: Form) -> tuple[str, ...]:
    """ "" for all records, and the column that a role's records are chosen by."""
    found = [""]
    rights = [
        role.forms[form.name].may.get("see")
        for app in definitions.apps.values()
        for role in app.roles.values()
        if form.name in role.forms
    ]
    if any(isinstance(see, str) and see in _OWN for see in rights):
        found.append("owner")
    if any(isinstance(see, str) and see in _BELOW for see in rights):
        found.append("owner_department")
    return tuple(found)


def _unique(form: Form) -> Iterator[_Wanted]:
    for item in form.fields.values():
        if item.is_unique and item.column is not None:
            yield _Wanted(((_folded(form, item), ""),), 0, [f"unique {item.key}"], unique=item)


def _folded(form: Form, item: Field) -> str:
    folded = f"{item.column}__f"
    return folded if folded in form.table.c else str(item.column)


def _links(form: Form) -> Iterator[_Wanted]:
    """Also over binned records: the database looks for them when a record is purged."""
    for item in form.fields.values():
        if item.type.name == "record" and item.column is not None:
            where = f'"{item.column}" IS NOT NULL'
            yield _Wanted(((item.column, ""), ("id", " DESC")), 10, [f"link {item.key}"], where)


def _known(definitions: Definitions, form: Form) -> Iterator[_Wanted]:
    """Where is looked for what somebody types into a new record."""
    others = definitions.apps[form.app].forms if form.app in definitions.apps else {form.key: form}
    for column in sorted(known.columns(form, others)):
        yield _Wanted(((column, ""),), 20, ["known"])


def _of_need(
    definitions: Definitions, form: Form, need: Need, scopes: Iterable[str], rank: int, view: str
) -> Iterator[_Wanted]:
    """For everybody's rows first; a person's own are fewer, and come after what all others need."""
    held = _held(definitions, form, need.filter)
    equal = [*held.to_one, *(_column(form, key) for key in need.equal)]
    front = tuple((c, "") for c in dict.fromkeys(c for c in equal if c))
    order = _order(form, need.sort, [c for c, _ in front])
    sums = tuple((c, "") for c in (_column(form, key) for key in need.sums) if c)
    for i, scope in enumerate(scopes if "owner" not in equal else ("",)):  # one owner's records are few
        head = ((scope, ""),) if scope and scope not in equal else ()
        at = rank + (LATER + i if scope else 0)
        if front or order != (("id", " DESC"),):
            yield _Wanted((*head, *front, *order), at, [view])
        if front and sums:
            yield _Wanted((*head, *front, *sums), at + 1, [f"{view}: head"])
    for column in held.to_some:
        if not front and (not order or order[0][0] != column):
            yield _Wanted(((column, ""), *order), rank + 2 * LATER, [f"{view}: filter"])


def _column(form: Form, key: str) -> str | None:
    item = form.names.get(key)
    return item.column if item is not None else None


@dataclass
class _Held:
    """Columns that a filter holds to one value, and those it holds to some (a list, a span)."""

    to_one: list[str] = field(default_factory=list)
    to_some: list[str] = field(default_factory=list)


def _held(definitions: Definitions, form: Form, text: str | None) -> _Held:
    """What a filter says about the form's own columns: of parts that must all be true, those an index can serve."""
    from webapp.expressions import check, terms

    found = _Held()
    waiting: list[Any] = [check(text, definitions, form.name, expect="boolean").term] if text else []
    while waiting:
        term = waiting.pop(0)
        if isinstance(term, terms.Value):
            found.to_one += _compared_column(form, term)  # a switch that is on
        elif isinstance(term, terms.Apply) and term.function in ("and", "between"):
            waiting = [*term.arguments, *waiting]
        elif isinstance(term, terms.Apply) and term.function in _COMPARED:
            _compared(form, term, found)
    return found


_COMPARED = frozenset(["eq", "in", "lt", "le", "gt", "ge"])


def _compared(form: Form, term: Any, found: _Held) -> None:
    from webapp.expressions import terms

    sides = list(term.arguments)
    own = [side for side in sides if any(isinstance(part, terms.Value) for part in side.walk())]
    if len(own) != 1 or (term.function == "in" and own[0] is not sides[0]):
        return
    side = own[0]
    is_one = term.function == "eq" or (term.function == "in" and len(sides) == 2)
    if isinstance(side, terms.Attribute):  # the options that have it
        side, is_one = side.base, False
    elif isinstance(side, terms.Apply) and side.function == "date_of":
        side, is_one = side.arguments[0], False
    if isinstance(side, terms.Value):
        columns = _compared_column(form, side)
        kept = found.to_one if is_one else found.to_some
        kept += [c for c in columns if c not in kept]


def _compared_column(form: Form, term: Any) -> list[str]:
    item = form.names.get(term.key) if term.form == form.name and not term.is_old and not term.up else None
    if item is None or item.column is None:
        return []
    return [_folded(form, item)]


def _order(form: Form, sort: Iterable[str], taken: list[str]) -> tuple[tuple[str, str], ...]:
    """The columns a list is ordered by, as far as they are columns, and the id in the direction of the last."""
    found: list[tuple[str, str]] = []
    direction = " DESC"
    for key in sort:
        name = key.removeprefix("-")
        direction = " DESC" if key.startswith("-") else " ASC"
        if name == "id":
            break
        column = _sorted_by(form, name)
        if column is None:
            return tuple(found)
        if column not in taken:
            empties = "" if name == "created_at" else " NULLS LAST" if direction == " DESC" else " NULLS FIRST"
            found.append((column, direction + empties))
    return (*found, ("id", direction))


def _sorted_by(form: Form, key: str) -> str | None:
    item = form.names.get(key)
    if item is None or item.column is None or item.type.name in ("choice", "member", "department", "record"):
        return None
    for companion in (f"{item.column}__s", f"{item.column}__f"):
        if companion in form.table.c:
            return companion
    return item.column


def _without_doubles(wanted: Iterable[_Wanted]) -> list[_Wanted]:
    """One that is the beginning of another is not needed; what it was for is served by the other."""
    kept: list[_Wanted] = []
    for one in wanted:
        same = next((k for k in kept if _serves(k, one)), None)
        if same is not None:
            same.why += [w for w in one.why if w not in same.why]
            continue
        covered = [k for k in kept if k.unique is None and _serves(one, k)]
        for old in covered:
            one.why += [w for w in old.why if w not in one.why]
            one.rank = min(one.rank, old.rank)
            kept.remove(old)
        kept.append(one)
    return sorted(kept, key=lambda w: w.rank)


def _serves(longer: _Wanted, shorter: _Wanted) -> bool:
    if longer.where != shorter.where or shorter.unique is not None:
        return False
    columns, wanted = longer.columns, shorter.columns
    if columns[: len(wanted)] == wanted:
        return True
    is_cover = all(not direction for _, direction in wanted)
    return is_cover and [c for c, _ in columns[: len(wanted)]] == [c for c, _ in wanted]


def _index(form: Form, wanted: _Wanted, dialect: str) -> Index:
    table = form.table.name
    columns = ", ".join(f'"{name}"{_direction(direction, dialect)}' for name, direction in wanted.columns)
    if dialect == "sqlite" and wanted.where == _LIVE and wanted.unique is None:
        # SQLite asks the row itself for a column of its condition, so counts and sums would read every row.
        columns += ', "deleted_at"'
    body = f'ON "{table}" ({columns}) WHERE {wanted.where}'
    unique = "UNIQUE " if wanted.unique is not None else ""
    digest = hashlib.sha256(f"{unique}{body}".encode()).hexdigest()[:10]
    name = f"{PREFIX}{table[:44]}_{digest}"
    return Index(
        name=name,
        table=table,
        sql=f'{unique}INDEX {{0}} "{name}" {body}',
        why=tuple(wanted.why),
        is_unique=wanted.unique is not None,
        field=wanted.unique.key if wanted.unique is not None else None,
    )


def _direction(direction: str, dialect: str) -> str:
    """SQLite sorts empties lowest by itself and refuses NULLS in an index."""
    return re.sub(r" NULLS \w+", "", direction) if dialect == "sqlite" else direction
