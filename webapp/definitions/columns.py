"""What fields look like in a table: system columns, the columns of each kind, and when a field needs others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from webapp.db import Exact, Id, Moment
from webapp.definitions import model
from webapp.definitions.document import SYSTEM_FIELDS
from webapp.definitions.kinds import field_kinds
from webapp.definitions.spec import Report, Struct

_SYSTEM: Mapping[str, tuple[str, dict[str, str]]] = {
    "id": ("integer", {"en": "ID", "zh": "编号"}),
    "version": ("integer", {"en": "Version", "zh": "版本"}),
    "created_at": ("datetime", {"en": "Created", "zh": "创建时间"}),
    "created_by": ("member", {"en": "Created by", "zh": "创建人"}),
    "updated_at": ("datetime", {"en": "Updated", "zh": "更新时间"}),
    "updated_by": ("member", {"en": "Updated by", "zh": "更新人"}),
    "owner": ("member", {"en": "Owner", "zh": "负责人"}),
    "owner_department": ("department", {"en": "Department", "zh": "所属部门"}),
    "last_activity_at": ("datetime", {"en": "Last activity", "zh": "最近活动"}),
    "deleted_at": ("datetime", {"en": "Deleted", "zh": "删除时间"}),
    "deleted_by": ("member", {"en": "Deleted by", "zh": "删除人"}),
}


def is_formula(item: model.Field) -> bool:
    return bool(item.settings.get("formula"))


def system_columns() -> list[sa.Column[Any]]:
    """The columns every form table has."""
    return [
        sa.Column("id", Id, primary_key=True, autoincrement=True),
        sa.Column("m__client", sa.Text, unique=True),
        sa.Column("version", sa.Integer, nullable=False, server_default="1"),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("created_by", Id),
        sa.Column("updated_at", Moment, nullable=False),
        sa.Column("updated_by", Id),
        sa.Column("owner", Id),
        sa.Column("owner_department", Id),
        sa.Column("last_activity_at", Moment),
        sa.Column("deleted_at", Moment),
        sa.Column("deleted_by", Id),
        sa.Column("m__search", sa.Text),
    ]


def system_fields(form: str) -> dict[str, model.Field]:
    """The system fields of a form, by key."""
    made = {}
    for key in SYSTEM_FIELDS:
        kind, label = _SYSTEM[key]
        made[key] = model.Field(
            form=form, key=key, kind_key=kind, label=label, settings=_defaults(kind), column=key, is_system=True
        )
    return made


def _defaults(kind: str) -> dict[str, Any]:
    shape = field_kinds.get(kind).settings
    return Struct(shape.settings, shape.open_to).check({}, "", Report()) or {}


def old_field(form: model.Form, payload: Mapping[str, Any]) -> model.Field:
    """The field as it was before a conversion, from what its work remembers."""
    old = payload["old"]
    return model.Field(
        form=form.name,
        key=old["key"],
        kind_key=old["kind"],
        label=old["key"],
        settings=old["settings"],
        column=old.get("column"),
    )


def columns_of(
    item: model.Field, table_name: Callable[[str], str | None], column: str | None = None
) -> list[sa.Column[Any]]:
    """The columns of a field as its kind wants them, links with a foreign key, numbers as decisions 12 says."""
    wanted = item.kind.columns(replace(item, column=column or item.column, lazy=item.lazy))
    target = item.type.target if item.type.name == "record" else None
    made = []
    for i, old in enumerate(wanted):
        links = []
        name = table_name(target) if target and i == 0 else None
        if name:
            links = [sa.ForeignKey(f"{name}.id")]
        made.append(sa.Column(old.name, old.type, *links, nullable=True))
    return made


def shape_of(item: model.Field, holds: str) -> str:
    """What the columns of a field look like: another shape needs another column."""
    if holds == "nothing":
        return "nothing"
    columns = columns_of(item, lambda _form: None, column="c")
    shape = ",".join(f"{c.name}:{_type_text(c.type)}" for c in columns)
    target = item.type.target if item.type.name == "record" else None
    return f"{holds} {shape}" + (f" → {target}" if target else "")


def _type_text(kind: sa.types.TypeEngine[Any]) -> str:
    return f"exact{kind.scale}" if isinstance(kind, Exact) else type(kind).__name__.lower()


def formula_text(form: model.Form, item: model.Field) -> str:
    """The SQL of a stored formula with its constants."""
    from sqlalchemy.dialects import sqlite

    from webapp.expressions import Stored

    assert item.formula is not None
    compiled = item.formula.sql(Stored(form.table), "sqlite").compile(dialect=sqlite.dialect())
    return f"{compiled}|{sorted((k, str(v)) for k, v in compiled.params.items())}"
