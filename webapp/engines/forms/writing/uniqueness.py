"""Values that may stand once only among the live records of a form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from webapp.access.tables import member
from webapp.db import Unit
from webapp.definitions.model import Field, Form
from webapp.errors import Invalid, Problem
from webapp.expressions.fold import fold
from webapp.i18n import N_


def column(form: Form, field: Field) -> sa.Column[Any]:
    """The column in which a unique field's values are told apart: the folded text where there is one."""
    assert field.column is not None
    folded = form.table.c.get(f"{field.column}__f")
    return folded if folded is not None else form.table.c[field.column]


def compared(field: Field, form: Form, value: Any) -> Any:
    """`value` as it stands in `column`."""
    return fold(value) if column(form, field).name.endswith("__f") else value


def problems(
    unit: Unit, form: Form, values: Mapping[str, Any], keys: Sequence[str], id_: int | None = None
) -> list[Problem]:
    """A problem for each of `keys` that is unique and whose value another live record has.

    It says whose that record is, and nothing else of it (`collision: exists` hides the owner too).
    """
    found = []
    for key in keys:
        field = form.names[key]
        if not field.is_unique or field.column is None or values.get(key) is None:
            continue
        table = form.table
        statement = (
            sa.select(member.c.name)
            .select_from(table.outerjoin(member, member.c.id == table.c.owner))
            .where(column(form, field) == compared(field, form, values[key]), table.c.deleted_at.is_(None))
        )
        if id_ is not None:
            statement = statement.where(table.c.id != id_)
        row = unit.execute(statement.limit(1)).first()
        if row is not None:
            found.append(Problem(key, taken(form, field, row[0]), "not_unique"))
    return found


def taken(form: Form, field: Field, owner: str | None) -> Any:
    """What is said of a value that a record of `owner` has (None: nobody is named)."""
    if owner is None or form.settings.get("collision") == "exists":
        return N_("{field}: another record has this value already.", field=field.label)
    return N_("{field}: a record of {owner} has this value already.", field=field.label, owner=owner)


@contextmanager
def watched(form: Form) -> Iterator[None]:
    """Turn the database's own refusal (two writers at once) into a problem by field."""
    try:
        yield
    except IntegrityError as error:
        text = str(error.orig)
        for field in form.fields.values():
            if field.is_unique and field.column is not None and column(form, field).name in text:
                raise Invalid(
                    N_("Some fields need mending."),
                    problems=[Problem(field.key, taken(form, field, None), "not_unique")],
                ) from error
        raise
