"""What links, members and departments are called in a file: many names looked up at once, within what one may see."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from webapp import clock
from webapp.access import guard, policy
from webapp.access.actor import Actor
from webapp.access.tables import department, member
from webapp.db import Unit
from webapp.definitions import versions
from webapp.definitions.model import Field, Form, LabelText
from webapp.errors import Invalid, Problem, nearest
from webapp.expressions import binds
from webapp.expressions.fold import fold
from webapp.i18n import N_, Message

#: Names asked for in one statement.
AT_ONCE = 500
#: Names remembered; then it begins anew.
MOST_KEPT = 200_000
#: Names among which the nearest is looked for, and unknown names for which it is.
MOST_OFFERED, MOST_UNKNOWN = 5000, 300
_NUMBERED = re.compile(r"#(\d{1,18})")


@dataclass(frozen=True)
class Refusal:
    """Why a cell cannot be taken; `near` is the good value most like it."""

    message: Message
    code: str = "invalid"
    near: str | None = None

    def problem(self, key: str) -> Problem:
        return Problem(key, self.message, self.code, self.near)


@dataclass(frozen=True)
class Later:
    """A link to a record that this very import will make: `text` is looked up once all rows are written."""

    text: str


@dataclass(frozen=True)
class Missing:
    """A link to a record that there is not and that the import makes, with `text` as its title."""

    text: str


class Names:
    """Names → ids of one field's targets. `learn` names first, many at once; then `found` answers each."""

    def __init__(self, what: LabelText | Message) -> None:
        self.what = what
        #: Folded names of records that the file itself brings.
        self.coming: set[str] = set()
        #: Whether what is missing is made.
        self.is_making = False
        self._ids: dict[str, set[int]] = {}
        self._offered: list[str] = []
        self._unknown = 0

    def learn(self, unit: Unit, texts: Iterable[str]) -> None:
        """Make `texts` known, as far as they are not."""

    def forget(self, text: str) -> None:
        """`text` may stand for something by now, where it did not before."""
        if not self._ids.get(_key(text), True):
            del self._ids[_key(text)]

    def found(self, text: str) -> int | Later | Missing | Refusal:
        """The id of the one thing called `text`, or why there is none."""
        ids = self._ids.get(_key(text), set())
        if not ids and _key(text) in self.coming:
            return Later(text)
        short = text if len(text) <= 80 else text[:79] + "…"
        if len(ids) == 1:
            return next(iter(ids))
        if ids:
            message = N_(
                "Several {what} are called “{name}”; write # and the number of one.", what=self.what, name=short
            )
            return Refusal(message, "ambiguous_link")
        if self.is_making:
            return Missing(text)
        self._unknown += 1
        near = nearest(text[:100], self._offered) if self._unknown <= MOST_UNKNOWN else None
        return Refusal(N_("There is no {what} “{name}”.", what=self.what, name=short), "unknown_link", near)


class People(Names):
    """Members by address or name, or departments by name: so few that all are read at once.

    An address is found by who knows it, and offered only to those who look after members.
    """

    def __init__(self, unit: Unit, actor: Actor, kind: str) -> None:
        super().__init__(N_("member") if kind == "member" else N_("department"))
        if kind == "member":
            statement: sa.Select[Any] = sa.select(member.c.id, member.c.name, member.c.email)
            statement = statement.where(member.c.is_active)
        else:
            statement = sa.select(department.c.id, department.c.name, sa.null())
        for id_, name, address in unit.execute(statement).all():
            self._ids.setdefault(_key(name), set()).add(id_)
            self._ids.setdefault(f"#{id_}", set()).add(id_)
            if address:
                self._ids[_key(address)] = {id_}
            self._offered += [n for n in (name, address if guard.may_people(actor) else None) if n]


class Records(Names):
    """Records of a form by their title, else by their unique fields, else by `#` and number; `by` names the one way.

    Only records that exist for the actor are found, and only by fields he may read.
    """

    def __init__(self, unit: Unit, actor: Actor, form: Form, by: str | None) -> None:
        super().__init__(form.label)
        self._form = form
        self._is_by_number = by == "id"
        self._parameters = binds(actor, clock.now(), unit.zone)
        condition = policy.rows(unit, actor, form, "see", form.table)
        live = form.table.c.deleted_at.is_(None)
        self._live = live if condition is None else sa.and_(live, condition)
        rights = policy.fields(unit, actor, form)
        unique = [k for k, f in form.fields.items() if f.is_unique and k != form.title]
        keys = [form.title, *unique] if by is None else [] if by == "id" else [by]
        if any(k not in form.fields or rights.get(k) not in ("read", "write") for k in keys if by is not None):
            good = [k for k in form.fields if rights.get(k) in ("read", "write")]
            text = N_("The form {form} has no field “{key}” that you can read.", form=form.label, key=str(by))
            problem = Problem("by", text, "unknown_field", nearest(str(by), good))
            raise Invalid(N_("The columns do not fit the form."), problems=[problem])
        self.fields = [f for f in (form.names[k] for k in keys) if f.column and rights.get(f.key) in ("read", "write")]
        self._is_offering = False

    def learn(self, unit: Unit, texts: Iterable[str]) -> None:
        if len(self._ids) > MOST_KEPT:
            self._ids.clear()
        unknown = [t for t in dict.fromkeys(_key(t) for t in texts) if t not in self._ids]
        if not unknown:
            return
        numbers = {t: n for t in unknown if (n := self._number(t)) is not None}
        id_ = self._form.table.c.id
        self._look_up(unit, id_, numbers)
        for field in self.fields:
            left = [t for t in unknown if t not in self._ids]
            assert field.column is not None
            folded = self._form.table.c.get(f"{field.column}__f")
            if folded is not None:
                self._look_up(unit, folded, {t: t for t in left})
            else:
                self._look_up(unit, self._form.table.c[field.column], _parsed(field, left))
        missing = [t for t in unknown if t not in self._ids]
        self._ids.update({t: set() for t in missing})
        if missing and not self._is_offering:
            self._is_offering = True
            self._offered = self._titles(unit)

    def _look_up(self, unit: Unit, column: sa.ColumnElement[Any], wanted: dict[str, Any]) -> None:
        """Find ids for `wanted` (name → value in `column`)."""
        for some in _parts(list(wanted)):
            names = {wanted[t]: t for t in some}
            statement = sa.select(self._form.table.c.id, column).where(self._live, column.in_(list(names)))
            for id_, value in unit.execute(statement, self._parameters):
                if value in names:
                    self._ids.setdefault(names[value], set()).add(id_)

    def _number(self, text: str) -> int | None:
        if self._is_by_number and text.isascii() and text.isdigit() and len(text) <= 18:
            return int(text)
        found = _NUMBERED.fullmatch(text)
        return int(found[1]) if found else None

    def _titles(self, unit: Unit) -> list[str]:
        """The names that can be offered; none where there are so many that the nearest would be chance."""
        if not self.fields:
            return []
        column = self._form.table.c[str(self.fields[0].column)]
        statement = sa.select(column).where(self._live, column.is_not(None)).limit(MOST_OFFERED + 1)
        names = [str(name) for name in unit.execute(statement, self._parameters).scalars()]
        return names if len(names) <= MOST_OFFERED else []


def names_of(unit: Unit, actor: Actor, field: Field, by: str | None) -> Names:
    """The names of what `field` (a link, member or department) points at, as `actor` may see it."""
    if field.type.name in ("member", "department"):
        return People(unit, actor, field.type.name)
    assert field.type.target is not None
    return Records(unit, actor, versions.current(unit).form(field.type.target), by)


def _parsed(field: Field, texts: list[str]) -> dict[str, Any]:
    """Names of a field that is no text, as its values; what it cannot be is left out."""
    values = {}
    for text in texts:
        try:
            values[text] = field.kind.parse(field, text)
        except Invalid:
            continue
    return values


def _key(text: str) -> str:
    return fold(text).strip()


def _parts(names: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(names), AT_ONCE):
        yield names[start : start + AT_ONCE]
