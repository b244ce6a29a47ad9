"""Records that an import makes because its rows link to them and they are not there: each with its title alone.

They are made through the door, in the unit that writes the rows: a rehearsal leaves none, an undo takes them back.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from webapp.access import policy
from webapp.access.actor import Actor
from webapp.db import Unit
from webapp.definitions import versions
from webapp.definitions.model import Field, Form
from webapp.engines.forms import bulk
from webapp.engines.forms.fields.base import FieldError
from webapp.engines.forms.transfer.references import Missing
from webapp.errors import Denied, Invalid, MortiseError, Problem
from webapp.expressions.fold import fold
from webapp.i18n import N_

#: Field key and folded title.
Name = tuple[str, str]


class Making:
    """Titles → ids of the records made so far, by link field. `settle` after the commit keeps those of a unit."""

    def __init__(self, unit: Unit, actor: Actor, form: Form, keys: Iterable[str]) -> None:
        for key in keys:
            require(unit, actor, form, key)
        self._made: dict[Name, int] = {}
        self._fresh: dict[Name, int] = {}

    def make(
        self,
        unit: Unit,
        actor: Actor,
        form: Form,
        rows: dict[int, dict[str, Any]],
        refused: dict[int, list[Any]],
        change_set: int | None,
    ) -> int:
        """Make what is missing in `rows` (position → values) and fill it in; rows for which that fails are refused.

        Answers how many records were made.
        """
        self._fresh = {}
        waiting: dict[Name, list[int]] = {}
        for i, row in rows.items():
            for key, value in row.items():
                if isinstance(value, Missing):
                    waiting.setdefault((key, fold(value.text).strip()), []).append(i)
        problems: dict[Name, Problem] = {}
        for key in dict.fromkeys(key for key, _ in waiting):
            titles = {
                name: next(rows[i][key].text for i in places)
                for name, places in waiting.items()
                if name[0] == key and name not in self._made
            }
            problems.update(self._create(unit, actor, form.field(key), titles, change_set))
        ids = {**self._made, **self._fresh}
        for name, places in waiting.items():
            for i in places:
                if name in problems:
                    refused.setdefault(i, []).append((problems[name], name[1]))
                    rows.pop(i, None)
                elif i in rows:
                    rows[i] = {**rows[i], name[0]: ids[name]}
        return len(self._fresh)

    def _create(
        self, unit: Unit, actor: Actor, field: Field, titles: dict[Name, str], change_set: int | None
    ) -> dict[Name, Problem]:
        if not titles:
            return {}
        target = versions.current(unit).form(str(field.type.target))
        title = target.field(target.title)
        problems: dict[Name, Problem] = {}
        values: dict[Name, Any] = {}
        for name, text in titles.items():
            try:
                values[name] = title.kind.parse(title, text)
            except FieldError as error:
                problems[name] = Problem(field.key, error.message, error.problem_code, error.near)
        try:
            made = bulk.create_many(
                unit, actor, target, [{title.key: v} for v in values.values()], via="import", change_set=change_set
            )
        except MortiseError as error:
            return {**problems, **{name: Problem(field.key, error.message, error.code) for name in values}}
        for name, result in zip(values, made, strict=True):
            if result.id is None:
                problems[name] = Problem(field.key, result.problems[0].message, result.problems[0].code)
            else:
                self._fresh[name] = result.id
        return problems

    def settle(self) -> None:
        self._made.update(self._fresh)
        self._fresh = {}


def require(unit: Unit, actor: Actor, form: Form, key: str) -> None:
    """Raises unless the actor may make records that the link field `key` points at, with their title alone."""
    field = form.names.get(key)
    if field is None or field.type.name != "record":
        raise Invalid(N_("Only what a link points at can be made on the way."), problems=[_not_link(key)])
    target = versions.current(unit).form(str(field.type.target))
    rights = policy.fields(unit, actor, target)
    if not policy.may(unit, actor, target, "create") or rights.get(target.title) != "write":
        raise Denied(N_("Your role does not allow this in {form}.", form=target.label), action="create")


def may(unit: Unit, actor: Actor, form: Form, field: Field) -> bool:
    """Whether `require` would let it pass, and a title is all that such a record needs."""
    try:
        require(unit, actor, form, field.key)
    except MortiseError:
        return False
    target = versions.current(unit).form(str(field.type.target))
    needed = [k for k, f in target.fields.items() if f.is_required and f.kind.is_input and f.default is None]
    return set(needed) <= {target.title} and target.field(target.title).kind.is_input


def _not_link(key: str) -> Problem:
    return Problem("create", N_("Only what a link points at can be made on the way."), "unknown_field")
